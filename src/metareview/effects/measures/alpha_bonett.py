"""ABT: Cronbach's alpha, transformed after Bonett.

Minus the logarithm of 1 - alpha, whose variance does not depend on alpha: the first choice for pooling reliabilities. The
way back is 1 - exp(-y), the same for a study and for a pooled value and always below 1. A value below 0 comes back as a
negative alpha, which exists, where metafor's `transf.iabt` shows 0. Bonett's own sign is the opposite, ln(1 - alpha); here,
as in metafor, a higher yi is a more reliable scale.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import reliability
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Transformed alpha and its variance; arrays of shape (k,)."""
    a, m, n = (columns[name] for name in reliability.NAMES)
    return Computed(-np.log1p(-a), 2 * m / ((m - 1) * (n - 2)))


MEASURE = Measure(
    name="ABT",
    title="Cronbach's alpha, Bonett",
    family="reliability",
    formula_id="ABT.v1",
    formula="yi = -ln(1 - ai); vi = 2*mi/((mi - 1)*(ni - 2))",
    inputs=reliability.INPUTS,
    scale="linear",
    back="bonett",
    positive="",
    orientation=reliability.ORIENTATION,
    source=Source(
        "Bonett (2002), Sample size requirements for testing and estimating coefficient alpha, "
        "Journal of Educational and Behavioral Statistics 27",
        "pages 335-340, log transformation and its variance",
    ),
    compute=compute,
    check=reliability.check,
)
