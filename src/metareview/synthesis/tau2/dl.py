"""DerSimonian-Laird: the method of moments with inverse-variance weights."""

from __future__ import annotations

from metareview.synthesis import wls
from metareview.synthesis.tau2.base import Estimator, Tau2, moment_se
from metareview.synthesis.wls import Floats


def dersimonian_laird(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return (Q - (k - p)) / tr(P), not below 0, with P at the weights 1 / vi."""
    f = wls.fit(yi, 1.0 / vi, X)
    value = max(0.0, (f.rss - (yi.size - X.shape[1])) / f.trace_p)
    return Tau2(value, moment_se(f, vi, value, f.trace_p), converged=True, iterations=0)


ESTIMATOR = Estimator(
    id="DL",
    title="DerSimonian-Laird",
    source="DerSimonian & Laird (1986), Controlled Clinical Trials 7, 177-188; "
    "with moderators Raudenbush (2009), in Cooper, Hedges & Valentine",
    function=dersimonian_laird,
)
