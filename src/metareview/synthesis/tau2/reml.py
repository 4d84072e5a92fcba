"""Restricted maximum likelihood."""

from __future__ import annotations

import math

from metareview.synthesis import wls
from metareview.synthesis.tau2.base import Estimator, Tau2
from metareview.synthesis.tau2.likelihood import maximise
from metareview.synthesis.wls import Floats


def restricted_maximum_likelihood(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return the global maximum of the restricted likelihood over tau2 >= 0; the standard error is sqrt(2 /
    tr(PP)).
    """
    value, converged, iterations = maximise(yi, vi, X, restricted=True)
    f = wls.fit(yi, 1.0 / (vi + value), X)
    return Tau2(value, math.sqrt(2.0 / f.traces()[1]), converged, iterations)


ESTIMATOR = Estimator(
    id="REML",
    title="restricted maximum likelihood",
    source="Viechtbauer (2005), J. Educational and Behavioral Statistics 30, 261-293; Raudenbush (2009)",
    function=restricted_maximum_likelihood,
)
