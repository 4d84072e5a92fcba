"""From the F of two independent groups to a standardised mean difference.

F with 1 df before the bar is t squared; it has no sign, which `direction` gives. As for `t_to_d`, no covariates or
other factors.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import DIRECTION, FROM_TESTS, TWO_GROUPS, VARIANCE, difference_variance, sign, turned
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, flag_rows

FORMULA = "d = sqrt(f * (1/n1 + 1/n2)); variance = 1/n1 + 1/n2 + d^2 / (2*(n1 + n2))"


def compute(columns: Columns) -> Converted:
    """d and its variance; arrays of shape (k,)."""
    n1, n2 = columns["n1"], columns["n2"]
    d = sign(columns) * np.sqrt(columns["f"] * (1 / n1 + 1 / n2))
    return Converted({"d": d, "variance": difference_variance(d, n1, n2)})


def check(columns: Columns) -> list[Problem]:
    """F tests of several groups at once."""
    several = ~np.isnan(columns["df1"]) & (columns["df1"] != 1)
    return flag_rows(several, "df1", "{:g} is not 1: the F tests several effects at once", columns["df1"])


CONVERSION = Conversion(
    name="f_to_d",
    title="F statistic of two groups to standardised mean difference",
    formula_id="f_to_d.v1",
    formula=FORMULA,
    inputs=(
        Input("f", "statistic", True, "F statistic of two independent groups"),
        Input("df1", "df", False, "df before the bar", default=1.0),
        *TWO_GROUPS,
        DIRECTION,
    ),
    outputs=(("d", "standardised mean difference"), VARIANCE),
    method="computed",
    source=FROM_TESTS,
    compute=compute,
    check=check,
    formula_of=turned(FORMULA, "d"),
)
