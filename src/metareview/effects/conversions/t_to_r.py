"""From a t test to the correlation it tests.

A t of a difference of two groups gives the point-biserial correlation; the t of a coefficient in a regression with
other predictors gives a *partial* correlation, which is another measure, and whose df are n - 1 - the number of
predictors.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import ROSENTHAL, VARIANCE, correlation_variance
from metareview.effects.measure import Columns, Conversion, Converted, Input


def compute(columns: Columns) -> Converted:
    """r and its variance; arrays of shape (k,)."""
    t, df = columns["t"], columns["df"]
    r = t / np.sqrt(t**2 + df)
    return Converted({"r": r, "variance": correlation_variance(r, df + 2)})


CONVERSION = Conversion(
    name="t_to_r",
    title="t statistic to correlation",
    formula_id="t_to_r.v1",
    formula="r = t / sqrt(t^2 + df); variance = (1 - r^2)^2 / (df + 1)",
    inputs=(Input("t", "number", True, "t statistic"), Input("df", "df", True, "its degrees of freedom")),
    outputs=(("r", "correlation"), VARIANCE),
    method="computed",
    source=ROSENTHAL,
    compute=compute,
)
