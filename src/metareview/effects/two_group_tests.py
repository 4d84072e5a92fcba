"""Standardised mean differences from what a paper printed of a comparison of two groups: d, t, F with 1 df, or p."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import stdtrit

from metareview.effects import arm_summaries
from metareview.effects.measure import Columns, Floats, Input, Mask, Problem, Texts, flag_rows
from metareview.effects.standard_error import check_wide_bound

MEANS, D, T, F, P = range(5)
WAYS = ("means", "di", "ti", "fi", "p")
BOUNDS = ("exact", "below", "above")
INPUTS = (
    Input("di", "number", False, "printed standardised mean difference (Cohen's d), instead of the means"),
    Input("di_corrected", "flag", False, "1 when di is already corrected for small samples (Hedges' g)", default=0.0),
    Input("ti", "number", False, "t of the comparison, instead of the means"),
    Input("fi", "statistic", False, "F with 1 degree of freedom of the comparison, instead of the means; needs a sign"),
    Input("p", "p", False, "two-sided p of the comparison, instead of the means; needs a sign"),
    Input("p_bound", "choice", False, "whether p is exact or a bound: p < .05 is below", choices=BOUNDS, default=0.0),
    Input(
        "sign", "number", False, "direction of fi and p: 1 more in the treated, -1 less; by default that of the means"
    ),
)
_PAPER = "Borenstein 2009"
_RULES = {
    MEANS: "",
    D: "d as printed",
    T: f"d = t*sqrt(1/n1 + 1/n2) ({_PAPER})",
    F: f"d = sign*sqrt(F)*sqrt(1/n1 + 1/n2) ({_PAPER})",
    P: f"d from t by the two-sided p ({_PAPER})",
}
_STEPS = {
    MEANS: "sp = sqrt(((n1i - 1)*sd1i^2 + (n2i - 1)*sd2i^2) / df); d = (m1i - m2i) / sp",
    D: "d = di",
    T: "d = ti * sqrt(1/n1i + 1/n2i)",
    F: "d = sign * sqrt(fi) * sqrt(1/n1i + 1/n2i)",
    P: "t = -sign * t_quantile(p/2, df); d = t * sqrt(1/n1i + 1/n2i)",
}
BOUND_RULE = "p is only known to be below {:g}: d taken at the bound, nearest to 0"
BOUND_NOTE = "p is a bound: the true effect is further from 0 than this one"


def step(values: Mapping[str, float], factor: str) -> str:
    """The step of a row's formula that gives d; `factor`: the correction that a corrected di is divided by."""
    way = values["way"]
    if way == D and values["di_corrected"] == 1:
        return f"d = di / {factor}"
    return _STEPS[MEANS if np.isnan(way) else int(way)]


def ways(x: Columns) -> Floats:
    """How each row's d is reached, a position in `WAYS`; nan where it is not; shape (k,)."""
    means = by_means(x)
    if means.all():
        return np.zeros(len(means))
    there = [means, *(~np.isnan(x[name]) for name in WAYS[1:])]
    return np.select(there, list(range(5)), np.nan)


def by_means(x: Columns) -> Mask:
    """Rows with both means and SDs; shape (k,)."""
    return np.asarray(~np.isnan(x["m1i"] + x["sd1i"] + x["m2i"] + x["sd2i"]))


def prepare(x: Columns) -> Columns:
    """The sign where it is missing and the means tell it, and the way of each row as `way`; shapes (k,) kept."""
    sign, side = x["sign"], np.sign(x["m1i"] - x["m2i"])
    found = np.where(np.isnan(sign) & (side != 0), side, sign)
    return x | {"sign": found, "way": ways(x)}


def difference(x: Columns, df: Floats, j: Floats) -> Floats:
    """Cohen's d by each row's way; shapes (k,)."""
    standardised = _by_means(x, df)
    if not np.any(x["way"]):
        return standardised
    return np.select([x["way"] == i for i in range(5)], [standardised, *_printed(x, df, j)], np.nan)


def _by_means(x: Columns, df: Floats) -> Floats:
    pooled = np.sqrt(((x["n1i"] - 1) * x["sd1i"] ** 2 + (x["n2i"] - 1) * x["sd2i"] ** 2) / df)
    return np.asarray((x["m1i"] - x["m2i"]) / pooled)


def _printed(x: Columns, df: Floats, j: Floats) -> list[Floats]:
    """d by di, ti, fi and p; nan where these are not given."""
    width = np.sqrt(1 / x["n1i"] + 1 / x["n2i"])
    given = np.where(x["di_corrected"] == 1, x["di"] / j, x["di"])
    return [
        given,
        x["ti"] * width,
        x["sign"] * np.sqrt(x["fi"]) * width,
        -x["sign"] * stdtrit(df, x["p"] / 2) * width,
    ]


def check(x: Columns) -> list[Problem]:
    """Rows without a way to d, without the sign it needs, and p that are bounds from below."""
    sign, way = x["sign"], x["way"]
    found = flag_rows(~np.isnan(sign) & (np.abs(sign) != 1), "sign", "{:g} is neither 1 nor -1", sign)
    for code, name in ((F, "fi"), (P, "p")):
        unsigned = (way == code) & np.isnan(sign)
        found += flag_rows(unsigned, "sign", f"is missing: {name} has no direction; give 1 or -1, or both means")
    above = (way == P) & (x["p_bound"] == 2)
    text = "is only known to be above {:g}: no effect follows from that; code another figure, or set the row aside"
    found += flag_rows(above, "p", text, x["p"])
    found += check_wide_bound(x, way == P)
    contrary = (
        ~np.isnan(sign) & (way > MEANS) & (sign * np.where(way == D, x["di"], np.where(way == T, x["ti"], 0)) < 0)
    )
    return found + flag_rows(
        contrary, "sign", "{:g} (given, or by the means) contradicts the sign of the printed figure", sign
    )


def bounded(x: Columns) -> Mask:
    """Rows whose d comes from a p that is an upper bound; shape (k,)."""
    return np.asarray((x["way"] == P) & (x["p_bound"] == 1))


def rules(x: Columns) -> Texts:
    """How each row's d was reached where it was printed, and what was printed and not used, in words; shape (k,)."""
    way = np.where(np.isnan(x["way"]), 0, x["way"]).astype(int)
    corrected = (way == D) & (x["di_corrected"] == 1)
    given = np.stack([~np.isnan(x[name]) for name in WAYS[1:]])
    place = np.ravel_multi_index([way, corrected.astype(int), *given.astype(int)], (5, 2, 2, 2, 2, 2))
    table: Texts = np.full(160, "", dtype=object)
    for i in np.flatnonzero(np.bincount(place, minlength=160)):
        code, by_g, *there = (int(part) for part in np.unravel_index(i, (5, 2, 2, 2, 2, 2)))
        said = "g as printed, already corrected" if by_g else _RULES[code]
        unused = [name for name, has in zip(WAYS[code + 1 :], there[code:], strict=True) if has]
        table[i] = "; ".join(
            [*filter(None, [said]), *([f"{', '.join(unused)} also given, not used"] if unused else [])]
        )
    out: Texts = table[place]
    for i in np.flatnonzero(bounded(x)):
        out[i] = BOUND_RULE.format(x["p"][i])
    return out


def disagreements(x: Columns, d: Floats, df: Floats, j: Floats, note: Texts) -> None:
    """Adds to the notes where a figure that was also printed gives another d than rounding explains."""
    given = np.stack([by_means(x), *(~np.isnan(x[name]) for name in WAYS[1:])])
    several = np.flatnonzero(given.sum(axis=0) > 1)
    if not len(several):
        return
    x, d, df, j = {name: values[several] for name, values in x.items()}, d[several], df[several], j[several]
    others, allowed = [_by_means(x, df), *_printed(x, df, j)], _rounding(x, df)
    told: Texts = note[several]
    for code, name in enumerate(WAYS):
        slack = np.select([x["way"] == i for i in range(5)], allowed, np.nan) + allowed[code]
        off = (x["way"] != code) & (np.abs(others[code] - d) > slack + 1e-9)
        if code == P:
            far = np.abs(others[code]) > np.abs(d) + slack
            off &= (x["p_bound"] == 0) | ((x["p_bound"] == 1) & far)
        arm_summaries.add_texts(told, off, _says(name, others[code], d))
    note[several] = told


def _says(name: str, other: Floats, d: Floats) -> arm_summaries.Say:
    return lambda row: f"{name} gives d = {other[row]:.3g}, not {d[row]:.3g}: more than rounding explains"


def _rounding(x: Columns, df: Floats) -> list[Floats]:
    """How far rounding of the printed figures may move d, by each way; shapes (k,)."""
    width = np.sqrt(1 / x["n1i"] + 1 / x["n2i"])
    with np.errstate(all="ignore"):
        pooled = np.sqrt(((x["n1i"] - 1) * x["sd1i"] ** 2 + (x["n2i"] - 1) * x["sd2i"] ** 2) / df)
        means = np.minimum(half_unit(x["m1i"]), half_unit(x["m2i"]))
        sds = np.minimum(half_unit(x["sd1i"]), half_unit(x["sd2i"]))
        by_sds = 2 * means / pooled + np.abs(x["m1i"] - x["m2i"]) / pooled**2 * sds
        by_f = width * half_unit(x["fi"]) / (2 * np.sqrt(x["fi"]))
        least = np.maximum(x["p"] - half_unit(x["p"]), x["p"] / 100)
        by_p = width * np.abs(stdtrit(df, least / 2) - stdtrit(df, x["p"] / 2))
    return [by_sds, half_unit(x["di"]), width * half_unit(x["ti"]), by_f, by_p]


def half_unit(values: Floats) -> Floats:
    """Half a unit of the last decimal a figure was printed with (trailing zeros are lost, which errs to the large side)."""
    half = np.full(len(values), 0.5e-9)
    for decimals in range(8, -1, -1):
        half[np.isclose(np.round(values, decimals), values, rtol=1e-12, atol=0)] = 0.5 * 10.0**-decimals
    return half
