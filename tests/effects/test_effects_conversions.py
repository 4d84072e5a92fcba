"""Conversions: against R, formula against code, there and back, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from metareview.effects.compute import effect_size
from metareview.effects.convert import convert
from metareview.effects.formula import evaluate, latex, names, steps, text
from metareview.effects.inputs import KINDS, read_inputs
from metareview.effects.measure import Conversion
from metareview.effects.registry import conversions, find_conversion, measures, notes_on
from metareview.errors import MetareviewError

REFERENCE = Path(__file__).parent / "reference_conversions"
BLOCKS = [pytest.param(json.loads(p.read_text("utf-8")), id=p.stem) for p in sorted(REFERENCE.glob("*.json"))]
# Their rules say more than the formula: which measure the link makes it, which paper and distribution.
TELLS_MORE = (
    "coefficient_to_effect",
    "mean_se_to_sd",
    "mean_ci_to_sd",
    "median_to_mean_sd_luo_wan",
    "median_to_mean_sd_qe",
)
ALL = [pytest.param(c, id=c.name) for c in conversions().values()]


def cases_of(block: dict[str, Any]) -> tuple[Conversion, pd.DataFrame, pd.DataFrame]:
    """The conversion, its inputs and its outputs."""
    conversion, cases = find_conversion(block["conversion"]), pd.DataFrame(block["cases"])
    outputs = [name for name, _ in conversion.outputs]
    return conversion, cases.drop(columns=outputs), cases[outputs]


@pytest.mark.parametrize("block", BLOCKS)
def test_conversion_agrees_with_its_reference_cases(block: dict[str, Any]) -> None:
    conversion, inputs, expected = cases_of(block)
    found = convert(conversion, data=inputs)
    for name in expected:
        # numerical derivatives, p values and chi-squared of raw data come with 10 digits or so
        np.testing.assert_allclose(
            found[name], expected[name], rtol=block.get("tolerance", 1e-8), atol=1e-10, err_msg=name
        )
    assert len(expected) >= 4 and block["source"] and block["version"]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_formula_that_is_shown_gives_what_is_converted(block: dict[str, Any]) -> None:
    conversion, inputs, _ = cases_of(block)
    found = convert(conversion, data=inputs)
    table = read_inputs(conversion, inputs, {}, None)
    for row in range(len(inputs)):
        values = {name: float(column[row]) for name, column in table.columns.items()}
        formula = conversion.formula if conversion.formula_of is None else conversion.formula_of(values)
        told = evaluate(formula, values, conversion.functions)
        if conversion.name not in TELLS_MORE:
            assert found["rule"].iloc[row] == formula
        for name, _ in conversion.outputs:
            assert told[name] == pytest.approx(found[name].iloc[row], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("conversion", ALL)
def test_conversion_says_what_it_is(conversion: Conversion) -> None:
    assert {block.values[0]["conversion"] for block in BLOCKS} == set(conversions())
    assert conversion.formula_id == f"{conversion.name}.v1"
    assert all(text(step) and latex(step) for _, step in steps(conversion.formula))
    given_names = set(conversion.input_names) | {name for name, _ in steps(conversion.formula)} | {"pi"}
    assert names(conversion.formula) <= given_names
    assert len(conversion.source.paper) > 10 and conversion.source.equation
    assert all(entry.kind in KINDS and entry.description for entry in conversion.inputs)
    assert not {name for name, _ in conversion.outputs} & set(conversion.input_names) - {
        "ai",
        "ci",
        "se",
        "ci_low",
        "ci_high",
    }
    assert conversion.method in ("computed", "estimated")


@pytest.mark.parametrize("calculation", [*measures().values(), *conversions().values()], ids=lambda c: c.name)
def test_a_p_comes_with_the_choice_of_a_bound(calculation: Conversion) -> None:
    kinds = {entry.kind for entry in calculation.inputs}
    assert "p" not in kinds or "p_bound" in calculation.input_names


THERE_AND_BACK = [
    ("d", "log_odds_ratio", "d_to_log_odds_ratio", "log_odds_ratio_to_d"),
    ("d", "log_odds_ratio", "d_to_log_odds_ratio_cox", "log_odds_ratio_to_d_cox"),
    ("d", "r", "d_to_r", "r_to_d"),
]


@pytest.mark.parametrize(("one", "other", "there", "back"), THERE_AND_BACK)
def test_there_and_back_is_where_it_began(one: str, other: str, there: str, back: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(st.floats(-3, 3), st.floats(0.001, 2), st.integers(2, 500), st.integers(2, 500))
    def round_trip(value: float, variance: float, n1: int, n2: int) -> None:
        sizes = {"n1": n1, "n2": n2} if "n1" in find_conversion(there).input_names else {}
        first = convert(there, **{one: value, variance_of(one): variance}, **sizes).iloc[0]
        again = convert(back, **{other: first[other], variance_of(other): first["variance"]}, **sizes).iloc[0]
        assert again[one] == pytest.approx(value, rel=1e-9, abs=1e-12)
        assert again["variance"] == pytest.approx(variance, rel=1e-9)

    round_trip()


def variance_of(name: str) -> str:
    return {"d": "vd", "r": "vr"}.get(name, f"v_{name}")


@settings(max_examples=40, deadline=None)
@given(st.floats(-2, 2), st.floats(0.001, 1), st.floats(0.01, 0.9))
def test_odds_and_risk_ratios_turn_into_each_other(log_odds_ratio: float, variance: float, risk: float) -> None:
    there = convert(
        "odds_ratio_to_risk_ratio", log_odds_ratio=log_odds_ratio, v_log_odds_ratio=variance, baseline_risk=risk
    ).iloc[0]
    again = convert(
        "risk_ratio_to_odds_ratio",
        log_risk_ratio=there["log_risk_ratio"],
        v_log_risk_ratio=there["variance"],
        baseline_risk=risk,
    ).iloc[0]
    assert again["log_odds_ratio"] == pytest.approx(log_odds_ratio, rel=1e-7, abs=1e-9)
    assert again["variance"] == pytest.approx(variance, rel=1e-7)
    assert abs(there["log_risk_ratio"]) <= abs(log_odds_ratio)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.2, 0.8), st.floats(0.2, 0.8))
def test_the_square_root_is_within_a_quarter_for_common_outcomes(p1: float, p0: float) -> None:
    log_odds_ratio = np.log(p1 / (1 - p1) * (1 - p0) / p0)
    found = convert("odds_ratio_to_risk_ratio_sqrt", log_odds_ratio=log_odds_ratio, v_log_odds_ratio=0.1).iloc[0]
    assert abs(found["log_risk_ratio"] - np.log(p1 / p0)) <= np.log(1.25) + 1e-9
    assert "1.25" in found["note"] and found["method"] == "estimated"


def test_percentages_turn_into_log_ratios_and_back() -> None:
    there = convert("percent_change_to_log_ratio", percent=[-20, 35], ci_low=[-35, 10], ci_high=[-1, 65])
    same = effect_size(
        "GEN", estimate=[-20, 35], scale_reported=["percent_change"] * 2, ci_low=[-35, 10], ci_high=[-1, 65]
    )
    np.testing.assert_allclose(there["variance"], same["vi"])
    again = convert("log_ratio_to_percent_change", data=there, v_log_ratio="variance")
    np.testing.assert_allclose(again["percent_change"], [-20, 35])
    assert list(there["method"]) == ["computed"] * 2
    assert convert("percent_change_to_log_ratio", percent=-20, se=5)["method"].iloc[0] == "estimated"


def test_a_table_is_solved_for_from_its_margins() -> None:
    # Finkenauer 1982: 19 of 46 treated and 4 of 35 controls; chi-squared of the table 8.7
    chi2 = 81 * (19 * 31 - 27 * 4) ** 2 / (46 * 35 * 23 * 58)
    margins = {"n1": 46, "n2": 35, "events": 23, "chi2": chi2}
    found = convert("chi2_to_log_odds_ratio", direction="positive", **margins).iloc[0]
    assert (found["ai"], found["ci"]) == pytest.approx((19, 4))
    assert np.exp(found["log_odds_ratio"]) == pytest.approx(5.45, abs=0.005)
    less = convert("chi2_to_log_odds_ratio", direction="negative", **margins).iloc[0]
    assert less["log_odds_ratio"] < 0


def test_a_bound_gives_the_effect_nearest_to_none_and_says_so() -> None:
    frame = pd.DataFrame(
        {"p": [0.05, 0.05], "p_bound": ["below", "exact"], "n1": 20, "n2": 20, "direction": "negative"}
    )
    found = convert("p_to_d", data=frame)
    assert found["d"][0] == found["d"][1] < 0
    assert list(found["note"]) == ["p is a bound: the effect is at least this far from none", ""]
    assert convert("p_to_d", data=frame.assign(p=0.001))["d"][1] < found["d"][0]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("p_to_r", {"p": [0.05], "p_bound": ["above"], "n": 30}, "column 'p': 0.05 is not exact but a bound from below"),
    ("p_to_d", {"p": ["n.s."], "n1": 20, "n2": 20}, "code p < 0.05 as p=0.05 with p_bound=below"),
    ("p_to_r", {"p": 0.05, "n": 2}, "column 'n': 2 is not above 2"),
    ("f_to_r", {"f": 3.0, "df1": 2, "df": 30}, "column 'df1': 2 is not 1: the F tests several effects at once"),
    ("f_to_d", {"f": 3.0, "df1": 2, "n1": 9, "n2": 9}, "column 'df1': 2 is not 1"),
    ("f_to_d", {"f": -3.0, "n1": 9, "n2": 9}, "column 'f': -3 is below 0"),
    ("f_to_d", {"f": 3.0, "n1": 9, "n2": 9, "direction": ["up"]}, "'up' is not one of positive, negative"),
    ("chi2_to_phi", {"chi2": 31, "n": 30}, "column 'chi2': 31 is not below n 30"),
    ("chi2_to_phi", {"chi2": 3, "n": 30, "df1": 4}, "column 'df1': 4 is not 1: the table is larger than two by two"),
    ("chi2_to_log_odds_ratio", {"n1": 9, "n2": 9, "events": 18, "chi2": 3}, "column 'events': 18 is not below the 18"),
    (
        "chi2_to_log_odds_ratio",
        {"n1": 9, "n2": 9, "events": 3, "chi2": 17},
        "column 'chi2': 17 does not fit these margins",
    ),
    ("z_to_r", {"z": 5, "n": 20}, "column 'z': 5 would be a correlation of 1 or more in 20 people"),
    ("r_to_d", {"r": 1, "vr": 0.1}, "column 'r': 1 is perfect"),
    ("r_to_d", {"r": 1.2, "vr": 0.1}, "column 'r': 1.2 is beyond 1"),
    ("d_to_r", {"d": 1, "vd": 0.1, "n1": 9}, "column 'n2': is missing while n1 is given"),
    ("r_to_fisher_z", {"r": -1, "n": 9}, "column 'r': -1 is perfect"),
    ("r_to_fisher_z", {"r": 0.1, "n": 3}, "column 'n': 3 is not above 3"),
    ("log_base", {"value": 1, "v_value": 1, "base": 1}, "column 'base': 1 is no base"),
    ("beta_to_r", {"beta": 0.6, "n": 50}, "column 'beta': 0.6 is beyond 0.5"),
    ("percent_change_to_log_ratio", {"percent": -100, "se": 5}, "column 'percent': -100 is not above -100"),
    ("percent_change_to_log_ratio", {"percent": -20}, "column 'se': is missing, and there is no interval"),
    (
        "percent_change_to_log_ratio",
        {"percent": 25, "ci_low": -30, "ci_high": -10},
        "column 'percent': 25 lies outside its interval -30 to -10; the inverse lies inside it",
    ),
    (
        "odds_ratio_to_risk_ratio",
        {"log_odds_ratio": 1, "v_log_odds_ratio": 1, "baseline_risk": 0},
        "column 'baseline_risk': 0 is no risk that can change",
    ),
    (
        "risk_ratio_to_odds_ratio",
        {"log_risk_ratio": 1, "v_log_risk_ratio": 1, "baseline_risk": 0.5},
        "column 'baseline_risk': 0.5 times the risk ratio is 1.35914: a risk stays below 1",
    ),
]


@pytest.mark.parametrize(("name", "inputs", "word"), REFUSED)
def test_what_cannot_be_converted_is_refused(name: str, inputs: dict[str, Any], word: str) -> None:
    frame = pd.DataFrame({key: np.atleast_1d(np.asarray(value, dtype=object)) for key, value in inputs.items()})
    if "direction" in find_conversion(name).input_names and "direction" not in frame:
        frame["direction"] = "positive"
    with pytest.raises(MetareviewError) as caught:
        convert(name, data=frame, labels=["Smith 2001"])
    assert "row 'Smith 2001', column " in str(caught.value) and word in str(caught.value)


def test_a_sign_is_never_assumed() -> None:
    for name in ("f_to_r", "f_to_d", "p_to_r", "p_to_d", "chi2_to_phi", "chi2_to_log_odds_ratio"):
        entry = next(entry for entry in find_conversion(name).inputs if entry.name == "direction")
        assert entry.required and entry.default is None


def test_contested_conversions_say_so_beside_each_row() -> None:
    found = convert("beta_to_r", beta=[0.2, -0.2], n=100)
    assert set(found["method"]) == {"estimated"} and found["note"].str.contains("contested").all()
    assert "Roth" in notes_on(find_conversion("beta_to_r"))
