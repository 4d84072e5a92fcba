"""From Fisher's z to the correlation people read, with its variance by the delta method.

To show a pooled z, turn the ends of its interval as well: they need no delta method.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import VARIANCE
from metareview.effects.measure import Columns, Conversion, Converted, Input, Source


def compute(columns: Columns) -> Converted:
    """r and its variance; arrays of shape (k,)."""
    r = np.tanh(columns["fisher_z"])
    return Converted({"r": r, "variance": columns["v_fisher_z"] * (1 - r**2) ** 2})


CONVERSION = Conversion(
    name="fisher_z_to_r",
    title="Fisher z to correlation",
    formula_id="fisher_z_to_r.v1",
    formula="r = tanh(fisher_z); variance = v_fisher_z * (1 - r^2)^2",
    inputs=(
        Input("fisher_z", "number", True, "Fisher's z"),
        Input("v_fisher_z", "variance", True, "its sampling variance"),
    ),
    outputs=(("r", "correlation"), VARIANCE),
    method="computed",
    source=Source(
        "Fisher (1921), On the probable error of a coefficient of correlation, Metron 1",
        "pages 3-32, the transformation z",
    ),
    compute=compute,
)
