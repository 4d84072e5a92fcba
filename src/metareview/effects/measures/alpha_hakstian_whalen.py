"""AHW: Cronbach's alpha, transformed after Hakstian and Whalen.

1 minus the cube root of 1 - alpha, which is nearly normal. The way back is 1 - (1 - y)^3, the same for a study and for a
pooled value. A value below 0 comes back as a negative alpha, which exists, where metafor's `transf.iahw` shows 0; a value
above 1 comes back as 1.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import reliability
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Transformed alpha and its variance; arrays of shape (k,)."""
    a, m, n = (columns[name] for name in reliability.NAMES)
    root = np.cbrt(1 - a)
    return Computed(1 - root, 18 * m * (n - 1) * root**2 / ((m - 1) * (9 * n - 11) ** 2))


MEASURE = Measure(
    name="AHW",
    title="Cronbach's alpha, Hakstian-Whalen",
    family="reliability",
    formula_id="AHW.v1",
    formula="yi = 1 - (1 - ai)^(1/3); vi = 18*mi*(ni - 1)*(1 - ai)^(2/3)/((mi - 1)*(9*ni - 11)^2)",
    inputs=reliability.INPUTS,
    scale="linear",
    back="hakstian_whalen",
    positive="",
    orientation=reliability.ORIENTATION,
    source=Source(
        "Hakstian & Whalen (1976), A k-sample significance test for independent alpha coefficients, Psychometrika 41",
        "pages 219-231, cube-root transformation and its variance",
    ),
    compute=compute,
    check=reliability.check,
)
