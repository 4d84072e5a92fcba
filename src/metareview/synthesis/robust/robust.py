"""`robust`: tests and intervals of a fitted model that hold when its covariance between effects is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import inference
from metareview.synthesis.design import INTERCEPT
from metareview.synthesis.inputs import check_level
from metareview.synthesis.linear import Asked, Linear
from metareview.synthesis.results import PooledResult, RegressionResult, coefficient_frame, described_html, to_plain
from metareview.synthesis.robust.clusters import Clusters, by_cluster
from metareview.synthesis.robust.coefficients import FEW_DF, NOTHING, RobustLinear, degrees, together
from metareview.synthesis.robust.sandwich import Sandwich, sandwich
from metareview.synthesis.wls import Floats, ones
from metareview.synthesis.working import Working, diagonal

if TYPE_CHECKING:
    import pandas as pd

TESTS = ("Satterthwaite", "naive", "z")


@dataclass(frozen=True, eq=False, repr=False)
class RobustResult(Asked):
    """Coefficients with cluster-robust errors.

    Attributes:
        terms, estimate, se, ci_low, ci_high, statistic, p_value, df: one a coefficient, shape (p,), on the scale of yi; df is
            Satterthwaite's, J - 1 (naive), or inf (z).
        cov: shape (p, p). vcov: its kind. clusters: their number J. k, p: effects, coefficients. test, level: as asked for.
        QM, QM_df, QM_df2, QM_p: joint test of all coefficients but the intercept: F with (q, eta - q + 1) by HTZ, F with
            (q, J - 1) (naive), or chi-squared (z).
        warnings: sentences a reader must see. model, sandwich: the clusters and the robust variance. base: the
            coefficients of the model itself, with its design, where `robust` was given a result that holds it.
    """

    terms: tuple[str, ...]
    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    df: Floats
    cov: Floats
    vcov: str
    clusters: int
    k: int
    p: int
    test: str
    level: float
    QM: float
    QM_df: int
    QM_df2: float
    QM_p: float
    warnings: tuple[str, ...]
    model: Clusters
    sandwich: Sandwich
    base: Linear | None = None

    def linear(self) -> RobustLinear:
        """Return the coefficients as contrasts and predictions take them."""
        design, tau2 = (self.base.design, self.base.tau2) if self.base else (None, math.nan)
        return RobustLinear(
            self.terms, self.estimate, self.cov, self.k - self.p, self.test, self.level, design, tau2, self.model,
            self.sandwich, self.base,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {
            f.name: to_plain(getattr(self, f.name)) for f in fields(self) if f.name not in ("model", "sandwich", "base")
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient: term, estimate, se, ci_low, ci_high, statistic, df, p."""
        return coefficient_frame(self)

    def __repr__(self) -> str:
        first = f"{self.estimate[0]:.4f} [{self.ci_low[0]:.4f}, {self.ci_high[0]:.4f}], df={self.df[0]:.1f}"
        return f"RobustResult({self.vcov}/{self.test}, {self.clusters} clusters, k={self.k}: {self.terms[0]} {first})"

    def _repr_html_(self) -> str:
        return described_html(self)


def robust(
    result: Any, cluster: Sequence[Any], *, vcov: str = "CR2", test: str = "Satterthwaite", level: float = 0.95
) -> RobustResult:
    """Cluster-robust errors, tests and intervals of the coefficients of a fitted model.

    Arguments:
        result: what `pool`, `regress` or `multilevel` returned. cluster: one value an effect, in the order of its effects.
        vcov: CR0, CR1, CR1p, CR1S, CR2 or CR3. test: "Satterthwaite" (and HTZ for several coefficients), "naive" or "z".

    Raises:
        MetareviewError: a result without a working model, or clusters that cannot be used.

    Source: Hedges, Tipton & Johnson (2010), Research Synthesis Methods 1, 39-65; Tipton (2015), Psychological Methods 20,
    375-393; Pustejovsky & Tipton (2018), Journal of Business & Economic Statistics 36, 672-683.
    """
    working = working_of(result)
    if test not in TESTS:
        raise MetareviewError(f"There is no test {test!r}.", f"Choose one of {', '.join(TESTS)}.")
    level = check_level(level)
    clusters = by_cluster(working, cluster)
    found = sandwich(clusters, vcov)
    p, beta = clusters.p, working.beta
    df = degrees(clusters, found, np.eye(p), test)
    se = np.sqrt(np.diag(found.cov))
    se = np.where(se > NOTHING * np.sqrt(np.diag(clusters.bread)), se, math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = beta / se
    df = np.where(np.isfinite(se), df, math.nan)
    half = np.array([inference.critical(level, d) if d > 0 else math.nan for d in df]) * se
    which = [i for i, term in enumerate(working.terms) if term != INTERCEPT] or [0]
    tested = together(beta[which], found.cov, np.eye(p)[which], clusters, found, test)
    return RobustResult(
        terms=working.terms,
        estimate=beta,
        se=se,
        ci_low=beta - half,
        ci_high=beta + half,
        statistic=statistic,
        p_value=np.array([inference.two_sided(float(s), float(d)) for s, d in zip(statistic, df, strict=True)]),
        df=df,
        cov=found.cov,
        vcov=vcov,
        clusters=clusters.count,
        k=clusters.k,
        p=p,
        test=test,
        level=level,
        QM=tested["F"],
        QM_df=int(tested["df"]),
        QM_df2=tested["df2"],
        QM_p=tested["p"],
        warnings=_warnings(working.terms, df, clusters),
        model=clusters,
        sandwich=found,
        base=result.linear() if isinstance(result, Asked) else None,
    )


def working_of(result: Any) -> Working:
    """The working model of what `pool`, `regress` or `multilevel` returned.

    Raises:
        MetareviewError: it is something else.
    """
    found = getattr(result, "working", result)
    if isinstance(found, Working):
        return found
    if isinstance(result, PooledResult | RegressionResult):
        X, terms = (result.X, result.terms) if isinstance(result, RegressionResult) else (ones(result.k), (INTERCEPT,))
        weights = None if result.weighting == "inverse variance" else result.weights
        return diagonal(result.yi, result.vi + result.tau2, X, terms, result.labels, weights)
    raise MetareviewError("There is no fitted model to make robust.", "Give what pool, regress or multilevel returned.")


def contrast_matrix(contrasts: Any, terms: tuple[str, ...]) -> Floats:
    """Contrasts as a matrix of shape (q, p), from names of coefficients or from a matrix.

    Raises:
        MetareviewError: an unknown name, or a matrix of another width.
    """
    if isinstance(contrasts, str):
        contrasts = [contrasts]
    values = list(contrasts)
    if all(isinstance(name, str) for name in values):
        unknown = [name for name in values if name not in terms]
        if unknown:
            raise MetareviewError(f"There is no coefficient {unknown[0]!r}.", f"There are: {', '.join(terms)}.")
        return np.asarray(np.eye(len(terms))[[terms.index(name) for name in values]])
    C = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if C.shape[1] != len(terms) or np.linalg.matrix_rank(C) < C.shape[0]:
        raise MetareviewError(
            f"Contrasts of shape {C.shape} do not fit {len(terms)} coefficients, or say the same twice.",
            f"Give one column for each of {', '.join(terms)}.",
        )
    return C


def _warnings(terms: tuple[str, ...], df: Floats, clusters: Clusters) -> tuple[str, ...]:
    out = []
    few = [f"{term} ({d:.1f})" for term, d in zip(terms, df, strict=True) if d < FEW_DF]
    if few:
        out.append(
            f"Fewer than {FEW_DF:g} degrees of freedom for {', '.join(few)}: the test can be wrong; use `wild_bootstrap`."
        )
    for term, name in clusters.alone:
        out.append(
            f"{terms[term]} rests on cluster {name} alone: its robust error does not count how clusters differ, and is too small."
        )
    return tuple(out)
