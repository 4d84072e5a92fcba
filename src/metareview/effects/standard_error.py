"""The ways from what a paper prints beside an effect to its standard error, in their order of preference.

A printed SE goes before an interval, except on scales whose SE would have to be turned to the log scale (ratios and
percentage changes): most intervals of those are computed on the log scale, and an SE printed beside one may be either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from metareview.effects.measure import Columns, Floats, Input, Mask, Problem, Texts, flag_rows
from metareview.effects.reported import (
    KNOWN,
    Reported,
    interval_se,
    is_scale,
    note_where,
    quantile,
    shown_interval_se,
    slope,
    to_analysis,
    told_once,
)

EXACT, BELOW, ABOVE = range(3)
P_BOUND = Input(
    "p_bound", "choice", False, "below when p is a bound (p < .05 is p=0.05, below), above for p > .05 and n.s.",
    choices=("exact", "below", "above"), default=float(EXACT),
)  # fmt: skip
ROUNDING = 1.15  # SEs of one effect that differ by a smaller factor agree but for the rounding of what was printed
OF_LOG = 1.05
WIDEST_BOUND = 0.2
WIDE_BOUND = "{:g} is a bound too wide to say anything (p < {:g}): code the exact p, or p_bound = above for n.s."
BOUND_NOTE = "p is a bound: this standard error is the largest it allows"
INPUTS = (
    Input("se", "se", False, "its standard error", "as printed"),
    Input("variance", "variance", False, "its sampling variance", "as printed, squared"),
    Input("ci_low", "number", False, "lower end of its interval", "as printed"),
    Input("ci_high", "number", False, "upper end of its interval", "as printed"),
    Input("ci_level", "level", False, "level of the interval", "percent", default=95.0),
    Input("z", "number", False, "its z statistic"),
    Input("t", "number", False, "its t statistic"),
    Input("chi2", "statistic", False, "its chi-squared statistic"),
    Input("f", "statistic", False, "its F statistic"),
    Input("df1", "df", False, "degrees of freedom of chi2, or the first of f: only 1 tests one effect", default=1.0),
    Input("p", "p", False, "its two-sided p"),
    P_BOUND,
    Input("df", "df", False, "degrees of freedom behind p or the interval; normal without"),
)


@dataclass(frozen=True)
class Way:
    """A way to the SE.

    Attributes:
        name: for people. inputs: the columns it needs.
        se: the SE on the scale of analysis, from the columns and the effect on it; shapes (k,).
        shown: the SE in the language of formulas, from the scale and whether df are given.
    """

    name: str
    inputs: tuple[str, ...]
    se: Callable[[Columns, Floats], Floats]
    shown: Callable[[Reported, bool], str]


def _printed(x: Columns, se: Floats) -> Floats:
    return se * slope(x["estimate"], x["scale_reported"])


def _by_interval(x: Columns, y: Floats) -> Floats:
    low, high = (to_analysis(x[name], x["scale_reported"]) for name in ("ci_low", "ci_high"))
    return interval_se(low, high, x["ci_level"], x["df"])


def _shown_p(scale: Reported, df: bool) -> str:
    return "abs(yi / t_quantile(p/2, df))" if df else "abs(yi / z(p/2))"


WAYS = (
    Way("se", ("se",), lambda x, y: _printed(x, x["se"]), lambda s, df: s.shown_se.format(se="se", x="estimate")),
    Way("variance", ("variance",), lambda x, y: _printed(x, np.sqrt(x["variance"])),
        lambda s, df: s.shown_se.format(se="sqrt(variance)", x="estimate")),
    Way("interval", ("ci_low", "ci_high"), _by_interval, lambda s, df: shown_interval_se(s, "ci_low", "ci_high", df)),
    Way("z", ("z",), lambda x, y: np.abs(y / x["z"]), lambda s, df: "abs(yi / z)"),
    Way("t", ("t",), lambda x, y: np.abs(y / x["t"]), lambda s, df: "abs(yi / t)"),
    Way("chi2", ("chi2",), lambda x, y: np.abs(y) / np.sqrt(x["chi2"]), lambda s, df: "abs(yi) / sqrt(chi2)"),
    Way("f", ("f",), lambda x, y: np.abs(y) / np.sqrt(x["f"]), lambda s, df: "abs(yi) / sqrt(f)"),
    Way("p", ("p",), lambda x, y: np.abs(y) / quantile(x["p"] / 2, x["df"]), _shown_p),
)  # fmt: skip
NAMES = tuple(way.name for way in WAYS)
SE, VARIANCE, INTERVAL, Z, T, CHI2, F, P = range(len(WAYS))
NONE = -1


def present(x: Mapping[str, Floats]) -> Mask:
    """Which of `WAYS` each row has figures for, shape (8, k)."""
    return np.array([np.logical_and.reduce([~np.isnan(x[name]) for name in way.inputs]) for way in WAYS])


def usable(x: Mapping[str, Floats]) -> Mask:
    """Which of `WAYS` give each row an SE: not a test of several effects, not a p above a bound; shape (8, k)."""
    given = present(x)
    several = np.asarray(x["df1"]) != 1
    given[CHI2] &= ~several
    given[F] &= ~several
    given[P] &= np.asarray(x["p_bound"]) != ABOVE
    return given


def interval_first(scale: Floats) -> Mask:
    """Where an interval goes before a printed SE: on scales whose SE is turned to the log scale; shape (k,)."""
    return is_scale(scale, lambda entry: entry.delta)


def chosen(given: Mask, scale: Floats) -> Floats:
    """The position in `WAYS` of the way each row goes among the usable ones, -1 without; shape (k,)."""
    first = np.where(given.any(axis=0), given.argmax(axis=0), NONE)
    return np.where(given[INTERVAL] & interval_first(scale), INTERVAL, first).astype(float)


def disagree(ratio: Floats) -> Mask:
    """Where two SEs of one effect differ by more than rounding, by their ratio; shape (k,)."""
    return np.asarray(((ratio > ROUNDING) | (ratio < 1 / ROUNDING)) & (ratio > 0) & np.isfinite(ratio))


def note_other(notes: Texts, name: str, off: Mask, ratio: Floats) -> None:
    """Add to the notes where `off` that the figure `name` implies an SE `ratio` times the one used; shapes (k,)."""
    if not off.any():
        return
    size = 10 ** (np.floor(np.log10(ratio[off])) - 1)
    rounded = np.round(ratio[off] / size) * size
    told = np.full(len(off), "", dtype=object)
    text = f"the printed {name} implies a standard error {{:.2g}} times this one"
    told[off] = told_once(lambda row: text.format(rounded[row]), rounded)
    note_where(notes, off, told)


def of_the_log(printed: Floats, by_interval: Floats, scale: Floats) -> Mask:
    """Where an SE beside a ratio or percentage change is, as printed, that of the log by its interval; shape (k,)."""
    ratio = printed / by_interval
    return interval_first(scale) & (ratio < OF_LOG) & (ratio > 1 / OF_LOG)


def note_pair(notes: Texts, name: str, printed: Floats, turned: Floats, by_interval: Floats, scale: Floats) -> None:
    """Add to the notes where a printed SE and an interval disagree beyond rounding; shapes (k,).

    Arguments: `turned`: the printed SE on the scale of analysis. `by_interval`: that of the interval, on the same.
    """
    interval = interval_first(scale)
    with np.errstate(all="ignore"):
        ratio = np.where(interval, turned / by_interval, by_interval / turned)
        off, log = disagree(ratio), of_the_log(printed, by_interval, scale)
    note_where(notes, off & log, f"the printed {name} is not that of the interval: this SE seems to be of the log")
    note_other(notes, name, off & interval & ~log, ratio)
    note_other(notes, f"interval beside {name}", off & ~interval, ratio)


def standard_errors(x: Columns, y: Floats) -> dict[int, Floats]:
    """The SE on the scale of analysis by each of `WAYS` that any row has figures for, by position; shapes (k,)."""
    return {place: WAYS[place].se(x, y) for place in np.flatnonzero(present(x).any(axis=1)).tolist()}


def said(x: Columns, row: int, way: int) -> str:
    """How a row's SE is reached, in words."""
    scale = KNOWN[int(x["scale_reported"][row])]
    df = "" if np.isnan(x["df"][row]) else f" (t with {x['df'][row]:g} df)"
    if way == P and x["p_bound"][row] == BELOW:
        return f"SE = |estimate| / quantile of the bound p < {x['p'][row]:g}{df or ' (normal)'}, the largest it can be"
    return (
        scale.said,
        f"SE is the root of the variance; {scale.said}"
        if scale.shown_se != "{se}"
        else "SE is the root of the variance",
        f"SE from the {x['ci_level'][row]:g}% interval{' on the log scale' if scale.log else ''}{df}",
        "SE = |estimate| / |z|",
        "SE = |estimate| / |t|",
        "SE = |estimate| / root of chi2 with 1 df",
        "SE = |estimate| / root of F with 1 df before the bar",
        f"SE = |estimate| / quantile of the exact two-sided p{df or ' (normal)'}",
    )[way]


def check(x: Columns, y: Floats) -> list[Problem]:
    """Rows without a way to an SE, and statistics that none follows from; `y` the effect on the scale of analysis."""
    way = chosen(usable(x), x["scale_reported"])
    found = _check_absent(x, way == NONE) + check_wide_bound(x, way == P)
    for place in (Z, T, CHI2, F):
        name = WAYS[place].name
        found += flag_rows((way == place) & (x[name] == 0), name, "is 0: no SE follows from it")
    for name in ("z", "t"):
        contrary = ~np.isnan(x[name]) & (x[name] * np.nan_to_num(y) < 0)
        text = "{:g} has another sign than the effect: is one of them turned round?"
        found += flag_rows(contrary, name, text, x[name])
    text = "{:g} is no effect at all: no SE follows from a test or p"
    return found + flag_rows((way >= Z) & (y == 0), "estimate", text, x["estimate"])


def check_wide_bound(x: Columns, used: Mask) -> list[Problem]:
    """Bounds from above of a p, such as p < .5, that say nothing, where p is `used`."""
    wide = used & (x["p_bound"] == BELOW) & (x["p"] > WIDEST_BOUND)
    return flag_rows(wide, "p", WIDE_BOUND, x["p"], x["p"])


def _check_absent(x: Columns, none: Mask) -> list[Problem]:
    """Why the rows in `none` have no way to an SE, and intervals with one end."""
    found: list[Problem] = []
    half = np.isnan(x["ci_low"]) != np.isnan(x["ci_high"])
    for one, other in (("ci_low", "ci_high"), ("ci_high", "ci_low")):
        found += flag_rows(half & np.isnan(x[one]), one, f"is missing while {other} is given")
    text = "is missing, and so are variance, ci_low and ci_high, z, t, chi2, f and p; give one of them"
    found += flag_rows(none & ~present(x).any(axis=0) & ~half, "se", text)
    text = "{:g} is not exact but a bound from below (p > {:g}): it gives only a smallest SE, no estimate of it"
    found += flag_rows(none & ~np.isnan(x["p"]), "p", text, x["p"], x["p"])
    for name in ("chi2", "f"):
        text = "{:g} tests {:g} df at once: no SE of one effect follows"
        found += flag_rows(none & ~np.isnan(x[name]), name, text, x[name], x["df1"])
    return found
