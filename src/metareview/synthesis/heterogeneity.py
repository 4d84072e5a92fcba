"""Heterogeneity: Cochran's Q, I2 and H2 from tau2, and the Q-profile interval of tau2."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from metareview.synthesis import wls
from metareview.synthesis.inference import chi2_tail
from metareview.synthesis.qgen import solve_q
from metareview.synthesis.wls import Floats


@dataclass(frozen=True)
class Heterogeneity:
    """Heterogeneity of k effects around a model with p coefficients.

    Attributes:
        Q, Q_df, Q_p: Cochran's Q (residual QE with moderators), k - p, and its upper chi-squared tail.
        I2: percent of total variance that is between studies. H2: total over sampling variance.
        tau2_ci: Q-profile interval; nan without residual degrees of freedom.
        typical_variance: the typical sampling variance, (k - p) / tr(P); nan without residual degrees of
            freedom.
    """

    Q: float
    Q_df: int
    Q_p: float
    I2: float
    H2: float
    tau2_ci: tuple[float, float]
    typical_variance: float


def heterogeneity(
    yi: Floats, vi: Floats, X: Floats, tau2: float, *, level: float = 0.95, equal_effects: bool = False
) -> Heterogeneity:
    """Describe the heterogeneity that is left by the design X.

    I2 = 100 tau2 / (tau2 + s2) and H2 = 1 + tau2 / s2 with s2 the typical sampling variance. For an
    equal-effects model, where tau2 is 0 by assumption, they come from Q instead: I2 = 100 (Q - df) / Q, not
    below 0, and H2 = Q / df.

    Arguments:
        yi, vi: shape (k,). X: shape (k, p). tau2: on the squared scale of yi. level: of the Q-profile
            interval.

    Source: Higgins & Thompson (2002), Statistics in Medicine 21, 1539-1558.
    """
    f = wls.fit(yi, 1.0 / vi, X)
    df = yi.size - X.shape[1]
    if df < 1:
        return Heterogeneity(0.0, 0, 1.0, 0.0, 1.0, (math.nan, math.nan), math.nan)
    q, typical = f.rss, df / f.trace_p
    if equal_effects:
        i2, h2 = (100.0 * max(0.0, (q - df) / q) if q > 0 else 0.0), q / df
    else:
        i2, h2 = 100.0 * tau2 / (tau2 + typical), 1.0 + tau2 / typical
    return Heterogeneity(q, df, chi2_tail(q, df), i2, h2, q_profile(yi, vi, X, level=level), typical)


def q_profile(yi: Floats, vi: Floats, X: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """Return the Q-profile interval of tau2: the values at which Q takes its upper and lower chi-squared
    quantiles.

    A bound is 0 when Q(0) is already below its quantile; both are 0 when the effects differ less than chance
    allows.

    Arguments:
        yi, vi: shape (k,). X: shape (k, p), k > p.

    Source: Viechtbauer (2007), Statistics in Medicine 26, 37-52.
    """
    df, half = yi.size - X.shape[1], (1.0 - level) / 2.0
    low, _ = solve_q(float(special.chdtri(df, half)), yi, vi, X)
    high, _ = solve_q(float(special.chdtri(df, 1.0 - half)), yi, vi, X)
    return low, high
