"""One group with and without an event, behind PR, PLN, PLO, PRZ, PAS and PFT: its inputs and its impossible forms."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Columns, Floats, Input, Problem, flag_rows

INPUTS = (
    Input("xi", "count", True, "with the event", "people"),
    Input("mi", "count", False, "without the event; or give ni", "people"),
    Input("ni", "size", False, "people in all, instead of mi", "people"),
)
CELLS = ("xi", "mi")


def counts(columns: Columns) -> tuple[Floats, Floats]:
    """Events and people, each of shape (k,)."""
    return columns["xi"], columns["xi"] + columns["mi"]


def prepare(columns: Columns) -> Columns:
    """The people without the event from the total, where they are missing; shapes (k,) kept."""
    xi, mi, ni = (columns[name] for name in ("xi", "mi", "ni"))
    return columns | {"mi": np.where(np.isnan(mi), ni - xi, mi)}


def check(columns: Columns) -> list[Problem]:
    """Rows with neither mi nor ni, with nobody in them, or with a total that contradicts the counts."""
    xi, mi, ni = (columns[name] for name in ("xi", "mi", "ni"))
    found = flag_rows(np.isnan(mi) & np.isnan(ni), "ni", "is missing, and so is mi; give one of them")
    found += flag_rows(ni < xi, "ni", "{:g} is below the {:g} events in xi", ni, xi)
    off = (ni >= xi) & ~np.isclose(xi + mi, ni, rtol=1e-9, atol=1e-9)
    found += flag_rows(off, "ni", "{:g} is not xi plus mi ({:g} + {:g})", ni, xi, mi)
    found += flag_rows(np.isnan(ni) & (xi + mi == 0), "xi", "is 0 and so is mi: the group has nobody in it")
    return found
