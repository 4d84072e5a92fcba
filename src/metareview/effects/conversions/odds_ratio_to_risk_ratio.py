"""From an odds ratio to a risk ratio at a stated risk of the control group.

For an unadjusted odds ratio of the same sample as the baseline risk it is algebra. For an adjusted one it is biased,
the more so the more common the outcome and the stronger the confounding (McNutt, Wu, Xue and Hafner 2003, American
Journal of Epidemiology 157), and taking the baseline risk as known makes the variance too small. State where the
baseline risk comes from, and show results at two or three of them.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import BASELINE_RISK, LOG_ODDS_RATIO, V_LOG_ODDS_RATIO, VARIANCE, check_inner_risk
from metareview.effects.measure import Columns, Conversion, Converted, Source, texts


def compute(columns: Columns) -> Converted:
    """The log risk ratio and its variance by the delta method; arrays of shape (k,)."""
    log_odds_ratio, risk = columns["log_odds_ratio"], columns["baseline_risk"]
    bottom = 1 - risk + risk * np.exp(log_odds_ratio)
    variance = columns["v_log_odds_ratio"] * ((1 - risk) / bottom) ** 2
    note = texts(len(risk), "baseline risk taken as known; biased where the odds ratio is adjusted")
    return Converted({"log_risk_ratio": log_odds_ratio - np.log(bottom), "variance": variance}, note=note)


CONVERSION = Conversion(
    name="odds_ratio_to_risk_ratio",
    title="Odds ratio to risk ratio at a baseline risk",
    formula_id="odds_ratio_to_risk_ratio.v1",
    formula="bottom = 1 - baseline_risk + baseline_risk*exp(log_odds_ratio); log_risk_ratio = log_odds_ratio - ln(bottom); "
    "variance = v_log_odds_ratio * ((1 - baseline_risk)/bottom)^2",
    inputs=(LOG_ODDS_RATIO, V_LOG_ODDS_RATIO, BASELINE_RISK),
    outputs=(("log_risk_ratio", "log risk ratio"), VARIANCE),
    method="estimated",
    source=Source(
        "Zhang & Yu (1998), What's the relative risk? A method of correcting the odds ratio in cohort studies of "
        "common outcomes, JAMA 280",
        "pages 1690-1691",
    ),
    compute=compute,
    check=check_inner_risk,
)
