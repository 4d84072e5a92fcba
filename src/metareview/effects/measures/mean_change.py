"""MC: mean change of one group measured twice.

The change is after minus before, in the outcome's own unit, so it can only be pooled over studies that measured on the
same scale. Its variance needs the spread of the *changes*, which papers print in one of several ways:

- the standard deviation of the changes (`sd_change`): used as it is;
- the two standard deviations and their correlation (`ri`): `sd_change^2 = sd1i^2 + sd2i^2 - 2 ri sd1i sd2i`;
- the t of the paired test (`ti`): `sd_change = sqrt(ni) |change| / |ti|`. A t such as 0.1 is rounded too much for this.

Where several are given, the first of these is used: SD of the changes, a correlation that is not assumed, t, an assumed
correlation; `rule` says which. When nothing is printed, a correlation from a similar study may be put in with
`ri_source="assumed"`: the row is then *estimated*, and a second analysis with another value shows what hangs on it. A
correlation of 0 is no neutral choice: it makes the study look less precise than it is.

A group without a control changes for many reasons (season, ageing, regression to the mean after a peak): the change is
no effect of the programme. Use a measure of the family pre-post-control where there is a control group.
"""

from __future__ import annotations

from metareview.effects import change
from metareview.effects.forms import Forms
from metareview.effects.measure import Columns, Computed, Measure, Source

FORMS = Forms(change.step_to_sd(), "yi = m1i - m2i; vi = sd_change^2 / ni")


def compute(columns: Columns) -> Computed:
    """Mean change and its variance; arrays of shape (k,)."""
    yi = columns["m1i"] - columns["m2i"]
    vi = change.sd_of_change(columns) ** 2 / columns["ni"]
    return change.tell(columns, yi, vi, FORMS, change.assumed(columns, change.ONE))


MEASURE = Measure(
    name="MC",
    title="Mean change",
    family="change within a group",
    formula_id="MC.v1",
    formula=FORMS.texts[0],
    formula_of=FORMS.of_row,
    inputs=(change.M1, change.M2, *change.sds(False), change.N, change.R, change.SD_CHANGE, change.T, change.R_SOURCE),
    scale="linear",
    orientation="Below 0: a lower mean after than before, in the outcome's unit.",
    source=Source(
        "Morris & DeShon (2002), Combining effect size estimates in meta-analysis with repeated measures and "
        "independent-groups designs, Psychological Methods 7",
        "pages 105-125, change in raw units and the variance of paired differences",
    ),
    compute=compute,
    prepare=change.choose,
    check=change.check_sd,
)
