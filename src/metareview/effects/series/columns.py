"""Reading the columns of a series or panel: every value is there, is a number and is possible, or the error says where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.measure import Floats, Mask
from metareview.errors import MetareviewError


def check_columns(data: pd.DataFrame, names: Sequence[str | None]) -> None:
    """Refuse an empty table and a column that is not in it."""
    for name in names:
        if name is not None and name not in data.columns:
            raise MetareviewError(
                f"The data have no column {name!r}.", f"Columns: {', '.join(map(str, data.columns))}."
            )
    if data.empty:
        raise MetareviewError("The data have no rows.")


def numbers(data: pd.DataFrame, name: str, keys: Sequence[str], *, missing: bool = False) -> Floats:
    """A column as numbers, shape (n,); a text or missing value is an error that names the row by its `keys`."""
    values = pd.to_numeric(data[name], errors="coerce").to_numpy(dtype=float)
    absent = data[name].isna().to_numpy()
    refuse(data, name, keys, absent & (not missing), lambda _: "is missing")
    refuse(data, name, keys, ~np.isfinite(values) & ~absent, lambda v: f"{v!r} is not a number")
    return values


def whole(data: pd.DataFrame, name: str, keys: Sequence[str], *, missing: bool = False) -> Floats:
    """A column of whole numbers, such as periods counted 1, 2, 3, ..."""
    values = numbers(data, name, keys, missing=missing)
    odd = ~np.isnan(values) & (values != np.round(values))
    refuse(data, name, keys, odd, lambda v: f"{v!r} is not a whole number", "Count the periods 1, 2, 3, ...")
    return values


def counts(data: pd.DataFrame, name: str, keys: Sequence[str]) -> Floats:
    """A column of counts: 0 or more (sums of weighted counts need not be whole)."""
    values = numbers(data, name, keys)
    refuse(data, name, keys, values < 0, lambda v: f"{v!r} is negative; counts are 0 or more")
    return values


def zero_one(data: pd.DataFrame, name: str, keys: Sequence[str]) -> Floats:
    """A column of 0 and 1."""
    values = numbers(data, name, keys)
    refuse(data, name, keys, ~np.isin(values, (0, 1)), lambda v: f"{v!r} is neither 0 nor 1")
    return values


def present(data: pd.DataFrame, name: str, keys: Sequence[str]) -> None:
    """Refuse missing values in a column of any kind."""
    refuse(data, name, keys, data[name].isna().to_numpy(), lambda _: "is missing")


def exposures(data: pd.DataFrame, name: str, keys: Sequence[str]) -> Floats:
    """A column of positive exposures."""
    values = numbers(data, name, keys)
    refuse(data, name, keys, values <= 0, lambda v: f"{v!r} is not above 0; leave out what was not observed")
    return values


def log_exposure(data: pd.DataFrame, name: str | None, keys: Sequence[str]) -> Floats:
    """Logs of a column of positive exposures; zeros without one."""
    if name is None:
        return np.zeros(len(data))
    return np.asarray(np.log(exposures(data, name, keys)))


def refuse(
    data: pd.DataFrame, name: str, keys: Sequence[str], bad: Mask, say: Callable[[Any], str], hint: str = ""
) -> None:
    """Raise for the first row of `bad`, told by its keys: area 'A', period 3, column 'count': ... ."""
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        where = [f"{key} {_shown(data[key].iloc[row])}" for key in keys if key != name]
        where = where or [f"row {_shown(data.index[row])}"]
        rest = f" ({int(bad.sum())} such rows)" if bad.sum() > 1 else ""
        told = ", ".join([*where, f"column {name!r}"])
        raise MetareviewError(f"{told[0].upper()}{told[1:]}: {say(plain(data[name].iloc[row]))}{rest}.", hint)


def plain(value: Any) -> Any:
    """A value as Python shows it, without the type numpy gives it."""
    return value.item() if isinstance(value, np.generic) else value


def _shown(value: Any) -> str:
    value = plain(value)
    return f"{value:g}" if isinstance(value, float) else repr(value)
