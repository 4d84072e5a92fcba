"""RES: Farrington and Welsh's relative effect size, before and after in a treated and a control area.

RES = (a * d) / (b * c): how much the control changed, over how much the treated area changed. With 50 and 30 in the
treated area, and 60 and 55 in its control, RES = 0.92 / 0.60 = 1.53: the control ended at 1.53 times the level that
the treated area's course suggests.

**RES is the inverse of `RIRR`**: 1 / 1.53 = 0.65. Above 1 is a *benefit* here, where above 1 is *harm* there. A
review that takes RES from one paper and RIRR from the next adds up effects that point in opposite ways, and nothing
in the numbers tells. That is why an analysis with both is refused here ("mixed orientation"). Compute `RIRR` from the
counts instead, or turn the RES round with the protocol's `sense`: the log only changes its sign, and its variance is
the same.

**Percentages** give it too: a fall of 43% in the treated area and of 2% in the control is RES = 0.98 / 0.57 = 1.72
(street lighting in Stoke-on-Trent, Painter and Farrington 1999). Percentages alone have no variance: the counts
behind them do.

**The name.** Older papers call it an odds ratio, because (a * d) / (b * c) looks like one. It is none: there are no
odds, as crimes are not people who did or did not have an event, and its variance is right for counts, not for a 2x2
table of people.

Exposures, overdispersion and zero counts are as for `RIRR`.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from metareview.effects.measures import rirr

_COUNTS = f"yi = ln(a*d / (b*c)); {rirr.VARIANCE}"
_RATES = f"yi = ln((d/td) / (c/tc)) - ln((b/tb) / (a/ta)); {rirr.VARIANCE}"


def compute(columns: Columns) -> Computed:
    """The log of the inverse of `RIRR`, with its variance; arrays of shape (k,)."""
    opposite = rirr.compute(columns)
    return Computed(-opposite.yi, opposite.vi, rule=one_of(plain_rows(columns, FOUR), _RATES, _COUNTS))


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row: of counts where every exposure is 1, else of rates."""
    return _COUNTS if plain(values, FOUR) else _RATES


MEASURE = Measure(
    name="RES",
    title="Relative effect size (Farrington and Welsh)",
    family="area counts",
    formula_id="RES.v1",
    formula=_COUNTS,
    formula_of=formula_of,
    inputs=(*counts(FOUR), *exposures(FOUR), PHI),
    scale="log",
    orientation="Above 1 (log above 0): fewer events in the treated area than its control suggests.",
    positive="less",
    source=Source(
        "Farrington, Gill, Waples & Argomaniz (2007), The effects of closed-circuit television on crime: meta-analysis "
        "of an English national quasi-experimental multi-site evaluation, Journal of Experimental Criminology 3",
        "appendix, measuring effect sizes",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=rirr.SWAP_INPUTS,
    prepare=prepare_exposures(FOUR),
    check=check_exposures(FOUR),
    cells=FOUR,
    margins=rirr.MARGINS,
)
