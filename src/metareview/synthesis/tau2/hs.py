"""Hunter-Schmidt: the weighted variance of the effects less what sampling explains."""

from __future__ import annotations

import numpy as np

from metareview.synthesis import wls
from metareview.synthesis.tau2.base import Estimator, Tau2, moment_se
from metareview.synthesis.wls import Floats


def hunter_schmidt(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return (Q - k) / sum of weights, not below 0, at the weights 1 / vi; biased downward in few studies."""
    f = wls.fit(yi, 1.0 / vi, X)
    total = float(np.sum(f.w))
    value = max(0.0, (f.rss - yi.size) / total)
    return Tau2(value, moment_se(f, vi, value, total), converged=True, iterations=0)


ESTIMATOR = Estimator(
    id="HS",
    title="Hunter-Schmidt",
    source="Hunter & Schmidt (1990), Methods of Meta-Analysis; Viechtbauer (2005), J. Educational and Behavioral "
    "Statistics 30, 261-293",
    function=hunter_schmidt,
)
