"""One pooled mean of whatever was fitted, for figures and what else shows one mean."""

from __future__ import annotations

from typing import Any

from metareview.errors import MetareviewError
from metareview.synthesis.dependent.pooled import DependentPooled, pooled_of
from metareview.synthesis.dependent.results import DependentResult
from metareview.synthesis.design import INTERCEPT
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.pooling import pool
from metareview.synthesis.results import PooledResult, RegressionResult


def pooled_view(result: Any, what: str) -> Any:
    """A model of dependent effects without moderators as a pooled result; a pooled or grouped result as it is.

    Arguments:
        what: the figure, as the message calls it.

    Raises:
        MetareviewError: a model with moderators, or a result that holds no effects.
    """
    if isinstance(result, RegressionResult | MultilevelResult | DependentResult) and result.terms != (INTERCEPT,):
        raise MetareviewError(
            f"{what} shows one mean, and this model has the coefficients {', '.join(result.terms)}.",
            "Fit it without moderators ('yi ~ 1'), or show what `predict` and `marginal_means` give.",
        )
    if isinstance(result, MultilevelResult):
        return _of_model(result)
    if isinstance(result, DependentResult) and isinstance(result.model, MultilevelResult):
        return pooled_of(result, result.studies)
    if isinstance(result, DependentResult | RegressionResult):
        return _of_independent(result.model if isinstance(result, DependentResult) else result)
    if not (hasattr(result, "yi") or hasattr(result, "overall")):
        raise MetareviewError(
            f"{what} cannot be drawn of a {type(result).__name__}, which holds no effects.",
            "Give what `pool`, `subgroups`, `multilevel`, `che` or `sce` returned.",
        )
    return result


def _of_model(model: MultilevelResult) -> DependentPooled:
    """Studies are the levels of the first grouping factor."""
    outer = model.random[0].split("|")[1].split("/")[0].strip()
    return pooled_of(model, model.levels[outer])


def _of_independent(model: Any) -> PooledResult:
    if not isinstance(model, RegressionResult) or model.weighting != "inverse variance":
        raise MetareviewError("Weights of the user's are shown by `pool`.", "Pool with the same weights.")
    tau2 = model.tau2 if model.method == "fixed" else model.method
    return pool(model.yi, model.vi, tau2=tau2, test=model.test, level=model.level, labels=list(model.labels))
