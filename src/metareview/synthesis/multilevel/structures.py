"""Covariance between the levels of an inner factor within an outer one: G(theta) of shape (q, q) and its derivatives.

Names and parameters are those of metafor's `struct`: ID (one variance), DIAG (a variance a level), CS and HCS (compound
symmetry with one and with several variances), AR and HAR (first-order autoregressive over equally spaced levels), CAR
(continuous time) and UN (unstructured). UN is searched for by its Cholesky factor, which keeps G a covariance matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metareview.synthesis.wls import Floats

Gradient = tuple[Floats, Floats]
EDGE = 1.0 - 1e-9


@dataclass(frozen=True)
class Parameter:
    """A parameter that is searched for: its name, what it is, its bounds, and whether it is a diagonal of a Cholesky factor."""

    name: str
    kind: str
    low: float
    high: float
    diagonal: bool = False


@dataclass(frozen=True)
class Structure:
    """One structure for q levels: `value(theta, times)` gives G, shape (q, q), and dG, shape (parameters, q, q)."""

    name: str
    parameters: Callable[[tuple[str, ...]], tuple[Parameter, ...]]
    value: Callable[[Floats, Floats], Gradient]


def _variance(name: str) -> Parameter:
    return Parameter(name, "variance", 0.0, np.inf)


def _one(levels: tuple[str, ...]) -> tuple[Parameter, ...]:
    return (_variance("tau2"),)


def _each(levels: tuple[str, ...]) -> tuple[Parameter, ...]:
    return tuple(_variance(f"tau2[{level}]") for level in levels)


def _lowest(q: int) -> float:
    return -1.0 / (q - 1) if q > 1 else -1.0


def _with_rho(
    first: Callable[[tuple[str, ...]], tuple[Parameter, ...]], kind: str
) -> Callable[..., tuple[Parameter, ...]]:
    def parameters(levels: tuple[str, ...]) -> tuple[Parameter, ...]:
        low = {"CS": _lowest(len(levels)) * EDGE, "AR": -EDGE, "CAR": 0.0}[kind]
        return (*first(levels), Parameter("rho", "correlation", low, EDGE))

    return parameters


def _cholesky(levels: tuple[str, ...]) -> tuple[Parameter, ...]:
    q = len(levels)
    return tuple(
        Parameter(f"L[{levels[i]},{levels[j]}]", "factor", -np.inf, np.inf, i == j)
        for i in range(q)
        for j in range(i + 1)
    )


def _identity(theta: Floats, times: Floats) -> Gradient:
    eye = np.eye(times.size)
    return theta[0] * eye, eye[None]


def _diagonal(theta: Floats, times: Floats) -> Gradient:
    q = times.size
    change = np.zeros((q, q, q))
    change[np.arange(q), np.arange(q), np.arange(q)] = 1.0
    return np.diag(theta), change


def _homogeneous(R: Floats, dR: Floats, theta: Floats) -> Gradient:
    """One variance over a correlation matrix with one parameter."""
    return theta[0] * R, np.array([R, theta[0] * dR])


def _heterogeneous(R: Floats, dR: Floats, theta: Floats) -> Gradient:
    """A variance a level over a correlation matrix with one parameter."""
    q = R.shape[0]
    sd = np.sqrt(theta[:q])
    change = np.zeros((q + 1, q, q))
    safe = np.where(sd > 0, sd, np.inf)
    for i in range(q):
        change[i, i, :] = 0.5 * R[i] * sd / safe[i]
        change[i, :, i] = change[i, i, :]
        change[i, i, i] = 1.0
    change[q] = dR * np.outer(sd, sd)
    return R * np.outer(sd, sd), change


def _compound(rho: float, q: int) -> Gradient:
    return np.where(np.eye(q) > 0, 1.0, rho), 1.0 - np.eye(q)


def _powers(rho: float, times: Floats) -> Gradient:
    gap = np.abs(times[:, None] - times[None, :])
    sign = np.where((rho < 0) & (gap % 2 == 1), -1.0, 1.0)
    base = max(abs(rho), 1e-300)
    R = np.where(gap == 0, 1.0, sign * base**gap)
    return R, np.where(gap == 0, 0.0, gap * R / (base if rho >= 0 else -base))


def _unstructured(theta: Floats, times: Floats) -> Gradient:
    q = times.size
    low = np.tril_indices(q)
    L = np.zeros((q, q))
    L[low] = theta
    change = np.zeros((theta.size, q, q))
    for n, (i, j) in enumerate(zip(*low, strict=True)):
        change[n, i, :] += L[:, j]
        change[n, :, i] += L[:, j]
    return L @ L.T, change


STRUCTURES: dict[str, Structure] = {
    s.name: s
    for s in (
        Structure("ID", _one, _identity),
        Structure("DIAG", _each, _diagonal),
        Structure("CS", _with_rho(_one, "CS"), lambda t, x: _homogeneous(*_compound(t[1], x.size), t)),
        Structure("HCS", _with_rho(_each, "CS"), lambda t, x: _heterogeneous(*_compound(t[-1], x.size), t)),
        Structure("AR", _with_rho(_one, "AR"), lambda t, x: _homogeneous(*_powers(t[1], x), t)),
        Structure("HAR", _with_rho(_each, "AR"), lambda t, x: _heterogeneous(*_powers(t[-1], x), t)),
        Structure("CAR", _with_rho(_one, "CAR"), lambda t, x: _homogeneous(*_powers(t[1], x), t)),
        Structure("UN", _cholesky, _unstructured),
    )
}


def reported(structure: str, theta: Floats, levels: tuple[str, ...]) -> dict[str, float]:
    """The variances and correlations that a reader looks for, by name."""
    if structure != "UN":
        return {p.name: float(t) for p, t in zip(STRUCTURES[structure].parameters(levels), theta, strict=True)}
    G = _unstructured(theta, np.zeros(len(levels)))[0]
    sd = np.sqrt(np.diag(G))
    found = {f"tau2[{level}]": float(G[i, i]) for i, level in enumerate(levels)}
    for i in range(len(levels)):
        for j in range(i):
            both = sd[i] * sd[j]
            found[f"rho[{levels[j]},{levels[i]}]"] = float(G[i, j] / both) if both > 0 else np.nan
    return found
