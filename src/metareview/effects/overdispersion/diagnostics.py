"""`diagnose_series`: whether one phi tells how uncertain the totals of a series are."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from metareview.effects.measure import Floats
from metareview.effects.overdispersion.conditional import Pearson, fit, pearson
from metareview.effects.overdispersion.estimate import quasi_poisson, usable
from metareview.effects.overdispersion.series import Series, read_series
from metareview.effects.series import columns
from metareview.errors import MetareviewError

_NAN = float("nan")
_READINGS = {
    "phi": "variance over the Poisson variance, row by row",
    "phi_treated": "the same in treated places alone",
    "phi_control": "the same in control places alone",
    "phi_totals": "the same of the totals before and after of each place: what a measure of totals needs",
    "totals_df": "degrees of freedom behind phi_totals",
    "lag1": "correlation of the residuals of one period and the next in a place; about -1 / periods without memory",
    "phi_long_run": "phi times (1 + lag1) / (1 - lag1): what memory makes of the variance of a long total",
    "trend_difference": "log change a period before the intervention in treated places, less that in controls",
    "trend_se": "its standard error, with the overdispersion of the periods before",
    "trend_p": "its p value; a large one shows no parallel trends, only no sign against them",
    "zeros": "share of rows with no event",
    "worst_share": "share of Pearson's X2 that one place brings",
    "phi_without_low": "phi with one place left out, lowest",
    "phi_without_high": "phi with one place left out, highest",
}


@dataclass(frozen=True)
class SeriesDiagnostics:
    """What a series of counts says about its own overdispersion; nan for what it is too short to say.

    Attributes:
        phi: quasi-Poisson, row by row. phi_treated, phi_control: by arm.
        phi_totals, totals_df: the same of each place's totals before and after, with its degrees of freedom. Places
            that change differently, and counts with memory, are in this one and not in `phi`.
        lag1: pooled correlation of neighbouring Pearson residuals; phi_long_run: phi under that correlation.
        trend_difference, trend_se, trend_p: slope of treated places less that of controls, before.
        zeros: share of rows with no event. worst_place, worst_share: the place that brings most of X2.
        phi_without_low, phi_without_high: range of phi with one place left out; most_influential: whose absence
            moves it most.
        warnings: what a reader should doubt.
    """

    phi: float
    phi_treated: float
    phi_control: float
    phi_totals: float
    totals_df: int
    lag1: float
    phi_long_run: float
    trend_difference: float
    trend_se: float
    trend_p: float
    zeros: float
    worst_place: Any
    worst_share: float
    phi_without_low: float
    phi_without_high: float
    most_influential: Any
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Every attribute."""
        return asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """The numbers with what each tells, indexed by name: value, reading."""
        rows = [(name, getattr(self, name), reading) for name, reading in _READINGS.items()]
        return pd.DataFrame(rows, columns=["name", "value", "reading"]).set_index("name")

    def __repr__(self) -> str:
        return (
            f"SeriesDiagnostics(phi={self.phi:.3g}, phi_totals={self.phi_totals:.3g}, lag1={self.lag1:.2g}, "
            f"{len(self.warnings)} warnings)"
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


def diagnose_series(
    counts: pd.DataFrame,
    *,
    place: str = "place",
    period: str | None = "period",
    after: str = "after",
    treated: str = "treated",
    count: str = "count",
    exposure: str | None = None,
) -> SeriesDiagnostics:
    """Whether one overdispersion tells how uncertain before-after totals are.

    Arguments: as for `estimate_phi`, and
        period: column that orders the rows of a place (a number, a date); None leaves out memory and trend.

    Raises MetareviewError as `estimate_phi` does, and for a period that a place has twice.

    Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition, section 6.2; the variance of a sum under
    first-order autocorrelation as in Priestley (1981), Spectral Analysis and Time Series, chapter 5.
    """
    series = read_series(counts, place, after, treated, count, exposure)
    time = _time(counts, place, period)
    keep = series.usable()
    used = usable(series)
    time = None if time is None else time[keep[series.codes]]
    spread = quasi_poisson(used)
    totals = _phi_of(used.totals())
    by_arm = [_phi_of(used.only(used.arm == arm)).phi if (used.arm == arm).any() else _NAN for arm in (1, 0)]
    lag1 = _NAN if time is None else _lag1(used, time, spread.residuals)
    trend, trend_se = (_NAN, _NAN) if time is None else _trend_difference(used, time)
    parts = used.total(spread.parts)
    without = _without_each(used)
    low, high, moved = _range(without, spread.phi)
    worst = int(np.argmax(parts))
    long_run = spread.phi * (1 + max(lag1, 0.0)) / (1 - max(lag1, 0.0)) if lag1 < 1 else _NAN
    found = SeriesDiagnostics(
        phi=spread.phi,
        phi_treated=by_arm[0],
        phi_control=by_arm[1],
        phi_totals=totals.phi,
        totals_df=max(totals.df, 0),
        lag1=lag1,
        phi_long_run=long_run,
        trend_difference=trend,
        trend_se=trend_se,
        trend_p=float(2 * stats.norm.sf(abs(trend / trend_se))) if trend_se > 0 else _NAN,
        zeros=float(np.mean(series.y == 0)),
        worst_place=used.names[worst],
        worst_share=float(parts[worst] / parts.sum()) if parts.sum() > 0 else _NAN,
        phi_without_low=low,
        phi_without_high=high,
        most_influential=None if moved is None else used.names[moved],
        warnings=(),
    )
    return SeriesDiagnostics(**{**found.to_dict(), "warnings": _warnings(found, len(used.arm), len(used.y))})


def _time(counts: pd.DataFrame, place: str, period: str | None) -> NDArray[np.intp] | None:
    """Position of each row's period among the periods, shape (n,)."""
    if period is None:
        return None
    columns.check_columns(counts, [period])
    columns.present(counts, period, [place])
    twice = counts.duplicated([place, period])
    if twice.any():
        row = counts.loc[twice].iloc[0]
        raise MetareviewError(
            f"Place {row[place]} has the period {row[period]} twice.",
            "Give one row a place and period, or period=None.",
        )
    return pd.factorize(counts[period], sort=True)[0]


def _phi_of(series: Series) -> Pearson:
    """Pearson's X2 of a part of a series; without degrees of freedom where its changes do not exist."""
    try:
        return quasi_poisson(series)
    except MetareviewError:
        return Pearson(np.array([]), np.array([]), 0)


def _lag1(series: Series, time: NDArray[np.intp], residuals: Floats) -> float:
    """Correlation of residuals of consecutive periods of a place, over all places."""
    order = np.lexsort((time, series.codes))
    r, code, when = residuals[order], series.codes[order], time[order]
    next_to = (code[1:] == code[:-1]) & (when[1:] == when[:-1] + 1)
    if next_to.sum() < 3:
        return _NAN
    first, second = r[:-1][next_to], r[1:][next_to]
    scale = math.sqrt(float(np.sum(first**2) * np.sum(second**2)))
    return float(np.sum(first * second)) / scale if scale > 0 else _NAN


def _trend_difference(series: Series, time: NDArray[np.intp]) -> tuple[float, float]:
    """Slope a period in treated places less that in controls, before, with its standard error."""
    rows = series.after == 0
    before = Series(series.codes[rows], series.y[rows], series.after[rows], series.t[rows], series.arm, series.names)
    when = time[rows].astype(float)
    keep = (before.total(before.y) > 0) & (np.bincount(before.codes, minlength=len(before.arm)) > 1)
    when = when[keep[before.codes]]
    part = before.only(keep)
    if len(set(part.arm)) < 2 or len(np.unique(when)) < 3:
        return _NAN, _NAN
    slope = when - when.mean()
    try:
        found = fit(part, np.column_stack([slope, slope * part.arm[part.codes]]))
    except MetareviewError:
        return _NAN, _NAN
    phi = max(1.0, pearson(part, found.mu, 2).phi)
    return float(found.beta[1]), math.sqrt(phi * float(found.covariance[1, 1]))


def _without_each(series: Series) -> Floats:
    """Phi with each place left out, shape (m,); nan where the others do not give one."""
    everyone = np.arange(len(series.arm))
    return np.array([_phi_of(series.only(everyone != i)).phi for i in everyone])


def _range(without: Floats, phi: float) -> tuple[float, float, int | None]:
    if np.isnan(without).all():
        return _NAN, _NAN, None
    return float(np.nanmin(without)), float(np.nanmax(without)), int(np.nanargmax(np.abs(without - phi)))


def _warnings(found: SeriesDiagnostics, places: int, rows: int) -> tuple[str, ...]:
    told = []
    if found.lag1 > max(0.2, 2 / math.sqrt(rows)):
        told.append(f"counts have memory (lag 1 {found.lag1:.2f}): phi is too small for totals over many periods")
    if found.phi_totals > 1.5 * max(1.0, found.phi):
        told.append(f"totals vary more than rows ({found.phi_totals:.2f} against {found.phi:.2f}): use phi_totals")
    if found.totals_df < 10:
        told.append(f"phi_totals rests on {found.totals_df} degrees of freedom and is uncertain itself")
    if found.trend_p < 0.05:
        told.append(f"treated places were on another course before (p {found.trend_p:.3f}): not parallel")
    low, high = sorted((max(1.0, found.phi_treated), max(1.0, found.phi_control)))
    if high > 2 * low:
        told.append(f"the arms differ (phi {found.phi_treated:.2f} treated, {found.phi_control:.2f} control)")
    if found.worst_share > max(0.25, 3 / places):
        told.append(f"place {found.worst_place} brings {found.worst_share:.0%} of X2")
    if found.zeros > 0.5:
        told.append(f"{found.zeros:.0%} of the rows are 0: Pearson's X2 is rough, use longer periods")
    return tuple(told)
