"""What is asked of models of dependent effects, against metafor and clubSandwich (see reference/make_dependent_more.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.errors import MetareviewError

PINNED = json.loads((Path(__file__).parent / "reference" / "dependent_more.json").read_text(encoding="utf-8"))
CASES = {case["name"]: case for case in PINNED["cases"]}


def fit(case: dict[str, Any], **change: Any) -> Any:
    names = ("formula", "random", "struct", "method")
    given = {name: case[name] for name in names} | change
    return mr.multilevel(given.pop("formula"), pd.DataFrame(case["data"]), V=np.array(case["V"]), **given)


def close(got: Any, expected: Any, tolerance: float = 1e-6) -> None:
    expected = np.atleast_1d(np.asarray(expected, dtype=float))
    np.testing.assert_allclose(np.asarray(got, dtype=float), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", CASES)
def test_predictions_contrasts_terms_and_inflation_are_those_of_metafor(name: str) -> None:
    case, expected = CASES[name], CASES[name]["fit"]
    found = fit(case)
    close(found.estimate, expected["estimate"])
    there = found.predict(case["newdata"])
    close(there.estimate, expected["pred"])
    close(there.se, expected["pred_se"])
    for bound in ("ci_low", "ci_high", "pi_low", "pi_high"):
        close(getattr(there, bound), expected[bound])
    if case["L"]:
        tested = found.wald(case["L"])
        close(tested.estimate, expected["contrast"])
        close(tested.se, expected["contrast_se"])
        close(tested.p_value, expected["contrast_p"])
        close(tested.QM, expected["contrast_QM"])
        close(tested.QM_p, expected["contrast_QM_p"])
        close(found.anova()["QM"], expected["term_QM"])
        close(found.anova()["QM_p"], expected["term_p"])
        close(found.vif()["GVIF"], expected["gvif"])


@pytest.mark.parametrize("name", CASES)
def test_random_effects_are_those_of_metafor(name: str) -> None:
    found = mr.blup(fit(CASES[name]))
    assert len(found.random) == len(CASES[name]["fit"]["ranef"])
    for own, other in zip(found.random.values(), CASES[name]["fit"]["ranef"], strict=True):
        theirs = {" | ".join(part.strip() for part in level.split("|")): n for n, level in enumerate(other["levels"])}
        order = [theirs[level] for level in own.levels]
        assert len(order) == len(theirs)
        for ours, column in (("estimate", "estimate"), ("se", "se"), ("low", "low"), ("high", "high")):
            close(getattr(own, ours), np.array(other[column])[order], 2e-6)


def test_true_effects_are_the_mean_and_the_random_effects_with_their_joint_error() -> None:
    case = CASES["assink_che"]
    found = fit(case)
    told = mr.blup(found)
    X, V, W = found.working.X, np.array(case["V"]), None
    study = pd.factorize(pd.DataFrame(case["data"])["study"])[0]
    between, within = found.components.values()
    C = between * np.equal.outer(study, study) + within * np.eye(len(study))
    W = np.linalg.inv(C + V)
    M = np.linalg.inv(X.T @ W @ X)
    A = C @ W
    R = X - A @ X
    close(told.estimate, X @ found.estimate + A @ (found.yi - X @ found.estimate), 1e-9)
    close(told.se, np.sqrt(np.diag(C - A @ C + R @ M @ R.T)), 1e-9)
    assert list(told.to_frame().columns) == ["label", "estimate", "se", "low", "high"]
    assert set(told.random_frame()["term"]) == {"study", "study/esid"}


def test_of_one_effect_a_study_predictions_are_those_of_pool() -> None:
    data = pd.DataFrame(CASES["konstantopoulos_mean"]["data"]).iloc[:20]
    plain = mr.pool(data["yi"], data["vi"], test="z")
    levels = mr.multilevel("yi ~ 1", data, random="1 | effect", test="z")
    one, other = mr.blup(plain), mr.blup(levels)
    for name in ("estimate", "se", "low", "high"):
        close(getattr(other, name), getattr(one, name), 1e-8)
    close(other.random["effect"].estimate, one.deviation, 1e-8)
    close(other.random["effect"].se, one.deviation_se, 1e-8)
    assert mr.fit_statistics(levels).AICc == pytest.approx(mr.fit_statistics(plain).AICc, rel=1e-9)


@pytest.mark.parametrize("pinned", PINNED["ratios"], ids=lambda pinned: pinned["name"])
def test_likelihood_ratios_are_those_of_metafor(pinned: dict[str, Any]) -> None:
    case = CASES[pinned["set"]]
    full, reduced = (fit(case, method=pinned["method"], **pinned[which]) for which in ("full", "reduced"))
    found = mr.likelihood_ratio(full, reduced)
    assert found.df == pinned["df"]
    close([found.chi2, found.p], [pinned["chi2"], pinned["p"]], 1e-5)
    close(found.log_likelihood, pinned["loglik"])
    close(found.AIC, pinned["AIC"])
    close(found.AICc, pinned["AICc"])
    told = mr.fit_statistics(full)
    assert (told.log_likelihood, told.AIC, told.likelihood) == (full.loglik, full.AIC, pinned["method"])
    assert told.gradient < 1e-4
    with pytest.raises(MetareviewError):
        mr.likelihood_ratio(reduced, full)


def test_models_that_cannot_be_compared_are_refused() -> None:
    case = CASES["assink_che"]
    full = fit(case, formula="yi ~ 1")
    for change, word in (
        ({"method": "ML", "formula": "yi ~ 1", "random": "1 | study"}, "no common likelihood"),
        ({"formula": "yi ~ year", "random": "1 | study"}, "moderators the full one has not"),
        ({"formula": "yi ~ 1", "random": "1 | deltype"}, "not nested"),
    ):
        with pytest.raises(MetareviewError, match=word):
            mr.likelihood_ratio(full, fit(case, **change))
    with pytest.raises(MetareviewError, match="REML cannot compare"):
        mr.likelihood_ratio(fit(case), fit(case, formula="yi ~ 1", random="1 | study"))
    other = mr.multilevel("yi ~ 1", pd.DataFrame(case["data"]), random="1 | study", rho=0.3)
    with pytest.raises(MetareviewError, match="different sampling covariances"):
        mr.likelihood_ratio(full, other)
    fewer = mr.multilevel("yi ~ 1", pd.DataFrame(case["data"])[1:], random="1 | study", rho=0.6)
    with pytest.raises(MetareviewError, match="different effects"):
        mr.likelihood_ratio(full, fewer)
    with pytest.raises(MetareviewError, match="independent of each other"):
        mr.likelihood_ratio(full, mr.pool(full.yi, full.vi))


def test_compound_symmetry_holds_the_nested_intercepts() -> None:
    case = CASES["konstantopoulos_cs"]
    whole, nested = fit(case), fit(case, random="1 | district/school")
    assert whole.loglik == pytest.approx(nested.loglik, abs=1e-7)
    found = mr.likelihood_ratio(whole, fit(case, random="1 | district"))
    assert found.df == 1 and "edge" in found.warnings[0]
    assert mr.likelihood_ratio(whole, fit(case, struct="ID")).warnings == ()


@pytest.mark.parametrize("pinned", PINNED["robust"], ids=lambda pinned: pinned["name"])
def test_robust_contrasts_and_predictions_are_those_of_clubsandwich(pinned: dict[str, Any]) -> None:
    found = mr.robust(fit(CASES[pinned["set"]]), pinned["cluster"])
    for got, expected in (
        (found.wald(pinned["L"]), pinned["contrasts"]),
        (found.predict(CASES[pinned["set"]]["newdata"]), pinned["predictions"]),
    ):
        kept = slice(None) if got.estimate.size == len(pinned["L"]) else slice(1, None)
        for own, other in (
            ("estimate", "estimate"),
            ("se", "se"),
            ("df", "df"),
            ("ci_low", "low"),
            ("ci_high", "high"),
        ):
            close(getattr(got, own)[kept], expected[other])
    close(found.wald(pinned["L"]).p_value, pinned["contrasts"]["p"])
    joint = found.wald(pinned["L"])
    if pinned["joint"]["F"] is not None:
        close([joint.QM, joint.QM_df2, joint.QM_p], [pinned["joint"][name] for name in ("F", "df2", "p")], 1e-5)
    terms = found.anova()
    for row, expected in zip(terms.itertuples(), pinned["terms"], strict=True):
        if expected["F"] is not None:
            close([row.QM, row.QM_df2, row.QM_p], [expected[name] for name in ("F", "df2", "p")], 1e-5)


def test_marginal_means_are_averaged_predictions() -> None:
    found = fit(CASES["assink_three_level"])
    means = found.marginal_means("deltype", at={"year": [2.0]})
    there = found.predict({"deltype": ["covert", "general", "overt"], "year": [2.0] * 3})
    close(means.means.estimate, there.estimate, 1e-12)
    close(means.means.se, there.se, 1e-12)
    close(means.differences().estimate[0], there.estimate[0] - there.estimate[1], 1e-12)
