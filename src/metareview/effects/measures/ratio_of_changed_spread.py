"""VRC: log ratio of the standard deviations after and before in one group.

Did the differences between people grow or shrink? Each log standard deviation varies by `1 / (2 (n - 1))`; measured on
the same people the two covary by `ri^2 / (2 (n - 1))`, which leaves `(1 - ri^2) / (n - 1)`. That holds for normal
scores; heavy tails make it too small. `sd1i` is after, `sd2i` before. Their small-sample biases are equal and cancel.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import change
from metareview.effects.change import Pair
from metareview.effects.forms import Forms
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source

NAMES = Pair("", "", "sd1i", "sd2i", "ni", "ri", "sd_change")
FORMS = Forms(change.step_to_r(NAMES), "yi = ln(sd1i/sd2i); vi = (1 - ri^2) / (ni - 1)")


def compute(columns: Columns) -> Computed:
    """Log ratio of the standard deviations and its variance; arrays of shape (k,)."""
    yi = np.log(columns["sd1i"] / columns["sd2i"])
    vi = (1 - change.correlation(columns, NAMES) ** 2) / (columns["ni"] - 1)
    return change.tell(columns, yi, vi, FORMS, change.assumed(columns, NAMES))


def prepare(columns: Columns) -> Columns:
    """One of SD of the changes and correlation a row."""
    return change.choose(columns, NAMES)


def check(columns: Columns) -> list[Problem]:
    """Rows without a correlation, or with one beyond 1."""
    return change.check_r(columns, NAMES)


MEASURE = Measure(
    name="VRC",
    title="Ratio of standard deviations after and before",
    family="change within a group",
    formula_id="VRC.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    inputs=(*change.sds(True), change.N, change.R, change.SD_CHANGE, change.R_SOURCE),
    scale="log",
    orientation="Below 1 (log below 0): less spread after than before.",
    source=Source(
        "Nakagawa et al. (2015), Meta-analysis of variation: ecological and evolutionary applications and beyond, "
        "Methods in Ecology and Evolution 6",
        "pages 143-152: lnVR, here with correlated measurements",
    ),
    compute=compute,
    prepare=prepare,
    check=check,
)
