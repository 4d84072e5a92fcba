"""Hunter-Schmidt with the small-sample correction k / (k - p)."""

from __future__ import annotations

import numpy as np

from metareview.synthesis import wls
from metareview.synthesis.tau2.base import Estimator, Tau2, moment_se
from metareview.synthesis.wls import Floats


def corrected_hunter_schmidt(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return (Q k / (k - p) - k) / sum of weights, not below 0, at the weights 1 / vi."""
    f = wls.fit(yi, 1.0 / vi, X)
    total, inflation = float(np.sum(f.w)), yi.size / (yi.size - X.shape[1])
    value = max(0.0, (inflation * f.rss - yi.size) / total)
    return Tau2(value, moment_se(f, vi, value, total / inflation), converged=True, iterations=0)


ESTIMATOR = Estimator(
    id="HSk",
    title="Hunter-Schmidt, corrected for k",
    source="Brannick, Potter, Benitez & Morris (2019), Organizational Research Methods 22, 490-514",
    function=corrected_hunter_schmidt,
)
