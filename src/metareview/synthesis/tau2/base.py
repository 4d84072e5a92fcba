"""What an estimator of tau2 is and returns."""

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
    p.
    """

    id: str
    title: str
    source: str
    function: Callable[[Floats, Floats, Floats], Tau2]
    aliases: tuple[str, ...] = ()

    def __call__(self, yi: Floats, vi: Floats, X: Floats) -> Tau2:
        """Return the estimate; 0 without a standard error when no degree of freedom is left to estimate it
        with.
        """
        if yi.size <= X.shape[1]:
            return Tau2(0.0, math.nan, converged=True, iterations=0)
        return self.function(yi, vi, X)


def moment_se(f: Fit, vi: Floats, tau2: float, divisor: float) -> float:
    """Return the standard error of a moment estimator y'Py / divisor + constant at the estimated tau2.

    Var(y'Py) = 2 tr(P S P S) with S = V + tau2 I, by the theory of quadratic forms in normal variables
    (Searle 1971, ch. 2); P is that of the fit `f`, whose weights need not be inverse variances.
    """
    d = f.w * (vi + tau2)
    return math.sqrt(2.0 * wls.trace_product(f, d, d)) / divisor
