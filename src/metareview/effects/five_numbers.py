"""Medians with quartiles, with a range, or with both: which of them a row has, their order, and signs of skew."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Columns, Floats, Input, Mask, Problem, flag_rows

RANGE, QUARTILES, BOTH = 1.0, 2.0, 3.0
SITUATIONS = {RANGE: "median and range", QUARTILES: "median and quartiles", BOTH: "five-number summary"}
NAMES = ("minimum", "q1", "median", "q3", "maximum")
INPUTS = (
    Input("minimum", "number", False, "smallest value", "outcome's unit"),
    Input("q1", "number", False, "first quartile", "outcome's unit"),
    Input("median", "number", True, "median", "outcome's unit"),
    Input("q3", "number", False, "third quartile", "outcome's unit"),
    Input("maximum", "number", False, "largest value", "outcome's unit"),
    Input("n", "group", True, "number in the group", "people"),
)


def situation(columns: Columns, names: tuple[str, ...] = NAMES) -> Floats:
    """RANGE, QUARTILES or BOTH for each row, nan for a row with neither or without a median; shape (k,)."""
    low, q1, median, q3, high = (~np.isnan(columns[name]) for name in names)
    ends, quartiles = low & high & median, q1 & q3 & median
    return np.select([ends & quartiles, quartiles, ends], [BOTH, QUARTILES, RANGE], np.nan)


def stacked(columns: Columns, names: tuple[str, ...] = NAMES) -> Floats:
    """The five numbers side by side, shape (k, 5)."""
    return np.stack([columns[name] for name in names], axis=1)


def check(columns: Columns, names: tuple[str, ...] = NAMES) -> list[Problem]:
    """Summaries out of order, without width, or given by half."""
    found: list[Problem] = []
    for i, lower in enumerate(names):
        for upper in names[i + 1 :]:
            a, b = columns[lower], columns[upper]
            found += flag_rows(a > b, lower, f"{{:g}} is above {upper} {{:g}}: the summary is out of order", a, b)
    for lower, upper in ((names[0], names[4]), (names[1], names[3])):
        a, b = columns[lower], columns[upper]
        found += flag_rows(a == b, lower, f"{{:g}} equals {upper}: there is no spread to estimate from", a)
        for one, other in ((lower, upper), (upper, lower)):
            half = np.isnan(columns[one]) & ~np.isnan(columns[other])
            found += flag_rows(half, one, f"is missing while {other} is given")
    return found


def skewed(columns: Columns, names: tuple[str, ...] = NAMES, n: str = "n") -> Mask:
    """Rows whose summary is too lopsided for a sample from a normal distribution at the 5% level; shape (k,).

    Source: Shi, Luo, Wan, Liu, Liu, Bian & Tong (2023), Detecting the skewness of data from the five-number summary
    and its application in meta-analysis, Statistical Methods in Medical Research 32; the three tests. Their level
    was confirmed here by simulation for n from 5 to 1001.
    """
    low, q1, median, q3, high = (columns[name] for name in names)
    size = columns[n]
    with np.errstate(all="ignore"):
        ends = np.abs(low + high - 2 * median) / (high - low)
        quartiles = np.abs(q1 + q3 - 2 * median) / (q3 - q1)
        both = np.maximum(2.65 * np.log(0.6 * size) / np.sqrt(size) * ends, quartiles)
        tests = [
            (RANGE, ends > 1.01 / np.log(size + 9) + 2.43 / (size + 1)),
            (QUARTILES, quartiles > 2.66 / np.sqrt(size) - 5.92 / size**2),
            (BOTH, both > 2.97 / np.sqrt(size) - 39.1 / size**3),
        ]
    which = situation(columns, names)
    return np.any([(which == code) & test for code, test in tests], axis=0)
