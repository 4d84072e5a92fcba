"""From a percentage change, with its interval or standard error, to a log ratio.

A fall of 20% is a ratio of 0.8. With the interval it is algebra; a standard error in percent is turned by the delta
method and the row is estimated. The interval is used where both are given, and
the note says where they disagree beyond rounding. GEN does the same within `effect_size`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects.converting import VARIANCE
from metareview.effects.measure import Columns, Conversion, Converted, Input, Problem, Source, flag_rows, texts
from metareview.effects.reported import (
    SCALES,
    check_interval,
    check_scale,
    interval_se,
    note_share,
    one_of,
    slope,
    to_analysis,
)
from metareview.effects.standard_error import note_pair

PERCENT = SCALES.index("percent_change")
FIRST = "log_ratio = ln(1 + percent/100)"
BY_INTERVAL = "(ln(1 + ci_high/100) - ln(1 + ci_low/100)) / (2*z(0.5 + ci_level/200))"
_LAST = (f"se = {BY_INTERVAL}; variance = se^2", "variance = (se/100 / (1 + percent/100))^2")


def compute(columns: Columns) -> Converted:
    """The log ratio and its variance; arrays of shape (k,)."""
    scale = np.full(len(columns["percent"]), float(PERCENT))
    low, high = (to_analysis(columns[name], scale) for name in ("ci_low", "ci_high"))
    by_interval = interval_se(low, high, columns["ci_level"], np.full(len(scale), np.nan))
    by_se = np.isnan(by_interval)
    turned = columns["se"] * slope(columns["percent"], scale)
    se = np.where(by_se, turned, by_interval)
    values = {"log_ratio": to_analysis(columns["percent"], scale), "variance": se**2}
    notes = texts(len(scale))
    note_share(notes, scale, columns["percent"], columns["ci_low"], columns["ci_high"])
    note_pair(notes, "se", columns["se"], turned, by_interval, scale)
    rules = one_of(by_se, f"{FIRST}; {_LAST[0]}", f"{FIRST}; {_LAST[1]}")
    return Converted(values, one_of(by_se, "computed", "estimated"), rules, notes)


def check(columns: Columns) -> list[Problem]:
    """Percentages that cannot be, intervals that are none, and rows without any spread."""
    x = columns | {"scale_reported": np.full(len(columns["percent"]), float(PERCENT))}
    x["estimate"] = x["percent"]
    found = check_scale(x, ("estimate", "ci_low", "ci_high")) + check_interval(x, "estimate", "ci_low", "ci_high")
    found = [Problem(p.row, "percent" if p.column == "estimate" else p.column, p.text) for p in found]
    lacking = np.isnan(x["se"]) & (np.isnan(x["ci_low"]) | np.isnan(x["ci_high"]))
    return found + flag_rows(lacking, "se", "is missing, and there is no interval")


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row from its inputs by name."""
    return f"{FIRST}; {_LAST[bool(np.isnan(values['ci_low'] + values['ci_high']))]}"


CONVERSION = Conversion(
    name="percent_change_to_log_ratio",
    title="Percentage change to log ratio",
    formula_id="percent_change_to_log_ratio.v1",
    formula=f"{FIRST}; se = {BY_INTERVAL}; variance = se^2",
    inputs=(
        Input("percent", "number", True, "percentage change", "percent"),
        Input("se", "se", False, "its standard error", "percent"),
        Input("ci_low", "number", False, "lower end of its interval", "percent"),
        Input("ci_high", "number", False, "upper end of its interval", "percent"),
        Input("ci_level", "level", False, "level of the interval", "percent", default=95.0),
    ),
    outputs=(("log_ratio", "log ratio"), VARIANCE),
    method="computed",
    source=Source(
        "Higgins, Li & Deeks, Choosing effect measures and computing estimates of effect, "
        "Cochrane Handbook for Systematic Reviews of Interventions, version 6",
        "section 6.3, estimates and intervals of ratio measures on the log scale",
    ),
    compute=compute,
    check=check,
    formula_of=formula_of,
)
