"""Whether the columns of a design can be told apart, and which of them only just."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.linalg

from metareview.errors import MetareviewError
from metareview.synthesis.wls import Floats

COLLINEAR = 1e-10
ROUNDING = 1e-6
NEARLY = 1e-3
_NATURAL = re.compile(r"^(c[rcs])\((.*)\)\[\d+\]$")


def check_design(X: Floats, terms: Sequence[str]) -> None:
    """Raise when the columns of X, shape (k, p), cannot be told apart, naming the terms.

    A column is a combination of earlier ones when they leave less than 1e-6 of its spread: the covariance of the
    coefficients would have no digits left.

    Raises:
        MetareviewError: k <= p, a value that is not finite, or a column that is a combination of earlier
            columns.
    """
    k, p = X.shape
    broken = [terms[j] for j in range(p) if not np.all(np.isfinite(X[:, j]))]
    if broken:
        raise MetareviewError(
            f"The moderator {', '.join(broken)} has values that are not finite.",
            "The logarithm of 0 or less is not; correct the values or leave the rows out.",
        )
    if k <= p:
        raise _too_few(k, terms)
    R, spread = _triangle(X)
    for j in range(p):
        _check_column(X[:, j], R, spread, j, terms)


def _too_few(k: int, terms: Sequence[str]) -> MetareviewError:
    p = len(terms)
    if p == 1:
        return MetareviewError(
            f"A model needs at least two effects, and there {'is one' if k == 1 else 'are none'}.",
            "`pool` shows a single effect with its own interval.",
        )
    effects = f"{k} effect{'' if k == 1 else 's'}"
    return MetareviewError(
        f"{effects} cannot estimate {p} coefficients ({', '.join(terms)}).",
        f"Use fewer moderators, or more effects: at least {p + 1}.",
    )


def _triangle(X: Floats) -> tuple[Floats, Floats]:
    """Return R, shape (m, p), with the geometry of the columns of X at unit length, and how far each strays from its mean.

    Where no combination of the columns is constant there is no mean to stray from, and the spread is 1.
    """
    norms = np.sqrt(np.sum(X**2, axis=0))
    whole = np.column_stack([np.full(len(X), len(X) ** -0.5), X / np.where(norms > 0, norms, 1.0)])
    R = np.asarray(np.linalg.qr(whole, mode="r"))
    rest = R[:, 0] - R[:, 1:] @ scipy.linalg.lstsq(R[:, 1:], R[:, 0])[0]
    constant = np.linalg.norm(rest) < COLLINEAR
    return R[:, 1:], np.linalg.norm(R[1:, 1:], axis=0) if constant else np.ones(X.shape[1])


def _check_column(column: Floats, R: Floats, spread: Floats, j: int, terms: Sequence[str]) -> None:
    if not np.any(column):
        raise MetareviewError(f"The moderator {terms[j]} is 0 for every effect.", "Leave it out of the formula.")
    if j == 0:
        return
    coefficients = scipy.linalg.lstsq(R[:, :j], R[:, j])[0]
    left = np.linalg.norm(R[:, j] - R[:, :j] @ coefficients)
    if left > COLLINEAR and left > ROUNDING * spread[j]:
        return
    if np.ptp(column) <= COLLINEAR * abs(column[0]):
        raise MetareviewError(f"The moderator {terms[j]} is the same for every effect.", "Leave it out of the formula.")
    partners = [terms[i] for i in range(j) if abs(coefficients[i]) > 1e-8]
    raise MetareviewError(f"The moderator {terms[j]} is collinear with {', '.join(partners)}.", _remedy(terms[j]))


def _remedy(term: str) -> str:
    spline = _NATURAL.match(term)
    if spline:
        return (
            f"A spline by {spline[1]}() holds the intercept already: write {spline[1]}({spline[2]}, constraints='center'), "
            "or begin the right side with 0 +."
        )
    return "Their effects cannot be told apart: leave one of them out of the formula."


def nearly(X: Floats, blocks: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    """Return a sentence on the terms of which the others leave less than a thousandth of the variance; none as a rule.

    Arguments:
        X: a full-rank design, shape (k, p). blocks: the columns of each term.
    """
    R, spread = _triangle(X)
    found = {}
    for term, columns in blocks.items():
        others = np.setdiff1d(np.arange(X.shape[1]), columns)
        if others.size == 0 or np.min(spread[list(columns)]) < COLLINEAR:  # the intercept
            continue
        own = R[:, list(columns)]
        left = np.linalg.norm(own - R[:, others] @ scipy.linalg.lstsq(R[:, others], own)[0], axis=0)
        share = float(np.min(left / spread[list(columns)])) ** 2
        if share < NEARLY:
            found[term] = 1.0 / share
    if not found:
        return ()
    return (
        f"Nearly collinear: {', '.join(found)} (variance inflated up to {max(found.values()):.2g} times). Their effects can "
        "hardly be told apart: leave one out, or center() what is multiplied.",
    )
