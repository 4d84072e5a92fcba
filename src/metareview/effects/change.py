"""One group measured twice: its inputs, and the SD of the changes or the correlation from what a paper prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metareview.effects import arm_summaries
from metareview.effects.forms import Forms, Part
from metareview.effects.measure import Columns, Computed, Floats, Input, Mask, Problem, flag_rows
from metareview.effects.two_group_tests import half_unit

SOURCES = ("reported", "computed", "assumed")
BY_R, BY_SD, BY_T = 0, 1, 2
_DOUBT = "_doubt"


@dataclass(frozen=True)
class Pair:
    """The names of the inputs of one group measured twice; `t` is "" where a paired t is not an input."""

    m1: str
    m2: str
    sd1: str
    sd2: str
    n: str
    r: str
    sd_change: str
    t: str = ""


ONE = Pair("m1i", "m2i", "sd1i", "sd2i", "ni", "ri", "sd_change", "ti")
M1 = Input("m1i", "number", True, "mean after (post)", "outcome's unit")
M2 = Input("m2i", "number", True, "mean before (pre)", "outcome's unit")
N = Input("ni", "group", True, "people measured both times", "people")
R = Input("ri", "correlation", False, "correlation of before and after")
SD_CHANGE = Input("sd_change", "sd", False, "standard deviation of the changes, instead of ri", "outcome's unit")
T = Input("ti", "number", False, "t of the paired test, with the sign of m1i - m2i, instead of ri")
R_SOURCE = Input("ri_source", "choice", False, "where the correlation is from", choices=SOURCES, default=0.0)
VTYPE = Input("vtype", "choice", False, "form of the variance", choices=("LS", "LS2"), default=0.0)


def sds(required: bool, first: str = "after (post)", second: str = "before (pre)") -> tuple[Input, Input]:
    """The two standard deviations; `first` and `second` say when each was measured."""
    return (
        Input("sd1i", "sd", required, f"standard deviation {first}", "outcome's unit"),
        Input("sd2i", "sd", required, f"standard deviation {second}", "outcome's unit"),
    )


def choose(columns: Columns, pair: Pair = ONE) -> Columns:
    """The columns with one of SD of the changes, correlation and paired t a row, and nan in the others.

    The SD of the changes goes first, then a correlation that is not assumed, then t, then an assumed correlation.
    """
    r, by_sd = columns[pair.r], ~np.isnan(columns[pair.sd_change])
    t = columns[pair.t] if pair.t else np.full_like(r, np.nan)
    by_t = ~by_sd & ~np.isnan(t) & (np.isnan(r) | _said_assumed(columns))
    chosen = {pair.r: np.where(by_sd | by_t, np.nan, r), f"{pair.r}{_DOUBT}": _other_correlation(columns, pair)}
    return columns | chosen | ({pair.t: np.where(by_t, t, np.nan)} if pair.t else {})


def _other_correlation(columns: Columns, pair: Pair) -> Floats:
    """The correlation by another printed figure than the one chosen, where rounding does not explain it; nan elsewhere."""
    said = np.where(_said_assumed(columns), np.nan, columns[pair.r])
    ways = [_by_sd(columns, pair), *([_by_t(columns, pair)] if pair.t else []), (said, half_unit(said))]
    used, slack = np.full_like(said, np.nan), np.zeros_like(said)
    other = np.full_like(said, np.nan)
    for r, allowed in (ways[0], ways[-1], *ways[1:-1]):
        with np.errstate(all="ignore"):
            off = np.isnan(other) & (np.abs(r - used) > slack + allowed + 1e-9)
        other = np.where(off, r, other)
        used, slack = np.where(np.isnan(used), r, used), np.where(np.isnan(used), allowed, slack)
    return other


def _by_sd(columns: Columns, pair: Pair) -> tuple[Floats, Floats]:
    """The correlation by the SD of the changes, and how far rounding may move it; shapes (k,)."""
    sd = columns[pair.sd_change]
    return _implied(columns, pair, sd, half_unit(sd))


def _by_t(columns: Columns, pair: Pair) -> tuple[Floats, Floats]:
    """The correlation by the paired t, and how far rounding may move it; shapes (k,)."""
    m1, m2, t = columns[pair.m1], columns[pair.m2], columns[pair.t]
    with np.errstate(all="ignore"):
        sd = np.sqrt(columns[pair.n]) * np.abs(m1 - m2) / np.abs(t)
        share = half_unit(t) / np.abs(t) + (half_unit(m1) + half_unit(m2)) / np.abs(m1 - m2)
    return _implied(columns, pair, sd, sd * share)


def _implied(columns: Columns, pair: Pair, sd: Floats, half: Floats) -> tuple[Floats, Floats]:
    s1, s2 = columns[pair.sd1], columns[pair.sd2]
    with np.errstate(all="ignore"):
        r = (s1**2 + s2**2 - sd**2) / (2 * s1 * s2)
        by_sds = np.abs(1 / s2 - r / s1) * half_unit(s1) + np.abs(1 / s1 - r / s2) * half_unit(s2)
        return r, sd / (s1 * s2) * half + by_sds


def _said_assumed(columns: Columns) -> Mask:
    return np.asarray(columns["ri_source"] == SOURCES.index("assumed"))


def route(columns: Mapping[str, Any], pair: Pair = ONE) -> Any:
    """Whether a row of `choose` goes by the correlation, the SD of the changes or t: BY_R, BY_SD or BY_T."""
    by_t = ~np.isnan(columns[pair.t]) if pair.t else False
    return np.where(~np.isnan(columns[pair.sd_change]), BY_SD, np.where(by_t, BY_T, BY_R))


def assumed(columns: Columns, *pairs: Pair) -> Mask:
    """Rows that go by an assumed correlation in one of the groups, shape (k,)."""
    return _said_assumed(columns) & np.any([route(columns, pair) == BY_R for pair in pairs], axis=0)


def _printed_sd(columns: Columns, pair: Pair) -> Floats:
    """The SD of the changes as printed, or from t; nan where neither is given."""
    printed = columns[pair.sd_change]
    if not pair.t:
        return printed
    by_t = np.sqrt(columns[pair.n]) * np.abs(columns[pair.m1] - columns[pair.m2]) / np.abs(columns[pair.t])
    return np.where(np.isnan(printed), by_t, printed)


def sd_of_change(columns: Columns, pair: Pair = ONE) -> Floats:
    """The standard deviation of the changes, shape (k,)."""
    s1, s2, r = columns[pair.sd1], columns[pair.sd2], columns[pair.r]
    return np.where(np.isnan(r), _printed_sd(columns, pair), np.sqrt(s1**2 + s2**2 - 2 * r * s1 * s2))


def correlation(columns: Columns, pair: Pair = ONE) -> Floats:
    """The correlation of the two measurements, shape (k,)."""
    s1, s2, r = columns[pair.sd1], columns[pair.sd2], columns[pair.r]
    return np.where(np.isnan(r), (s1**2 + s2**2 - _printed_sd(columns, pair) ** 2) / (2 * s1 * s2), r)


def step_to_sd(p: Pair = ONE) -> Part:
    """The step of a formula that gives the SD of the changes."""
    by_r = f"{p.sd_change} = sqrt({p.sd1}^2 + {p.sd2}^2 - 2*{p.r}*{p.sd1}*{p.sd2}); "
    by_t = f"{p.sd_change} = sqrt({p.n})*abs({p.m1} - {p.m2}) / abs({p.t}); "
    return Part((by_r, "", by_t), lambda values: route(values, p))


def step_to_r(p: Pair = ONE) -> Part:
    """The step of a formula that gives the correlation."""
    by_sd = f"{p.r} = ({p.sd1}^2 + {p.sd2}^2 - {p.sd_change}^2) / (2*{p.sd1}*{p.sd2}); "
    return Part(("", by_sd, step_to_sd(p).texts[BY_T] + by_sd), lambda values: route(values, p))


def tell(columns: Columns, yi: Floats, vi: Floats, forms: Forms, assumed_r: Mask) -> Computed:
    """The result with each row's formula as its rule; estimated where the correlation is assumed."""
    at = assumed_r.astype(int)
    rules = forms.rules(columns)
    rules = np.where(assumed_r, rules + " (ri assumed)", rules) if assumed_r.any() else rules
    method = np.array(["computed", "estimated"], dtype=object)[at]
    note = np.array(["", "the pre-post correlation is assumed"], dtype=object)[at]
    for name in (name for name in columns if name.endswith(_DOUBT)):
        arm_summaries.add_texts(note, ~np.isnan(columns[name]), _says(name.removesuffix(_DOUBT), columns[name]))
    return Computed(yi, vi, method, rules, note)


def _says(name: str, other: Floats) -> arm_summaries.Say:
    text = "another printed figure gives {} = {:.2g}, and not the one used: more than rounding explains"
    return lambda row: text.format(name, other[row])


def check_sd(columns: Columns, pair: Pair = ONE) -> list[Problem]:
    """Rows that do not give the SD of the changes."""
    found = _check_given(columns, pair)
    by_r = ~np.isnan(columns[pair.r])
    for name in (pair.sd1, pair.sd2):
        text = f"is missing; {pair.r} needs both standard deviations, or give {pair.sd_change}"
        found += flag_rows(by_r & np.isnan(columns[name]), name, text)
    return found + _check_beyond(columns, pair)


def check_r(columns: Columns, pair: Pair = ONE) -> list[Problem]:
    """Rows that do not give the correlation, or give one beyond 1."""
    found = _check_given(columns, pair)
    derived = route(columns, pair) != BY_R
    for name in (pair.sd1, pair.sd2):
        text = f"is missing; without {pair.r} both standard deviations are needed"
        found += flag_rows(derived & np.isnan(columns[name]), name, text)
    return found + _check_beyond(columns, pair)


def _check_beyond(columns: Columns, pair: Pair) -> list[Problem]:
    """SDs of the changes, and t, that give a correlation beyond 1 with the two standard deviations, where they are there."""
    found: list[Problem] = []
    r = correlation(columns, pair)
    text = "{:g} gives a correlation of {:.3g} with these standard deviations; none is beyond 1"
    for name, way in ((pair.sd_change, BY_SD), (pair.t, BY_T)):
        if name:
            beyond = (route(columns, pair) == way) & (columns[name] != 0) & (np.abs(r) > 1 + 1e-9)
            found += flag_rows(beyond, name, text, columns[name], r)
    return found


def _check_given(columns: Columns, pair: Pair) -> list[Problem]:
    others = [name for name in (pair.sd_change, pair.t) if name]
    none = np.all([np.isnan(columns[name]) for name in (pair.r, *others)], axis=0)
    found = flag_rows(none, pair.r, f"is missing; give it or {' or '.join(others)}")
    if pair.t:
        found += flag_rows(columns[pair.t] == 0, pair.t, "is 0: no standard deviation of the changes follows from it")
        contrary = columns[pair.t] * (columns[pair.m1] - columns[pair.m2]) < 0
        text = f"{{:g}} has another sign than {pair.m1} - {pair.m2} ({{:g}} - {{:g}}): is one of them turned round?"
        found += flag_rows(contrary, pair.t, text, columns[pair.t], columns[pair.m1], columns[pair.m2])
    return found


def check_ratio(columns: Columns) -> list[Problem]:
    """As `check_r`, and means at or below 0, which have no ratio."""
    text = "{:g} is not above 0; a ratio needs an outcome with a true zero and positive means"
    found = [p for name in ("m1i", "m2i") for p in flag_rows(columns[name] <= 0, name, text, columns[name])]
    return check_r(columns) + found
