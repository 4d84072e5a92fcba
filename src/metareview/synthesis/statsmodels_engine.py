"""statsmodels as a second engine: weighted and generalised least squares, stratified tables, generalised linear models."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from metareview.synthesis.wls import Floats
from metareview.synthesis.working import Working

LARGEST_DENSE = 2000


def weighted(y: Floats, X: Floats, w: Floats, test: str) -> tuple[Floats, Floats]:
    """Coefficients and their errors by weighted least squares, for the test asked for.

    statsmodels scales the errors by the residual variance, which is the Knapp-Hartung factor; it is taken out again for
    "z", and where it is below 1 for "adhoc".

    Arguments:
        y, w: shape (k,). X: shape (k, p), k > p. test: "knha", "adhoc" or "z".
    """
    from statsmodels.regression.linear_model import WLS

    basis, triangle = np.linalg.qr(X)
    found = WLS(y, basis, weights=w).fit()
    scale = float(found.scale)
    used = {"knha": scale, "adhoc": max(1.0, scale)}.get(test, 1.0)
    return _back(triangle, np.asarray(found.params), np.asarray(found.normalized_cov_params) * used)


def generalised(working: Working) -> tuple[Floats, Floats]:
    """Coefficients and their model-based errors by generalised least squares with the dense covariance of a fit."""
    from statsmodels.regression.linear_model import GLS

    sigma = np.zeros((working.y.size, working.y.size))
    for rows, block in zip(working.members, working.covariances, strict=True):
        sigma[np.ix_(rows, rows)] = block
    basis, triangle = np.linalg.qr(working.X)
    found = GLS(working.y, basis, sigma=sigma).fit()
    return _back(triangle, np.asarray(found.params), np.asarray(found.normalized_cov_params))


def _back(triangle: Floats, params: Floats, cov: Floats) -> tuple[Floats, Floats]:
    """Estimates and errors on the columns of the design, from those on its orthonormal basis."""
    back = np.linalg.inv(triangle)
    return np.asarray(back @ params), np.asarray(np.sqrt(np.diag(back @ cov @ back.T)))


def stratified(measure: str, tables: Floats) -> dict[str, float]:
    """What statsmodels pools of 2x2 tables by Mantel-Haenszel: it has no error of a risk ratio and no risk difference.

    Arguments:
        measure: "OR", "RR" or "RD". tables: [[events, others] of the treated, [events, others] of the controls], shape (k, 2, 2).
    """
    from statsmodels.stats.contingency_tables import StratifiedTable

    if measure == "RD":
        return {}
    found = StratifiedTable(np.moveaxis(tables, 0, 2), shift_zeros=False)
    if measure == "RR":
        return {"estimate": math.log(float(found.riskratio_pooled))}
    return {"estimate": float(found.logodds_pooled), "se": float(found.logodds_pooled_se)}


def linear_model(y: Any, X: Floats, family: str, exposure: Floats | None = None) -> Any:
    """A fitted generalised linear model, iterated to the last digits.

    Arguments:
        y: counts, shape (n,), or (successes, failures), shape (n, 2). family: "binomial" or "poisson".
    """
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM

    kind = families.Binomial() if family == "binomial" else families.Poisson()
    return GLM(y, X, family=kind, exposure=exposure).fit(maxiter=200, tol=1e-14, tol_criterion="params")
