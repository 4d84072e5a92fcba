"""What a multilevel or multivariate model returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from metareview.synthesis.linear import Asked
from metareview.synthesis.multilevel.coefficients import MultilevelLinear
from metareview.synthesis.multilevel.likelihood import Problem
from metareview.synthesis.multilevel.optimise import Optimum
from metareview.synthesis.results import coefficient_frame, described_html, to_plain
from metareview.synthesis.wls import Floats
from metareview.synthesis.working import Working

if TYPE_CHECKING:
    import pandas as pd

    from metareview.synthesis.design import Design


@dataclass(frozen=True, eq=False, repr=False)
class MultilevelResult(Asked):
    """A model of k dependent effects with p coefficients.

    Attributes:
        formula, random, struct: as given. terms: names of the coefficients, length p.
        estimate, se, ci_low, ci_high, statistic, p_value: one a coefficient, shape (p,), on the scale of yi.
        df: of each coefficient's test, shape (p,); inf for z. cov: shape (p, p).
        pi_low, pi_high: prediction interval of a new effect, for a model of the mean only with one variance a term; else nan.
        components: variances and correlations by name. fixed: those that were given. levels: the number of levels of each factor.
        I2: percent of the total variance by variance component and in "total"; for models of random intercepts.
        ICC: correlation of the true effects that share a level, by component; for nested random intercepts.
        QM, QM_df, QM_df2, QM_p: joint test of all coefficients but the intercept. QE, QE_df, QE_p: residual heterogeneity.
        loglik, AIC, AICc, BIC, parameters: of the (restricted) likelihood.
        k, p, yi, vi, labels, excluded, method, test, level, converged, warnings: as in `PooledResult`.
        singular: names of components at the edge of what they can be. iterations: of the search.
        crosscheck: differences to the second engines by quantity (see `crosscheck_multilevel`); empty when not run.
        V: sampling covariance, shape (k, k). rows: the position in the data of each effect used, shape (k,).
        working: the working model, for `robust` and resampling.
        design: the formula evaluated, for new data.
    """

    formula: str
    random: tuple[str, ...]
    struct: tuple[str, ...]
    terms: tuple[str, ...]
    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    df: Floats
    cov: Floats
    pi_low: float
    pi_high: float
    components: dict[str, float]
    fixed: dict[str, float]
    levels: dict[str, int]
    I2: dict[str, float]
    ICC: dict[str, float]
    QM: float
    QM_df: int
    QM_df2: float
    QM_p: float
    QE: float
    QE_df: int
    QE_p: float
    loglik: float
    AIC: float
    AICc: float
    BIC: float
    parameters: int
    k: int
    p: int
    yi: Floats
    vi: Floats
    labels: tuple[str, ...]
    method: str
    test: str
    level: float
    converged: bool
    iterations: int
    singular: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    V: sparse.csr_array
    working: Working
    rows: NDArray[np.intp]
    problem: Problem
    optimum: Optimum
    crosscheck: dict[str, float] = field(default_factory=dict)
    design: Design | None = None

    def linear(self) -> MultilevelLinear:
        """Return the coefficients as contrasts and predictions take them."""
        parts = tuple(zip(self.problem.terms, self.problem.split(self.optimum.at.theta), strict=True))
        return MultilevelLinear(
            self.terms, self.estimate, self.cov, self.k - self.p, self.test, self.level, self.design, math.nan, parts
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return every field but the working model as plain JSON-ready values at full precision."""
        skip = ("V", "working", "problem", "optimum", "design")
        return {f.name: to_plain(getattr(self, f.name)) for f in fields(self) if f.name not in skip}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient: term, estimate, se, ci_low, ci_high, statistic, df, p."""
        return coefficient_frame(self)

    def __repr__(self) -> str:
        first = f"{self.estimate[0]:.4f} [{self.ci_low[0]:.4f}, {self.ci_high[0]:.4f}]"
        found = ", ".join(f"{name}={value:.4f}" for name, value in self.components.items())
        return f"MultilevelResult({self.formula}; k={self.k}, {self.method}/{self.test}: {first}, {found})"

    def _repr_html_(self) -> str:
        return described_html(self)
