"""Likelihoods of fitted models, the information criteria that follow, and the test of one model inside another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.fitted import independent, model_of
from metareview.synthesis.inference import chi2_tail
from metareview.synthesis.results import PooledResult, RegressionResult, to_plain
from metareview.synthesis.tau2 import KNOWN
from metareview.synthesis.tau2.likelihood import log_likelihood
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

    from metareview.synthesis.location_scale import LocationScaleResult

    Model: TypeAlias = PooledResult | RegressionResult | LocationScaleResult
LIKELIHOODS = ("ML", "REML")
GIVEN = ("FE", KNOWN)


@dataclass(frozen=True, eq=False, repr=False)
class LikelihoodRatio:
    """A likelihood-ratio test.

    Attributes:
        chi2, df, p: twice the difference of the log-likelihoods against chi-squared with the difference in parameters.
        log_likelihood, parameters, AIC, AICc: (full, reduced). method: "ML" or "REML".
        warnings: sentences a reader must see.
    """

    chi2: float
    df: int
    p: float
    log_likelihood: tuple[float, float]
    parameters: tuple[int, int]
    AIC: tuple[float, float]
    AICc: tuple[float, float]
    method: str
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a model; the test stands in the row of the reduced one."""
        import pandas as pd

        nan = math.nan
        columns = {name: getattr(self, name) for name in ("parameters", "log_likelihood", "AIC", "AICc")}
        tests = {"chi2": [nan, self.chi2], "df": [nan, self.df], "p": [nan, self.p]}
        return pd.DataFrame({"model": ["full", "reduced"], **columns, **tests})

    def __repr__(self) -> str:
        return f"LikelihoodRatio({self.method}: chi2({self.df})={self.chi2:.4f}, p={self.p:.4f})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def corrected_aic(log_lik: Any, parameters: Any, k: Any) -> Any:
    """Return AICc = -2 l + 2 m n / (n - m - 1) with n = k, but at least m + 2 (Hurvich & Tsai 1989, Biometrika 76, 297)."""
    n = np.maximum(k, np.add(parameters, 2))
    return -2.0 * log_lik + 2.0 * np.multiply(parameters, n) / (n - parameters - 1.0)


def likelihood_ratio(full: Any, reduced: Any) -> LikelihoodRatio:
    """Test a model against one nested in it.

    Arguments:
        full, reduced: results of `pool`, `regress` or `location_scale` on the same effects, by ML; by REML only when
            their moderators are the same, so that they differ in what is between studies. The equal-effects model and a
            known tau2 count as reduced models. Or two results of `multilevel` (or `che`, `sce`) on the same effects.

    Raises:
        MetareviewError: weights of the user's, other estimators, other effects, models that are not nested, or REML with
            other moderators.

    Source: Huizenga, Visser & Dolan (2011), British J. Mathematical and Statistical Psychology 64, 1-19.
    """
    models = [model_of(model) for model in (full, reduced)]
    if models[0] is not None and models[1] is not None:
        from metareview.synthesis.multilevel.nested import compare

        return compare(models[0], models[1])
    full, reduced = (model if hasattr(model, "Z") else independent(model, "This test") for model in (full, reduced))
    if any(getattr(model, "weighting", "inverse variance") != "inverse variance" for model in (full, reduced)):
        raise MetareviewError(
            "With weights of the user's a model is not at the peak of its likelihood, so it has no ratio to compare.",
            "Fit both without weights.",
        )
    method = _method(full, reduced)
    restricted = method == "REML"
    _check_nested(full, reduced, restricted)
    logs = tuple(_log_likelihood(model, restricted) for model in (full, reduced))
    counts = tuple(_fixed(model).shape[1] + _between(model) for model in (full, reduced))
    df = counts[0] - counts[1]
    if df < 1:
        raise MetareviewError(
            "The full model has no parameter more than the reduced one.", "Give the larger one first."
        )
    chi2 = max(0.0, 2.0 * (logs[0] - logs[1]))
    n = full.k - (_fixed(full).shape[1] if restricted else 0)
    aic = tuple(2.0 * m - 2.0 * value for m, value in zip(counts, logs, strict=True))
    aicc = tuple(float(corrected_aic(value, m, n)) for m, value in zip(counts, logs, strict=True))
    note = "tau2 = 0 lies on the edge of what is possible: the p-value is too large, by up to half."
    warnings = (note,) if _between(reduced) == 0 else ()
    return LikelihoodRatio(
        chi2, df, chi2_tail(chi2, df), (logs[0], logs[1]), (counts[0], counts[1]), (aic[0], aic[1]), (aicc[0], aicc[1]),
        method, warnings,
    )  # fmt: skip


def _fixed(model: Model) -> Floats:
    return wls.ones(model.k) if isinstance(model, PooledResult) else model.X


def _between(model: Model) -> int:
    """Return how many parameters describe what is between studies."""
    scale = getattr(model, "Z", None)
    return 0 if model.method in GIVEN else 1 if scale is None else scale.shape[1]


def _log_likelihood(model: Model, restricted: bool) -> float:
    X, tau2 = _fixed(model), np.asarray(getattr(model, "tau2_i", model.tau2))
    value = log_likelihood(0.0, model.yi, model.vi + tau2, X, restricted=restricted)
    return value + 0.5 * float(np.linalg.slogdet(X.T @ X)[1]) if restricted else value


def _method(full: Model, reduced: Model) -> str:
    used = {model.method for model in (full, reduced)} - set(GIVEN)
    if len(used) != 1 or not used <= set(LIKELIHOODS):
        raise MetareviewError(
            f"The models are fitted by {full.method} and {reduced.method}, which have no common likelihood.",
            'Fit both with tau2="ML" (or "REML" when they have the same moderators).',
        )
    return used.pop()


def _check_nested(full: Model, reduced: Model, restricted: bool) -> None:
    if not (np.array_equal(full.yi, reduced.yi) and np.array_equal(full.vi, reduced.vi)):
        raise MetareviewError(
            "The models are fitted to different effects.", "Leave out rows that lack a moderator of the larger model."
        )
    if not inside(_fixed(reduced), _fixed(full)):
        raise MetareviewError("The models are not nested: the reduced one has moderators the full one has not.")
    if restricted and not inside(_fixed(full), _fixed(reduced)):
        raise MetareviewError("REML cannot compare models with other moderators.", 'Fit both with tau2="ML".')
    scales = [getattr(model, "Z", wls.ones(model.k)) for model in (full, reduced)]
    if _between(reduced) and not (_between(full) and inside(scales[1], scales[0])):
        raise MetareviewError(
            "The models are not nested: the reduced one lets effects differ in ways the full one cannot."
        )
    links = {getattr(model, "link", None) for model in (full, reduced) if getattr(model, "Z", wls.ones(1)).shape[1] > 1}
    if len(links) > 1 and None not in links:
        raise MetareviewError("The models are not nested: they link the scale differently.")


def inside(inner: Floats, outer: Floats) -> bool:
    """Whether the columns of one design, shape (k, q), lie in the span of another's, shape (k, p)."""
    basis = np.linalg.qr(outer / np.linalg.norm(outer, axis=0))[0]
    unit = inner / np.linalg.norm(inner, axis=0)
    return bool(np.max(np.abs(unit - basis @ (basis.T @ unit))) < 1e-8)
