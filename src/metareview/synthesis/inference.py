"""Critical values, p-values and the choice between the Knapp-Hartung and the normal test."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from metareview.errors import MetareviewError

TESTS = ("knha", "z")


def critical(level: float, df: float) -> float:
    """Return the two-sided critical value of t with `df` degrees of freedom; normal when df is inf."""
    upper = (1.0 + level) / 2.0
    return float(special.ndtri(upper) if math.isinf(df) else special.stdtrit(df, upper))


def two_sided(statistic: float, df: float) -> float:
    """Return the two-sided p-value of a t statistic; normal when df is inf."""
    tail = -abs(statistic)
    return float(np.minimum(1.0, 2.0 * (special.ndtr(tail) if math.isinf(df) else special.stdtr(df, tail))))


def chi2_tail(q: float, df: float) -> float:
    """Return P(chi2 with df > q); 1 when df is 0."""
    return float(special.chdtrc(df, max(q, 0.0))) if df > 0 else 1.0


def f_tail(f: float, df1: float, df2: float) -> float:
    """Return P(F > f)."""
    return float(special.fdtrc(df1, df2, max(f, 0.0)))


def check_test(test: str) -> str:
    """Return the test's name, or say which names there are."""
    if test not in TESTS:
        raise MetareviewError(f"There is no test {test!r}.", f"Choose one of {', '.join(TESTS)}.")
    return test


def choose_test(test: str, *, df: int, perfect: bool, equal_effects: bool) -> tuple[str, tuple[str, ...]]:
    """Return the test that can be used and a sentence when it is not the one asked for.

    Arguments:
        test: "knha" or "z". df: residual degrees of freedom, k - p.
        perfect: the residuals are all zero, so the Knapp-Hartung factor is 0.
        equal_effects: the model assumes tau2 = 0, for which the Knapp-Hartung factor has no foundation.
    """
    if check_test(test) == "z" or df < 1:
        return "z", ()
    if equal_effects:
        return "z", (
            "The Knapp-Hartung method belongs to random-effects models; the equal-effects model uses the normal test.",
        )
    if df == 1:
        return "z", (
            "With one residual degree of freedom the Knapp-Hartung interval is unusable (t with 1 df); "
            "the normal test is used and its interval is too narrow when effects truly differ.",
        )
    if perfect:
        return "z", ("The effects do not differ, so the Knapp-Hartung factor is 0; the normal test is used.",)
    return "knha", ()


def is_perfect(rss: float, w: np.ndarray, yi: np.ndarray) -> bool:
    """Return whether a weighted residual sum of squares is nothing but rounding."""
    return rss <= 1e-27 * float(np.sum(w * yi**2))
