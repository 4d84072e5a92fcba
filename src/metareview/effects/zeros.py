"""The zero-cell rules for counts.

A study with a zero has no finite log ratio or variance. The rules, the first three as in metafor's `escalc`:

- `only0` (the default): `add` (0.5) is added to all cells of a study when one of them is zero;
- `if0all`: to all cells of every study when any study has a zero;
- `all`: to all cells of every study;
- `treatment_arm`: to the studies of `only0`, but 2 * add * n / N to the cells of an arm of n of the N people, so that the
  correction does not pull the effect towards no effect when the arms differ in size (Sweeting, Sutton & Lambert 2004,
  Statistics in Medicine 23, pages 1351-1375, the treatment-arm correction);
- `none`: never.

Exposures are left alone; row totals grow with their cells. A measure that exists with zeros (`PETO`, `AS`, ...) has
`none` as its own rule, and a user's choice goes before it.

One difference to `escalc` is deliberate: a study that says nothing about a ratio (no events in either arm,
say) is refused, where `escalc` gives it a number that comes from `add` alone.
"""

from __future__ import annotations

from typing import get_args

import numpy as np

from metareview.effects.measure import Columns, Floats, Mask, Measure, Problem, Texts, ZeroRule, flag_rows, texts
from metareview.errors import MetareviewError


def check_rule(measure: Measure, add: float, to: str | None) -> ZeroRule:
    """The rule to follow: `to`, or the measure's own. Raises MetareviewError for a rule that does not exist."""
    rule = measure.zero_rule if to is None else to
    known = [str(name) for name in get_args(ZeroRule)]
    if rule not in known:
        raise MetareviewError(f"to={to!r} is not a zero-cell rule.", f"Use one of {', '.join(known)}.")
    if rule == "treatment_arm" and measure.cells and not measure.arms:
        raise MetareviewError(
            f"The treatment-arm correction is not defined for {measure.name}.", "Use only0, if0all, all or none."
        )
    if not (np.isfinite(add) and add >= 0):
        raise MetareviewError(f"add={add!r} must be 0 or more.")
    return rule  # type: ignore[return-value]


def any_zero(measure: Measure, columns: Columns) -> Mask:
    """Rows with a zero in one of the measure's cells, shape (k,)."""
    found = np.zeros(len(next(iter(columns.values()))), dtype=bool)
    for name in measure.cells:
        found |= columns[name] == 0
    return found


def empty_margins(measure: Measure, columns: Columns) -> list[Problem]:
    """Rows that say nothing about the effect whatever is added, because a whole margin is zero."""
    found: list[Problem] = []
    title = measure.title[:1].lower() + measure.title[1:]
    for margin in measure.margins:
        empty = np.all([columns[name] == 0 for name in margin], axis=0)
        rest = " and ".join(margin[1:])
        text = f"is 0 and so is {rest}: the row says nothing about the {title}"
        found += flag_rows(empty, margin[0], text)
    return found


def correct(measure: Measure, columns: Columns, add: float, to: ZeroRule) -> tuple[Columns, Texts]:
    """Cells after the zero-cell rule, and a note for each corrected row; shapes (k,) kept."""
    zero = any_zero(measure, columns)
    notes = texts(len(zero))
    where = np.full_like(zero, zero.any()) if to == "if0all" else np.ones_like(zero) if to == "all" else zero
    if not measure.cells or to == "none" or add == 0 or not where.any():
        return columns, notes
    amounts = _by_arm(measure, columns, add) if to == "treatment_arm" else dict.fromkeys(measure.cells, add)
    notes[where] = {
        "all": f"{add:g} added to all cells",
        "if0all": f"{add:g} added to all cells because of a zero in some study",
        "only0": f"{add:g} added to all cells because of a zero",
        "treatment_arm": f"{2 * add:g} spread over the cells by the size of the arm because of a zero",
    }[to]
    return columns | {name: columns[name] + np.where(where, amounts[name], 0.0) for name in measure.cells}, notes


def _by_arm(measure: Measure, columns: Columns, add: float) -> dict[str, Floats]:
    """What each cell gets: in proportion to the size of its arm, twice `add` over the arms."""
    sizes = [np.sum([columns[name] for name in arm], axis=0) for arm in measure.arms]
    total = np.sum(sizes, axis=0)
    return {name: 2 * add * n / total for arm, n in zip(measure.arms, sizes, strict=True) for name in arm}
