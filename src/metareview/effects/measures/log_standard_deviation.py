"""SDLN: log of the standard deviation of one group.

How much people or places differ, rather than how high they are: a programme can leave the mean alone and still widen or
narrow the spread. 1/(2(n - 1)) is added because the logarithm of a sample standard deviation is too low in small groups.

The variance holds for a normally distributed outcome; with heavy tails it is too small. A standard deviation often grows
with the mean: where it does, `CVLN` compares spread at equal means.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_mean
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log standard deviation, corrected for small groups, and its variance; arrays of shape (k,)."""
    half = 1 / (2 * (columns["ni"] - 1))
    return Computed(np.log(columns["sdi"]) + half, half)


MEASURE = Measure(
    name="SDLN",
    title="Log standard deviation",
    family="one mean",
    formula_id="SDLN.v1",
    formula="yi = ln(sdi) + 1/(2*(ni - 1)); vi = 1/(2*(ni - 1))",
    inputs=one_mean.INPUTS[1:],
    scale="log",
    back="exp",
    positive="",
    orientation="Higher: the outcome differs more within the group; there is no treated arm.",
    source=Source(
        "Nakagawa, Poulin, Mengersen, Reinhold, Engqvist, Lagisz & Senior (2015), Meta-analysis of variation: "
        "ecological and evolutionary applications and beyond, Methods in Ecology and Evolution 6",
        "log standard deviation and its variance",
    ),
    compute=compute,
)
