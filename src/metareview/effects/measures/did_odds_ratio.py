"""DIDOR: ratio of odds ratios, the difference in differences of log odds.

The odds ratio of after against before among the treated, divided by that in control. It is the interaction of period
and group in a logistic regression of four independent samples of people (surveys before and after in two districts,
say). The variance is the sum of one over each of the eight cells, so the smallest cell rules it; a zero needs the
zero-cell rule. When the same people answered twice, this variance is too large; when whole districts were treated,
correct for clustering.

It is no risk ratio: with common events a ratio of odds is further from 1 than the ratio of risks. For percentage points
use DIDP, for numbers of events RIRR.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import four_samples
from metareview.effects.measure import Columns, Computed, Measure, Source

_V = " + ".join(f"1/{cell}" for cell in four_samples.CELLS)


def compute(columns: Columns) -> Computed:
    """Log ratio of the two odds ratios and its variance; arrays of shape (k,)."""
    cells = four_samples.cells(columns)
    pre_t, post_t, pre_c, post_c = (np.log(x / y) for x, y in cells)
    variances = [1 / x + 1 / y for x, y in cells]
    return Computed((post_t - pre_t) - (post_c - pre_c), sum(variances[1:], variances[0]))


MEASURE = Measure(
    name="DIDOR",
    title="Ratio of odds ratios (difference in differences)",
    family="pre-post-control",
    formula_id="DIDOR.v1",
    formula="yi = ln((x_post_t/y_post_t) / (x_pre_t/y_pre_t)) - ln((x_post_c/y_post_c) / (x_pre_c/y_pre_c)); "
    f"vi = {_V}",
    inputs=four_samples.INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): the odds of the event fell more (or rose less) in the treated than in control.",
    source=Source(
        "Woolf (1955), On estimating the relation between blood group and disease, Annals of Human Genetics 19, and "
        "Altman & Bland (2003), Interaction revisited: the difference between two estimates, BMJ 326",
        "1955, pages 251-253: log odds ratio and its variance; 2003, page 219: difference of independent estimates",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=four_samples.SWAP,
    prepare=four_samples.prepare,
    check=four_samples.check,
    cells=four_samples.CELLS,
    margins=(*(("x_pre_t", "x_post_t"), ("y_pre_t", "y_post_t"), ("x_pre_c", "x_post_c"), ("y_pre_c", "y_post_c")),),
)
