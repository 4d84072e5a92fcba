"""From a normal test statistic to a correlation.

The statistic is taken as sqrt(n) times the correlation, which holds near 0; a large z of a large effect gives too
small an r. For Fisher's z, see `fisher_z_to_r`.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import ROSENTHAL, VARIANCE, correlation_variance
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, flag_rows


def compute(columns: Columns) -> Converted:
    """r and its variance; arrays of shape (k,)."""
    r = columns["z"] / np.sqrt(columns["n"])
    return Converted({"r": r, "variance": correlation_variance(r, columns["n"])})


def check(columns: Columns) -> list[Problem]:
    """Statistics that a sample of this size cannot have under this conversion."""
    z, n = columns["z"], columns["n"]
    return flag_rows(z**2 >= n, "z", "{:g} would be a correlation of 1 or more in {:g} people", z, n)


CONVERSION = Conversion(
    name="z_to_r",
    title="z statistic to correlation",
    formula_id="z_to_r.v1",
    formula="r = z / sqrt(n); variance = (1 - r^2)^2 / (n - 1)",
    inputs=(Input("z", "number", True, "z statistic"), Input("n", "group", True, "size of the sample", "people")),
    outputs=(("r", "correlation"), VARIANCE),
    method="estimated",
    source=ROSENTHAL,
    compute=compute,
    check=check,
)
