"""DIDP: difference in differences of proportions of people.

The change in the share of people with the event (victims, people who feel unsafe) among the treated, minus that in
control: 0.05 is five percentage points. Four independent samples are supposed, such as two rounds of a survey in two
districts; their binomial variances add. When the *same people* answered twice, a person's two answers are alike and
this variance is too large (the study then weighs too little). When whole districts were treated, correct for
clustering.

This counts people with the event, each at most once. Numbers of *events*, such as crimes, have no such ceiling: use
RIRR.

Parallel trends in percentage points are not parallel trends in odds: where the groups start at different levels, DIDP
and DIDOR can even have opposite signs. Choose before you see the results. A share of 0 or 1 is no problem as long as
another sample varies, so nothing is added to zeros unless you ask for it.
"""

from __future__ import annotations

from metareview.effects import four_samples
from metareview.effects.measure import Columns, Computed, Measure, Source

_P = "; ".join(f"p_{s} = x_{s} / (x_{s} + y_{s})" for s in four_samples.SAMPLES)
_V = " + ".join(f"p_{s}*(1 - p_{s})/(x_{s} + y_{s})" for s in four_samples.SAMPLES)


def compute(columns: Columns) -> Computed:
    """Difference of the two changes in the share of people and its variance; arrays of shape (k,)."""
    cells = four_samples.cells(columns)
    pre_t, post_t, pre_c, post_c = (x / (x + y) for x, y in cells)
    variances = [x * y / (x + y) ** 3 for x, y in cells]
    return Computed((post_t - pre_t) - (post_c - pre_c), sum(variances[1:], variances[0]))


MEASURE = Measure(
    name="DIDP",
    title="Difference in differences of proportions",
    family="pre-post-control",
    formula_id="DIDP.v1",
    formula=f"{_P}; yi = (p_post_t - p_pre_t) - (p_post_c - p_pre_c); vi = {_V}",
    inputs=four_samples.INPUTS,
    scale="linear",
    orientation="Below 0: the share of people with the event fell more (or rose less) in the treated than in control.",
    source=Source(
        "Angrist & Pischke (2009), Mostly harmless econometrics",
        "chapter 5, section 5.2: difference of two differences, here of shares, with binomial variances",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=four_samples.SWAP,
    prepare=four_samples.prepare,
    check=four_samples.check,
    cells=four_samples.CELLS,
    zero_rule="none",
)
