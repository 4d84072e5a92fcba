"""IRSD: difference of the square roots of two incidence rates.

The square root makes the variance of a Poisson rate nearly free of the rate: 1/(4t). So the measure exists for every
study, and **one without any event takes part with a difference of 0** and the weight its exposure deserves. It is to
rates what `AS` is to risks: a check that a result with rare events does not hang on a correction. It has no reading of
its own; report `IRR` or `IRD` beside it. Exposures must be in the same unit in every study.

**Overdispersion.** `phi` multiplies the variance, as for `IRR` (by the delta method the root of a count with variance
phi times its mean has the variance phi/4).

**Zeros.** None is corrected (`none` is the rule of this measure, as in metafor).
"""

from __future__ import annotations

import numpy as np

from metareview.effects import person_time
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Difference of root rates and its quasi-Poisson variance; arrays of shape (k,)."""
    x1, t1, x2, t2 = (columns[name] for name in person_time.NAMES)
    return Computed(np.sqrt(x1 / t1) - np.sqrt(x2 / t2), columns["phi"] * (1 / (4 * t1) + 1 / (4 * t2)))


MEASURE = Measure(
    name="IRSD",
    title="Difference of square-root incidence rates",
    family="person-time",
    formula_id="IRSD.v1",
    formula="yi = sqrt(x1/t1) - sqrt(x2/t2); vi = phi * (1/(4*t1) + 1/(4*t2))",
    inputs=person_time.INPUTS,
    scale="linear",
    orientation="Below 0: a lower rate in the treated group (roots of events per unit of exposure).",
    source=Source(
        "Bagos & Nikolopoulos (2009), Mixed-effects Poisson regression models for meta-analysis of follow-up studies with "
        "constant or varying durations, International Journal of Biostatistics 5(1)",
        "square-root transformed rate difference and its variance",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=person_time.SWAP,
    cells=person_time.CELLS,
    zero_rule="none",
)
