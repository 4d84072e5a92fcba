"""Critical values, p-values and the choice between the Knapp-Hartung, t and normal tests."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from metareview.errors import MetareviewError

_KNHA = "Knapp & Hartung (2003), Statistics in Medicine 22, 2693-2710"
TESTS = {  # id: (title, source)
    "knha": ("Knapp-Hartung: t, its error scaled by the weighted residuals", _KNHA),
    "adhoc": (
        "Knapp-Hartung, its factor not below 1",
        "Rover, Knapp & Friede (2015), BMC Medical Research Methodology 15, 99",
    ),
    "t": ("t, normal-theory error", "Follmann & Proschan (1999), Biometrics 55, 732-737"),
    "z": ("normal", "DerSimonian & Laird (1986), Controlled Clinical Trials 7, 177-188"),
}
ALIASES = {"hksj": "knha", "floored": "adhoc"}
KNAPP_HARTUNG = ("knha", "adhoc")


@lru_cache(maxsize=1024)
def critical(level: float, df: float) -> float:
    """Return the two-sided critical value of t with `df` degrees of freedom; normal when df is inf."""
    upper = (1.0 + level) / 2.0
    return float(special.ndtri(upper) if math.isinf(df) else special.stdtrit(df, upper))


def two_sided(statistic: float, df: float) -> float:
    """Return the two-sided p-value of a t statistic; normal when df is inf."""
    tail = -abs(statistic)
    p = 2.0 * float(special.ndtr(tail) if math.isinf(df) else special.stdtr(df, tail))
    return 1.0 if p > 1.0 else p


def chi2_tail(q: float, df: float) -> float:
    """Return P(chi2 with df > q); 1 when df is 0."""
    return float(special.chdtrc(df, max(q, 0.0))) if df > 0 else 1.0


def f_tail(f: float, df1: float, df2: float) -> float:
    """Return P(F > f)."""
    return float(special.fdtrc(df1, df2, max(f, 0.0)))


def check_test(test: str) -> str:
    """Return the test's name, or say which names there are."""
    name = ALIASES.get(test, test)
    if name not in TESTS:
        raise MetareviewError(f"There is no test {test!r}.", f"Choose one of {', '.join(TESTS)}.")
    return name


def factor(test: str, rss: float, df: int) -> float:
    """Return what the normal-theory variance is multiplied by: rss / df for Knapp-Hartung, not below 1 for "adhoc"."""
    if test not in KNAPP_HARTUNG:
        return 1.0
    return rss / df if test == "knha" else max(1.0, rss / df)


def freedom(test: str, df: int) -> float:
    """Return the degrees of freedom of a test's reference distribution; inf for the normal one."""
    return math.inf if test == "z" else float(df)


def joint_test(beta: np.ndarray, cov: np.ndarray, which: list[int], df: int, test: str) -> dict[str, Any]:
    """Return the test that the coefficients `which` are all 0: F with (m, df), or chi-squared with m for the z test."""
    scale = 1.0 / np.sqrt(np.diag(cov)[which])
    b = beta[which] * scale
    try:
        q = float(b @ np.linalg.solve(cov[np.ix_(which, which)] * np.outer(scale, scale), b))
    except np.linalg.LinAlgError as error:
        raise MetareviewError(
            "The coefficients cannot be tested together: their covariance is singular.",
            "The moderators nearly follow from each other at these weights: leave one out.",
        ) from error
    m = len(which)
    if test == "z":
        return {"QM": q, "QM_df": m, "QM_df2": math.inf, "QM_p": chi2_tail(q, m)}
    return {"QM": q / m, "QM_df": m, "QM_df2": float(df), "QM_p": f_tail(q / m, m, df)}


def choose_test(test: str, *, df: int, perfect: bool, equal_effects: bool) -> tuple[str, tuple[str, ...]]:
    """Return the test that can be used and a sentence when it is not the one asked for.

    Arguments:
        test: one of `TESTS`. df: residual degrees of freedom, k - p.
        perfect: the residuals are all zero, so the Knapp-Hartung factor is 0.
        equal_effects: the model assumes tau2 = 0, for which the Knapp-Hartung factor has no foundation.
    """
    test = check_test(test)
    if test == "z" or df < 1:
        return "z", ()
    if equal_effects and test in KNAPP_HARTUNG:
        return "z", (
            "The Knapp-Hartung method belongs to random-effects models; the equal-effects model uses the normal test.",
        )
    if df == 1:
        kind = "Knapp-Hartung" if test in KNAPP_HARTUNG else "t"
        return "z", (
            f"With one residual degree of freedom the {kind} interval is unusable (t with 1 df); "
            "the normal test is used and its interval is too narrow when effects truly differ.",
        )
    if perfect and test == "knha":
        return "z", ("The effects do not differ, so the Knapp-Hartung factor is 0; the normal test is used.",)
    return test, ()


def is_perfect(rss: float, w: np.ndarray, yi: np.ndarray) -> bool:
    """Return whether a weighted residual sum of squares is nothing but rounding."""
    return rss <= 1e-27 * float((w * yi).dot(yi))
