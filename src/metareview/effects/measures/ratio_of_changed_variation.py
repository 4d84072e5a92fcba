"""CVRC: log ratio of the coefficients of variation after and before in one group.

Did the spread change more than the mean explains? Means must be positive and on a scale with a true zero. `sd1i`
belongs to `m1i`, after; `sd2i` to `m2i`, before. The variance is that of VRC plus that of ROMC, which supposes that
means and standard deviations are independent, as they are for normal scores and are not for counts.

**Corrected or not.** The logarithm of a standard deviation is too low by `1 / (2 (n - 1))`, for both times alike, so it
cancels; the logarithm of a mean is too low by `sd^2 / (2 n m^2)`, which does not. Senior, Viechtbauer & Nakagawa (2020)
correct for it. So it is done here (`correction="second_order"`, the default) and in
metafor 5; metafor 3.8 prints the plain form (`correction="none"`).
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
        "yi = ln((sd1i/m1i) / (sd2i/m2i)) - (sd1i^2/m1i^2 - sd2i^2/m2i^2) / (2*ni); ",
        "yi = ln((sd1i/m1i) / (sd2i/m2i)); ",
    ),
    "vi = (1 - ri^2)/(ni - 1) + (sd1i^2/m1i^2 + sd2i^2/m2i^2 - 2*ri*sd1i*sd2i/(m1i*m2i)) / ni",
)


def compute(columns: Columns) -> Computed:
    """Log ratio of the coefficients of variation and its variance; arrays of shape (k,)."""
    n, r = columns["ni"], change.correlation(columns)
    cv1, cv2 = columns["sd1i"] / columns["m1i"], columns["sd2i"] / columns["m2i"]
    yi = np.log(cv1 / cv2) - np.where(columns["correction"] == 0, (cv1**2 - cv2**2) / (2 * n), 0.0)
    vi = (1 - r**2) / (n - 1) + (cv1**2 + cv2**2 - 2 * r * cv1 * cv2) / n
    return change.tell(columns, yi, vi, FORMS, change.assumed(columns, change.ONE))


MEASURE = Measure(
    name="CVRC",
    title="Ratio of coefficients of variation after and before",
    family="change within a group",
    formula_id="CVRC.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    inputs=(
        *(change.M1, change.M2, *change.sds(True), change.N, change.R, change.SD_CHANGE, change.T, change.R_SOURCE),
        two_means.SECOND_ORDER,
    ),
    scale="log",
    orientation="Below 1 (log below 0): less spread after than before, relative to the mean.",
    source=Source(
        "Nakagawa et al. (2015), Meta-analysis of variation: ecological and evolutionary applications and beyond, "
        "Methods in Ecology and Evolution 6, and Senior, Viechtbauer & Nakagawa (2020), Revisiting and expanding the "
        "meta-analysis of variation: the log coefficient of variation ratio, Research Synthesis Methods 11",
        "2015, pages 143-152: lnCVR; 2020, pages 553-567: its bias correction, here with correlated measurements",
    ),
    compute=compute,
    prepare=change.choose,
    check=change.check_ratio,
)
