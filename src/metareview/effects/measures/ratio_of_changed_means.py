"""ROMC: log ratio of the means after and before in one group.

For outcomes with a true zero and positive means (calls, litter counts, minutes). The two means come from the same
people, so their correlation takes part of the variance away. `sd1i` belongs to `m1i`, after; `sd2i` to `m2i`, before.

**Corrected or not.** The logarithm of a sample mean is too low on average, by `sd^2 / (2 n m^2)` (the second term of
its Taylor series), whatever the correlation. The log ratio is off by the difference of the two, and Lajeunesse (2015)
adds that back. So it is done here (`correction="second_order"`, the default) and in metafor 5;
metafor 3.8 and RevMan print the plain form (`correction="none"`). The variance is the same.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import change, two_means
from metareview.effects.forms import Forms, by_choice
from metareview.effects.measure import Columns, Computed, Measure, Source

FORMS = Forms(
    change.step_to_r(),
    by_choice(
        "correction",
        "yi = ln(m1i/m2i) + (sd1i^2/m1i^2 - sd2i^2/m2i^2) / (2*ni); ",
        "yi = ln(m1i/m2i); ",
    ),
    "vi = (sd1i^2/m1i^2 + sd2i^2/m2i^2 - 2*ri*sd1i*sd2i/(m1i*m2i)) / ni",
)


def compute(columns: Columns) -> Computed:
    """Log ratio of the means, corrected for small samples, and its variance; arrays of shape (k,)."""
    n, m1, m2 = columns["ni"], columns["m1i"], columns["m2i"]
    cv1, cv2 = columns["sd1i"] / m1, columns["sd2i"] / m2
    yi = np.log(m1 / m2) + np.where(columns["correction"] == 0, (cv1**2 - cv2**2) / (2 * n), 0.0)
    vi = (cv1**2 + cv2**2 - 2 * change.correlation(columns) * cv1 * cv2) / n
    return change.tell(columns, yi, vi, FORMS, change.assumed(columns, change.ONE))


MEASURE = Measure(
    name="ROMC",
    title="Ratio of means after and before",
    family="change within a group",
    formula_id="ROMC.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    inputs=(
        *(change.M1, change.M2, *change.sds(True), change.N, change.R, change.SD_CHANGE, change.T, change.R_SOURCE),
        two_means.SECOND_ORDER,
    ),
    scale="log",
    orientation="Below 1 (log below 0): a lower mean after than before.",
    source=Source(
        "Lajeunesse (2011), On the meta-analysis of response ratios for studies with correlated and multi-group "
        "designs, Ecology 92, and Lajeunesse (2015), Bias and correction for the log response ratio in ecological "
        "meta-analysis, Ecology 96",
        "2011, pages 2049-2055: variance with correlated means; 2015, pages 2056-2063: correction by the delta method",
    ),
    compute=compute,
    prepare=change.choose,
    check=change.check_ratio,
)
