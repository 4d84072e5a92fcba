"""From a logarithm to another base than e to a natural logarithm.

Papers sometimes print log10 ratios; pooled with natural ones they are 2.3 times too small.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import VARIANCE
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, Source, flag_rows


def compute(columns: Columns) -> Converted:
    """The natural log ratio and its variance; arrays of shape (k,)."""
    turn = np.log(columns["base"])
    return Converted({"log_ratio": columns["value"] * turn, "variance": columns["v_value"] * turn**2})


def check(columns: Columns) -> list[Problem]:
    """A base of 1, to which there is no logarithm."""
    return flag_rows(columns["base"] == 1, "base", "{:g} is no base of a logarithm", columns["base"])


CONVERSION = Conversion(
    name="log_base",
    title="Log ratio of any base to natural log ratio",
    formula_id="log_base.v1",
    formula="log_ratio = value * ln(base); variance = v_value * ln(base)^2",
    inputs=(
        Input("value", "number", True, "log ratio as printed"),
        Input("v_value", "variance", True, "its sampling variance, as printed"),
        Input("base", "positive", True, "base of the logarithm, such as 10 or 2"),
    ),
    outputs=(("log_ratio", "natural log ratio"), VARIANCE),
    method="computed",
    source=Source(
        "Abramowitz & Stegun (1964), Handbook of Mathematical Functions", "section 4.1, logarithms to other bases"
    ),
    compute=compute,
    check=check,
)
