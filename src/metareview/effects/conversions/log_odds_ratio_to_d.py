"""From a log odds ratio to a standardised mean difference, taking the outcome as logistic.

The inverse of `d_to_log_odds_ratio`, with the same assumption.
"""

from __future__ import annotations

from metareview.effects.conversions.d_to_log_odds_ratio import FACTOR
from metareview.effects.converting import LOG_ODDS_RATIO, V_LOG_ODDS_RATIO, VARIANCE
from metareview.effects.measure import Columns, Conversion, Converted, Source


def compute(columns: Columns) -> Converted:
    """d and its variance; arrays of shape (k,)."""
    d, variance = columns["log_odds_ratio"] / FACTOR, columns["v_log_odds_ratio"] / FACTOR**2
    return Converted({"d": d, "variance": variance})


CONVERSION = Conversion(
    name="log_odds_ratio_to_d",
    title="Log odds ratio to standardised mean difference",
    formula_id="log_odds_ratio_to_d.v1",
    formula="d = log_odds_ratio * sqrt(3) / pi; variance = v_log_odds_ratio * 3 / pi^2",
    inputs=(LOG_ODDS_RATIO, V_LOG_ODDS_RATIO),
    outputs=(("d", "standardised mean difference"), VARIANCE),
    method="estimated",
    source=Source(
        "Hasselblad & Hedges (1995), Meta-analysis of screening and diagnostic tests, Psychological Bulletin 117",
        "pages 167-178, d = ln OR sqrt(3)/pi",
    ),
    compute=compute,
)
