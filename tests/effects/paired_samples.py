"""Statistics of simulated samples of people measured twice, without drawing the people."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def paired(
    rng: np.random.Generator, times: int, n: int, means: tuple[float, float], sds: tuple[float, float], r: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Mean before and after, SD before and after, and their correlation in `times` normal samples of n people.

    The means are bivariate normal and the covariances, independent of them, Wishart (drawn by Bartlett's decomposition).
    """
    s1, s2 = sds
    upper, lower = s2 * r, s2 * np.sqrt(1 - r**2)
    z = rng.standard_normal((3, times))
    pre, post = means[0] + s1 * z[0] / np.sqrt(n), means[1] + (upper * z[0] + lower * z[1]) / np.sqrt(n)
    a, b = np.sqrt(rng.chisquare(n - 1, times)), np.sqrt(rng.chisquare(n - 2, times))
    along, across = upper * a + lower * z[2], lower * b
    spread = np.hypot(along, across)
    return pre, post, s1 * a / np.sqrt(n - 1), spread / np.sqrt(n - 1), along / spread
