"""PLO: log odds (logit) of the proportion of one group.

The first choice for pooling proportions: whatever is pooled comes back between 0 and 1, the same for a study and for a
pooled value, without a sample size. The back-transformation is the inverse logit, exp(y)/(1 + exp(y)); exp(y) alone is the
odds, not the proportion. What comes back from a random-effects model is the proportion of the typical study (the median),
not the mean of the proportions, which lies nearer to a half.

A group without events, or with nothing but events, has no log odds: by default 0.5 is added to both cells of such a
group, as metafor's `escalc` does. Where many groups have no events a mixed model of the counts themselves (a
binomial-normal model) is better than any correction.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_proportion
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log odds of the event and its large-sample variance; arrays of shape (k,)."""
    x, m = columns["xi"], columns["mi"]
    return Computed(np.log(x / m), 1 / x + 1 / m)


MEASURE = Measure(
    name="PLO",
    title="Log odds of a proportion",
    family="proportion",
    formula_id="PLO.v1",
    formula="yi = ln(xi/mi); vi = 1/xi + 1/mi",
    inputs=one_proportion.INPUTS,
    scale="linear",
    back="expit",
    positive="",
    orientation="Above 0: more than half of the group has the event; there is no treated arm.",
    source=Source(
        "Gart & Zweifel (1967), On the bias of various estimators of the logit and its variance with application to "
        "quantal bioassay, Biometrika 54",
        "pages 181-187, the logit and the usual estimate of its variance",
    ),
    compute=compute,
    prepare=one_proportion.prepare,
    check=one_proportion.check,
    cells=one_proportion.CELLS,
)
