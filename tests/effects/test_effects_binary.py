"""2x2 tables, matched pairs and person-time: zeros, impossible input, and identities between the measures."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats

from metareview.effects import tetrachoric, zeros
from metareview.effects.compute import effect_size
from metareview.effects.explain import explain
from metareview.effects.measure import Measure
from metareview.effects.registry import measures
from metareview.errors import MetareviewError


def family(*names: str) -> list[str]:
    return [m.name for m in measures().values() if m.family in names]


TABLES, PAIRS, RATES = family("two by two"), family("paired two by two"), family("person-time")
CELLS = {"ai": 7.0, "bi": 12.0, "ci": 9.0, "di": 5.0}
COUNTS = {"x1": 7.0, "t1": 12.0, "x2": 9.0, "t2": 5.0}


def refused(measure: str, **values: object) -> str:
    with pytest.raises(MetareviewError) as caught:
        effect_size(measure, **values)
    return str(caught.value)


def one(measure: str, **values: object) -> pd.Series:
    return effect_size(measure, **values).iloc[0]


def test_the_families_are_complete() -> None:
    assert set(TABLES) == {*("RR", "OR", "RD", "PETO", "AS", "PHI", "YUQ", "YUY", "RTET", "PBIT", "OR2DN", "OR2DL")}
    assert set(PAIRS) == {"MPRR", "MPOR", "MPRD", "MPORC", "MPPETO"}
    assert set(RATES) == {"IRR", "IRD", "IRSD"}


@pytest.mark.parametrize("measure", TABLES)
def test_impossible_tables_are_refused_by_row_and_column(measure: str) -> None:
    for name in CELLS:
        told = refused(measure, **CELLS | {name: [-1.0, 3.0]}, labels=["Stoke", "Leeds"])
        assert f"row 'Stoke', column '{name}': -1 is negative; counts are 0 or more" in told
        assert "Leeds" not in told
    short = {"ai": 7, "n1i": 6, "ci": 9, "n2i": 14}
    assert "column 'n1i': 6 is below the 7 events in ai" in refused(measure, **short)
    assert "column 'n2i': 0 is not above 0" in refused(measure, **short | {"n1i": 8, "ci": 0, "n2i": 0})
    nothing = refused(measure, **dict.fromkeys(CELLS, 0))
    assert "column 'ai': is 0 and so is bi: the arm has nobody in it" in nothing
    assert "column 'ci': is 0 and so is di: the arm has nobody in it" in nothing
    assert "'many' is not a number" in refused(measure, **CELLS | {"bi": "many"}, data=pd.DataFrame({"many": ["many"]}))


@pytest.mark.parametrize("measure", PAIRS)
def test_impossible_pairs_are_refused(measure: str) -> None:
    for name in CELLS:
        assert f"column '{name}': -1 is negative" in refused(measure, **CELLS | {name: -1})
    assert "there are no pairs" in refused(measure, **dict.fromkeys(CELLS, 0))
    assert "treatment-arm correction is not defined" in refused(measure, **CELLS, to="treatment_arm")


@pytest.mark.parametrize("measure", RATES)
def test_impossible_rates_are_refused(measure: str) -> None:
    for name, word in (("x1", "is negative"), ("t1", "is not above 0; an exposure is positive")):
        assert f"column '{name}': -1 {word}" in refused(measure, **COUNTS | {name: -1})
    assert "column 't2': 0 is not above 0; an exposure is positive" in refused(measure, **COUNTS | {"t2": 0})
    assert refused(measure, **dict.fromkeys(COUNTS, 0)).count("an exposure is positive") == 2
    assert "column 'phi': 0 is not above 0" in refused(measure, **COUNTS, phi=0)
    assert "treatment-arm correction is not defined" in refused(measure, **COUNTS, to="treatment_arm")


@pytest.mark.parametrize(
    "measure", [m for m in measures().values() if m.name in {*TABLES, *PAIRS}], ids=lambda m: m.name
)
def test_the_own_zero_rule_of_a_measure(measure: Measure) -> None:
    cells = CELLS | {"bi": 0.0}
    if measure.name == "RTET":
        assert "nothing is added" in refused("RTET", **cells)
    else:
        note = one(measure.name, **cells)["note"]
        assert (note == "") == (measure.zero_rule == "none")
    assert "0.5 added" in one(measure.name, **cells, to="only0")["note"]


@pytest.mark.parametrize("measure", ["OR", "PETO", "PHI", "YUQ", "YUY", "RTET", "PBIT", "OR2DN", "OR2DL"])
def test_a_table_with_an_empty_margin_says_nothing_whatever_is_added(measure: str) -> None:
    title = measures()[measure].title
    for empty, full in (("ai", "bi"), ("bi", "ai")):
        other = {"ai": "ci", "bi": "di"}
        table = {empty: 0, other[empty]: 0, full: 20, other[full]: 30}
        for rule in ("only0", "none"):
            told = refused(measure, **table, to=rule)
            assert f"column '{empty}': is 0 and so is {other[empty]}: the row says nothing about the" in told
            assert title[1:] in told
    assert "says nothing" in refused("RR", ai=0, bi=20, ci=0, di=30)
    assert one("RR", ai=20, bi=0, ci=30, di=0)["vi"] > 0


def test_studies_without_events_take_part_in_measures_made_for_that() -> None:
    arcsine = one("AS", ai=0, bi=20, ci=0, di=30)
    assert (arcsine["yi"], arcsine["vi"], arcsine["note"]) == (0, 1 / 80 + 1 / 120, "")
    root = one("IRSD", x1=0, t1=20, x2=0, t2=30)
    assert (root["yi"], root["vi"], root["note"]) == (0, 1 / 80 + 1 / 120, "")
    assert one("IRD", x1=0, t1=20, x2=0, t2=20, to="only0")["note"] == "0.5 added to all cells because of a zero"
    assert one("IRD", x1=0, t1=20, x2=4, t2=20)["yi"] == -0.2


def test_a_complete_association_has_no_variance_for_phi_and_is_refused() -> None:
    assert "the effect or its variance does not exist" in refused("PHI", ai=0, bi=10, ci=9, di=0)
    assert one("PHI", ai=0, bi=10, ci=9, di=3)["yi"] == pytest.approx(-90 / 14040**0.5)  # 10 * 12 * 9 * 13


def test_pairs_without_disagreement() -> None:
    agreed = {"ai": 10, "bi": 0, "ci": 0, "di": 10}
    for measure in ("MPORC", "MPPETO"):
        assert "column 'bi': is 0 and so is ci: the row says nothing about the odds ratio" in refused(measure, **agreed)
    assert one("MPRD", **agreed)["yi"] == one("MPRR", **agreed)["yi"] == 0
    assert one("MPPETO", ai=10, bi=4, ci=0, di=10)["yi"] == 2


def test_concordant_pairs_say_nothing_about_a_conditional_odds_ratio() -> None:
    for measure in ("MPORC", "MPPETO"):
        whole = one(measure, ai=0, bi=12, ci=5, di=40)
        alone = one(measure, bi=12, ci=5)
        assert (whole["yi"], whole["vi"], whole["note"]) == (alone["yi"], alone["vi"], "")


def test_the_treatment_arm_correction_by_hand() -> None:
    # Sweeting, Sutton & Lambert (2004): R = 12/4 = 3 controls a treated, so 1/(R+1) = 0.25 and R/(R+1) = 0.75
    table = {"ai": 0, "bi": 4, "ci": 3, "di": 9}
    found = one("OR", **table, to="treatment_arm")
    assert found["yi"] == pytest.approx(np.log(0.25 / 4.25) - np.log(3.75 / 9.75), abs=1e-14)
    assert found["vi"] == pytest.approx(1 / 0.25 + 1 / 4.25 + 1 / 3.75 + 1 / 9.75, abs=1e-14)
    assert found["note"] == "1 spread over the cells by the size of the arm because of a zero"
    assert one("RR", **table, to="treatment_arm")["yi"] == pytest.approx(np.log(0.25 / 4.5) - np.log(3.75 / 13.5))
    assert one("OR", **table, to="treatment_arm", add=0.1)["yi"] == pytest.approx(
        np.log(0.05 / 4.05) - np.log(3.15 / 9.15), abs=1e-14
    )
    assert one("OR", **CELLS, to="treatment_arm")["note"] == ""


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400))
def test_the_treatment_arm_correction_does_not_pull_and_is_a_half_for_equal_arms(n1: int, n2: int) -> None:
    odds = measures()["OR"]
    eventless = {name: np.array([float(n)]) for name, n in zip(CELLS, (0, n1, 0, n2), strict=True)}
    cells, _ = zeros.correct(odds, eventless, 0.5, "treatment_arm")
    assert odds.compute(cells).yi[0] == pytest.approx(0, abs=1e-12)
    table = {"ai": 0, "bi": n1 + 1, "ci": 1, "di": n1}
    assert one("OR", **table, to="treatment_arm")["yi"] == pytest.approx(one("OR", **table)["yi"])


def test_identities_between_measures() -> None:
    a, b, c, d = np.random.default_rng(2003).integers(1, 3000, (4, 300))
    found = {name: effect_size(name, ai=a, bi=b, ci=c, di=d) for name in (*TABLES, *PAIRS)}
    yi = {name: frame["yi"].to_numpy() for name, frame in found.items()}
    chi2 = [stats.chi2_contingency([[a[i], b[i]], [c[i], d[i]]], correction=False).statistic for i in range(300)]
    np.testing.assert_allclose(yi["PHI"] ** 2 * (a + b + c + d), chi2, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(yi["YUQ"], np.tanh(yi["OR"] / 2), atol=1e-12)
    np.testing.assert_allclose(yi["YUY"], np.tanh(yi["OR"] / 4), atol=1e-12)
    np.testing.assert_allclose(yi["OR2DL"], yi["OR"] * 0.5513288954217921)
    np.testing.assert_allclose(yi["OR2DN"] / yi["OR2DL"], np.pi / (1.65 * 3**0.5))
    for paired, plain in (("MPRR", "RR"), ("MPOR", "OR"), ("MPRD", "RD")):
        margins = effect_size(plain, ai=a + b, bi=c + d, ci=a + c, di=b + d)
        np.testing.assert_allclose(yi[paired], margins["yi"], atol=1e-12)
    np.testing.assert_allclose(yi["MPPETO"] ** 2 / found["MPPETO"]["vi"], (b - c) ** 2 / (b + c))  # McNemar's chi2
    assert (np.sign(yi["RTET"]) == np.sign(a * d - b * c)).all()


@settings(max_examples=100, deadline=None)
@given(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5), st.floats(-0.95, 0.95))
def test_the_tetrachoric_correlation_is_the_one_that_made_the_table(h: float, k: float, rho: float) -> None:
    p = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]], abseps=1e-12, releps=1e-12).cdf([h, k])
    density = tetrachoric.density(np.array([h]), np.array([k]), np.array([rho]))[0]
    found = tetrachoric.correlation(np.array([h]), np.array([k]), np.array([p]))[0]
    if density > 1e-6:
        assert found == pytest.approx(rho, abs=1e-12 / density + 1e-9)


def test_a_table_cut_at_the_medians_has_a_correlation_in_closed_form() -> None:
    assert one("RTET", ai=30, bi=20, ci=20, di=30)["yi"] == pytest.approx(np.sin(2 * np.pi * (0.3 - 0.25)), abs=1e-14)
    outside = np.array([0.0, 0.5, 0.6])
    assert np.isnan(tetrachoric.correlation(np.zeros(3), np.zeros(3), outside)).all()


def test_phi_multiplies_the_variance_of_rates_and_is_noted() -> None:
    for measure in RATES:
        plain, spread = one(measure, **COUNTS), one(measure, **COUNTS, phi=2.5)
        assert spread["yi"] == plain["yi"] and spread["vi"] == pytest.approx(2.5 * plain["vi"])
        assert (plain["phi_source"], spread["phi_source"]) == ("none", "given")


def test_phi_coefficient_says_which_variance_it_used() -> None:
    both = effect_size("PHI", **CELLS, vtype=["CS", "ST"])
    assert both["yi"][0] == both["yi"][1] and both["vi"][0] != both["vi"][1]
    assert "u*w" in both["rule"][0] and "s - g*p" in both["rule"][1]
    assert "s - g*p" in explain("PHI", **CELLS, vtype="ST")[0].text
    assert "'XX' is not one of CS, ST" in refused("PHI", **CELLS, data=pd.DataFrame({"vtype": ["XX"]}))


def test_explain_shows_the_numbers_of_an_iterated_measure() -> None:
    told = explain("RTET", **CELLS)[0]
    assert "tetrachoric(h, k, ai/n)" in told.text and r"\operatorname{tetrachoric}" in told.latex
    assert told.yi == pytest.approx(next(line.value for line in told.lines if line.name == "yi"), abs=1e-14)


def test_measures_that_assume_a_distribution_say_estimated() -> None:
    said = {name: one(name, **CELLS)["method"] for name in TABLES}
    assert {name for name, method in said.items() if method == "estimated"} == {"PBIT", "OR2DN", "OR2DL", "RTET"}


@pytest.mark.parametrize(("risk", "cox", "logistic"), [(0.05, 0.61, 0.56), (0.2, 0.51, 0.46), (0.3, 0.49, 0.45)])
def test_what_cut_normal_scores_half_a_deviation_apart_come_out_as(risk: float, cox: float, logistic: float) -> None:
    treated = stats.norm.cdf(stats.norm.ppf(risk) + 0.5)
    table = {"ai": 1000 * treated, "n1i": 1000, "ci": 1000 * risk, "n2i": 1000}
    assert one("PBIT", **table)["yi"] == pytest.approx(0.5, abs=1e-12)
    assert one("OR2DN", **table)["yi"] == pytest.approx(cox, abs=0.005)
    assert one("OR2DL", **table)["yi"] == pytest.approx(logistic, abs=0.005)
