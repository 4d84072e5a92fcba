"""The table of matched pairs behind MPRR, MPOR, MPRD, MPORC and MPPETO: its inputs and impossible forms."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Columns, Input, Problem, flag_rows

_BOTH = "event under treatment and under control"
_NEITHER = "event under neither"
_DISCORDANT = (
    Input("bi", "count", True, "event under treatment only", "pairs"),
    Input("ci", "count", True, "event under control only", "pairs"),
)
INPUTS = (
    Input("ai", "count", True, _BOTH, "pairs"),
    *_DISCORDANT,
    Input("di", "count", True, _NEITHER, "pairs"),
)
CONDITIONAL_INPUTS = (
    Input("ai", "count", False, f"{_BOTH}; says nothing here", "pairs"),
    *_DISCORDANT,
    Input("di", "count", False, f"{_NEITHER}; says nothing here", "pairs"),
)
CELLS = ("ai", "bi", "ci", "di")
DISCORDANT = ("bi", "ci")
SWAP = (("bi", "ci"),)


def check(columns: Columns) -> list[Problem]:
    """Rows without any pair."""
    empty = np.all([columns[name] == 0 for name in CELLS], axis=0)
    return flag_rows(empty, "ai", "is 0 and so is every other cell: there are no pairs")
