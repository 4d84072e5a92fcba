"""Properties that hold for any effects: order, sign, scale, shift, duplicates, large k."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.synthesis import wls
from metareview.synthesis.intervals.qp import q_profile
from metareview.synthesis.pooling import pool
from metareview.synthesis.qgen import q_statistic
from metareview.synthesis.regression import regress
from metareview.synthesis.tau2 import estimators

METHODS = sorted(estimators())
FINITE = st.floats(-5, 5).map(lambda x: round(x, 3))
VARIANCE = st.floats(-4, 4).map(lambda e: float(10.0**e))
EFFECTS = st.lists(st.tuples(FINITE, VARIANCE), min_size=3, max_size=12)
CASES = settings(max_examples=25, deadline=None, derandomize=True)


def arrays(effects: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    yi, vi = np.array(effects, dtype=float).T
    return yi, vi


def same(a: float, b: float, scale: float, tolerance: float = 1e-8) -> bool:
    return abs(a - b) <= tolerance * max(abs(a), abs(b), scale)


@CASES
@given(effects=EFFECTS, method=st.sampled_from(METHODS), seed=st.integers(0, 999))
def test_order_is_irrelevant(effects: list[tuple[float, float]], method: str, seed: int) -> None:
    yi, vi = arrays(effects)
    order = np.random.default_rng(seed).permutation(yi.size)
    a, b = pool(yi, vi, tau2=method), pool(yi[order], vi[order], tau2=method)
    assert same(a.estimate, b.estimate, a.wald_se, 1e-10) and same(a.se, b.se, a.wald_se, 1e-10)
    assert same(a.tau2, b.tau2, float(vi.min()), 1e-10)
    np.testing.assert_allclose(a.weights[order], b.weights, rtol=1e-9)


def test_order_is_irrelevant_to_twelve_digits_for_ordinary_effects() -> None:
    rng = np.random.default_rng(8)
    vi = rng.lognormal(-2, 1, 40)
    yi = rng.normal(0.3, np.sqrt(vi + 0.1))
    order = rng.permutation(40)
    for method in METHODS:
        a, b = pool(yi, vi, tau2=method), pool(yi[order], vi[order], tau2=method)
        assert a.estimate == pytest.approx(b.estimate, rel=1e-12)
        assert a.tau2 == pytest.approx(b.tau2, rel=1e-12)


@CASES
@given(effects=EFFECTS, method=st.sampled_from(METHODS))
def test_sign_flip_mirrors(effects: list[tuple[float, float]], method: str) -> None:
    yi, vi = arrays(effects)
    a, b = pool(yi, vi, tau2=method), pool(-yi, vi, tau2=method)
    assert same(a.estimate, -b.estimate, a.wald_se) and same(a.ci_low, -b.ci_high, a.wald_se)
    assert same(a.tau2, b.tau2, float(vi.min())) and same(a.p, b.p, 1e-6)


@CASES
@given(effects=EFFECTS, method=st.sampled_from(METHODS), c=st.sampled_from([1e-3, 0.1, 7.0, 1e4]))
def test_scale_carries_through(effects: list[tuple[float, float]], method: str, c: float) -> None:
    yi, vi = arrays(effects)
    a, b = pool(yi, vi, tau2=method), pool(c * yi, c * c * vi, tau2=method)
    assert same(c * a.estimate, b.estimate, b.wald_se) and same(c * a.se, b.se, b.wald_se)
    assert same(c * c * a.tau2, b.tau2, c * c * float(vi.min()), 1e-7)
    assert same(a.I2, b.I2, 1e-3, 1e-6) and same(a.Q, b.Q, 1e-6)
    assert same(c * c * a.tau2_ci[1], b.tau2_ci[1], c * c * float(vi.min()), 1e-7)


@CASES
@given(effects=EFFECTS, method=st.sampled_from(METHODS), shift=st.sampled_from([-20.0, 0.5, 3.0]))
def test_shift_moves_the_mean_only(effects: list[tuple[float, float]], method: str, shift: float) -> None:
    yi, vi = arrays(effects)
    a, b = pool(yi, vi, tau2=method), pool(yi + shift, vi, tau2=method)
    assert same(a.estimate + shift, b.estimate, 1.0) and same(a.wald_se, b.wald_se, a.wald_se, 1e-6)
    assert same(a.tau2, b.tau2, float(vi.min()), 1e-6)


@CASES
@given(effects=EFFECTS)
def test_duplicates_equal_half_the_variance(effects: list[tuple[float, float]]) -> None:
    yi, vi = arrays(effects)
    twice = pool(np.repeat(yi, 2), np.repeat(vi, 2), tau2="FE", test="z")
    half = pool(yi, vi / 2, tau2="FE", test="z")
    assert same(twice.estimate, half.estimate, half.se) and same(twice.se, half.se, half.se)


@CASES
@given(effects=EFFECTS, method=st.sampled_from(METHODS))
def test_results_are_sane(effects: list[tuple[float, float]], method: str) -> None:
    yi, vi = arrays(effects)
    r = pool(yi, vi, tau2=method)
    assert r.converged and r.tau2 >= 0 and 0 <= r.I2 <= 100 and r.Q >= 0
    assert min(yi) - 1e-9 <= r.estimate <= max(yi) + 1e-9
    assert r.weights.sum() == pytest.approx(100) and 0 <= r.p <= 1
    assert 0 <= r.tau2_ci[0] <= r.tau2_ci[1]
    if method != "FE":
        assert r.pi_low <= r.ci_low and r.pi_high >= r.ci_high


@CASES
@given(effects=EFFECTS)
def test_q_profile_bounds_solve_their_equations(effects: list[tuple[float, float]]) -> None:
    from scipy.stats import chi2

    yi, vi = arrays(effects)
    X, df = wls.ones(yi.size), yi.size - 1
    for bound, quantile in zip(q_profile(yi, vi, X), chi2.ppf([0.975, 0.025], df), strict=True):
        q = q_statistic(bound, yi, vi, X)
        assert q <= quantile * (1 + 1e-9) if bound == 0 else q == pytest.approx(quantile, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_hundred_thousand_effects(method: str) -> None:
    rng = np.random.default_rng(1)
    k = (
        4000 if method == "GENQM" else 100_000
    )  # its exact distribution is linear in k too, yet takes half a minute there
    vi = rng.lognormal(-2, 1, k)
    yi = rng.normal(0.3, np.sqrt(vi + 0.05))
    start = time.perf_counter()
    r = pool(yi, vi, tau2=method, test="z")
    assert time.perf_counter() - start < 20
    assert r.estimate == pytest.approx(0.3, abs=0.01)
    if method == "SJ":  # known to overestimate when sampling variances are large beside tau2
        assert 0.05 < r.tau2 < 0.3
    else:
        assert r.tau2 == pytest.approx(0.0 if method == "FE" else 0.05, abs=0.01)


def test_regression_recovers_what_made_the_data() -> None:
    rng = np.random.default_rng(2)
    k = 20_000
    vi, x = rng.lognormal(-2, 1, k), rng.normal(2000, 8, k)
    yi = rng.normal(0.3 + 0.05 * (x - 2000), np.sqrt(vi + 0.05))
    for method in METHODS:
        n = 2000 if method == "GENQM" else k
        r = regress("yi ~ x", {"yi": yi[:n], "vi": vi[:n], "x": x[:n]}, tau2=method, test="z")
        assert r.estimate[1] == pytest.approx(0.05, abs=0.002 if n == k else 0.004)
