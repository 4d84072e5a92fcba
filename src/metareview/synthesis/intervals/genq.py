"""The interval of tau2 from a Q with fixed weights: exact under the model, shorter than the Q-profile one where the
weights suit the heterogeneity (1 / vi where it is low, equal or 1 / sqrt(vi) where it is high).
"""

from __future__ import annotations

from metareview.synthesis import wls
from metareview.synthesis.generalised_q import tau2_where
from metareview.synthesis.intervals.base import Between, Bounds, Interval


def _interval(b: Between) -> Bounds:
    """Return where P(Q > the Q at hand) is (1 - level) / 2 and where it is (1 + level) / 2, with the user's weights, or
    1 / vi.
    """
    f = wls.fit(b.yi, 1.0 / b.vi if b.weights is None else b.weights, b.X)
    low, _ = tau2_where((1.0 - b.level) / 2.0, f, b.vi)
    high, _ = tau2_where((1.0 + b.level) / 2.0, f, b.vi)
    return Bounds(low, high)


INTERVAL = Interval("genq", "generalised Q", "Jackson (2013), Research Synthesis Methods 4, 220-229", _interval)
