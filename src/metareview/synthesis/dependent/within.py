"""`split_within`: what a moderator says between studies apart from what it says within them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from metareview.errors import MetareviewError
from metareview.synthesis.frames import check_columns, check_names, plain, table


def split_within(data: Any, column: str | Sequence[str], by: str) -> pd.DataFrame:
    """The data with each moderator as its mean in the cluster and the deviation from that mean.

    A slope of effects on a moderator mixes two questions: do studies that have more of it find other effects, and do the effects
    within one study differ with it? Put both new columns in the formula: "yi ~ dose_between + dose_within".

    Arguments:
        data: a frame or what makes one. column: one moderator or several; numbers, truth values or categories (a pair of columns
            for each category but the first, with shares). by: the column of clusters.

    Returns:
        The data with NAME_between and NAME_within; rows without the moderator have neither.

    Raises:
        MetareviewError: a column that is not there or is there already, or a row without a cluster.

    Source: Tanner-Smith & Tipton (2014), Research Synthesis Methods 5, 13-30.
    """
    check_names(by=by)
    if isinstance(column, pd.Series):
        check_names(column=column)
    names = [column] if isinstance(column, str) else list(column)
    index = data.index if isinstance(data, pd.DataFrame) else None
    frame = table(data) if index is None else table(data).set_axis(index)
    check_columns(frame, [*names, by])
    if frame[by].isna().any():
        row = frame.index[frame[by].isna()][0]
        raise MetareviewError(f"Row {row} has no {by}.", "Code it, or leave the row out first.")
    for name in names:
        for part, values in _numeric(plain(frame[[name]], [name])[name]).items():
            frame = _split(frame, str(part), values, by)
    return frame


def _numeric(values: pd.Series[Any]) -> dict[str, pd.Series[Any]]:
    """The moderator itself, or one column of 0 and 1 for each category but the first, by name."""
    name = str(values.name)
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return {name: values.astype(float)}
    words = values.astype(object).where(values.isna(), values.astype(str))
    ordered = list(map(str, values.cat.categories)) if hasattr(values, "cat") else sorted(set(words.dropna()))
    levels = [level for level in ordered if (words == level).any()]
    if len(levels) < 2:
        raise MetareviewError(f"{name} has one category only.", "It cannot moderate anything.")
    return {f"{name}_{level}": (words == level).astype(float).where(values.notna()) for level in levels[1:]}


def _split(frame: pd.DataFrame, name: str, values: pd.Series[Any], by: str) -> pd.DataFrame:
    between, within = f"{name}_between", f"{name}_within"
    taken = [new for new in (between, within) if new in frame]
    if taken:
        raise MetareviewError(f"The data have a column {taken[0]} already.", "Rename it first.")
    mean = values.groupby(frame[by].to_numpy()).transform("mean").where(values.notna())
    return frame.assign(**{between: mean, within: values - mean})
