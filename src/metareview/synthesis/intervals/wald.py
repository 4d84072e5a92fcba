"""The Wald interval of tau2 on the log scale: poor, and offered to reproduce what others reported."""

from __future__ import annotations

import math

from metareview.synthesis.inference import critical
from metareview.synthesis.intervals.base import Between, Bounds, Interval

POOR = "The Wald interval of tau2 is poor in anything but very many studies: prefer the Q-profile interval."


def _interval(b: Between) -> Bounds:
    """Return tau2 exp(+/- z se / tau2): it covers far less than its level in few studies, and does not exist at 0."""
    value, se = b.tau2.value, b.tau2.se
    if math.isnan(se):
        return Bounds(
            math.nan, math.nan, (POOR, f"The {b.method} estimate of tau2 has no standard error, so it has none.")
        )
    if value == 0.0:
        return Bounds(math.nan, math.nan, (POOR, "It does not exist here, where tau2 is 0."))
    half = critical(b.level, math.inf) * se / value
    high = value * math.exp(half) if half < 700.0 else math.inf
    return Bounds(value * math.exp(-half), high, (POOR,))


INTERVAL = Interval(
    "wald",
    "Wald on the log scale",
    "Jackson, Turner, Rhodes & Viechtbauer (2014), BMC Medical Research Methodology 14, 103; its poor coverage: "
    "Viechtbauer (2007), Statistics in Medicine 26, 37-52",
    _interval,
)
