"""Viechtbauer (2007), Statistics in Medicine 26, 37-52: intervals of tau2 in nine trials of diuretics, Table II, page 44."""

from __future__ import annotations

import pytest
from synthesis_cases import load

from metareview.synthesis.pooling import pool

CASE = load("univariate_collins1985b")


@pytest.mark.parametrize(("method", "tau2"), [("DL", 0.230), ("ML", 0.239), ("REML", 0.301), ("SJ", 0.456)])
def test_estimates(method: str, tau2: float) -> None:
    assert pool(CASE["yi"], CASE["vi"], tau2=method).tau2 == pytest.approx(tau2, abs=6e-4)


@pytest.mark.parametrize(
    ("method", "interval", "low", "high"),
    [("DL", "qp", 0.072, 2.203), ("ML", "pl", 0.027, 1.131), ("REML", "pl", 0.043, 1.475)],
)
def test_intervals(method: str, interval: str, low: float, high: float) -> None:
    r = pool(CASE["yi"], CASE["vi"], tau2=method, tau2_ci=interval)
    assert r.tau2_ci == pytest.approx((low, high), abs=6e-4)


def test_standard_errors_of_the_wald_intervals() -> None:
    for method, low, high in (("ML", -0.101, 0.578), ("REML", -0.131, 0.732)):
        r = pool(CASE["yi"], CASE["vi"], tau2=method)
        assert (r.tau2 - 1.96 * r.tau2_se, r.tau2 + 1.96 * r.tau2_se) == pytest.approx((low, high), abs=6e-4)
