"""`mantel_haenszel`: odds ratios, risk ratios and risk differences of 2x2 tables, pooled by the cells themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import inference, statsmodels_engine
from metareview.synthesis.inputs import check_level
from metareview.synthesis.results import to_plain
from metareview.synthesis.tables import Tables, check_tables

if TYPE_CHECKING:
    import pandas as pd

MEASURES = ("OR", "RR", "RD")


@dataclass(frozen=True, eq=False, repr=False)
class MantelHaenszelResult:
    """A pooled measure of k tables, with one common effect assumed.

    Attributes:
        measure: "OR", "RR" or "RD". estimate, se, ci_low, ci_high: log ratios for OR and RR. statistic, p: z test.
        Q, Q_df, Q_p: heterogeneity about the estimate by inverse variances, half a case added to every cell of tables with an
            empty one. I2, H2: from Q.
        cmh, cmh_p: Cochran-Mantel-Haenszel test of no effect (chi-squared, 1 df); tarone, tarone_df, tarone_p: the
            Breslow-Day test of equal odds ratios with Tarone's correction; nan for other measures.
        k: tables. telling: those with events and non-events. labels: of all. level, warnings: as in `PooledResult`.
        crosscheck: relative differences to statsmodels, which has no error of a risk ratio and no risk difference.
    """

    measure: str
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p: float
    Q: float
    Q_df: int
    Q_p: float
    I2: float
    H2: float
    cmh: float
    cmh_p: float
    tarone: float
    tarone_df: int
    tarone_p: float
    k: int
    telling: int
    labels: tuple[str, ...]
    level: float
    crosscheck: dict[str, float]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {f.name: to_plain(getattr(self, f.name)) for f in fields(self)}

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the scalar results."""
        import pandas as pd

        skip = ("labels", "crosscheck", "warnings")
        return pd.DataFrame([{name: value for name, value in self.to_dict().items() if name not in skip}])

    def __repr__(self) -> str:
        scale = "" if self.measure == "RD" else "log "
        return (
            f"MantelHaenszelResult({scale}{self.measure}, k={self.k}: {self.estimate:.4f} "
            f"[{self.ci_low:.4f}, {self.ci_high:.4f}], p={self.p:.4f})"
        )

    def _repr_html_(self) -> str:
        return self.to_frame().T.rename(columns={0: "value"}).to_html()


def mantel_haenszel(
    ai: Any,
    n1i: Any,
    ci: Any,
    n2i: Any,
    *,
    measure: str = "OR",
    labels: Sequence[Any] | None = None,
    level: float = 0.95,
    correct: bool = True,
) -> MantelHaenszelResult:
    """Pool 2x2 tables; no cell is changed for the estimate, so empty ones do no harm.

    Arguments:
        ai, n1i: events and people treated; ci, n2i: of the controls; each of shape (k,).
        measure: "OR", "RR" (both on the log scale) or "RD". correct: the continuity correction of the test of no effect.

    Raises:
        MetareviewError: unusable tables, an unknown measure, or a ratio that all tables together leave at 0 or infinity.

    Source: Mantel & Haenszel (1959), JNCI 22, 719-748; variances: OR Robins, Breslow & Greenland (1986), Biometrics 42,
    311-323; RR Greenland & Robins (1985), Biometrics 41, 55-68; RD Sato (1989), Biometrics 45, 1323-1324; test of equal odds
    ratios: Tarone (1985), Biometrika 72, 91-95.
    """
    if measure not in MEASURES:
        raise MetareviewError(f"There is no Mantel-Haenszel {measure!r}.", f"Choose one of {', '.join(MEASURES)}.")
    t, level = check_tables(ai, n1i, ci, n2i, labels), check_level(level)
    estimate, variance = {"OR": _odds_ratio, "RR": _risk_ratio, "RD": _risk_difference}[measure](t)
    if not (math.isfinite(estimate) and variance > 0):
        raise MetareviewError(
            f"The tables leave no finite {measure} with an error: {int(np.sum(t.telling))} of {t.a.size} have events and "
            "non-events, and all events are on one side or none.",
            "A risk difference (measure='RD') may still be told.",
        )
    se = math.sqrt(variance)
    half = inference.critical(level, math.inf) * se
    ratio = measure == "OR"
    cmh, cmh_p = _no_effect(t, correct) if ratio else (math.nan, math.nan)
    tarone, df, tarone_p = _equal_odds(t, math.exp(estimate)) if ratio else (math.nan, 0, math.nan)
    return MantelHaenszelResult(
        measure, estimate, se, estimate - half, estimate + half, estimate / se, inference.two_sided(estimate / se, math.inf),
        **_heterogeneity(t, measure, estimate), cmh=cmh, cmh_p=cmh_p, tarone=tarone, tarone_df=df, tarone_p=tarone_p,
        k=t.a.size, telling=int(np.sum(t.telling)), labels=t.labels, level=level,
        crosscheck=_differences(t, measure, estimate, se), warnings=_warnings(t, measure),
    )  # fmt: skip


def _odds_ratio(t: Tables) -> tuple[float, float]:
    n = t.n1 + t.n2
    P, Q, R, S = (t.a + t.d) / n, (t.b + t.c) / n, t.a * t.d / n, t.b * t.c / n
    r, s = float(R.sum()), float(S.sum())
    if not (r > 0 and s > 0):
        return math.nan, math.nan
    variance = (P @ R) / (2 * r**2) + (P @ S + Q @ R) / (2 * r * s) + (Q @ S) / (2 * s**2)
    return math.log(r / s), float(variance)


def _risk_ratio(t: Tables) -> tuple[float, float]:
    n = t.n1 + t.n2
    r, s = float(np.sum(t.a * t.n2 / n)), float(np.sum(t.c * t.n1 / n))
    if not (r > 0 and s > 0):
        return math.nan, math.nan
    D = (t.n1 * t.n2 * (t.a + t.c) - t.a * t.c * n) / n**2
    return math.log(r / s), float(np.sum(D)) / (r * s)


def _risk_difference(t: Tables) -> tuple[float, float]:
    n, n1, n2 = t.n1 + t.n2, t.n1, t.n2
    total = float(np.sum(n1 * n2 / n))
    difference = float(np.sum((t.a * n2 - t.c * n1) / n)) / total
    P = (n1**2 * t.c - n2**2 * t.a + n1 * n2 * (n2 - n1) / 2) / n**2
    Q = (t.a * t.d + t.c * t.b) / (2 * n)
    return difference, (difference * float(P.sum()) + float(Q.sum())) / total**2


def _no_effect(t: Tables, correct: bool) -> tuple[float, float]:
    """The test that treated and controls have the same odds in every table."""
    here = t.telling
    a, n1, n2, events = t.a[here], t.n1[here], t.n2[here], (t.a + t.c)[here]
    n = n1 + n2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(n > 1, n1 * n2 * events * (n - events) / (n**2 * (n - 1)), 0.0)
    gap = max(0.0, abs(float(np.sum(a - n1 * events / n))) - (0.5 if correct else 0.0))
    total = float(variance.sum())
    chi2 = gap**2 / total if total > 0 else math.nan
    return chi2, inference.chi2_tail(chi2, 1) if total > 0 else math.nan


def _equal_odds(t: Tables, ratio: float) -> tuple[float, int, float]:
    """The test that every table has the pooled odds ratio, from the events it expects at the table's margins."""
    here = t.telling
    a, n1, n2, m = t.a[here], t.n1[here], t.n2[here], (t.a + t.c)[here]
    df = int(here.sum()) - 1
    if df < 1:
        return math.nan, 0, math.nan
    linear = n2 - m + ratio * (m + n1)
    # the root of (1 - ratio) x^2 + linear x - ratio m n1 within the margins, written so that a ratio of 1 is no exception
    expected = 2 * ratio * m * n1 / (linear + np.sqrt(linear**2 + 4 * (1 - ratio) * ratio * m * n1))
    variance = 1 / (1 / expected + 1 / (m - expected) + 1 / (n1 - expected) + 1 / (n2 - m + expected))
    gap = a - expected
    chi2 = max(0.0, float(np.sum(gap**2 / variance) - np.sum(gap) ** 2 / np.sum(variance)))
    return chi2, df, inference.chi2_tail(chi2, df)


def _heterogeneity(t: Tables, measure: str, estimate: float) -> dict[str, Any]:
    here = t.telling
    cells = np.array([t.a, t.b, t.c, t.d])[:, here]
    a, b, c, d = cells + 0.5 * (cells == 0).any(axis=0)
    n1, n2 = a + b, c + d
    if measure == "OR":
        yi, vi = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    elif measure == "RR":
        yi, vi = np.log(a * n2 / (c * n1)), 1 / a - 1 / n1 + 1 / c - 1 / n2
    else:
        yi, vi = a / n1 - c / n2, a * b / n1**3 + c * d / n2**3
    Q, df = float(np.sum((yi - estimate) ** 2 / vi)), max(0, yi.size - 1)
    if not df:
        return {"Q": 0.0, "Q_df": 0, "Q_p": 1.0, "I2": 0.0, "H2": 1.0}
    I2 = 100 * max(0.0, (Q - df) / Q) if Q > 0 else 0.0
    return {"Q": Q, "Q_df": df, "Q_p": inference.chi2_tail(Q, df), "I2": I2, "H2": Q / df}


def _differences(t: Tables, measure: str, estimate: float, se: float) -> dict[str, float]:
    """Relative differences to statsmodels."""
    cells = np.moveaxis(np.array([[t.a, t.b], [t.c, t.d]]), 2, 0)
    found = statsmodels_engine.stratified(measure, cells)
    scales = {"estimate": max(abs(estimate), se), "se": se}
    own: dict[str, float] = {"estimate": estimate, "se": se}
    return {name: abs(own[name] - value) / scales[name] for name, value in found.items()}


def _warnings(t: Tables, measure: str) -> tuple[str, ...]:
    silent = [label for label, tells in zip(t.labels, t.telling, strict=True) if not tells]
    if not silent:
        return ()
    does = "say nothing of an odds ratio" if measure == "OR" else "stay out of the test of heterogeneity"
    return (f"Tables without events, or with nothing else, {does}: {', '.join(silent)}.",)
