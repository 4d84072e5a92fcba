"""Heterogeneity: Cochran's Q, and I2 and H2 from tau2 with their intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from metareview.synthesis import wls
from metareview.synthesis.inference import chi2_tail
from metareview.synthesis.intervals.qp import q_profile
from metareview.synthesis.wls import Floats


@dataclass(frozen=True)
class Heterogeneity:
    """Heterogeneity of k effects around a model with p coefficients.

    Attributes:
        Q, Q_df, Q_p: Cochran's Q (residual QE with moderators), k - p, and its upper chi-squared tail.
        I2: percent of total variance that is between studies. H2: total over sampling variance.
        tau2_ci: interval of tau2; nan without residual degrees of freedom.
        I2_ci, H2_ci: the same carried over to I2 and H2. I2_Q, H2_Q: those from Q alone, 100 (Q - df) / Q (not below 0)
            and Q / df.
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
    I2_ci: tuple[float, float]
    H2_ci: tuple[float, float]
    I2_Q: float
    H2_Q: float


NONE = (math.nan, math.nan)


def heterogeneity(
    yi: Floats,
    vi: Floats,
    X: Floats,
    tau2: float,
    *,
    level: float = 0.95,
    equal_effects: bool = False,
    tau2_ci: tuple[float, float] | None = None,
) -> Heterogeneity:
    """Describe the heterogeneity that is left by the design X.

    I2 = 100 tau2 / (tau2 + s2) and H2 = 1 + tau2 / s2 with s2 the typical sampling variance. For an
    equal-effects model, where tau2 is 0 by assumption, they come from Q instead: I2 = 100 (Q - df) / Q, not
    below 0, and H2 = Q / df.

    Arguments:
        yi, vi: shape (k,). X: shape (k, p). tau2: on the squared scale of yi. level: of the
            intervals. tau2_ci: an interval of tau2; the Q-profile one when None.

    Source: Higgins & Thompson (2002), Statistics in Medicine 21, 1539-1558.
    """
    f = wls.fit(yi, np.reciprocal(vi), X)
    df = yi.size - X.shape[1]
    if df < 1:
        return Heterogeneity(0.0, 0, 1.0, 0.0, 1.0, NONE, math.nan, NONE, NONE, math.nan, math.nan)
    q, typical = f.rss, df / f.trace_p
    ci = q_profile(yi, vi, X, level=level, start=tau2) if tau2_ci is None else tau2_ci
    by_q = 100.0 * max(0.0, (q - df) / q) if q > 0 else 0.0, q / df
    i2, h2 = by_q if equal_effects else (_i2(tau2, typical), 1.0 + tau2 / typical)
    return Heterogeneity(
        Q=q,
        Q_df=df,
        Q_p=chi2_tail(q, df),
        I2=i2,
        H2=h2,
        tau2_ci=ci,
        typical_variance=typical,
        I2_ci=(_i2(ci[0], typical), _i2(ci[1], typical)),
        H2_ci=(1.0 + ci[0] / typical, 1.0 + ci[1] / typical),
        I2_Q=by_q[0],
        H2_Q=by_q[1],
    )


def _i2(tau2: float, typical: float) -> float:
    return 100.0 if math.isinf(tau2) else 100.0 * tau2 / (tau2 + typical)
