"""The generalised Q statistic, Q(tau2) = sum of (yi - fitted)^2 / (vi + tau2), and where it takes a given
value.

Source: DerSimonian & Kacker (2007), Contemporary Clinical Trials 28, 105-114; Viechtbauer (2007), Statistics
in Medicine 26, 37-52.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from metareview.synthesis import wls
from metareview.synthesis.wls import Floats

MAX_NEWTON = 60
SMALL_STEP, SMALL_CUBIC = 1e-8, 1e-6
Point = tuple[float, float, float]


def q_statistic(tau2: float, yi: Floats, vi: Floats, X: Floats) -> float:
    """Return Q at tau2; at 0 it is Cochran's Q (the residual QE with moderators)."""
    return wls.fit(yi, 1.0 / (vi + tau2), X).rss


def solve_q(
    target: float, yi: Floats, vi: Floats, X: Floats, start: float = 0.0, known: tuple[float, float] | None = None
) -> tuple[float, int]:
    """Return the tau2 >= 0 at which Q equals `target` (0 when Q(0) is already below it) and the iterations
    used.

    1 / Q is increasing and concave in tau2 (Cauchy-Schwarz: (y'PPy)^2 <= y'Py y'PPPy), so Newton's method on it comes
    to the left of the root with its first step and then climbs to it, whatever the start. From the second step on the
    cubic through the last two points with their slopes says how far beyond Newton's point the root is. With d
    and e the relative sizes of a step and the one before, what is left is of the order d^2 after Newton's, (de)^2 after the
    cubic's.

    Arguments:
        target: positive. yi, vi: shape (k,). X: shape (k, p). start: where to begin; the root does not depend on it.
        known: y'Py and y'PPy there, where they are known.
    """
    t, before, last = max(start, 0.0), None, math.inf
    for iteration in range(1, MAX_NEWTON + 1):
        q, slope = known or wls.quadratic(yi, np.reciprocal(vi + t), X)
        known = None
        if t == 0.0 and q <= target:
            return 0.0, iteration - 1
        if slope <= 0.0:
            t, before = 0.0, None
            continue
        here = (t, 1.0 / q, q * q / slope)
        newton = (1.0 / target - here[1]) * here[2]
        cubic = math.nan if before is None else _cubic(before, here, 1.0 / target) - t
        further = newton <= cubic <= newton + abs(newton)
        step = cubic if further else newton
        t, before = max(t + step, 0.0), here
        if abs(step) <= SMALL_STEP * t or (further and abs(step) * last <= SMALL_CUBIC * t * t):
            return t, iteration
        last = abs(step)
    return _bracketed(target, yi, vi, X)


def _cubic(a: Point, b: Point, x: float) -> float:
    """Return the cubic through two points with their slopes, each (value, place, slope), at the place x."""
    h = b[1] - a[1]
    if h == 0.0:
        return math.nan
    s = (x - a[1]) / h
    r = s - 1.0
    return r * r * ((1.0 + 2.0 * s) * a[0] + s * h * a[2]) + s * s * ((1.0 - 2.0 * r) * b[0] + r * h * b[2])


def _bracketed(target: float, yi: Floats, vi: Floats, X: Floats) -> tuple[float, int]:
    """Return the same by Brent's method: Q(tau2) <= RSS / tau2, so RSS / target bounds the root from above."""
    top = 1.0001 * wls.fit(yi, np.ones_like(vi), X).rss / target
    root, report = brentq(
        lambda t: q_statistic(t, yi, vi, X) - target,
        0.0,
        top,
        xtol=1e-18 * top,
        rtol=1e-15,
        maxiter=500,
        full_output=True,
    )
    return float(root), MAX_NEWTON + int(report.iterations)
