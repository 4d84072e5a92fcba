"""Paule-Mandel: the tau2 at which the generalised Q equals its degrees of freedom."""

from __future__ import annotations

import math

import numpy as np

from metareview.synthesis.qgen import solve_q
from metareview.synthesis.tau2.base import Estimator, Tau2
from metareview.synthesis.wls import Floats


def paule_mandel(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return the root of Q(tau2) = k - p, or 0."""
    df = yi.size - X.shape[1]
    value, iterations = solve_q(float(df), yi, vi, X)
    return Tau2(value, root_se(value, vi, df), converged=True, iterations=iterations)


def root_se(tau2: float, vi: Floats, df: int) -> float:
    """Return sqrt(2 k^2 / (k - p)) / sum of weights at the root: that of the empirical Bayes estimator, which is the
    same estimator (Morris 1983, JASA 78, 47-55).
    """
    return vi.size * math.sqrt(2.0 / df) / float(np.sum(1.0 / (vi + tau2)))


ESTIMATOR = Estimator(
    id="PM",
    title="Paule-Mandel",
    source="Paule & Mandel (1982), J. Research of the National Bureau of Standards 87, 377-385",
    function=paule_mandel,
)
