"""What a synthesis returns: frozen facts at full precision; rounding happens in renderers only."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.synthesis.linear import Asked, Linear

if TYPE_CHECKING:
    import pandas as pd

    from metareview.synthesis.design import Design

Floats = NDArray[np.float64]


def to_plain(value: Any) -> Any:
    """A value as JSON has it: arrays and tuples as lists, results as dictionaries."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return [to_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, PooledResult):
        return value.to_dict()
    return value


def coefficient_frame(result: Any) -> pd.DataFrame:
    """One row a coefficient of a result: term, estimate, se, ci_low, ci_high, statistic, df, p; one df may serve all."""
    import pandas as pd

    names = ("estimate", "se", "ci_low", "ci_high", "statistic", "df")
    columns: dict[str, Any] = {"term": list(result.terms)} | {name: getattr(result, name) for name in names}
    return pd.DataFrame(columns | {"p": result.p_value})


def described_html(result: Any) -> str:
    """What a notebook shows of a result: its line, and its table under it."""
    from html import escape

    return f"<p>{escape(repr(result))}</p>{result.to_frame().to_html(index=False)}"


def _to_dict(result: Any) -> dict[str, Any]:
    return {f.name: to_plain(getattr(result, f.name)) for f in fields(result) if f.name != "design"}


@dataclass(frozen=True, eq=False, repr=False)
class PooledResult:
    """A random- or equal-effects pooled estimate.

    Attributes:
        estimate, se, ci_low, ci_high: pooled effect on the scale of yi (log scale for ratios) with the
            interval of `test`.
        wald_se, wald_ci_low, wald_ci_high: the normal-theory interval beside it.
        pi_low, pi_high: prediction interval for the true effect in a new setting; nan when k < 3 or method is
            FE.
        statistic, p, df: test of estimate = 0; `df` is k - 1 for Knapp-Hartung, inf for the z test.
        tau2, tau2_se, tau2_ci: between-study variance, its standard error and its interval (low, high).
        I2, H2: from tau2 and the typical sampling variance; `I2` in percent. I2_ci, H2_ci: (low, high), from tau2_ci.
        I2_Q, H2_Q: those from Q alone.
        Q, Q_df, Q_p: Cochran's heterogeneity test.
        k: number of effects pooled. yi, vi, weights: shape (k,); weights in percent, summing to 100; `weighting` says
            whether they are "inverse variance" or "given".
        labels: one label per effect, shape (k,).
        excluded: (label, reason) of every effect that was offered and not pooled.
        method: tau2 estimator id, "fixed" when tau2 was given; test: "knha", "adhoc", "t" or "z", the one used; level:
            e.g. 0.95. tau2_ci_method: id of the interval of tau2. prediction: "k-p", "k-p-1" or "normal", the reference
            distribution of the prediction interval.
        converged, iterations: of the estimator of tau2.
        engine: "metareview" or "pymare".
        crosscheck: relative differences to the second engine, by quantity; empty when not run.
        warnings: sentences a reader must see.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    wald_se: float
    wald_ci_low: float
    wald_ci_high: float
    pi_low: float
    pi_high: float
    statistic: float
    p: float
    df: float
    tau2: float
    tau2_se: float
    tau2_ci: tuple[float, float]
    I2: float
    H2: float
    Q: float
    Q_df: int
    Q_p: float
    k: int
    yi: Floats
    vi: Floats
    weights: Floats
    labels: tuple[str, ...]
    method: str = "REML"
    test: str = "knha"
    level: float = 0.95
    converged: bool = True
    excluded: tuple[tuple[str, str], ...] = ()
    crosscheck: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    engine: str = "metareview"
    I2_ci: tuple[float, float] = (math.nan, math.nan)
    H2_ci: tuple[float, float] = (math.nan, math.nan)
    I2_Q: float = math.nan
    H2_Q: float = math.nan
    tau2_ci_method: str = "qp"
    prediction: str = "k-p"
    weighting: str = "inverse variance"
    iterations: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return _to_dict(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the scalar results."""
        import pandas as pd

        intervals = ("tau2_ci", "I2_ci", "H2_ci")
        skip = {"yi", "vi", "weights", "labels", "excluded", "crosscheck", "warnings", *intervals}
        row = {name: value for name, value in self.to_dict().items() if name not in skip}
        for name in intervals:
            row[f"{name}_low"], row[f"{name}_high"] = getattr(self, name)
        return pd.DataFrame([row])

    def __repr__(self) -> str:
        return (
            f"PooledResult(k={self.k}, {self.method}/{self.test}: {self.estimate:.4f} "
            f"[{self.ci_low:.4f}, {self.ci_high:.4f}], tau2={self.tau2:.4f}, I2={self.I2:.1f}%)"
        )

    def _repr_html_(self) -> str:
        return self.to_frame().T.rename(columns={0: "value"}).to_html()


@dataclass(frozen=True, eq=False, repr=False)
class RegressionResult(Asked):
    """A meta-regression of k effects on p coefficients.

    Attributes:
        formula: as given. terms: names of the coefficients, length p.
        estimate, se, ci_low, ci_high, statistic, p_value: one a coefficient, shape (p,), on the scale of yi.
        df: degrees of freedom of each coefficient's test: k - p for Knapp-Hartung, inf for z.
        cov: covariance of the coefficients under `test`, shape (p, p). X: design, shape (k, p).
        QM, QM_df, QM_df2, QM_p: joint test of all coefficients but the intercept; F with (m, k - p) for
            Knapp-Hartung, chi-squared with m (and QM_df2 inf) for z.
        QE, QE_df, QE_p: test of the heterogeneity the moderators leave.
        tau2, tau2_se, tau2_ci, I2, H2: residual heterogeneity. tau2_empty: tau2 of the same effects without
            moderators.
        R2: percent of tau2_empty that the moderators account for, not below 0; nan where it has no meaning
            (no intercept, no moderators, equal effects, tau2 given, or nothing to account for).
        crosscheck: relative differences to PyMARE, and (wls_) to statsmodels; empty when not run.
        k, p: effects and coefficients. yi, vi, weights, labels, excluded, method, test, level, converged, warnings,
            I2_ci, H2_ci, tau2_ci_method, weighting, iterations: as in `PooledResult`. design: the formula
            evaluated, for new data; not in to_dict().
    """

    formula: str
    terms: tuple[str, ...]
    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    df: float
    cov: Floats
    X: Floats
    QM: float
    QM_df: int
    QM_df2: float
    QM_p: float
    QE: float
    QE_df: int
    QE_p: float
    tau2: float
    tau2_se: float
    tau2_ci: tuple[float, float]
    tau2_empty: float
    I2: float
    H2: float
    R2: float
    k: int
    p: int
    yi: Floats
    vi: Floats
    weights: Floats
    labels: tuple[str, ...]
    method: str = "REML"
    test: str = "knha"
    level: float = 0.95
    converged: bool = True
    excluded: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    crosscheck: dict[str, float] = field(default_factory=dict)
    I2_ci: tuple[float, float] = (math.nan, math.nan)
    H2_ci: tuple[float, float] = (math.nan, math.nan)
    tau2_ci_method: str = "qp"
    weighting: str = "inverse variance"
    iterations: int = 0
    design: Design | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return _to_dict(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient: term, estimate, se, ci_low, ci_high, statistic, df, p."""

        return coefficient_frame(self)

    def linear(self) -> Linear:
        """Return the coefficients as contrasts and predictions take them."""
        tau2 = math.nan if self.method == "FE" else self.tau2
        return Linear(
            self.terms, self.estimate, self.cov, self.k - self.p, self.test, self.level, self.design, tau2
        )  # fmt: skip

    @property
    def coefficients(self) -> pd.DataFrame:
        """Return the table of coefficients, as `to_frame` does."""
        return self.to_frame()

    def __repr__(self) -> str:
        kind = "chi2" if self.test == "z" else "F"
        return (
            f"RegressionResult({self.formula}; k={self.k}, {self.method}/{self.test}: {kind}={self.QM:.2f} "
            f"p={self.QM_p:.4f}, tau2={self.tau2:.4f}, I2={self.I2:.1f}%, R2={self.R2:.1f}%)"
        )

    def _repr_html_(self) -> str:
        return described_html(self)


@dataclass(frozen=True, eq=False, repr=False)
class SubgroupResult:
    """Effects pooled by group, each group with a tau2 of its own.

    Attributes:
        names: groups in order of first appearance. groups: one pooled result a group, same order.
        overall: all effects pooled, whatever their group.
        QM, QM_df, QM_df2, QM_p: test that the group means are equal, with one tau2 for all groups and the test asked
            for: F with (groups - 1, k - groups), or chi-squared (QM_df2 inf) for the z test; nan where it cannot be made.
        Q_between, Q_between_df, Q_between_p: the same by a tau2 a group and normal-theory errors; nan (df 0) with fewer
            than two groups in the test. Far too liberal in small groups: read QM.
        tested: the groups that entered Q_between. single: the groups of one effect.
        crosscheck: of the regression behind QM, as in `RegressionResult`.
        warnings: sentences a reader must see.
    """

    names: tuple[str, ...]
    groups: tuple[PooledResult, ...]
    overall: PooledResult
    QM: float
    QM_df: int
    QM_df2: float
    QM_p: float
    Q_between: float
    Q_between_df: int
    Q_between_p: float
    tested: tuple[str, ...]
    single: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    crosscheck: dict[str, float] = field(default_factory=dict)

    def __getitem__(self, name: str) -> PooledResult:
        """Return the pooled result of one group.

        Raises:
            MetareviewError: there is no such group.
        """
        if name not in self.names:
            raise MetareviewError(f"There is no group {name!r}.", f"There are: {', '.join(self.names)}.")
        return self.groups[self.names.index(name)]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return _to_dict(self)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a group and a last row "overall", with the scalar results of each."""
        import pandas as pd

        frame = pd.concat([r.to_frame() for r in (*self.groups, self.overall)], ignore_index=True)
        frame.insert(0, "group", [*self.names, "overall"])
        return frame

    def __repr__(self) -> str:
        return (
            f"SubgroupResult({len(self.names)} groups, k={self.overall.k}: "
            f"QM={self.QM:.2f}, df={self.QM_df}, {self.QM_df2:g}, p={self.QM_p:.4f})"
        )

    def _repr_html_(self) -> str:
        return described_html(self)
