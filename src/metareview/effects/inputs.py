"""From a frame, arrays or numbers to the float arrays a measure computes from, and the mistakes met."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.measure import Calculation, Columns, Floats, Input, Mask, Problem, flag_rows
from metareview.errors import MetareviewError

KINDS: dict[str, tuple[Callable[[Floats], Mask], str]] = {
    "count": (lambda x: x >= 0, "{:g} is negative; counts are 0 or more"),
    "size": (lambda x: x > 0, "{:g} is not above 0; a group has people in it"),
    "group": (lambda x: x >= 2, "{:g} is below 2; a standard deviation needs two people"),
    "exposure": (lambda x: x > 0, "{:g} is not above 0; an exposure is positive"),
    "number": (lambda x: np.isfinite(x), "{:g} is not a finite number"),
    "sd": (lambda x: x > 0, "{:g} is not above 0; a standard deviation is positive"),
    "se": (lambda x: x > 0, "{:g} is not above 0; a standard error is positive"),
    "p": (lambda x: (x > 0) & (x < 1), "{:g} is not between 0 and 1; a p value is"),
    "level": (lambda x: (x >= 50) & (x < 100), "{:g} is not a level in percent such as 95"),
    "positive": (lambda x: x > 0, "{:g} is not above 0"),
    "variance": (lambda x: x > 0, "{:g} is not above 0; a variance is positive"),
    "statistic": (lambda x: x >= 0, "{:g} is below 0; this statistic is 0 or more"),
    "correlation": (lambda x: (x >= -1) & (x <= 1), "{:g} is beyond 1; a correlation is between -1 and 1"),
    "share": (lambda x: (x >= 0) & (x <= 1), "{:g} is not between 0 and 1"),
    "icc": (lambda x: (x >= 0) & (x < 1), "{:g} is not from 0 to below 1; an intraclass correlation is"),
    "alpha": (lambda x: x < 1, "{:g} is not below 1; a reliability is"),
    "df": (lambda x: x > 0, "{:g} is not above 0; degrees of freedom are"),
    "phi": (lambda x: x > 0, "{:g} is not above 0; overdispersion is"),
    "flag": (lambda x: (x == 0) | (x == 1), "{:g} is neither 0 nor 1"),
    "choice": (lambda x: x >= 0, "is not one of the choices"),
}

# What to do about a text that is no number, by kind.
_UNREAD = {"p": "; code p < 0.05 as p=0.05 with p_bound=below, and p > 0.05 or n.s. as p=0.05 with p_bound=above"}


# What papers call a choice, in small letters.
_WORDS = {
    **dict.fromkeys(
        ("or", "rr", "hr", "irr", "rirr", "odds ratio", "risk ratio", "rate ratio", "hazard ratio", "relative risk",
         "incidence rate ratio"), "ratio"),
    **dict.fromkeys(("%", "percent", "percentage", "per cent", "percentage change", "% change"), "percent_change"),
    **dict.fromkeys(("pp", "percentage point", "percent points", "%-points"), "percentage_points"),
    **dict.fromkeys(("log or", "log rr", "log hr", "ln or", "ln rr", "log odds ratio", "log rate ratio"), "log_ratio"),
    **dict.fromkeys(("md", "mean difference", "risk difference"), "difference"),
}  # fmt: skip
LABELS = ("effect_id", "study_id", "study")


@dataclass(frozen=True, eq=False)
class Table:
    """What was given: `columns` by input name, each shape (k,); `named`: what the user calls an input."""

    columns: Columns
    named: Mapping[str, str]
    raw: Mapping[str, Any]
    labels: Any
    index: pd.Index[Any]
    problems: list[Problem]

    def label(self, row: int) -> str:
        """What messages call a row by."""
        return str(self.labels[row])

    def given(self) -> pd.DataFrame:
        """What was given, as columns by input name."""
        frame = pd.DataFrame(index=self.index)
        for name, value in self.raw.items():
            frame[name] = np.broadcast_to(np.asarray(value).ravel(), (len(self.index),)).copy()
        return frame


def read_inputs(measure: Calculation, data: pd.DataFrame | None, given: Mapping[str, Any], labels: Any) -> Table:
    """Every input of `measure` as floats; structural mistakes raise, mistakes in cells become problems."""
    _refuse_unknown(measure, given)
    raw, named = {}, {}
    for entry in measure.inputs:
        value, name = pick(entry.name, given.get(entry.name), entry.name not in given, data, entry.choices)
        if value is not None:
            raw[entry.name], named[entry.name] = value, name
    _refuse_absent(measure, raw, data)
    index = _common_index(measure, raw, data)
    columns: Columns = {}
    problems: list[Problem] = []
    for entry in measure.inputs:
        if entry.name in raw:
            values, wrong = to_floats(entry, raw[entry.name], len(index))
            columns[entry.name] = values
            problems += wrong
    columns = measure.fill(columns)
    for entry in (entry for entry in measure.inputs if entry.name in raw):
        problems += _impossible(entry, columns[entry.name], {p.row for p in problems if p.column == entry.name})
    return Table(columns, named, raw, _labels(labels, data, index), index, problems)


def pick(
    name: str, value: Any, absent: bool, data: pd.DataFrame | None, words: tuple[str, ...] = ()
) -> tuple[Any, str]:
    """The values behind one input and the name to call them by; None when the input is not given.

    A string is a column of `data`, or one of `words`. An input that is not named takes the column with its
    own name; an input given as None takes nothing.
    """
    if data is not None and absent and name in data.columns:
        return data[name], name
    if not isinstance(value, str):
        return value, name
    if data is not None and value in data.columns:
        return data[value], value
    if value in words:
        return value, name
    if data is None:
        hint = f"Use one of {', '.join(words)}." if words else "Give numbers, or data= with a column of that name."
        raise MetareviewError(f"{name}={value!r} is a text, and there is no data to find a column in.", hint)
    close = difflib.get_close_matches(value, [str(c) for c in data.columns], n=3)
    hint = f"Did you mean {' or '.join(close)}?" if close else f"Columns: {', '.join(map(str, data.columns))}."
    raise MetareviewError(f"{name}={value!r}: the data have no column {value!r}.", hint)


def to_floats(entry: Input, value: Any, length: int) -> tuple[Floats, list[Problem]]:
    """Values of one input as floats, shape (length,); a text that is no number becomes nan and a problem."""
    given = np.asarray(value)
    if given.dtype.kind in "iuf" and not entry.choices:
        return np.array(np.broadcast_to(given.ravel(), (length,)), dtype=float), []
    if given.ndim == 0 and length > 1:
        one, wrong = to_floats(entry, value, 1)
        return np.repeat(one, length), [Problem(i, p.column, p.text) for p in wrong for i in range(length)]
    series = pd.Series(np.broadcast_to(np.asarray(value, dtype=object).ravel(), (length,)), dtype=object)
    if entry.choices:
        values, text = _places(series, entry.choices), f"is not one of {', '.join(entry.choices)}"
    else:
        values, text = series.map(_number), "is not a number"
    floats = values.to_numpy(dtype=float, copy=True)
    unread = [i for i in np.flatnonzero(np.isnan(floats) & series.notna()) if str(series.iloc[i]).strip()]
    return floats, [
        Problem(int(i), entry.name, f"{series.iloc[i]!r} {text}{_hint(entry, series.iloc[i])}") for i in unread
    ]


def _hint(entry: Input, cell: Any) -> str:
    """What to write in place of a text that cannot be read, or ""."""
    said = str(cell).strip()
    if entry.choices:
        word = _WORDS.get(said.lower().replace("_", " "), "")
        return f"; write {word}" if word in entry.choices else ""
    plain = said.rstrip("% ")
    point = plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain
    if point != said and not np.isnan(_number(point)):
        return f"; write {point}, {'without the percent sign' if plain != said else 'with a decimal point'}"
    return _UNREAD.get(entry.kind, "")


def _places(series: pd.Series[Any], words: tuple[str, ...]) -> pd.Series[Any]:
    """The position of each cell among `words`; nan for other cells."""
    places = {word: float(i) for i, word in enumerate(words)}
    found = series.map(places)
    rest = found.isna() & series.notna()
    if rest.any():
        found[rest] = series[rest].map(lambda cell: places.get(str(cell).strip(), np.nan))
    return found


def _number(cell: Any) -> float:
    """A cell as a float; nan for what is no number, dates included."""
    if not isinstance(cell, str | int | float | np.number | np.bool_):
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _impossible(entry: Input, values: Floats, known: set[int]) -> list[Problem]:
    possible, text = KINDS[entry.kind]
    missing = np.isnan(values)
    found = flag_rows(~missing & np.isinf(values), entry.name, "is infinite")
    found += flag_rows(~missing & np.isfinite(values) & ~possible(values), entry.name, text, values)
    if entry.required:
        found += [p for p in flag_rows(missing, entry.name, "is missing") if p.row not in known]
    return found


def _refuse_unknown(measure: Calculation, given: Mapping[str, Any]) -> None:
    for name in given:
        if name not in measure.input_names:
            close = difflib.get_close_matches(name, measure.input_names, n=2)
            hint = f"Did you mean {' or '.join(close)}? " if close else ""
            inputs = ", ".join(measure.input_names)
            raise MetareviewError(f"{measure.name} has no input {name!r}.", f"{hint}Its inputs: {inputs}.")


def _refuse_absent(measure: Calculation, raw: Mapping[str, Any], data: pd.DataFrame | None) -> None:
    absent = [entry.name for entry in measure.inputs if entry.required and entry.name not in raw]
    if absent:
        where = "" if data is None else f" The data have the columns {', '.join(map(str, data.columns))}."
        hint = f"Name the column of each, as in {absent[0]}='COLUMN'." if data is not None else "Give each as numbers."
        raise MetareviewError(f"{measure.name} needs {', '.join(absent)}.{where}", hint)
    if not raw:
        raise MetareviewError(f"{measure.name} was given no input.", f"Its inputs: {', '.join(measure.input_names)}.")


def _common_index(measure: Calculation, raw: Mapping[str, Any], data: pd.DataFrame | None) -> pd.Index[Any]:
    """The rows' index: that of the data, or of the first Series, or 0, 1, ...; raises when lengths differ."""
    index = None if data is None else data.index
    lengths = {}
    for name, value in raw.items():
        if isinstance(value, pd.Series):
            if index is not None and not value.index.equals(index):
                raise MetareviewError(f"{name} has another index than the other inputs.", "Align them first.")
            index = value.index
        if np.ndim(value) > 1:
            raise MetareviewError(f"{name} has {np.ndim(value)} dimensions; an input is one number a row.")
        if np.ndim(value) == 1:
            lengths[name] = len(value)
    if index is not None:
        lengths["data" if data is not None else "the index"] = len(index)
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise MetareviewError(f"The inputs of {measure.name} differ in length: {told}.")
    return index if index is not None else pd.RangeIndex(next(iter(lengths.values()), 1))


def _labels(labels: Any, data: pd.DataFrame | None, index: pd.Index[Any]) -> Any:
    if labels is None and data is not None:
        labels = next((name for name in LABELS if name in data.columns), None)
    value = index if labels is None else pick("labels", labels, False, data)[0]
    told = value.to_numpy() if isinstance(value, pd.Series) else value
    if len(told) != len(index):
        raise MetareviewError(f"There are {len(told)} labels for {len(index)} rows.")
    return told
