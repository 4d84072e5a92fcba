"""The table a model is fitted to: read as a frame, its columns named once, blanks missing, numbers numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from metareview.errors import MetareviewError

NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal")
TIMES = ("datetime", "datetime64", "date", "time", "timedelta", "timedelta64", "period")


def table(data: Any) -> pd.DataFrame:
    """Return the data as a frame with rows numbered from 0; text that is blank is missing.

    Raises:
        MetareviewError: it is no table.
    """
    if isinstance(data, pd.Series) or np.isscalar(data) or data is None:
        raise MetareviewError(_no_table("data", data), "Give a data frame, or a dict of columns.")
    try:
        frame = pd.DataFrame(data).reset_index(drop=True)
    except (TypeError, ValueError) as error:
        raise MetareviewError(_no_table("data", data), "Give a data frame, or a dict of columns.") from error
    for at in range(frame.shape[1]):
        values = frame.iloc[:, at]
        blank = _blanks(values)
        if blank:
            frame.isetitem(at, values.where(~values.isin(blank)).array)
    return frame


def new_rows(data: Any) -> pd.DataFrame:
    """Return settings to predict at as a frame: one row for a mapping of single values or a row of a frame.

    Raises:
        MetareviewError: it is no table.
    """
    if isinstance(data, pd.Series):
        data = data.to_dict()
    if isinstance(data, Mapping) and data and all(np.ndim(value) == 0 for value in data.values()):
        return pd.DataFrame([dict(data)])
    try:
        return pd.DataFrame(data).reset_index(drop=True)
    except (TypeError, ValueError) as error:
        hint = "Give a data frame, or the moderators by name: {'year': 2020} or {'year': [2000, 2020]}."
        raise MetareviewError(_no_table("new data", data), hint) from error


def _no_table(what: str, value: Any) -> str:
    shown = repr(value) if np.isscalar(value) or value is None else f"a {type(value).__name__}"
    return f"The {what} must be a table, and cannot be made of {shown}."


def _blanks(values: pd.Series[Any]) -> list[str]:
    if not (pd.api.types.is_object_dtype(values) or isinstance(values.dtype, pd.StringDtype | pd.CategoricalDtype)):
        return []
    try:
        found = values.cat.categories if isinstance(values.dtype, pd.CategoricalDtype) else pd.unique(values)
    except TypeError:  # lists and the like
        return []
    return [value for value in found if isinstance(value, str) and not value.strip()]


def check_names(**roles: Any) -> None:
    """Raise for an argument that should be the name of a column, or None, and holds the column itself.

    Raises:
        MetareviewError: naming the argument.
    """
    for role, value in roles.items():
        if not (value is None or (isinstance(value, Hashable) and np.ndim(value) == 0)):  # type: ignore[arg-type]
            raise MetareviewError(
                f"{role} must be the name of a column, and is a {type(value).__name__}.",
                f"Put the values into the data, and give their name: data.assign({role}=...), {role}='{role}'.",
            )


def check_columns(frame: pd.DataFrame, names: Iterable[Any]) -> None:
    """Raise unless the frame has each of these columns, once.

    Raises:
        MetareviewError: naming the columns that are not there or there twice.
    """
    wanted, held = set(names), Counter(frame.columns)
    absent = sorted(str(name) for name in wanted if name not in held)
    if absent:
        raise MetareviewError(
            f"The data have no column {', '.join(absent)}.", f"There are: {', '.join(map(str, held))}."
        )
    double = sorted(str(name) for name in wanted if held[name] > 1)
    if double:
        raise MetareviewError(
            f"The data have {held[double[0]]} columns named {double[0]}.",
            "Rename or drop all but the one that is meant.",
        )


def plain(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return the frame with these columns in types a formula knows: objects that are all numbers as numbers, text as text."""
    made = {}
    for name in names:
        values = frame[name]
        if pd.api.types.is_object_dtype(values) and pd.api.types.infer_dtype(values, skipna=True) in NUMBERS:
            made[name] = pd.to_numeric(values.where(values.notna(), np.nan).astype(float))
        elif isinstance(values.dtype, pd.StringDtype):
            made[name] = values.astype(object).where(values.notna(), None)
    return frame.assign(**made) if made else frame


def is_text(values: pd.Series[Any]) -> bool:
    """Whether a column holds text or categories."""
    kind = values.dtype
    if isinstance(kind, pd.StringDtype | pd.CategoricalDtype):
        return True
    return pd.api.types.is_object_dtype(values) and pd.api.types.infer_dtype(values, skipna=True) in (
        "string",
        "mixed",
        "mixed-integer",
    )


def is_time(values: pd.Series[Any]) -> bool:
    """Whether a column holds dates, times or spans of time."""
    if pd.api.types.is_object_dtype(values):
        return pd.api.types.infer_dtype(values, skipna=True) in TIMES
    return values.dtype.kind in "mM" or isinstance(values.dtype, pd.PeriodDtype)


def reads_as_numbers(values: Iterable[Any]) -> bool:
    """Whether all of these are text that reads as a number."""
    texts = list(values)
    if not texts or not all(isinstance(value, str) for value in texts):
        return False
    return bool(pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").notna().all())
