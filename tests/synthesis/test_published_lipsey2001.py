"""Lipsey & Wilson (2001), Practical Meta-Analysis: Exhibits 7.3 (page 133), 7.6 and 7.7 (page 141)."""

from __future__ import annotations

import pytest

from metareview.synthesis.pooling import pool
from metareview.synthesis.regression import regress

DATA = {
    "yi": [-0.33, 0.32, 0.39, 0.31, 0.17, 0.64, -0.33, 0.15, -0.02, 0.00],
    "vi": [0.084, 0.035, 0.017, 0.034, 0.072, 0.117, 0.102, 0.093, 0.012, 0.067],
    "random": [0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
    "intensity": [7, 3, 7, 5, 7, 7, 4, 4, 5, 6],
}


@pytest.mark.parametrize(
    ("method", "row"),
    [
        ("FE", (0.1549, 0.0609, 2.5450, 0.0109, 0.0356, 0.2742)),
        ("DL", (0.1534, 0.0858, 1.7893, 0.0736, -0.0146, 0.3215)),
    ],
)
def test_exhibit_7_3(method: str, row: tuple[float, ...]) -> None:
    r = pool(DATA["yi"], DATA["vi"], tau2=method, test="z")
    assert (r.estimate, r.se, r.statistic, r.p, r.ci_low, r.ci_high) == pytest.approx(row, abs=6e-5)
    assert (r.Q, r.Q_p) == pytest.approx((14.7640, 0.0976), abs=6e-5)
    assert r.tau2 == pytest.approx(0.025955 if method == "DL" else 0.0, abs=6e-7)


@pytest.mark.parametrize(
    ("method", "estimate", "se", "QM", "p", "tau2"),
    [
        ("FE", [0.3223, -0.3298, -0.0041], [0.2998, 0.1304, 0.0493], 7.0807, 0.0290, 0.0),
        ("DL", [0.3311, -0.3269, -0.0068], [0.3198, 0.1439, 0.0528], 5.5711, 0.0617, 0.00488),
    ],
)
def test_exhibits_7_6_and_7_7(
    method: str, estimate: list[float], se: list[float], QM: float, p: float, tau2: float
) -> None:
    r = regress("yi ~ random + intensity", DATA, tau2=method, test="z")
    assert r.estimate == pytest.approx(estimate, abs=6e-5) and r.se == pytest.approx(se, abs=6e-5)
    assert (r.QM, r.QM_p) == pytest.approx((QM, p), abs=6e-5) and r.tau2 == pytest.approx(tau2, abs=6e-6)
