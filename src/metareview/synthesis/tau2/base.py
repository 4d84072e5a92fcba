"""What an estimator of tau2 is and returns, and the method of moments that several of them share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from metareview.synthesis import wls
from metareview.synthesis.wls import Fit, Floats


@dataclass(frozen=True)
class Tau2:
    """An estimate of the between-study variance on the squared scale of yi, with its standard error (nan if
    none).
    """

    value: float
    se: float
    converged: bool
    iterations: int


@dataclass(frozen=True)
class Estimator:
    """One estimator: `function(yi, vi, X)` with yi, vi of shape (k,) and a full-rank X of shape (k, p), k >
    p. One that takes the user's weights, positive and of shape (k,), has `weighted(yi, vi, X, weights)` too.
    """

    id: str
    title: str
    source: str
    function: Callable[[Floats, Floats, Floats], Tau2]
    aliases: tuple[str, ...] = ()
    weighted: Callable[[Floats, Floats, Floats, Floats], Tau2] | None = None

    def __call__(self, yi: Floats, vi: Floats, X: Floats, weights: Floats | None = None) -> Tau2:
        """Return the estimate; 0 without a standard error when no degree of freedom is left to estimate it
        with. Weights matter to an estimator that takes them only.
        """
        if yi.size <= X.shape[1]:
            return Tau2(0.0, math.nan, converged=True, iterations=0)
        if weights is not None and self.weighted is not None:
            return self.weighted(yi, vi, X, weights)
        return self.function(yi, vi, X)


def moment_estimate(yi: Floats, vi: Floats, X: Floats, weights: Floats) -> Tau2:
    """Return (Q - tr(PV)) / tr(P), not below 0, with Q = y'Py and P at any fixed positive weights, shape (k,).

    Source: DerSimonian & Kacker (2007), Contemporary Clinical Trials 28, 105-114, equation 6.
    """
    f = wls.fit(yi, weights, X)
    value = max(0.0, (f.rss - float((f.w * vi).dot(f.free))) / f.trace_p)
    return Tau2(value, moment_se(f, vi, value, f.trace_p), converged=True, iterations=0)


def moment_se(f: Fit, vi: Floats, tau2: float, divisor: float) -> float:
    """Return the standard error of a moment estimator y'Py / divisor + constant at the estimated tau2.

    Var(y'Py) = 2 tr(P S P S) with S = V + tau2 I, by the theory of quadratic forms in normal variables
    (Searle 1971, ch. 2); P is that of the fit `f`, whose weights need not be inverse variances.
    """
    d = f.w * (vi + tau2)
    return math.sqrt(2.0 * f.trace_product(d, d)) / divisor
