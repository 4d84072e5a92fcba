"""A pooled result or a meta-regression as the fitted model it is: what predictions and fit statistics need of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.results import PooledResult, RegressionResult
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    from metareview.synthesis.multilevel.results import MultilevelResult


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


def model_of(result: Any) -> MultilevelResult | None:
    """The multilevel model that a result of dependent effects is of; None for any other."""
    from metareview.synthesis.dependent.results import DependentResult
    from metareview.synthesis.multilevel.results import MultilevelResult

    model = result.model if isinstance(result, DependentResult) else result
    return model if isinstance(model, MultilevelResult) else None


def fitted(result: Any) -> Fitted:
    """Return the model that a result is of.

    Raises:
        MetareviewError: it is not one of independent effects.
    """
    result = independent(result, "This")
    if isinstance(result, PooledResult):
        X, beta, cov = wls.ones(result.k), np.array([result.estimate]), np.array([[result.se**2]])
    else:
        X, beta, cov = result.X, result.estimate, result.cov
    standard = result.weighting == "inverse variance"
    return Fitted(
        result.yi, result.vi, X, beta, cov, result.tau2, result.method, result.df, result.level, result.labels, standard
    )


def independent(result: Any, what: str) -> PooledResult | RegressionResult:
    """A result of independent effects: of `pool` or `regress`, or of `che` where every study gives one effect.

    Arguments:
        what: the method that needs it, as the message calls it.

    Raises:
        MetareviewError: it is something else.
    """
    from metareview.synthesis.dependent.pooled import DependentPooled
    from metareview.synthesis.dependent.results import DependentResult

    model = result.model if isinstance(result, DependentResult) else result
    if isinstance(model, PooledResult | RegressionResult) and not isinstance(model, DependentPooled):
        return model
    raise MetareviewError(
        f"{what} is for effects that are independent of each other, and {type(result).__name__} is not a result of them.",
        "Give what `pool` or `regress` returned.",
    )
