"""Checks on what is offered to a synthesis: a mistake is told with the label of the effect that has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.linalg

from metareview.errors import MetareviewError
from metareview.synthesis.wls import Floats

SMALLEST, LARGEST = 1e-100, 1e100
COLLINEAR = 1e-10


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

    Raises:
        MetareviewError: no effects, lengths that differ, a value that is not a number, a variance that is not
            positive.
    """
    y, v = _vector(yi, "yi"), _vector(vi, "vi")
    names = _numbers(y.size) if labels is None else tuple(str(x) for x in labels)
    if y.size == 0:
        raise MetareviewError("There are no effects to pool.", "Check the filters that select the effects.")
    if not y.size == v.size == len(names):
        raise MetareviewError(
            f"yi has {y.size} values, vi has {v.size} and labels has {len(names)}.",
            "Give one of each per effect.",
        )
    _check_values(y, v, names)
    return Effects(y, v, names)


@lru_cache(maxsize=8)
def _numbers(k: int) -> tuple[str, ...]:
    return tuple(map(str, range(1, k + 1)))


def _vector(values: Any, name: str) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MetareviewError(f"{name} holds something that is not a number: {error}.") from error
    if array.ndim != 1:
        raise MetareviewError(f"{name} must be one-dimensional, and has shape {array.shape}.")
    return array


def _check_values(yi: Floats, vi: Floats, labels: tuple[str, ...]) -> None:
    if not (yi.max() <= LARGEST and yi.min() >= -LARGEST):  # false where one is nan, too
        bad_y = ~(np.abs(yi) <= LARGEST)
        where = _named(bad_y, yi, labels)
        raise MetareviewError(f"The effect is not a usable number for {where}.", "Correct it or exclude the effect.")
    if not (vi.max() <= LARGEST and vi.min() >= SMALLEST):
        bad_v = ~((vi >= SMALLEST) & (vi <= LARGEST))
        where = _named(bad_v, vi, labels)
        raise MetareviewError(
            f"The sampling variance must be a positive number, and is not for {where}.",
            "Correct it or exclude the effect; an effect without a variance cannot be weighted.",
        )


def _named(bad: Any, values: Floats, labels: tuple[str, ...], limit: int = 5) -> str:
    where = np.flatnonzero(bad)
    text = ", ".join(f"'{labels[i]}' ({values[i]:g})" for i in where[:limit])
    return text if where.size <= limit else f"{text} and {where.size - limit} more"


def check_weights(weights: Any, labels: tuple[str, ...]) -> Floats | None:
    """Return the user's weights as an array of shape (k,), or None for inverse variances.

    Arguments:
        weights: positive numbers, one an effect; "equal"; or None. labels: of the effects, shape (k,).

    Raises:
        MetareviewError: another number of weights, or one that is not a positive number.
    """
    if weights is None:
        return None
    if isinstance(weights, str):
        if weights != "equal":
            raise MetareviewError(f"There are no weights {weights!r}.", "Give numbers, one an effect, or 'equal'.")
        return np.ones(len(labels))
    array = _vector(weights, "weights")
    if array.size != len(labels):
        raise MetareviewError(
            f"There are {array.size} weights for {len(labels)} effects.", "Give one of each per effect."
        )
    bad = ~((array >= SMALLEST) & (array <= LARGEST))
    if bad.any():
        where = _named(bad, array, labels)
        raise MetareviewError(f"A weight must be a positive number, and is not for {where}.", "Leave the effect out.")
    return array


def check_level(level: float) -> float:
    """Return the level of an interval, or say that it must lie between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise MetareviewError(f"level must lie between 0 and 1, and is {level!r}.", "For 95% give 0.95.")
    return float(level)


def check_design(X: Floats, terms: Sequence[str]) -> None:
    """Raise when the columns of X, shape (k, p), cannot be told apart, naming the terms.

    Raises:
        MetareviewError: k <= p, a value that is not finite, or a column that is a combination of earlier
            columns.
    """
    k, p = X.shape
    broken = [terms[j] for j in range(p) if not np.all(np.isfinite(X[:, j]))]
    if broken:
        raise MetareviewError(f"The moderator {', '.join(broken)} has values that are not finite.")
    if k <= p:
        raise MetareviewError(
            f"{k} effects cannot estimate {p} coefficients ({', '.join(terms)}).", "Use fewer moderators."
        )
    norms = np.sqrt(np.sum(X**2, axis=0))
    for j in range(p):
        _check_column(X / np.where(norms > 0, norms, 1.0), j, terms)


def _check_column(X: Floats, j: int, terms: Sequence[str]) -> None:
    column, before = X[:, j], X[:, :j]
    if not np.any(column):
        raise MetareviewError(f"The moderator {terms[j]} is 0 for every effect.", "Leave it out of the formula.")
    if j == 0:
        return
    coefficients = scipy.linalg.lstsq(before, column)[0]
    if np.linalg.norm(column - before @ coefficients) > COLLINEAR:
        return
    if np.ptp(column) <= COLLINEAR * abs(column[0]):
        raise MetareviewError(f"The moderator {terms[j]} is the same for every effect.", "Leave it out of the formula.")
    partners = [terms[i] for i in range(j) if abs(coefficients[i]) > 1e-8]
    raise MetareviewError(
        f"The moderator {terms[j]} is collinear with {', '.join(partners)}.",
        "Their effects cannot be told apart: leave one of them out of the formula.",
    )
