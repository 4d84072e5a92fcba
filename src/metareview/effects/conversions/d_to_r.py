"""From a standardised mean difference to the correlation of the outcome with being treated.

With the sizes of the groups it is algebra (the point-biserial correlation of the same sample); without them the
groups are taken as large and equal, and the row is estimated. A point-biserial correlation depends on how the groups
are divided and cannot reach 1: do not pool it with correlations of two continuous variables. Take d before the
correction for small samples.

**h or a.** Borenstein and colleagues (chapter 7) print a = (n1 + n2)^2 / (n1 n2) where the formula here has
h = (n1 + n2 - 2)(n1 + n2) / (n1 n2). Theirs leaves out the 2 degrees of freedom that pooling the two standard deviations
costs, which is right in large samples only. With h the result is the correlation of the same data with 0 and 1 for the
groups, and the way back gives the same d; for 12 and 20 people a makes r smaller by about 3%.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import (
    CONVERTING,
    VARIANCE,
    VD,
    D,
    assumed_equal,
    check_pair,
    group_constant,
    with_group_constant,
)
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem

STEPS = "r = d / sqrt(d^2 + h); variance = h^2 * vd / (d^2 + h)^3"


def compute(columns: Columns) -> Converted:
    """r and its variance by the delta method; arrays of shape (k,)."""
    d, h = columns["d"], group_constant(columns)
    r, variance = d / np.sqrt(d**2 + h), h**2 * columns["vd"] / (d**2 + h) ** 3
    return Converted({"r": r, "variance": variance}, assumed_equal(columns))


def check(columns: Columns) -> list[Problem]:
    """One group size without the other."""
    return check_pair(columns, "n1", "n2")


CONVERSION = Conversion(
    name="d_to_r",
    title="Standardised mean difference to point-biserial correlation",
    formula_id="d_to_r.v1",
    formula=f"h = (n1 + n2 - 2) * (1/n1 + 1/n2); {STEPS}",
    inputs=(
        D,
        VD,
        Input("n1", "group", False, "size of the treated group; equal groups without"),
        Input("n2", "group", False, "size of the control group"),
    ),
    outputs=(("r", "point-biserial correlation"), VARIANCE),
    method="computed",
    source=CONVERTING,
    compute=compute,
    check=check,
    formula_of=with_group_constant(STEPS),
)
