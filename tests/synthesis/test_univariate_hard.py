"""Hard data and properties of the newer univariate choices: tests, weights, intervals, predictions, fallbacks."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesis_cases import BCG
from test_synthesis_properties import EFFECTS, METHODS, arrays, same

from metareview.errors import MetareviewError
from metareview.synthesis import tau2 as tau2_module
from metareview.synthesis import wls
from metareview.synthesis.blup import blup
from metareview.synthesis.fit_statistics import fit_statistics
from metareview.synthesis.pooling import pool
from metareview.synthesis.qgen import q_statistic, solve_q
from metareview.synthesis.regression import regress
from metareview.synthesis.tau2 import estimators
from metareview.synthesis.tau2.base import Tau2

YI, VI = np.array(BCG["yi"]), np.array(BCG["vi"])
CASES = settings(max_examples=25, deadline=None, derandomize=True)
WILD = np.array([1.0, 2.0, 3.0, 4.0, 50.0]), np.array([1e-4, 1e-2, 1.0, 1e2, 1e4])


@pytest.mark.parametrize("interval", ["qp", "genq", "pl", "wald"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_few_effects(interval: str, k: int) -> None:
    r = pool([0.1, 0.9, 2.0][:k], [0.04, 0.02, 0.03][:k], tau2_ci=interval)
    assert np.isnan(r.tau2_ci).all() if k == 1 else r.tau2_ci[0] <= r.tau2 <= r.tau2_ci[1]
    assert blup(r).estimate.size == k and math.isfinite(fit_statistics(r, likelihood="ML").AICc)
    if k == 1:
        with pytest.raises(MetareviewError, match="restricted"):
            fit_statistics(r)


@pytest.mark.parametrize("test", ["knha", "adhoc", "t"])
def test_two_effects_fall_back_with_a_warning(test: str) -> None:
    r = pool([0.1, 0.9], [0.04, 0.02], test=test)
    assert r.test == "z" and ("Knapp-Hartung" in r.warnings[0]) == (test != "t")


def test_names_of_tests() -> None:
    assert pool(YI, VI, test="floored").test == "adhoc" and pool(YI, VI, test="hksj").test == "knha"
    t, z = pool(YI, VI, test="t"), pool(YI, VI, test="z")
    assert t.se == z.se and t.df == 12 and t.ci_high > z.ci_high and pool(YI, VI, tau2="FE", test="t").test == "t"


@pytest.mark.parametrize("method", METHODS)
def test_eight_orders_of_magnitude(method: str) -> None:
    for interval in ("qp", "genq"):
        r = pool(*WILD, tau2=method, tau2_ci=interval)
        assert r.converged and np.isfinite(r.tau2_ci).all() and r.tau2_ci[0] <= r.tau2_ci[1]
    assert np.isfinite(blup(r).se).all() and math.isfinite(fit_statistics(r).log_likelihood)


@CASES
@given(effects=EFFECTS, method=st.sampled_from(METHODS), c=st.sampled_from([1e-3, 7.0]), seed=st.integers(0, 99))
def test_scale_order_and_shift(effects: list[tuple[float, float]], method: str, c: float, seed: int) -> None:
    yi, vi = arrays(effects)
    order = np.random.default_rng(seed).permutation(yi.size)
    a = pool(yi, vi, tau2=method, tau2_ci="genq")
    b = pool(c * yi[order] + c, c * c * vi[order], tau2=method, tau2_ci="genq")
    small = c * c * float(vi.min())
    assert same(c * a.estimate + c, b.estimate, c, 1e-6) and same(c * c * a.tau2, b.tau2, small, 1e-6)
    assert same(c * c * a.tau2_ci[0], b.tau2_ci[0], small, 1e-6)
    assert same(c * c * a.tau2_ci[1], b.tau2_ci[1], small, 1e-6)
    np.testing.assert_allclose(c * blup(a).estimate[order] + c, blup(b).estimate, rtol=1e-5, atol=1e-5 * c)
    jacobian = yi.size * math.log(c)
    one, other = fit_statistics(a, likelihood="ML"), fit_statistics(b, likelihood="ML")
    assert same(one.log_likelihood - jacobian, other.log_likelihood, 1.0, 1e-6)


@CASES
@given(effects=EFFECTS, c=st.sampled_from([1e-6, 3.0, 1e9]), method=st.sampled_from(["REML", "GENQ", "GENQM"]))
def test_the_scale_of_weights_is_irrelevant(effects: list[tuple[float, float]], c: float, method: str) -> None:
    yi, vi = arrays(effects)
    w = np.linspace(1.0, 2.0, yi.size)
    a, b = pool(yi, vi, weights=w, tau2=method), pool(yi, vi, weights=c * w, tau2=method)
    assert same(a.estimate, b.estimate, a.wald_se) and same(a.se, b.se, a.se) and same(a.tau2, b.tau2, float(vi.min()))
    assert min(yi) - 1e-9 <= a.estimate <= max(yi) + 1e-9 and a.wald_se >= pool(yi, vi, tau2=a.tau2).wald_se * (
        1 - 1e-9
    )


def test_weights_of_inverse_variances_change_nothing() -> None:
    plain = pool(YI, VI, tau2="DL")
    given_ = pool(YI, VI, tau2="DL", weights=1.0 / (VI + plain.tau2))
    assert (given_.estimate, given_.se, given_.pi_low) == pytest.approx((plain.estimate, plain.se, plain.pi_low))
    assert pool(YI, VI, weights="equal", crosscheck=True).crosscheck == {}


@pytest.mark.parametrize(
    ("weights", "text"),
    [([1.0], "1 weights"), ([0.0] * 13, "positive"), ([math.nan] * 13, "positive"), ("heavy", "no weights 'heavy'")],
)
def test_mistakes_in_weights(weights: Any, text: str) -> None:
    with pytest.raises(MetareviewError, match=text):
        pool(YI, VI, weights=weights)


def test_what_weights_cannot_have() -> None:
    for act in (lambda: blup(pool(YI, VI, weights="equal")), lambda: pool(YI, VI, weights="equal", engine="pymare")):
        with pytest.raises(MetareviewError, match="weights"):
            act()
    with pytest.raises(MetareviewError, match="t test"):
        pool(YI, VI, test="t", engine="pymare")
    with pytest.raises(MetareviewError, match="no likelihood"):
        fit_statistics(pool(YI, VI), likelihood="PQL")


@CASES
@given(effects=EFFECTS, target=st.floats(0.01, 50), start=st.sampled_from([0.0, 1e-6, 1.0, 1e8]))
def test_newton_finds_the_root_of_q_from_anywhere(
    effects: list[tuple[float, float]], target: float, start: float
) -> None:
    yi, vi = arrays(effects)
    X = wls.ones(yi.size)
    root, _ = solve_q(target, yi, vi, X, start=start)
    q = q_statistic(root, yi, vi, X)
    assert q <= target * (1 + 1e-9) if root == 0.0 else q == pytest.approx(target, rel=1e-9)


@CASES
@given(effects=EFFECTS)
def test_blups_lie_between_the_effect_and_the_mean(effects: list[tuple[float, float]]) -> None:
    yi, vi = arrays(effects)
    r = pool(yi, vi, test="z")
    b = blup(r)
    low, high = np.minimum(yi, r.estimate), np.maximum(yi, r.estimate)
    assert np.all(b.estimate >= low - 1e-9) and np.all(b.estimate <= high + 1e-9)
    assert np.all(b.se**2 <= vi + r.se**2 + 1e-9) and np.all((b.weight >= 0) & (b.weight <= 1))
    np.testing.assert_allclose(b.deviation + r.estimate, b.estimate, atol=1e-9)


def test_results_are_plain() -> None:
    r = pool(YI, VI, labels=[f"t{i}" for i in range(13)])
    b, s = blup(r, level=0.9), fit_statistics(r)
    assert b.to_frame().loc[12, "label"] == "t12" and len(b.to_dict()["deviation"]) == 13 and b.level == 0.9
    assert "k=13" in repr(b) and "<table" in b._repr_html_() and "REML" in repr(s) and "<table" in s._repr_html_()
    assert s.to_frame().loc[0, "parameters"] == 2 and s.to_dict()["n"] == 12
    assert r.to_frame().loc[0, "I2_ci_low"] == r.I2_ci[0] and r.to_dict()["H2_ci"] == list(r.H2_ci)
    assert math.isnan(fit_statistics(pool(YI, VI, tau2=0.1)).gradient)


def test_an_estimator_that_fails_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    table = dict(estimators())
    table["REML"] = replace(table["REML"], function=lambda yi, vi, X: Tau2(9.0, 1.0, converged=False, iterations=200))
    monkeypatch.setattr(tau2_module, "estimators", lambda: table)
    r = pool(YI, VI)
    assert r.method == "PM" and r.converged and "no convergence in 200 steps" in r.warnings[0]
    assert regress("yi ~ 1", {"yi": YI, "vi": VI}).warnings[0] == r.warnings[0]
    for name in ("PM", "DL"):
        table[name] = replace(table[name], function=table["REML"].function)
    r = pool(YI, VI)
    assert r.method == "REML" and not r.converged and "did not converge" in r.warnings[-1]


def test_an_estimator_without_an_answer_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    table = dict(estimators())
    for name in ("REML", "PM", "DL"):
        table[name] = replace(table[name], function=lambda yi, vi, X: Tau2(math.inf, 1.0, converged=True, iterations=1))
    monkeypatch.setattr(tau2_module, "estimators", lambda: table)
    with pytest.raises(MetareviewError, match="cannot be estimated by REML"):
        pool(YI, VI)
