"""The 2x2 table behind OR, RR and RD: its inputs, completing it from row totals, and its impossible forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from metareview.effects.measure import Columns, Input, Problem, flag_rows

INPUTS = (
    Input("ai", "count", True, "treated, with the event", "people"),
    Input("bi", "count", False, "treated, without the event; or give n1i", "people"),
    Input("ci", "count", True, "control, with the event", "people"),
    Input("di", "count", False, "control, without the event; or give n2i", "people"),
    Input("n1i", "size", False, "treated in all, instead of bi", "people"),
    Input("n2i", "size", False, "control in all, instead of di", "people"),
)
CELLS = ("ai", "bi", "ci", "di")
ARMS = (("ai", "bi"), ("ci", "di"))
SWAP = (("ai", "ci"), ("bi", "di"), ("n1i", "n2i"))
_ARMS = (("ai", "bi", "n1i"), ("ci", "di", "n2i"))


def prepare(columns: Columns) -> Columns:
    """The cells without the event from the row totals, where they are missing; shapes (k,) kept."""
    done = dict(columns)
    for events, rest, total in _ARMS:
        done[rest] = np.where(np.isnan(columns[rest]), columns[total] - columns[events], columns[rest])
    return done


def check(columns: Columns) -> list[Problem]:
    """Rows with neither the remaining cell nor the row total, or with totals that contradict the cells."""
    found: list[Problem] = []
    for events, rest, total in _ARMS:
        x, y, n = columns[events], columns[rest], columns[total]
        found += flag_rows(np.isnan(y) & np.isnan(n), total, f"is missing, and so is {rest}; give one of them")
        found += flag_rows(n < x, total, f"{{:g}} is below the {{:g}} events in {events}", n, x)
        off = (n >= x) & ~np.isclose(x + y, n, rtol=1e-9, atol=1e-9)
        found += flag_rows(off, total, f"{{:g}} is not {events} plus {rest} ({{:g}} + {{:g}})", n, x, y)
        found += flag_rows(np.isnan(n) & (x + y == 0), events, f"is 0 and so is {rest}: the arm has nobody in it")
    return found


# What every measure of the table declares alike.
TABLE: dict[str, Any] = {
    "swap": "negates",
    "swap_inputs": SWAP,
    "prepare": prepare,
    "check": check,
    "cells": CELLS,
    "arms": ARMS,
}
