"""From an odds ratio to a risk ratio by the square root, for common outcomes of unknown risk.

If both risks lie between 0.2 and 0.8, the square root of the odds ratio is within a factor 1.25 of the risk ratio,
and no other conversion without the baseline risk has a smaller worst case. For a rare outcome it is wrong: there the
odds ratio itself is close. It serves adjusted odds ratios too. With a baseline risk, compare
`odds_ratio_to_risk_ratio`.
"""

from __future__ import annotations

from metareview.effects.converting import LOG_ODDS_RATIO, V_LOG_ODDS_RATIO, VARIANCE
from metareview.effects.measure import Columns, Conversion, Converted, Source, texts


def compute(columns: Columns) -> Converted:
    """The log risk ratio and its variance; arrays of shape (k,)."""
    values = {"log_risk_ratio": columns["log_odds_ratio"] / 2, "variance": columns["v_log_odds_ratio"] / 4}
    note = texts(
        len(columns["log_odds_ratio"]),
        "within a factor 1.25 if both risks are between 0.2 and 0.8; not for rare outcomes",
    )
    return Converted(values, note=note)


CONVERSION = Conversion(
    name="odds_ratio_to_risk_ratio_sqrt",
    title="Odds ratio of a common outcome to risk ratio (square root)",
    formula_id="odds_ratio_to_risk_ratio_sqrt.v1",
    formula="log_risk_ratio = log_odds_ratio / 2; variance = v_log_odds_ratio / 4",
    inputs=(LOG_ODDS_RATIO, V_LOG_ODDS_RATIO),
    outputs=(("log_risk_ratio", "log risk ratio"), VARIANCE),
    method="estimated",
    source=Source(
        "VanderWeele (2020), Optimal approximate conversions of odds ratios and hazard ratios to risk ratios, Biometrics 76",
        "pages 746-752, symmetric intervals; first in VanderWeele (2017), Epidemiology 28, pages e58-e60",
    ),
    compute=compute,
)
