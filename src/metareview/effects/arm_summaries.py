"""Means and standard deviations of one arm from what a paper printed instead: SE, interval, median with quartiles or range."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from metareview.effects import five_numbers
from metareview.effects.conversions import mean_ci_to_sd, mean_se_to_sd
from metareview.effects.conversions import median_to_mean_sd_luo_wan as luo_wan
from metareview.effects.conversions import median_to_mean_sd_qe as qe
from metareview.effects.measure import Columns, Floats, Input, Mask, Problem, Texts, flag_rows
from metareview.effects.quantile_fit import DISTRIBUTIONS

METHODS = ("luo_wan", "qe")
OPTIONS = (
    mean_ci_to_sd.LEVEL,
    mean_ci_to_sd.QUANTILE,
    Input(
        "median_method", "choice", False, "how medians become means and SDs: luo_wan takes normal data, qe skewed too",
        choices=METHODS, default=0.0,
    ),
)  # fmt: skip
FUNCTIONS = qe.FUNCTIONS
GIVEN, SE, CI, LUO_WAN, QE = 0, 1, 2, 10, 20  # the last two plus the situation of `five_numbers`
Say = Callable[[int], str]
_PRINTED = {"1": "the treated", "2": "the control"}
_OFF = np.log(1.15)
LONG_TAIL = 3.0


def inputs(arm: str) -> tuple[Input, ...]:
    """What may stand in for the mean and SD of arm "1" or "2"."""
    who, unit = _PRINTED[arm], "outcome's unit"
    told = (
        (f"se{arm}i", "se", "standard error of the mean"),
        (f"ci_low{arm}i", "number", "lower end of the interval of the mean"),
        (f"ci_high{arm}i", "number", "upper end of the interval of the mean"),
        (f"min{arm}i", "number", "smallest value"),
        (f"q1_{arm}i", "number", "first quartile"),
        (f"med{arm}i", "number", "median"),
        (f"q3_{arm}i", "number", "third quartile"),
        (f"max{arm}i", "number", "largest value"),
    )
    return tuple(Input(name, kind, False, f"{words} of {who}", unit) for name, kind, words in told)  # type: ignore[arg-type]


def five(arm: str) -> tuple[str, ...]:
    """The names of the arm's five numbers."""
    return (f"min{arm}i", f"q1_{arm}i", f"med{arm}i", f"q3_{arm}i", f"max{arm}i")


def fill(columns: Columns, arm: str) -> Columns:
    """The arm's mean and SD where they are missing, and by what: `m1i_by`, `sd1i_by` and `fitted1`; shapes (k,) kept.

    The SD comes from the first of sd, se, interval, median; the mean from mean, middle of the interval, median.
    Nothing is added where nothing is missing or nothing can be filled.
    """
    m, sd, n = columns[f"m{arm}i"], columns[f"sd{arm}i"], columns[f"n{arm}i"]
    rows = np.flatnonzero(np.isnan(m) | np.isnan(sd))
    if not len(rows) or all(np.isnan(columns[entry.name]).all() for entry in inputs(arm)):
        return {}
    part = {name: values[rows] for name, values in columns.items()}
    low, high = part[f"ci_low{arm}i"], part[f"ci_high{arm}i"]
    mean, spread, code, fitted = _from_median(part, arm)
    by_ci = mean_ci_to_sd.sd_from_interval(low, high, n[rows], part["ci_level"], part["ci_quantile"])
    by_se = mean_se_to_sd.sd_from_se(part[f"se{arm}i"], n[rows])
    m_new, m_by = _first((m[rows], GIVEN), ((low + high) / 2, CI), (mean, code))
    sd_new, sd_by = _first((sd[rows], GIVEN), (by_se, SE), (by_ci, CI), (spread, code))
    found = {f"m{arm}i": (m, m_new), f"sd{arm}i": (sd, sd_new)}
    done = {name: _put(values, rows, new) for name, (values, new) in found.items()}
    none = np.zeros(len(m))
    done |= {f"m{arm}i_by": _put(none, rows, m_by), f"sd{arm}i_by": _put(none, rows, sd_by)}
    return done | {f"fitted{arm}": _put(none, rows, np.nan_to_num(fitted))}


def _put(values: Floats, rows: NDArray[np.intp], new: Floats) -> Floats:
    out = values.copy()
    out[rows] = new
    return out


def _first(*ways: tuple[Floats, float | Floats]) -> tuple[Floats, Floats]:
    """The first of the values that is there, and its code; nan and 0 where none is."""
    values, codes = np.full(len(ways[0][0]), np.nan), np.zeros(len(ways[0][0]))
    for value, code in reversed(ways):
        there = ~np.isnan(value)
        values, codes = np.where(there, value, values), np.where(there, code, codes)
    return values, codes


def _from_median(part: Columns, arm: str) -> tuple[Floats, Floats, Floats, Floats]:
    names, n = five(arm), part[f"n{arm}i"]
    which = five_numbers.situation(part, names)
    by_qe = part["median_method"] == 1
    mean, sd = luo_wan.mean_sd(five_numbers.stacked(part, names), n)
    fitted = np.full(len(n), np.nan)
    chosen = by_qe & ~np.isnan(which)
    if chosen.any():
        numbers = five_numbers.stacked(part, names)[chosen]
        mean[chosen], sd[chosen], fitted[chosen] = qe.mean_sd(numbers, n[chosen])
    there = np.where(np.isnan(which), np.nan, 1.0)
    return mean * there, sd * there, np.where(by_qe, QE, LUO_WAN) + which, fitted


def steps(values: Mapping[str, float], arm: str) -> list[str]:
    """The steps of the formula by which a row's mean and SD of the arm were filled."""
    names = dict(zip(five_numbers.NAMES, five(arm), strict=True))
    names |= {"mean": f"m{arm}i", "sd": f"sd{arm}i", "n": f"n{arm}i", "se": f"se{arm}i", "arm": arm}
    names |= {"low": f"ci_low{arm}i", "high": f"ci_high{arm}i"}
    mean, sd = (values.get(f"{name}{arm}i_by", 0.0) for name in ("m", "sd"))
    told: list[str] = []
    if mean == CI:
        told.append("{mean} = ({low} + {high})/2")
    elif mean:
        told.append(_of_median(mean, luo_wan.MEAN_STEPS, qe.MEAN_STEPS))
    if sd == SE:
        told.append(mean_se_to_sd.STEP)
    elif sd == CI:
        told.append(mean_ci_to_sd.STEPS[int(values["ci_quantile"])])
    elif sd:
        told.append(_of_median(sd, luo_wan.SD_STEPS, qe.SD_STEPS))
    return [step.format(**names) for step in told]


def _of_median(code: float, by_luo_wan: Mapping[float, str], by_qe: Mapping[float, str]) -> str:
    return by_qe[code - QE] if code > QE else by_luo_wan[code - LUO_WAN]


def rule(values: Mapping[str, float], arm: str) -> list[str]:
    """How a row's mean and SD of the arm were filled, in words."""
    mean, sd = (values.get(f"{name}{arm}i_by", 0.0) for name in ("m", "sd"))
    told: list[str] = []
    if mean == CI:
        told.append(f"m{arm}i taken as the middle of its interval")
    if sd == SE:
        told.append(f"sd{arm}i from se{arm}i ({mean_se_to_sd.PAPER})")
    if sd == CI:
        by = mean_ci_to_sd.QUANTILES[int(values["ci_quantile"])]
        told.append(
            f"sd{arm}i from the {values['ci_level']:g}% interval of m{arm}i, {by} quantile ({mean_se_to_sd.PAPER})"
        )
    for name, code, paper in (("m", mean, luo_wan.MEAN_PAPER), ("sd", sd, "")):
        if code > QE:
            kind = DISTRIBUTIONS[int(values[f"fitted{arm}"])]
            words = five_numbers.SITUATIONS[code - QE]
            told.append(f"{name}{arm}i by quantile estimation from the {words}, {kind} ({qe.PAPER})")
        elif code > LUO_WAN:
            words = five_numbers.SITUATIONS[code - LUO_WAN]
            told.append(f"{name}{arm}i from the {words} ({paper or luo_wan.SD_PAPERS[code - LUO_WAN]})")
    return told


def estimated(columns: Columns, arm: str) -> Mask:
    """Rows whose mean or SD rests on an assumption, not on algebra; shape (k,)."""
    mean, sd = columns[f"m{arm}i_by"], columns[f"sd{arm}i_by"]
    return np.asarray((mean > 0) | (sd > CI))


def check(columns: Columns, arm: str) -> list[Problem]:
    """Intervals and summaries that cannot be."""
    low, high, mean = f"ci_low{arm}i", f"ci_high{arm}i", f"m{arm}i"
    a, b, m = columns[low], columns[high], columns[mean]
    found = flag_rows(a > b, low, f"{{:g}} is above {high} {{:g}}: the interval is reversed", a, b)
    found += flag_rows(a == b, low, f"{{:g}} equals {high}: the interval has no width", a)
    outside = (a < b) & ((m < a) | (m > b)) & (columns.get(f"{mean}_by", np.zeros(len(m))) == GIVEN)
    found += flag_rows(outside, mean, "{:g} lies outside its interval {:g} to {:g}", m, a, b)
    for one, other in ((low, high), (high, low)):
        found += flag_rows(
            np.isnan(columns[one]) & ~np.isnan(columns[other]), one, f"is missing while {other} is given"
        )
    small = (columns["median_method"] == 1) & ~np.isnan(columns[f"med{arm}i"]) & (columns[f"n{arm}i"] < qe.LEAST)
    text = f"{{:g}} is below {qe.LEAST}: too few for quantile estimation"
    found += flag_rows(small & np.isnan(columns[f"sd{arm}i"]), f"n{arm}i", text, columns[f"n{arm}i"])
    return found + five_numbers.check(columns, five(arm))


def doubts(columns: Columns, arm: str) -> list[tuple[Mask, Say]]:
    """What a reader should doubt: which rows, and what to say of one of them."""
    sd, n = columns[f"sd{arm}i"], columns[f"n{arm}i"]
    low, high, mean = columns[f"ci_low{arm}i"], columns[f"ci_high{arm}i"], columns[f"m{arm}i"]
    by = columns.get(f"sd{arm}i_by", np.zeros(len(sd)))
    found: list[tuple[Mask, Say]] = []
    by_se = mean_se_to_sd.sd_from_se(columns[f"se{arm}i"], n)
    by_ci = mean_ci_to_sd.sd_from_interval(low, high, n, columns["ci_level"], columns["ci_quantile"])
    for code, name, other in ((SE, f"se{arm}i", by_se), (CI, f"interval of m{arm}i", by_ci)):
        with np.errstate(all="ignore"):
            ratio = other / sd
            off = (by != code) & (by <= CI) & (np.abs(np.log(ratio)) > _OFF)
        found.append((off, _implied(name, f"sd{arm}i", ratio)))
    uneven = (by == CI) & (
        np.maximum(mean - low, high - mean) > 1.5 * np.minimum(mean - low, high - mean) * (1 + 1e-12)
    )
    found.append((uneven, lambda row: f"interval of m{arm}i is more than 1.5 times lopsided"))
    skew = five_numbers.skewed(columns, five(arm), f"n{arm}i") & (by > LUO_WAN) & (by < QE)
    normal = luo_wan.mean_sd(five_numbers.stacked(columns, five(arm)), n)[1]
    found.append(((by > QE) & (sd > LONG_TAIL * normal), _long_tail(arm, sd / normal)))
    return [*found, (skew, lambda row: f"arm {arm}: {luo_wan.SKEW_NOTE}")]


def _long_tail(arm: str, ratio: Floats) -> Say:
    return lambda row: (
        f"arm {arm}: the fitted distribution has a long tail, its SD is {ratio[row]:.2g} times that of normal data"
    )


def _implied(name: str, used: str, ratio: Floats) -> Say:
    return lambda row: f"the printed {name} implies a standard deviation {ratio[row]:.2g} times {used}"


def add_texts(texts: Texts, rows: Mask, say: Say) -> None:
    """Adds what there is to say to the texts of the rows in `rows` (a mask), after what they say."""
    for i in np.flatnonzero(rows):
        texts[i] = f"{texts[i]}; {say(int(i))}" if texts[i] else say(int(i))
