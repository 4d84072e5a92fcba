"""The global maximum of the (restricted) likelihood of tau2 over tau2 >= 0, to machine precision.

The likelihood can have more than one local maximum when sampling variances differ by orders of magnitude, so
a climb from one start is not enough. All stationary points lie below a bound that follows from the data; the
sign of the score on a grid below it brackets every local maximum, Newton's method kept inside its
bracket polishes each, and the highest wins, 0 included.
"""

from __future__ import annotations

import math

import numpy as np

from metareview.synthesis import wls
from metareview.synthesis.wls import Floats

CHUNK = 16_384
MAX_NEWTON = 200
SMALL_STEP = 1e-9


def log_likelihood(tau2: float, yi: Floats, vi: Floats, X: Floats, *, restricted: bool) -> float:
    """Return the (restricted) log-likelihood at tau2, profiled over the coefficients.

    Arguments:
        tau2: >= 0. yi, vi: shape (k,). X: shape (k, p). restricted: REML's likelihood instead of ML's.

    Source: Raudenbush (2009), in Cooper, Hedges & Valentine, ch. 16; the constant |X'X| is left out (`fit_statistics`
    has it).
    """
    f = wls.fit(yi, 1.0 / (vi + tau2), X)
    df = yi.size - (X.shape[1] if restricted else 0)
    value = 0.5 * float(np.sum(np.log(f.w))) - 0.5 * f.rss - 0.5 * df * math.log(2.0 * math.pi)
    return value + 0.5 * float(np.linalg.slogdet(f.cov)[1]) if restricted else value


def maximise(yi: Floats, vi: Floats, X: Floats, *, restricted: bool) -> tuple[float, bool, int]:
    """Return (tau2, converged, Newton iterations) at the global maximum over tau2 >= 0.

    Arguments:
        yi, vi: shape (k,). X: full-rank design, shape (k, p), k > p. restricted: REML instead of ML.

    Only the space that X spans matters here, so an orthonormal basis takes its place: a moderator such as a
    year, far from 0 and nearly parallel to the intercept, then costs no precision.
    """
    start = wls.fit(yi, np.ones_like(vi), X)
    y, X = start.resid, X if wls.is_mean_only(X) else start.basis
    at = _grid(start.rss, vi, yi.size - (X.shape[1] if restricted else 0))
    slopes = _slopes(at, y, vi, X, restricted)
    rising = slopes > 0.0
    found = [] if rising[0] else [(0.0, True, 0)]
    for i in np.flatnonzero(rising[:-1] & ~rising[1:]).tolist():
        between = at[i] + (at[i + 1] - at[i]) * slopes[i] / (slopes[i] - slopes[i + 1])
        found.append(_polish(float(at[i]), float(between), float(at[i + 1]), y, vi, X, restricted))
    if len(found) == 1:
        return found[0]
    return max(found, key=lambda item: log_likelihood(item[0], y, vi, X, restricted=restricted))


def gradient(tau2: float, yi: Floats, vi: Floats, X: Floats, *, restricted: bool) -> float:
    """Return the derivative of the (restricted) log-likelihood in tau2; arguments as in `log_likelihood`."""
    return _step(tau2, yi, vi, X, restricted)[0]


def grid(yi: Floats, vi: Floats, X: Floats, *, restricted: bool) -> Floats:
    """Return 0 and doubling values of tau2 between which the likelihood has at most one peak; arguments as in
    `maximise`.
    """
    rss = wls.fit(yi, np.ones_like(vi), X).rss
    return _grid(rss, vi, yi.size - (X.shape[1] if restricted else 0))


def _grid(rss: float, vi: Floats, df: int) -> Floats:
    """Return 0 and a grid on which min(vi) + tau2 doubles in two steps, up to a bound on every stationary point.

    y'PPy <= RSS / t^2 and tr(P) >= df / (t + max vi), so the score is negative once df t^2 > RSS (t + max vi). From
    one point to the next no weight falls to less than 1 / sqrt(2) of itself.
    """
    top = (rss + math.sqrt(rss * rss + 4.0 * df * rss * float(vi.max()))) / df
    bottom = float(vi.min())
    steps = min(800, 1 + max(0, math.ceil(2.0 * math.log2(top / bottom + 1.0))))
    return bottom * (np.exp2(np.arange(steps + 1.0) / 2.0) - 1.0)


def _slopes(grid: Floats, y: Floats, vi: Floats, X: Floats, restricted: bool) -> Floats:
    """Return the score at each of the g grid points, over (sum of w^2 / sum of w)^2, shape (g,).

    Divided so, it is a straight line in tau2 where the sampling variances are equal, and nearly one elsewhere.
    """
    size = max(1, CHUNK // X.size)
    slopes = _slopes_mean if wls.is_mean_only(X) else _slopes_general
    pieces = [grid[at : at + size, None] for at in range(0, grid.size, size)]
    return np.concatenate([slopes(np.reciprocal(vi + piece), y, X, restricted) for piece in pieces])


def _slopes_mean(w: Floats, y: Floats, X: Floats, restricted: bool) -> Floats:
    total, squares = w.sum(axis=1), np.einsum("gk,gk->g", w, w)
    weighted = w * (y - ((w @ y) / total)[:, None])
    share = squares / total
    score = np.einsum("gk,gk->g", weighted, weighted) - total
    return (score + share if restricted else score) / share**2


def _slopes_general(w: Floats, y: Floats, X: Floats, restricted: bool) -> Floats:
    root = np.sqrt(w)
    basis = np.linalg.qr(root[:, :, None] * X)[0]
    z = root * y
    resid = z - np.einsum("gkp,gp->gk", basis, np.einsum("gkp,gk->gp", basis, z))
    total = w.sum(axis=1)
    score = np.sum(w * resid**2, axis=1) - total
    if restricted:
        score += np.einsum("gk,gkp,gkp->g", w, basis, basis)
    return score * (total / np.sum(w**2, axis=1)) ** 2


def _step(t: float, y: Floats, vi: Floats, X: Floats, restricted: bool) -> tuple[float, float]:
    """Return the first derivative of the log-likelihood in tau2, and Newton's step to where it is 0 (inf where there is none).

    The step is that for the derivative over (tr(PP) / tr(P))^2, which has the same root and is nearly straight.
    """
    f = wls.fit(y, np.reciprocal(vi + t), X)
    square, cube = f.forms()
    trace, trace2 = f.traces() if restricted else (float(f.w.sum()), float(f.w.dot(f.w)))
    slope = square - trace
    curvature = trace2 - 2.0 * cube + 2.0 * slope * trace2 / trace
    return 0.5 * slope, -slope / curvature if curvature < 0 else math.inf


def _polish(
    low: float, t: float, high: float, y: Floats, vi: Floats, X: Floats, restricted: bool
) -> tuple[float, bool, int]:
    """Find the maximum between low (score > 0) and high (score <= 0), from t.

    Newton, with a halving of the bracket whenever a step would leave it or does not at least halve the last
    one. Newton's error after a step of relative size d is of the order d^2, so a step below `SMALL_STEP` is
    the last.
    """
    last = high - low
    for iteration in range(1, MAX_NEWTON + 1):
        slope, step = _step(t, y, vi, X, restricted)
        low, high = (t, high) if slope > 0 else (low, t)
        if abs(step) <= 0.5 * last and low <= t + step <= high:
            t, last = t + step, abs(step)
            if last <= SMALL_STEP * t:
                return t, True, iteration
        else:
            t, last = 0.5 * (low + high), 0.5 * (high - low)
            if last <= np.finfo(float).eps * t:
                return t, True, iteration
    return t, False, MAX_NEWTON
