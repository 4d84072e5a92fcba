"""PR: proportion of one group, untransformed.

Easy to read, and sound where the proportions are away from 0 and 1. Near either end it misleads: the variance
p(1 - p)/n goes to 0 there, so that a study with few events gets too much weight, and an interval can pass 0 or 1. `PLO`
(the log odds) stays within the range.

A group without events, or with nothing but events, has a variance of 0 and is refused. `PAS` and `PFT` give it a
variance without adding anything; `to="only0"` adds 0.5 to both its cells, as metafor's `escalc` does, which moves its
proportion towards a half.
"""

from __future__ import annotations

from metareview.effects import one_proportion
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Proportion with the event and its binomial variance; arrays of shape (k,)."""
    x, n = one_proportion.counts(columns)
    return Computed(x / n, x * (n - x) / n**3)


MEASURE = Measure(
    name="PR",
    title="Proportion",
    family="proportion",
    formula_id="PR.v1",
    formula="n = xi + mi; p = xi/n; yi = p; vi = p*(1 - p)/n",
    inputs=one_proportion.INPUTS,
    scale="linear",
    back="identity",
    positive="",
    orientation="Higher: a larger share of the group has the event; there is no treated arm.",
    source=Source(
        "Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, 3rd edition",
        "chapter 2, inference for a single proportion",
    ),
    compute=compute,
    prepare=one_proportion.prepare,
    check=one_proportion.check,
    cells=one_proportion.CELLS,
    zero_rule="none",
)
