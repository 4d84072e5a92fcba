"""Two-step Hedges (Cochran's ANOVA): the method of moments once more, with weights from the Hedges estimate."""

from __future__ import annotations

from metareview.synthesis.tau2.base import Estimator, Tau2, moment_estimate
from metareview.synthesis.tau2.he import hedges
from metareview.synthesis.wls import Floats


def two_step_hedges(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return the moment estimate at the weights 1 / (vi + the Hedges tau2); its standard error takes those weights
    as given.
    """
    return moment_estimate(yi, vi, X, 1.0 / (vi + hedges(yi, vi, X).value))


ESTIMATOR = Estimator(
    id="HE2",
    title="two-step Hedges",
    source="DerSimonian & Kacker (2007), Contemporary Clinical Trials 28, 105-114 (their CA2)",
    function=two_step_hedges,
    aliases=("CA2",),
)
