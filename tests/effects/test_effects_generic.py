"""GEN and GENDIFF: how printed figures become an effect and a standard error, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metareview.effects.compute import effect_size
from metareview.effects.convert import convert
from metareview.effects.explain import explain
from metareview.errors import MetareviewError


def gen(**inputs: Any) -> pd.Series[Any]:
    return effect_size("GEN", **inputs).iloc[0]


@pytest.mark.parametrize(
    ("inputs", "yi", "sei", "method", "rule"),
    [
        (
            {"estimate": 1.42, "scale_reported": "ratio", "ci_low": 1.26, "ci_high": 1.61, "ci_level": 90},
            *(0.35066, 0.07451, "computed", "SE from the 90% interval on the log scale"),
        ),
        (
            {"estimate": -39, "scale_reported": "percent_change", "ci_low": -50, "ci_high": -28},
            *(-0.4943, 0.09302, "computed", "SE from the 95% interval on the log scale"),
        ),
        (
            {"estimate": -2.5842, "scale_reported": "percent_change", "se": 0.4158},
            *(
                -0.02618,
                0.00427,
                "estimated",
                "SE in percent / 100 divided by 1 + percent / 100 (delta method)",
            ),
        ),
        (
            {"estimate": 0.8, "scale_reported": "ratio", "se": 0.08},
            *(-0.22314, 0.1, "estimated", "SE of the ratio divided by the ratio (delta method)"),
        ),
        (
            {"estimate": -37, "scale_reported": "percent_change", "p": 0.07},
            *(-0.46204, 0.255, "estimated", "SE = |estimate| / quantile of the exact two-sided p (normal)"),
        ),
        (
            {"estimate": -0.5, "scale_reported": "log_ratio", "t": -2},
            *(-0.5, 0.25, "estimated", "SE = |estimate| / |t|"),
        ),
        (
            {"estimate": -0.151, "scale_reported": "log_ratio", "se": 0.033},
            -0.151,
            0.033,
            "computed",
            "SE as printed",
        ),
        (
            {"scale_reported": "ratio", "ci_low": 0.99, "ci_high": 1.34, "inverted": 1},
            -0.14131,
            0.07723,
            "estimated",
            "SE from the 95% interval on the log scale; "
            "estimate taken as the middle of the interval on the log scale; "
            "printed as control over treated, turned round",
        ),
        (
            {
                "estimate": 5.89,
                "scale_reported": "difference",
                "ci_low": 0.65,
                "ci_high": 11.14,
                "standardiser": 10,
            },
            *(0.589, 0.26761, "estimated", "SE from the 95% interval; divided by the SD 10"),
        ),
        (
            {"estimate": 2.2, "scale_reported": "difference", "p": 0.05, "df": 10},
            *(
                2.2,
                0.98737,
                "estimated",
                "SE = |estimate| / quantile of the exact two-sided p (t with 10 df)",
            ),
        ),
    ],
)
def test_each_rule(inputs: dict[str, Any], yi: float, sei: float, method: str, rule: str) -> None:
    found = gen(**inputs)
    assert found["yi"] == pytest.approx(yi, abs=6e-6)
    assert found["sei"] == pytest.approx(sei, abs=6e-6)
    assert (found["method"], found["rule"], found["note"]) == (method, rule, "")
    assert found["scale"] == ("linear" if inputs["scale_reported"] == "difference" else "log")


def test_the_ways_to_a_standard_error_have_an_order_and_the_rest_is_named() -> None:
    given = {
        "se": 0.1,
        "variance": 0.04,
        "ci_low": 0.2,
        "ci_high": 0.6,
        "z": 8.0,
        "t": 9.0,
        "chi2": 25.0,
        "f": 16.0,
        "p": 0.9,
    }
    estimate = {"estimate": 0.4, "scale_reported": "log_ratio"}
    expected = {"se": 0.1, "variance": 0.2, "ci_low": 0.4 / 3.919928, "z": 0.05, "t": 0.4 / 9, "chi2": 0.08, "f": 0.1}
    for used, sei in (expected | {"p": 0.4 / 0.1256613}).items():
        assert gen(**estimate, **given)["sei"] == pytest.approx(sei, rel=1e-6)
        given.pop(used)
        given.pop("ci_high" if used == "ci_low" else "", None)
    some = {"se": 0.1, "ci_low": 0.2, "ci_high": 0.6, "p": 0.9}
    assert gen(**estimate, **some)["rule"] == "SE as printed; interval, p also given, not used"


@pytest.mark.parametrize(
    ("inputs", "rule"),
    [
        ({"variance": 0.01}, "SE is the root of the variance"),
        (
            {"variance": 4, "scale_reported": "percentage_points"},
            "SE is the root of the variance; SE in percentage points",
        ),
        ({"se": 0.1, "scale_reported": "log10_ratio"}, "SE as printed, times ln(10)"),
        ({"se": 0.1, "scale_reported": "logit"}, "SE as printed, of a logit coefficient: a log odds ratio"),
        ({"p": 0.1, "scale_reported": "logit"}, "p (normal); logit coefficient: a log odds ratio"),
        ({"chi2": 4}, "SE = |estimate| / root of chi2 with 1 df"),
        ({"f": 4, "df": 20}, "SE = |estimate| / root of F with 1 df before the bar"),
        ({"z": 2}, "SE = |estimate| / |z|"),
    ],
)
def test_the_rules_of_the_rarer_figures(inputs: dict[str, Any], rule: str) -> None:
    assert rule in gen(**{"estimate": 0.4, "scale_reported": "log_ratio"} | inputs)["rule"]


def test_a_bound_of_p_is_never_taken_as_exact() -> None:
    effect = {"estimate": 0.7, "scale_reported": "ratio", "p": 0.05}
    below = gen(**effect, p_bound="below")
    assert below["sei"] == pytest.approx(-np.log(0.7) / 1.959964, rel=1e-6)
    assert below["method"] == "estimated"
    assert below["rule"] == "SE = |estimate| / quantile of the bound p < 0.05 (normal), the largest it can be"
    assert below["note"] == "p is a bound: this standard error is the largest it allows"
    for p in (0.049, 0.01, 1e-6):  # whatever p was, its SE is not above that of the bound
        assert gen(**effect | {"p": p})["sei"] < below["sei"]
    with pytest.raises(MetareviewError, match=r"'p': 0.05 is not exact but a bound from below \(p > 0.05\)"):
        gen(**effect, p_bound="above")
    with_se = gen(**effect, p_bound="above", se=0.2)
    assert with_se["rule"].startswith("SE of the ratio") and "not used" not in with_se["rule"]


@pytest.mark.parametrize("text", ["<0.05", "n.s.", "p<.001", "> .10"])
def test_a_bound_written_as_text_is_told_how_to_be_coded(text: str) -> None:
    with pytest.raises(MetareviewError) as caught:
        effect_size("GEN", estimate=[0.7], scale_reported=["ratio"], p=[text], labels=["Smith 2001"])
    told = "code p < 0.05 as p=0.05 with p_bound=below, and p > 0.05 or n.s. as p=0.05 with p_bound=above"
    assert f"row 'Smith 2001', column 'p': {text!r} is not a number; {told}" in str(caught.value)


def test_a_bound_beside_an_se_is_doubted_only_where_the_two_cannot_both_be() -> None:
    effect = {"estimate": [-0.5] * 4, "scale_reported": ["log_ratio"] * 4, "p": [0.05] * 4}
    found = effect_size("GEN", **effect, se=[0.1, 0.5, 0.1, 0.5], p_bound=["below", "below", "above", "above"])
    told = [bool(note) for note in found["note"]]
    assert told == [False, True, True, False]
    assert found["note"][1] == "the printed p implies a standard error 0.51 times this one"


def test_what_was_not_printed_is_estimated_and_noted() -> None:
    effect = {"estimate": -0.5, "scale_reported": "log_ratio", "se": 0.1}
    assert gen(**effect)["method"] == gen(**effect, read_from="printed")["method"] == "computed"
    for word, note in (("digitised", "digitised: read off a graph"), ("verbal", "taken from words")):
        found = gen(**effect, read_from=word)
        assert found["method"] == "estimated" and note in found["note"]
    with pytest.raises(MetareviewError, match="give one of them"):
        gen(estimate=-50, scale_reported="percent_change", read_from="verbal")
    arms = {"estimate_t": 1, "se_t": 1, "estimate_c": 0, "se_c": 1, "scale_reported": "difference"}
    assert "digitised" in effect_size("GENDIFF", **arms, read_from="digitised")["note"].iloc[0]


def test_rows_may_use_different_scales_and_ways() -> None:
    frame = pd.DataFrame(
        {
            "value": [0.5, -50, -0.7, 3],
            "kind": ["ratio", "percent_change", "log_ratio", "difference"],
            "lo": [0.25, -75, np.nan, np.nan],
            "hi": [1, 0, np.nan, np.nan],
            "err": [np.nan, np.nan, 0.2, 0.5],
        }
    )
    found = effect_size("GEN", data=frame, estimate="value", scale_reported="kind", ci_low="lo", ci_high="hi", se="err")
    np.testing.assert_allclose(found["yi"], [np.log(0.5), np.log(0.5), -0.7, 3])
    assert found["vi"][0] == pytest.approx(found["vi"][1])
    assert list(found["scale"]) == ["log", "log", "log", "linear"]


def test_a_literal_scale_serves_all_rows_and_a_column_of_that_name_wins() -> None:
    frame = pd.DataFrame({"estimate": [0.5, 0.8], "se": 0.1})
    assert list(effect_size("GEN", data=frame, scale_reported="ratio")["yi"]) == [np.log(0.5), np.log(0.8)]
    frame["ratio"] = ["log_ratio", "ratio"]
    assert list(effect_size("GEN", data=frame, scale_reported="ratio")["yi"]) == [0.5, np.log(0.8)]


def test_a_lopsided_interval_is_noted_and_not_refused() -> None:
    found = gen(estimate=-20, scale_reported="percent_change", ci_low=-22, ci_high=-8)
    assert found["note"] == "interval is more than 1.5 times lopsided" and found["yi"] == np.log(0.8)
    even = gen(estimate=0.5, scale_reported="ratio", ci_low=0.25, ci_high=1.0)
    assert even["note"] == ""
    barely = gen(estimate=1.0, scale_reported="difference", ci_low=0.0, ci_high=2.5)
    assert barely["note"] == ""


@pytest.mark.parametrize(
    ("inputs", "word"),
    [
        (
            {"estimate": 0.9, "ci_low": 0.95, "ci_high": 1.2},
            "'estimate': 0.9 lies outside its interval 0.95 to 1.2",
        ),
        (
            {"estimate": 0.9, "ci_low": 1.2, "ci_high": 0.8},
            "'ci_low': 1.2 is above ci_high 0.8: the interval is rev",
        ),
        (
            {"estimate": 0.9, "ci_low": 0.9, "ci_high": 0.9},
            "'ci_low': 0.9 equals ci_high: the interval has no width",
        ),
        ({"estimate": 0, "se": 0.1}, "'estimate': 0 is not above 0, which a ratio must be"),
        ({"estimate": 0.4, "ci_low": 0, "ci_high": 0.9}, "'ci_low': 0 is not above 0"),
        (
            {"estimate": -100, "se": 5, "scale_reported": "percent_change"},
            "'estimate': -100 is not above -100",
        ),
        ({"estimate": 0.9, "p": 0}, "'p': 0 is not between 0 and 1"),
        ({"estimate": 0.9, "p": 1}, "'p': 1 is not between 0 and 1"),
        ({"estimate": 0.9, "p": "<.05"}, "'p': '<.05' is not a number"),
        ({"estimate": 0.9, "se": -0.1}, "'se': -0.1 is not above 0; a standard error is positive"),
        ({"estimate": 0.9, "se": 0}, "'se': 0 is not above 0"),
        ({"estimate": 0.9}, "'se': is missing, and so are variance, ci_low and ci_high, z, t, chi2, f and p"),
        ({"estimate": 0.9, "ci_low": 0.8}, "'ci_high': is missing while ci_low is given"),
        ({"se": 0.1}, "'estimate': is missing, and there is no interval"),
        ({"estimate": 0.9, "t": 0}, "'t': is 0: no SE follows"),
        ({"estimate": 0.9, "chi2": 0}, "'chi2': is 0: no SE follows"),
        ({"estimate": 0.9, "chi2": -1}, "'chi2': -1 is below 0"),
        ({"estimate": 0.9, "f": 3.2, "df1": 3}, "'f': 3.2 tests 3 df at once: no SE of one effect follows"),
        ({"estimate": 0.9, "z": 2}, "'z': 2 has another sign than the effect"),
        ({"estimate": 0.9, "variance": 0}, "'variance': 0 is not above 0"),
        ({"estimate": 0.9, "p": 0.05, "p_bound": "about"}, "'p_bound': 'about' is not one of exact, below, above"),
        (
            {"estimate": 120, "se": 2, "scale_reported": "percentage_points"},
            "'estimate': 120 is beyond 100, which a difference of percentages cannot be",
        ),
        (
            {"estimate": 1.25, "ci_low": 0.7, "ci_high": 0.9},
            "'estimate': 1.25 lies outside its interval 0.7 to 0.9; 1/estimate lies inside it",
        ),
        (
            {"estimate": 0.3, "ci_low": -0.5, "ci_high": -0.1, "scale_reported": "log_ratio"},
            "'estimate': 0.3 lies outside its interval -0.5 to -0.1; -estimate lies inside it",
        ),
        (
            {"estimate": 25, "ci_low": -30, "ci_high": -10, "scale_reported": "percent_change"},
            "'estimate': 25 lies outside its interval -30 to -10; the inverse lies inside it",
        ),
        ({"estimate": 1, "p": 0.9}, "'estimate': 1 is no effect at all"),
        (
            {"estimate": 0.9, "ci_low": 0.8, "ci_high": 1, "ci_level": 0.95},
            "'ci_level': 0.95 is not a level in percent such as 95",
        ),
        ({"estimate": 0.9, "se": 0.1, "inverted": 2}, "'inverted': 2 is neither 0 nor 1"),
        (
            {"estimate": 0.9, "se": 0.1, "standardiser": 10},
            "'standardiser': is for scale_reported 'difference' only",
        ),
    ],
)
def test_impossible_figures_are_refused_by_row_and_column(inputs: dict[str, Any], word: str) -> None:
    frame = pd.DataFrame([{"scale_reported": "ratio"} | inputs])
    with pytest.raises(MetareviewError) as caught:
        effect_size("GEN", data=frame, labels=["Smith 2001"])
    assert "row 'Smith 2001', column " + word in str(caught.value)


def test_a_second_printed_figure_that_says_otherwise_is_noted() -> None:
    printed = {"estimate": [-0.5, -0.5, -0.5], "scale_reported": ["log_ratio"] * 3, "se": [0.1] * 3}
    found = effect_size("GEN", **printed, t=[-5.2, -2.5, np.nan], p=[np.nan, np.nan, 0.5])
    np.testing.assert_allclose(found["sei"], 0.1)
    assert list(found["note"]) == [
        "",
        "the printed t implies a standard error 2 times this one",
        "the printed p implies a standard error 7.4 times this one",
    ]
    by_ci = effect_size("GEN", estimate=[0.8], scale_reported=["ratio"], se=[0.08], ci_low=[0.4], ci_high=[1.6]).iloc[0]
    assert by_ci["sei"] == pytest.approx(np.log(4) / (2 * 1.959964), rel=1e-6)
    assert "the printed se implies a standard error 0.28 times this one" in by_ci["note"]
    assert by_ci["rule"].endswith("se also given, not used")
    difference = gen(estimate=-2, scale_reported="difference", se=1, ci_low=-9, ci_high=5)
    assert difference["sei"] == 1 and "the printed interval implies a standard error 3.6" in difference["note"]


def test_an_se_of_the_log_beside_a_ratio_is_told_by_its_interval() -> None:
    log_se = np.log(3.6 / 0.9) / (2 * 1.959964)
    printed = {"estimate": 1.8, "scale_reported": "ratio", "ci_low": 0.9, "ci_high": 3.6}
    said = "seems to be of the log"
    by_se, by_variance = gen(**printed, se=round(log_se, 2)), gen(**printed, variance=round(log_se**2, 3))
    assert said in by_se["note"] and "this variance seems to be of the log" in by_variance["note"]
    assert by_se["sei"] == by_variance["sei"] == pytest.approx(log_se, rel=1e-6)
    assert said not in gen(**printed, se=round(1.8 * log_se, 2))["note"]
    control = {"estimate_c": 1.0, "ci_low_c": 0.8, "ci_high_c": 1.25, "scale_reported": "ratio"}
    pair = {"estimate_t": 1.8, "ci_low_t": 0.9, "ci_high_t": 3.6} | control
    assert said in effect_size("GENDIFF", **pair, se_t=log_se)["note"].iloc[0]
    percent = convert("percent_change_to_log_ratio", percent=80, ci_low=-10, ci_high=260, se=log_se)
    assert said in percent["note"].iloc[0]
    change = {"percent": -50.0, "ci_low": -75.0, "ci_high": 0.0}
    assert "implies a standard error" in convert("percent_change_to_log_ratio", **change, se=10.0)["note"].iloc[0]


def test_a_zero_statistic_does_no_harm_beside_an_se() -> None:
    found = gen(estimate=0, scale_reported="log_ratio", se=0.1, t=0)
    assert (found["yi"], found["sei"], found["note"]) == (0, 0.1, "")
    assert gen(estimate=-0.5, scale_reported="log_ratio", se=0.1, t=0)["note"] == ""


def test_a_test_statistic_of_another_sign_is_refused() -> None:
    with pytest.raises(MetareviewError, match="'t': 2 has another sign than the effect"):
        effect_size("GEN", estimate=[0.5], scale_reported=["ratio"], t=[2.0])
    assert effect_size("GEN", estimate=[0.5], scale_reported=["ratio"], t=[-2.0])["yi"].iloc[0] < 0


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(MetareviewError, match="'odds' is not one of ratio, log_ratio"):
        effect_size("GEN", estimate=[0.5], scale_reported=["odds"], se=[0.1])
    with pytest.raises(MetareviewError, match="scale_reported='odds' is a text"):
        effect_size("GEN", estimate=0.5, scale_reported="odds", se=0.1)


def test_difference_of_two_printed_ratios() -> None:
    # an after/before ratio of 0.96 (0.93-0.99) in treated centres against 1.11 (1.08-1.14) in control centres
    arms = {"ci_low_t": 0.93, "ci_high_t": 0.99, "estimate_c": 1.11, "ci_low_c": 1.08, "ci_high_c": 1.14}
    found = effect_size("GENDIFF", estimate_t=0.96, scale_reported="ratio", **arms).iloc[0]
    assert found["yi"] == pytest.approx(-0.14518, abs=6e-6)
    assert found["sei"] == pytest.approx(0.02109, abs=6e-6)
    assert found["method"] == "estimated" and "independent" in found["rule"]
    with pytest.raises(MetareviewError, match="lies outside its interval"):
        effect_size("GENDIFF", estimate_t=1.5, scale_reported="ratio", **arms)
    lopsided = effect_size("GENDIFF", estimate_t=0.985, scale_reported="ratio", **arms).iloc[0]
    assert lopsided["note"] == "interval of the treated is more than 1.5 times lopsided"
    alone = {name: value for name, value in arms.items() if not name.endswith("_t")}
    by_se = effect_size("GENDIFF", estimate_t=0.96, se_t=0.02, scale_reported="ratio", **alone).iloc[0]
    both = effect_size("GENDIFF", estimate_t=0.96, se_t=0.5, scale_reported="ratio", **arms).iloc[0]
    assert both["sei"] == found["sei"] and "the printed se_t implies a standard error 33 times" in both["note"]
    assert "the SE of the treated and the interval of the control, turned to the log scale" in by_se["rule"]
    with pytest.raises(MetareviewError, match="'ci_low_c': is missing, and so is se_c"):
        effect_size("GENDIFF", estimate_t=1, se_t=1, estimate_c=1, scale_reported="ratio")


def test_the_formula_shown_is_that_of_the_row() -> None:
    frame = pd.DataFrame({"estimate": [0.5, -3.0], "scale_reported": ["ratio", "difference"], "se": [np.nan, 2.0]})
    by_interval, by_se = explain("GEN", frame.assign(ci_low=[0.25, np.nan], ci_high=[1, np.nan]))
    shown = [f"{line.name} = {line.symbols}" for line in by_interval.lines]
    assert shown == [
        "yi = ln(estimate)",
        "se = (ln(ci_high) - ln(ci_low))/(2*z(0.5 + ci_level/200))",
        "vi = se^2",
    ]
    assert [f"{line.name} = {line.numbers}" for line in by_se.lines] == ["yi = -3", "vi = 2^2"]
    assert "{ci}_{low}" in by_interval.latex


@pytest.mark.parametrize("measure", ["GEN", "GENDIFF"])
def test_many_rows_are_told_as_each_is_alone(measure: str) -> None:
    blocks = json.loads((Path(__file__).parent / "reference" / f"{measure}.json").read_text("utf-8"))
    cases = pd.DataFrame([case for block in blocks for case in block["cases"]]).drop(columns=["yi", "vi"])
    cases["read_from"] = (["printed", "digitised", "verbal"] * len(cases))[: len(cases)]
    together = effect_size(measure, data=cases)
    for row in range(len(cases)):
        alone = effect_size(measure, data=cases.iloc[[row]])
        pd.testing.assert_series_equal(together.iloc[row], alone.iloc[0], check_dtype=False)


def test_rows_that_are_alike_share_a_rule_however_many() -> None:
    many = pd.DataFrame({"estimate": [0.5, 0.8] * 5000, "scale_reported": "ratio", "p": [0.04, 0.3] * 5000})
    many["p_bound"] = ["below", "exact"] * 5000
    found = effect_size("GEN", data=many)
    assert found["rule"].nunique() == 2 and found["note"].nunique() == 2
    assert (found["rule"][::2] == found["rule"][0]).all()


def test_a_share_on_a_percent_scale_is_noted() -> None:
    said = "looks like a share given as a percentage"
    share = {"estimate": -0.2, "scale_reported": "percent_change", "ci_low": -0.4, "ci_high": 0.0}
    assert said in gen(**share)["note"]
    assert said not in gen(**(share | {"ci_low": -20}))["note"]
    assert said in gen(estimate=0.06, scale_reported="percentage_points", se=0.01)["note"]
    assert said not in gen(estimate=0.03, scale_reported="percentage_points", se=0.5)["note"]
    assert said not in gen(estimate=0.06, scale_reported="difference", se=0.01)["note"]
    arms = {"estimate_t": -0.2, "se_t": 0.05, "estimate_c": 0.1, "se_c": 0.05, "scale_reported": "percent_change"}
    assert said in effect_size("GENDIFF", **arms)["note"].iloc[0]
    assert said in convert("percent_change_to_log_ratio", percent=-0.2, se=0.05)["note"].iloc[0]


def test_a_bound_of_p_too_wide_to_say_anything_is_refused() -> None:
    bound = {"p": 0.5, "p_bound": "below"}
    with pytest.raises(MetareviewError, match=r"0\.5 is a bound too wide to say anything"):
        gen(estimate=0.8, scale_reported="ratio", **bound)
    with pytest.raises(MetareviewError, match="too wide"):
        effect_size("SMD", n1i=20, n2i=20, sign=1, **bound)
    with pytest.raises(MetareviewError, match="too wide"):
        convert("p_to_d", n1=20, n2=20, direction=["positive"], p=[0.5], p_bound=["below"])
    assert gen(estimate=0.8, scale_reported="ratio", p=0.1, p_bound="below")["sei"] > 0
