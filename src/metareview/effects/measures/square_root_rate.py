"""IRS: square root of the incidence rate of one group.

Its variance 1/(4t) depends on the exposure alone, so a group without events has one too and nothing is added to it (give
`to="only0"` to add all the same). Weights then follow exposure even where rates differ widely in precision. The
back-transformation is the square, the same for a study and for a pooled value; what falls below 0 becomes a rate of 0.

Counts of crime vary more than Poisson counts: `phi` multiplies the variance.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_rate
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Square root of the rate and its quasi-Poisson variance; arrays of shape (k,)."""
    x, t, phi = (columns[name] for name in one_rate.NAMES)
    return Computed(np.sqrt(x / t), phi / (4 * t))


MEASURE = Measure(
    name="IRS",
    title="Square-root incidence rate",
    family="rate",
    formula_id="IRS.v1",
    formula="yi = sqrt(xi/ti); vi = phi/(4*ti)",
    inputs=one_rate.INPUTS,
    scale="linear",
    back="square",
    positive="",
    orientation="Higher: more events per unit of exposure; there is no treated arm.",
    source=Source(
        "Bartlett (1947), The use of transformations, Biometrics 3",
        "the table of transformations, square root for Poisson counts",
    ),
    compute=compute,
    cells=one_rate.CELLS,
    zero_rule="none",
)
