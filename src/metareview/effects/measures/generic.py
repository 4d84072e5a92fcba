"""GEN: an effect as printed, with whatever the paper gives to derive its standard error from.

**Scales.** `scale_reported` says what was printed. Ratios of any kind (risk, odds, rate, hazard), percentage changes,
log ratios to base e, 10 or 2, and logit coefficients are analysed as natural logs; differences and percentage points
stay linear, percentage points as a share, so that they stand beside a risk difference. A coefficient of a regression
with a log link is a `log_ratio`, of a logistic regression a `logit`, of a linear regression a `difference` in the
unit of the outcome. Odds ratios and rate ratios are both `ratio`, but they are different measures: do not pool them
together. In the formula g is this step, such as ln(x) for a ratio and ln(1 + x/100) for a percentage change;
`mr.explain` shows the formula of each row as it is. A standardised coefficient (beta) is no effect of this kind; see
the conversion `beta_to_r`.

**Where the standard error comes from.** The first that is given of: `se`, `variance`, the interval (any level; t when
`df` is given), `z`, `t`, `chi2` with 1 df, `f` with 1 df before the bar, and `p`. For a ratio and a percentage change
the interval goes before `se` and `variance`. The rule beside each effect says which, and what else was given. A
second figure that implies another SE by more than a seventh, which rounding hardly does, is noted: one of the two was
misread, or they belong to different models. SE from a test or a p is *estimated*: it takes the test as a Wald
test of the effect on the scale of analysis, which a likelihood-ratio or score test is only in large samples; and a
rounded p near 1 gives a wild SE. `z` and `t` must have the sign of the effect; `chi2`, `f` and `p` have none.

**Bounds.** "p < 0.05" is not p = 0.05. Code it as `p = 0.05` with `p_bound = below`: the true p is smaller, so the SE
derived is the largest it can be, and the study weighs too little rather than too much. "p > 0.05" and "n.s."
(`above`) give only a smallest SE and are refused. Leaving such effects out selects on significance, so list them.

**SE of a ratio or a percentage change** is turned to the log scale by the delta method. That is good when the SE is
small beside the ratio; an interval is better, because most are computed on the log scale. Some papers print the SE of
the log beside a ratio: where the interval shows that, the note says so. Without an interval nothing shows it.

**What is not printed.** Figures read off a graph are `read_from = digitised`; figures put on words ("halved") are
`verbal`. Both are estimated and noted. Words alone, without an SE of any kind, give no effect.

**Orientation.** `inverted = 1` turns an effect printed as control over treated, such as Farrington and Welsh's
relative effect size, the inverse of the relative incident rate ratio. An estimate outside its interval whose inverse
lies inside is refused with that advice.

`standardiser` divides a difference by a standard deviation taken from elsewhere; its own uncertainty is not in the
variance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects import standard_error
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
    KNOWN,
    LOGIT,
    READ_FROM,
    SCALE,
    check_interval,
    check_scale,
    is_scale,
    lopsided,
    middle,
    note_reading,
    note_share,
    note_where,
    one_of,
    scale_words,
    to_analysis,
    told_once,
)
from metareview.effects.standard_error import ABOVE, BELOW, BOUND_NOTE, CHI2, INTERVAL, NAMES, SE, VARIANCE, WAYS, F, P

_LOG = {SE: "this SE seems to be of the log", VARIANCE: "this variance seems to be of the log"}


def _inferred(x: Columns) -> tuple[Columns, Mask]:
    """The columns with a missing estimate taken from its interval, and where that was; shape (k,)."""
    between = np.isnan(x["estimate"]) & ~np.isnan(x["ci_low"]) & ~np.isnan(x["ci_high"])
    if not between.any():
        return x, between
    estimate = np.where(between, middle(x["ci_low"], x["ci_high"], x["scale_reported"]), x["estimate"])
    return x | {"estimate": estimate}, between


def _rules(x: Columns, way: Floats, given: Mask, between: Mask) -> Texts:
    """How each row's effect and SE were reached; shape (k,)."""

    def tell(row: int) -> str:
        if way[row] < 0 or np.isnan(x["scale_reported"][row]):
            return ""
        return _rule(x, row, int(way[row]), given[:, row], bool(between[row]))

    quantiles = (way == INTERVAL) | (way == P)
    bound = (way == P) & (x["p_bound"] == BELOW)
    return told_once(
        tell,
        x["scale_reported"] + 100 * way,
        sum(2.0**place * has for place, has in enumerate(given)) + 1000 * between + 2000 * (x["inverted"] == 1),
        np.where(way == INTERVAL, x["ci_level"], 0.0),
        np.where(quantiles, x["df"], 0.0),
        np.where(bound, x["p"], 0.0),
        x["standardiser"],
    )


def _rule(x: Columns, row: int, way: int, given: Mask, between: bool) -> str:
    """How one row's effect and SE were reached."""
    scale = KNOWN[int(x["scale_reported"][row])]
    told = standard_error.said(x, row, way)
    if x["scale_reported"][row] == LOGIT and way > VARIANCE:
        told += "; logit coefficient: a log odds ratio"
    if between:
        told += f"; estimate taken as the middle of the interval{' on the log scale' if scale.log else ''}"
    if not np.isnan(x["standardiser"][row]):
        told += f"; divided by the SD {x['standardiser'][row]:g}"
    if x["inverted"][row] == 1:
        told += "; printed as control over treated, turned round"
    unused = [name for place, name in enumerate(NAMES) if given[place] and place != way]
    return told + (f"; {', '.join(unused)} also given, not used" if unused else "")


def _note_second_figures(notes: Texts, x: Columns, way: Floats, implied: dict[int, Floats], se: Floats) -> None:
    """Add to the notes where another printed figure implies an SE that differs by more than rounding."""
    for place, other in implied.items():
        ratio = other / se
        off = (way != place) & (way >= 0) & standard_error.disagree(ratio)
        if place in (CHI2, F):
            off &= x["df1"] == 1
        if place == P:  # a bound only says that the SE is not above, or not below
            off &= ~((x["p_bound"] == BELOW) & (ratio > 1)) & ~((x["p_bound"] == ABOVE) & (ratio < 1))
        if place in (SE, VARIANCE):
            printed = x["se"] if place == SE else np.sqrt(x["variance"])
            log = off & (way == INTERVAL) & standard_error.of_the_log(printed, se, x["scale_reported"])
            note_where(notes, log, f"the printed {NAMES[place]} is not that of the interval: {_LOG[place]}")
            off &= ~log
        standard_error.note_other(notes, NAMES[place], off, ratio)


def compute(columns: Columns) -> Computed:
    """The printed effect and its SE on the scale of analysis; arrays of shape (k,).

    The SE comes from the first of `standard_error.WAYS`. Rows by a test or p, by the delta method, with an estimate
    inferred from its interval, standardised here, or not read from print are "estimated".
    """
    x, between = _inferred(columns)
    scale = x["scale_reported"]
    given = standard_error.usable(x)
    way = standard_error.chosen(given, scale)
    y = to_analysis(x["estimate"], scale)
    implied = standard_error.standard_errors(x, y)
    se = np.full(len(y), np.nan)
    for place, by_it in implied.items():
        se = np.where(way == place, by_it, se)
    by_sd = ~np.isnan(x["standardiser"])
    sd = np.where(by_sd, x["standardiser"], 1.0)
    delta = is_scale(scale, lambda entry: entry.delta) & ((way == SE) | (way == VARIANCE))
    estimated = (way > INTERVAL) | delta | between | by_sd | (x["read_from"] > 0)
    sign = np.where(x["inverted"] == 1, -1.0, 1.0)
    return Computed(
        sign * y / sd,
        (se / sd) ** 2,
        one_of(estimated, "computed", "estimated"),
        _rules(x, way, given, between),
        _notes(x, y, way, implied, se),
        scale_words(scale),
    )


def _notes(x: Columns, y: Floats, way: Floats, implied: dict[int, Floats], se: Floats) -> Texts:
    """What a reader should doubt; shape (k,)."""
    notes = texts(len(y))
    low, high = (to_analysis(x[name], x["scale_reported"]) for name in ("ci_low", "ci_high"))
    note_where(notes, lopsided(y, low, high), "interval is more than 1.5 times lopsided")
    with np.errstate(all="ignore"):
        _note_second_figures(notes, x, way, implied, se)
    note_where(notes, (way == P) & (x["p_bound"] == BELOW), BOUND_NOTE)
    note_share(notes, x["scale_reported"], x["estimate"], x["ci_low"], x["ci_high"])
    note_reading(notes, x["read_from"])
    return notes


def check(columns: Columns) -> list[Problem]:
    """Rows without a way to an SE, and printed figures that cannot be."""
    x, between = _inferred(columns)
    y = to_analysis(x["estimate"], x["scale_reported"])
    found = check_scale(x, ("estimate", "ci_low", "ci_high"))
    found += check_interval(columns, "estimate", "ci_low", "ci_high")
    found += flag_rows(
        np.isnan(columns["estimate"]) & ~between, "estimate", "is missing, and there is no interval to infer it from"
    )
    found += standard_error.check(x, y)
    wrong = ~np.isnan(x["standardiser"]) & ~np.isnan(x["scale_reported"]) & (x["scale_reported"] != DIFFERENCE)
    return found + flag_rows(wrong, "standardiser", "is for scale_reported 'difference' only")


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row from its inputs by name."""
    scale = KNOWN[int(values["scale_reported"])]
    one = {name: np.array([value]) for name, value in values.items()}
    place = int(standard_error.chosen(standard_error.usable(one), one["scale_reported"])[0])
    steps = []
    if np.isnan(values["estimate"]):
        steps.append("estimate = " + scale.shown_middle.format(low="ci_low", high="ci_high"))
    by_sd = not np.isnan(values["standardiser"])
    turned = "-" if values["inverted"] == 1 else ""
    steps.append(f"yi = {turned}{scale.shown.format(x='estimate')}{'/standardiser' if by_sd else ''}")
    se = WAYS[place].shown(scale, not np.isnan(values["df"]))
    divided = f"{se} / standardiser" if by_sd and place <= INTERVAL else se
    if place == SE:
        steps.append("vi = se^2" if divided == "se" else f"vi = ({divided})^2")
    else:
        steps += [f"se = {divided}", "vi = se^2"]
    return "; ".join(steps)


MEASURE = Measure(
    name="GEN",
    title="Effect as reported",
    family="as reported",
    formula_id="GEN.v1",
    formula="yi = g(estimate); se = (g(ci_high) - g(ci_low)) / (2*z(0.5 + ci_level/200)); vi = se^2",
    formula_of=formula_of,
    inputs=(
        Input("estimate", "number", False, "the printed effect; may be missing when an interval is given"),
        SCALE,
        *standard_error.INPUTS,
        Input("standardiser", "sd", False, "SD that a difference is divided by", "outcome's unit"),
        Input("inverted", "flag", False, "1 when printed as control over (or minus) treated", default=0.0),
        READ_FROM,
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
