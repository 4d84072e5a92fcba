"""Likelihood ratios, permutation tests, model selection and common-tau2 subgroups: reference/regression_tests.json."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from synthesis_cases import close, load

import metareview as mr
from metareview.errors import MetareviewError
from metareview.synthesis.permutation import _arrangements

CASE = load("regression_tests")
BCG = pd.DataFrame(CASE["bcg"])


def fit(formula: str, data: pd.DataFrame = BCG, **options: Any) -> Any:
    return mr.regress(formula, data, **options) if formula else mr.pool(data["yi"], data["vi"], **options)


@pytest.mark.parametrize("case", CASE["permutations"], ids=lambda case: case["name"])
def test_exact_permutations_agree_with_permutest(case: dict[str, Any]) -> None:
    formula = case["formula"].replace("I(1 * (alloc == 'random'))", "chance")
    data = BCG.assign(chance=1.0 * (BCG["alloc"] == "random")).iloc[: case["rows"]]
    got = mr.permutation_test(fit(formula, data, test=case["test"]), exact=True)
    assert got.exact and got.failed == 0 and got.seed is None
    np.testing.assert_allclose(got.p_value, np.atleast_1d(case["p_value"]), rtol=1e-12)
    assert got.QM_p == pytest.approx(case["QM_p"], rel=1e-12)
    assert got.count == got.possible == case["count"]


def test_sampled_permutations_repeat_whatever_the_workers() -> None:
    result = fit("yi ~ ablat + year")
    one = mr.permutation_test(result, exact=False, permutations=5000, seed=4)
    two = mr.permutation_test(result, exact=False, permutations=5000, seed=4, workers=2)
    assert json.dumps(one.to_dict()) == json.dumps(two.to_dict())
    assert one.count == 5000 and not one.exact and one.possible == 6227020800  # two studies share latitude and year? no
    other = mr.permutation_test(result, exact=False, permutations=5000, seed=5)
    assert other.QM_p != one.QM_p and abs(other.QM_p - one.QM_p) < 0.02


def test_sampled_signs_are_near_the_exact_ones() -> None:
    result = fit("", test="z")
    exact, sampled = mr.permutation_test(result), mr.permutation_test(result, exact=False, permutations=4000)
    assert exact.kind == "signs" and exact.count == 8192
    assert abs(sampled.QM_p - exact.QM_p) < 0.004 and sampled.QM_p >= 1 / 4001


def test_few_rearrangements_are_said_and_too_many_refused() -> None:
    few = mr.permutation_test(mr.pool(BCG["yi"][:4], BCG["vi"][:4]))
    assert few.possible == 16 and "cannot fall below 0.125" in few.warnings[0] and few.p_value[0] >= 2 / 16
    with pytest.raises(MetareviewError, match="exact test needs"):
        mr.permutation_test(fit("yi ~ ablat + year"), exact=True)
    with pytest.raises(MetareviewError, match="test nothing"):
        mr.permutation_test(fit("yi ~ ablat + year"), permutations=0)


def test_every_arrangement_of_like_rows_is_made_once() -> None:
    made = _arrangements(np.array([0, 1, 1, 0, 2]))
    assert made.shape == (30, 5) and len(np.unique(made, axis=0)) == 30
    assert (np.sort(made, axis=1) == np.arange(5)).all()
    placed = {tuple(np.array([0, 1, 1, 0, 2])[np.argsort(row)]) for row in made}
    assert len(placed) == 30


def test_effects_that_do_not_differ_give_p_one_for_moderators() -> None:
    got = mr.permutation_test(mr.regress("yi ~ ablat", BCG.iloc[:6].assign(yi=0.3), test="z"))
    assert got.p_value[1] == pytest.approx(1.0) and got.exact


def test_likelihood_ratio_agrees_with_anova() -> None:
    case = CASE["likelihood_ratio"]
    got = mr.likelihood_ratio(fit(case["full"], tau2="ML"), fit(case["reduced"], tau2="ML"))
    close([got.chi2, got.p, *got.log_likelihood, *got.AICc], [case["chi2"], case["p"], *case["ll"], *case["AICc"]])
    assert got.df == 2 and got.method == "ML" and got.warnings == () and len(got.to_frame()) == 2
    assert "chi2(2)" in repr(got) and set(got.to_dict()) >= {"chi2", "AIC"} and "<table" in got._repr_html_()


def test_heterogeneity_by_likelihood_ratio_says_it_is_on_the_edge() -> None:
    for tau2 in ("ML", "REML"):
        got = mr.likelihood_ratio(fit("", tau2=tau2), fit("", tau2="FE"))
        assert got.df == 1 and "edge" in got.warnings[0] and got.method == tau2
    assert mr.likelihood_ratio(fit("yi ~ ablat", tau2="ML"), fit("", tau2="ML")).df == 1


@pytest.mark.parametrize(
    ("full", "reduced", "said"),
    [
        (("yi ~ ablat", "REML"), ("yi ~ 1", "REML"), "REML cannot compare"),
        (("yi ~ ablat", "ML"), ("yi ~ year", "ML"), "not nested"),
        (("yi ~ ablat", "DL"), ("yi ~ 1", "DL"), "no common likelihood"),
        (("yi ~ ablat", "ML"), ("yi ~ 1", "REML"), "no common likelihood"),
        (("yi ~ ablat", "ML"), ("yi ~ ablat", "ML"), "no parameter more"),
    ],
)
def test_models_that_cannot_be_compared(full: Any, reduced: Any, said: str) -> None:
    with pytest.raises(MetareviewError, match=said):
        mr.likelihood_ratio(fit(full[0], tau2=full[1]), fit(reduced[0], tau2=reduced[1]))
    with pytest.raises(MetareviewError, match="different effects"):
        mr.likelihood_ratio(fit("yi ~ ablat", tau2="ML"), fit("", BCG.iloc[1:], tau2="ML"))


def test_selection_agrees_with_a_table_by_hand() -> None:
    case = CASE["selection"]
    got = mr.select_models(f"yi ~ {' + '.join(case['names'])}", pd.DataFrame(case["data"]))
    order = np.argsort(case["AICc"])
    assert [" + ".join(model) for model in got.models] == [case["models"][i] for i in order]
    for ours, theirs in {"AICc": "AICc", "weight": "weight", "log_likelihood": "ll", "tau2": "tau2"}.items():
        close(getattr(got, ours), np.array(case[theirs])[order], 1e-7)
    for name in ("estimate", "se", "importance"):
        close(getattr(got, name), case[name], 1e-7)
    assert got.importance_by_term["wic"] == pytest.approx(case["importance"][2])
    assert got.weight.sum() == pytest.approx(1.0) and len(got.coefficients) == 7 and "64 models" in repr(got)
    assert json.loads(json.dumps(got.to_dict()))["k"] == got.k and "<table" in got._repr_html_()


def test_an_interaction_never_enters_without_its_terms() -> None:
    got = mr.select_models("yi ~ ablat * alloc", BCG)
    assert len(got.models) == 5 and ("ablat:alloc",) not in got.models
    best = mr.regress("yi ~ ablat", BCG, tau2="ML", test="z")
    assert got.models[0] == ("ablat",) and got.tau2[0] == pytest.approx(best.tau2)
    assert any("by chance" in text for text in got.warnings)


@pytest.mark.parametrize(
    ("formula", "said"), [("yi ~ 0 + ablat", "their intercept"), ("yi ~ 1", "no moderators to choose from")]
)
def test_selection_mistakes_are_told(formula: str, said: str) -> None:
    with pytest.raises(MetareviewError, match=said):
        mr.select_models(formula, BCG)


def test_subgroups_with_a_common_tau2_are_the_regression_on_the_group() -> None:
    case = load("regress_bcg_no_intercept")
    data = pd.DataFrame(case["data"])
    for pinned in case["fits"]:
        got = mr.subgroups(
            data["yi"], data["vi"], data["alloc"], tau2=pinned["method"], test=pinned["test"], tau2_by="common"
        )
        order = [got.names.index(name) for name in sorted(got.names)]
        for name in ("estimate", "se", "ci_low", "ci_high", "statistic", "p"):
            close([getattr(got.groups[i], name) for i in order], pinned[name])
        for group in got.groups:
            close(group.tau2, pinned["tau2"], 1e-6)
        assert got.QM_df == 2 and got.tested == got.names


def test_a_common_tau2_keeps_a_group_of_one_in_the_test() -> None:
    groups = ["a"] * 6 + ["b"] * 6 + ["c"]
    got = mr.subgroups(BCG["yi"], BCG["vi"], groups, tau2_by="common", test="z")
    assert got.Q_between == pytest.approx(got.QM) and got.tested == ("a", "b", "c") and got.single == ("c",)
    assert got["c"].se ** 2 == pytest.approx(BCG["vi"][12] + got["a"].tau2)
    with pytest.raises(MetareviewError, match="by 'study'"):
        mr.subgroups(BCG["yi"], BCG["vi"], groups, tau2_by="study")
    with pytest.raises(MetareviewError, match="nothing to estimate a common tau2"):
        mr.subgroups(BCG["yi"][:2], BCG["vi"][:2], ["a", "b"], tau2_by="common")
