"""Effects as papers print them: scales, intervals, what can be wrong with them; for GEN and GENDIFF."""

from __future__ import annotations

import numpy as np
from scipy import stats

from metareview.effects.measure import Columns, Floats, Mask, Problem, Texts, flag_rows

SCALES = ("ratio", "log_ratio", "percent_change", "difference")
RATIO, LOG_RATIO, PERCENT, DIFFERENCE = range(4)
LOPSIDED = 1.5

_LOWEST = {
    RATIO: (0.0, "{:g} is not above 0, which a ratio must be"),
    PERCENT: (-100.0, "{:g} is not above -100, which a percent change must be"),
}


def to_analysis(values: Floats, scale: Floats) -> Floats:
    """Printed values on the scale of analysis: ln(ratio), ln(1 + percent/100), else unchanged.

    Arguments: values, shape (k,); scale, shape (k,), positions in `SCALES`. Impossible values become nan.
    """
    ratio = np.where(scale == PERCENT, 1 + values / 100, values)
    as_ratio = (scale == RATIO) | (scale == PERCENT)
    logged = np.log(np.where(as_ratio & (ratio > 0), ratio, np.nan))
    return np.where(as_ratio, logged, values)


def quantile(tail: Floats, df: Floats) -> Floats:
    """The upper `tail` quantile of t with `df`, of the normal where df is nan; shapes (k,)."""
    return np.where(np.isnan(df), stats.norm.isf(tail), stats.t.isf(tail, df))


def interval_se(low: Floats, high: Floats, level: Floats, df: Floats) -> Floats:
    """(high - low) / (2 z): SE from an interval of `level` percent on the scale of analysis; shapes (k,)."""
    return (high - low) / (2 * quantile((1 - level / 100) / 2, df))


def check_scale(columns: Columns, names: tuple[str, ...]) -> list[Problem]:
    """Values that cannot exist on their scale: a ratio at or below 0, a percentage at or below -100."""
    scale = columns["scale_reported"]
    found: list[Problem] = []
    for code, (lowest, text) in _LOWEST.items():
        for name in names:
            found += flag_rows((scale == code) & (columns[name] <= lowest), name, text, columns[name])
    return found


def check_interval(columns: Columns, estimate: str, low: str, high: str) -> list[Problem]:
    """Intervals that are reversed, empty, or do not bracket their estimate."""
    y, lo, hi = columns[estimate], columns[low], columns[high]
    found = flag_rows(lo > hi, low, f"{{:g}} is above {high} {{:g}}: the interval is reversed", lo, hi)
    found += flag_rows(lo == hi, low, f"{{:g}} equals {high}: the interval has no width", lo)
    outside = (lo < hi) & ((y < lo) | (y > hi))
    return found + flag_rows(outside, estimate, "{:g} lies outside its interval {:g} to {:g}", y, lo, hi)


def lopsided(y: Floats, low: Floats, high: Floats) -> Mask:
    """Whether one half of the interval is over 1.5 times the other on the scale of analysis; shapes (k,)."""
    below, above = y - low, high - y
    with np.errstate(invalid="ignore"):
        return np.asarray(np.maximum(below, above) > LOPSIDED * np.minimum(below, above) * (1 + 1e-12))


def scale_words(scale: Floats) -> Texts:
    """ "log" or "linear" for each row's reported scale; shape (k,)."""
    return np.where(scale == DIFFERENCE, "linear", "log").astype(object)
