"""The generalised Q statistic, Q(tau2) = sum of (yi - fitted)^2 / (vi + tau2), and where it takes a given
value.

Source: DerSimonian & Kacker (2007), Contemporary Clinical Trials 28, 105-114; Viechtbauer (2007), Statistics
in Medicine 26, 37-52.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from metareview.synthesis import wls
from metareview.synthesis.wls import Floats

MAX_NEWTON = 60
SMALL_STEP = 1e-8


def q_statistic(tau2: float, yi: Floats, vi: Floats, X: Floats) -> float:
    """Return Q at tau2; at 0 it is Cochran's Q (the residual QE with moderators)."""
    return wls.fit(yi, 1.0 / (vi + tau2), X).rss


def solve_q(target: float, yi: Floats, vi: Floats, X: Floats, start: float = 0.0) -> tuple[float, int]:
    """Return the tau2 >= 0 at which Q equals `target` (0 when Q(0) is already below it) and the iterations
    used.

    1 / Q is increasing and concave in tau2 (Cauchy-Schwarz: (y'PPy)^2 <= y'Py y'PPPy), so Newton's method on it comes
    to the left of the root with its first step and then climbs to it, whatever the start. Its error after a step of
    relative size d is of the order d^2, so a step below `SMALL_STEP` is the last.

    Arguments:
        target: positive. yi, vi: shape (k,). X: shape (k, p). start: where to begin; the root does not depend on it.
    """
    t = max(start, 0.0)
    for iteration in range(1, MAX_NEWTON + 1):
        q, slope = _value_and_slope(t, yi, vi, X)
        if t == 0.0 and q <= target:
            return 0.0, iteration - 1
        step = q / target * (q - target) / slope if slope > 0.0 else -t
        t = max(t + step, 0.0)
        if abs(step) <= SMALL_STEP * t:
            return t, iteration
    return _bracketed(target, yi, vi, X)


def _value_and_slope(t: float, yi: Floats, vi: Floats, X: Floats) -> tuple[float, float]:
    """Return Q(t) = y'Py and -Q'(t) = y'PPy."""
    f = wls.fit(yi, np.reciprocal(vi + t), X)
    u = f.w * f.resid
    return float(u.dot(f.resid)), float(u.dot(u))


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
