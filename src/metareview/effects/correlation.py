"""Correlations: their inputs, what is impossible, and the hypergeometric function behind the unbiased ones."""

from __future__ import annotations

import numpy as np
from scipy.special import hyp2f1

from metareview.effects.forms import Part
from metareview.effects.measure import Columns, Floats, Input, Problem, flag_rows

R = Input("ri", "correlation", True, "Pearson correlation of two quantitative variables")
N = Input("ni", "size", True, "people (or places) in the sample", "people")
T = Input("ti", "number", False, "t of the coefficient of interest, instead of ri")
R_PARTIAL = Input("ri", "correlation", False, "partial correlation as printed; or give ti")
PREDICTORS = Input("mi", "size", True, "predictors in the regression, the one of interest included", "predictors")
R2 = Input("r2i", "share", True, "R squared of the whole regression")


def check(columns: Columns, least: float = 4) -> list[Problem]:
    """Correlations of 1 and -1, and samples below `least`."""
    n, r = columns["ni"], columns["ri"]
    found = flag_rows(n < least, "ni", f"{{:g}} is below {least:g}; fewer give no usable variance", n)
    return found + flag_rows(np.abs(r) == 1, "ri", "{:g} is a perfect correlation, which has no sampling variance", r)


def choose(columns: Columns) -> Columns:
    """The columns with t only where no partial correlation is given."""
    return columns | {"ti": np.where(np.isnan(columns["ri"]), columns["ti"], np.nan)}


def partial(columns: Columns) -> Floats:
    """The partial correlation, as given or from t with n - m - 1 degrees of freedom; shape (k,)."""
    t = columns["ti"]
    return np.where(np.isnan(t), columns["ri"], t / np.sqrt(t**2 + columns["ni"] - columns["mi"] - 1))


def step_to_partial() -> Part:
    """The step of a formula that gives the partial correlation."""
    return Part(("", "ri = ti / sqrt(ti^2 + ni - mi - 1); "), lambda values: np.where(np.isnan(values["ti"]), 0, 1))


def check_partial(columns: Columns, beyond: float) -> list[Problem]:
    """Rows without r and t, perfect ones, and samples that are not larger than the predictors plus `beyond`."""
    n, m = columns["ni"], columns["mi"]
    found = flag_rows(np.isnan(columns["ri"]) & np.isnan(columns["ti"]), "ri", "is missing, and so is ti; give one")
    few = f"{{:g}} people are too few for {{:g}} predictors; more than {beyond:g} beside them are needed"
    return check(columns, 0) + found + flag_rows(n - m <= beyond, "ni", few, n, m)


def hypergeometric(a: float, c: Floats, x: Floats) -> Floats:
    """Gauss's 2F1(a, a; c; x) for x from 0 to 1 and c above 2 a, shape (k,).

    Its power series, which a row leaves once the rest is below 1e-15 of the sum. The few rows that need more than 400
    terms (about: below 15 people and a correlation near 0) are left to scipy, which is slow and fails where c is large.
    """
    done = np.ones_like(x)
    rows, terms, sums = np.arange(len(x)), np.ones_like(x), np.ones_like(x)
    for k in range(400):
        terms = terms * ((k + a) ** 2 / (k + 1)) * x[rows] / (c[rows] + k)
        sums = sums + terms
        if k % 5 == 4:
            rest = terms * np.minimum(
                x[rows] / np.maximum(1 - x[rows], 1e-300), (k + c[rows]) / (c[rows] - 2 * a + 0.5)
            )
            left = rest > 1e-15 * sums
            done[rows] = sums
            rows, terms, sums = rows[left], terms[left], sums[left]
        if not len(rows):
            return done
    done[rows] = hyp2f1(a, a, c[rows], x[rows])
    return done


def gauss(a: float, b: float, c: float, x: float) -> float:
    """`hypergeometric` of one row, as F(a, b, c, x) in a formula; b is a."""
    return float(hypergeometric(a, np.array([c]), np.array([x]))[0])
