"""The second engine: the same estimates from PyMARE, written independently; nothing else imports it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.wls import Floats

ENGINE = "pymare"
METHODS = ("FE", "DL", "HE", "ML", "REML")
CORRECTIONS = {"knha": "knapp-hartung", "adhoc": "knapp-hartung-conservative"}
SEARCH = {"xtol": 1e-14, "ftol": 0.0, "maxiter": 300}


@dataclass(frozen=True)
class Twin:
    """What PyMARE says: the mean, its standard error for the test asked for, the Wald one, and tau2 (nan if
    given).
    """

    estimate: float
    se: float
    wald_se: float
    tau2: float


@dataclass(frozen=True)
class RegressionTwin:
    """What PyMARE says of a meta-regression: coefficients and their errors, shape (p,), and tau2 (nan if given)."""

    estimate: Floats
    se: Floats
    tau2: float


def fit(yi: Floats, vi: Floats, method: str, test: str, *, known: float | None = None) -> Twin:
    """Pool with PyMARE.

    Arguments:
        yi, vi: shape (k,). method: one of `METHODS`; ignored when `known` gives tau2. test: "knha", "adhoc" or "z".

    Raises:
        MetareviewError: PyMARE has no such estimator.
    """
    X = wls.ones(yi.size)
    wald = _run(yi, vi, X, method, "wald", known)
    chosen = _run(yi, vi, X, method, CORRECTIONS[test], known) if test in CORRECTIONS else wald
    tau2 = math.nan if known is not None else float(np.ravel(wald["tau2"])[0])
    return Twin(float(np.ravel(wald["fe_params"])[0]), _se(chosen), _se(wald), tau2)


def fit_regression(
    yi: Floats, vi: Floats, X: Floats, method: str, test: str, *, known: float | None = None
) -> RegressionTwin:
    """Regress with PyMARE, in an orthonormal basis of the design so that years and thousands cost no digits.

    Arguments:
        X: full-rank design, shape (k, p). The others are as in `fit`.

    Raises:
        MetareviewError: PyMARE has no such estimator.
    """
    basis, triangle = np.linalg.qr(X)
    params = _run(yi, vi, basis, method, CORRECTIONS.get(test, "wald"), known)
    back = np.linalg.inv(triangle)
    covariance = back @ np.asarray(params["inv_cov"]).reshape(back.shape) @ back.T
    tau2 = math.nan if known is not None else float(np.ravel(params["tau2"])[0])
    return RegressionTwin(back @ np.ravel(params["fe_params"]), np.sqrt(np.diag(covariance)), tau2)


def _se(params: dict[str, Any]) -> float:
    return math.sqrt(float(np.ravel(params["inv_cov"])[0]))


def _run(yi: Floats, vi: Floats, X: Floats, method: str, correction: str, known: float | None) -> dict[str, Any]:
    engine = _engine(method, correction, known)
    params: dict[str, Any] = engine.fit(y=yi[:, None], v=vi[:, None], X=X).params_
    return params


def _engine(method: str, correction: str, known: float | None) -> Any:
    estimators = _library()
    if known is not None or method == "FE":
        return estimators.WeightedLeastSquares(tau2=known or 0.0, small_sample_correction=correction)
    if method == "DL":
        return estimators.DerSimonianLaird(small_sample_correction=correction)
    if method == "HE":
        return estimators.Hedges(small_sample_correction=correction)
    if method in ("ML", "REML"):
        return estimators.VarianceBasedLikelihoodEstimator(
            method=method.lower(), small_sample_correction=correction, **SEARCH
        )
    raise MetareviewError(
        f"PyMARE has no {method} estimator.", f"Use engine='metareview', or one of {', '.join(METHODS)}."
    )


def _library() -> Any:
    with warnings.catch_warnings():
        # PyMARE leaves a file open while it is imported; that is no concern of whoever pools.
        warnings.simplefilter("ignore", ResourceWarning)
        from pymare import estimators

    return estimators
