"""From the correlation of the outcome with being treated to a standardised mean difference.

The inverse of `d_to_r`: with the sizes of the groups it is algebra, without them the groups are taken as large and
equal, and the row is estimated. It is for a correlation with membership of a group. For a correlation of two
continuous variables it answers another question (what if one of them had been split), and d then depends on where.
The result is not corrected for small samples.

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
    VR,
    R,
    assumed_equal,
    check_pair,
    group_constant,
    with_group_constant,
)
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, flag_rows

STEPS = "d = r * sqrt(h / (1 - r^2)); variance = h * vr / (1 - r^2)^3"


def compute(columns: Columns) -> Converted:
    """d and its variance by the delta method; arrays of shape (k,)."""
    r, h = columns["r"], group_constant(columns)
    d, variance = r * np.sqrt(h / (1 - r**2)), h * columns["vr"] / (1 - r**2) ** 3
    return Converted({"d": d, "variance": variance}, assumed_equal(columns))


def check(columns: Columns) -> list[Problem]:
    """One group size without the other, and correlations that no difference has."""
    perfect = flag_rows(np.abs(columns["r"]) == 1, "r", "{:g} is perfect: no difference is that large", columns["r"])
    return check_pair(columns, "n1", "n2") + perfect


CONVERSION = Conversion(
    name="r_to_d",
    title="Point-biserial correlation to standardised mean difference",
    formula_id="r_to_d.v1",
    formula=f"h = (n1 + n2 - 2) * (1/n1 + 1/n2); {STEPS}",
    inputs=(
        R,
        VR,
        Input("n1", "group", False, "size of the treated group; equal groups without"),
        Input("n2", "group", False, "size of the control group"),
    ),
    outputs=(("d", "standardised mean difference"), VARIANCE),
    method="computed",
    source=CONVERTING,
    compute=compute,
    check=check,
    formula_of=with_group_constant(STEPS),
)
