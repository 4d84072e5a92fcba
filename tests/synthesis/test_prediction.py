"""Prediction intervals: reference distributions, and the bootstrap one against a draw-by-draw computation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm, t
from synthesis_cases import BCG

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.generalised_q import probability_above
from metareview.synthesis.pooling import pool
from metareview.synthesis.prediction import METHODS, prediction_interval
from metareview.synthesis.prediction_bootstrap import draw_tau2, new_effects

YI, VI = np.array(BCG["yi"]), np.array(BCG["vi"])


def test_reference_distributions() -> None:
    r = pool(YI, VI)
    spread = math.sqrt(r.se**2 + r.tau2)
    for method, crit in (("k-p", t.ppf(0.975, 12)), ("k-p-1", t.ppf(0.975, 11)), ("normal", norm.ppf(0.975))):
        found = prediction_interval(r, method)
        assert (found.low, found.high) == pytest.approx((r.estimate - crit * spread, r.estimate + crit * spread))
        asked = pool(YI, VI, prediction=method)
        assert (asked.pi_low, asked.pi_high, asked.prediction) == (found.low, found.high, method)
    assert (r.prediction, pool(YI, VI, test="z").prediction) == ("k-p", "normal")
    wider = prediction_interval(r, "k-p", level=0.99)
    assert wider.high - wider.low > r.pi_high - r.pi_low and wider.to_dict()["level"] == 0.99
    assert "k-p" in repr(wider) and "<table" in wider._repr_html_() and wider.to_frame().loc[0, "df"] == 12.0


@pytest.mark.parametrize("k", [3, 6, 13])
def test_draws_of_tau2_have_the_exact_confidence_distribution(k: int) -> None:
    """P(tau2 <= t) is P(Q > the Q at hand; t), which test_generalised_q.py holds against other computations."""
    yi, vi = YI[:k], VI[:k]
    f = wls.fit(yi, 1.0 / vi, wls.ones(k))
    drawn = draw_tau2(f, np.random.default_rng(4).standard_normal((40_000, k)))
    for tau2 in (0.0, 0.01, 0.1, 0.3, 1.0, 5.0):
        exact = probability_above(tau2, f, vi)
        assert np.mean(drawn <= tau2) == pytest.approx(exact, abs=4.5 * math.sqrt(exact * (1.0 - exact) / 40_000))


def test_the_bootstrap_is_the_algorithm_draw_by_draw() -> None:
    yi, vi = YI[:6], VI[:6]
    seed = np.random.SeedSequence(3)
    drawn = new_effects((yi, vi, seed, 40))
    rng = np.random.default_rng(seed)
    x, z, student = rng.standard_normal((40, 6)), rng.standard_normal(40), rng.standard_t(5, size=40)
    root = np.sqrt(1.0 / vi)
    M = np.eye(6) - np.outer(root, root) / np.sum(root**2)
    q = float(root * yi @ M @ (root * yi))
    for i in range(40):
        tau2 = max(0.0, (q - x[i] @ M @ x[i]) / (x[i] @ M @ np.diag(1.0 / vi) @ M @ x[i]))
        w = 1.0 / (vi + tau2)
        mean = np.sum(w * yi) / w.sum()
        se = math.sqrt(np.sum(w / w.sum() * (yi - mean) ** 2) / 5)
        assert drawn[i] == pytest.approx(mean + z[i] * math.sqrt(tau2) - student[i] * se, rel=1e-9, abs=1e-9)


def test_the_bootstrap_repeats_whatever_the_workers() -> None:
    r = pool(YI, VI, tau2="DL")
    one = prediction_interval(r, draws=12_000, seed=7)
    seen: list[tuple[int, int]] = []
    two = prediction_interval(r, draws=12_000, seed=7, workers=2, progress=lambda done, of: seen.append((done, of)))
    other = prediction_interval(r, draws=12_000, seed=8)
    assert (one.low, one.high) == (two.low, two.high) and seen[-1] == (3, 3) and one.draws == 12_000
    assert one.low != other.low and one.low == pytest.approx(other.low, abs=0.15)
    assert one.low < r.pi_low + 0.2 and one.high > r.estimate and math.isnan(one.df) and one.method == METHODS[-1]


def test_effects_alike_draw_no_heterogeneity() -> None:
    r = pool([0.1, 0.11, 0.09, 0.1], [0.5, 0.4, 0.6, 0.5])
    found = prediction_interval(r, draws=2000)
    assert found.low < r.estimate < found.high
    same = prediction_interval(pool([0.2] * 4, [0.5, 0.4, 0.6, 0.5]), draws=2000)
    assert math.isfinite(same.low) and same.low <= 0.2 <= same.high


def test_thousands_of_effects_have_a_bootstrap_interval() -> None:
    rng = np.random.default_rng(1)
    vi = np.geomspace(0.01, 0.2, 3000)
    r = pool(rng.normal(0.0, np.sqrt(vi + 0.05)), vi, tau2="DL")
    found = prediction_interval(r, draws=1000)
    assert found.low == pytest.approx(r.pi_low, abs=0.06) and found.high == pytest.approx(r.pi_high, abs=0.06)


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        ({}, {"method": "exact"}, "no prediction interval 'exact'"),
        ({}, {"draws": 10}, "10 draws"),
        ({"tau2": "FE"}, {}, "equal-effects"),
        ({"weights": "equal"}, {}, "inverse-variance"),
    ],
)
def test_mistakes_are_told(arguments: dict[str, object], options: dict[str, object], text: str) -> None:
    with pytest.raises(MetareviewError, match=text):
        prediction_interval(pool(YI, VI, **arguments), **options)  # type: ignore[arg-type]


def test_few_effects_and_pool_itself() -> None:
    with pytest.raises(MetareviewError, match="three effects"):
        prediction_interval(pool([0.1, 0.2], [0.1, 0.1]))
    with pytest.raises(MetareviewError, match="in pool") as error:
        pool(YI, VI, prediction="bootstrap")
    assert "prediction_interval" in error.value.hint
