"""From a standardised mean difference to a log odds ratio, taking the outcome as logistic."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Columns, Conversion, Converted, Input, Source

FACTOR = np.pi / np.sqrt(3)


def compute(columns: Columns) -> Converted:
    """The log odds ratio and its variance; arrays of shape (k,)."""
    return Converted({"log_odds_ratio": columns["d"] * FACTOR, "variance": columns["vd"] * FACTOR**2})


CONVERSION = Conversion(
    name="d_to_log_odds_ratio",
    title="Standardised mean difference to log odds ratio",
    formula_id="d_to_log_odds_ratio.v1",
    formula="log_odds_ratio = d * pi / sqrt(3); variance = vd * pi^2 / 3",
    inputs=(
        Input("d", "number", True, "standardised mean difference"),
        Input("vd", "variance", True, "its sampling variance"),
    ),
    outputs=(("log_odds_ratio", "log odds ratio"), ("variance", "its sampling variance")),
    method="estimated",
    source=Source("Chinn (2000), Statistics in Medicine 19", "pages 3127-3131, ln OR = 1.81 d"),
    compute=compute,
)
