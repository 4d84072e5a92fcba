"""Two groups measured before and after: the inputs of DPPC2, SMCRD and DIDM, and their correlations."""

from __future__ import annotations

from metareview.effects import change
from metareview.effects.change import Pair
from metareview.effects.measure import Columns, Input, Problem

ARMS = ("t", "c")
WHO = {"t": "treated", "c": "control"}
TREATED, CONTROL = PAIRS = tuple(
    Pair(*(f"{name}_{arm}" for name in ("m_post", "m_pre", "sd_post", "sd_pre", "ni", "ri", "sd_change")))
    for arm in ARMS
)
SWAP = tuple((f"{name}_t", f"{name}_c") for name in ("m_pre", "m_post", "sd_pre", "sd_post", "ni", "ri", "sd_change"))


def arm(which: str, sd_post: bool, n: bool = True) -> tuple[Input, ...]:
    """The inputs of one arm; `sd_post` and `n`: whether every row needs the SD after and the people measured twice."""
    who = WHO[which]
    return (
        Input(f"m_pre_{which}", "number", True, f"{who}, mean before", "outcome's unit"),
        Input(f"m_post_{which}", "number", True, f"{who}, mean after", "outcome's unit"),
        Input(f"sd_pre_{which}", "sd", n, f"{who}, standard deviation before", "outcome's unit"),
        Input(f"sd_post_{which}", "sd", sd_post, f"{who}, standard deviation after", "outcome's unit"),
        Input(f"ni_{which}", "group", n, f"{who}, measured both times", "people"),
        Input(f"ri_{which}", "correlation", False, f"{who}, correlation of before and after"),
        Input(f"sd_change_{which}", "sd", False, f"{who}, SD of the changes, instead of ri_{which}", "outcome's unit"),
    )


def choose(columns: Columns) -> Columns:
    """One of SD of the changes and correlation in each arm of a row."""
    return change.choose(change.choose(columns, TREATED), CONTROL)


def check_r(columns: Columns) -> list[Problem]:
    """Rows without a correlation in an arm, or with one beyond 1."""
    return change.check_r(columns, TREATED) + change.check_r(columns, CONTROL)
