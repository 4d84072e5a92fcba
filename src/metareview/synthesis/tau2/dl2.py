"""Two-step DerSimonian-Laird: the method of moments once more, with weights from the DerSimonian-Laird estimate."""

from __future__ import annotations

from metareview.synthesis.tau2.base import Estimator, Tau2, moment_estimate
from metareview.synthesis.tau2.dl import dersimonian_laird
from metareview.synthesis.wls import Floats


def two_step_dersimonian_laird(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return the moment estimate at the weights 1 / (vi + the DerSimonian-Laird tau2); its standard error takes
    those weights as given.
    """
    return moment_estimate(yi, vi, X, 1.0 / (vi + dersimonian_laird(yi, vi, X).value))


ESTIMATOR = Estimator(
    id="DL2",
    title="two-step DerSimonian-Laird",
    source="DerSimonian & Kacker (2007), Contemporary Clinical Trials 28, 105-114",
    function=two_step_dersimonian_laird,
)
