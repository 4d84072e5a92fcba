"""Maximum likelihood."""

from __future__ import annotations

import math

import numpy as np

from metareview.synthesis.tau2.base import Estimator, Tau2
from metareview.synthesis.tau2.likelihood import maximise
from metareview.synthesis.wls import Floats


def maximum_likelihood(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return the global maximum of the likelihood over tau2 >= 0; the standard error is from the expected
    information.
    """
    value, converged, iterations = maximise(yi, vi, X, restricted=False)
    w = np.reciprocal(vi + value)
    return Tau2(value, math.sqrt(2.0 / float(w.dot(w))), converged, iterations)


ESTIMATOR = Estimator(
    id="ML",
    title="maximum likelihood",
    source="Hardy & Thompson (1996), Statistics in Medicine 15, 619-629; Raudenbush (2009)",
    function=maximum_likelihood,
)
