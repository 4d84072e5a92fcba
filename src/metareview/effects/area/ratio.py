"""Fieller's interval of a ratio of two estimates, which may be unbounded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import stats


@dataclass(frozen=True)
class RatioInterval:
    """What values a ratio may have.

    Attributes:
        kind: "bounded": low to high; "outside": below low or above high, as the denominator may be 0; "everything":
            no value is excluded (low and high are infinite).
        low, high: the limits.
    """

    kind: Literal["bounded", "outside", "everything"]
    low: float
    high: float

    @property
    def text(self) -> str:
        """The interval in words."""
        if self.kind == "everything":
            return "any value"
        joined = " to " if self.kind == "bounded" else " or less, or "
        return f"{self.low:.3g}{joined}{self.high:.3g}" + ("" if self.kind == "bounded" else " or more")


def fieller(
    top: float, bottom: float, var_top: float, var_bottom: float, covariance: float = 0.0, level: float = 0.95
) -> RatioInterval:
    """All values r for which top - r * bottom is within chance of 0.

    Arguments: two estimates, their variances and covariance; level of the interval.

    Source: Fieller (1954), Some problems in interval estimation, Journal of the Royal Statistical Society B 16.
    """
    z2 = float(stats.norm.isf((1 - level) / 2)) ** 2
    square = bottom**2 - z2 * var_bottom
    half = top * bottom - z2 * covariance
    inside = half**2 - square * (top**2 - z2 * var_top)
    if square == 0 or (square < 0 and inside <= 0):
        return RatioInterval("everything", -math.inf, math.inf)
    ends = sorted(((half - math.sqrt(max(inside, 0.0))) / square, (half + math.sqrt(max(inside, 0.0))) / square))
    return RatioInterval("bounded" if square > 0 else "outside", ends[0], ends[1])
