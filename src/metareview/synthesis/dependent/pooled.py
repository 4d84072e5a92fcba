"""The mean of a model of dependent effects, told as every pooled estimate is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from metareview.synthesis import inference
from metareview.synthesis.dependent.results import DependentResult
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.results import PooledResult
from metareview.synthesis.wls import Floats
from metareview.synthesis.working import Working


@dataclass(frozen=True, eq=False, repr=False)
class DependentPooled(PooledResult):
    """A pooled estimate of k effects in fewer studies.

    Attributes:
        model: its name in words. components: variance components by name; tau2 is their sum (nan where they do not add up),
            and tau2_se and tau2_ci are nan.
        studies: how many gave the effects. clusters: of the robust test; 0 for the model's own.
        robust: "CR2" and the like; empty for the model's own errors. rho: the assumed correlation, nan where there is none.
        wald_se and its interval rest on the model; weights are those of the mean, in percent, and can be below 0 where effects
            of a study correlate and differ much in precision. Q tests the same effects as if they were independent of each
            other in all but their sampling errors.
    """

    model: str = "multilevel"
    components: dict[str, float] = field(default_factory=dict)
    studies: int = 0
    clusters: int = 0
    robust: str = ""
    rho: float = math.nan

    def __repr__(self) -> str:
        return (
            f"DependentPooled({self.model}, k={self.k} in {self.studies} studies: {self.estimate:.4f} "
            f"[{self.ci_low:.4f}, {self.ci_high:.4f}], {self.test})"
        )


def pooled_of(
    result: MultilevelResult | DependentResult,
    studies: int,
    *,
    excluded: Sequence[tuple[str, str]] = (),
    crosscheck: bool = False,
) -> DependentPooled:
    """The mean that a model without moderators estimates.

    The prediction interval is estimate +/- crit sqrt(se^2 + tau2) with the error and the critical value of the interval
    itself; it is nan where the variances of the random effects do not add up to one tau2, and with one residual degree
    of freedom or fewer.

    Arguments:
        result: of `multilevel`, `che` and their like, with the formula "yi ~ 1". studies: that gave the effects.
        excluded: (label, reason) of effects that were not offered. crosscheck: compare with the second engines.
    """
    model = result if isinstance(result, MultilevelResult) else result.model
    if not isinstance(model, MultilevelResult):
        raise TypeError("a random-effects model of independent effects is pooled by `pool`")
    if crosscheck:
        from metareview.synthesis.crosscheck import checked_multilevel

        model = checked_multilevel(model)
    estimate, se, df = float(result.estimate[0]), float(result.se[0]), float(result.df[0])
    tau2 = _total(model)
    wald_se = float(model.se[0])
    wald_half = inference.critical(model.level, math.inf) * wald_se
    spread = inference.critical(model.level, df) * math.sqrt(se**2 + tau2) if df > 1 else math.nan
    I2 = model.I2.get("total", math.nan)
    return DependentPooled(
        estimate=estimate,
        se=se,
        ci_low=float(result.ci_low[0]),
        ci_high=float(result.ci_high[0]),
        wald_se=wald_se,
        wald_ci_low=estimate - wald_half,
        wald_ci_high=estimate + wald_half,
        pi_low=estimate - spread,
        pi_high=estimate + spread,
        statistic=float(result.statistic[0]),
        p=float(result.p_value[0]),
        df=df,
        tau2=tau2,
        tau2_se=math.nan,
        tau2_ci=(math.nan, math.nan),
        I2=I2,
        H2=1.0 / (1.0 - I2 / 100.0) if I2 < 100.0 else math.inf if I2 == 100.0 else math.nan,
        Q=model.QE,
        Q_df=model.QE_df,
        Q_p=model.QE_p,
        k=model.k,
        yi=model.yi,
        vi=model.vi,
        weights=mean_weights(model.working),
        labels=model.labels,
        method=model.method,
        level=model.level,
        converged=model.converged,
        excluded=(*excluded, *model.excluded),
        crosscheck=model.crosscheck,
        warnings=tuple(dict.fromkeys((*result.warnings, *model.warnings, *_warnings(model)))),
        components=model.components,
        studies=studies,
        **_testing(result, model),
    )


def _testing(result: MultilevelResult | DependentResult, model: MultilevelResult) -> dict[str, Any]:
    """The words for model and test, and what the robust test rests on."""
    levels = ", ".join(model.random)
    if isinstance(result, MultilevelResult) or result.robust is None:
        return {"model": f"multilevel ({levels})", "test": model.test}
    name = f"{result.kind} (ρ = {result.rho:g})" if math.isfinite(result.rho) else f"multilevel ({levels})"
    basis = {"bootstrap": "cluster wild bootstrap", "model": "the model's own"}.get(result.basis[0], result.basis[0])
    return {
        "model": name,
        "test": f"{result.robust.vcov} by {result.study}, {basis}",
        "robust": result.robust.vcov,
        "clusters": result.robust.clusters,
        "rho": result.rho,
    }


def mean_weights(working: Working) -> Floats:
    """What each effect counts for in the mean of a model without moderators, in percent, shape (k,)."""
    found = working.WX[:, 0]
    return np.asarray(100.0 * found / found.sum())


def _total(model: MultilevelResult) -> float:
    """The variance of a true effect; nan for correlated random effects, whose variances do not add up to one."""
    if not all(name.startswith("sigma2[") for name in model.components):
        return math.nan
    return sum(model.components.values())


def _warnings(model: MultilevelResult) -> list[str]:
    return [] if model.converged else [f"The {model.method} estimate of the components did not converge."]
