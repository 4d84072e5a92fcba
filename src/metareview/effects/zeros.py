"""The zero-cell rule for counts.

A study with a zero has no finite log ratio or variance. The rule, as in metafor's `escalc`: `add` (default
0.5) is added to all cells of a study when one of them is zero (`to="only0"`), to all cells of every study
(`to="all"`), or never (`to="none"`). Exposures are left alone; row totals grow with their cells.

One difference to `escalc` is deliberate: a study that says nothing about a ratio (no events in either arm,
say) is refused, where `escalc` gives it a number that comes from `add` alone.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from metareview.effects.measure import Columns, Mask, Measure, Problem, Texts, flag_rows, texts
from metareview.errors import MetareviewError

To = Literal["only0", "all", "none"]


def check_rule(add: float, to: str) -> None:
    """Raises MetareviewError for a rule that does not exist."""
    if to not in ("only0", "all", "none"):
        raise MetareviewError(f"to={to!r} is not a zero-cell rule.", "Use 'only0', 'all' or 'none'.")
    if not (np.isfinite(add) and add >= 0):
        raise MetareviewError(f"add={add!r} must be 0 or more.")


def any_zero(measure: Measure, columns: Columns) -> Mask:
    """Rows with a zero in one of the measure's cells, shape (k,)."""
    length = len(next(iter(columns.values())))
    return np.any([columns[name] == 0 for name in measure.cells] or [np.zeros(length, dtype=bool)], axis=0)


def empty_margins(measure: Measure, columns: Columns) -> list[Problem]:
    """Rows that say nothing about the effect whatever is added, because a whole margin is zero."""
    found: list[Problem] = []
    for margin in measure.margins:
        empty = np.all([columns[name] == 0 for name in margin], axis=0)
        rest = " and ".join(margin[1:])
        text = f"is 0 and so is {rest}: the row says nothing about the {measure.title.lower()}"
        found += flag_rows(empty, margin[0], text)
    return found


def correct(measure: Measure, columns: Columns, add: float, to: To) -> tuple[Columns, Texts]:
    """Cells after the zero-cell rule, and a note for each corrected row; shapes (k,) kept."""
    zero = any_zero(measure, columns)
    notes = texts(len(zero))
    if not measure.cells or to == "none" or add == 0:
        return columns, notes
    where = zero if to == "only0" else np.ones_like(zero)
    notes[where] = f"{add:g} added to all cells" + (" because of a zero" if to == "only0" else "")
    return columns | {name: columns[name] + np.where(where, add, 0.0) for name in measure.cells}, notes
