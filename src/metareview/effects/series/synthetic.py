"""Synthetic control: one treated area against a weighted mean of areas that resemble it before the start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.measure import Floats
from metareview.effects.series.columns import check_columns, counts, log_exposure, numbers, refuse, whole
from metareview.effects.series.result import SeriesEffect, inference
from metareview.effects.series.simplex import simplex_weights
from metareview.effects.telling import check_level
from metareview.errors import MetareviewError

GAPS = {"mean_log": "mean log ratio of the periods after", "total": "log ratio of the totals after"}
POOR, FEW = 0.25, 10  # pre-period RMSPE as a share of the mean; donors


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SyntheticEffect(SeriesEffect):
    """The gap between a treated area and its synthetic control; `p` is the placebo p.

    Attributes:
        se: standard deviation of the gaps of the placebos, and the interval's t has placebos - 1 degrees of freedom.
        se_usable: whether that can stand for the standard error of the treated area; `warnings` says why not.
        weights: donor, weight, largest first. placebos: area, gap, pre_rmspe, post_rmspe, ratio, the treated first.
        series: period, observed, synthetic (per unit of exposure where one is given).
    """

    se_usable: bool
    weights: pd.DataFrame
    placebos: pd.DataFrame
    series: pd.DataFrame

    def as_generic(self, *, accept_se: bool = False, **more: Any) -> dict[str, Any]:
        """A row for measure GEN; refuses a standard error that is not usable unless `accept_se`."""
        if not (self.se_usable or accept_se):
            why = " ".join(self.warnings)
            raise MetareviewError(
                f"The placebo standard error is not usable. {why}", "Pool it with accept_se=True only."
            )
        return super().as_generic(**more)


def synthetic_control(
    data: pd.DataFrame,
    *,
    area: str,
    period: str,
    outcome: str,
    treated: Any,
    start: float,
    exposure: str | None = None,
    predictors: Sequence[str] = (),
    gap: str = "mean_log",
    level: float = 0.95,
) -> SyntheticEffect:
    """Compare a treated area with the weighted mean of donors that follows it best before the start.

    Weights are 0 or more and sum to 1, so nothing is extrapolated beyond the donors. Every donor then takes the place
    of the treated area (the others its donors): the placebo p is the share of areas, the treated one among them, whose
    ratio of post- to pre-period prediction error is at least as large.

    Arguments:
        data: one row an area and period; every area in every period. period: whole numbers. outcome: counts or rates
            from 0. treated: the treated area. start: first treated period. exposure: column by which the outcome is
            divided, where areas differ in size.
        predictors: columns whose means before the start are matched too, each divided by its standard deviation over
            areas and counting as one period of the outcome, whose own unit is its standard deviation over all rows
            before the start (their importance is fixed, not searched for).
        gap: "mean_log" (mean over the periods after of ln(observed / synthetic)) or "total" (ln of the ratio of
            totals), which allows zeros and is less biased with few events.

    Raises MetareviewError for missing, negative or non-numeric values, gaps in an area's series, an area that is not
    there, fewer than two donors or two periods before the start, and zeros of which a log is asked.

    Source: Abadie, Diamond & Hainmueller (2010), JASA 105, 493-505; placebo variance: Arkhangelsky and others (2021),
    American Economic Review 111, 4088-4118, algorithm 4.
    """
    check_level(level)
    if gap not in GAPS:
        raise MetareviewError(f"gap={gap!r} is not known.", f"Choose one of {', '.join(GAPS)}.")
    table, extra = _read(data, area, period, outcome, exposure, predictors)
    if treated not in table.columns:
        raise MetareviewError(f"Column {area!r} has no area {treated!r}.", f"Areas: {', '.join(map(str, table))}.")
    donors = [name for name in table.columns if name != treated]
    before = table.index.to_numpy(dtype=float) < start
    if before.sum() < 2 or before.all() or len(donors) < 2:
        told = f"{int(before.sum())} periods before the start, {int((~before).sum())} after, {len(donors)} donors"
        raise MetareviewError(f"{told}: at least 2, 1 and 2 are needed.")
    fits = [_fit(table, extra, before, name, [d for d in donors if d != name], gap) for name in [treated, *donors]]
    placebos = pd.DataFrame([{name: getattr(f, name) for name in _TOLD} for f in fits])
    se = float(placebos["gap"].iloc[1:].std(ddof=1))
    p = float((placebos["ratio"] >= placebos["ratio"].iloc[0] * (1 - 1e-9)).mean())
    warnings, usable = _warnings(table, before, fits, gap)
    own = fits[0]
    weights = pd.DataFrame({"donor": donors, "weight": own.weights}).sort_values(
        "weight", ascending=False, kind="stable"
    )
    return SyntheticEffect(
        **inference(own.gap, se, len(donors) - 1, level) | {"p": p},
        method=f"Synthetic control, {len(donors)} donors, {GAPS[gap]}, standard error from placebos",
        k=int(table.size),
        warnings=tuple(warnings),
        diagnostics={"donors": len(donors), "n_before": int(before.sum()), "n_after": int((~before).sum())}
        | {"pre_rmspe": own.pre_rmspe, "pre_rmspe_share": own.pre_rmspe / float(table.loc[before, treated].mean())}
        | {"ratio": own.ratio, "smallest_p": 1 / len(fits), "weights_unique": own.unique},
        se_usable=usable,
        weights=weights.reset_index(drop=True),
        placebos=placebos,
        series=pd.DataFrame(
            {"period": table.index, "observed": table[treated], "synthetic": own.synthetic}
        ).reset_index(drop=True),
    )


_TOLD = ("area", "gap", "pre_rmspe", "post_rmspe", "ratio")


@dataclass(frozen=True)
class _Fit:
    area: Any
    weights: Floats
    unique: bool
    synthetic: Floats
    gap: float
    pre_rmspe: float
    post_rmspe: float

    @property
    def ratio(self) -> float:
        return self.post_rmspe / self.pre_rmspe if self.pre_rmspe > 0 else math.inf


def _read(
    data: pd.DataFrame, area: str, period: str, outcome: str, exposure: str | None, predictors: Sequence[str]
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The outcome as a table of periods by areas, and one such table a predictor (which may have missing cells)."""
    check_columns(data, [area, period, outcome, exposure, *predictors])
    keys = [area, period]
    refuse(data, area, [period], data[area].isna().to_numpy(), lambda _: "is missing")
    whole(data, period, keys)
    refuse(data, period, keys, data.duplicated(keys).to_numpy(), lambda v: f"{v!r} stands there twice for this area")
    rate = counts(data, outcome, keys) / np.exp(log_exposure(data, exposure, keys))
    columns = {"_rate": rate} | {name: numbers(data, name, keys, missing=True) for name in predictors}
    tidy = data[keys].assign(**columns)
    tables = [tidy.pivot(index=period, columns=area, values=name).sort_index() for name in columns]
    absent = tables[0].isna()
    if absent.to_numpy().any():
        t, a = (int(i[0]) for i in np.nonzero(absent.to_numpy()))
        where = f"{area} {absent.columns[a]!r}, period {absent.index[t]}"
        raise MetareviewError(
            f"{where[0].upper()}{where[1:]}: there is no row.", "Add it, or leave out the area or the period."
        )
    for name in absent.columns[(tables[0] == 0).all().to_numpy()]:
        raise MetareviewError(f"{area.capitalize()} {name!r} has no events at all.", "Leave it out.")
    return tables[0], tables[1:]


def _fit(table: pd.DataFrame, extra: list[pd.DataFrame], before: Any, area: Any, donors: list[Any], gap: str) -> _Fit:
    """The synthetic control of one area from others."""
    blocks = [table[before] / float(table[before].to_numpy().std() or 1.0)]
    for predictor in extra:
        means = predictor[before].mean()
        blocks.append((means / (float(means.std()) or 1.0)).to_frame().T)
    matched = pd.concat(blocks)
    if matched.isna().to_numpy().any():
        name = matched.columns[matched.isna().any()][0]
        raise MetareviewError(f"Area {name!r} has no value of a predictor before the start.")
    weights, unique = simplex_weights(matched[donors].to_numpy(), matched[area].to_numpy())
    synthetic = table[donors].to_numpy() @ weights
    observed = table[area].to_numpy()
    squared = (observed - synthetic) ** 2
    return _Fit(
        area, weights, unique, synthetic, _gap(observed[~before], synthetic[~before], area, gap),
        math.sqrt(squared[before].mean()), math.sqrt(squared[~before].mean()),
    )  # fmt: skip


def _gap(observed: Floats, synthetic: Floats, area: Any, gap: str) -> float:
    if gap == "total":
        observed, synthetic = observed.sum(keepdims=True), synthetic.sum(keepdims=True)
    if (observed <= 0).any() or (synthetic <= 0).any():
        raise MetareviewError(
            f"Area {area!r} or its synthetic control has a zero after the start, which has no logarithm.",
            "Use gap='total', longer periods, or leave out areas with hardly any events.",
        )
    return float(np.mean(np.log(observed / synthetic)))


def _warnings(table: pd.DataFrame, before: Any, fits: list[_Fit], gap: str) -> tuple[list[str], bool]:
    """What a reader must see, and whether the placebo standard error can be used."""
    own, J = fits[0], len(fits) - 1
    observed = table.loc[before, own.area]
    others = table.loc[before].drop(columns=own.area)
    poor = own.pre_rmspe / float(observed.mean())
    outside = float(((observed > others.max(axis=1)) | (observed < others.min(axis=1))).mean())
    out, usable = [], True
    if poor > POOR:
        out.append(f"The fit before the start is poor: its error is {poor:.0%} of the mean.")
        usable = False
    if outside > 0:
        out.append(
            f"In {outside:.0%} of the periods before, the treated area lies outside the range of the donors: weights that "
            "do not extrapolate cannot follow it there."
        )
        usable = usable and outside <= 0.5
    if J < FEW:
        out.append(
            f"{J} donors are too few for a standard error from placebos; the smallest possible p is {1 / (J + 1):.2g}."
        )
        usable = False
    elif J < 19:
        out.append(f"With {J} donors the smallest possible placebo p is {1 / (J + 1):.2g}: it cannot reach 0.05.")
    if own.pre_rmspe > np.median([f.pre_rmspe for f in fits[1:]]) * 2:
        out.append("The treated area is followed much worse than the placebos are: their gaps are too small for it.")
        usable = False
    if not own.unique:
        out.append("Several sets of weights fit alike (few periods before for so many donors); the most even is used.")
    return out, usable
