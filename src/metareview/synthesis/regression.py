"""Meta-regression: effects on moderators, with residual heterogeneity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from metareview.synthesis import inference, wls
from metareview.synthesis.design import INTERCEPT, Design, build_design, row_labels
from metareview.synthesis.heterogeneity import heterogeneity
from metareview.synthesis.inputs import check_level, check_weights
from metareview.synthesis.intervals import interval
from metareview.synthesis.intervals.base import Between
from metareview.synthesis.results import RegressionResult
from metareview.synthesis.tau2 import KNOWN, between_variance, estimate_between
from metareview.synthesis.wls import Floats

STUDIES_PER_COEFFICIENT = 10


def regress(
    formula: str,
    data: Any,
    vi: str = "vi",
    *,
    tau2: str | float = "REML",
    test: str = "knha",
    level: float = 0.95,
    tau2_ci: str = "qp",
    weights: Any = None,
    labels: str | Sequence[Any] | None = None,
    crosscheck: bool = False,
) -> RegressionResult:
    """Regress effects on moderators by weighted least squares.

    Arguments:
        formula: e.g. "yi ~ year + C(design)"; text columns are categorical, their first level the reference.
        data: a data frame with the effect, its variance and the moderators, one row an effect.
        vi: the column of sampling variances. tau2, test, level, tau2_ci: as in `pool`.
        weights: a column's name, numbers (one a row), or "equal"; otherwise as in `pool`.
        labels: a column's name or one label a row. Rows without a moderator are left out and named in
            `excluded`. crosscheck: compare with PyMARE and with statsmodels' weighted least squares.

    Raises:
        MetareviewError: a formula or table that cannot be used, unusable effects or weights, collinear or too many
            moderators.

    Source: Knapp & Hartung (2003), Statistics in Medicine 22, 2693-2710; R2: Raudenbush (2009). With weights W of the
    user's, the covariance is (X'WX)^-1 X'WVWX (X'WX)^-1 with V = vi + tau2.
    """
    level = check_level(level)
    design = build_design(formula, data, vi, labels)
    yi, vi_, X = design.effects.yi, design.effects.vi, design.X
    k, p = X.shape
    chosen = interval(tau2_ci)
    given = _weights(weights, data, labels, design)
    method, between, failed = estimate_between(tau2, yi, vi_, X, given)
    f = wls.fit(yi, 1.0 / (vi_ + between.value), X)
    perfect = inference.is_perfect(f.rss, f.w, yi)
    used, warnings = inference.choose_test(
        inference.check_test(test), df=k - p, perfect=perfect, equal_effects=method == "FE"
    )
    beta, plain = (f.beta, f.cov) if given is None else _weighted(yi, given, X, vi_ + between.value)
    cov = plain * inference.factor(used, f.rss, k - p)
    bounds = chosen(Between(yi, vi_, X, method, between, level, given))
    het = heterogeneity(
        yi, vi_, X, between.value, level=level, equal_effects=method == "FE", tau2_ci=(bounds.low, bounds.high)
    )
    empty, r2 = _r_squared(design, tau2, method, between.value, given)
    w = f.w if given is None else given
    result = RegressionResult(
        formula=formula,
        terms=design.terms,
        **_coefficients(beta, cov, k - p, used, level),
        cov=cov,
        X=X,
        **_omnibus(beta, cov, design.terms, k - p, used),
        QE=het.Q,
        QE_df=het.Q_df,
        QE_p=het.Q_p,
        tau2=between.value,
        tau2_se=between.se,
        tau2_ci=het.tau2_ci,
        tau2_empty=empty,
        I2=het.I2,
        H2=het.H2,
        R2=r2,
        k=k,
        p=p,
        yi=yi,
        vi=vi_,
        weights=100.0 * w / w.sum(),
        labels=design.effects.labels,
        method=method,
        test=used,
        level=level,
        converged=between.converged,
        excluded=design.excluded,
        warnings=_warnings(failed + warnings, design, between.converged) + bounds.warnings,
        I2_ci=het.I2_ci,
        H2_ci=het.H2_ci,
        tau2_ci_method=chosen.id,
        weighting="inverse variance" if given is None else "given",
        iterations=between.iterations,
        design=design,
    )
    return checked(result) if crosscheck else result


def checked(result: RegressionResult) -> RegressionResult:
    """The result with its differences to the second engines."""
    from metareview.synthesis.crosscheck import crosscheck_regression

    return replace(result, crosscheck=crosscheck_regression(result))


def _weights(weights: Any, data: Any, labels: str | Sequence[Any] | None, design: Design) -> Floats | None:
    """The user's weights of the rows that are used, shape (k,), or None for inverse variances."""
    if weights is None:
        return None
    frame = pd.DataFrame(data)
    values = frame[weights].to_numpy() if isinstance(weights, str) and weights in frame.columns else weights
    return check_weights(values, row_labels(frame, labels), design.rows)


def _weighted(yi: Floats, w: Floats, X: Floats, variances: Floats) -> tuple[Floats, Floats]:
    """Coefficients (p,) with weights w, and their covariance (p, p) where the effects have those variances, shape (k,)."""
    f = wls.fit(yi, w, X)
    root = np.sqrt(w)
    A = np.linalg.solve(f.basis.T @ (root[:, None] * X), f.basis.T * root)  # beta = A yi
    return f.beta, (A * variances) @ A.T


def _coefficients(beta: Floats, cov: Floats, df: int, test: str, level: float) -> dict[str, Any]:
    freedom = inference.freedom(test, df)
    se = np.sqrt(np.diag(cov))
    half = inference.critical(level, freedom) * se
    statistic = beta / se
    p_value = np.array([inference.two_sided(float(s), freedom) for s in statistic])
    return {
        "estimate": beta,
        "se": se,
        "ci_low": beta - half,
        "ci_high": beta + half,
        "statistic": statistic,
        "p_value": p_value,
        "df": freedom,
    }


def _omnibus(beta: Floats, cov: Floats, terms: tuple[str, ...], df: int, test: str) -> dict[str, Any]:
    """Test all coefficients but the intercept together (the intercept itself when it is alone)."""
    which = [i for i, term in enumerate(terms) if term != INTERCEPT] or [0]
    return inference.joint_test(beta, cov, which, df, test)


def _r_squared(
    design: Design, tau2: str | float, method: str, residual: float, weights: Floats | None
) -> tuple[float, float]:
    """Return tau2 of the model without moderators and the percent of it that is accounted for."""
    if method in ("FE", KNOWN):
        return residual, math.nan
    k, effects = design.X.shape[0], design.effects
    empty = between_variance(tau2, effects.yi, effects.vi, wls.ones(k), weights)[1].value
    if INTERCEPT not in design.terms or len(design.terms) == 1 or empty == 0.0:
        return empty, math.nan
    return empty, 100.0 * max(0.0, (empty - residual) / empty)


def _warnings(first: tuple[str, ...], design: Design, converged: bool) -> tuple[str, ...]:
    out = list(first)
    k, moderators = design.X.shape[0], sum(term != INTERCEPT for term in design.terms)
    if moderators and k / moderators < STUDIES_PER_COEFFICIENT:
        out.append(
            f"{k} effects for {moderators} moderator coefficient{'s' if moderators > 1 else ''}: with fewer "
            f"than {STUDIES_PER_COEFFICIENT} effects each, a meta-regression finds patterns by chance."
        )
    if design.excluded:
        lost = len(design.excluded)
        out.append(f"{lost} of {k + lost} effects lack a moderator and were left out.")
    out += design.warnings
    if not converged:
        out.append("The estimate of tau2 did not converge.")
    return tuple(out)
