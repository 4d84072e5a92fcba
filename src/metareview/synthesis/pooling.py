"""Pool effects into one: tau2, the mean with its interval, the prediction interval and the heterogeneity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import inference, wls
from metareview.synthesis.heterogeneity import heterogeneity
from metareview.synthesis.inputs import Effects, check_effects, check_level, check_weights
from metareview.synthesis.intervals import interval
from metareview.synthesis.intervals.base import Between
from metareview.synthesis.prediction import check_prediction, half_width
from metareview.synthesis.results import PooledResult
from metareview.synthesis.tau2 import KNOWN, estimate_between
from metareview.synthesis.tau2.base import Tau2
from metareview.synthesis.wls import Floats

ENGINES = ("metareview", "pymare")


@dataclass(frozen=True)
class _Centre:
    method: str
    tau2: Tau2
    test: str
    estimate: float
    se: float
    wald_se: float
    weights: Floats | None
    warnings: tuple[str, ...]


def pool(
    yi: Any,
    vi: Any,
    *,
    labels: Sequence[Any] | None = None,
    tau2: str | float = "REML",
    test: str = "knha",
    level: float = 0.95,
    tau2_ci: str = "qp",
    prediction: str | None = None,
    weights: Any = None,
    excluded: Sequence[tuple[str, str]] = (),
    crosscheck: bool = False,
    engine: str = "metareview",
) -> PooledResult:
    """Pool k effects.

    Arguments:
        yi: effects, shape (k,), on the scale they are pooled on (log scale for ratios). vi: their sampling
            variances.
        labels: one a effect. tau2: an estimator's id (see `tau2.estimators()`) or a known number.
        test: "knha" (Knapp-Hartung: t with k - 1 df), "adhoc" or "floored" (the same, its factor not below 1, so that
            it never undercuts the normal-theory error), "t" (normal-theory error, t with k - 1 df) or "z". They fall
            back to "z", with a warning, where they cannot be used: k = 2, and (not t) the equal-effects model, and
            (knha) effects that do not differ.
        level: of every interval. tau2_ci: the interval of tau2: "qp" (Q-profile), "genq" (generalised Q), "pl" (profile
            likelihood; ML and REML) or "wald" (poor).
        prediction: the reference distribution of the prediction interval: "k-p" (t), "k-p-1" (Higgins and others), or
            "normal"; None takes that of the test. The bootstrap one: `prediction_interval`.
        weights: the user's, positive, shape (k,), or "equal": for the mean, whose standard error then allows for them
            (the Knapp-Hartung factor stays that of inverse variances), and for tau2="GENQ" and "GENQM"; None for
            1 / (vi + tau2).
        excluded: (label, reason) of effects that were offered and are not among yi; only carried along.
        crosscheck: compare with the second engine. engine: "metareview" or "pymare" (for tau2, the mean and
            its error).

    The prediction interval is estimate +/- crit sqrt(se^2 + tau2); it is nan for k < 3 and for the equal-effects
    model, which has no distribution of effects. With few effects it covers less often than its level says. An estimator
    that fails gives way to PM or DL, with a warning.

    Raises:
        MetareviewError: unusable effects or weights, or an unknown estimator, test, interval or engine.

    Source: Knapp & Hartung (2003), Statistics in Medicine 22, 2693-2710; adhoc: Rover, Knapp & Friede (2015), BMC
    Medical Research Methodology 15, 99; prediction: Higgins, Thompson & Spiegelhalter (2009), JRSS A 172, 137-159.
    """
    data, level = check_effects(yi, vi, labels), check_level(level)
    given = check_weights(weights, data.labels)
    choices = interval(tau2_ci), check_prediction(prediction)
    centre = _centre(data, tau2, inference.check_test(test), engine, given)
    result = _assemble(data, centre, level, *choices, tuple((str(a), str(b)) for a, b in excluded), engine)
    if crosscheck:
        from metareview.synthesis.crosscheck import crosscheck as compare

        result = replace(result, crosscheck=compare(result))
    return result


def _centre(data: Effects, tau2: str | float, test: str, engine: str, weights: Floats | None) -> _Centre:
    if engine not in ENGINES:
        raise MetareviewError(f"There is no engine {engine!r}.", f"Choose one of {', '.join(ENGINES)}.")
    X = wls.ones(data.yi.size)
    method, between, failed = estimate_between(tau2, data.yi, data.vi, X, weights)
    w = np.reciprocal(data.vi + between.value)
    f = wls.fit_mean(data.yi, w)
    df, rss = data.yi.size - 1, f.rss
    used, warnings = inference.choose_test(
        test, df=df, perfect=inference.is_perfect(rss, w, data.yi), equal_effects=method == "FE"
    )
    if engine == "pymare":
        return _pymare_centre(data, method, between, used, weights, failed + warnings)
    estimate, variance = f.mean, 1.0 / f.total
    if weights is not None:
        share = weights / weights.sum()
        estimate, variance = float(share @ data.yi), float(np.sum(share**2 / w))
    se = math.sqrt(variance * inference.factor(used, rss, df))
    return _Centre(method, between, used, estimate, se, math.sqrt(variance), weights, failed + warnings)


def _pymare_centre(
    data: Effects, method: str, own: Tau2, test: str, weights: Floats | None, warnings: tuple[str, ...]
) -> _Centre:
    from metareview.synthesis import pymare_engine

    if weights is not None:
        raise MetareviewError("PyMARE takes no weights.", "Use engine='metareview'.")
    if test == "t":
        raise MetareviewError("PyMARE has no t test.", "Use engine='metareview', or test 'knha', 'adhoc' or 'z'.")
    known = own.value if method == KNOWN else None
    twin = pymare_engine.fit(data.yi, data.vi, method, test, known=known)
    between = own if known is not None else replace(own, value=twin.tau2, iterations=0)
    return _Centre(method, between, test, twin.estimate, twin.se, twin.wald_se, None, warnings)


def _assemble(
    data: Effects,
    c: _Centre,
    level: float,
    interval_of_tau2: Any,
    prediction: str | None,
    excluded: tuple[tuple[str, str], ...],
    engine: str,
) -> PooledResult:
    k, tau2, X = data.yi.size, c.tau2.value, wls.ones(data.yi.size)
    df = inference.freedom(c.test, k - 1)
    bounds = interval_of_tau2(Between(data.yi, data.vi, X, c.method, c.tau2, level, c.weights))
    het = heterogeneity(
        data.yi, data.vi, X, tau2, level=level, equal_effects=c.method == "FE", tau2_ci=(bounds.low, bounds.high)
    )
    half = inference.critical(level, df) * c.se
    wald_half = inference.critical(level, math.inf) * c.wald_se
    statistic = c.estimate / c.se if c.se > 0 else math.nan
    distribution = prediction or ("normal" if c.test == "z" else "k-p")
    spread = half_width(distribution, c.se, tau2, k, 1, level) if c.method != "FE" else math.nan
    w = np.reciprocal(data.vi + tau2) if c.weights is None else c.weights
    return PooledResult(
        estimate=c.estimate,
        se=c.se,
        ci_low=c.estimate - half,
        ci_high=c.estimate + half,
        wald_se=c.wald_se,
        wald_ci_low=c.estimate - wald_half,
        wald_ci_high=c.estimate + wald_half,
        pi_low=c.estimate - spread,
        pi_high=c.estimate + spread,
        statistic=statistic,
        p=inference.two_sided(statistic, df),
        df=df,
        tau2=tau2,
        tau2_se=c.tau2.se,
        tau2_ci=het.tau2_ci,
        I2=het.I2,
        H2=het.H2,
        Q=het.Q,
        Q_df=het.Q_df,
        Q_p=het.Q_p,
        k=k,
        yi=data.yi,
        vi=data.vi,
        weights=w * (100.0 / w.sum()),
        labels=data.labels,
        method=c.method,
        test=c.test,
        level=level,
        converged=c.tau2.converged,
        excluded=excluded,
        engine=engine,
        warnings=_warnings(k, c, half, wald_half) + bounds.warnings,
        I2_ci=het.I2_ci,
        H2_ci=het.H2_ci,
        I2_Q=het.I2_Q,
        H2_Q=het.H2_Q,
        tau2_ci_method=interval_of_tau2.id,
        prediction=distribution,
        weighting="inverse variance" if c.weights is None else "given",
        iterations=c.tau2.iterations,
    )


def _warnings(k: int, c: _Centre, half: float, wald_half: float) -> tuple[str, ...]:
    out = list(c.warnings)
    if k == 1:
        out.append("One effect only: it is shown with its own interval, and heterogeneity cannot be estimated.")
    if k == 2 and c.method != "FE":
        out.append("A prediction interval needs at least three effects.")
    if half < wald_half:
        out.append("The Knapp-Hartung interval is narrower than the normal-theory one; report the wider of the two.")
    if not c.tau2.converged:
        out.append(f"The {c.method} estimate of tau2 did not converge.")
    return tuple(out)
