"""UN with one variance, or one correlation, as a parameter of its own, so that it can be held while the rest is searched for.

G = L L' with L lower triangular is a covariance matrix whatever L is. With a level put first, its variance is the square of
L[0,0] alone; with two levels put first, the second row is s2 (rho, sqrt(1 - rho^2)), and rho is their correlation alone. What is
left of L is free, so that holding the one component leaves every covariance matrix that has it within reach. A third form has the
entries of G themselves, for derivatives only.
"""

from __future__ import annotations

import numpy as np

from metareview.synthesis.multilevel.structures import EDGE, STRUCTURES, Gradient, Parameter, Structure
from metareview.synthesis.wls import Floats

VARIANCE, CORRELATION, ENTRIES = "UN variance", "UN correlation", "UN entries"


def _factors(levels: tuple[str, ...]) -> tuple[Parameter, ...]:
    return STRUCTURES["UN"].parameters(levels)


def _variance_first(levels: tuple[str, ...]) -> tuple[Parameter, ...]:
    return (Parameter(f"tau2[{levels[0]}]", "variance", 0.0, np.inf), *_factors(levels)[1:])


def _correlation_first(levels: tuple[str, ...]) -> tuple[Parameter, ...]:
    one, other = (Parameter(f"tau[{level}]", "factor", 0.0, np.inf) for level in levels[:2])
    rho = Parameter(f"rho[{levels[0]},{levels[1]}]", "correlation", -EDGE, EDGE)
    return (one, rho, other, *_factors(levels)[3:])


def _triangle(theta: Floats, q: int) -> tuple[Floats, Floats]:
    """L, shape (q, q), and its derivative by each of its entries, shape (t, q, q)."""
    low = np.tril_indices(q)
    L, change = np.zeros((q, q)), np.zeros((theta.size, q, q))
    L[low] = theta
    change[np.arange(theta.size), *low] = 1.0
    return L, change


def _squared(L: Floats, change: Floats) -> Gradient:
    half = change @ L.T
    return L @ L.T, half + np.swapaxes(half, 1, 2)


def _of_variance(theta: Floats, times: Floats) -> Gradient:
    L, change = _triangle(theta, times.size)
    L[0, 0] = np.sqrt(theta[0])
    change[0] *= 0.5 / L[0, 0] if theta[0] > 0 else 0.0
    return _squared(L, change)


def _of_correlation(theta: Floats, times: Floats) -> Gradient:
    L, change = _triangle(theta, times.size)
    rho, s2 = theta[1], theta[2]
    rest = np.sqrt(1.0 - rho**2)
    L[1, :2] = s2 * rho, s2 * rest
    change[1, 1, :2] = s2, -s2 * rho / rest
    change[2, 1, :2] = rho, rest
    return _squared(L, change)


def _of_entries(theta: Floats, times: Floats) -> Gradient:
    i, j = np.tril_indices(times.size)
    change = np.zeros((theta.size, times.size, times.size))
    change[np.arange(theta.size), i, j] = change[np.arange(theta.size), j, i] = 1.0
    return np.asarray(np.tensordot(theta, change, 1)), change


FORMS = {
    s.name: s
    for s in (
        Structure(VARIANCE, _variance_first, _of_variance),
        Structure(CORRELATION, _correlation_first, _of_correlation),
        Structure(ENTRIES, _factors, _of_entries),
    )
}
