"""Viechtbauer (2005), J. Educational and Behavioral Statistics 30, 261-293: both examples, pages 271 and 272."""

from __future__ import annotations

import pytest
from synthesis_cases import numbers

from metareview.synthesis.pooling import pool

FIRST = (
    [-0.581, 0.530, 0.771, 1.031, 0.553, 0.295, 0.078, 0.573, -0.176, -0.232],
    [0.023, 0.052, 0.060, 0.115, 0.095, 0.203, 0.200, 0.211, 0.051, 0.040],
)
SECOND = (
    numbers(
        "0.100 -0.162 -0.090 -0.049 -0.046 -0.010 -0.431 -0.261 0.134 0.019 0.175 0.056 0.045 0.103 0.121 -0.482 "
        "0.290 0.342"
    ),
    numbers(
        "0.016 0.015 0.050 0.050 0.032 0.052 0.036 0.024 0.034 0.033 0.031 0.034 0.039 0.167 0.134 0.096 0.016 0.035"
    ),
)
PRINTED = [
    (FIRST, "HS", 0.228, 77.23, 4.39),
    (FIRST, "HE", 0.148, 68.80, 3.21),
    (FIRST, "DL", 0.277, 80.44, 5.11),
    (FIRST, "ML", 0.197, 74.51, 3.92),
    (FIRST, "REML", 0.223, 76.84, 4.32),
    (FIRST, "EB", 0.192, 74.05, 3.85),
    (FIRST, "SJ", 0.199, 74.75, 3.96),
    (SECOND, "HS", 0.010, 22.93, 1.30),
    (SECOND, "HE", 0.000, 0.00, 1.00),
    (SECOND, "DL", 0.013, 27.53, 1.38),
    (SECOND, "ML", 0.013, 28.45, 1.40),
    (SECOND, "REML", 0.016, 32.02, 1.47),
    (SECOND, "EB", 0.010, 23.72, 1.31),
    (SECOND, "SJ", 0.025, 42.67, 1.74),
]


@pytest.mark.parametrize(("effects", "method", "tau2", "I2", "H2"), PRINTED)
def test_estimates(effects: tuple[list[float], list[float]], method: str, tau2: float, I2: float, H2: float) -> None:
    r = pool(*effects, tau2=method)
    assert r.tau2 == pytest.approx(tau2, abs=6e-4) and pytest.approx(I2, abs=6e-3) == r.I2
    assert pytest.approx(H2, abs=6e-3) == r.H2
