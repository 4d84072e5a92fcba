"""Correlations: what is derived where versions of metafor differ, bad input, and the hypergeometric function."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from metareview.effects.compute import effect_size
from metareview.effects.correlation import hypergeometric
from metareview.effects.registry import find_measure
from metareview.errors import MetareviewError

GIVEN: dict[str, float] = {"ri": 0.4, "ni": 30, "mi": 4, "r2i": 0.5, "ti": 2.2}
TWO = {"m1i": 12, "sd1i": 3, "n1i": 17, "m2i": 9, "sd2i": 4, "n2i": 12}


def refused(measure: str, **inputs: Any) -> str:
    with pytest.raises(MetareviewError) as caught:
        effect_size(measure, data=pd.DataFrame([inputs]))
    return str(caught.value)


@pytest.mark.parametrize("a", [0.5, 1.0])
def test_the_hypergeometric_function_is_exact_for_few_and_many_people(a: float) -> None:
    c = np.repeat([2.5, 3.0, 4.5, 8.5, 30.0, 500.0, 50_000.0], 6)
    x = np.tile([0.0, 0.2, 0.64, 0.9, 0.9975, 1.0], 7)
    exact = [float(mpmath.hyp2f1(a, a, one, other)) for one, other in zip(c, x, strict=True)]
    np.testing.assert_allclose(hypergeometric(a, c, x), exact, rtol=1e-12)


@pytest.mark.parametrize(("partial", "plain"), [("PCOR", "COR"), ("ZPCOR", "ZCOR")])
def test_with_one_predictor_a_partial_correlation_is_a_plain_one(partial: str, plain: str) -> None:
    n, r = np.array([12.0, 30.0, 400.0]), np.array([0.3, -0.6, 0.05])
    by_t = effect_size(partial, ti=r * np.sqrt((n - 2) / (1 - r**2)), ni=n, mi=1)
    simple = effect_size(plain, ri=r, ni=n)
    np.testing.assert_allclose(by_t["yi"], simple["yi"], rtol=1e-12)
    np.testing.assert_allclose(by_t["vi"], simple["vi"], rtol=1e-12)


def simulated_t(n: int, m: int, slope: float, times: int) -> NDArray[np.float64]:
    """t of the first of m correlated predictors in `times` regressions of n people, its partial correlation
    slope / sqrt(slope^2 + 1)."""
    rng = np.random.default_rng(1924)
    x = rng.standard_normal((times, n, m))
    x[:, :, 0] += 0.5 * x[:, :, 1:].sum(axis=2)
    y = slope * x[:, :, 0] + 0.3 * x[:, :, 1:].sum(axis=2) + rng.standard_normal((times, n))
    design = np.concatenate([np.ones((times, n, 1)), x], axis=2)
    inverse = np.linalg.inv(design.transpose(0, 2, 1) @ design)
    b = (inverse @ (design.transpose(0, 2, 1) @ y[..., None]))[..., 0]
    residual = y - (design @ b[..., None])[..., 0]
    scale = np.sqrt((residual**2).sum(axis=1) / (n - m - 1) * inverse[:, 1, 1])
    return np.asarray(b[:, 1] / scale)


def test_simulated_regressions_bear_the_variances_of_partial_correlations_out() -> None:
    n, m = 15, 4
    t = simulated_t(n, m, 0.0, 12_000)
    z, r = effect_size("ZPCOR", ti=t, ni=n, mi=m), effect_size("PCOR", ti=t, ni=n, mi=m)
    assert z["vi"].mean() / z["yi"].var() == pytest.approx(1, abs=0.04)
    assert 1 / (n - m - 1) / z["yi"].var() < 0.94  # metafor 3.8
    # at a true correlation of 0, which is known here, the variance of r is 1 / (n - m), not 3.8's 1 / (n - m - 1)
    assert 1 / (n - m) / r["yi"].var() == pytest.approx(1, abs=0.04)
    assert 1 / (n - m - 1) / r["yi"].var() > 1.05
    large = effect_size("PCOR", ti=simulated_t(60, 3, 0.5, 12_000), ni=60, mi=3)
    assert large["vi"].mean() / large["yi"].var() == pytest.approx(1, abs=0.06)


def test_unbiased_correlation_is_unbiased_and_so_is_its_variance() -> None:
    rng = np.random.default_rng(1958)
    n, rho = 8, 0.5
    x = rng.standard_normal((100_000, n))
    y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((100_000, n))
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    r = (x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    found = effect_size("UCOR", ri=r, ni=n, vtype="UB")
    assert found["yi"].mean() == pytest.approx(rho, abs=0.004) and r.mean() < rho - 0.02
    assert found["vi"].mean() / found["yi"].var() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("measure", "change", "word"),
    [
        ("COR", {"ri": 1.1}, "column 'ri': 1.1 is beyond 1"),
        ("ZCOR", {"ri": -1}, "column 'ri': -1 is a perfect correlation"),
        ("ZCOR", {"ni": 3}, "column 'ni': 3 is below 4"),
        ("UCOR", {"ni": 4}, "column 'ni': 4 is below 5"),
        ("PCOR", {"ri": np.nan, "ti": np.nan}, "column 'ri': is missing, and so is ti"),
        ("PCOR", {"ni": 5}, "5 people are too few for 4 predictors; more than 1 beside them"),
        ("ZPCOR", {"ni": 6}, "6 people are too few for 4 predictors; more than 2 beside them"),
        ("ZPCOR", {"mi": 0}, "column 'mi': 0 is not above 0"),
        ("SPCOR", {"r2i": 1.2}, "column 'r2i': 1.2 is not between 0 and 1"),
        ("SPCOR", {"r2i": 0.1, "ti": 9}, "column 'r2i': 0.1 is below the 2.92 that the predictor alone adds"),
        ("R2", {"r2i": 0}, "column 'r2i': is 0, where this variance is 0 too; use ZR2"),
        ("R2", {"mi": np.nan, "vtype": "LS2"}, "column 'mi': is missing; vtype LS2 needs"),
        ("ZR2", {"r2i": 1}, "column 'r2i': is 1: nothing is left"),
        ("RPB", {"sd1i": 0}, "column 'sd1i': 0 is not above 0"),
        ("RBIS", {"n2i": 1}, "column 'n2i': 1 is below 2"),
        ("RBIS", {"m1i": 1, "m2i": 7, "sd1i": 1, "sd2i": 2, "n1i": 3, "n2i": 15}, "gives Soper's variance below 0"),
    ],
)
def test_impossible_correlations_are_refused(measure: str, change: dict[str, Any], word: str) -> None:
    given = {n: v for n, v in (GIVEN | TWO | change).items() if n in find_measure(measure).input_names}
    assert word in refused(measure, **given)


def test_a_biserial_correlation_beyond_1_is_noted() -> None:
    found = effect_size("RBIS", m1i=20, sd1i=1, n1i=10, m2i=10, sd2i=1, n2i=10).iloc[0]
    assert found["yi"] > 1 and found["note"] == "the biserial correlation is beyond 1"


def test_a_printed_partial_correlation_goes_before_t() -> None:
    both = effect_size("PCOR", ri=0.4, ti=9, ni=30, mi=4).iloc[0]
    assert both["yi"] == 0.4 and "ti" not in both["rule"]
