"""Normand (1999), Statistics in Medicine 18, 321-359: lidocaine (Tables III and VII) and stroke care (Tables VIII and IX)."""

from __future__ import annotations

import numpy as np
import pytest

from metareview.synthesis.pooling import pool

# dat.hine1989 and dat.normand1999 of metadat
N1, N2 = np.array([39, 44, 107, 103, 110, 154.0]), np.array([43, 44, 110, 100, 106, 146.0])
P1, P2 = np.array([2, 4, 6, 7, 7, 11]) / N1, np.array([1, 4, 4, 5, 3, 4]) / N2
DEATHS = 100 * (P1 - P2), 100**2 * (P1 * (1 - P1) / N1 + P2 * (1 - P2) / N2)
STROKE = np.array(
    [
        [155, 55, 47, 156, 75, 64],
        [31, 27, 7, 32, 29, 4],
        [75, 64, 17, 71, 119, 29],
        [18, 66, 20, 18, 137, 48],
        [8, 14, 8, 13, 18, 11],
        [57, 19, 7, 52, 18, 4],
        [34, 52, 45, 33, 41, 34],
        [110, 21, 16, 183, 31, 27],
        [60, 30, 27, 52, 23, 20.0],
    ]
).T


def days() -> tuple[np.ndarray, np.ndarray]:
    n1, m1, s1, n2, m2, s2 = STROKE
    pooled = ((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2)
    return m1 - m2, pooled * (1 / n1 + 1 / n2)


def test_effects() -> None:
    np.testing.assert_allclose(DEATHS[0], [2.8026, 0.0, 1.9711, 1.7961, 3.5334, 4.4031], atol=6e-5)
    np.testing.assert_allclose(DEATHS[1], [17.7575, 37.5657, 8.1323, 10.8998, 8.0114, 6.1320], atol=6e-5)
    np.testing.assert_allclose(days()[1], [40.59, 2.05, 15.28, 150.22, 20.19, 1.22, 95.38, 8.03, 20.69], atol=6e-3)


@pytest.mark.parametrize("method", ["FE", "REML", "DL"])
def test_lidocaine(method: str) -> None:
    r = pool(*DEATHS, tau2=method, test="z")
    assert r.estimate == pytest.approx(2.94, abs=6e-3) and r.tau2 == 0.0
    assert (r.ci_low, r.ci_high) == pytest.approx((0.4, 5.5), abs=6e-2)


@pytest.mark.parametrize(
    ("method", "estimate", "low", "high", "tau2"),
    [
        ("FE", -3.49, -5.03, -1.96, 0.0),
        ("DL", -14.10, -24.45, -3.75, 218.72),
        ("REML", -15.12, -32.67, 2.43, 685.20),
    ],
)
def test_stroke_care(method: str, estimate: float, low: float, high: float, tau2: float) -> None:
    r = pool(*days(), tau2=method, test="z")
    assert (r.estimate, r.ci_low, r.ci_high, r.tau2) == pytest.approx((estimate, low, high, tau2), abs=6e-3)
