"""Hedges' small-sample correction of standardised mean differences, exact and approximate."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from metareview.effects import two_means
from metareview.effects.measure import Floats

CORRECTIONS = ("exact", "approximate", "none")
EXACT, APPROXIMATE, NONE = range(3)
INPUT = two_means.option(
    "correction", "Hedges' small-sample correction: exact, J = 1 - 3/(4*df - 1), or none", CORRECTIONS
)
STEPS = ("J(df)", "(1 - 3/(4*df - 1))", "J(df)")  # that of a printed g: exact where the estimate is not corrected
TIMES = (f"{STEPS[EXACT]} * ", f"{STEPS[APPROXIMATE]} * ", "")
SQUARED = (f"{STEPS[EXACT]}^2 * ", f"{STEPS[APPROXIMATE]}^2 * ", "")
VTYPES = ("LS", "LS2", "UB")


def variance_steps(which: int, n: str) -> tuple[str, str, str]:
    """The variances of `VTYPES` in the language of formulas, by the position of the correction; `n` as in `variance`."""
    unbiased = f"(1 - (df - 2)/(df*{STEPS[which]}^2))*yi^2"
    return (
        f"vi = 1/n1i + 1/n2i + yi^2/(2*{n})",
        f"vi = {SQUARED[which]}(1/n1i + 1/n2i + d^2/(2*{n}))",
        f"vi = (1/n1i + 1/n2i)/J(df)^2 + {unbiased}" if which == NONE else f"vi = 1/n1i + 1/n2i + {unbiased}",
    )


def small_sample_correction(df: Floats) -> Floats:
    """Hedges' exact J(df) = Gamma(df/2) / (sqrt(df/2) * Gamma((df-1)/2)), df above 1, of any shape.

    Source: Hedges (1981), equation 6e.
    """
    return np.asarray(np.exp(gammaln(df / 2) - gammaln((df - 1) / 2)) / np.sqrt(df / 2))


def correction(df: Floats, which: Floats) -> Floats:
    """J by each row's choice among `CORRECTIONS`, 1 for none; shapes (k,)."""
    if np.any(which):
        return np.select(
            [which == APPROXIMATE, which == NONE], [1 - 3 / (4 * df - 1), 1.0], small_sample_correction(df)
        )
    return small_sample_correction(df)


def of_printed(df: Floats, which: Floats) -> Floats:
    """The J that a printed g was multiplied with: by each row's choice, the exact one for none; shapes (k,)."""
    return correction(df, np.where(which == NONE, EXACT, which))


def variance(d: Floats, df: Floats, inverse_n: Floats, n: Floats, vtype: Floats, which: Floats) -> Floats:
    """Variance of the corrected d by each row's choice of LS, LS2 and UB; shapes (k,).

    UB is unbiased for the variance of what is reported: of d it is that of g over J^2.

    Arguments: inverse_n is 1/n1 + 1/n2; n is what d^2/2 is divided by: n1 + n2, or the size of the group whose SD is used;
    which: the position of the correction.
    """
    j = correction(df, which)
    g = j * d
    ls = inverse_n + g**2 / (2 * n)
    if not np.any(vtype):
        return ls
    ls2 = j**2 * (inverse_n + d**2 / (2 * n))
    factor = of_printed(df, which)
    ub = inverse_n * (j / factor) ** 2 + (1 - (df - 2) / (df * factor**2)) * g**2
    return np.select([vtype == 1, vtype == 2], [ls2, ub], ls)
