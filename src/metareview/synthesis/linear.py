"""The fitted coefficients of any model, as contrasts, predictions, marginal means and variance inflation take them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import inference
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

    from metareview.synthesis.contrasts import WaldResult
    from metareview.synthesis.design import Design
    from metareview.synthesis.marginal import MarginalMeans
    from metareview.synthesis.predictions import PredictionResult


@dataclass(frozen=True, eq=False)
class Linear:
    """Coefficients with the covariance and the degrees of freedom of their test.

    Attributes:
        terms: names, length p. estimate: shape (p,). cov: shape (p, p). df: of the residuals, k - p. test, level: as in the
            result. design: of the effects, None where the result does not hold it.
        tau2: the variance of a true effect around the mean; nan where there is none.
    """

    terms: tuple[str, ...]
    estimate: Floats
    cov: Floats
    df: int
    test: str
    level: float
    design: Design | None
    tau2: float

    @property
    def p(self) -> int:
        """The number of coefficients."""
        return len(self.terms)

    @property
    def blocks(self) -> dict[str, list[int]]:
        """The coefficients of each term of the formula."""
        return self.design.blocks if self.design else {term: [i] for i, term in enumerate(self.terms)}

    def errors(self, L: Floats) -> Floats:
        """The standard errors of combinations L, shape (m, p)."""
        return np.sqrt(np.maximum(np.einsum("mp,pq,mq->m", L, self.cov, L), 0.0))

    def freedom(self, L: Floats) -> float | Floats:
        """The degrees of freedom of their tests: one for all, or one each, shape (m,)."""
        return inference.freedom(self.test, self.df)

    def joint(self, L: Floats, estimate: Floats) -> dict[str, Any]:
        """The test that combinations L with these estimates are all 0: QM, QM_df, QM_df2, QM_p."""
        return inference.joint_test(estimate, L @ self.cov @ L.T, list(range(len(L))), self.df, self.test)

    def between(self, frame: pd.DataFrame | None, n: int) -> tuple[Floats, tuple[str, ...]]:
        """The variance of a true effect at n settings, shape (n,), and why it is nan; frame is None for the effects' own."""
        return np.full(n, self.tau2), ()

    def notes(self, L: Floats) -> tuple[str, ...]:
        """What a reader of combinations L must know."""
        return ()


def linear(result: Any) -> Linear:
    """The coefficients of a result.

    Raises:
        MetareviewError: it is not that of a model with coefficients.
    """
    if isinstance(result, Linear):
        return result
    if not isinstance(result, Asked):
        raise MetareviewError(
            f"{type(result).__name__} has no coefficients to test or to predict from.",
            "Give what regress, multilevel, che, sce or robust returned.",
        )
    return result.linear()


def designed(result: Any, what: str) -> tuple[Linear, Design]:
    """The coefficients and the design of a result.

    Raises:
        MetareviewError: it does not hold its design.
    """
    found = linear(result)
    if found.design is None:
        raise MetareviewError(
            "This result does not hold its design.", f"{what} what `regress` or `multilevel` returned."
        )
    return found, found.design


def critical(level: float, df: float | Floats) -> float | Floats:
    """Critical values, one for all or one each; nan without degrees of freedom."""
    if np.ndim(df) == 0:
        return inference.critical(level, float(df))
    return np.array([inference.critical(level, float(d)) if d > 0 else math.nan for d in np.asarray(df)])


class Asked:
    """What can be asked of any result with coefficients."""

    def linear(self) -> Linear:
        """Return the coefficients as contrasts and predictions take them."""
        raise NotImplementedError

    def wald(self, what: Any = None, null: float = 0.0) -> WaldResult:
        """Test coefficients or contrasts of them: see `contrasts.wald`."""
        from metareview.synthesis.contrasts import wald

        return wald(self, what, null)

    def anova(self) -> pd.DataFrame:
        """Return one joint test a term of the formula: see `contrasts.anova`."""
        from metareview.synthesis.contrasts import anova

        return anova(self)

    def predict(self, newdata: Any = None, *, level: float | None = None) -> PredictionResult:
        """Predict the mean effect, with confidence and prediction intervals: see `predictions.predict`."""
        from metareview.synthesis.predictions import predict

        return predict(self, newdata, level=level)

    def marginal_means(
        self, by: str | Sequence[str], *, at: Mapping[str, Any] | None = None, weights: str = "equal"
    ) -> MarginalMeans:
        """Average predictions over a reference grid: see `marginal.marginal_means`."""
        from metareview.synthesis.marginal import marginal_means

        return marginal_means(self, by, at=at, weights=weights)

    def vif(self) -> pd.DataFrame:
        """Return the (generalised) variance inflation factor of each term: see `vif.vif`."""
        from metareview.synthesis.vif import vif

        return vif(self)
