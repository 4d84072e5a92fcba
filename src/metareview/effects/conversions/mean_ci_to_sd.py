"""From the confidence interval of a mean to the standard deviation: SD = sqrt(n) * width / (2 * quantile).

The quantile is that of t with n - 1 degrees of freedom, which is how software makes such intervals and makes a
difference in small groups (the Handbook asks for it below about 60); `ci_quantile = normal` is for papers that used
1.96. The interval must be that of one arm's mean on the raw scale: one that lies far from symmetrical around its mean
was made on another scale (of a geometric mean, say) and gives no SD here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import ndtri, stdtrit

from metareview.effects.measure import Columns, Conversion, Converted, Floats, Input, Problem, Source, flag_rows

QUANTILES = ("t", "normal")
STEPS = (
    "{sd} = sqrt({n}) * ({high} - {low}) / (2*t_quantile(0.5 + ci_level/200, {n} - 1))",
    "{sd} = sqrt({n}) * ({high} - {low}) / (2*z(0.5 + ci_level/200))",
)
LEVEL = Input("ci_level", "level", False, "level of the intervals of means", "percent", default=95.0)
QUANTILE = Input("ci_quantile", "choice", False, "the quantile behind them", choices=QUANTILES, default=0.0)
_HERE = {"sd": "sd", "n": "n", "low": "ci_low", "high": "ci_high"}


def sd_from_interval(low: Floats, high: Floats, n: Floats, level: Floats, quantile: Floats) -> Floats:
    """The SD behind the interval of a mean; quantile: 0 for t, 1 for the normal; shapes (k,)."""
    sd = np.full(len(low), np.nan)
    given = ~np.isnan(low + high)
    p, size = 0.5 + level[given] / 200, n[given]
    by = np.where(quantile[given] == 1, ndtri(p), stdtrit(size - 1, p))
    sd[given] = np.sqrt(size) * (high - low)[given] / (2 * by)
    return sd


def compute(columns: Columns) -> Converted:
    """The standard deviation, and the mean as the middle of the interval; arrays of shape (k,)."""
    low, high, n = columns["ci_low"], columns["ci_high"], columns["n"]
    sd = sd_from_interval(low, high, n, columns["ci_level"], columns["ci_quantile"])
    return Converted({"sd": sd, "mean": (low + high) / 2})


def check(columns: Columns) -> list[Problem]:
    """Intervals that are reversed or have no width."""
    low, high = columns["ci_low"], columns["ci_high"]
    found = flag_rows(low > high, "ci_low", "{:g} is above ci_high {:g}: the interval is reversed", low, high)
    return found + flag_rows(low == high, "ci_low", "{:g} equals ci_high: the interval has no width", low)


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row, by its quantile."""
    return f"mean = (ci_low + ci_high)/2; {STEPS[int(values['ci_quantile'])]}".format(**_HERE)


CONVERSION = Conversion(
    name="mean_ci_to_sd",
    title="Confidence interval of a mean to standard deviation",
    formula_id="mean_ci_to_sd.v1",
    formula=formula_of({"ci_quantile": 0}),
    formula_of=formula_of,
    inputs=(
        Input("ci_low", "number", True, "lower end of the interval of the mean", "outcome's unit"),
        Input("ci_high", "number", True, "upper end of the interval of the mean", "outcome's unit"),
        Input("n", "group", True, "number in the group", "people"),
        LEVEL,
        QUANTILE,
    ),
    outputs=(("sd", "standard deviation"), ("mean", "mean, the middle of the interval")),
    method="computed",
    source=Source("Higgins, Li & Deeks, Cochrane Handbook for Systematic Reviews of Interventions", "section 6.5.2.2"),
    compute=compute,
    check=check,
)
