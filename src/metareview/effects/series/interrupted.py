"""Interrupted time series: what changed in a series of counts when an intervention began."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.measure import Floats
from metareview.effects.series import residuals
from metareview.effects.series.columns import check_columns, refuse, whole
from metareview.effects.series.loglinear import (
    HIGHEST,
    Fit,
    autoregressive,
    default_lags,
)
from metareview.effects.series.result import SeriesEffect, inference
from metareview.effects.series.segmented import DISTRIBUTIONS, ERRORS, Counts, Model
from metareview.effects.series.segments import Segments, segments
from metareview.effects.telling import check_level
from metareview.errors import MetareviewError


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class InterruptedSeries(SeriesEffect):
    """The effect of an interrupted time series.

    Attributes:
        horizon: periods after the start at which `estimate` stands (0 is the first; the middle of the period after
            for the average).
        changes: log level change and log slope change a period, shape (q,); changes_cov: their covariance (q, q).
        terms: term, estimate, se of the (treated) series. series: time, observed, fitted, without (what the model
            expects without the changes).
    """

    horizon: float
    changes: Floats
    changes_cov: Floats
    terms: pd.DataFrame
    series: pd.DataFrame

    def at(self, horizon: float) -> dict[str, float]:
        """The effect `horizon` periods after the start: estimate, se, ci_low, ci_high, df, p, level."""
        return inference(*_effect(self.changes, self.changes_cov, horizon), self.df, self.level)


def interrupted_time_series(
    data: pd.DataFrame,
    *,
    count: str,
    time: str,
    start: float,
    exposure: str | None = None,
    control: str | None = None,
    control_exposure: str | None = None,
    season: str | int | None = None,
    cycle: int = 12,
    trend: bool = True,
    slope: bool = True,
    washout: int = 0,
    distribution: str = "poisson",
    errors: str = "ar",
    lags: int | None = None,
    horizon: float | str = "average",
    level: float = 0.95,
) -> InterruptedSeries:
    """Segmented log-linear regression of one series of counts, or of a series and its control.

    log E(count) = log exposure + b0 + b1 t + b2 after + b3 after (t - start) + season. The effect at a horizon h is
    b2 + b3 h; its error follows by the delta method. With a control the same model is fitted to both series and
    the effect is the difference of the changes; shocks that hit both series at once are allowed for in its error.

    Arguments:
        data: one row a period, in any order. count: events. time: whole numbers, without gaps or repeats.
        start: the first period with the intervention; 24.5 means that it began during period 24, which then says
            nothing about the effect. washout: that many more periods from the start are left out in the same way.
        exposure: column of days, people or places at risk in each period. control, control_exposure: the columns of
            a series without the intervention.
        season: None, "dummies" (one a place in the `cycle`), "harmonics" (two pairs of waves) or a number of pairs.
        trend, slope: whether there is a trend, and whether it may change.
        distribution: "poisson" (variance phi times the mean) or "negative_binomial".
        errors: "ar" (first-order autoregressive errors, rho between 0 and 0.8 by REML), "newey_west" (with `lags`;
            n/(n-p) for small samples) or "model" (independent periods). The estimate is the same with all three;
            phi is not used below 1.
        horizon: periods after the start, 0 being the first, or "average": the mean log ratio after the start.

    Intervals take t with n - p degrees of freedom. Newey-West errors are too small in short series, also without any
    autocorrelation (`benchmarks/simulate_series.py`: 95% intervals that cover 75 to 90% with 24 to 60 periods).

    Raises MetareviewError for missing, negative or non-numeric values, a time that is not whole, gaps, repeats, too
    few periods for the terms, and a series without a finite estimate.

    Source: Wagner, Soumerai, Zhang & Ross-Degnan (2002), Journal of Clinical Pharmacy and Therapeutics 27, 299-309;
    counts and controls: Lopez Bernal, Cummins & Gasparrini (2017, 2018), International Journal of Epidemiology 46,
    348-355 and 47, 2082-2093; errors: Newey & West (1987), Econometrica 55, 703-708.
    """
    _check_choices(errors, distribution, lags, washout, level)
    check_columns(data, [count, time, exposure, control, control_exposure])
    data, t = _ordered(data, time)
    design = segments(t, start, trend=trend, slope=slope, season=season, cycle=cycle, washout=washout)
    model = Model(design, distribution, errors, default_lags(t.size) if lags is None else lags)
    series = [Counts(data, time, count, exposure)] + (
        [Counts(data, time, control, control_exposure)] if control else []
    )
    fits = [model.fit(one) for one in series]
    sign = np.array([1.0, -1.0][: len(fits)])
    changes = sum(s * f.coef[design.interest] for s, f in zip(sign, fits, strict=True))
    cov = model.covariance(fits)
    last = float(t[-1] - design.first)
    h = _horizon(horizon, last)
    estimate, se = _effect(np.asarray(changes), cov, h)
    found = _diagnostics(model, fits, last) | {
        "se_model": _effect(np.asarray(changes), model.of_model(fits, independent=True), h)[1]
    }
    return InterruptedSeries(
        **inference(estimate, se, model.df, level),
        method=_method(model, control, horizon),
        k=int((~design.skipped).sum()) * len(fits),
        warnings=(*_warnings(model, fits, series, found, se), *([_BEYOND] if h > last else [])),
        diagnostics=found,
        horizon=h,
        changes=np.asarray(changes),
        changes_cov=cov,
        terms=model.terms(fits[0]),
        series=_lines(series[0], fits[0], design),
    )


_BEYOND = "The horizon lies beyond the series: the effect there is extrapolated along a line."


def _check_choices(errors: str, distribution: str, lags: int | None, washout: int, level: float) -> None:
    check_level(level)
    for name, value, known in (("errors", errors, ERRORS), ("distribution", distribution, DISTRIBUTIONS)):
        if value not in known:
            raise MetareviewError(f"{name}={value!r} is not known.", f"Choose one of {', '.join(known)}.")
    for name, number in (("lags", lags), ("washout", washout)):
        if number is not None and (number != int(number) or number < 0):
            raise MetareviewError(f"{name}={number!r} is not a whole number from 0.")


def _ordered(data: pd.DataFrame, time: str) -> tuple[pd.DataFrame, Floats]:
    """The rows in order of time, and the times: whole, each once, without gaps."""
    whole(data, time, [time])
    data = data.sort_values(time, kind="stable")
    t = whole(data, time, [time])
    step = np.diff(t)
    refuse(data, time, [time], np.append(False, step == 0), lambda v: f"period {v:g} stands there twice")
    say = "the period before {:g} is missing from the series".format
    refuse(data, time, [time], np.append(False, step > 1), say, "Add it, with count 0 where nothing was recorded.")
    return data, t


def _horizon(horizon: float | str, last: float) -> float:
    if horizon == "average":
        return last / 2
    if isinstance(horizon, str) or not math.isfinite(horizon) or horizon < 0:
        raise MetareviewError(f"horizon={horizon!r} is not a number of periods from 0, or 'average'.")
    return float(horizon)


def _effect(changes: Floats, cov: Floats, horizon: float) -> tuple[float, float]:
    weights = np.array([1.0, horizon][: changes.size])
    return float(weights @ changes), math.sqrt(max(0.0, float(weights @ cov @ weights)))


def _method(model: Model, control: str | None, horizon: float | str) -> str:
    kind = "Controlled interrupted" if control else "Interrupted"
    when = "averaged over the periods after" if horizon == "average" else f"at {horizon:g} periods after the start"
    lags = f" ({model.lags} lags)" if model.errors == "newey_west" else ""
    return f"{kind} time series, {DISTRIBUTIONS[model.distribution]}, {ERRORS[model.errors]}{lags}, {when}"


def _diagnostics(model: Model, fits: list[Fit], last: float) -> dict[str, Any]:
    design, kept = model.design, ~model.design.skipped
    found: dict[str, Any] = {"n_before": int((kept & ~design.after).sum()), "n_after": int(design.after.sum())}
    found |= {"left_out": int(design.skipped.sum()), "parameters": model.p}
    found |= {"lags": model.lags} if model.errors == "newey_west" else {}
    for f, prefix in zip(fits, ("", "control_"), strict=False):
        rho, _, innovations = autoregressive(f)
        told = residuals.told(f.ew[kept], innovations[kept], model.p) | {"rho": rho}
        told |= {"alpha": f.alpha} if model.distribution == "negative_binomial" else {}
        changes = f.coef[design.interest]
        told |= {"level_change": float(changes[0])} | ({"slope_change": float(changes[1])} if changes.size > 1 else {})
        found |= {prefix + name: value for name, value in told.items()}
    effect = design.X[:, design.interest] @ fits[0].coef[design.interest]
    without = float(np.sum((fits[0].mu * np.exp(-effect))[design.after]))
    return found | {"fitted_after": float(fits[0].mu[design.after].sum()), "expected_without": without, "last": last}


def _warnings(model: Model, fits: list[Fit], series: list[Counts], found: Mapping[str, Any], se: float) -> list[str]:
    out = []
    for side, few in (("before", 12), ("after", 8)):
        n = found[f"n_{side}"]
        if n < 8:
            out.append(f"Only {n} periods {side} the start: fewer than 8 cannot tell a change from a trend.")
        elif n < few:
            out.append(f"{n} periods {side} the start: with fewer than {few} the trend is poorly known.")
    for f, one, prefix in zip(fits, series, ("", "control_"), strict=False):
        out += _of_residuals(model, f, one, {k.removeprefix(prefix): v for k, v in found.items() if prefix in k})
    if model.errors == "newey_west" and se < found["se_model"]:
        out.append(
            f"The Newey-West standard error ({se:.3g}) is smaller than that of independent periods "
            f"({found['se_model']:.3g}): report the larger."
        )
    if model.errors == "newey_west" and model.n < 100:
        out.append(f"Newey-West errors are too small with {model.n} periods; errors='ar' covers better.")
    return out


def _of_residuals(model: Model, f: Fit, one: Counts, found: Mapping[str, Any]) -> list[str]:
    kept, out = np.flatnonzero(~model.design.skipped), []
    left = found["ljung_box_whitened" if model.errors == "ar" else "ljung_box"]
    if left["p"] < 0.05 and model.errors != "newey_west":
        more = "in another form than the model's" if model.errors == "ar" else "use errors='ar'"
        out.append(f"The residuals of {one.name!r} are autocorrelated (Ljung-Box p = {left['p']:.2g}): {more}.")
    if model.errors == "ar" and found["rho"] == HIGHEST:
        out.append(
            f"The autocorrelation of {one.name!r} is held at {HIGHEST:g}: the series may have no level to change."
        )
    if model.distribution == "negative_binomial" and f.alpha == 0:
        out.append(f"{one.name!r} varies no more than Poisson counts: negative binomial is Poisson here.")
    boundaries = {int(kept[0]), int(kept[-1]), int(np.flatnonzero(model.design.after)[0])}
    r = residuals.studentised(f, model.df)
    for i in sorted(boundaries):
        if r[i] < -3:
            out.append(
                f"Period {model.design.time[i]:g} of {one.name!r} has {one.y[i]:g} events where {f.mu[i]:.1f} are expected: "
                "was it observed in part? Give its exposure, a start within it, or a washout."
            )
    return out


def _lines(series: Counts, one: Fit, design: Segments) -> pd.DataFrame:
    effect = design.X[:, design.interest] @ one.coef[design.interest]
    without = one.mu * np.exp(-effect)
    keep = ~design.skipped
    frame = pd.DataFrame({"time": design.time, "observed": series.y, "fitted": one.mu, "without": without})
    return frame[keep].reset_index(drop=True)
