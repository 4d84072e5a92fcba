"""From a median with quartiles and/or range to mean and SD, taking the data as normal (Luo, Wan, Shi).

The mean is the optimal weighted sum of Luo et al. (2018); the SD that of Wan et al. (2014) for a range or quartiles,
and the optimal one of Shi et al. (2020) for all five numbers.

**The trap.** All of them are for symmetric data, while a median is mostly printed because the data are not. A row that
fails the skewness test of Shi et al. (2023) says so in its note: use the quantile estimation method, or a log-scale
measure such as GMR, instead.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtri

from metareview.effects import five_numbers
from metareview.effects.five_numbers import BOTH, QUARTILES, RANGE
from metareview.effects.measure import Columns, Conversion, Converted, Floats, Source, Texts

_ENDS = "z(({n} - 0.375)/({n} + 0.25))"
_MIDDLE = "z((0.75*{n} - 0.125)/({n} + 0.25))"
MEAN_STEPS = {
    RANGE: "w{arm} = 4/(4 + {n}^0.75); {mean} = w{arm}*({minimum} + {maximum})/2 + (1 - w{arm})*{median}",
    QUARTILES: "w{arm} = 0.7 + 0.39/{n}; {mean} = w{arm}*({q1} + {q3})/2 + (1 - w{arm})*{median}",
    BOTH: "w{arm} = 2.2/(2.2 + {n}^0.75); u{arm} = 0.7 - 0.72/{n}^0.55; {mean} = w{arm}*({minimum} + {maximum})/2"
    " + u{arm}*({q1} + {q3})/2 + (1 - w{arm} - u{arm})*{median}",
}
SD_STEPS = {
    RANGE: f"{{sd}} = ({{maximum}} - {{minimum}}) / (2*{_ENDS})",
    QUARTILES: f"{{sd}} = ({{q3}} - {{q1}}) / (2*{_MIDDLE})",
    BOTH: f"{{sd}} = ({{maximum}} - {{minimum}}) / ((2 + 0.14*{{n}}^0.6)*{_ENDS})"
    f" + ({{q3}} - {{q1}}) / ((2 + 2/(0.07*{{n}}^0.6))*{_MIDDLE})",
}
MEAN_PAPER = "Luo et al. 2018"
SD_PAPERS = {RANGE: "Wan et al. 2014", QUARTILES: "Wan et al. 2014", BOTH: "Shi et al. 2020"}
_HERE = {name: name for name in ("mean", "sd", "n", *five_numbers.NAMES)} | {"arm": ""}
SKEW_NOTE = "the summary is skewed by the test of Shi et al. (2023), the estimate assumes normal data"


def mean_sd(numbers: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Mean and SD, shapes (k,).

    Arguments: numbers, shape (k, 5): minimum, quartiles with the median between, maximum; nan: not given. n, shape (k,).
    """
    low, q1, median, q3, high = numbers.T
    ends, middle = (low + high) / 2, (q1 + q3) / 2
    a, b = 4 / (4 + n**0.75), 0.7 + 0.39 / n
    w, u = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    z_ends, z_middle = ndtri((n - 0.375) / (n + 0.25)), ndtri((0.75 * n - 0.125) / (n + 0.25))
    by_range = np.isnan(middle)
    both = ~by_range & ~np.isnan(ends)
    mean = np.where(by_range, a * ends + (1 - a) * median, b * middle + (1 - b) * median)
    mean = np.where(both, w * ends + u * middle + (1 - w - u) * median, mean)
    sd = np.where(by_range, (high - low) / (2 * z_ends), (q3 - q1) / (2 * z_middle))
    optimal = (high - low) / ((2 + 0.14 * n**0.6) * z_ends) + (q3 - q1) / ((2 + 2 / (0.07 * n**0.6)) * z_middle)
    return mean, np.where(both, optimal, sd)


def compute(columns: Columns) -> Converted:
    """Mean and SD with the papers behind them; arrays of shape (k,)."""
    mean, sd = mean_sd(five_numbers.stacked(columns), columns["n"])
    which = five_numbers.situation(columns)
    rule: Texts = np.full(len(which), "", dtype=object)
    for code, words in five_numbers.SITUATIONS.items():
        rule[which == code] = f"mean by {MEAN_PAPER}, SD by {SD_PAPERS[code]} from the {words}"
    note = np.where(five_numbers.skewed(columns), SKEW_NOTE, "").astype(object)
    return Converted({"mean": mean, "sd": sd}, rule=rule, note=note)


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row, by what it gives."""
    which = float(five_numbers.situation({name: np.array([values[name]]) for name in five_numbers.NAMES})[0])
    return _formula(which if which in MEAN_STEPS else QUARTILES)


def _formula(which: float) -> str:
    return f"{MEAN_STEPS[which]}; {SD_STEPS[which]}".format(**_HERE)


def check(columns: Columns) -> list[five_numbers.Problem]:
    """Summaries out of order, and medians alone."""
    alone = np.isnan(five_numbers.situation(columns)) & ~np.isnan(columns["median"])
    text = "is missing, and so is the range; a median alone gives no SD"
    return five_numbers.check(columns) + five_numbers.flag_rows(alone, "q1", text)


CONVERSION = Conversion(
    name="median_to_mean_sd_luo_wan",
    title="Median with quartiles and/or range to mean and SD, normal data",
    formula_id="median_to_mean_sd_luo_wan.v1",
    formula=_formula(QUARTILES),
    formula_of=formula_of,
    inputs=five_numbers.INPUTS,
    outputs=(("mean", "mean"), ("sd", "standard deviation")),
    method="estimated",
    source=Source(
        "Luo, Wan, Liu & Tong (2018), Statistical Methods in Medical Research 27; Wan, Wang, Liu & Tong (2014), BMC "
        "Medical Research Methodology 14:135; Shi, Luo, Weng, Zeng, Lin, Chu & Tong (2020), Research Synthesis Methods 11",
        "optimal mean (2018), SD from range or quartiles (2014), optimal SD from five numbers (2020)",
    ),
    compute=compute,
    check=check,
)
