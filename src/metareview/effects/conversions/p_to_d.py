"""From the two-sided p of a t test of two independent groups to a standardised mean difference.

The p is turned to its t with n1 + n2 - 2 df. A p below a bound gives the smallest difference it allows, which is
noted; a p above a bound is refused. A p has no sign: `direction` gives it.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import (
    DIRECTION,
    FROM_TESTS,
    TWO_GROUPS,
    VARIANCE,
    P,
    check_bound,
    difference_variance,
    note_bound,
    sign,
    turned,
)
from metareview.effects.measure import Columns, Conversion, Converted
from metareview.effects.reported import quantile
from metareview.effects.standard_error import P_BOUND

FORMULA = (
    "t = abs(t_quantile(p/2, n1 + n2 - 2)); d = t * sqrt(1/n1 + 1/n2); variance = 1/n1 + 1/n2 + d^2 / (2*(n1 + n2))"
)


def compute(columns: Columns) -> Converted:
    """d and its variance; arrays of shape (k,)."""
    n1, n2 = columns["n1"], columns["n2"]
    d = sign(columns) * quantile(columns["p"] / 2, n1 + n2 - 2) * np.sqrt(1 / n1 + 1 / n2)
    return Converted({"d": d, "variance": difference_variance(d, n1, n2)}, note=note_bound(columns))


CONVERSION = Conversion(
    name="p_to_d",
    title="p value of two groups to standardised mean difference",
    formula_id="p_to_d.v1",
    formula=FORMULA,
    inputs=(P, P_BOUND, *TWO_GROUPS, DIRECTION),
    outputs=(("d", "standardised mean difference"), VARIANCE),
    method="estimated",
    source=FROM_TESTS,
    compute=compute,
    check=check_bound,
    formula_of=turned(FORMULA, "d"),
)
