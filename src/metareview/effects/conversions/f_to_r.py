"""From an F test with 1 df before the bar to the correlation it tests.

F has no sign: `direction` says which group had more. An F with more df before the bar tests several groups at once,
and no correlation of two variables follows from it. In a design with other factors r is a partial one.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import DIRECTION, ROSENTHAL, VARIANCE, correlation_variance, sign, turned
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, flag_rows

FORMULA = "r = sqrt(f / (f + df)); variance = (1 - r^2)^2 / (df + 1)"


def compute(columns: Columns) -> Converted:
    """r and its variance; arrays of shape (k,)."""
    f, df = columns["f"], columns["df"]
    r = sign(columns) * np.sqrt(f / (f + df))
    return Converted({"r": r, "variance": correlation_variance(r, df + 2)})


def check(columns: Columns) -> list[Problem]:
    """F tests of several groups at once."""
    several = ~np.isnan(columns["df1"]) & (columns["df1"] != 1)
    return flag_rows(several, "df1", "{:g} is not 1: the F tests several effects at once", columns["df1"])


CONVERSION = Conversion(
    name="f_to_r",
    title="F statistic with 1 df to correlation",
    formula_id="f_to_r.v1",
    formula=FORMULA,
    inputs=(
        Input("f", "statistic", True, "F statistic"),
        Input("df1", "df", False, "df before the bar", default=1.0),
        Input("df", "df", True, "df behind the bar"),
        DIRECTION,
    ),
    outputs=(("r", "correlation"), VARIANCE),
    method="computed",
    source=ROSENTHAL,
    compute=compute,
    check=check,
    formula_of=turned(FORMULA, "r"),
)
