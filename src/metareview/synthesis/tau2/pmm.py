"""Median-unbiased Paule-Mandel: the tau2 at which the generalised Q equals the median of its distribution."""

from __future__ import annotations

from scipy import special

from metareview.synthesis.qgen import solve_q
from metareview.synthesis.tau2.base import Estimator, Tau2
from metareview.synthesis.tau2.pm import root_se
from metareview.synthesis.wls import Floats


def median_paule_mandel(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return the root of Q(tau2) = median of chi-squared with k - p df, or 0: too high as often as too low."""
    df = yi.size - X.shape[1]
    value, iterations = solve_q(float(special.chdtri(df, 0.5)), yi, vi, X)
    return Tau2(value, root_se(value, vi, df), converged=True, iterations=iterations)


ESTIMATOR = Estimator(
    id="PMM",
    title="Paule-Mandel, median-unbiased",
    source="Viechtbauer (2021), in Schmid, Stijnen & White, Handbook of Meta-Analysis, ch. 5",
    function=median_paule_mandel,
)
