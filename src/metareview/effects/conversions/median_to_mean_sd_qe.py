"""From a median with quartiles and/or range to mean and SD by quantile estimation (McGrath), also for skewed data.

Normal, log-normal, gamma, Weibull and (for numbers between 0 and 1) beta distributions are fitted to the printed
quantiles by least squares, the smallest and largest value standing for the 1/n and 1 - 1/n quantiles; the one that
fits best gives mean and SD. A row with a negative number is fitted by the normal alone. The fits are exact optima
(searched without bounds on the parameters), so a package whose search stops early may differ in the last digits.
The rule names the distribution chosen. With three numbers several distributions may fit almost as well, and
their SDs can differ much: treat the result as a guess and show the meta-analysis without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from metareview.effects import five_numbers
from metareview.effects.five_numbers import BOTH, QUARTILES, RANGE
from metareview.effects.measure import Columns, Conversion, Converted, Floats, Problem, Source, Texts, flag_rows
from metareview.effects.quantile_fit import DISTRIBUTIONS, fit_all

PAPER = "McGrath et al. 2020"
LEAST = 5
_TAKEN = {RANGE: [0, 2, 4], QUARTILES: [1, 2, 3], BOTH: [0, 1, 2, 3, 4]}
_ARGUMENTS = {
    RANGE: "{minimum}, {median}, {maximum}, {n}",
    QUARTILES: "{q1}, {median}, {q3}, {n}",
    BOTH: "{minimum}, {q1}, {median}, {q3}, {maximum}, {n}",
}
_WORD = {RANGE: "range", QUARTILES: "quartiles", BOTH: "five"}
MEAN_STEPS = {code: f"{{mean}} = qe_mean_{_WORD[code]}({inner})" for code, inner in _ARGUMENTS.items()}
SD_STEPS = {code: f"{{sd}} = qe_sd_{_WORD[code]}({inner})" for code, inner in _ARGUMENTS.items()}
_HERE = {name: name for name in ("mean", "sd", "n", *five_numbers.NAMES)}


def mean_sd(numbers: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, SD and the position in `DISTRIBUTIONS` of what fits best; shapes (k,).

    Arguments: numbers, shape (k, 5): minimum, quartiles with the median between, maximum; nan: not given. n, shape (k,).
    """
    p = np.tile([0.0, 0.25, 0.5, 0.75, 1.0], (len(n), 1))
    p[:, 0], p[:, 4] = 1 / n, 1 - 1 / n
    out = np.full((3, len(n)), np.nan)
    which = five_numbers.situation(dict(zip(five_numbers.NAMES, numbers.T, strict=True)))
    for code, taken in _TAKEN.items():
        enough = (n >= LEAST) & np.isfinite(n)
        rows = np.flatnonzero((which == code) & enough & np.all(np.diff(numbers[:, taken], axis=1) >= 0, axis=1))
        if len(rows):
            fits = fit_all(numbers[rows][:, taken], p[rows][:, taken])
            best = np.argmin([fit.squares for fit in fits], axis=0)
            out[0, rows] = np.choose(best, [fit.mean for fit in fits])
            out[1, rows] = np.choose(best, [fit.sd for fit in fits])
            out[2, rows] = best
    return out[0], out[1], out[2]


def _of_row(part: int, code: float, *given: float) -> float:
    numbers = np.full((1, 5), np.nan)
    numbers[0, _TAKEN[code]] = given[:-1]
    return float(mean_sd(numbers, np.array([given[-1]]))[part][0])


FUNCTIONS = {f"qe_mean_{word}": partial(_of_row, 0, code) for code, word in _WORD.items()} | {
    f"qe_sd_{word}": partial(_of_row, 1, code) for code, word in _WORD.items()
}


def compute(columns: Columns) -> Converted:
    """Mean and SD of the distribution that fits best; arrays of shape (k,)."""
    mean, sd, chosen = mean_sd(five_numbers.stacked(columns), columns["n"])
    which = five_numbers.situation(columns)
    rule: Texts = np.full(len(mean), "", dtype=object)
    for i in np.flatnonzero(~np.isnan(chosen)):
        words = five_numbers.SITUATIONS[float(which[i])]
        rule[i] = f"quantile estimation ({PAPER}), {DISTRIBUTIONS[int(chosen[i])]} fitted to the {words}"
    return Converted({"mean": mean, "sd": sd}, rule=rule)


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row, by what it gives."""
    which = float(five_numbers.situation({name: np.array([values[name]]) for name in five_numbers.NAMES})[0])
    return _formula(which if which in MEAN_STEPS else QUARTILES)


def _formula(which: float) -> str:
    return f"{MEAN_STEPS[which]}; {SD_STEPS[which]}".format(**_HERE)


def check(columns: Columns) -> list[Problem]:
    """Summaries out of order, medians alone, and groups too small for 1/n to lie below a quartile."""
    alone = np.isnan(five_numbers.situation(columns)) & ~np.isnan(columns["median"])
    found = flag_rows(alone, "q1", "is missing, and so is the range; a median alone gives no SD")
    small = columns["n"] < LEAST
    found += flag_rows(small, "n", f"{{:g}} is below {LEAST}: too few for quantile estimation", columns["n"])
    return five_numbers.check(columns) + found


CONVERSION = Conversion(
    name="median_to_mean_sd_qe",
    title="Median with quartiles and/or range to mean and SD, quantile estimation",
    formula_id="median_to_mean_sd_qe.v1",
    formula=_formula(QUARTILES),
    formula_of=formula_of,
    functions=FUNCTIONS,
    inputs=five_numbers.INPUTS,
    outputs=(("mean", "mean"), ("sd", "standard deviation")),
    method="estimated",
    source=Source(
        "McGrath, Zhao, Steele, Thombs, Benedetti & the DEPRESSD Collaboration (2020), Estimating the sample mean and "
        "standard deviation from commonly reported quantiles in meta-analysis, Statistical Methods in Medical Research 29",
        "quantile estimation method",
    ),
    compute=compute,
    check=check,
)
