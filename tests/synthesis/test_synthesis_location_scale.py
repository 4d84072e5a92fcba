"""Location-scale models against metafor and an optimum found from dense matrices: reference/location_scale.json.

Coefficients to 1e-6 and likelihoods to 1e-9 of the dense optimum (its score is below 1e-7); standard errors of the scale to
1e-6 (numDeriv's Hessian). metafor's own figures carry its optimiser's looseness: 1e-3, or 1e-2 for the constrained one.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesis_cases import close, load

import metareview as mr
from metareview.errors import MetareviewError
from metareview.synthesis.scale_likelihood import Problem, evaluate

CASES = {case["name"]: case for case in load("location_scale")["cases"]}
LOOSE = {"log": 1e-3, "identity": 1e-2}


def fitted(name: str, test: str = "z", **options: Any) -> Any:
    case = CASES[name]
    return mr.location_scale(
        case["formula"], pd.DataFrame(case["data"]), scale=case["scale"], link=case["link"], tau2=case["method"], test=test,
        **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case["edge"]])
def test_the_optimum_is_that_of_the_dense_likelihood(name: str) -> None:
    case, result = CASES[name], fitted(name)
    assert case["score"] < 1e-6 and result.converged and not result.singular
    close(result.log_likelihood, case["ll"], 1e-9)
    close(result.alpha, case["alpha"], 1e-6)
    close(result.alpha_se, case["alpha_se"], 1e-6)
    close(result.estimate, np.atleast_1d(case["estimate"]), 1e-7)
    close(result.se, np.atleast_1d(case["se"]), 1e-7)
    assert np.max(np.abs(result.gradient)) < 1e-8


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("test", ["z", "t", "knha"])
def test_tests_are_metafors(name: str, test: str) -> None:
    case, result = CASES[name], fitted(name, test)
    theirs = next(fit for fit in case["metafor"] if fit["test"] == test)
    assert result.log_likelihood >= theirs["ll"] - 1e-9
    tolerance = LOOSE[case["link"]]
    names = {"estimate": "estimate", "se": "se", "p_value": "p", "QM": "QM", "QM_p": "QM_p", "QE": "QE"}
    if not case["edge"]:
        names |= {"alpha_se": "alpha_se", "alpha_p": "alpha_p", "QS": "QS", "QS_p": "QS_p"}
    for ours, other in names.items():
        np.testing.assert_allclose(getattr(result, ours), np.ravel(theirs[other]), rtol=tolerance, atol=tolerance)


def test_the_edge_of_the_identity_link_is_named() -> None:
    result = fitted("bangert_edge")
    assert result.singular and result.converged and np.isnan(result.alpha_se).all() and np.isnan(result.QS)
    assert any("tau2 is 0 for some effects" in text for text in result.warnings)
    assert result.tau2_i.min() == pytest.approx(0.0, abs=1e-12) and result.tau2_i.max() > 0.01
    close(result.alpha, CASES["bangert_edge"]["alpha"], 1e-3)


def test_a_group_without_heterogeneity_leaves_the_log_scale_undetermined() -> None:
    begg = next(case for case in load("moderators")["cases"] if case["name"] == "begg1989")["data"]
    result = mr.location_scale("yi ~ trt", pd.DataFrame(begg), scale="~ trt")
    assert result.singular and np.isnan(result.alpha_se).all()
    assert any("not determined" in text for text in result.warnings)
    assert np.isfinite(result.se).all() and result.tau2_i.min() < 1e-6 < result.tau2_i.max()


def test_without_scale_moderators_it_is_the_regression() -> None:
    data = pd.DataFrame(CASES["bangert_log"]["data"])
    for method in ("REML", "ML"):
        plain = mr.regress("yi ~ ni100 + meta", data, tau2=method)
        for link in ("log", "identity"):
            got = mr.location_scale("yi ~ ni100 + meta", data, link=link, tau2=method)
            close(got.tau2, plain.tau2, 1e-8)
            close(got.estimate, plain.estimate)
            close(got.se, plain.se)
            close([got.QM, got.QM_p, got.QE], [plain.QM, plain.QM_p, plain.QE])
            assert np.isnan(got.QS) and got.QS_df == 0
            test = mr.likelihood_ratio(fitted_ratio(data, method), got)
            assert test.df == 1 and test.chi2 > 0


def fitted_ratio(data: pd.DataFrame, method: str) -> Any:
    return mr.location_scale("yi ~ ni100 + meta", data, scale="~ wic", tau2=method)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_derivatives_are_those_of_the_likelihood(seed: int, restricted: bool, log: bool) -> None:
    rng = np.random.default_rng(seed)
    k = 15
    X, Z = (np.column_stack([np.ones(k), rng.normal(size=k)]) for _ in range(2))
    v = rng.gamma(2, 0.1, k)
    alpha = np.array([-1.0, 0.3]) if log else np.array([6.0, 0.5])
    m = Problem(rng.normal(size=k), v, X, Z, restricted, log)
    at, h = evaluate(m, alpha), 1e-5
    for i in range(2):
        step = np.eye(2)[i] * h
        up, down = evaluate(m, alpha + step), evaluate(m, alpha - step)
        assert at.gradient[i] == pytest.approx((up.value - down.value) / (2 * h), rel=1e-5, abs=1e-7)
        np.testing.assert_allclose(at.hessian[i], (up.gradient - down.gradient) / (2 * h), rtol=1e-5, atol=1e-7)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.01, 100.0), st.randoms(use_true_random=False))
def test_units_and_order_do_not_matter(c: float, random: Any) -> None:
    data = pd.DataFrame(CASES["bangert_log"]["data"])
    order = list(range(len(data)))
    random.shuffle(order)
    one = mr.location_scale("yi ~ ni100", data, scale="~ ni100")
    moved = data.iloc[order].assign(yi=lambda d: c * d["yi"], vi=lambda d: c**2 * d["vi"])
    two = mr.location_scale("yi ~ ni100", moved, scale="~ ni100")
    np.testing.assert_allclose(two.estimate, c * one.estimate, rtol=1e-7)
    np.testing.assert_allclose(two.alpha, one.alpha + np.array([2 * np.log(c), 0.0]), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("seed", "link"), [(3, "log"), (10, "log"), (39, "log"), (58, "log"), (47, "identity")])
def test_scale_moderators_never_lower_the_likelihood(seed: int, link: str) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(8, 40))
    data = pd.DataFrame({"vi": rng.gamma(1, 0.2, k) + 0.01, "x": rng.normal(size=k), "b": rng.integers(0, 2, k) * 1.0})
    spread = data["vi"] + np.exp(-1 + rng.normal() * data["x"])
    data["yi"] = rng.normal(size=k) * np.sqrt(spread)
    for method in ("ML", "REML"):
        less = mr.location_scale("yi ~ x", data, link=link, tau2=method).log_likelihood
        more = mr.location_scale("yi ~ x", data, scale="~ x + b", link=link, tau2=method).log_likelihood
        assert more >= less - 1e-8


def test_predictions_widen_where_effects_differ_more() -> None:
    result = fitted("bangert_log")
    got = result.predict({"ni100": [0.5, 3.0]})
    assert np.diff(got.pi_high - got.pi_low)[0] < 0 and got.warnings == ()
    own = result.predict()
    assert own.estimate.size == result.k and own.to_frame()["ni100"].size == result.k
    with pytest.raises(MetareviewError, match="no column ni100"):
        result.predict({"meta": [1.0]})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"link": "probit"}, "no link 'probit'"),
        ({"test": "adhoc"}, "no test 'adhoc'"),
        ({"tau2": "DL"}, "not fitted by DL"),
        ({"scale": "wic"}, "are formulas"),
        ({"scale": "~ nothing"}, "no column nothing"),
        ({"scale": "~ 0 + centred", "link": "identity"}, "No scale coefficients"),
    ],
)
def test_mistakes_are_told(options: dict[str, Any], said: str) -> None:
    data = pd.DataFrame(CASES["bangert_log"]["data"])
    data["centred"] = data["ni100"] - data["ni100"].mean()
    with pytest.raises(MetareviewError, match=said):
        mr.location_scale("yi ~ ni100", data, **options)
    with pytest.raises(MetareviewError, match="4 effects cannot estimate"):
        mr.location_scale("yi ~ ni100", data.iloc[:4], scale="~ ni100")


def test_rows_without_a_scale_moderator_are_left_out_and_equal_effects_fit() -> None:
    data = pd.DataFrame(CASES["bangert_log"]["data"])
    holes = data.assign(wic=data["wic"].where(data.index != 3), ni100=data["ni100"].where(data.index != 5))
    got = mr.location_scale("yi ~ ni100", holes, scale="~ wic")
    whole = mr.location_scale("yi ~ ni100", data.drop([3, 5]), scale="~ wic")
    assert dict(got.excluded) == {"4": "missing wic", "6": "missing ni100"} and got.k == len(data) - 2
    close(got.alpha, whole.alpha)
    assert json.loads(json.dumps(got.to_dict()))["excluded"] and "2 of" in got.warnings[-1]
    same = mr.location_scale("yi ~ 1", data.assign(yi=0.3), scale="~ wic")
    assert same.singular and same.estimate[0] == pytest.approx(0.3) and same.test == "z"
    assert "QS=nan" in repr(same) and len(same.to_frame()) == 3 and "<table" in same._repr_html_()
