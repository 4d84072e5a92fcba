"""H and I2 from Cochran's Q alone, with the test-based interval: for analyses of which no more was printed."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from metareview.errors import MetareviewError
from metareview.synthesis.inference import chi2_tail, critical
from metareview.synthesis.inputs import check_level


@dataclass(frozen=True)
class QBased:
    """Heterogeneity from Q alone.

    Attributes:
        Q, df, Q_p: Cochran's Q, its degrees of freedom and its upper chi-squared tail.
        H, H_ci: sqrt(Q / df), not below 1, and its interval. I2, I2_ci: 100 (1 - 1 / H^2), and so for the bounds.
        level: of the intervals. warnings: sentences that a reader must see.
    """

    Q: float
    df: int
    Q_p: float
    H: float
    H_ci: tuple[float, float]
    I2: float
    I2_ci: tuple[float, float]
    level: float
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return asdict(self)

    def to_frame(self) -> Any:
        """Return one row, a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame([self.to_dict()])

    def __repr__(self) -> str:
        low, high = self.I2_ci
        return f"QBased(Q({self.df}) {self.Q:.2f}: H {self.H:.2f}, I2 {self.I2:.1f}% [{low:.1f}, {high:.1f}])"

    def _repr_html_(self) -> str:
        return str(self.to_frame().T.rename(columns={0: "value"}).to_html())


def q_based(Q: float, df: int, *, level: float = 0.95) -> QBased:
    """Return H and I2 with their test-based intervals, exp(ln H +/- z se(ln H)), not below 1.

    Where the data are at hand, `pool` gives I2 from tau2 with an exact interval; prefer that.

    Arguments:
        Q: Cochran's, >= 0. df: of Q, k - 1 (k - p with moderators). level: of the intervals.

    Raises:
        MetareviewError: Q is no number >= 0, or df no whole number >= 1.

    Source: Higgins & Thompson (2002), Statistics in Medicine 21, 1539-1558.
    """
    if not (math.isfinite(Q) and Q >= 0.0):
        raise MetareviewError(f"Q is {Q:g}.", "It is a finite number, 0 or above.")
    if df != int(df) or df < 1:
        raise MetareviewError(f"Q has {df:g} degrees of freedom.", "It has the number of effects less one: 1 or more.")
    level = check_level(level)
    h = max(1.0, math.sqrt(Q / df))
    half = critical(level, math.inf) * _log_h_se(Q, int(df))
    ci = (max(1.0, h * math.exp(-half)), h * math.exp(half)) if math.isfinite(half) else (math.nan, math.nan)
    warnings = () if math.isfinite(half) else ("Two effects whose Q is not above 2 have no test-based interval.",)
    return QBased(
        float(Q), int(df), chi2_tail(Q, df), h, ci, _i2(h), (_i2(ci[0]), _i2(ci[1])), level=level, warnings=warnings
    )


def _log_h_se(Q: float, df: int) -> float:
    if df + 1 < Q:
        return 0.5 * (math.log(Q) - math.log(df)) / (math.sqrt(2.0 * Q) - math.sqrt(2.0 * df - 1.0))
    return math.sqrt((1.0 - 1.0 / (3.0 * (df - 1) ** 2)) / (2.0 * (df - 1))) if df > 1 else math.nan


def _i2(h: float) -> float:
    return 100.0 * (1.0 - 1.0 / h**2)
