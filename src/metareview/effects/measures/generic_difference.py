"""GENDIFF: difference between two arms' effects, each printed with an interval."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Columns, Computed, Input, Measure, Problem, Source, texts
from metareview.effects.reported import (
    SCALES,
    check_interval,
    check_scale,
    interval_se,
    lopsided,
    scale_words,
    to_analysis,
)

_RULE = "SE = sqrt(SE_t^2 + SE_c^2) from the two intervals, the arms assumed independent"
_ARMS = ("t", "c")


def compute(columns: Columns) -> Computed:
    """Treated minus control on the scale of analysis, and the summed variances; arrays of shape (k,)."""
    scale = columns["scale_reported"]
    level, normal = columns["ci_level"], np.full(len(scale), np.nan)
    values: list[np.ndarray] = []
    variances: list[np.ndarray] = []
    note = texts(len(scale))
    for arm in _ARMS:
        y, low, high = (to_analysis(columns[f"{part}_{arm}"], scale) for part in ("estimate", "ci_low", "ci_high"))
        values.append(y)
        variances.append(interval_se(low, high, level, normal) ** 2)
        word = {"t": "treated", "c": "control"}[arm]
        doubt = f"interval of the {word} is more than 1.5 times lopsided"
        uneven = lopsided(y, low, high)
        note[uneven] = [f"{text}; {doubt}" if text else doubt for text in note[uneven]]
    return Computed(
        values[0] - values[1],
        variances[0] + variances[1],
        texts(len(scale), "estimated"),
        texts(len(scale), _RULE),
        note,
        scale_words(scale),
    )


def check(columns: Columns) -> list[Problem]:
    """Printed figures that cannot be, in either arm."""
    found: list[Problem] = []
    for arm in _ARMS:
        names = (f"estimate_{arm}", f"ci_low_{arm}", f"ci_high_{arm}")
        found += check_scale(columns, names) + check_interval(columns, *names)
    return found


MEASURE = Measure(
    name="GENDIFF",
    title="Difference of two reported effects",
    family="as reported",
    formula_id="GENDIFF.v1",
    formula="yi = g(estimate_t) - g(estimate_c); vi = SE_t^2 + SE_c^2, each SE (g(high)-g(low))/(2z), "
    "arms independent; g as for GEN",
    inputs=(
        Input("estimate_t", "number", True, "effect printed for the treated"),
        Input("ci_low_t", "number", True, "lower end of its interval"),
        Input("ci_high_t", "number", True, "upper end of its interval"),
        Input("estimate_c", "number", True, "effect printed for the control"),
        Input("ci_low_c", "number", True, "lower end of its interval"),
        Input("ci_high_c", "number", True, "upper end of its interval"),
        Input("scale_reported", "choice", True, "the scale they are printed on", choices=SCALES),
        Input("ci_level", "level", False, "level of the intervals", "percent", default=95.0),
    ),
    scale="reported",
    orientation="Below no effect (ratio 1, log or difference 0): less in the treated arm than in control.",
    source=Source(
        "Altman & Bland (2003), Interaction revisited: the difference between two estimates, BMJ 326",
        "page 219, SE of a difference of independent estimates",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=(("estimate_t", "estimate_c"), ("ci_low_t", "ci_low_c"), ("ci_high_t", "ci_high_c")),
    check=check,
)
