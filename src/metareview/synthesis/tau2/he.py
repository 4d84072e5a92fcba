"""Hedges (also Cochran's ANOVA estimator): the method of moments with equal weights."""

from __future__ import annotations

import numpy as np

from metareview.synthesis import wls
from metareview.synthesis.tau2.base import Estimator, Tau2, moment_se
from metareview.synthesis.wls import Floats


def hedges(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return (RSS - tr(MV)) / (k - p), not below 0, with RSS and M = I - H of the unweighted fit."""
    df = yi.size - X.shape[1]
    f = wls.fit(yi, np.ones_like(vi), X)
    value = max(0.0, (f.rss - float(vi.dot(f.free))) / df)
    return Tau2(value, moment_se(f, vi, value, df), converged=True, iterations=0)


ESTIMATOR = Estimator(
    id="HE",
    title="Hedges",
    source="Hedges & Olkin (1985), Statistical Methods for Meta-Analysis",
    function=hedges,
)
