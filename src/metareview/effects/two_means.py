"""Two groups with mean, SD and size, or with what a paper printed instead; behind MD, SMD, ROM and their kin.

`INPUTS` and `SWAP` are the six numbers themselves; `FULL_INPUTS` and `FULL_SWAP`, with `prepare` and `check`, also take what
stands in for means and SDs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from metareview.effects import arm_summaries
from metareview.effects.measure import Columns, Computed, Floats, Input, Problem, Texts, flag_rows, texts

ARMS = ("1", "2")
NAMES = ("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
NEEDS = ("m1i", "sd1i", "m2i", "sd2i")
FUNCTIONS = arm_summaries.FUNCTIONS
INPUTS = (
    Input("m1i", "number", True, "mean of the treated", "outcome's unit"),
    Input("sd1i", "sd", True, "standard deviation of the treated", "outcome's unit"),
    Input("n1i", "group", True, "number of treated", "people"),
    Input("m2i", "number", True, "mean of the control", "outcome's unit"),
    Input("sd2i", "sd", True, "standard deviation of the control", "outcome's unit"),
    Input("n2i", "group", True, "number in control", "people"),
)
_INSTEAD = (*arm_summaries.inputs("1"), *arm_summaries.inputs("2"), *arm_summaries.OPTIONS)
FULL_INPUTS = (*(replace(entry, required=entry.name in ("n1i", "n2i")) for entry in INPUTS), *_INSTEAD)
FULL_SWAP = tuple(
    (one.name, two.name)
    for one, two in zip(
        (*INPUTS[:3], *arm_summaries.inputs("1")), (*INPUTS[3:], *arm_summaries.inputs("2")), strict=True
    )
)
SWAP = FULL_SWAP[:3]


def option(name: str, description: str, choices: tuple[str, ...]) -> Input:
    """An option of a measure, the first choice by default."""
    return Input(name, "choice", False, description, choices=choices, default=0.0)


SECOND_ORDER = option(
    "correction", "the bias of the log of the means taken out to second order, or not", ("second_order", "none")
)


def prepare(columns: Columns, needs: Sequence[str] = NEEDS) -> Columns:
    """Means and SDs that the measure needs, where they are missing and something stands in for them; shapes (k,) kept."""
    done = dict(columns)
    for arm in ARMS:
        done |= arm_summaries.fill(columns, arm)
    for name in NEEDS:
        if name not in needs and f"{name}_by" in done:
            done |= {name: columns[name], f"{name}_by": np.zeros_like(columns[name])}
    return done


def check(columns: Columns, needs: Sequence[str] = NEEDS) -> list[Problem]:
    """Stand-ins that cannot be, and means or SDs that are missing without one; `needs`: what the measure uses."""
    found: list[Problem] = []
    for arm in ARMS:
        found += arm_summaries.check(columns, arm)
    return found + missing(columns, needs)


def missing(columns: Columns, needs: Sequence[str]) -> list[Problem]:
    """Means and SDs that are missing with nothing to fill them."""
    found: list[Problem] = []
    for name in needs:
        arm = name[-2]
        others = f"an interval ci_low{arm}i to ci_high{arm}i or a median with quartiles or range"
        others = f"se{arm}i, {others}" if name.startswith("sd") else others
        found += flag_rows(np.isnan(columns[name]), name, f"is missing, and there is no {others} to fill it from")
    return found


def filled_formula(values: Mapping[str, float], formula: str) -> str:
    """A row's formula with the steps before it by which its means and SDs were filled."""
    return "; ".join([step for arm in ARMS for step in arm_summaries.steps(values, arm)] + [formula])


def by_row(formulas: Sequence[str], option: str) -> Callable[[Mapping[str, float]], str]:
    """A `formula_of` for measures whose formula depends on one option."""
    return lambda values: filled_formula(values, formulas[int(values[option])])


def computed(columns: Columns, yi: Floats, vi: Floats, formulas: Sequence[str], which: Floats | int = 0) -> Computed:
    """yi and vi with the rule, method and doubts of each row; `which` of the formulas gave them, a number or shape (k,)."""
    told = np.array(formulas, dtype=object)[np.broadcast_to(which, yi.shape).astype(int)]
    rule: Texts | None = None if not np.any(which) else told
    method: Texts | None = None
    note = texts(len(yi))
    for arm in reversed(ARMS):
        if f"m{arm}i_by" in columns:
            method = texts(len(yi), "computed") if method is None else method
            method[arm_summaries.estimated(columns, arm)] = "estimated"
            rule = _filled_rules(columns, arm, told if rule is None else rule)
    for arm in ARMS:
        if any(not np.isnan(columns[entry.name]).all() for entry in arm_summaries.inputs(arm)):
            for rows, say in arm_summaries.doubts(columns, arm):
                arm_summaries.add_texts(note, rows, say)
    return Computed(yi, vi, method, rule, note)


def _filled_rules(columns: Columns, arm: str, told: Texts) -> Texts:
    names = (f"m{arm}i_by", f"sd{arm}i_by", f"fitted{arm}", "ci_level", "ci_quantile")
    rows = np.flatnonzero((columns[names[0]] > 0) | (columns[names[1]] > 0))
    kind = np.zeros(len(rows), dtype=int)
    for name in names:
        values, place = np.unique(columns[name][rows], return_inverse=True)
        kind = kind * len(values) + place.ravel()
    _, first, place = np.unique(kind, return_index=True, return_inverse=True)
    words = texts(len(first))
    for i, row in enumerate(rows[first]):
        said = arm_summaries.rule({name: float(columns[name][row]) for name in names}, arm)
        words[i] = "".join(f"{part}; " for part in said)
    out = told.copy()
    out[rows] = words[place.ravel()] + told[rows]
    return out
