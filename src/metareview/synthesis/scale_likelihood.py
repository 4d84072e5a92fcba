"""The likelihood of a location-scale model in its scale coefficients, and its maximum.

The variance of effect i is s_i = v_i + t_i with t = exp(Z alpha) or Z alpha, and the location coefficients are profiled
out. With P = W - WX(X'WX)^-1 X'W, the derivatives in s are (Py)_i^2 / 2 - P_ii / 2 and P_ij^2 / 2 - (Py)_i P_ij (Py)_j
(W for P in the traces of ML), and all sums with P follow from an orthonormal basis in time linear in k.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy import optimize

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.wls import Fit, Floats

MAX_STEPS = 200
FLAT, GONE = 1e-8, 1e-15


@dataclass(frozen=True, eq=False)
class Problem:
    """yi, vi of shape (k,), X of shape (k, p), Z of shape (k, q); REML or ML; log or identity link."""

    y: Floats
    v: Floats
    X: Floats
    Z: Floats
    restricted: bool
    log: bool

    def tau2(self, alpha: Floats) -> Floats:
        """Return the between-study variance of each effect, shape (k,)."""
        eta = self.Z @ alpha
        return np.asarray(np.exp(np.minimum(eta, 200.0)) if self.log else np.maximum(eta, 0.0))


@dataclass(frozen=True, eq=False)
class Point:
    """The log-likelihood at alpha with its gradient (q,), Hessian (q, q), expected information (q, q) and the fit."""

    alpha: Floats
    value: float
    gradient: Floats
    hessian: Floats
    expected: Floats
    fit: Fit


@dataclass(frozen=True, eq=False)
class Optimum:
    """A maximum: where, whether Newton settled, whether it lies on the edge tau2 = 0 or the likelihood is flat there."""

    point: Point
    converged: bool
    edge: bool
    flat: bool
    iterations: int


def evaluate(m: Problem, alpha: Floats) -> Point:
    """Return the log-likelihood at alpha, constants included, and its derivatives."""
    t = m.tau2(alpha)
    f = wls.fit(m.y, 1.0 / (m.v + t), m.X)
    k, p = m.X.shape
    r, u = f.w * f.resid, np.sqrt(f.w)[:, None] * f.basis
    lever = np.einsum("kp,kp->k", u, u)
    d = 0.5 * r**2 - 0.5 * (f.w * f.free if m.restricted else f.w)
    J = (t if m.log else np.ones(k))[:, None] * m.Z
    rJ = r[:, None] * J
    pull = rJ.T @ (f.w[:, None] * rJ) - (u.T @ rJ).T @ (u.T @ rJ)
    if m.restricted:
        cross = np.einsum("ka,kb,kq->abq", u, u, J).reshape(p * p, -1)
        expected = 0.5 * (J.T @ ((f.w**2 - 2.0 * f.w * lever)[:, None] * J) + cross.T @ cross)
    else:
        expected = 0.5 * J.T @ (f.w[:, None] ** 2 * J)
    curved = m.Z.T @ ((d * t)[:, None] * m.Z) if m.log else 0.0
    value = 0.5 * float(np.sum(np.log(f.w))) - 0.5 * f.rss - 0.5 * (k - p * m.restricted) * math.log(2.0 * math.pi)
    if m.restricted:
        value += 0.5 * float(np.linalg.slogdet(f.cov)[1] + np.linalg.slogdet(m.X.T @ m.X)[1])
    return Point(alpha, value, J.T @ d, expected - pull + curved, expected, f)


def maximise(m: Problem, tau2: float) -> Optimum:
    """Return the highest maximum found from several starts.

    Arguments:
        m: the problem; the columns of Z on one scale. tau2: a common between-study variance to start from.

    Raises:
        MetareviewError: identity link with a scale design that no coefficients make positive for every effect.
    """
    if m.log:
        found = [_climb(m, start) for start in _starts(m, tau2)]
    else:
        found = [_inside(m, tau2, barrier) for barrier in (0.1, 1e-4)]
    return max(found, key=lambda o: (round(o.point.value, 9), o.converged))


def _starts(m: Problem, tau2: float) -> list[Floats]:
    """Return alpha for one tau2 everywhere at several heights, for slopes of either sign, and for the squared residuals.

    The likelihood of a log scale has several maxima more often than not when effects are few.
    """
    k, q = m.Z.shape
    typical = max(tau2, 0.05 * float(np.median(m.v)))
    resid = wls.fit(m.y, 1.0 / (m.v + tau2), m.X).resid
    level = np.linalg.lstsq(m.Z, np.full(k, math.log(typical)), rcond=None)[0]
    spread = np.log(np.maximum(resid**2 - m.v, 0.05 * typical))
    heights = [np.linalg.lstsq(m.Z, np.full(k, math.log(typical * h)), rcond=None)[0] for h in (0.1, 10.0)]
    slopes = [level + size * np.eye(q)[j] for j in range(1, q) for size in (-3.0, -1.5, 1.5, 3.0)]
    return [level, *heights, np.linalg.lstsq(m.Z, spread, rcond=None)[0], *slopes]


def _direction(gradient: Floats, hessian: Floats, expected: Floats) -> Floats:
    """Return Newton's step where the likelihood is concave, else that of the expected information."""
    for matrix in (-hessian, expected, expected + np.eye(len(gradient)) * (1e-12 + np.trace(expected))):
        try:
            return np.asarray(scipy.linalg.cho_solve(scipy.linalg.cho_factor(matrix), gradient))
        except (scipy.linalg.LinAlgError, ValueError):
            continue
    return gradient


def _climb(m: Problem, alpha: Floats) -> Optimum:
    """Newton with halving; ends when the step is nothing beside the standard errors, or the likelihood has gone flat."""
    at = evaluate(m, alpha)
    for iteration in range(1, MAX_STEPS + 1):
        step = _direction(at.gradient, at.hessian, at.expected)
        step *= min(1.0, 3.0 / float(np.max(np.abs(m.Z @ step)) or 1.0))
        new = evaluate(m, at.alpha + step)
        for _ in range(40):
            if new.value >= at.value - 1e-12 * abs(at.value):
                break
            step = 0.5 * step
            new = evaluate(m, at.alpha + step)
        at = new
        known = _information(at)
        gain = float(at.gradient @ _direction(at.gradient, at.hessian, at.expected))
        still = float(np.max(np.abs(step))) <= 1e-11 * (1.0 + float(np.max(np.abs(at.alpha))))
        if still or (known < GONE and abs(gain) < GONE * at.fit.w.size):
            return Optimum(at, True, edge=False, flat=known < FLAT, iterations=iteration)
    return Optimum(at, abs(gain) < 1e-10, edge=False, flat=_information(at) < FLAT, iterations=MAX_STEPS)


def _information(at: Point) -> float:
    """Return the least expected information an effect gives in any direction of the scale (Z on one scale)."""
    return float(np.linalg.eigvalsh(at.expected)[0]) / at.fit.w.size


def _inside(m: Problem, tau2: float, barrier: float) -> Optimum:
    """Identity link: climb inside Z alpha > 0 with a vanishing barrier, then polish on the edge that was reached."""
    alpha = _feasible(m, tau2)
    iterations = 0
    while barrier > 1e-10:
        alpha, count = _barrier(m, alpha, barrier)
        barrier, iterations = 0.2 * barrier, iterations + count
    slack = m.Z @ alpha
    near = slack < 1e-5 * (float(np.median(m.v)) + float(slack.max()))
    for edge in (np.zeros_like(near), near):
        at, settled = _polish(m, alpha, edge)
        held = not edge.any() or _pushes(m, at, edge)
        if settled and held and float(np.min(m.Z @ at.alpha)) >= -1e-12 * float(slack.max()):
            return Optimum(at, True, edge=bool(edge.any()), flat=False, iterations=iterations)
    return Optimum(evaluate(m, alpha), False, edge=bool(near.any()), flat=False, iterations=iterations)


def _feasible(m: Problem, tau2: float) -> Floats:
    """Return alpha with Z alpha positive: one tau2 everywhere where Z can give it, else what leaves most room."""
    target = np.full(m.y.size, max(tau2, 0.05 * float(np.median(m.v))))
    alpha = np.asarray(np.linalg.lstsq(m.Z, target, rcond=None)[0])
    if float(np.min(m.Z @ alpha)) > 0.1 * target[0]:
        return alpha
    k, q = m.Z.shape
    room = optimize.linprog(
        np.append(np.zeros(q), -1.0),
        A_ub=np.column_stack([-m.Z, np.ones(k)]),
        b_ub=np.zeros(k),
        bounds=[(-1.0, 1.0)] * q + [(None, 1.0)],
    )
    found: Any = room.x
    if not (room.success and found[-1] > 1e-9):
        raise MetareviewError(
            "No scale coefficients make tau2 positive for every effect.",
            'Add an intercept to the scale, or use link="log".',
        )
    alpha = np.asarray(found[:-1])
    return alpha * target[0] / max(float(np.median(m.Z @ alpha)), 1e-12)


def _barrier(m: Problem, alpha: Floats, weight: float) -> tuple[Floats, int]:
    """Maximise the log-likelihood plus weight times the mean log of Z alpha."""

    def height(a: Floats) -> float:
        slack = m.Z @ a
        return evaluate(m, a).value + weight * float(np.mean(np.log(slack))) if np.all(slack > 0) else -math.inf

    count = 0
    while count < 50:
        count += 1
        at, inverse = evaluate(m, alpha), m.Z / (m.Z @ alpha)[:, None]
        bend = weight / m.y.size * inverse.T @ inverse
        slope = at.gradient + weight * inverse.mean(axis=0)
        step = _direction(slope, at.hessian - bend, at.expected + bend)
        now = height(alpha)
        while height(alpha + step) < now and float(np.max(np.abs(step))) > 1e-14 * float(np.max(np.abs(alpha))):
            step = 0.5 * step
        alpha = alpha + step if height(alpha + step) >= now else alpha
        if float(np.max(np.abs(step))) <= 1e-9 * float(np.max(np.abs(alpha))):
            break
    return alpha, count


def _polish(m: Problem, alpha: Floats, edge: NDArray[np.bool_]) -> tuple[Point, bool]:
    """Newton in the space where the effects on the edge have tau2 = 0."""
    N = scipy.linalg.null_space(m.Z[edge], rcond=1e-10) if edge.any() else np.eye(m.Z.shape[1])
    free = N.T @ alpha
    if N.shape[1] == 0:
        return evaluate(m, np.zeros_like(alpha)), True
    for _ in range(50):
        at = evaluate(m, N @ free)
        step = _direction(N.T @ at.gradient, N.T @ at.hessian @ N, N.T @ at.expected @ N)
        free = free + step
        if float(np.min(m.Z @ (N @ free))) < -1e-3 * (float(np.median(m.v)) + float(np.max(m.Z @ alpha))):
            return at, False
        if float(np.max(np.abs(step))) <= 1e-12 * max(float(np.max(np.abs(free))), 1e-300):
            return evaluate(m, N @ free), True
    return at, False


def _pushes(m: Problem, at: Point, edge: NDArray[np.bool_]) -> bool:
    """Return whether the likelihood falls inward from every effect on the edge (its multipliers are not negative)."""
    rows = m.Z[edge]
    scale = float(np.linalg.norm(at.gradient)) or 1.0
    return bool(optimize.nnls(rows.T, -at.gradient / scale)[1] < 1e-6)
