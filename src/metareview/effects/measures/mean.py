"""MN: mean of one group.

In the unit of the outcome: means can be pooled only when every study measured on the same scale. For an outcome that is
positive and skewed (minutes of response, euros of damage) `MNLN` pools ratios instead.
"""

from __future__ import annotations

from metareview.effects import one_mean
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Mean and its squared standard error; arrays of shape (k,)."""
    m, sd, n = (columns[name] for name in one_mean.NAMES)
    return Computed(m, sd**2 / n)


MEASURE = Measure(
    name="MN",
    title="Mean",
    family="one mean",
    formula_id="MN.v1",
    formula="yi = mi; vi = sdi^2/ni",
    inputs=one_mean.INPUTS,
    scale="linear",
    back="identity",
    positive="",
    orientation="Higher: a higher mean of the outcome; there is no treated arm.",
    source=Source(
        "Lipsey & Wilson (2001), Practical Meta-Analysis",
        "chapter 3, one-variable relationships, arithmetic means",
    ),
    compute=compute,
)
