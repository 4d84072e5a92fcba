"""The distribution of the generalised Q: chi-squared where weights are equal, else Imhof's integral in many digits, and
what hangs on it.
"""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy.stats import chi2
from synthesis_cases import BCG

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.generalised_q import probability_above, tau2_where
from metareview.synthesis.intervals import interval, intervals
from metareview.synthesis.pooling import pool
from metareview.synthesis.quadratic_form import form, tails
from metareview.synthesis.regression import regress
from metareview.synthesis.tau2 import estimator


def ruben(q: float, eigenvalues: np.ndarray) -> float:
    """Return P(sum of lambda chi2_1 <= q): Ruben (1962), Annals of Mathematical Statistics 33, 542-570, a series of
    chi-squared probabilities with positive weights.
    """
    b, n, terms = 0.95 * eigenvalues[0], eigenvalues.size, 6000
    powers = 1.0 - b / eigenvalues
    h = 0.5 * np.sum(powers[:, None] ** np.arange(1, terms), axis=0)
    c = np.zeros(terms)
    c[0] = math.exp(0.5 * np.sum(np.log(b / eigenvalues)))
    for r in range(1, terms):
        c[r] = np.dot(h[:r][::-1], c[:r]) / r
    assert c.sum() == pytest.approx(1.0, abs=1e-13)
    return float(np.sum(c * chi2.cdf(q / b, n + 2 * np.arange(terms))))


def imhof(q: float, eigenvalues: np.ndarray) -> float:
    """Return P(sum of lambda chi2_1 > q): Imhof (1961), Biometrika 48, 419-426, equation 3.2, between its sign changes."""
    with mpmath.workdps(15):
        lam = [mpmath.mpf(float(x)) for x in eigenvalues]

        def integrand(u: mpmath.mpf) -> mpmath.mpf:
            angle = mpmath.fsum(mpmath.atan(x * u) for x in lam) / 2 - q * u / 2
            size = mpmath.fprod((1 + (x * u) ** 2) ** mpmath.mpf("0.25") for x in lam)
            return mpmath.sin(angle) / (u * size)

        value = mpmath.quadosc(integrand, [0, mpmath.inf], omega=mpmath.mpf(q) / 2)
        return float(mpmath.mpf("0.5") + value / mpmath.pi)


@pytest.mark.parametrize("k", [2, 3, 4, 9, 60])
def test_equal_weights_give_chi_squared(k: int) -> None:
    f = wls.fit(np.arange(k, dtype=float), np.ones(k), wls.ones(k))
    for q in np.array([1e-3, 0.1, 0.5, 1.0, 1.5, 3.0, 8.0]) * (k - 1):
        low, high = tails(2.0 * q, form(f, np.full(k, 2.0)))
        assert low == pytest.approx(chi2.cdf(q, k - 1), rel=1e-11, abs=1e-300)
        assert high == pytest.approx(chi2.sf(q, k - 1), rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("seed", range(8))
def test_any_weights_give_the_series_of_ruben(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(4, 12))
    X = wls.ones(k) if seed % 2 else np.column_stack([np.ones(k), rng.normal(size=k)])
    vi, between = 10.0 ** rng.uniform(-1, 1, k), float(10.0 ** rng.uniform(-2, 1))
    f = wls.fit(rng.normal(size=k), (1.0 / vi) ** rng.choice([0.0, 0.5, 1.0]), X)
    root = np.sqrt(f.w * (vi + between))
    eigenvalues = np.linalg.eigvalsh(root[:, None] * (np.eye(k) - f.basis @ f.basis.T) * root)[X.shape[1] :]
    found = form(f, vi + between)
    assert eigenvalues[-1] <= found.top * (1 + 1e-9) and found.top < 1.01 * eigenvalues[-1]
    for q in eigenvalues.sum() * np.array([0.05, 0.5, 0.95, 1.5, 3.0]):
        assert tails(q, found)[0] == pytest.approx(ruben(q, eigenvalues), abs=1e-12)


def test_far_apart_weights_give_the_integral_of_imhof() -> None:
    eigenvalues = np.array([1e-2, 3.0, 250.0])
    # with a fourth effect without weight nothing is projected out of the first three but a part too small to see
    f = wls.fit(np.arange(4.0), np.array([1.0, 1.0, 1.0, 1e24]), wls.ones(4))
    found = form(f, np.append(eigenvalues, 1e-30))
    assert tails(40.0, found)[1] == pytest.approx(imhof(40.0, eigenvalues), abs=1e-11)


def test_the_distribution_over_eight_orders_of_magnitude() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        k = int(rng.integers(2, 12))
        vi = 10.0 ** rng.uniform(-4, 4, k)
        f = wls.fit(rng.normal(size=k) * np.sqrt(vi), 1.0 / vi, wls.ones(k))
        grid = [probability_above(t, f, vi) for t in (0.0, 1e-5, 1e-2, 1.0, 1e3, 1e7)]
        assert grid[0] == pytest.approx(chi2.sf(f.rss, k - 1), rel=1e-9)
        assert np.all(np.diff(grid) >= -1e-9) and min(grid) >= 0 and max(grid) <= 1


def test_four_thousand_effects() -> None:
    rng = np.random.default_rng(6)
    vi = rng.lognormal(-2, 1, 4000)
    yi = rng.normal(0.3, np.sqrt(vi + 0.1))
    r = pool(yi, vi, tau2="DL", tau2_ci="genq")
    assert r.tau2_ci[0] < r.tau2 < r.tau2_ci[1] and r.tau2_ci[1] - r.tau2_ci[0] == pytest.approx(
        3.92 * r.tau2_se, rel=0.05
    )


@pytest.mark.parametrize("method", ["1 / vi", "equal"])
def test_bounds_solve_their_equations(method: str) -> None:
    yi, vi = np.array(BCG["yi"]), np.array(BCG["vi"])
    weights = None if method == "1 / vi" else "equal"
    f = wls.fit(yi, 1.0 / vi if weights is None else np.ones(13), wls.ones(13))
    low, high = pool(yi, vi, tau2="GENQ", weights=weights, tau2_ci="genq", level=0.9).tau2_ci
    assert probability_above(low, f, vi) == pytest.approx(0.05, rel=1e-9)
    assert probability_above(high, f, vi) == pytest.approx(0.95, rel=1e-9)
    median = pool(yi, vi, tau2="GENQM", weights=weights)
    assert probability_above(median.tau2, f, vi) == pytest.approx(0.5, rel=1e-9) and median.iterations > 0


def test_equal_variances_make_the_intervals_of_q_the_same() -> None:
    yi, vi = np.array([0.1, 0.7, -0.4, 1.3, 0.2]), np.full(5, 0.1)
    assert pool(yi, vi, tau2_ci="genq").tau2_ci == pytest.approx(pool(yi, vi, tau2_ci="qp").tau2_ci, rel=1e-10)
    assert pool(yi, vi, tau2="GENQM").tau2 == pytest.approx(pool(yi, vi, tau2="PMM").tau2, rel=1e-10)


def test_effects_that_do_not_differ() -> None:
    f = wls.fit(np.full(4, 0.3), np.ones(4), wls.ones(4))
    assert tau2_where(0.5, f, np.ones(4)) == (0.0, 1)
    for name in ("genq", "qp", "pl"):
        r = pool([0.1, 0.11, 0.09, 0.1], [0.5] * 4, tau2_ci=name)
        assert r.tau2 == 0.0 and r.tau2_ci[0] == 0.0 and (name == "pl" or r.tau2_ci == (0.0, 0.0))


def test_wald_is_named_poor() -> None:
    r = pool(BCG["yi"], BCG["vi"], tau2_ci="wald")
    half = 1.959963984540054 * r.tau2_se / r.tau2
    assert r.tau2_ci == pytest.approx((r.tau2 * math.exp(-half), r.tau2 * math.exp(half))) and "poor" in r.warnings[-1]
    zero = pool([0.1, 0.11, 0.09, 0.1], [0.5] * 4, tau2_ci="wald")
    assert np.isnan(zero.tau2_ci).all() and any("does not exist" in w for w in zero.warnings)
    known = pool(BCG["yi"], BCG["vi"], tau2=0.2, tau2_ci="wald")
    assert np.isnan(known.tau2_ci).all() and any("no standard error" in w for w in known.warnings)


def test_intervals_are_chosen_by_name() -> None:
    assert sorted(intervals()) == ["genq", "pl", "qp", "wald"] and all(
        i.title and i.source for i in intervals().values()
    )
    assert interval("QP") is intervals()["qp"] and pool(BCG["yi"], BCG["vi"]).tau2_ci_method == "qp"
    with pytest.raises(MetareviewError, match="no interval"):
        pool(BCG["yi"], BCG["vi"], tau2_ci="boot")
    with pytest.raises(MetareviewError, match="likelihood"):
        pool(BCG["yi"], BCG["vi"], tau2="DL", tau2_ci="pl")


def test_profile_likelihood_takes_the_outermost_bounds() -> None:
    yi = np.array([-0.28648321, -13.640785, 0.22717815, 47.46290766, 21.68664945])
    vi = np.array([1.61468109e-02, 4.23710010e01, 6.15808760e-03, 2.72399682e02, 3.41959687e03])
    low, high = pool(yi, vi, tau2_ci="pl").tau2_ci
    found = estimator("REML")(yi, vi, wls.ones(5))
    assert low <= found.value <= high and high > 1000 * found.value


def test_moderators_too() -> None:
    frame = {"yi": BCG["yi"], "vi": BCG["vi"], "x": np.arange(13.0)}
    bounds = {name: regress("yi ~ x", frame, tau2_ci=name).tau2_ci for name in ("qp", "genq", "pl", "wald")}
    assert (
        all(low < regress("yi ~ x", frame).tau2 < high for low, high in bounds.values())
        and len(set(bounds.values())) == 4
    )
