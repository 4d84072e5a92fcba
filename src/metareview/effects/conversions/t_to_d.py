"""From the t of two independent groups to a standardised mean difference.

Only for the t of two independent groups without covariates: the t of a paired or adjusted test is larger for the same
difference. d is not corrected for small samples; multiply by J(n1 + n2 - 2) for Hedges' g.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import FROM_TESTS, TWO_GROUPS, VARIANCE, difference_variance
from metareview.effects.measure import Columns, Conversion, Converted, Input


def compute(columns: Columns) -> Converted:
    """d and its variance; arrays of shape (k,)."""
    n1, n2 = columns["n1"], columns["n2"]
    d = columns["t"] * np.sqrt(1 / n1 + 1 / n2)
    return Converted({"d": d, "variance": difference_variance(d, n1, n2)})


CONVERSION = Conversion(
    name="t_to_d",
    title="t statistic of two groups to standardised mean difference",
    formula_id="t_to_d.v1",
    formula="d = t * sqrt(1/n1 + 1/n2); variance = 1/n1 + 1/n2 + d^2 / (2*(n1 + n2))",
    inputs=(Input("t", "number", True, "t statistic of two independent groups"), *TWO_GROUPS),
    outputs=(("d", "standardised mean difference"), VARIANCE),
    method="computed",
    source=FROM_TESTS,
    compute=compute,
)
