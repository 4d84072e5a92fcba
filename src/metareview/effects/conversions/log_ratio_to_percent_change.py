"""From a log ratio to the percentage change people read, with its interval and standard error.

The ends of the interval are turned as they are and do not lie evenly around the change: print these. The standard
error in percent is by the delta method.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from metareview.effects.measure import Columns, Conversion, Converted, Input, Source
from metareview.effects.transform import BACK

to_percent_change = BACK["percent_change"].function


def compute(columns: Columns) -> Converted:
    """The change, its SE and interval; arrays of shape (k,)."""
    log_ratio, se = columns["log_ratio"], np.sqrt(columns["v_log_ratio"])
    half = special.ndtri(0.5 + columns["ci_level"] / 200) * se
    values = {"percent_change": to_percent_change(log_ratio), "se": 100 * np.exp(log_ratio) * se}
    ends = {"ci_low": to_percent_change(log_ratio - half), "ci_high": to_percent_change(log_ratio + half)}
    return Converted(values | ends)


CONVERSION = Conversion(
    name="log_ratio_to_percent_change",
    title="Log ratio to percentage change",
    formula_id="log_ratio_to_percent_change.v1",
    formula="percent_change = 100 * (exp(log_ratio) - 1); se = 100 * exp(log_ratio) * sqrt(v_log_ratio); "
    "half = z(0.5 + ci_level/200) * sqrt(v_log_ratio); "
    "ci_low = 100 * (exp(log_ratio - half) - 1); ci_high = 100 * (exp(log_ratio + half) - 1)",
    inputs=(
        Input("log_ratio", "number", True, "log ratio"),
        Input("v_log_ratio", "variance", True, "its sampling variance"),
        Input("ci_level", "level", False, "level of the interval", "percent", default=95.0),
    ),
    outputs=(
        ("percent_change", "percentage change"),
        ("se", "its standard error, in percent"),
        ("ci_low", "lower end of its interval"),
        ("ci_high", "upper end of its interval"),
    ),
    method="computed",
    source=Source(
        "Higgins, Li & Deeks, Choosing effect measures and computing estimates of effect, "
        "Cochrane Handbook for Systematic Reviews of Interventions, version 6",
        "section 6.3, estimates and intervals of ratio measures on the log scale",
    ),
    compute=compute,
)
