"""The profile likelihood interval of tau2, from the likelihood that was maximised."""

from __future__ import annotations

from collections.abc import Callable

from scipy import special
from scipy.optimize import brentq

from metareview.errors import MetareviewError
from metareview.synthesis.intervals.base import Between, Bounds, Interval
from metareview.synthesis.tau2.likelihood import grid, log_likelihood


def _interval(b: Between) -> Bounds:
    """Return the smallest and the largest tau2 whose log-likelihood is within chi-squared(level, 1) / 2 of the maximum.

    Where the likelihood has several peaks, both bounds are the outermost.

    Raises:
        MetareviewError: tau2 was not estimated by likelihood.
    """
    if b.method not in ("ML", "REML"):
        raise MetareviewError(
            f"A profile likelihood interval belongs to an estimate by likelihood, and tau2 is by {b.method}.",
            "Use tau2='REML' or 'ML', or another interval: qp, genq.",
        )
    restricted = b.method == "REML"
    best = log_likelihood(b.tau2.value, b.yi, b.vi, b.X, restricted=restricted)
    drop = 0.5 * float(special.chdtri(1, 1.0 - b.level))

    def excess(t: float) -> float:
        return log_likelihood(t, b.yi, b.vi, b.X, restricted=restricted) - best + drop

    points = sorted({*grid(b.yi, b.vi, b.X, restricted=restricted).tolist(), b.tau2.value})
    while excess(points[-1]) > 0.0:
        points.append(4.0 * points[-1])
    inside = [i for i, t in enumerate(points) if excess(t) > 0.0]
    first, last = inside[0], inside[-1]
    low = 0.0 if first == 0 else _root(excess, points[first - 1], points[first])
    return Bounds(low, _root(excess, points[last], points[last + 1]))


def _root(excess: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(excess, low, high, xtol=1e-16 * high, rtol=1e-14, maxiter=500))


INTERVAL = Interval(
    "pl",
    "profile likelihood",
    "Hardy & Thompson (1996), Statistics in Medicine 15, 619-629; Viechtbauer (2007)",
    _interval,
)
