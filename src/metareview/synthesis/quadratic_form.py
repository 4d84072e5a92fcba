"""The exact distribution of the generalised Q with fixed weights, under normal effects.

With M = I - UU' (U an orthonormal basis of A^(1/2)X) and D = diag(a_i (vi + tau2)), Q = y'A^(1/2) M A^(1/2)y is a sum
of chi-squared variables weighted by the eigenvalues of D^(1/2) M D^(1/2). None of them is computed: by the matrix
determinant lemma the cumulant function is K(s) = -1/2 [sum log(1 - 2 s d_i) + log |U' diag(1 / (1 - 2 s d_i)) U|],
which costs O(k p^2). The tail is the integral of exp(K(s) - s q) / s along a contour through the saddle point, bent as
the steepest descent is; the trapezoidal rule in u, with y = width * sinh(u), converges geometrically.

Source: Jackson (2013), Research Synthesis Methods 4, 220-229 (the distribution); Rice (1980), SIAM J. Scientific and
Statistical Computing 1, 438-448 (the contour).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import minimize_scalar

from metareview.errors import MetareviewError
from metareview.synthesis.wls import Fit, Floats

REACH = 40.0  # the integrand is negligible where its exponent is this far below that at the saddle point
PRECISION = 1e-12
ROUNDING = 1e-9  # what is accepted when more nodes no longer help
MAX_NODES = 4096
CHUNK = 200_000


class NotComputableError(MetareviewError):
    """The distribution cannot be computed to the precision that is asked of it."""


@dataclass(frozen=True, eq=False)
class Form:
    """A quadratic form with d of shape (k,), all positive, and U of shape (k, p); `top` bounds its eigenvalues."""

    d: Floats
    basis: Floats
    top: float

    @cached_property
    def pairs(self) -> Floats:
        """Return the products of the columns of U, shape (k, p * p)."""
        k, p = self.basis.shape
        return np.asarray((self.basis[:, :, None] * self.basis[:, None, :]).reshape(k, p * p))

    def cumulant(self, s: Floats) -> Floats:
        """Return K at g real points s < 1 / (2 * largest eigenvalue), shape (g,)."""
        inside = 1.0 - 2.0 * np.multiply.outer(s, self.d)
        p = self.basis.shape[1]
        small = ((1.0 / inside) @ self.pairs).reshape(-1, p, p)
        return np.asarray(-0.5 * (np.sum(np.log(np.abs(inside)), axis=-1) + np.linalg.slogdet(small)[1]))

    def complex_cumulant(self, s: np.ndarray) -> np.ndarray:
        """Return K at g points of the upper half plane, shape (g,), on its continuous branch.

        There the small matrix has a positive definite imaginary part, so that each of its eigenvalues lies in the
        upper half plane and the sum of their principal logarithms is the continuous logarithm of the determinant.
        """
        rows = max(1, CHUNK // self.d.size)
        return np.concatenate([self._complex_chunk(s[at : at + rows]) for at in range(0, s.size, rows)])

    def _complex_chunk(self, s: np.ndarray) -> np.ndarray:
        # 1 - 2 s d = a - bi in real parts, which NumPy is several times faster with
        a, b = 1.0 - np.multiply.outer(2.0 * s.real, self.d), np.multiply.outer(2.0 * s.imag, self.d)
        size = a * a + b * b
        p = self.basis.shape[1]
        matrices = ((a / size) @ self.pairs + 1j * ((b / size) @ self.pairs)).reshape(-1, p, p)
        small = np.log(matrices[:, 0, 0]) if p == 1 else np.sum(np.log(np.linalg.eigvals(matrices)), axis=-1)
        return np.asarray(
            -0.25 * np.sum(np.log(size), axis=-1) + 0.5j * np.sum(np.arctan2(b, a), axis=-1) - 0.5 * small
        )


def form(f: Fit, variances: Floats) -> Form:
    """Return the form of a fit with fixed weights whose effects have these total variances, shape (k,)."""
    d = f.w * variances
    return Form(d, f.basis, _largest(d, f.basis))


def _largest(d: Floats, basis: Floats) -> float:
    """Return a tight upper bound on the largest eigenvalue, by bisection between d_(p+1) and d_(1).

    It lies there by interlacing. By the inertia of Schur complements, a trial value exceeds it when as many
    eigenvalues of U' diag(1 / (value - d)) U are negative as there are entries of d above the value.
    """
    p = basis.shape[1]
    ordered = np.partition(d, [d.size - p - 1, d.size - 1])
    low, high = float(ordered[d.size - p - 1]), float(ordered[-1]) * (1.0 + 1e-12)
    for _ in range(60):
        if high <= 1.001 * low:
            break
        middle = math.sqrt(low * high)
        gap = middle - d
        if np.any(gap == 0.0):
            middle *= 1.0 + 1e-9
            gap = middle - d
        small = basis.T @ (basis / gap[:, None])
        negative = int(np.sum(np.linalg.eigvalsh(small) < 0.0))
        low, high = (low, middle) if negative >= int(np.sum(gap < 0.0)) else (middle, high)
    return high


def upper_tail(q: float, form: Form) -> float:
    """Return P(Q > q), to about 12 digits of the smaller of the two tails."""
    return tails(q, form)[1]


def tails(q: float, form: Form) -> tuple[float, float]:
    """Return (P(Q <= q), P(Q > q)); the smaller is computed, the other is its complement."""
    if q <= 0.0:
        return 0.0, 1.0
    mean = float(np.sum(form.d * (1.0 - np.sum(form.basis**2, axis=1))))
    if q > mean:
        upper = _integral(q, form, 1.0)
        return 1.0 - upper, upper
    lower = _integral(q, form, -1.0)
    return lower, 1.0 - lower


def _integral(q: float, form: Form, side: float) -> float:
    path = _saddle(q, form, side)
    for _ in range(12):
        edge = _edge(q, form, path)
        if math.isfinite(edge):
            break
        path = replace(path, bend=path.bend / 4.0)
    value, change, nodes = math.nan, math.inf, 16
    step = math.asinh(edge / path.width) / nodes
    total = _sum(q, form, path, step * np.arange(nodes + 1.0))
    while nodes <= MAX_NODES and not change <= PRECISION * abs(value):
        last, value = value, step * total
        change, nodes = abs(value - last), 2 * nodes
        step /= 2.0
        total += _sum(q, form, path, step * np.arange(1.0, nodes, 2.0))
    if change <= ROUNDING * abs(value):
        return min(max(side * math.exp(path.height) * value / math.pi, 0.0), 1.0)
    raise NotComputableError(
        "The distribution of the generalised Q cannot be computed for these variances and weights.",
        "Choose another interval or estimator of tau2, such as the Q-profile interval.",
    )


def _edge(q: float, form: Form, path: _Path) -> float:
    """Return the y beyond which the integrand is negligible; inf when it does not fall all the way.

    The bend that suits the saddle point may run over its own ridge further out; on the straight line it never does.
    """
    before = math.inf
    for at in range(0, 80, 8):
        y = path.width * 2.0 ** (0.5 * np.arange(at, at + 8.0))
        s = path.at(y)
        fall = (form.complex_cumulant(s) - q * s).real - path.height
        below = np.flatnonzero(fall < -REACH)
        seen = fall[: below[0] + 1] if below.size else fall
        if np.any(np.diff(seen, prepend=before) >= 0.0):
            return math.inf
        if below.size:
            return float(y[below[0]])
        before = float(fall[-1])
    return math.inf


def _sum(q: float, form: Form, path: _Path, u: Floats) -> float:
    """Return the sum of the integrand at these u, that at u = 0 counted by half."""
    y = path.width * np.sinh(u)
    s = path.at(y)
    value = np.exp(form.complex_cumulant(s) - q * s - path.height) / s
    value *= (1.0 - 2j * path.bend * y) * path.width * np.cosh(u)
    return float(np.sum(np.where(u == 0.0, 0.5, 1.0) * value.real))


@dataclass(frozen=True)
class _Path:
    """The contour s = c + bend y^2 + iy; the exponent at c without log|s|, and the scale of y."""

    c: float
    height: float
    width: float
    bend: float

    def at(self, y: Floats) -> np.ndarray:
        return np.asarray(self.c + self.bend * y**2 + 1j * np.maximum(y, 1e-300))


def _saddle(q: float, form: Form, side: float) -> _Path:
    """Return the path through the point on one side of 0 where the real exponent K(s) - s q - log|s| is least."""

    def exponent(s: Floats) -> Floats:
        return form.cumulant(s) - q * s - np.log(np.abs(s))

    edge = 0.5 / form.top
    if side > 0:
        place = minimize_scalar(
            lambda x: float(exponent(np.array([edge * x]))[0]),
            bounds=(1e-9, 1.0 - 1e-9),
            method="bounded",
            options={"xatol": 1e-3},
        )
        c = edge * float(place.x)
        room = min(c, edge - c)
    else:
        start = math.log(form.d.size / q)
        place = minimize_scalar(
            lambda x: float(exponent(np.array([-math.exp(x)]))[0]), bracket=(start - 1.0, start + 1.0), tol=1e-3
        )
        c = -math.exp(float(place.x))
        room = -c
    h = 0.05 * room
    e = exponent(c + h * np.arange(-2.0, 3.0))
    second = max(float(e[1] - 2.0 * e[2] + e[3]) / h**2, 1e-6 / room**2)
    third = float(e[4] - 2.0 * e[3] + 2.0 * e[1] - e[0]) / (2.0 * h**3)
    # near the saddle point the pole bends the path as well; further out the cumulant function does alone
    bends = third / (6.0 * second), (third + 2.0 / c**3) / (6.0 * max(second - 1.0 / c**2, 1e-6 / room**2))
    bend = min(max(min(bends), 0.02 / room), 2.0 / room)
    return _Path(c, float(e[2] + math.log(abs(c))), 1.0 / math.sqrt(second), bend)
