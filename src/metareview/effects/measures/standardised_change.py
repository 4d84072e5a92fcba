"""SMCR: standardised mean change, in standard deviations before.

The change is divided by the standard deviation *before* the programme, which the programme cannot have changed. It is
on the scale of a standardised mean difference of two groups, so the two can be compared (Becker 1988; Morris & DeShon
2002).

**Trap: `sd1i` is the standard deviation that standardises**, by custom that of *before*, although `m1i` is the mean
*after*. So it is in metafor, and the names are kept for that reason. `sd2i`, the other standard deviation, is only
needed when the correlation has to come from `sd_change` or from the paired t (see MC).

The variance takes the two variances as equal. Where they differ, SMCRH does not need that.

`vtype="LS"`, metafor's default, puts g in; `"LS2"` puts the uncorrected d in and multiplies by J^2.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import change
from metareview.effects.forms import Forms, by_choice
from metareview.effects.hedges import small_sample_correction
from metareview.effects.measure import Columns, Computed, Measure, Source

FORMS = Forms(
    change.step_to_r(),
    "d = (m1i - m2i) / sd1i; yi = J(ni - 1)*d; ",
    by_choice("vtype", "vi = 2*(1 - ri)/ni + yi^2/(2*ni)", "vi = J(ni - 1)^2 * (2*(1 - ri)/ni + d^2/(2*ni))"),
)
SD1, _ = change.sds(True, "that standardises (before, pre)")
_, SD2 = change.sds(False, second="after (post)")


def compute(columns: Columns) -> Computed:
    """Standardised change, corrected for small samples, and its variance; arrays of shape (k,)."""
    n = columns["ni"]
    j = small_sample_correction(n - 1)
    d = (columns["m1i"] - columns["m2i"]) / columns["sd1i"]
    within = 2 * (1 - change.correlation(columns)) / n
    vi = np.where(columns["vtype"] == 0, within + (j * d) ** 2 / (2 * n), j**2 * (within + d**2 / (2 * n)))
    return change.tell(columns, j * d, vi, FORMS, change.assumed(columns, change.ONE))


MEASURE = Measure(
    name="SMCR",
    title="Standardised mean change (by the SD before)",
    family="change within a group",
    formula_id="SMCR.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    inputs=(
        *(change.M1, change.M2, SD1, SD2, change.N, change.R),
        *(change.SD_CHANGE, change.T, change.R_SOURCE, change.VTYPE),
    ),
    scale="linear",
    orientation="Below 0: a lower mean after than before, in standard deviations before.",
    source=Source(
        "Becker (1988), Synthesizing standardized mean-change measures, British Journal of Mathematical and "
        "Statistical Psychology 41",
        "pages 257-278, standardized mean change and its large-sample variance",
    ),
    compute=compute,
    prepare=change.choose,
    check=change.check_r,
)
