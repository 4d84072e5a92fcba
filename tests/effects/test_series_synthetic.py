"""Synthetic control against R's quadprog, the conditions of an optimum, and made areas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metareview as mr
from metareview.effects.series.simplex import simplex_weights
from metareview.errors import MetareviewError

R = json.loads((Path(__file__).parent / "reference_series" / "synthetic.json").read_text(encoding="utf-8"))
Y = np.array(R["Y"], dtype=float)
DATA = pd.DataFrame(
    [(f"a{j}", t + 1, Y[t, j]) for j in range(Y.shape[1]) for t in range(len(Y))], columns=["area", "period", "crimes"]
)


def run(data: pd.DataFrame = DATA, **options: Any) -> Any:
    options = {"area": "area", "period": "period", "outcome": "crimes", "treated": "a0", "start": 11} | options
    return mr.synthetic_control(data, **options)


def made(rng: np.random.Generator, donors: int, periods: int, base: float, effect: float = -0.3) -> pd.DataFrame:
    """Areas that follow two common factors; the first is the mean of four others, and falls after two thirds."""
    factors = rng.normal(0, 0.06, (2, periods)).cumsum(axis=1)
    loads, sizes = rng.uniform(0, 1, (donors + 1, 2)), rng.uniform(0.6, 1.4, donors + 1)
    loads[0], sizes[0] = loads[1:5].mean(axis=0), sizes[1:5].mean()
    mu = base * sizes[:, None] * np.exp(loads @ factors)
    mu[0, periods * 2 // 3 :] *= np.exp(effect)
    frame = pd.DataFrame({"area": np.repeat([f"a{j}" for j in range(donors + 1)], periods)})
    return frame.assign(period=np.tile(np.arange(periods), donors + 1), crimes=rng.poisson(mu).ravel())


def test_weights_gaps_and_placebos_are_those_of_quadratic_programming() -> None:
    result = run()
    weights = result.weights.set_index("donor")["weight"]
    np.testing.assert_allclose(weights[[f"a{j}" for j in range(1, 9)]], R["weights"], atol=1e-9)
    assert result.estimate == pytest.approx(R["gap"], rel=1e-8)
    assert run(gap="total").estimate == pytest.approx(R["total"], rel=1e-8)
    np.testing.assert_allclose(result.placebos["gap"].iloc[1:], R["gaps"], rtol=1e-7, atol=1e-9)
    assert result.se == pytest.approx(R["se"], rel=1e-8) and result.p == pytest.approx(R["p"])
    assert result.diagnostics["pre_rmspe"] == pytest.approx(R["pre"], rel=1e-8)
    assert result.diagnostics["ratio"] == pytest.approx(R["ratio"], rel=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 15), st.integers(2, 12), st.integers(0, 10_000))
def test_weights_meet_the_conditions_of_an_optimum_and_repeat(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, b = rng.normal(5, 1, (rows, columns)), rng.normal(5, 1, rows)
    w, unique = simplex_weights(A, b)
    assert w.min() >= 0 and w.sum() == pytest.approx(1, abs=1e-12)
    gradient = A.T @ (A @ w - b)
    slack = gradient - gradient[w > 0].min()
    tolerance = 1e-9 if unique else 1e-5
    assert slack.min() > -tolerance and np.abs(slack[w > 0]).max() < tolerance
    order = rng.permutation(columns)
    np.testing.assert_allclose(simplex_weights(A[:, order], b)[0], w[order], atol=1e-8)


def test_several_sets_of_weights_are_told_and_still_repeat() -> None:
    rng = np.random.default_rng(0)
    data = made(rng, 30, 6, 50)
    result = run(data, start=3)
    assert not result.diagnostics["weights_unique"]
    assert "Several sets of weights fit alike" in " ".join(result.warnings)
    shuffled = run(data.sample(frac=1, random_state=1), start=3)
    assert shuffled.estimate == pytest.approx(result.estimate, rel=1e-8)


def test_exposure_makes_rates_and_predictors_are_matched() -> None:
    homes = DATA["area"].str[1:].astype(int) + 1
    scaled = DATA.assign(crimes=DATA["crimes"] * homes, homes=homes)
    assert run(scaled, exposure="homes").estimate == pytest.approx(run().estimate, rel=1e-8)
    rng = np.random.default_rng(5)
    data = DATA.assign(income=rng.normal(size=9)[DATA["area"].str[1:].astype(int)])
    with_income = run(data, predictors=["income"])
    means = data.groupby("area")["income"].first()

    def distance(result: Any) -> float:
        weights = result.weights.set_index("donor")["weight"]
        return abs(float(weights @ means[weights.index]) - means["a0"])

    assert distance(with_income) < distance(run())
    with pytest.raises(MetareviewError, match="Area 'a3' has no value of a predictor"):
        run(data.assign(income=data["income"].where(data["area"] != "a3")), predictors=["income"])


def test_a_known_effect_is_found_and_covered() -> None:
    rng = np.random.default_rng(20181105)
    found = []
    for _ in range(40):
        r = run(made(rng, 12, 18, 40), start=12)
        found.append((r.estimate, r.se**2, r.ci_low < -0.3 < r.ci_high))
    estimates, variances, covered = np.array(found, dtype=float).T
    assert abs(estimates.mean() + 0.3) < 0.04 and covered.mean() >= 0.85
    assert 0.6 < variances.mean() / estimates.var() < 3


def test_without_an_effect_the_placebo_p_is_as_often_small_as_it_says() -> None:
    rng = np.random.default_rng(9)
    p = np.array([run(made(rng, 11, 15, 40, 0.0), start=10).p for _ in range(60)])
    assert 0.35 < p.mean() < 0.7 and (p <= 1 / 12).mean() < 0.2


def test_what_makes_the_standard_error_unusable_is_told() -> None:
    few = run()
    assert not few.se_usable and "8 donors are too few" in " ".join(few.warnings)
    with pytest.raises(MetareviewError, match="placebo standard error is not usable"):
        few.as_generic()
    row = few.as_generic(accept_se=True, study="one")
    assert row["se"] == few.se and row["study"] == "one"
    rng = np.random.default_rng(4)
    data = made(rng, 12, 18, 60)
    usable = run(data, start=12)
    assert usable.se_usable and "cannot reach 0.05" in " ".join(usable.warnings)
    effects = mr.effect_size("GEN", pd.DataFrame([usable.as_generic()]))
    assert effects.loc[0, "sei"] == pytest.approx(usable.se)
    big = run(data.assign(crimes=data["crimes"] * np.where(data["area"] == "a0", 4, 1)), start=12)
    told = " ".join(big.warnings)
    assert not big.se_usable and "outside the range of the donors" in told and "fit before the start is poor" in told


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (3, "crimes", -1.0, "Area 'a0', period 4, column 'crimes': -1.0 is negative"),
        (3, "crimes", np.nan, "Area 'a0', period 4, column 'crimes': is missing"),
        (3, "period", 4.5, "Area 'a0', column 'period': 4.5 is not a whole number"),
        (3, "period", 3.0, "stands there twice"),
        (12, "crimes", 0.0, "Area 'a0' or its synthetic control has a zero after the start"),
    ],
)
def test_impossible_values_are_refused_by_area_period_and_column(
    row: int, column: str, value: float, said: str
) -> None:
    data = DATA.astype({column: float})
    data.loc[row, column] = value
    with pytest.raises(MetareviewError, match=said):
        run(data)


@pytest.mark.parametrize(
    ("data", "options", "said"),
    [
        (DATA.drop(index=20), {}, "Area 'a1', period 7: there is no row"),
        (DATA, {"treated": "a99"}, "no area 'a99'"),
        (DATA, {"start": 2}, "1 periods before the start, 13 after, 8 donors"),
        (DATA, {"start": 40}, "14 periods before the start, 0 after"),
        (DATA[DATA["area"].isin(["a0", "a1"])], {}, "1 donors"),
        (DATA.assign(crimes=DATA["crimes"].where(DATA["area"] != "a4", 0)), {}, "Area 'a4' has no events at all"),
        (DATA, {"gap": "mean"}, "gap='mean'"),
        (DATA, {"outcome": "thefts"}, "no column 'thefts'"),
    ],
)
def test_impossible_requests_are_refused(data: pd.DataFrame, options: dict[str, Any], said: str) -> None:
    with pytest.raises(MetareviewError, match=said):
        run(data, **options)


def test_zeros_are_no_hindrance_to_totals() -> None:
    data = DATA.astype({"crimes": float})
    data.loc[12, "crimes"] = 0
    assert run(data, gap="total").estimate < R["total"]


def test_a_result_can_be_shown_and_kept() -> None:
    result = run()
    assert repr(result).startswith("SyntheticEffect(k=126: -0.24")
    kept = json.loads(json.dumps(result.to_dict()))
    assert len(kept["placebos"]) == 9 and kept["se_usable"] is False and len(kept["series"]) == 14
    assert list(result.to_frame()["p"]) == [result.p]
