"""WDD: weighted displacement difference, in crimes, of a target and its surroundings.

How many crimes fewer were there in the target than the *change in number* of its control suggests, and how many fewer
or more in the area around it? With 207 and 110 in the target, and 308 and 318 in its control, (110 - 207) - (318 -
308) = -107: 107 crimes fewer. With a displacement area (178 to 157) and a control of its own (150 to 140), (157 -
178) - (140 - 150) = -11 more. Together -118. The standard error is the square root of the sum of all eight counts,
39.6, because each count has its own number as its variance (Poisson) and the counts are added and subtracted: so z =
-2.98.

**It takes for granted** that the target would have changed by the same *number* of crimes as its control. Where the
areas differ in size this cannot be: an area of 30 crimes cannot lose the 60 that an area of 600 lost. Then make the
areas alike with exposures, or use `RIRR`, which takes for granted the same *factor*. The control need not be like the
target, but its counts must be comparable.

**Exposures** divide the counts: `ta` is the exposure behind `a`, and so on. They are the area weights and time
weights of Wheeler's later notes and of his package ptools (exposure = area weight times time weight): with 2 years
before and 1 after, ta = tc = 2 and tb = td = 1. The result is then in crimes *per unit of exposure*. Let the target
after have exposure 1, and it reads as crimes in the target over the time after. A count divided by w has variance
count / w^2.

**Several controls.** Add their counts up only when together they are as large as the target; otherwise weigh them.
`mr.combine_controls` turns any number of controls with weights w into one count and exposure with the right estimate
(the sum of w times count) and the right variance (the sum of w^2 times count); pass its result on as `c, tc, d, td`.

**One control for both.** If target and displacement area share a control, do not give its counts twice, as `c, d` and
as `g, h`: the same chance error is then subtracted twice, which makes its variance 4 (c + d), not 2 (c + d). Add the
displacement area to the target instead, and give the control exposures of 1/2; or use `TNE` or `mr.displacement`.

**Overdispersion** multiplies the variance, as for `RIRR`. **Zeros** need no correction: a count of 0 has an estimated
variance of 0. With all counts 0 nothing can be said.

**Pooling.** A difference in crimes depends on the size of the area and the length of the window: a mean over studies
means something only where these are comparable. Pool `RIRR` where they are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np

from metareview.effects.before_after import (
    EIGHT,
    FOUR,
    PHI,
    all_missing,
    check_exposures,
    counts,
    exposures,
    fill_missing,
    one_of,
    plain,
    plain_rows,
)
from metareview.effects.measure import Columns, Computed, Mask, Measure, Problem, Source, flag_rows, texts

_BESIDE = ("e", "f", "g", "h")
_LOCAL = "yi = (b - a) - (d - c); vi = phi * (a + b + c + d)"
_LOCAL_RATES = "yi = (b/tb - a/ta) - (d/td - c/tc); vi = phi * (a / ta^2 + b / tb^2 + c / tc^2 + d / td^2)"
_TOTAL = (
    "target = (b - a) - (d - c); displacement = (f - e) - (h - g); yi = target + displacement; "
    "vi = phi * (a + b + c + d + e + f + g + h)"
)
_TOTAL_RATES = (
    "target = (b/tb - a/ta) - (d/td - c/tc); displacement = (f/tf - e/te) - (h/th - g/tg); yi = target + displacement; "
    "vi = phi * (a / ta^2 + b / tb^2 + c / tc^2 + d / td^2 + e / te^2 + f / tf^2 + g / tg^2 + h / th^2)"
)
_SIGNS = dict(zip(EIGHT, (-1, 1, 1, -1, -1, 1, 1, -1), strict=True))
_SAME_CONTROL = (
    "the displacement area has the counts of the control as its own control: if it is the same area, its error is "
    "counted twice and the variance is too small"
)


def prepare(columns: Columns) -> Columns:
    """No displacement area as counts of 0, and exposures of 1 in rows that give none."""
    times = [f"t{cell}" for cell in EIGHT]
    alone = all_missing(columns, _BESIDE)
    none = all_missing(columns, times)
    columns = fill_missing(columns, _BESIDE, 0.0, alone)
    columns = fill_missing(columns, [f"t{cell}" for cell in _BESIDE], 1.0, alone)
    return fill_missing(columns, times, 1.0, none)


def check(columns: Columns) -> list[Problem]:
    """Rows with a part of the displacement area or of the exposures, and rows without any event."""
    text = "is missing while another count of the displacement area is given; give e, f, g and h or none"
    found = [p for cell in _BESIDE for p in flag_rows(np.isnan(columns[cell]), cell, text)]
    found += check_exposures(EIGHT)(columns)
    empty = np.all([columns[cell] == 0 for cell in EIGHT], axis=0)
    return found + flag_rows(empty, "a", "is 0 and so are all other counts: nothing can be said")


def compute(columns: Columns) -> Computed:
    """Difference in (rates of) crimes and its quasi-Poisson variance; arrays of shape (k,)."""
    rates = {cell: columns[cell] / columns[f"t{cell}"] for cell in EIGHT}
    yi = reduce(np.add, [sign * rates[cell] for cell, sign in _SIGNS.items()])
    vi = columns["phi"] * reduce(np.add, [rates[cell] / columns[f"t{cell}"] for cell in EIGHT])
    beside = _has_displacement(columns)
    even = plain_rows(columns, EIGHT)
    rule = one_of(2 * even + beside, _LOCAL_RATES, _TOTAL_RATES, _LOCAL, _TOTAL)
    note = texts(len(yi))
    note[beside & (columns["c"] == columns["g"]) & (columns["d"] == columns["h"])] = _SAME_CONTROL
    return Computed(yi, vi, rule=rule, note=note)


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row: with or without a displacement area, of counts or of rates."""
    beside = any(values[cell] > 0 for cell in _BESIDE)
    if plain(values, EIGHT):
        return _TOTAL if beside else _LOCAL
    return _TOTAL_RATES if beside else _LOCAL_RATES


def _has_displacement(columns: Columns) -> Mask:
    return np.asarray(np.any([columns[cell] > 0 for cell in _BESIDE], axis=0))


MEASURE = Measure(
    name="WDD",
    title="Weighted displacement difference",
    family="area counts",
    formula_id="WDD.v1",
    formula=_TOTAL,
    formula_of=formula_of,
    inputs=(*counts(FOUR), *counts(_BESIDE, required=False), *exposures(EIGHT), PHI),
    scale="linear",
    orientation="Below 0: fewer crimes in the target and its displacement area than their controls suggest.",
    source=Source(
        "Wheeler & Ratcliffe (2018), A simple weighted displacement difference test to evaluate place based crime "
        "interventions, Crime Science 7:11",
        "the test statistic and its variance; weights as in the author's package ptools, function wdd",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=(
        *(("a", "c"), ("b", "d"), ("e", "g"), ("f", "h")),
        *(("ta", "tc"), ("tb", "td"), ("te", "tg"), ("tf", "th")),
    ),
    prepare=prepare,
    check=check,
    zero_rule="none",
)
