"""From a log odds ratio to a standardised mean difference, taking the outcome as normal (Cox).

The inverse of `d_to_log_odds_ratio_cox`, with the same assumption.
"""

from __future__ import annotations

from metareview.effects.conversions.d_to_log_odds_ratio_cox import FACTOR
from metareview.effects.converting import LOG_ODDS_RATIO, V_LOG_ODDS_RATIO, VARIANCE
from metareview.effects.measure import Columns, Conversion, Converted, Source


def compute(columns: Columns) -> Converted:
    """d and its variance; arrays of shape (k,)."""
    d, variance = columns["log_odds_ratio"] / FACTOR, columns["v_log_odds_ratio"] / FACTOR**2
    return Converted({"d": d, "variance": variance})


CONVERSION = Conversion(
    name="log_odds_ratio_to_d_cox",
    title="Log odds ratio to standardised mean difference (Cox)",
    formula_id="log_odds_ratio_to_d_cox.v1",
    formula="d = log_odds_ratio / 1.65; variance = v_log_odds_ratio / 1.65^2",
    inputs=(LOG_ODDS_RATIO, V_LOG_ODDS_RATIO),
    outputs=(("d", "standardised mean difference"), VARIANCE),
    method="estimated",
    source=Source(
        "Sanchez-Meca, Marin-Martinez & Chacon-Moscoso (2003), Effect-size indices for dichotomized outcomes in "
        "meta-analysis, Psychological Methods 8",
        "pages 448-467, index d Cox, after Cox (1970), Analysis of Binary Data",
    ),
    compute=compute,
)
