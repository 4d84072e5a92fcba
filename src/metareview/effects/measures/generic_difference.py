"""GENDIFF: difference between two arms' effects, each printed with an interval or a standard error.

For papers that print an effect for each area or arm (a ratio after over before, a percentage change) and leave the
comparison to the reader: yi is the treated effect minus that of the control, on the log scale for ratios, so that it
is the log of the ratio of the two.

**Assumption.** The two arms are taken as independent, which makes every row *estimated*: where both share a trend or
a model, their covariance is positive and the true variance smaller. Two intervals that overlap can still differ; this
measure is the test that a look at two intervals is not.

Each arm's SE comes from its printed `se`, else from its interval; for ratios and percentage changes from the interval
first, as most are computed on the log scale, else from the printed SE, turned to the log scale by the delta method.
Where the two disagree beyond rounding the row's note says so. See GEN for the scales and g, and for figures that were
digitised or put on words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from metareview.effects.measure import (
    Columns,
    Computed,
    Floats,
    Input,
    Measure,
    Problem,
    Source,
    Texts,
    flag_rows,
    texts,
)
from metareview.effects.reported import (
    KNOWN,
    READ_FROM,
    SCALE,
    check_interval,
    check_scale,
    interval_se,
    is_scale,
    lopsided,
    note_reading,
    note_share,
    note_where,
    scale_words,
    shown_interval_se,
    slope,
    to_analysis,
    told_once,
)
from metareview.effects.standard_error import interval_first, note_pair

_ARMS = {"t": "treated", "c": "control"}
_FROM = (
    "the two intervals",
    "the SE of the treated and the interval of the control",
    "the interval of the treated and the SE of the control",
    "the two SEs",
)


def _arm(x: Columns, arm: str, notes: Texts) -> tuple[Floats, Floats]:
    """One arm's effect and variance on the scale of analysis; adds what is odd about its interval to the notes."""
    scale, normal = x["scale_reported"], np.full(len(x["scale_reported"]), np.nan)
    y, low, high = (to_analysis(x[f"{part}_{arm}"], scale) for part in ("estimate", "ci_low", "ci_high"))
    turned = x[f"se_{arm}"] * slope(x[f"estimate_{arm}"], scale)
    by_interval = interval_se(low, high, x["ci_level"], normal)
    se = np.where(_by_interval(x, arm), by_interval, turned)
    note_pair(notes, f"se_{arm}", x[f"se_{arm}"], turned, by_interval, scale)
    note_where(notes, lopsided(y, low, high), f"interval of the {_ARMS[arm]} is more than 1.5 times lopsided")
    return y, se**2


def _by_interval(x: Mapping[str, Any], arm: str) -> Any:
    """Where an arm's SE comes from its interval, not from its printed SE; shape (k,), or of one row."""
    interval = ~np.isnan(x[f"ci_low_{arm}"]) & ~np.isnan(x[f"ci_high_{arm}"])
    return interval & (interval_first(x["scale_reported"]) | np.isnan(x[f"se_{arm}"]))


def _rules(x: Columns) -> Texts:
    by_se = 1 * ~_by_interval(x, "t") + 2 * ~_by_interval(x, "c")
    delta = is_scale(x["scale_reported"], lambda entry: entry.delta) & (by_se > 0)

    def tell(row: int) -> str:
        turned = ", turned to the log scale by the delta method" if delta[row] else ""
        return f"SE = sqrt(SE_t^2 + SE_c^2) from {_FROM[by_se[row]]}{turned}, the arms assumed independent"

    return told_once(tell, by_se + 4.0 * delta)


def compute(columns: Columns) -> Computed:
    """Treated minus control on the scale of analysis, and the summed variances; arrays of shape (k,)."""
    notes = texts(len(columns["scale_reported"]))
    treated, treated_vi = _arm(columns, "t", notes)
    control, control_vi = _arm(columns, "c", notes)
    figures = (columns[f"{part}_{arm}"] for part in ("estimate", "ci_low", "ci_high") for arm in _ARMS)
    note_share(notes, columns["scale_reported"], *figures)
    note_reading(notes, columns["read_from"])
    method = texts(len(notes), "estimated")
    scale = scale_words(columns["scale_reported"])
    return Computed(treated - control, treated_vi + control_vi, method, _rules(columns), notes, scale)


def check(columns: Columns) -> list[Problem]:
    """Printed figures that cannot be, and no way to an SE, in either arm."""
    found: list[Problem] = []
    for arm in _ARMS:
        names = (f"estimate_{arm}", f"ci_low_{arm}", f"ci_high_{arm}")
        found += check_scale(columns, names) + check_interval(columns, *names)
        for name in names[1:]:
            lacking = np.isnan(columns[name]) & np.isnan(columns[f"se_{arm}"])
            found += flag_rows(lacking, name, f"is missing, and so is se_{arm}")
    return found


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row from its inputs by name."""
    scale = KNOWN[int(values["scale_reported"])]
    treated, control = (scale.shown.format(x=f"estimate_{arm}") for arm in _ARMS)
    steps, squares = [f"yi = {treated} - {control}"], []
    for arm in _ARMS:
        if _by_interval(values, arm):
            steps.append(f"se_{arm} = {shown_interval_se(scale, f'ci_low_{arm}', f'ci_high_{arm}')}")
            squares.append(f"se_{arm}^2")
        else:
            printed = scale.shown_se.format(se=f"se_{arm}", x=f"estimate_{arm}")
            squares.append(f"{printed}^2" if printed == f"se_{arm}" else f"({printed})^2")
    return "; ".join([*steps, f"vi = {' + '.join(squares)}"])


def _inputs(arm: str) -> tuple[Input, ...]:
    return (
        Input(f"estimate_{arm}", "number", True, f"effect printed for the {_ARMS[arm]}"),
        Input(f"se_{arm}", "se", False, "its standard error", "as printed"),
        Input(f"ci_low_{arm}", "number", False, "lower end of its interval; needed without a standard error"),
        Input(f"ci_high_{arm}", "number", False, "upper end of its interval"),
    )


MEASURE = Measure(
    name="GENDIFF",
    title="Difference of two reported effects",
    family="as reported",
    formula_id="GENDIFF.v1",
    formula="yi = g(estimate_t) - g(estimate_c); se_t = (g(ci_high_t) - g(ci_low_t)) / (2*z(0.5 + ci_level/200)); "
    "se_c = (g(ci_high_c) - g(ci_low_c)) / (2*z(0.5 + ci_level/200)); vi = se_t^2 + se_c^2",
    formula_of=formula_of,
    inputs=(
        *_inputs("t"),
        *_inputs("c"),
        SCALE,
        Input("ci_level", "level", False, "level of the intervals", "percent", default=95.0),
        READ_FROM,
    ),
    scale="reported",
    orientation="Below no effect (ratio 1, log or difference 0): less in the treated arm than in control.",
    source=Source(
        "Altman & Bland (2003), Interaction revisited: the difference between two estimates, BMJ 326",
        "page 219, SE of a difference of independent estimates",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=(
        ("estimate_t", "estimate_c"),
        ("se_t", "se_c"),
        ("ci_low_t", "ci_low_c"),
        ("ci_high_t", "ci_high_c"),
    ),
    check=check,
)
