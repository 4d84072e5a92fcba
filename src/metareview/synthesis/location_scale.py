"""Location-scale models: moderators of the mean effect (location) and of how much effects differ (scale)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from metareview.errors import MetareviewError
from metareview.synthesis import inference, scale_likelihood, wls
from metareview.synthesis.design import INTERCEPT, Design, build_design
from metareview.synthesis.formulas import check_formula
from metareview.synthesis.frames import new_rows, table
from metareview.synthesis.inputs import check_level
from metareview.synthesis.results import described_html, to_plain
from metareview.synthesis.scale_likelihood import Optimum, Problem
from metareview.synthesis.tau2 import between_variance, estimator
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    from metareview.synthesis.predictions import PredictionResult

LINKS = ("log", "identity")
TESTS = ("knha", "t", "z")


@dataclass(frozen=True, eq=False, repr=False)
class LocationScaleResult:
    """A location-scale model of k effects with p location and q scale coefficients.

    Attributes:
        formula, scale: as given. link: tau2_i = exp(Z alpha) for "log", Z alpha for "identity".
        terms, estimate, se, ci_low, ci_high, statistic, p_value, df: location, shape (p,), as in `RegressionResult`.
        scale_terms, alpha, alpha_se, alpha_ci_low, alpha_ci_high, alpha_statistic, alpha_p, alpha_df: scale, shape (q,);
            errors are from the observed information, nan where the fit is singular.
        cov, alpha_cov: shapes (p, p), (q, q). tau2_i: between-study variance of each effect, shape (k,). tau2: their mean.
        QM, QM_df, QM_df2, QM_p; QS, QS_df, QS_df2, QS_p: joint tests of the location and of the scale coefficients but
            the intercepts; nan where there are none. QE, QE_df, QE_p: Cochran's residual heterogeneity.
        log_likelihood: of ML or REML (with its constants). gradient: of the scale at the optimum, shape (q,).
        k, p, q, yi, vi, X, Z, labels, method, test, level, converged, excluded, warnings: as in `RegressionResult`.
        singular: the scale lies on the edge (tau2 = 0 for some effects) or is not determined by the data.
    """

    formula: str
    scale: str
    link: str
    terms: tuple[str, ...]
    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    df: float
    scale_terms: tuple[str, ...]
    alpha: Floats
    alpha_se: Floats
    alpha_ci_low: Floats
    alpha_ci_high: Floats
    alpha_statistic: Floats
    alpha_p: Floats
    alpha_df: float
    cov: Floats
    alpha_cov: Floats
    tau2_i: Floats
    tau2: float
    QM: float
    QM_df: int
    QM_df2: float
    QM_p: float
    QS: float
    QS_df: int
    QS_df2: float
    QS_p: float
    QE: float
    QE_df: int
    QE_p: float
    log_likelihood: float
    gradient: Floats
    k: int
    p: int
    q: int
    yi: Floats
    vi: Floats
    X: Floats
    Z: Floats
    labels: tuple[str, ...]
    method: str
    test: str
    level: float
    converged: bool
    singular: bool
    excluded: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    design: Design
    scale_design: Design

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items() if name not in ("design", "scale_design")}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient: part (location or scale), term, estimate, se, interval, statistic, df, p."""
        names = ("estimate", "se", "ci_low", "ci_high", "statistic")
        location = {"part": "location", "term": self.terms} | {name: getattr(self, name) for name in names}
        scale = {"part": "scale", "term": self.scale_terms, "estimate": self.alpha}
        scale |= {name: getattr(self, f"alpha_{name}") for name in names[1:]}
        first = pd.DataFrame(location | {"df": self.df, "p": self.p_value})
        return pd.concat([first, pd.DataFrame(scale | {"df": self.alpha_df, "p": self.alpha_p})], ignore_index=True)

    def predict(self, newdata: Any = None, *, level: float | None = None) -> PredictionResult:
        """Predict the mean effect, and by the scale the effects around it: arguments and errors as `prediction.predict`."""
        from metareview.synthesis.predictions import intervals, outside

        frame, X, tau2 = self.design.moderators, self.X, self.tau2_i
        warnings: tuple[str, ...] = ()
        if newdata is None:
            frame = frame.join(self.scale_design.moderators.drop(columns=frame.columns, errors="ignore"))
        else:
            frame = new_rows(newdata)
            X, eta = self.design.evaluate(frame), self.scale_design.evaluate(frame) @ self.alpha
            tau2 = np.exp(eta) if self.link == "log" else np.maximum(eta, 0.0)
            seen = (self.design.moderators, self.scale_design.moderators)
            warnings = tuple(dict.fromkeys(text for part in seen for text in outside(part, frame)))
        used = self.level if level is None else level
        return intervals(frame, X, self.estimate, self.cov, tau2, self.df, used, warnings)

    def __repr__(self) -> str:
        return (
            f"LocationScaleResult({self.formula}, scale {self.scale}; k={self.k}, {self.method}/{self.test}, {self.link}: "
            f"QM={self.QM:.2f} p={self.QM_p:.4f}, QS={self.QS:.2f} p={self.QS_p:.4f})"
        )

    def _repr_html_(self) -> str:
        return described_html(self)


def location_scale(
    formula: str,
    data: Any,
    vi: str = "vi",
    *,
    scale: str = "~ 1",
    link: str = "log",
    tau2: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    labels: str | Sequence[Any] | None = None,
) -> LocationScaleResult:
    """Fit a model in which moderators change the mean effect and the variance between effects.

    Arguments:
        formula, data, vi, level, labels: as in `regress`. scale: the moderators of tau2, e.g. "~ year + C(design)".
        link: "log", tau2_i = exp(Z alpha), or "identity", tau2_i = Z alpha, kept at or above 0 for every effect.
        tau2: "REML" or "ML". test: "knha" (t, Knapp-Hartung factor for the location), "t" (without it) or "z".

    Raises:
        MetareviewError: as `regress`, and an unknown link, test or estimator, or too few effects.

    Source: Viechtbauer & Lopez-Lopez (2022), Research Synthesis Methods 13, 697-715.
    """
    method = _check(link, tau2, test)
    level = check_level(level)
    place, spread = _designs(formula, scale, data, vi, labels)
    y, v, X = place.effects.yi, place.effects.vi, place.X
    k, p, q = *X.shape, spread.X.shape[1]
    if k <= p + q:
        raise MetareviewError(f"{k} effects cannot estimate {p} location and {q} scale coefficients.", "Use fewer.")
    norms = np.sqrt(np.mean(spread.X**2, axis=0))
    basis, R = np.linalg.qr(spread.X / norms)
    back = np.linalg.inv(R / math.sqrt(k)) / norms[:, None]
    problem = Problem(y, v, X, basis * math.sqrt(k), method == "REML", link == "log")
    best = scale_likelihood.maximise(problem, between_variance(method, y, v, X)[1].value)
    f = best.point.fit
    perfect = inference.is_perfect(f.rss, f.w, y) and test == "knha"
    used = "z" if k - p < 2 or perfect else test
    cov = f.cov * (f.rss / (k - p) if used == "knha" else 1.0)
    t = problem.tau2(best.point.alpha)
    null = wls.fit(y, 1.0 / v, X)
    return LocationScaleResult(
        formula, scale, link, place.terms, **_table(f.beta, cov, k - p, used, level), scale_terms=spread.terms,
        **_scale(best, back, spread.terms, k - q, used, level), cov=cov, tau2_i=t, tau2=float(t.mean()),
        **_joint(f.beta, cov, place.terms, k - p, used, "QM"), QE=null.rss, QE_df=k - p,
        QE_p=inference.chi2_tail(null.rss, k - p), log_likelihood=best.point.value, k=k, p=p, q=q, yi=y, vi=v, X=X,
        Z=spread.X, labels=place.effects.labels, method=method, test=used, level=level, converged=best.converged,
        singular=best.edge or best.flat, excluded=place.excluded, warnings=_warnings(best, place, k, p, q, used != test, spread),
        design=place, scale_design=spread,
    )  # fmt: skip


def _check(link: str, tau2: str, test: str) -> str:
    method = estimator(tau2).id
    if method not in ("REML", "ML"):
        raise MetareviewError(f"A location-scale model is not fitted by {method}.", 'Choose tau2="REML" or "ML".')
    for name, value, known in (("link", link, LINKS), ("test", test, TESTS)):
        if value not in known:
            raise MetareviewError(f"There is no {name} {value!r}.", f"Choose one of {', '.join(known)}.")
    return method


def _designs(formula: str, scale: str, data: Any, vi: str, labels: str | Sequence[Any] | None) -> tuple[Design, Design]:
    """Return the designs of location and scale on the rows that have the moderators of both."""
    check_formula(formula)
    check_formula(scale)
    if "~" not in formula or "~" not in scale:
        raise MetareviewError("The location and the scale are formulas.", 'Example: "yi ~ year", scale="~ year".')
    frame = table(data)
    both = (formula, f"{formula.split('~', 1)[0]}~{scale.split('~', 1)[1]}")
    first = [build_design(text, frame, vi, labels) for text in both]
    rows = np.intersect1d(first[0].rows, first[1].rows)
    excluded = tuple(dict(first[0].excluded + first[1].excluded).items())
    if all(rows.size == design.rows.size for design in first):
        return first[0], first[1]
    kept = first[0].effects.labels
    names = [name for name, row in zip(kept, first[0].rows, strict=True) if row in set(rows.tolist())]
    place, spread = (build_design(text, frame.iloc[rows], vi, names) for text in both)
    from dataclasses import replace

    return replace(place, excluded=excluded, rows=rows), replace(spread, excluded=excluded, rows=rows)


def _table(beta: Floats, cov: Floats, df: int, test: str, level: float) -> dict[str, Any]:
    freedom = inference.freedom(test, df)
    se = np.sqrt(np.diag(cov))
    half = inference.critical(level, freedom) * se
    statistic = beta / se
    p_value = np.array([inference.two_sided(float(s), freedom) for s in statistic])
    return {"estimate": beta, "se": se, "ci_low": beta - half, "ci_high": beta + half, "statistic": statistic,
            "p_value": p_value, "df": freedom}  # fmt: skip


def _scale(best: Optimum, back: Floats, terms: tuple[str, ...], df: int, test: str, level: float) -> dict[str, Any]:
    at, q = best.point, len(terms)
    cov = np.full((q, q), math.nan)
    if not (best.edge or best.flat):
        cov = back @ np.linalg.inv(-at.hessian) @ back.T
    table = _table(back @ at.alpha, cov, df, test, level)
    names = {"estimate": "alpha", "p_value": "alpha_p"}
    renamed = {names.get(name, f"alpha_{name}"): value for name, value in table.items()}
    joint = _joint(back @ at.alpha, cov, terms, df, test, "QS")
    return renamed | joint | {"alpha_cov": cov, "gradient": at.gradient}


def _joint(beta: Floats, cov: Floats, terms: tuple[str, ...], df: int, test: str, name: str) -> dict[str, Any]:
    which = [i for i, term in enumerate(terms) if term != INTERCEPT]
    if name == "QM":
        which = which or [0]
    if not which or not np.isfinite(cov).all():
        return {name: math.nan, f"{name}_df": len(which), f"{name}_df2": math.nan, f"{name}_p": math.nan}
    found = inference.joint_test(beta, cov, which, df, test)
    return {key.replace("QM", name): value for key, value in found.items()}


def _warnings(best: Optimum, design: Design, k: int, p: int, q: int, fell_back: bool, scale: Design) -> tuple[str, ...]:
    out = []
    if k < 10 * (p + q):
        out.append(
            f"{k} effects for {p + q} coefficients: fewer than 10 each, and the scale needs more than the location."
        )
    if fell_back:
        out.append(
            "The t test cannot be used with one residual degree of freedom or no residuals: the normal test is used."
        )
    if best.edge:
        out.append(
            "Singular fit: tau2 is 0 for some effects, so the scale coefficients have no usable standard errors."
        )
    if best.flat:
        out.append("Singular fit: tau2 runs to 0 for some settings, so the log-scale coefficients are not determined.")
    if design.excluded:
        out.append(f"{len(design.excluded)} of {k + len(design.excluded)} effects lack a moderator and were left out.")
    if not best.converged:
        out.append("The scale coefficients did not converge.")
    return tuple(dict.fromkeys((*out, *design.warnings, *scale.warnings)))
