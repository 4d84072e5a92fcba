"""How well a model fits: log-likelihood, AIC, AICc, BIC, and whether tau2 is at a peak of the likelihood."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.fitted import Fitted, fitted, independent, model_of
from metareview.synthesis.tau2 import KNOWN
from metareview.synthesis.tau2.likelihood import gradient

if TYPE_CHECKING:
    from metareview.synthesis.multilevel.results import MultilevelResult


@dataclass(frozen=True)
class FitStatistics:
    """The fit of a model to its effects.

    Attributes:
        log_likelihood: with every constant. likelihood: "ML" or "REML". AIC, AICc, BIC: smaller is better; by REML they
            compare models with the same moderators only.
        parameters: coefficients, and tau2 where it was estimated. n: k for ML, k - p for REML.
        gradient: derivative of the log-likelihood in tau2 at the estimate: 0 at a peak inside, at most 0 at tau2 = 0;
            nan where tau2 was assumed or given; the largest of the components that are not at a bound, for dependent effects.
        iterations, converged: of the estimator of tau2.
    """

    log_likelihood: float
    likelihood: str
    AIC: float
    AICc: float
    BIC: float
    parameters: int
    n: int
    gradient: float
    iterations: int
    converged: bool

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return asdict(self)

    def to_frame(self) -> Any:
        """Return one row, a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame([self.to_dict()])

    def __repr__(self) -> str:
        return f"FitStatistics({self.likelihood}: log-likelihood {self.log_likelihood:.4f}, AICc {self.AICc:.4f})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().T.rename(columns={0: "value"}).to_html())


def fit_statistics(result: Any, *, likelihood: str | None = None) -> FitStatistics:
    """Return the fit statistics of a model.

    Arguments:
        result: of `pool`, `regress`, `multilevel`, `che` or `sce`. likelihood: "ML" or "REML"; None takes "REML" for a model
            fitted by it and "ML" for any other. A model of dependent effects has the likelihood it was fitted by.

    Raises:
        MetareviewError: an unknown likelihood, or no degree of freedom for REML.

    Source: Raudenbush (2009), in Cooper, Hedges & Valentine, ch. 16; AICc: Hurvich & Tsai (1989), Biometrika 76,
    297-307. The constant of REML is Harville's (1974), Biometrika 61, 383-385.
    """
    model = model_of(result)
    if model is not None:
        return _of_levels(model, likelihood)
    m, result = fitted(result), independent(result, "This")
    kind = likelihood or ("REML" if m.method == "REML" else "ML")
    if kind not in ("ML", "REML"):
        raise MetareviewError(f"There is no likelihood {likelihood!r}.", "Choose ML or REML.")
    k, p = m.X.shape
    n = k - p if kind == "REML" else k
    if n < 1:
        raise MetareviewError("No degree of freedom is left for a restricted likelihood.", "Use likelihood='ML'.")
    estimated = m.method not in ("FE", KNOWN)
    parameters = p + int(estimated)
    value = _log_likelihood(m, restricted=kind == "REML")
    least = max(n, parameters + 2)
    slope = gradient(m.tau2, m.yi, m.vi, m.X, restricted=kind == "REML") if estimated else math.nan
    return FitStatistics(
        value,
        kind,
        AIC=-2.0 * value + 2.0 * parameters,
        AICc=-2.0 * value + 2.0 * parameters * least / (least - parameters - 1),
        BIC=-2.0 * value + parameters * math.log(n),
        parameters=parameters,
        n=n,
        gradient=slope,
        iterations=result.iterations,
        converged=result.converged,
    )


def _of_levels(model: MultilevelResult, likelihood: str | None) -> FitStatistics:
    from metareview.synthesis.multilevel.likelihood import score

    if likelihood not in (None, model.method):
        raise MetareviewError(
            f"This model of dependent effects was fitted by {model.method}, and its {likelihood} likelihood is not known.",
            f"Fit it with method={likelihood!r}." if likelihood in ("ML", "REML") else "Choose ML or REML.",
        )
    slope = np.abs(score(model.problem, model.optimum.at).gradient)[~model.optimum.bound]
    restricted = model.method == "REML"
    return FitStatistics(
        model.loglik, model.method, model.AIC, model.AICc, model.BIC, model.parameters,
        model.k - model.p if restricted else model.k, float(slope.max(initial=0.0)), model.iterations, model.converged,
    )  # fmt: skip


def _log_likelihood(m: Fitted, *, restricted: bool) -> float:
    """Return the log-likelihood at the fitted coefficients, which with weights of the user's are not its best."""
    k, p = m.X.shape
    w = 1.0 / (m.vi + m.tau2)
    rss = float(np.sum(w * (m.yi - m.X @ m.beta) ** 2))
    value = 0.5 * float(np.sum(np.log(w))) - 0.5 * rss - 0.5 * (k - p * restricted) * math.log(2.0 * math.pi)
    if restricted:
        value += 0.5 * float(np.linalg.slogdet(m.X.T @ m.X)[1])
        value += 0.5 * float(np.linalg.slogdet(wls.fit(m.yi, w, m.X).cov)[1])
    return value
