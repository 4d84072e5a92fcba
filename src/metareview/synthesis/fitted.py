"""A pooled result or a meta-regression as the fitted model it is: what predictions and fit statistics need of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metareview.synthesis import wls
from metareview.synthesis.results import PooledResult, RegressionResult
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class Fitted:
    """Effects and the model fitted to them.

    Attributes:
        yi, vi: shape (k,). X: shape (k, p). beta: shape (p,). cov: covariance of beta under the test, shape (p, p).
        tau2, method, df, level, labels: as in the result; df is inf where the reference is normal.
        standard: the weights are inverse variances.
    """

    yi: Floats
    vi: Floats
    X: Floats
    beta: Floats
    cov: Floats
    tau2: float
    method: str
    df: float
    level: float
    labels: tuple[str, ...]
    standard: bool


def fitted(result: PooledResult | RegressionResult) -> Fitted:
    """Return the model that a result is of."""
    if isinstance(result, PooledResult):
        X, beta, cov = wls.ones(result.k), np.array([result.estimate]), np.array([[result.se**2]])
    else:
        X, beta, cov = result.X, result.estimate, result.cov
    standard = result.weighting == "inverse variance"
    return Fitted(
        result.yi, result.vi, X, beta, cov, result.tau2, result.method, result.df, result.level, result.labels, standard
    )
