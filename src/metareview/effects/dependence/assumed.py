"""The correlations that are assumed or reported: between outcomes, instruments and times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.dependence.coding import Coding, Ints, column_of
from metareview.effects.measure import Floats, Mask, Texts
from metareview.errors import MetareviewError

Rho = float | str | Mapping[tuple[str, str], float] | pd.DataFrame | None


@dataclass(frozen=True, eq=False)
class Assumed:
    """The correlations of a call, read: a number or nan for each role, by row, or a table by pair of names.

    `rho`, `within`: correlation by row (where a column was named) or the same in each, shape (n,); nan: not given.
    `rho_table`, `within_table`: by the codes of two names, or None. `time`, `same`, `study`: nan where not given.
    """

    rho: Floats
    within: Floats
    rho_table: Floats | None
    within_table: Floats | None
    time: float
    same: float
    study: float


def read_assumed(
    effects: pd.DataFrame,
    coding: Coding,
    rho: Rho,
    within: Rho,
    time: float | None,
    same: float | None,
    study: float | None,
) -> Assumed:
    """Read the correlations of a call. Raises MetareviewError for a value beyond 1, or a column that is not there."""
    if time is not None and not 0 <= time <= 1:
        raise MetareviewError(f"rho_time={time!r} is not between 0 and 1.")
    if same is not None and not -1 <= same < 1:
        raise MetareviewError(f"duplicates={same!r} is not below 1.", "Effects with correlation 1 are one effect.")
    if study is not None and not -1 < study < 1:
        raise MetareviewError(f"rho_study={study!r} is not between -1 and 1.")
    between, table = _read(effects, "rho", rho, coding.outcomes)
    inside, inner = _read(effects, "rho_within", within, coding.instruments)
    if within is None:
        inside = between
    rest = (float("nan") if value is None else float(value) for value in (time, same, study))
    return Assumed(between, inside, table, inner, *rest)


def correlations(coding: Coding, assumed: Assumed, i: Ints, j: Ints) -> tuple[Floats, Texts]:
    """The correlation of each pair but for times, and in words; shapes (pairs,). nan: needed, and not given."""
    other = coding.outcome[i] != coding.outcome[j]
    instrument = ~other & (coding.instrument[i] != coding.instrument[j])
    between = _of_pairs(assumed.rho, assumed.rho_table, coding.outcome, i, j)
    within = _of_pairs(assumed.within, assumed.within_table, coding.instrument, i, j)
    value = np.where(other, between, np.where(instrument, within, 1.0))
    told = np.full(len(i), "same outcome", dtype=object)
    for mask, word in ((other, "other outcome, rho"), (instrument, "other instrument, rho_within")):
        values, where = np.unique(value[mask], return_inverse=True)
        told[mask] = np.array([f"{word} {v:g}" for v in values], dtype=object)[where]
    return value, told


def same_effect(coding: Coding, i: Ints, j: Ints, value: Floats) -> Mask:
    """Pairs that measure the same outcome, in the same way, at the same time, of the same two groups."""
    groups = (coding.group[:, i] == coding.group[:, j]).all(axis=0)
    times = (coding.time[:, i] == coding.time[:, j]).all(axis=0)
    alike = (coding.outcome[i] == coding.outcome[j]) & (coding.instrument[i] == coding.instrument[j])
    return np.asarray(groups & times & alike & (value == 1))


def one_study(told: tuple[Texts, Texts, Texts], rest: Mask, rho: float) -> tuple[Texts, Texts, Texts]:
    """Reason, rule and method of each pair, with those of the `rest` that the one correlation of a study stands for."""
    words = (f"one study, rho_study {rho:g}", "rho_study * root of both variances", "estimated")
    reason, rule, method = (
        np.asarray(np.where(rest, word, texts), dtype=object) for word, texts in zip(words, told, strict=True)
    )
    return reason, rule, method


def _of_pairs(by_row: Floats, table: Floats | None, codes: Ints, i: Ints, j: Ints) -> Floats:
    """By pair: from the table, else the rows' value; nan where the two rows have different values."""
    if table is not None:
        return table[codes[i], codes[j]]
    return np.where(by_row[i] == by_row[j], by_row[i], np.nan)


def _read(effects: pd.DataFrame, name: str, given: Rho, names: Texts) -> tuple[Floats, Floats | None]:
    n = len(effects)
    if given is None:
        return np.full(n, np.nan), None
    if isinstance(given, str):
        values = pd.to_numeric(effects[column_of(effects, name, given)], errors="coerce").to_numpy(float)
        _require_correlations(name, values)
        return values, None
    if isinstance(given, int | float):
        _require_correlations(name, np.array([float(given)]))
        return np.full(n, float(given)), None
    table = _table(given, names)
    _require_correlations(name, table)
    return np.full(n, np.nan), table


def _table(given: Any, names: Texts) -> Floats:
    """Correlations by the codes of two names, symmetric, 1 on the diagonal, nan where not given."""
    if isinstance(given, pd.DataFrame):
        given = {(str(a), str(b)): v for a, row in given.to_dict("index").items() for b, v in row.items()}
    code = {str(name): place for place, name in enumerate(names)}
    table = np.full((len(names), len(names)), np.nan)
    for (one, two), value in given.items():
        if str(one) in code and str(two) in code and not pd.isna(value):
            table[code[str(one)], code[str(two)]] = table[code[str(two)], code[str(one)]] = float(value)
    np.fill_diagonal(table, 1.0)
    return table


def _require_correlations(name: str, values: Floats) -> None:
    if (np.abs(values) > 1).any():
        raise MetareviewError(f"{name} has {values[np.abs(values) > 1][0]:g}, which is beyond 1; a correlation is not.")
