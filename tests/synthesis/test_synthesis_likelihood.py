"""The likelihood estimators find the global optimum, to machine precision."""

from __future__ import annotations

from fractions import Fraction as F

import mpmath
import numpy as np
import pytest
from synthesis_cases import load

from metareview.synthesis import wls
from metareview.synthesis.tau2 import estimator
from metareview.synthesis.tau2.likelihood import log_likelihood, maximise

# A restricted likelihood with a second, lower maximum: the variances cover six orders of magnitude.
TWO_MAXIMA = (
    np.array([-0.28648321, -13.640785, 0.22717815, 47.46290766, 21.68664945]),
    np.array([1.61468109e-02, 4.23710010e01, 6.15808760e-03, 2.72399682e02, 3.41959687e03]),
)


def exact_root(yi: np.ndarray, vi: np.ndarray, near: float, restricted: bool) -> float:
    """Solve the score equation of a mean-only model in 40 digits."""
    with mpmath.workdps(40):
        y, v = [mpmath.mpf(float(x)) for x in yi], [mpmath.mpf(float(x)) for x in vi]

        def score(t: mpmath.mpf) -> mpmath.mpf:
            w = [1 / (x + t) for x in v]
            total = mpmath.fsum(w)
            mean = mpmath.fsum(a * b for a, b in zip(w, y, strict=True)) / total
            square = mpmath.fsum((a * (b - mean)) ** 2 for a, b in zip(w, y, strict=True))
            trace = total - (mpmath.fsum(a * a for a in w) / total if restricted else 0)
            return square - trace

        return float(mpmath.findroot(score, mpmath.mpf(near)))


@pytest.mark.parametrize("name", ["pool_bcg", "pool_curtis1998", "pool_li2007", "pool_normand1999"])
@pytest.mark.parametrize("restricted", [True, False])
def test_optimum_to_machine_precision(name: str, restricted: bool) -> None:
    case = load(name)
    yi, vi = np.array(case["yi"]), np.array(case["vi"])
    value, converged, iterations = maximise(yi, vi, wls.ones(yi.size), restricted=restricted)
    assert converged and iterations < 20
    assert value == pytest.approx(exact_root(yi, vi, value, restricted), rel=1e-12)


def test_the_higher_of_two_maxima_is_found() -> None:
    yi, vi = TWO_MAXIMA
    X = wls.ones(yi.size)
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e6, 2000)])
    heights = np.array([log_likelihood(t, yi, vi, X, restricted=True) for t in grid])
    peaks = np.flatnonzero((heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])) + 1
    assert peaks.size == 2
    found = estimator("REML")(yi, vi, X).value
    assert log_likelihood(found, yi, vi, X, restricted=True) >= heights.max()
    assert found == pytest.approx(exact_root(yi, vi, found, True), rel=1e-12)


@pytest.mark.parametrize("restricted", [True, False])
def test_no_grid_point_is_higher(restricted: bool) -> None:
    rng = np.random.default_rng(20261101)
    for _ in range(60):
        k = int(rng.integers(3, 9))
        vi = 10.0 ** rng.uniform(-4, 4, k)
        yi = rng.normal(size=k) * np.sqrt(10.0 ** rng.uniform(-5, 5) + vi)
        X = np.column_stack([np.ones(k), rng.normal(size=k)]) if rng.random() < 0.4 else wls.ones(k)
        value, converged, _ = maximise(yi, vi, X, restricted=restricted)
        best = log_likelihood(value, yi, vi, X, restricted=restricted)
        grid = np.concatenate([[0.0], np.geomspace(1e-8, 1e9, 80)])
        rival = max(log_likelihood(t, yi, vi, X, restricted=restricted) for t in grid)
        assert converged and best >= rival - 1e-9 * max(1.0, abs(best))


def test_boundary_at_zero() -> None:
    yi, vi = np.array([0.1, 0.11, 0.09, 0.1]), np.full(4, 0.5)
    for method in ("ML", "REML", "PM", "DL", "HE"):
        found = estimator(method)(yi, vi, wls.ones(4))
        assert found.value == 0.0 and found.converged and np.isfinite(found.se)


def test_traces_equal_those_of_full_matrices() -> None:
    rng = np.random.default_rng(3)
    for X in (wls.ones(7), np.column_stack([np.ones(7), rng.normal(1990, 5, 7), rng.normal(size=7)])):
        yi, w = rng.normal(size=7), rng.lognormal(size=7)
        W = np.diag(w)
        P = W - W @ X @ np.linalg.inv(X.T @ W @ X) @ X.T @ W
        f = wls.fit(yi, w, X)
        assert f.rss == pytest.approx(yi @ P @ yi, rel=1e-8)
        assert f.trace_p == pytest.approx(np.trace(P), rel=1e-8)
        assert f.trace_product(w, w) == pytest.approx(np.trace(P @ P), rel=1e-8)
        assert f.traces() == pytest.approx((np.trace(P), np.trace(P @ P)), rel=1e-8)
        assert f.forms() == pytest.approx((yi @ P @ P @ yi, yi @ P @ P @ P @ yi), rel=1e-8)
        assert f.scaled(3.0).trace_p == pytest.approx(3.0 * f.trace_p, rel=1e-13)
        np.testing.assert_allclose(f.scaled(3.0).cov, f.cov / 3.0, rtol=1e-13)
        np.testing.assert_allclose(f.cov, np.linalg.inv(X.T @ W @ X), rtol=1e-7)


def test_one_overwhelming_weight_keeps_its_precision() -> None:
    w = np.array([1e13 / 3, 0.1, 0.2, 0.3])
    f = wls.fit(np.array([5.0, 1.0, 2.0, 3.0]), w, wls.ones(4))
    assert f.free[0] == pytest.approx(0.6 / (1e13 / 3 + 0.6), rel=1e-14, abs=0)
    assert f.resid[0] == pytest.approx((4 * 0.1 + 3 * 0.2 + 2 * 0.3) / (1e13 / 3 + 0.6), rel=1e-12, abs=0)


@pytest.mark.parametrize("largest", [0.5, 3.0, 10.0, 1e4, 1e9, 1e14])
def test_traces_and_forms_keep_their_precision_from_equal_weights_to_one_that_dominates(largest: float) -> None:
    y, w = [F(3, 7), F(1, 3), F(2), F(-5, 9)], [F(largest), F(1, 10), F(1, 5), F(3, 10)]
    total = sum(w)
    P = [[(w[i] if i == j else 0) - w[i] * w[j] / total for j in range(4)] for i in range(4)]
    py = [sum(P[i][j] * y[j] for j in range(4)) for i in range(4)]
    ppy = [sum(P[i][j] * py[j] for j in range(4)) for i in range(4)]
    f = wls.fit(np.array([float(x) for x in y]), np.array([float(x) for x in w]), wls.ones(4))
    trace = sum(P[i][i] for i in range(4))
    trace2 = sum(P[i][j] * P[j][i] for i in range(4) for j in range(4))
    assert f.traces() == pytest.approx((float(trace), float(trace2)), rel=1e-12, abs=0)
    assert f.trace_p == pytest.approx(float(trace), rel=1e-12, abs=0)
    expected = sum(x * x for x in py), sum(a * b for a, b in zip(py, ppy, strict=True))
    assert f.forms() == pytest.approx([float(x) for x in expected], rel=1e-9, abs=0)


def test_the_design_of_a_mean_cannot_be_written_to_and_is_known_in_any_form() -> None:
    X = wls.ones(5)
    assert X.shape == (5, 1) and np.array_equal(X, np.ones((5, 1)))
    assert all(wls.is_mean_only(x) for x in (X, X[:3], X.copy(), np.ones((5, 1))))
    assert not any(wls.is_mean_only(x) for x in (np.ones((5, 2)), 2.0 * X, X[:, :0]))
    with pytest.raises(ValueError, match="read-only"):
        X[0] = 2.0
