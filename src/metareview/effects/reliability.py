"""Reliability (Cronbach's alpha), behind ARAW, AHW and ABT: its inputs and its impossible forms."""

from __future__ import annotations

from metareview.effects.measure import Columns, Input, Problem, flag_rows

INPUTS = (
    Input("ai", "alpha", True, "Cronbach's alpha"),
    Input("mi", "size", True, "items, raters or replications in the scale", "items"),
    Input("ni", "size", True, "people measured", "people"),
)
NAMES = ("ai", "mi", "ni")
ORIENTATION = "Higher: a more reliable scale; there is no treated arm."


def check(columns: Columns) -> list[Problem]:
    """Scales of fewer than two items, and groups too small for a variance."""
    mi, ni = columns["mi"], columns["ni"]
    few = (mi > 0) & (mi < 2)
    small = (ni > 0) & (ni < 3)
    found = flag_rows(few, "mi", "{:g} is below 2; a scale has two items or more", mi)
    return found + flag_rows(small, "ni", "{:g} is below 3; the variance of a reliability needs three people", ni)
