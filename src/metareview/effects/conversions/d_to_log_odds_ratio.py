"""From a standardised mean difference to a log odds ratio, taking the outcome as logistic.

The two describe the same shift if the outcome behind the dichotomy is logistic in both groups with the same spread:
its standard deviation is pi / sqrt(3) logits. Use it to bring a minority of studies to the measure of the majority,
and look what the pooled effect is without them.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import VARIANCE, VD, D
from metareview.effects.measure import Columns, Conversion, Converted, Source

FACTOR = np.pi / np.sqrt(3)


def compute(columns: Columns) -> Converted:
    """The log odds ratio and its variance; arrays of shape (k,)."""
    return Converted({"log_odds_ratio": columns["d"] * FACTOR, "variance": columns["vd"] * FACTOR**2})


CONVERSION = Conversion(
    name="d_to_log_odds_ratio",
    title="Standardised mean difference to log odds ratio",
    formula_id="d_to_log_odds_ratio.v1",
    formula="log_odds_ratio = d * pi / sqrt(3); variance = vd * pi^2 / 3",
    inputs=(D, VD),
    outputs=(("log_odds_ratio", "log odds ratio"), VARIANCE),
    method="estimated",
    source=Source("Chinn (2000), Statistics in Medicine 19", "pages 3127-3131, ln OR = 1.81 d"),
    compute=compute,
)
