"""Meta-regression with weights of the user's: held against metafor and clubSandwich (reference/regression_weights.json), and
what takes such a result either knows its covariance or refuses.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesis_cases import close, load

import metareview as mr
from metareview.errors import MetareviewError

CASES = {case["name"]: case for case in load("regression_weights")["cases"]}
NUMBERS = (1, 2.5, 0.4, 3)
BCG = pd.DataFrame(CASES["bcg"]["data"])


def fitted(case: dict[str, Any], fit: dict[str, Any]) -> mr.RegressionResult:
    data = pd.DataFrame(case["data"])
    weights = "equal" if fit["weights_are"] == "equal" else np.resize(NUMBERS, len(data))
    return mr.regress(case["formula"], data, weights=weights, tau2=fit["method"], test=fit["test"])


@pytest.mark.parametrize("name", CASES)
def test_regression_with_weights_agrees_with_metafor(name: str) -> None:
    case = CASES[name]
    for fit in case["fits"]:
        result = fitted(case, fit)
        assert result.weighting == "given"
        close(result.tau2, fit["tau2"], 1e-6)
        for quantity in (
            "estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "QM", "QM_p", "QE", "QE_p", "I2", "H2",
        ):  # fmt: skip
            close(getattr(result, quantity), fit[quantity])
        scale = np.outer(result.se, result.se)
        close(result.cov / scale, np.array(fit["cov"]) / scale)
        if (name, fit["method"]) != (
            "magnitudes",
            "ML",
        ):  # metafor's empty model stops at a lower peak of the likelihood
            close(np.nan_to_num(result.R2), fit["R2"] or 0.0, 1e-6)


@pytest.mark.parametrize("name", CASES)
def test_what_follows_from_it_agrees_too(name: str) -> None:
    case = CASES[name]
    L = np.array(case["L"])
    for fit in case["fits"]:
        result = fitted(case, fit)
        contrast = result.wald(L)
        for got, quantity in (
            (contrast.estimate, "contrast"), (contrast.se, "contrast_se"), (contrast.QM, "contrast_QM"),
            (contrast.QM_p, "contrast_QM_p"),
        ):  # fmt: skip
            close(got, fit[quantity])
        predicted = result.predict()
        for quantity in ("estimate", "se", "ci_low", "ci_high"):
            close(getattr(predicted, quantity)[:3], fit["pred_" + quantity.removeprefix("ci_")])
        if fit["method"] != "FE":
            close([predicted.pi_low[:3], predicted.pi_high[:3]], [fit["pi_low"], fit["pi_high"]])
        for likelihood in ("ML", "REML"):
            close(mr.fit_statistics(result, likelihood=likelihood).log_likelihood, fit[f"ll_{likelihood.lower()}"])
        robust = mr.robust(result, np.arange(result.k) // 2)
        close(robust.se, fit["robust_se"])
        close(robust.df, fit["robust_df"])


def test_the_grid_cannot_shrink() -> None:
    assert list(CASES) == ["bcg", "bcg_alloc", "raudenbush1985", "magnitudes"]
    tests, methods = ("z", "t", "knha", "adhoc"), ("DL", "HE", "SJ", "REML", "ML", "PM", "GENQ")
    grid = {(m, t, "numbers") for m in methods for t in tests} | {("FE", "z", "numbers")}
    grid |= {(m, t, "equal") for m in ("DL", "REML") for t in tests}
    for case in CASES.values():
        assert {(f["method"], f["test"], f["weights_are"]) for f in case["fits"]} == grid


def test_a_mean_with_weights_is_that_of_pool() -> None:
    for options in (
        {"tau2": "REML"},
        {"tau2": "GENQM", "test": "z"},
        {"tau2": 0.1, "tau2_ci": "genq", "test": "adhoc"},
    ):
        w = np.resize(NUMBERS, 13)
        one = mr.regress("yi ~ 1", BCG, weights=w, **options)
        two = mr.pool(BCG["yi"], BCG["vi"], weights=w, **options)
        for name in ("estimate", "se", "ci_low", "ci_high", "tau2", "tau2_ci", "weights"):
            close(getattr(one, name), getattr(two, name), 1e-12)


def test_weights_may_be_a_column_and_rows_without_a_moderator_need_none() -> None:
    data = BCG.assign(w=np.resize(NUMBERS, 13), ablat=BCG["ablat"].where(BCG.index != 4))
    data.loc[4, "w"] = np.nan
    result = mr.regress("yi ~ ablat", data, weights="w")
    kept = data.drop(index=4)
    assert result.excluded == (("5", "missing ablat"),)
    close(result.estimate, mr.regress("yi ~ ablat", kept, weights=kept["w"]).estimate, 1e-14)
    assert mr.regress("yi ~ ablat", data, weights="equal").weights.size == 12
    assert mr.regress("yi ~ ablat", kept.assign(equal=kept["w"]), weights="equal").weights[0] != 100 / 12


def test_inverse_variances_as_weights_change_nothing() -> None:
    plain = mr.regress("yi ~ ablat + year", BCG, tau2="DL")
    given_ = mr.regress("yi ~ ablat + year", BCG, tau2="DL", weights=1.0 / (BCG["vi"] + plain.tau2))
    for name in ("estimate", "se", "cov", "QM_p", "weights"):
        close(getattr(given_, name), getattr(plain, name), 1e-11)
    assert plain.weighting == "inverse variance" and given_.weighting == "given"


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ([1.0], "1 weights for 13"),
        ([0.0] * 13, "positive"),
        ([np.nan] * 13, "positive number, and is not for '1'"),
        ([np.inf] * 13, "positive"),
        (["a"] * 13, "must hold numbers"),
        (np.ones((13, 1)), "one-dimensional"),
        ("heavy", "no weights 'heavy'"),
        ("alloc", "must hold numbers"),
    ],
)
def test_mistakes_in_weights(weights: Any, text: str) -> None:
    with pytest.raises(MetareviewError, match=text):
        mr.regress("yi ~ ablat", BCG, weights=weights)


def test_what_supposes_inverse_variances_refuses() -> None:
    result = mr.regress("yi ~ ablat", BCG, tau2="ML", weights="equal")
    plain = mr.regress("yi ~ 1", BCG, tau2="ML")
    mean = mr.pool(BCG["yi"], BCG["vi"], weights="equal")
    for act in (
        mr.blup, mr.influence, mr.profile, mr.bootstrap, mr.gosh, mr.qq, mr.permutation_test,
        lambda r: mr.likelihood_ratio(r, plain), lambda _: mr.permutation_test(mean),
    ):  # fmt: skip
        with pytest.raises(MetareviewError, match="weights"):
            act(result)
    assert mr.regress("yi ~ ablat", BCG, weights="equal", crosscheck=True).crosscheck == {}


def test_robust_errors_are_those_of_the_weights() -> None:
    result = mr.pool(BCG["yi"], BCG["vi"], weights=np.resize(NUMBERS, 13))
    close(mr.robust(result, np.arange(13)).estimate, [result.estimate], 1e-12)
    assert mr.wild_bootstrap(result, np.arange(13), "Intercept", replications=99).estimate == pytest.approx(
        result.estimate
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e3), st.floats(0.01, 100.0))
def test_order_and_scale_of_weights_and_effects(seed: int, c: float, s: float) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(4, 12))
    data = pd.DataFrame({"yi": rng.normal(size=k), "vi": rng.uniform(0.05, 1.0, k), "x": rng.normal(size=k)})
    w, turn = rng.uniform(0.1, 10.0, k), rng.permutation(k)
    one = mr.regress("yi ~ x", data, weights=w, tau2="DL")
    other = data.iloc[turn].assign(yi=s * data["yi"], vi=s * s * data["vi"])
    two = mr.regress("yi ~ x", other, weights=c * w[turn], tau2="DL")
    np.testing.assert_allclose(two.estimate, s * one.estimate, rtol=1e-8, atol=1e-10 * s)
    np.testing.assert_allclose(two.cov, s * s * one.cov, rtol=1e-7, atol=1e-10 * s * s)
    np.testing.assert_allclose(two.weights, one.weights[turn], rtol=1e-12)
