"""Hedges' small-sample correction of standardised mean differences, exact and approximate."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from metareview.effects import two_means
from metareview.effects.measure import Floats

CORRECTIONS = ("exact", "approximate")
INPUT = two_means.option("correction", "Hedges' small-sample correction: exact, or J = 1 - 3/(4*df - 1)", CORRECTIONS)
STEPS = ("J(df)", "(1 - 3/(4*df - 1))")


def small_sample_correction(df: Floats) -> Floats:
    """Hedges' exact J(df) = Gamma(df/2) / (sqrt(df/2) * Gamma((df-1)/2)), df above 1, of any shape.

    Source: Hedges (1981), equation 6e.
    """
    return np.asarray(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def correction(df: Floats, which: Floats) -> Floats:
    """J by each row's choice among `CORRECTIONS`; shapes (k,)."""
    if np.any(which):
        return np.where(which == 1, 1 - 3 / (4 * df - 1), small_sample_correction(df))
    return small_sample_correction(df)


def variance(d: Floats, j: Floats, df: Floats, inverse_n: Floats, n: Floats, vtype: Floats) -> Floats:
    """Variance of g = j * d by each row's choice of LS, LS2 and UB; shapes (k,).

    Arguments: inverse_n is 1/n1 + 1/n2; n is what d^2/2 is divided by: n1 + n2, or the size of the group whose SD is used.
    """
    g = j * d
    ls = inverse_n + g**2 / (2 * n)
    if not np.any(vtype):
        return ls
    ls2 = j**2 * (inverse_n + d**2 / (2 * n))
    ub = inverse_n + (1 - (df - 2) / (df * j**2)) * g**2
    return np.select([vtype == 1, vtype == 2], [ls2, ub], ls)
