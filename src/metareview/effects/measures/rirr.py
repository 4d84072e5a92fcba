"""RIRR: relative incident rate ratio, before and after in a treated and a control area.

How did events change in the treated area, relative to how they changed in its control? With 50 before and 30 after in
the treated area, and 60 and 55 in its control, the treated area went to 0.60 of its level and the control to 0.92 of
its own: RIRR = 0.60 / 0.92 = 0.65, or 35% fewer events than the control's course suggests.

**It takes for granted** that the treated area would have changed by the same *factor* as its control. (`WDD` takes
for granted that it would have changed by the same *number*. The two agree where both areas have about as many events
before.) No formula can check this with one count before: a series can (`mr.diagnose_series`).

**Overdispersion.** 1/a + 1/b + 1/c + 1/d is the variance of the log ratio when events come one by one and
independently (Poisson). Crimes do not: one offender, one hot summer, one change in recording makes many. `phi` is by
how much the variance is larger. It leaves the estimate alone and widens its standard error by sqrt(phi). Estimate it
from a series of the same counts (`mr.estimate_phi`), or show the result at 1, 2 and 4 (`mr.phi_table`).

**Unequal windows and areas.** With 24 months before and 12 after in both areas, nothing needs to be done: the factor
cancels. Where the windows or the people at risk differ *between* the areas, give the exposure behind each count
(`ta`, `tb`, `tc`, `td`), and rates take the place of counts.

**Displacement and diffusion.** The same measure with the buffer as the treated area: its counts as `a` and `b`, its
own control, or the main one, as `c` and `d`. Target and buffer effects with one control are correlated;
`mr.displacement` gives both with their covariance.

**Zero counts.** 0.5 is added to all four cells where one is zero (`zeros`). With counts below about 5 the normal
interval is rough: see the simulations in the page on area measures.

**Not for** one area without a control (`IRR` with before as the control, or a series), nor for many places with a
count each (`mr.area_strata`, which keeps the pairs). **Orientation:** it is the inverse of Farrington and Welsh's
relative effect size, `RES`: never pool the two.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects.before_after import (
    FOUR,
    PHI,
    check_exposures,
    counts,
    exposures,
    one_of,
    plain,
    plain_rows,
    prepare_exposures,
)
from metareview.effects.measure import Columns, Computed, Measure, Source

VARIANCE = "vi = phi * (1/a + 1/b + 1/c + 1/d)"
_COUNTS = f"yi = ln(b/a) - ln(d/c); {VARIANCE}"
_RATES = f"yi = ln((b/tb) / (a/ta)) - ln((d/td) / (c/tc)); {VARIANCE}"
SWAP_INPUTS = (("a", "c"), ("b", "d"), ("ta", "tc"), ("tb", "td"))
MARGINS = (("a", "b"), ("c", "d"), ("a", "c"), ("b", "d"))


def compute(columns: Columns) -> Computed:
    """Log ratio of the two before-after rate ratios, and its quasi-Poisson variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in FOUR)
    ta, tb, tc, td = (columns[f"t{name}"] for name in FOUR)
    yi = np.log(b / tb) - np.log(a / ta) - np.log(d / td) + np.log(c / tc)
    vi = columns["phi"] * (1 / a + 1 / b + 1 / c + 1 / d)
    return Computed(yi, vi, rule=one_of(plain_rows(columns, FOUR), _RATES, _COUNTS))


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row: of counts where every exposure is 1, else of rates."""
    return _COUNTS if plain(values, FOUR) else _RATES


MEASURE = Measure(
    name="RIRR",
    title="Relative incident rate ratio",
    family="area counts",
    formula_id="RIRR.v1",
    formula=_COUNTS,
    formula_of=formula_of,
    inputs=(*counts(FOUR), *exposures(FOUR), PHI),
    scale="log",
    orientation="Below 1 (log below 0): fewer events in the treated area than its control suggests.",
    source=Source(
        "Wilson (2022), The relative incident rate ratio effect size for count-based impact evaluations, "
        "Journal of Quantitative Criminology 38",
        "relative incident rate ratio and its quasi-Poisson variance",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=SWAP_INPUTS,
    prepare=prepare_exposures(FOUR),
    check=check_exposures(FOUR),
    cells=FOUR,
    margins=MARGINS,
)
