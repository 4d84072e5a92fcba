"""The equal-effects model: tau2 is 0 by assumption."""

from __future__ import annotations

import math

from metareview.synthesis.tau2.base import Estimator, Tau2
from metareview.synthesis.wls import Floats


def equal_effects(yi: Floats, vi: Floats, X: Floats) -> Tau2:
    """Return 0."""
    return Tau2(0.0, math.nan, converged=True, iterations=0)


ESTIMATOR = Estimator(
    id="FE",
    title="equal effects (tau2 = 0)",
    source="Hedges & Vevea (1998), Psychological Methods 3, 486-504",
    function=equal_effects,
    aliases=("EE", "CE"),
)
