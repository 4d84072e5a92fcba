"""The Q-profile interval of tau2: exact under the model, and the default."""

from __future__ import annotations

import numpy as np
from scipy import special

from metareview.synthesis import wls
from metareview.synthesis.intervals.base import Between, Bounds, Interval
from metareview.synthesis.qgen import solve_q
from metareview.synthesis.wls import Floats


def q_profile(yi: Floats, vi: Floats, X: Floats, *, level: float = 0.95, start: float = 0.0) -> tuple[float, float]:
    """Return the Q-profile interval of tau2: the values at which Q takes its upper and lower chi-squared
    quantiles.

    A bound is 0 when Q(0) is already below its quantile; both are 0 when the effects differ less than chance
    allows.

    Arguments:
        yi, vi: shape (k,). X: shape (k, p), k > p. start: where to begin, such as an estimate; the bounds do not depend
            on it.

    Source: Viechtbauer (2007), Statistics in Medicine 26, 37-52.
    """
    df, half = yi.size - X.shape[1], (1.0 - level) / 2.0
    known = wls.quadratic(yi, np.reciprocal(vi + start), X)
    low, _ = solve_q(float(special.chdtri(df, half)), yi, vi, X, start, known)
    high, _ = solve_q(float(special.chdtri(df, 1.0 - half)), yi, vi, X, start, known)
    return low, high


def _interval(b: Between) -> Bounds:
    return Bounds(*q_profile(b.yi, b.vi, b.X, level=b.level, start=b.tau2.value))


INTERVAL = Interval("qp", "Q-profile", "Viechtbauer (2007), Statistics in Medicine 26, 37-52", _interval)
