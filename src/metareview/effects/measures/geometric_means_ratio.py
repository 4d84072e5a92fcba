"""GMR: log ratio of geometric means, for skewed data printed on the raw or the log scale.

Incomes, waiting times, counts a place and most laboratory values are right-skewed: their logarithms are nearly normal, and
a ratio of geometric means compares what is typical. Papers print such data in all manners, and all lead here:

- `data_scale = log`: means and SDs of logarithms (`log_base` e, 10 or 2), with SE or interval instead of the SD;
- `data_scale = geometric`: geometric means with geometric SDs or with intervals;
- `data_scale = raw`: raw means and SDs, taken to the log scale by one of the methods below;
- medians with quartiles or range: their logarithms are the quantiles of the logarithms, exactly, and the mean and SD of the
  logarithms follow by `median_method`. For skewed data this is sounder than any way through a raw mean.

**From raw to log** (Higgins, White & Anzures-Cabrera 2008). `raw_method = lognormal` (method 1) takes each group as
log-normal: s^2 = ln(1 + sd^2/m^2), z = ln(m) - s^2/2. `equal_sd` (method 2) takes both groups to have one SD on the log scale:
the log ratio of the means is then that of the geometric means; more precise where true, misleading where not.
`taylor` (method 3) takes the first term of the series: ln(m1/m2) with the variance of ROM.

**Variance.** `se_method = simple` treats s as the SD of observed logarithms: s^2/n. That is too small for skewed data: in
simulated log-normal data with a log SD of 0.3 it was 0.98 of the true variance, with 0.6 about 0.88, with 1.0 about
0.5. `delta` follows from the delta method on the first two moments of a log-normal (w = 1 + sd^2/m^2):
(4(w-1) + (w^4-1)/4 - 2(w^2-1))/n for method 1 and (exp(s^2)-1)(1/n1+1/n2) for method 2. With a log SD of 0.6 it was 1.2
times the true variance for method 1 (a sample's w^4 is very unsteady: with 1.0 it is useless, on average 10 to 20
times too large); for method 2 it was 0.89 to 1.00 with log SDs to 1. These were derived here; the paper's own standard
errors were not at hand to compare with. A row with a raw coefficient of variation above 0.65 (log SD 0.6) is noted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from metareview.effects import arm_summaries, log_scale, two_means
from metareview.effects.log_scale import RAW
from metareview.effects.measure import Columns, Computed, Floats, Measure, Problem, Source, Texts, texts

_METHODS = ("lognormal", "equal_sd", "taylor")
_SES = ("simple", "delta")
_WIDTH = "(1/n1i + 1/n2i)"
_POOLED = "sp = sqrt(((n1i - 1)*s1^2 + (n2i - 1)*s2^2) / (n1i + n2i - 2)); yi = ln(m1i/m2i); "
_TAYLOR = "yi = ln(m1i/m2i); vi = sd1i^2/(n1i*m1i^2) + sd2i^2/(n2i*m2i^2)"
_WIDE = 0.6
# What a row's formula depends on, and how many values each has.
_CODES = {"from1": 4, "from2": 4, "method_used": 3, "se_method": 2, "log_base": 3}


def prepare(columns: Columns) -> Columns:
    """Each arm's log mean z1 and log SD s1, with what they come from; shapes (k,) kept."""
    inner = log_scale.to_logarithms(columns)
    done = dict(columns) | {f"inner_{name}": values for name, values in inner.items()}
    for arm in two_means.ARMS:
        done |= log_scale.describe(columns, inner, arm)
    both_raw = (done["from1"] == RAW) & (done["from2"] == RAW)
    return done | {"method_used": np.where(both_raw, columns["raw_method"], 0.0)}


def _arm_variance(x: Columns, arm: str) -> Floats:
    n, s = x[f"n{arm}i"], x[f"s{arm}"]
    w = np.exp(s**2)
    delta = 4 * (w - 1) + (w**4 - 1) / 4 - 2 * (w**2 - 1)
    return np.asarray(np.where((x["se_method"] == 1) & (x[f"from{arm}"] == RAW), delta, s**2) / n)


def compute(columns: Columns) -> Computed:
    """Log ratio of geometric means and its variance; arrays of shape (k,)."""
    x = columns
    n1, n2 = x["n1i"], x["n2i"]
    yi = x["z1"] - x["z2"]
    vi = _arm_variance(x, "1") + _arm_variance(x, "2")
    if np.any(x["method_used"]):
        s = ((n1 - 1) * x["s1"] ** 2 + (n2 - 1) * x["s2"] ** 2) / (n1 + n2 - 2)
        equal = np.where(x["se_method"] == 1, np.expm1(s), s) * (1 / n1 + 1 / n2)
        taylor = x["sd1i"] ** 2 / (n1 * x["m1i"] ** 2) + x["sd2i"] ** 2 / (n2 * x["m2i"] ** 2)
        yi = np.where(x["method_used"] > 0, np.log(x["m1i"] / x["m2i"]), yi)
        vi = np.select([x["method_used"] == 1, x["method_used"] == 2], [equal, taylor], vi)
    inner = {name.removeprefix("inner_"): values for name, values in x.items() if name.startswith("inner_")}
    found = two_means.computed(inner, yi, vi, (MEASURE.formula,))
    return Computed(yi, vi, _methods(x, found), _rules(x, inner, found), _notes(x, found))


def _methods(x: Columns, found: Computed) -> Texts:
    method = texts(len(found.yi), "computed") if found.method is None else found.method
    method[(x["from1"] == RAW) | (x["from2"] == RAW)] = "estimated"
    return method


def _rules(x: Columns, inner: Columns, found: Computed) -> Texts:
    """How each row was reached: what was filled, in words, and the rest of the formula."""
    place = np.ravel_multi_index([x[name].astype(int) for name in _CODES], tuple(_CODES.values()))
    table = texts(int(np.prod(list(_CODES.values()))))
    for i in np.flatnonzero(np.bincount(place)):
        code = np.unravel_index(i, tuple(_CODES.values()))
        table[i] = _formula({name: float(value) for name, value in zip(_CODES, code, strict=True)})
    rule: Texts = table[place]
    if found.rule is None:
        return rule
    before = np.array([text.removesuffix(MEASURE.formula) for text in found.rule], dtype=object)
    logged = (x["from1"] == log_scale.FILLED) | (x["from2"] == log_scale.FILLED)
    return np.asarray(before + np.where(logged, "on the log scale; ", "").astype(object) + rule, dtype=object)


def _notes(x: Columns, found: Computed) -> Texts:
    note = texts(len(found.yi)) if found.note is None else found.note
    for arm in two_means.ARMS:
        s = x[f"s{arm}"]
        arm_summaries.add_texts(note, (x[f"from{arm}"] == RAW) & (s > _WIDE), _says(arm, s))
    return note


def _says(arm: str, s: Floats) -> arm_summaries.Say:
    return lambda row: (
        f"the raw SD of arm {arm} implies a log SD of {s[row]:.2g}: above {_WIDE} the variance by way of raw SDs is unreliable"
    )


def _formula(values: Mapping[str, float]) -> str:
    """The formula of a row, from where its arms come from and its methods."""
    method, delta = int(values["method_used"]), values["se_method"] == 1
    if method == 2:
        return "; ".join([*_filled(values), _TAYLOR])
    before = [step for arm in two_means.ARMS for step in log_scale.steps(values, arm)]
    if method == 1:
        vi = f"vi = (exp(sp^2) - 1)*{_WIDTH}" if delta else f"vi = sp^2*{_WIDTH}"
        return "; ".join([*before, _POOLED + vi])
    told = []
    for arm in two_means.ARMS:
        if delta and values[f"from{arm}"] == RAW:
            before.append(f"w{arm} = 1 + sd{arm}i^2/m{arm}i^2")
            told.append(f"(4*(w{arm} - 1) + (w{arm}^4 - 1)/4 - 2*(w{arm}^2 - 1))/n{arm}i")
        else:
            told.append(f"s{arm}^2/n{arm}i")
    return "; ".join([*before, f"yi = z1 - z2; vi = {' + '.join(told)}"])


def _filled(values: Mapping[str, float]) -> list[str]:
    return [step for arm in two_means.ARMS for step in arm_summaries.steps(values, arm)]


def check(columns: Columns) -> list[Problem]:
    """Numbers without a logarithm, stand-ins that cannot be, and means or SDs that are missing."""
    found: list[Problem] = []
    for arm in two_means.ARMS:
        found += log_scale.check(columns, arm) + arm_summaries.check(columns, arm)
        known = {problem.row for problem in found}
        inner = {name: columns[f"inner_{name}"] for name in (f"m{arm}i", f"sd{arm}i")}
        found += [p for p in two_means.missing(inner, tuple(inner)) if p.row not in known]
    return found


MEASURE = Measure(
    name="GMR",
    title="Ratio of geometric means",
    family="two means",
    formula_id="GMR.v1",
    formula=_formula(dict.fromkeys(_CODES, 0.0)),
    formula_of=_formula,
    functions=two_means.FUNCTIONS,
    inputs=(
        *two_means.FULL_INPUTS,
        *log_scale.INPUTS,
        two_means.option("raw_method", "from raw to log scale: methods 1, 2 and 3 of Higgins 2008", _METHODS),
        two_means.option("se_method", "variance from raw SDs: simple, or by the delta method", _SES),
    ),
    scale="log",
    orientation="Below 1 (log below 0): a lower geometric mean in the treated group.",
    source=Source(
        "Higgins, White & Anzures-Cabrera (2008), Meta-analysis of skewed data: combining results reported on "
        "log-transformed or raw scales, Statistics in Medicine 27",
        "methods 1 to 3, raw to log scale (pages 6072-6092)",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.FULL_SWAP,
    prepare=prepare,
    check=check,
)
