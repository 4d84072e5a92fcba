"""The global maximum of the (restricted) likelihood of tau2 over tau2 >= 0, to machine precision.

The likelihood can have more than one local maximum when sampling variances differ by orders of magnitude, so
a climb from one start is not enough. All stationary points lie below a bound that follows from the data; the
sign of the score on a doubling grid below it brackets every local maximum, Newton's method kept inside its
bracket polishes each, and the highest wins, 0 included.
"""

from __future__ import annotations

import math

import numpy as np

from metareview.synthesis import wls
from metareview.synthesis.wls import Floats

CHUNK = 1_000_000
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
    y, X = start.resid, X if start.mean_only else start.basis
    at = _grid(start.rss, vi, yi.size - (X.shape[1] if restricted else 0))
    rising = _scores(at, y, vi, X, restricted) > 0.0
    found = [] if rising[0] else [(0.0, True, 0)]
    for i in np.flatnonzero(rising[:-1] & ~rising[1:]):
        found.append(_polish(float(at[i]), float(at[i + 1]), y, vi, X, restricted))
    if len(found) == 1:
        return found[0]
    return max(found, key=lambda item: log_likelihood(item[0], y, vi, X, restricted=restricted))


def gradient(tau2: float, yi: Floats, vi: Floats, X: Floats, *, restricted: bool) -> float:
    """Return the derivative of the (restricted) log-likelihood in tau2; arguments as in `log_likelihood`."""
    return _derivatives(tau2, yi, vi, X, restricted)[0]


def grid(yi: Floats, vi: Floats, X: Floats, *, restricted: bool) -> Floats:
    """Return 0 and doubling values of tau2 between which the likelihood has at most one peak; arguments as in
    `maximise`.
    """
    rss = wls.fit(yi, np.ones_like(vi), X).rss
    return _grid(rss, vi, yi.size - (X.shape[1] if restricted else 0))


def _grid(rss: float, vi: Floats, df: int) -> Floats:
    """Return 0 and a doubling grid up to a bound on every stationary point.

    y'PPy <= RSS / t^2 and tr(P) >= df / (t + max vi), so the score is negative once df t^2 > RSS (t + max
    vi). Below a thousandth of the smallest variance the score is straight, so no finer steps are needed
    there.
    """
    top = 2.0 * (rss + math.sqrt(rss * rss + 4.0 * df * rss * float(vi.max()))) / (2.0 * df)
    bottom = 1e-3 * float(vi.min())
    if top <= 2.0 * bottom:
        return np.array([0.0, max(top, bottom)])
    steps = min(400, 2 + math.ceil(math.log2(top / bottom)))
    return np.concatenate([[0.0], np.geomspace(bottom, top, steps)])


def _scores(grid: Floats, y: Floats, vi: Floats, X: Floats, restricted: bool) -> Floats:
    """Return twice the score at each of the g grid points, shape (g,), in chunks that bound the memory."""
    size = max(1, CHUNK // X.size)
    mean_only = wls.is_mean_only(X)
    pieces = []
    for at in range(0, grid.size, size):
        w = 1.0 / (vi + grid[at : at + size, None])
        pieces.append(_score_mean(w, y, restricted) if mean_only else _score_general(w, y, X, restricted))
    return np.concatenate(pieces)


def _score_mean(w: Floats, y: Floats, restricted: bool) -> Floats:
    total = w.sum(axis=1)
    resid = y - ((w @ y) / total)[:, None]
    squares = np.einsum("gk,gk->g", w, w)
    weighted = w * resid
    score = np.einsum("gk,gk->g", weighted, weighted) - total
    return score + squares / total if restricted else score


def _score_general(w: Floats, y: Floats, X: Floats, restricted: bool) -> Floats:
    root = np.sqrt(w)
    basis = np.linalg.qr(root[:, :, None] * X)[0]
    z = root * y
    resid = z - np.einsum("gkp,gp->gk", basis, np.einsum("gkp,gk->gp", basis, z))
    score = np.sum(w * resid**2, axis=1) - w.sum(axis=1)
    return score + np.einsum("gk,gkp,gkp->g", w, basis, basis) if restricted else score


def _derivatives(t: float, y: Floats, vi: Floats, X: Floats, restricted: bool) -> tuple[float, float]:
    """Return the first and second derivative of the log-likelihood in tau2."""
    f = wls.fit(y, 1.0 / (vi + t), X)
    square = float(np.sum((f.w * f.resid) ** 2))
    if restricted:
        trace, trace2 = f.trace_p, wls.trace_product(f, f.w, f.w)
    else:
        trace, trace2 = float(np.sum(f.w)), float(np.sum(f.w**2))
    return 0.5 * (square - trace), 0.5 * trace2 - wls.cubic_form(f)


def _polish(low: float, high: float, y: Floats, vi: Floats, X: Floats, restricted: bool) -> tuple[float, bool, int]:
    """Find the maximum between low (score > 0) and high (score <= 0).

    Newton, with a halving of the bracket whenever a step would leave it or does not at least halve the last
    one. Newton's error after a step of relative size d is of the order d^2, so a step below `SMALL_STEP` is
    the last.
    """
    t = math.sqrt(low * high) if low > 0 else 0.5 * high
    last = high - low
    for iteration in range(1, MAX_NEWTON + 1):
        slope, curvature = _derivatives(t, y, vi, X, restricted)
        low, high = (t, high) if slope > 0 else (low, t)
        step = -slope / curvature if curvature < 0 else math.inf
        if abs(step) <= 0.5 * last and low <= t + step <= high:
            t, last = t + step, abs(step)
            if last <= SMALL_STEP * t:
                return t, True, iteration
        else:
            t, last = 0.5 * (low + high), 0.5 * (high - low)
            if last <= np.finfo(float).eps * t:
                return t, True, iteration
    return t, False, MAX_NEWTON
