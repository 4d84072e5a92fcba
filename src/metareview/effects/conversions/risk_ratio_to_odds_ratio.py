"""From a risk ratio to an odds ratio at a stated risk of the control group.

The inverse of `odds_ratio_to_risk_ratio`, with the same assumptions. The risk of the treated, which is the baseline
risk times the risk ratio, must stay below 1; near 1 the odds ratio and its variance explode.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.converting import BASELINE_RISK, LOG_RISK_RATIO, V_LOG_RISK_RATIO, VARIANCE, check_inner_risk
from metareview.effects.measure import Columns, Conversion, Converted, Problem, Source, flag_rows, texts


def compute(columns: Columns) -> Converted:
    """The log odds ratio and its variance by the delta method; arrays of shape (k,)."""
    log_risk_ratio, risk = columns["log_risk_ratio"], columns["baseline_risk"]
    left = 1 - risk * np.exp(log_risk_ratio)
    log_odds_ratio = log_risk_ratio + np.log((1 - risk) / left)
    note = texts(len(risk), "baseline risk taken as known; biased where the risk ratio is adjusted")
    return Converted({"log_odds_ratio": log_odds_ratio, "variance": columns["v_log_risk_ratio"] / left**2}, note=note)


def check(columns: Columns) -> list[Problem]:
    """Risks that cannot change, or that the ratio takes to 1 or more."""
    treated = columns["baseline_risk"] * np.exp(columns["log_risk_ratio"])
    text = "{:g} times the risk ratio is {:g}: a risk stays below 1"
    found = flag_rows(treated >= 1, "baseline_risk", text, columns["baseline_risk"], treated)
    return check_inner_risk(columns) + found


CONVERSION = Conversion(
    name="risk_ratio_to_odds_ratio",
    title="Risk ratio to odds ratio at a baseline risk",
    formula_id="risk_ratio_to_odds_ratio.v1",
    formula="treated_risk = baseline_risk * exp(log_risk_ratio); "
    "log_odds_ratio = log_risk_ratio + ln((1 - baseline_risk)/(1 - treated_risk)); "
    "variance = v_log_risk_ratio / (1 - treated_risk)^2",
    inputs=(LOG_RISK_RATIO, V_LOG_RISK_RATIO, BASELINE_RISK),
    outputs=(("log_odds_ratio", "log odds ratio"), VARIANCE),
    method="estimated",
    source=Source(
        "Zhang & Yu (1998), What's the relative risk? A method of correcting the odds ratio in cohort studies of "
        "common outcomes, JAMA 280",
        "pages 1690-1691, solved for the odds ratio",
    ),
    compute=compute,
    check=check,
)
