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
from metareview.report.figures import registered
from metareview.synthesis.contrasts import wald

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


def small() -> pd.DataFrame:
    r = np.random.default_rng(4)
    study = np.repeat(np.arange(12), r.integers(1, 7, 12))
    vi = r.uniform(0.02, 0.2, study.size)
    yi = 0.3 + r.normal(0, 0.3, 12)[study] + r.normal(0, 0.2, study.size) + r.normal(0, np.sqrt(vi))
    return pd.DataFrame(
        {"study": study, "eff": np.arange(study.size), "yi": yi, "vi": vi, "x": r.normal(size=study.size)}
    )


def test_forest_and_funnel_draw_dependent_effects() -> None:
    data = small()
    levels, che = mr.multilevel("yi ~ 1", data, random="1 | study/eff"), mr.che("yi ~ 1", data, study="study")
    one = mr.che("yi ~ 1", data.drop_duplicates("study"), study="study")
    for found, words in (
        (levels, f"{len(data)} effects in 12 studies"),
        (che, f"{len(data)} effects in 12 studies"),
        (one, "12 studies"),
    ):
        assert mr.figures.forest(found) is not None and mr.figures.funnel(found) is not None
        for figure in ("forest", "funnel"):
            assert words in registered()[figure].alt_text(found)
    for found in (mr.che("yi ~ x", data, study="study"), mr.regress("yi ~ x", data), mr.robust(levels, data["study"])):
        for draw in (mr.figures.forest, mr.figures.funnel):
            with pytest.raises(MetareviewError, match="plot"):
                draw(found)


def test_what_is_for_independent_effects_says_so() -> None:
    data = small()
    levels = mr.multilevel("yi ~ 1", data, random="1 | study/eff")
    che = mr.che("yi ~ 1", data, study="study")
    sturdy = mr.robust(levels, data["study"])
    for found in (levels, che, sturdy):
        with pytest.raises(MetareviewError, match="independent of each other"):
            mr.permutation_test(found)  # type: ignore[arg-type]
        with pytest.raises(MetareviewError, match="one pooled mean"):
            mr.prediction_interval(found)  # type: ignore[arg-type]
    for ask in (mr.blup, mr.fit_statistics):
        with pytest.raises(MetareviewError, match="independent of each other"):
            ask(sturdy)
    with pytest.raises(MetareviewError, match="was fitted by REML"):
        mr.fit_statistics(levels, likelihood="ML")
    assert mr.fit_statistics(che).AIC == che.model.AIC
    with pytest.raises(MetareviewError, match="no coefficients"):
        wald(mr.pool(data["yi"], data["vi"]))


def test_che_takes_robust_contrasts_and_the_models_own_where_one_study_alone_tells() -> None:
    data = pd.DataFrame(CASES["assink_three_level"]["data"])
    found = mr.che("yi ~ deltype", data, study="study", bootstrap="never")
    there = found.predict({"deltype": ["covert", "general", "overt"]})
    np.testing.assert_allclose(there.se[0], found.model.se[0], rtol=1e-12)
    robust = mr.robust(found.model, data["study"]).predict({"deltype": ["covert", "general", "overt"]})
    np.testing.assert_allclose(there.se[1:], robust.se[1:], rtol=1e-12)
    np.testing.assert_allclose(np.asarray(there.df)[1:], np.asarray(robust.df)[1:], rtol=1e-12)
    assert any("rests on cluster" in w and "model's own error" in w for w in there.warnings)
    assert np.all(there.pi_low < there.ci_low)


def test_a_prediction_interval_that_is_not_told_says_why() -> None:
    found = fit(CASES["berkey_hcs"], formula="yi ~ y")
    there = found.predict({"y": [0.0, 2.0]})
    assert np.isnan(there.pi_low).all() and "no column outcome" in there.warnings[-1]
    told = found.predict({"y": [0.0, 2.0], "outcome": ["AL", "XX"]})
    assert np.isfinite(told.pi_low[0]) and np.isnan(told.pi_low[1]) and "outcome = XX" in told.warnings[-1]
    assert np.isfinite(found.predict().pi_low).all()


def test_an_impossible_sampling_covariance_is_refused() -> None:
    data = small()
    sizes = data.groupby("study").size()
    largest, m = sizes.idxmax(), sizes.max()
    for ask in (
        lambda: mr.multilevel("yi ~ 1", data, random="1 | study/eff", rho=-1 / (m - 1)),
        lambda: mr.che("yi ~ 1", data, study="study", rho=-0.9),
    ):
        with pytest.raises(MetareviewError, match=f"those of {largest} would") as told:
            ask()
        assert f"-1/{m - 1}" in (told.value.hint or "")
    mr.multilevel("yi ~ 1", data, random="1 | study/eff", rho=-0.99 / (m - 1))
    V = np.diag(data["vi"].to_numpy())
    rows = np.flatnonzero(data["study"] == largest)[:3]
    block = np.sqrt(np.outer(data["vi"].iloc[rows], data["vi"].iloc[rows]))
    V[np.ix_(rows, rows)] = block * (1.6 * np.eye(3) - 0.6)
    with pytest.raises(MetareviewError, match=f"effects of {largest} has a negative variance"):
        mr.multilevel("yi ~ 1", data, random="1 | study/eff", V=V)
    V[np.ix_(rows, rows)] = block
    assert any("V is singular" in w for w in mr.multilevel("yi ~ 1", data, random="1 | study/eff", V=V).warnings)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_components_that_cannot_be_told_are_named(scale: float) -> None:
    data = small().assign(yi=lambda d: d["yi"] * scale, vi=lambda d: d["vi"] * scale**2)
    one = data.drop_duplicates("study")
    apart = "sigma2[study] and sigma2[study/eff] cannot be told apart"
    for method in ("REML", "ML"):
        assert mr.multilevel("yi ~ 1", one, random="1 | study/eff", method=method).warnings[0].startswith(apart)
        assert (
            mr.multilevel("yi ~ 1", data.assign(eff=1), random="1 | study/eff", method=method)
            .warnings[0]
            .startswith(apart)
        )
        assert not mr.multilevel("yi ~ 1", data, random="1 | study/eff", method=method).warnings
    still = mr.multilevel("yi ~ 1", data.assign(time=1), random="time | study", struct="CAR")
    assert still.warnings[0].startswith("rho cannot be told from these effects")
    known = mr.multilevel("yi ~ 1", one, random="1 | study/eff", fixed={"sigma2[study/eff]": 0.0})
    assert not any("told" in w for w in known.warnings)


def test_a_correlation_of_outcomes_that_never_meet_is_named() -> None:
    data = small().assign(outcome=lambda d: np.where(d["study"] % 2, "a", "b"))
    for struct in ("UN", "HCS"):
        found = mr.multilevel("yi ~ 0 + outcome", data, random="outcome | study", struct=struct)
        assert found.warnings[0].startswith("rho") and "cannot be told from these effects" in found.warnings[0]


def test_a_large_unstructured_covariance_is_refused_before_it_is_fitted() -> None:
    def many(studies: int, outcomes: int) -> pd.DataFrame:
        r = np.random.default_rng(1)
        study = np.repeat(np.arange(studies), outcomes)
        yi = r.normal(0, 0.4, study.size) + r.normal(0, 0.3, studies)[study]
        return pd.DataFrame({"study": study, "outcome": np.tile(np.arange(outcomes), studies), "yi": yi, "vi": 0.05})

    for studies, outcomes in ((20, 20), (30, 20), (3, 3)):
        with pytest.raises(MetareviewError, match=f"{outcomes * (outcomes + 1) // 2} variances and covariances"):
            mr.multilevel("yi ~ 1", many(studies, outcomes), random="outcome | study", struct="UN")
    assert "3 variances" not in str(mr.multilevel("yi ~ 1", many(9, 2), random="outcome | study", struct="UN").warnings)
    assert "6 variances" in str(mr.multilevel("yi ~ 1", many(5, 3), random="outcome | study", struct="UN").warnings)
