"""From a standardised mean difference to a log odds ratio, taking the outcome as normal (Cox).

Cox's 1.65 is for a normal outcome behind the dichotomy what pi / sqrt(3) = 1.81 is for a logistic one. In simulations
with normal outcomes d by Cox's factor was nearly unbiased, d by the logistic one somewhat too small. Choose one of
the two for the whole review.
"""

from __future__ import annotations

from metareview.effects.converting import VARIANCE, VD, D
from metareview.effects.measure import Columns, Conversion, Converted, Source

FACTOR = 1.65


def compute(columns: Columns) -> Converted:
    """The log odds ratio and its variance; arrays of shape (k,)."""
    return Converted({"log_odds_ratio": FACTOR * columns["d"], "variance": FACTOR**2 * columns["vd"]})


CONVERSION = Conversion(
    name="d_to_log_odds_ratio_cox",
    title="Standardised mean difference to log odds ratio (Cox)",
    formula_id="d_to_log_odds_ratio_cox.v1",
    formula="log_odds_ratio = 1.65 * d; variance = 1.65^2 * vd",
    inputs=(D, VD),
    outputs=(("log_odds_ratio", "log odds ratio"), VARIANCE),
    method="estimated",
    source=Source(
        "Sanchez-Meca, Marin-Martinez & Chacon-Moscoso (2003), Effect-size indices for dichotomized outcomes in "
        "meta-analysis, Psychological Methods 8",
        "pages 448-467, index d Cox, after Cox (1970), Analysis of Binary Data",
    ),
    compute=compute,
)
