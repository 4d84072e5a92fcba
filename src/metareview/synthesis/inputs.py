"""Checks on what is offered to a synthesis: a mistake is told with the label of the effect that has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.synthesis.wls import Floats

SMALLEST, LARGEST = 1e-100, 1e100


@dataclass(frozen=True, eq=False)
class Effects:
    """Checked effects: yi and vi of shape (k,), finite, with vi > 0, and one label each."""

    yi: Floats
    vi: Floats
    labels: tuple[str, ...]


def check_effects(yi: Any, vi: Any, labels: Sequence[Any] | None = None) -> Effects:
    """Return the effects as arrays, or say which one cannot be pooled.

    Arguments:
        yi: effects, shape (k,), on the scale they are pooled on (log scale for ratios).
        vi: sampling variances (not standard errors), shape (k,), on the squared scale of yi.
        labels: one a effect; numbers from 1 when None.

    The three are paired by position; an entry that a masked array hides is missing.

    Raises:
        MetareviewError: no effects, lengths that differ, a value that is not a number, a variance that is not
            positive, or series whose indexes hold the same labels in another order.
    """
    y, v = _vector(yi, "yi"), _vector(vi, "vi")
    check_order(yi, vi, "yi", "vi")
    check_order(yi, labels, "yi", "labels")
    names = _numbers(y.size) if labels is None else _named_by(labels)
    if y.size == 0:
        raise MetareviewError("There are no effects to pool.", "Check the filters that select the effects.")
    if not y.size == v.size == len(names):
        lengths = f"yi has {y.size} values, vi has {v.size}" + ("" if labels is None else f", labels has {len(names)}")
        raise MetareviewError(f"{lengths}.", "Give one of each per effect.")
    _check_values(y, v, names)
    return Effects(y, v, names)


@lru_cache(maxsize=8)
def _numbers(k: int) -> tuple[str, ...]:
    return tuple(map(str, range(1, k + 1)))


def _named_by(labels: Any) -> tuple[str, ...]:
    if isinstance(labels, str) or not hasattr(labels, "__iter__"):
        raise MetareviewError(f"labels must be one a effect, and is {labels!r}.", "Give a list of names.")
    return tuple(str(x) for x in labels)


def check_order(one: Any, other: Any, name: str, other_name: str) -> None:
    """Raise when two series, which are paired by position, have indexes with the same labels in another order.

    Raises:
        MetareviewError: naming both.
    """
    if not (hasattr(one, "iloc") and hasattr(other, "iloc")) or one.index.equals(other.index):
        return
    if len(one) == len(other) and Counter(one.index) == Counter(other.index):
        raise MetareviewError(
            f"{name} and {other_name} are paired by position, but their indexes hold the same labels in another order.",
            f"Line them up, as by {other_name}.loc[{name}.index], or give arrays, as by {other_name}.to_numpy().",
        )


def floats(values: Any, name: str) -> Floats:
    """Return numbers as an array, nan where one is missing or masked.

    Raises:
        MetareviewError: text, or something else that is not a number.
    """
    array = values if type(values) is np.ndarray else _array(values, name)
    return array if array.dtype == np.float64 else _as_floats(array, name)


def _vector(values: Any, name: str) -> Floats:
    array = floats(values, name)
    if array.ndim != 1:
        raise MetareviewError(
            f"{name} must be one-dimensional, and has shape {array.shape}.", "Give a list of numbers, or one column."
        )
    return array


def _array(values: Any, name: str) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(values), np.nan, np.ma.getdata(values))
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        raise MetareviewError(
            f"{name} cannot be read as numbers: {str(error).rstrip('.')}.", "Give a list of numbers."
        ) from error


def _as_floats(array: np.ndarray, name: str) -> Floats:
    """The numbers of an array of another type; what is missing becomes nan, and text is never read as a number."""
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    listed = array.ravel().tolist() if array.dtype.kind in "OUST" else []
    text = next((x for x in listed if isinstance(x, str | bytes)), None)
    if text is not None:
        raise MetareviewError(
            f"{name} holds text, such as {text!r}, and must hold numbers.",
            "Convert it first, for example with pd.to_numeric.",
        )
    try:
        if array.dtype.kind != "O":
            raise TypeError(f"it is of type {array.dtype}")
        import pandas as pd

        return np.where(pd.isna(array), np.nan, array).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise MetareviewError(f"{name} holds something that is not a number: {error}.", "Give numbers.") from error


def _check_values(yi: Floats, vi: Floats, labels: tuple[str, ...]) -> None:
    if not (yi.max() <= LARGEST and yi.min() >= -LARGEST):  # false where one is nan, too
        raise _bad_effect(yi, labels)
    if not (vi.max() <= LARGEST and vi.min() >= SMALLEST):
        raise _bad_variance(vi, labels)


def _bad_effect(yi: Floats, labels: tuple[str, ...]) -> MetareviewError:
    if np.isfinite(yi).all():
        where = _named(np.abs(yi) > LARGEST, yi, labels)
        return MetareviewError(
            f"The effect is too large to compute with for {where}.",
            f"Effects lie within {LARGEST:g} of 0: change the unit they are measured in.",
        )
    where = _named(~np.isfinite(yi), yi, labels)
    return MetareviewError(f"The effect is not a usable number for {where}.", "Correct it or exclude the effect.")


def _bad_variance(vi: Floats, labels: tuple[str, ...]) -> MetareviewError:
    unusable = ~((vi > 0) & np.isfinite(vi))
    if unusable.any():
        return MetareviewError(
            f"The sampling variance must be a positive number, and is not for {_named(unusable, vi, labels)}.",
            "Correct it or exclude the effect; an effect without a variance cannot be weighted.",
        )
    large = vi > LARGEST
    bad, what = (large, "large") if large.any() else (vi < SMALLEST, "small")
    return MetareviewError(
        f"The sampling variance is too {what} to compute with for {_named(bad, vi, labels)}.",
        f"Variances lie between {SMALLEST:g} and {LARGEST:g}: change the unit the effects are measured in.",
    )


def _named(bad: Any, values: Floats, labels: Sequence[str], limit: int = 5) -> str:
    where = np.flatnonzero(bad)
    text = ", ".join(f"'{labels[i]}' ({values[i]:g})" for i in where[:limit])
    return text if where.size <= limit else f"{text} and {where.size - limit} more"


def check_weights(weights: Any, labels: Sequence[str], rows: NDArray[np.intp] | None = None) -> Floats | None:
    """Return the user's weights as an array of shape (k,), or None for inverse variances.

    Arguments:
        weights: positive numbers, one an effect; "equal"; or None. labels: of the effects. rows: positions of those that
            are used, shape (k,); all when None.

    Raises:
        MetareviewError: another number of weights, or one that is not a positive number.
    """
    if weights is None:
        return None
    if isinstance(weights, str):
        if weights != "equal":
            raise MetareviewError(f"There are no weights {weights!r}.", "Give numbers, one an effect, or 'equal'.")
        return np.ones(len(labels) if rows is None else rows.size)
    array = _vector(weights, "weights")
    if array.size != len(labels):
        raise MetareviewError(
            f"There are {array.size} weights for {len(labels)} effects.", "Give one of each per effect."
        )
    if rows is not None:
        array, labels = array[rows], [labels[i] for i in rows]
    bad = ~((array >= SMALLEST) & (array <= LARGEST))
    if bad.any():
        where = _named(bad, array, labels)
        raise MetareviewError(f"A weight must be a positive number, and is not for {where}.", "Leave the effect out.")
    return array


def check_level(level: float) -> float:
    """Return the level of an interval, or say that it must be a number between 0 and 1."""
    if not isinstance(level, Real) or not 0.0 < level < 1.0:
        raise MetareviewError(f"level must be a number between 0 and 1, and is {level!r}.", "For 95% give 0.95.")
    return float(level)
