"""GEN: an effect as printed, with whatever the paper gives to derive its standard error from."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import (
    Columns,
    Computed,
    Floats,
    Input,
    Mask,
    Measure,
    Problem,
    Source,
    Texts,
    flag_rows,
    texts,
)
from metareview.effects.reported import (
    DIFFERENCE,
    PERCENT,
    RATIO,
    SCALES,
    check_interval,
    check_scale,
    interval_se,
    lopsided,
    quantile,
    scale_words,
    to_analysis,
)

_WAYS = ("se", "interval", "t", "p")
_DELTA = {
    RATIO: "SE of the ratio divided by the ratio (delta method)",
    PERCENT: "SE in percent / 100 divided by 1 + percent / 100 (delta method)",
}


def _available(x: Columns) -> Mask:
    """Which of `_WAYS` each row gives, shape (4, k)."""
    both = ~np.isnan(x["ci_low"]) & ~np.isnan(x["ci_high"])
    return np.array([~np.isnan(x["se"]), both, ~np.isnan(x["t"]), ~np.isnan(x["p"])])


def _standard_error(x: Columns, yi: Floats, way: Floats) -> Floats:
    """SE on the scale of analysis by each row's way, shape (k,)."""
    scale = x["scale_reported"]
    delta = (scale == RATIO) | (scale == PERCENT)
    unit = np.where(scale == PERCENT, 100.0, 1.0)
    printed = np.where(delta, x["se"] / unit / np.exp(np.where(delta, yi, 0.0)), x["se"])
    low, high = to_analysis(x["ci_low"], scale), to_analysis(x["ci_high"], scale)
    interval = interval_se(low, high, x["ci_level"], x["df"])
    return np.select(
        [way == 0, way == 1, way == 2, way == 3],
        [printed, interval, np.abs(yi) / np.abs(x["t"]), np.abs(yi) / quantile(x["p"] / 2, x["df"])],
        np.nan,
    )


def _rule(x: Columns, i: int, way: int, given: Mask, middle: bool) -> str:
    """How one row's yi and SE were reached."""
    scale = int(x["scale_reported"][i])
    where = "" if scale == DIFFERENCE else " on the log scale"
    df = "" if np.isnan(x["df"][i]) else f" (t with {x['df'][i]:g} df)"
    said = [
        _DELTA.get(scale, "SE as printed"),
        f"SE from the {x['ci_level'][i]:g}% interval{where}{df}",
        "SE = |estimate| / |t|",
        f"SE = |estimate| / quantile of the exact two-sided p{df or ' (normal)'}",
    ][way]
    if middle:
        said += f"; estimate taken as the middle of the interval{where}"
    if not np.isnan(x["standardiser"][i]):
        said += f"; divided by the SD {x['standardiser'][i]:g}"
    if x["inverted"][i] == 1:
        said += "; printed as control over treated, turned round"
    unused = [name for name, has, j in zip(_WAYS, given, range(4), strict=True) if has and j > way]
    return said + (f"; {', '.join(unused)} also given, not used" if unused else "")


def _rules(x: Columns, way: Floats, given: Mask, middle: Mask) -> Texts:
    out = texts(len(way))
    for i in np.flatnonzero((way >= 0) & ~np.isnan(x["scale_reported"])):
        out[i] = _rule(x, int(i), int(way[i]), given[:, i], bool(middle[i]))
    return out


def _second_figure(x: Columns, yi: Floats, se: Floats, way: Floats, given: Mask, note: Texts) -> Texts:
    """Add to the notes where a figure that was also printed implies another SE by more than a seventh."""
    out = note.copy()
    for j, name in enumerate(_WAYS):
        implied = _standard_error(x, yi, np.full(len(way), float(j)))
        with np.errstate(all="ignore"):
            ratio = implied / se
        for i in np.flatnonzero(given[j] & (way != j) & (way >= 0) & (np.abs(np.log(ratio)) > np.log(1.15))):
            said = f"the printed {name} implies a standard error {ratio[i]:.2g} times this one"
            out[i] = f"{out[i]}; {said}" if out[i] else said
    return out


def compute(columns: Columns) -> Computed:
    """The printed effect and its SE on the scale of analysis; arrays of shape (k,).

    The SE comes from the first of: se, interval, t, p. Rows by t or p, by the delta method, with an estimate
    inferred from its interval, or standardised here, are "estimated".
    """
    x, scale = columns, columns["scale_reported"]
    given = _available(x)
    way = np.where(given.any(axis=0), given.argmax(axis=0), -1).astype(float)
    low, high = to_analysis(x["ci_low"], scale), to_analysis(x["ci_high"], scale)
    middle = np.isnan(x["estimate"]) & given[1]
    printed = to_analysis(x["estimate"], scale)
    yi = np.where(middle, (low + high) / 2, printed)
    se = _standard_error(x, yi, way)
    by_sd = ~np.isnan(x["standardiser"])
    sd = np.where(by_sd, x["standardiser"], 1.0)
    delta = (way == 0) & ((scale == RATIO) | (scale == PERCENT))
    method = np.where((way >= 2) | delta | middle | by_sd, "estimated", "computed").astype(object)
    note = np.where(lopsided(printed, low, high), "interval is more than 1.5 times lopsided", "").astype(object)
    note = _second_figure(x, yi, se, way, given, note)
    sign = np.where(x["inverted"] == 1, -1.0, 1.0)
    rule = _rules(x, way, given, middle)
    return Computed(sign * yi / sd, (se / sd) ** 2, method, rule, note, scale_words(scale))


def check(columns: Columns) -> list[Problem]:
    """Rows without a way to an SE, and printed figures that cannot be."""
    x, scale = columns, columns["scale_reported"]
    given, y = _available(x), x["estimate"]
    found = check_scale(x, ("estimate", "ci_low", "ci_high")) + check_interval(x, "estimate", "ci_low", "ci_high")
    for one, other in (("ci_low", "ci_high"), ("ci_high", "ci_low")):
        found += flag_rows(np.isnan(x[one]) & ~np.isnan(x[other]), one, f"is missing while {other} is given")
    found += flag_rows(np.isnan(y) & ~given[1], "estimate", "is missing, and there is no interval to infer it from")
    no_way = ~given.any(axis=0) & np.isnan(x["ci_low"]) & np.isnan(x["ci_high"])
    found += flag_rows(no_way, "se", "is missing, and so are ci_low and ci_high, t and p; give one of them")
    found += flag_rows(x["t"] == 0, "t", "is 0: no SE follows from it")
    contrary = ~np.isnan(x["t"]) & (x["t"] * np.nan_to_num(to_analysis(y, scale)) < 0)
    found += flag_rows(contrary, "t", "{:g} has another sign than the effect", x["t"])
    backed = ~given[0] & ~given[1] & (given[2] | given[3]) & (to_analysis(y, scale) == 0)
    found += flag_rows(backed, "estimate", "{:g} is no effect at all: no SE follows from t or p", y)
    wrong = ~np.isnan(x["standardiser"]) & ~np.isnan(scale) & (scale != DIFFERENCE)
    return found + flag_rows(wrong, "standardiser", "is for scale_reported 'difference' only")


MEASURE = Measure(
    name="GEN",
    title="Effect as reported",
    family="as reported",
    formula_id="GEN.v1",
    formula="yi = g(estimate); vi = SE^2, SE by the first given of se, (g(high)-g(low))/(2z), t, p; "
    "g: ln(ratio), log_ratio as it is, ln(1+percent/100), difference as it is",
    inputs=(
        Input("estimate", "number", False, "the printed effect; may be missing when an interval is given"),
        Input("scale_reported", "choice", True, "the scale it is printed on", choices=SCALES),
        Input("se", "se", False, "its standard error", "as printed"),
        Input("ci_low", "number", False, "lower end of its interval", "as printed"),
        Input("ci_high", "number", False, "upper end of its interval", "as printed"),
        Input("ci_level", "level", False, "level of the interval", "percent", default=95.0),
        Input("t", "number", False, "its t or z statistic"),
        Input("p", "p", False, "its exact two-sided p; never a bound such as p < .05"),
        Input("df", "df", False, "degrees of freedom behind p or the interval; normal without"),
        Input("standardiser", "sd", False, "SD that a difference is divided by", "outcome's unit"),
        Input("inverted", "flag", False, "1 when printed as control over (or minus) treated", default=0.0),
    ),
    scale="reported",
    orientation="Below no effect (ratio 1, log or difference 0): less of the outcome in the treated group.",
    source=Source(
        "Higgins, Li & Deeks, Choosing effect measures and computing estimates of effect, "
        "Cochrane Handbook for Systematic Reviews of Interventions, version 6",
        "sections 6.3.1 and 6.3.2",
    ),
    compute=compute,
    check=check,
)
