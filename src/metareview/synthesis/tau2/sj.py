"""Sidik-Jonkman: one weighted step from a crude first value; positive unless the effects do not differ."""

from __future__ import annotations

import numpy as np

from metareview.synthesis import wls
from metareview.synthesis.tau2.base import Estimator, Tau2, moment_se
from metareview.synthesis.wls import Floats


def sidik_jonkman(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return t0 * Q(t0) / (k - p) with t0 the mean squared deviation of yi from its plain mean."""
    df = yi.size - X.shape[1]
    first = float(np.mean((yi - yi.mean()) ** 2))
    if first == 0.0:
        return Tau2(0.0, 0.0, converged=True, iterations=0)
    f = wls.fit(yi, 1.0 / (vi + first), X)
    value = first * f.rss / df
    return Tau2(value, first * moment_se(f, vi, value, df), converged=True, iterations=0)


ESTIMATOR = Estimator(
    id="SJ",
    title="Sidik-Jonkman",
    source="Sidik & Jonkman (2005), Applied Statistics 54, 367-384",
    function=sidik_jonkman,
)
