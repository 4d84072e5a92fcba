"""What was wrong with which row, told all at once or kept beside the row."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

import numpy as np

from metareview.effects.inputs import Table
from metareview.effects.measure import Calculation, Mask, Problem, Texts
from metareview.errors import MetareviewError

SHOWN = 20
Problems = Literal["error", "nan"]


def require_known(problems: str) -> None:
    """Raises MetareviewError when `problems` is neither "error" nor "nan"."""
    if problems not in ("error", "nan"):
        raise MetareviewError(f"problems={problems!r} is unknown.", "Use 'error' or 'nan'.")


def check_level(level: float) -> None:
    """Raises MetareviewError for the level of an interval that is not a share."""
    if not 0 < level < 1:
        raise MetareviewError(f"level={level!r} is not between 0 and 1.", "Use a share such as 0.95.")


def refuse(calculation: Calculation, table: Table, wrong: list[Problem]) -> None:
    """Raises MetareviewError naming row, column and what is wrong, the first 20 shown, if anything is wrong."""
    if not wrong:
        return
    ordered = sorted(dict.fromkeys(wrong), key=lambda p: p.row)
    lines = [f"  row {table.label(p.row)!r}, column {_column(table, p)}: {p.text}" for p in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        lines.append(f"  and {len(ordered) - SHOWN} more")
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    raise MetareviewError(
        "\n".join([f"{calculation.name} cannot be computed: {count} in the input.", *lines]),
        "Correct these rows; in Python problems='nan' sets them aside.",
    )


def set_aside(table: Table, wrong: list[Problem], notes: Texts) -> tuple[Mask, Texts]:
    """Which rows have a problem, and the notes with their reasons; shapes (k,)."""
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    for problem in dict.fromkeys(wrong):
        reasons[problem.row].append(f"{_column(table, problem)} {problem.text}")
    bad = np.zeros(len(table.index), dtype=bool)
    bad[list(reasons)] = True
    notes = notes.copy()
    for row, told in reasons.items():
        notes[row] = "no effect: " + "; ".join(told)
    return bad, notes


def joined(first: Texts, second: Texts | None) -> Texts:
    """Two notes of each row as one; shapes (k,)."""
    if second is None:
        return first
    both = (first != "") & (second != "")
    return np.asarray(np.where(both, first + "; " + second, first + second), dtype=object)


def _column(table: Table, problem: Problem) -> str:
    name = table.named.get(problem.column, problem.column)
    return f"{name!r}" if name == problem.column else f"{name!r} ({problem.column})"
