"""Designs, contrasts, predictions and variance inflation against metafor: reference/moderators.json.

Tolerance 1e-8 relative to max(|value|, 0.01), 1e-7 where metafor's normal equations lose digits (interactions, splines and
squares of uncentred moderators): its score equation is checked in make_regression.R, its coefficients carry cond(X)^2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from synthesis_cases import close, load

import metareview as mr
from metareview.errors import MetareviewError

CASES = {case["name"]: case for case in load("moderators")["cases"]}
FITS = [
    pytest.param(name, fit, id=f"{name}-{fit['method']}-{fit['test']}")
    for name, case in CASES.items()
    for fit in case["fits"]
]
BCG = pd.DataFrame(CASES["bcg_interaction"]["data"])


def fitted(name: str, fit: dict[str, Any]) -> Any:
    case = CASES[name]
    return mr.regress(case["formula"], pd.DataFrame(case["data"]), tau2=fit["method"], test=fit["test"])


def same(actual: Any, expected: Any) -> None:
    close(actual, expected, 1e-7)


@pytest.mark.parametrize("name", CASES)
def test_the_design_is_that_of_r_and_new_data_get_the_same_basis(name: str) -> None:
    case = CASES[name]
    result = fitted(name, case["fits"][0])
    np.testing.assert_allclose(result.X, case["X"], rtol=0, atol=1e-9 * np.max(np.abs(case["X"])))
    new = result.design.evaluate(pd.DataFrame(case["newdata"]))
    np.testing.assert_allclose(new, case["Xnew"], rtol=0, atol=1e-9 * np.max(np.abs(case["X"])))


@pytest.mark.parametrize(("name", "fit"), FITS)
def test_coefficients_and_tests_of_terms(name: str, fit: dict[str, Any]) -> None:
    result = fitted(name, fit)
    for ours, theirs in {
        "estimate": "estimate",
        "se": "se",
        "p_value": "p",
        "QM": "QM",
        "QM_p": "QM_p",
        "QE": "QE",
    }.items():
        same(getattr(result, ours), fit[theirs])
    close(result.tau2, fit["tau2"], 1e-6)
    table = result.anova()
    same(table["QM"], np.atleast_1d(fit["term_QM"]))
    same(table["QM_p"], np.atleast_1d(fit["term_p"]))


@pytest.mark.parametrize(("name", "fit"), FITS)
def test_contrasts_and_predictions(name: str, fit: dict[str, Any]) -> None:
    case, result = CASES[name], fitted(name, fit)
    tested = result.wald(case["L"])
    for ours, theirs in {"estimate": "contrast", "se": "contrast_se", "p_value": "contrast_p"}.items():
        same(getattr(tested, ours), fit[theirs])
    same(tested.QM, fit["contrast_QM"])
    same(tested.QM_p, fit["contrast_QM_p"])
    got = result.predict(pd.DataFrame(case["newdata"]))
    for ours, theirs in {"estimate": "pred", "se": "pred_se"}.items():
        same(getattr(got, ours), fit[theirs])
    for end in ("ci_low", "ci_high", "pi_low", "pi_high"):
        same(getattr(got, end), fit[end])


@pytest.mark.parametrize(("name", "fit"), FITS)
def test_variance_inflation(name: str, fit: dict[str, Any]) -> None:
    result = fitted(name, fit)
    table = result.vif()
    same(table["GVIF"], np.atleast_1d(fit["gvif"]))
    alone = [block[0] - 1 for block in result.design.blocks.values() if len(block) == 1 and block[0] > 0]
    same(table.loc[table["df"] == 1, "GVIF"], np.atleast_1d(fit["vif"])[alone])
    np.testing.assert_allclose(table["GSIF"], table["GVIF"] ** (0.5 / table["df"]))


def test_there_are_thirteen_designs() -> None:
    assert len(CASES) == 13 and len(FITS) == 39


def test_names_mappings_and_matrices_say_the_same() -> None:
    result = mr.regress("yi ~ ablat + alloc", BCG)
    by_term, by_matrix = result.wald("alloc"), result.wald([[0, 0, 1, 0], [0, 0, 0, 1]])
    assert by_term.names == ("alloc[T.random]", "alloc[T.systematic]") and by_term.QM == by_matrix.QM
    assert pytest.approx(result.QM) == result.wald().QM and result.wald().QM_df == 3
    one = result.wald({"alloc[T.random]": 1, "alloc[T.systematic]": -1})
    assert pytest.approx(float(one.statistic[0]) ** 2) == one.QM
    shifted = result.wald("ablat", null=float(result.estimate[1]))
    assert pytest.approx(0.0, abs=1e-20) == shifted.QM and shifted.p_value[0] == pytest.approx(1.0)
    assert "F(2, 9)" in repr(by_term) and "<table" in by_term._repr_html_()
    assert set(by_term.to_dict()) >= {"matrix", "QM", "names"} and len(by_term.to_frame()) == 2


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("year", "no coefficient or term 'year'"),
        ([[1, 0]], "needs 4 weights"),
        ([[0, 0, 0, 0]], "all 0"),
        ([[0, 1, 0, 0], [0, 2, 0, 0]], "repeat each other"),
        ({"latitude": 1}, "no coefficient"),
    ],
)
def test_contrast_mistakes_are_told(what: Any, said: str) -> None:
    with pytest.raises(MetareviewError, match=said):
        mr.regress("yi ~ ablat + alloc", BCG).wald(what)


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ({"ablat": [20.0], "alloc": ["posted"]}, "has not seen alloc = 'posted'"),
        ({"ablat": [None], "alloc": ["random"]}, "lack ablat in row 1"),
        ({"ablat": [20.0]}, "no column alloc"),
        ({"ablat": [np.inf], "alloc": ["random"]}, "not finite"),
    ],
)
def test_new_data_the_model_cannot_use(new: Any, said: str) -> None:
    with pytest.raises(MetareviewError, match=said):
        mr.regress("yi ~ ablat + alloc", BCG).predict(new)


def test_beyond_a_spline_is_refused_and_beyond_the_studies_is_said() -> None:
    with pytest.raises(MetareviewError, match="beyond"):
        mr.regress("yi ~ bs(ablat, df=3)", BCG).predict({"ablat": [70.0]})
    far = mr.regress("yi ~ ablat", BCG).predict({"ablat": [20.0, 70.0]})
    assert "1 of 2 settings have ablat outside the studies' range, 13 to 55" in far.warnings[0]
    assert "extrapolates" in far.warnings[0] and mr.regress("yi ~ ablat", BCG).predict().warnings == ()


def test_predictions_of_the_equal_effects_model_have_no_prediction_interval() -> None:
    got = mr.regress("yi ~ ablat", BCG, tau2="FE").predict({"ablat": [20.0]})
    assert np.isnan(got.pi_low).all() and got.ci_low[0] < got.estimate[0]
    narrow = mr.regress("yi ~ ablat", BCG).predict({"ablat": [20.0]}, level=0.5)
    assert narrow.level == 0.5 and list(narrow.to_frame())[:2] == ["ablat", "estimate"]
    assert narrow.to_dict()["newdata"] == {"ablat": [20.0]} and "1 settings" in repr(narrow)


def test_marginal_means_are_averages_of_predictions() -> None:
    result = mr.regress("yi ~ ablat * alloc + C(year > 1960)", BCG)
    levels = ["alternate", "random", "systematic"]
    got = result.marginal_means("alloc", at={"year": [1950, 1970]})
    for i, level in enumerate(levels):
        grid = {"ablat": BCG["ablat"].mean(), "alloc": level, "year": [1950, 1970]}
        assert got.means.estimate[i] == pytest.approx(result.predict(pd.DataFrame(grid)).estimate.mean())
    assert list(got.levels["alloc"]) == levels and len(got.differences().names) == 3
    first = got.differences()
    assert first.estimate[0] == pytest.approx(got.means.estimate[0] - got.means.estimate[1])
    by_two = result.marginal_means(["alloc", "ablat"], at={"ablat": [20, 40], "year": 1970})
    assert len(by_two.to_frame()) == 6 and "6 means" in repr(by_two) and by_two.to_dict()["weights"] == "equal"


def test_proportional_marginal_means_weigh_by_frequency() -> None:
    frame = BCG.assign(late=np.where(BCG["year"] > 1960, "late", "early"))
    result = mr.regress("yi ~ alloc + late", frame)
    equal, share = (result.marginal_means("alloc", weights=w).means for w in ("equal", "proportional"))
    late = (frame["late"] == "late").mean()
    both = [result.predict({"alloc": ["random"], "late": [value]}).estimate[0] for value in ("early", "late")]
    assert equal.estimate[1] == pytest.approx(np.mean(both))
    assert share.estimate[1] == pytest.approx((1 - late) * both[0] + late * both[1])
    with pytest.raises(MetareviewError, match="no weights"):
        result.marginal_means("alloc", weights="none")
    with pytest.raises(MetareviewError, match="no moderator year"):
        result.marginal_means("year")


def test_designs_that_cannot_be_fitted_are_named() -> None:
    frame = BCG.assign(twice=2 * BCG["ablat"] + 1, same=3.0, one="a", thin=[f"t{i}" for i in range(13)])
    for formula, said in {
        "yi ~ ablat + twice": "twice is collinear with Intercept, ablat",
        "yi ~ ablat + same": "same is the same for every effect",
        "yi ~ ablat + one": "one is 'a' for every effect",
        "yi ~ thin": "13 effects cannot estimate 13 coefficients",
        "yi ~ ablat | year": "both sides",
    }.items():
        with pytest.raises(MetareviewError, match=said):
            mr.regress(formula, frame)
    with pytest.raises(MetareviewError, match="no moderators"):
        mr.regress("yi ~ 1", frame).vif()


def test_a_level_that_lost_its_rows_is_left_out_of_the_design() -> None:
    frame = BCG.assign(ablat=BCG["ablat"].where(BCG["alloc"] != "alternate"))
    result = mr.regress("yi ~ ablat + alloc", frame)
    assert result.terms == ("Intercept", "ablat", "alloc[T.systematic]") and len(result.excluded) == 2
    with pytest.raises(MetareviewError, match="has not seen alloc = 'alternate'"):
        result.predict({"ablat": [20.0], "alloc": ["alternate"]})


def test_equal_effects_everywhere() -> None:
    result = mr.regress("yi ~ ablat", BCG.assign(yi=0.25))
    assert result.tau2 == 0.0 and result.test == "z" and result.estimate[1] == pytest.approx(0.0, abs=1e-15)
    assert result.predict({"ablat": [30.0]}).estimate[0] == pytest.approx(0.25)
