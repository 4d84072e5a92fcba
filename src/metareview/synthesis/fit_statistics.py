"""How well a model fits: log-likelihood, AIC, AICc, BIC, and whether tau2 is at a peak of the likelihood."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.fitted import Fitted, fitted
from metareview.synthesis.results import PooledResult, RegressionResult
from metareview.synthesis.tau2 import KNOWN
from metareview.synthesis.tau2.likelihood import gradient


@dataclass(frozen=True)
class FitStatistics:
    """The fit of a model to its effects.

    Attributes:
        log_likelihood: with every constant. likelihood: "ML" or "REML". AIC, AICc, BIC: smaller is better; by REML they
            compare models with the same moderators only.
        parameters: coefficients, and tau2 where it was estimated. n: k for ML, k - p for REML.
        gradient: derivative of the log-likelihood in tau2 at the estimate: 0 at a peak inside, at most 0 at tau2 = 0;
            nan where tau2 was assumed or given.
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


def fit_statistics(result: PooledResult | RegressionResult, *, likelihood: str | None = None) -> FitStatistics:
    """Return the fit statistics of a model.

    Arguments:
        result: of `pool` or `regress`. likelihood: "ML" or "REML"; None takes "REML" for a model fitted by it and "ML"
            for any other.

    Raises:
        MetareviewError: an unknown likelihood, or no degree of freedom for REML.

    Source: Raudenbush (2009), in Cooper, Hedges & Valentine, ch. 16; AICc: Hurvich & Tsai (1989), Biometrika 76,
    297-307. The constant of REML is Harville's (1974), Biometrika 61, 383-385.
    """
    m = fitted(result)
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
