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
SMALL_STEP, SMALL_REST = 1e-9, 1e-13
_RISE = np.exp2(np.arange(801) / 2.0) - 1.0


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
    start = wls.fit(yi, wls.unit(vi.size), X)
    y, X = start.resid, X if wls.is_mean_only(X) else start.basis
    grid = _grid(start.rss, vi, yi.size - (X.shape[1] if restricted else 0))
    at, slopes = grid.tolist(), _slopes(grid, y, vi, X, restricted)
    found = [] if slopes[0] > 0.0 else [(0.0, True, 0)]
    for i in range(len(slopes) - 1):
        if slopes[i] > 0.0 >= slopes[i + 1]:
            found.append(_polish(at[i], _between(at, slopes, i), at[i + 1], y, vi, X, restricted))
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
    rss = wls.fit(yi, wls.unit(vi.size), X).rss
    return _grid(rss, vi, yi.size - (X.shape[1] if restricted else 0))


def _grid(rss: float, vi: Floats, df: int) -> Floats:
    """Return 0 and a grid on which min(vi) + tau2 doubles in two steps, up to a bound on every stationary point.

    y'PPy <= RSS / t^2 and tr(P) >= df / (t + max vi), so the score is negative once df t^2 > RSS (t + max vi). From
    one point to the next no weight falls to less than 1 / sqrt(2) of itself.
    """
    top = (rss + math.sqrt(rss * rss + 4.0 * df * rss * float(vi.max()))) / df
    bottom = float(vi.min())
    steps = min(800, 1 + max(0, math.ceil(2.0 * math.log2(top / bottom + 1.0))))
    return bottom * _RISE[: steps + 1]


def _between(at: list[float], slopes: list[float], i: int) -> float:
    """Where the slope is about 0 between two points: the inverse parabola through them and a neighbour, or else the chord."""
    low, high = at[i], at[i + 1]
    (a, s), (b, t), (c, u) = ((at[j], slopes[j]) for j in (i, i + 1, i - 1 if i else min(2, len(slopes) - 1)))
    if u not in (s, t):
        found = a * t * u / ((s - t) * (s - u)) + b * s * u / ((t - s) * (t - u)) + c * s * t / ((u - s) * (u - t))
        if low < found < high:
            return found
    return low + (high - low) * s / (s - t)


def _slopes(grid: Floats, y: Floats, vi: Floats, X: Floats, restricted: bool) -> list[float]:
    """Return the score at each grid point over (sum of w^2 / sum of w)^2, up to a point beyond which it stays negative.

    Divided so, it is a straight line in tau2 where the sampling variances are equal, and nearly one elsewhere.
    """
    size = max(1, CHUNK // X.size)
    slopes = _slopes_mean if wls.is_mean_only(X) else _slopes_general
    out: list[float] = []
    for at in range(0, grid.size, size):
        out += slopes(np.reciprocal(vi + grid[at : at + size, None]), y, X, restricted).tolist()
        if len(out) < grid.size and out[-1] <= 0.0 and _falls_from(float(grid[len(out) - 1]), y, vi, X, restricted):
            break
    return out


def _falls_from(t: float, y: Floats, vi: Floats, X: Floats, restricted: bool) -> bool:
    """Whether the score changes its sign from here on at most once, from above 0 to below.

    The score is A - B with A = y'PPy and B = tr(P), or tr(W). -d log A = 2 y'PPPy / y'PPy is at least 2 / (max vi + t). With
    c(t) = tr(P) / tr(PP), -d log B = 1 / c(t), and c rises at least as fast as t (Cauchy-Schwarz). So A / B falls wherever
    2 c(t) >= max vi + t, and if that holds here it holds from here on.
    """
    f = wls.fit(y, np.reciprocal(vi + t), X)
    trace, trace2 = f.traces() if restricted else (float(f.w.sum()), float(f.w.dot(f.w)))
    return 2.0 * trace >= trace2 * (float(vi.max()) + t)


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
    one. Newton's error after a step of relative size d is of the order d^2, so a step below `SMALL_STEP` is the last.
    With the step e before it, what is left is about d^3 / e^2: below `SMALL_REST` it is nothing.
    """
    last, newton = high - low, False
    for iteration in range(1, MAX_NEWTON + 1):
        slope, step = _step(t, y, vi, X, restricted)
        low, high = (t, high) if slope > 0 else (low, t)
        if abs(step) <= 0.5 * last and low <= t + step <= high:
            rest = abs(step / last) ** 2 * abs(step) if newton else math.inf
            t, last, newton = t + step, abs(step), True
            if last <= SMALL_STEP * t or rest <= SMALL_REST * t:
                return t, True, iteration
        else:
            t, last, newton = 0.5 * (low + high), 0.5 * (high - low), False
            if last <= np.finfo(float).eps * t:
                return t, True, iteration
    return t, False, MAX_NEWTON
