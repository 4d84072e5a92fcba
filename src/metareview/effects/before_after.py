"""What the measures of counts before and after share: the cells, their exposures, and overdispersion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from metareview.effects.measure import Columns, Input, Mask, Problem, Texts, flag_rows

MEANING = {
    "a": "treated area, before",
    "b": "treated area, after",
    "c": "control area, before",
    "d": "control area, after",
    "e": "buffer or displacement area, before",
    "f": "buffer or displacement area, after",
    "g": "control of the buffer, before",
    "h": "control of the buffer, after",
}
FOUR = ("a", "b", "c", "d")
EIGHT = tuple(MEANING)
PHI = Input("phi", "phi", False, "overdispersion: variance over the Poisson variance", "", default=1.0)


def counts(cells: Sequence[str], required: bool = True) -> tuple[Input, ...]:
    """The inputs of some cells."""
    return tuple(Input(cell, "count", required, MEANING[cell], "events") for cell in cells)


def exposures(cells: Sequence[str]) -> tuple[Input, ...]:
    """The inputs of the exposures behind some cells, named t and the cell."""
    text = "exposure behind {}, for unequal windows or areas"
    return tuple(Input(f"t{cell}", "exposure", False, text.format(cell), "time, people") for cell in cells)


def all_missing(columns: Columns, names: Sequence[str]) -> Mask:
    """Rows that give none of some inputs, shape (k,)."""
    return np.asarray(np.all([np.isnan(columns[name]) for name in names], axis=0))


def fill_missing(columns: Columns, names: Sequence[str], value: float, where: Mask) -> Columns:
    """The columns with `value` for what is missing of some inputs in the rows of `where`."""
    return columns | {n: np.where(where & np.isnan(columns[n]), value, columns[n]) for n in names}


def prepare_exposures(cells: Sequence[str]) -> Callable[[Columns], Columns]:
    """A `prepare` that puts exposures of 1 in rows that give none, so that the rates are the counts."""
    names = [f"t{cell}" for cell in cells]
    return lambda columns: fill_missing(columns, names, 1.0, all_missing(columns, names))


def check_exposures(cells: Sequence[str]) -> Callable[[Columns], list[Problem]]:
    """A `check` for rows that give some of the exposures and not all."""
    text = "is missing while another exposure is given; give the exposure of every count or none"
    return lambda columns: [p for c in cells for p in flag_rows(np.isnan(columns[f"t{c}"]), f"t{c}", text)]


def one_of(which: ArrayLike, *texts: str) -> Texts:
    """One of some texts by row, `which` being their positions, shape (k,)."""
    return np.asarray(np.array(texts, dtype=object)[np.asarray(which, dtype=np.intp)])


def plain(values: Mapping[str, float], cells: Sequence[str]) -> bool:
    """Whether every exposure of a row is 1, so that its formula has counts and no rates."""
    return all(values[f"t{cell}"] == 1 for cell in cells)


def plain_rows(columns: Columns, cells: Sequence[str]) -> Mask:
    """`plain` by row, shape (k,)."""
    return np.asarray(np.all([columns[f"t{cell}"] == 1 for cell in cells], axis=0))
