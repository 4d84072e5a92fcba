"""The general method of moments: a Q with the user's weights, set equal to its expectation."""

from __future__ import annotations

from metareview.synthesis.tau2.base import Estimator, Tau2, moment_estimate
from metareview.synthesis.wls import Floats


def general_moments(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return the estimate with the weights 1 / vi, which is that of DerSimonian and Laird."""
    return moment_estimate(yi, vi, X, 1.0 / vi)


ESTIMATOR = Estimator(
    id="GENQ",
    title="generalised Q, with the user's weights",
    source="DerSimonian & Kacker (2007), Contemporary Clinical Trials 28, 105-114; Jackson, Turner, Rhodes & Viechtbauer "
    "(2014), BMC Medical Research Methodology 14, 103",
    function=general_moments,
    weighted=moment_estimate,
)
