"""From a two-sided p of a t test to the correlation it tests.

The p is turned to its t with n - 2 df. A p that is only known to be below a bound (`p_bound = below`) gives the
correlation nearest to 0 that it allows, which is noted; a p above a bound is refused. A p without a sign needs
`direction`.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import (
    DIRECTION,
    ROSENTHAL,
    VARIANCE,
    P,
    check_bound,
    correlation_variance,
    note_bound,
    sign,
    turned,
)
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, flag_rows
from metareview.effects.reported import quantile
from metareview.effects.standard_error import P_BOUND

FORMULA = "t = abs(t_quantile(p/2, n - 2)); r = t / sqrt(t^2 + n - 2); variance = (1 - r^2)^2 / (n - 1)"


def compute(columns: Columns) -> Converted:
    """r and its variance; arrays of shape (k,)."""
    df = columns["n"] - 2
    t = quantile(columns["p"] / 2, df)
    r = sign(columns) * t / np.sqrt(t**2 + df)
    values = {"r": r, "variance": correlation_variance(r, columns["n"])}
    return Converted(values, note=note_bound(columns))


def check(columns: Columns) -> list[Problem]:
    """Bounds from below, and samples too small for a t."""
    n = columns["n"]
    return check_bound(columns) + flag_rows(n <= 2, "n", "{:g} is not above 2: no t test has so few", n)


CONVERSION = Conversion(
    name="p_to_r",
    title="p value to correlation",
    formula_id="p_to_r.v1",
    formula=FORMULA,
    inputs=(P, P_BOUND, Input("n", "size", True, "size of the sample", "people"), DIRECTION),
    outputs=(("r", "correlation"), VARIANCE),
    method="estimated",
    source=ROSENTHAL,
    compute=compute,
    check=check,
    formula_of=turned(FORMULA, "r"),
)
