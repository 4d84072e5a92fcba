"""Pairs and strata of areas, counted before and after: one effect, with the overdispersion that the areas themselves show."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from metareview.effects.area.mantel_haenszel import fitted_after, inverse_variance, mantel_haenszel
from metareview.effects.compute import effect_size
from metareview.effects.measure import Floats, Mask
from metareview.effects.series import columns
from metareview.effects.telling import check_level
from metareview.errors import MetareviewError

Method = Literal["MH", "IV"]
FEW = 10


@dataclass(frozen=True)
class Stratum:
    """One pair or stratum: its counts, log RIRR with Poisson variance, share of the weight, and fitted treated after.

    `b_fitted` is what the common effect lets one expect of `b`, given the totals of each arm and phase; nan where the
    stratum says nothing.
    """

    label: Any
    a: float
    b: float
    c: float
    d: float
    yi: float
    vi: float
    weight: float
    b_fitted: float


@dataclass(frozen=True)
class StratifiedEffect:
    """The effect of a study of pairs or strata.

    Attributes:
        estimate: log RIRR; se, ci_low, ci_high, p: with phi. `estimate` and `se ** 2` are its yi and vi for a pool.
        phi: used, never below 1; phi_estimated: X2 / df as it came out; nan when phi was given. phi_source.
        X2, df: of counts around the common effect. df_test: of the t interval; infinite (normal) when phi was given.
        method: "MH" or "IV". level: of the interval. k: strata that count; areas: areas with events.
        strata: one row a stratum. warnings: what a reader should doubt.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p: float
    phi: float
    phi_estimated: float
    phi_source: str
    X2: float
    df: int
    df_test: float
    method: str
    level: float
    k: int
    areas: int
    strata: tuple[Stratum, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Every attribute."""
        return asdict(self)

    def to_frame(self) -> pd.DataFrame:
        """One row a stratum, indexed by label."""
        return pd.DataFrame([asdict(stratum) for stratum in self.strata]).set_index("label")

    def __repr__(self) -> str:
        return (
            f"StratifiedEffect(RIRR {math.exp(self.estimate):.3g} [{math.exp(self.ci_low):.3g}, "
            f"{math.exp(self.ci_high):.3g}], phi={self.phi:.3g}, k={self.k}, {self.method})"
        )

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


@dataclass(frozen=True, eq=False)
class _Areas:
    """Counts before and after of n areas, their stratum (0 to k - 1) and arm; `offset` by stratum, shape (k,)."""

    before: Floats
    after: Floats
    stratum: NDArray[np.intp]
    treated: Mask
    offset: Floats
    labels: list[Any]

    def cells(self) -> tuple[Floats, Floats, Floats, Floats]:
        """a, b, c, d of each stratum, shape (k,) each."""
        k = len(self.labels)
        of = [(self.before, True), (self.after, True), (self.before, False), (self.after, False)]
        a, b, c, d = (np.bincount(self.stratum, v * (self.treated == arm), k).astype(float) for v, arm in of)
        return a, b, c, d


def area_pairs(
    data: pd.DataFrame,
    *,
    a: str = "a",
    b: str = "b",
    c: str = "c",
    d: str = "d",
    exposures: tuple[str, str, str, str] | None = None,
    label: str | None = None,
    phi: float | None = None,
    method: Method = "MH",
    level: float = 0.95,
) -> StratifiedEffect:
    """One log RIRR of several pairs of a treated and a control area, each counted before and after.

    Every pair is compared within itself, so that pairs may differ in size and in their course. Adding all treated and
    all control areas up first (one RIRR of the sums) ignores the pairs, and its Poisson error is too small when pairs
    differ. Here phi comes from the pairs: how far each is from the common effect, over what Poisson counts allow. With
    one pair there is nothing to see that from, and phi must be given.

    Arguments:
        data: one row a pair. a, b: columns with counts of the treated area before and after; c, d: of the control.
        exposures: columns behind a, b, c, d, where windows or areas are unequal in one arm only; None else.
        label: column that names the pairs; None for the index.
        phi: overdispersion, when it is known from elsewhere; None to estimate it.
        method: "MH", Mantel-Haenszel, which stands small counts and zeros; or "IV", inverse variance, 0.5 added to
            the cells of a pair with a zero.
        level: of the interval, by t with the degrees of freedom of phi, or normal when phi was given.

    Raises MetareviewError for missing columns, impossible counts, or pairs that together say nothing.

    Source: Robins, Breslow & Greenland (1986), Estimators of the Mantel-Haenszel variance consistent in both sparse
    data and large-strata limiting models, Biometrics 42, pages 311-323; Breslow & Day (1980), Statistical Methods in
    Cancer Research I, section 4.4, for the fitted counts; phi as in McCullagh & Nelder (1989), section 4.5.
    """
    names = [a, b, c, d, *(exposures or ())]
    columns.check_columns(data, [*names, label])
    keys = [] if label is None else [label]
    read = {name: columns.exposures if name in (exposures or ()) else columns.counts for name in names}
    values = {name: reader(data, name, keys) for name, reader in read.items()}
    labels = list(data.index if label is None else data[label])
    if label is not None and (twice := data[label][data[label].duplicated()]).size:
        raise MetareviewError(
            f"Column {label!r}: {columns.plain(twice.iloc[0])!r} names two pairs.",
            "A pair is one row; several areas of one pair or stratum are for area_strata.",
        )
    k = len(data)
    ta, tb, tc, td = (values[name] for name in exposures) if exposures else (np.ones(k),) * 4
    areas = _Areas(
        np.concatenate([values[a], values[c]]),
        np.concatenate([values[b], values[d]]),
        np.tile(np.arange(k), 2),
        np.repeat([True, False], k),
        tb * tc / (ta * td),
        labels,
    )
    return _effect(areas, phi, method, level)


def area_strata(
    data: pd.DataFrame,
    *,
    stratum: str = "stratum",
    treated: str = "treated",
    before: str = "before",
    after: str = "after",
    phi: float | None = None,
    method: Method = "MH",
    level: float = 0.95,
) -> StratifiedEffect:
    """One log RIRR of areas in strata, each with some treated and some control areas, counted before and after.

    As `area_pairs`, with any number of areas in an arm. Phi sees both how areas of one arm and stratum differ in their
    change, and how strata differ in their effect, so that it has more degrees of freedom: areas - strata - 1.

    Arguments:
        data: one row an area. stratum: any id. treated: 0 or 1. before, after: counts; within a stratum all areas have
            the same windows.
        phi, method, level: as for `area_pairs`.

    Raises MetareviewError as `area_pairs` does.

    Source: as for `area_pairs`.
    """
    columns.check_columns(data, [stratum, treated, before, after])
    columns.present(data, stratum, [])
    codes, labels = pd.factorize(data[stratum])
    y0, y1 = (columns.counts(data, name, [stratum]) for name in (before, after))
    arm = columns.zero_one(data, treated, [stratum])
    return _effect(_Areas(y0, y1, codes, arm == 1, np.ones(len(labels)), list(labels)), phi, method, level)


def _effect(areas: _Areas, phi: float | None, method: Method, level: float) -> StratifiedEffect:
    _check_options(phi, method, level)
    a, b, c, d = areas.cells()
    says = (a + b > 0) & (c + d > 0) & (a + c > 0) & (b + d > 0)
    if not says.any() or not (np.sum((b * c)[says]) > 0 and np.sum((a * d)[says]) > 0):
        raise MetareviewError(
            "The areas say nothing about the effect: an arm or a phase has no events in every stratum.",
            "Use longer windows, or fewer and larger strata.",
        )
    each = effect_size("RIRR", a=a, b=b, c=c, d=d, tb=areas.offset, ta=1.0, tc=1.0, td=1.0, problems="nan")
    yi, vi = each["yi"].to_numpy(), each["vi"].to_numpy()
    estimate, variance, weight = (
        mantel_haenszel(a, b, c, d, areas.offset, says) if method == "MH" else inverse_variance(yi, vi, says)
    )
    fitted = np.where(says, fitted_after(a, b, c, d, math.exp(estimate) * areas.offset), np.nan)
    x2, df, counted = _pearson(areas, fitted, (a, b, c, d), says)
    if phi is None and df < 1:
        raise MetareviewError("One pair of areas cannot tell how much areas vary: phi needs two.", "Give phi=.")
    estimated = x2 / df if df > 0 and phi is None else float("nan")
    used = float(phi) if phi is not None else max(1.0, estimated)
    df_test = math.inf if phi is not None else float(df)
    se = math.sqrt(used * variance)
    half = float(stats.t.isf((1 - level) / 2, df_test)) * se
    rows = zip(areas.labels, a, b, c, d, yi, vi, weight, fitted, strict=True)
    return StratifiedEffect(
        estimate=estimate,
        se=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        p=float(2 * stats.t.sf(abs(estimate) / se, df_test)),
        phi=used,
        phi_estimated=estimated,
        phi_source="estimated" if phi is None else "given",
        X2=x2,
        df=df,
        df_test=df_test,
        method=method,
        level=level,
        k=int(says.sum()),
        areas=counted,
        strata=tuple(Stratum(label, *(float(v) for v in values)) for label, *values in rows),
        warnings=_warnings(phi, df, estimated, says, weight),
    )


def _check_options(phi: float | None, method: str, level: float) -> None:
    if method not in get_args(Method):
        raise MetareviewError(f"method={method!r} is unknown.", "Use 'MH' or 'IV'.")
    if phi is not None and not phi > 0:
        raise MetareviewError(f"phi={phi!r} is not above 0.")
    check_level(level)


def _pearson(areas: _Areas, fitted: Floats, cells: tuple[Floats, ...], says: Mask) -> tuple[float, int, int]:
    """X2 of the areas' counts around the common effect, its degrees of freedom, and how many areas counted."""
    a, b, c, d = cells
    with np.errstate(all="ignore"):
        shares = np.where(areas.treated, (fitted / (a + b))[areas.stratum], ((b + d - fitted) / (c + d))[areas.stratum])
    total = areas.before + areas.after
    counted = (total > 0) & says[areas.stratum]
    n, p = total[counted], shares[counted]
    x2 = float(np.sum((areas.after[counted] - n * p) ** 2 / (n * p * (1 - p))))
    return x2, int(counted.sum() - says.sum() - 1), int(counted.sum())


def _warnings(phi: float | None, df: int, estimated: float, says: Mask, weight: Floats) -> tuple[str, ...]:
    told = []
    if phi is None and df < FEW:
        told.append(f"phi rests on {df} degrees of freedom: it is uncertain itself, which the t interval allows for")
    if estimated < 1:
        told.append(f"the areas vary less than Poisson counts (phi {estimated:.2f}): 1 is used")
    if not says.all():
        told.append(f"{int((~says).sum())} of {len(says)} strata have an arm or a phase without events and say nothing")
    if says.sum() > 2 and weight.max() > 0.5:
        told.append(f"one stratum has {weight.max():.0%} of the weight")
    return tuple(told)
