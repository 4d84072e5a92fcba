"""Means and SDs of logarithms from what a paper printed of skewed data: on the raw scale, of logarithms, or geometric."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects import arm_summaries, two_means
from metareview.effects.measure import Columns, Floats, Input, Mask, Problem, flag_rows

SCALES = ("raw", "log", "geometric")
RAW, LOG, GEOMETRIC = range(3)
FILLED = 3
_BASES = ("e", "10", "2")
_LOG_OF_BASE = np.array([1.0, np.log(10.0), np.log(2.0)])
INPUTS = (
    two_means.option("data_scale", "means and SDs are raw, of logarithms, or geometric means and SDs", SCALES),
    Input("log_base", "choice", False, "base of the logarithms", choices=_BASES, default=0.0),
)
_STEPS = {
    RAW: "s{a} = sqrt(ln(1 + sd{a}i^2/m{a}i^2)); z{a} = ln(m{a}i) - s{a}^2/2",
    GEOMETRIC: "z{a} = ln(m{a}i); s{a} = ln(sd{a}i)",
}
_CENTRES = ("m{a}i", "ci_low{a}i", "ci_high{a}i")


def to_logarithms(columns: Columns) -> Columns:
    """Both arms with quantiles, and what is not raw, as natural logarithms; raw means and SDs as they are; shapes (k,).

    A raw arm without mean or SD that has quantiles is described by these alone: their logarithms are the quantiles of
    the logarithms, and nothing raw may be mixed with them.
    """
    inner = dict(columns)
    scale = columns["data_scale"]
    factor = _LOG_OF_BASE[columns["log_base"].astype(int)]
    for arm in two_means.ARMS:
        for name in arm_summaries.five(arm):
            inner[name] = np.where(scale == LOG, columns[name] * factor, _ln(columns[name]))
        se = f"se{arm}i"
        if np.any(scale):
            for name in (f"m{arm}i", f"sd{arm}i", f"ci_low{arm}i", f"ci_high{arm}i"):
                values = columns[name]
                inner[name] = np.select([scale == LOG, scale == GEOMETRIC], [values * factor, _ln(values)], values)
            inner[se] = np.select([scale == LOG, scale == GEOMETRIC], [columns[se] * factor, np.nan], columns[se])
        by_quantiles = _by_quantiles(columns, arm)
        for name in (f"m{arm}i", f"sd{arm}i", se, f"ci_low{arm}i", f"ci_high{arm}i"):
            inner[name] = np.where(by_quantiles, np.nan, inner[name]) if by_quantiles.any() else inner[name]
    return two_means.prepare(inner)


def _by_quantiles(columns: Columns, arm: str) -> Mask:
    """Rows whose raw arm is described by its quantiles, because its raw mean or SD is neither given nor follows."""
    m, sd, se, median = (~np.isnan(columns[name]) for name in (f"m{arm}i", f"sd{arm}i", f"se{arm}i", f"med{arm}i"))
    interval = ~np.isnan(columns[f"ci_low{arm}i"] + columns[f"ci_high{arm}i"])
    complete = (m | interval) & (sd | se | interval)
    return np.asarray((columns["data_scale"] == RAW) & ~complete & median)


def _ln(values: Floats) -> Floats:
    return np.log(np.where(values > 0, values, np.nan))


def describe(columns: Columns, inner: Columns, arm: str) -> Columns:
    """The arm's log mean z, log SD s and where they come from (`from1`); raw means and SDs as filled; shapes (k,)."""
    scale, m, sd = columns["data_scale"], inner[f"m{arm}i"], inner[f"sd{arm}i"]
    none = np.zeros(len(m))
    filled = (inner.get(f"m{arm}i_by", none) > 0) | (inner.get(f"sd{arm}i_by", none) > 0)
    raw = (scale == RAW) & (inner.get(f"sd{arm}i_by", none) < arm_summaries.LUO_WAN)
    s = np.where(raw, np.sqrt(np.log1p(sd**2 / m**2)), sd)
    z = np.where(raw, _ln(m) - s**2 / 2, m)
    origin = np.where(raw, RAW, np.where(filled, FILLED, scale))
    done = {f"z{arm}": z, f"s{arm}": s, f"from{arm}": origin}
    for name in (f"m{arm}i", f"sd{arm}i"):
        done[name] = np.where(raw, inner[name], columns[name])
        if f"{name}_by" in inner:
            done[f"{name}_by"] = inner[f"{name}_by"]
    return done


def steps(values: Mapping[str, float], arm: str) -> list[str]:
    """The steps of a row's formula that give the arm's z and s; none where they were filled on the log scale."""
    origin = values[f"from{arm}"]
    if origin == LOG:
        base = _BASES[int(values["log_base"])]
        times = "" if base == "e" else f" * ln({base})"
        return [f"z{arm} = m{arm}i{times}; s{arm} = sd{arm}i{times}"]
    if origin == FILLED:
        return []
    filled = arm_summaries.steps(values, arm) if origin == RAW else []
    return [*filled, _STEPS[int(origin)].format(a=arm)]


def check(columns: Columns, arm: str) -> list[Problem]:
    """Numbers without a logarithm, and standard errors of geometric means."""
    scale = columns["data_scale"]
    found: list[Problem] = []
    text = "{:g} is not above 0; it has no logarithm"
    for name in (*_CENTRES, *arm_summaries.five(arm)):
        name = name.format(a=arm)
        touched: Mask = scale == GEOMETRIC if "ci_" in name else scale != LOG
        found += flag_rows(touched & (columns[name] <= 0), name, text, columns[name])
    sd, se = columns[f"sd{arm}i"], columns[f"se{arm}i"]
    found += flag_rows(
        (scale == GEOMETRIC) & (sd <= 1), f"sd{arm}i", "{:g} is not above 1; a geometric standard deviation is", sd
    )
    lone = (scale == GEOMETRIC) & ~np.isnan(se) & np.isnan(columns[f"s{arm}"])
    return found + flag_rows(lone, f"se{arm}i", "{:g}: no log SD follows from the SE of a geometric mean", se)
