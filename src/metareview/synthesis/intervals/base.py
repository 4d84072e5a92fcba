"""What a confidence interval of tau2 is computed from, and returns."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from metareview.synthesis.tau2.base import Tau2
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class Between:
    """An estimate of tau2 and what it was estimated from.

    Attributes:
        yi, vi: shape (k,). X: design, shape (k, p). method: the estimator's id. tau2: the estimate.
        level: of the interval. weights: the user's, shape (k,), or None.
    """

    yi: Floats
    vi: Floats
    X: Floats
    method: str
    tau2: Tau2
    level: float
    weights: Floats | None = None


@dataclass(frozen=True)
class Bounds:
    """An interval of tau2, with sentences that a reader must see; a bound that does not exist is nan."""

    low: float
    high: float
    warnings: tuple[str, ...] = ()


NONE = Bounds(math.nan, math.nan)


@dataclass(frozen=True)
class Interval:
    """One interval: `function(between)`, with k > p."""

    id: str
    title: str
    source: str
    function: Callable[[Between], Bounds]

    def __call__(self, between: Between) -> Bounds:
        """Return the bounds; nan when no degree of freedom is left."""
        return self.function(between) if between.yi.size > between.X.shape[1] else NONE
