"""The generalised Q with the user's weights, median-unbiased: set equal to the median of its distribution."""

from __future__ import annotations

from metareview.synthesis import wls
from metareview.synthesis.generalised_q import tau2_where
from metareview.synthesis.tau2.base import Estimator, Tau2, moment_se
from metareview.synthesis.wls import Floats


def median_general_moments(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return the estimate with the weights 1 / vi."""
    return with_weights(yi, vi, X, 1.0 / vi)


def with_weights(yi: Floats, vi: Floats, X: Floats, weights: Floats) -> Tau2:
    """Return the tau2 for which the Q at hand is the median of its exact distribution, or 0; the standard error is
    that of a moment estimator there.
    """
    f = wls.fit(yi, weights, X)
    value, iterations = tau2_where(0.5, f, vi)
    return Tau2(value, moment_se(f, vi, value, f.trace_p), converged=True, iterations=iterations)


ESTIMATOR = Estimator(
    id="GENQM",
    title="generalised Q, median-unbiased",
    source="Viechtbauer (2021), in Schmid, Stijnen & White, Handbook of Meta-Analysis, ch. 5; Jackson (2013), Research "
    "Synthesis Methods 4, 220-229",
    function=median_general_moments,
    weighted=with_weights,
)
