"""PAS: arcsine of the square root of the proportion of one group.

The angle whose squared sine is the proportion. Its variance 1/(4n) depends on the size of the group alone, so a group
without events has one too and nothing is added to it (give `to="only0"` to add all the same). The price: an angle means
nothing to a reader, differences near 0 and 1 are stretched, and weights follow group size even where the proportions
differ widely in precision. The back-transformation, the squared sine, is the same for a study and for a pooled value;
what falls below the angle 0 or above that of 1 becomes 0 or 1.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_proportion
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Arcsine square-root proportion and its variance; arrays of shape (k,)."""
    x, n = one_proportion.counts(columns)
    return Computed(np.arcsin(np.sqrt(x / n)), 1 / (4 * n))


MEASURE = Measure(
    name="PAS",
    title="Arcsine square-root proportion",
    family="proportion",
    formula_id="PAS.v1",
    formula="n = xi + mi; yi = asin(sqrt(xi/n)); vi = 1/(4*n)",
    inputs=one_proportion.INPUTS,
    scale="linear",
    back="sin2",
    positive="",
    orientation="Higher (from 0 to pi/2): a larger share of the group has the event; there is no treated arm.",
    source=Source(
        "Bartlett (1947), The use of transformations, Biometrics 3",
        "the table of transformations, inverse sine for binomial counts",
    ),
    compute=compute,
    prepare=one_proportion.prepare,
    check=one_proportion.check,
    cells=one_proportion.CELLS,
    zero_rule="none",
)
