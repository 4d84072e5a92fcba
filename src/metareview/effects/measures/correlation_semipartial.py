"""SPCOR: semi-partial correlation from a regression.

The correlation of the outcome with the part of a predictor that the other predictors do not share. Its square is what
the predictor adds to R squared, which makes it easier to read than a partial correlation:
`r = t sqrt(1 - R^2) / sqrt(n - m - 1)`. `mi` counts all predictors, the one of interest included. The R squared must be
the unadjusted one of the *same* regression.

There is no Fisher transformation of it: artanh does not steady the variance of a semi-partial correlation.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import correlation
from metareview.effects.measure import Columns, Computed, Input, Measure, Problem, Source, flag_rows


def compute(columns: Columns) -> Computed:
    """The semi-partial correlation and its large-sample variance; arrays of shape (k,)."""
    n, whole = columns["ni"], columns["r2i"]
    yi = columns["ti"] * np.sqrt((1 - whole) / (n - columns["mi"] - 1))
    without = whole - yi**2
    return Computed(yi, (whole**2 - 2 * whole + without + 1 - without**2) / n)


def check(columns: Columns) -> list[Problem]:
    """Samples too small for the regression, and an R squared that t contradicts."""
    n, m, r2 = columns["ni"], columns["mi"], columns["r2i"]
    few = "{:g} people are too few for {:g} predictors; more than 1 beside them are needed"
    found = flag_rows(n - m <= 1, "ni", few, n, m) + flag_rows(r2 == 1, "r2i", "is 1: nothing is left to vary")
    share = compute(columns).yi ** 2
    text = "{:g} is below the {:.3g} that the predictor alone adds by its t; is it of another regression?"
    return found + flag_rows((n - m > 1) & (r2 < share), "r2i", text, r2, share)


MEASURE = Measure(
    name="SPCOR",
    title="Semi-partial correlation",
    family="correlation",
    formula_id="SPCOR.v1",
    formula="yi = ti * sqrt((1 - r2i) / (ni - mi - 1)); without = r2i - yi^2; "
    "vi = (r2i^2 - 2*r2i + without + 1 - without^2) / ni",
    inputs=(
        Input("ti", "number", True, "t of the coefficient of interest"),
        correlation.N,
        correlation.PREDICTORS,
        correlation.R2,
    ),
    scale="linear",
    orientation="Below 0: the outcome is lower where the predictor is higher, beyond what the others explain.",
    positive="",
    source=Source(
        "Aloe & Becker (2012), An effect size for regression predictors in meta-analysis, Journal of Educational and "
        "Behavioral Statistics 37",
        "pages 278-297: semi-partial correlation from t and its large-sample variance",
    ),
    compute=compute,
    check=check,
)
