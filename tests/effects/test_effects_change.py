"""Change within a group and pre-post-control: published values, what a paper may print instead of r, and simulation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from paired_samples import paired

from metareview.effects.compute import effect_size
from metareview.effects.explain import explain
from metareview.effects.registry import find_measure
from metareview.errors import MetareviewError

SHARED = Path(os.environ.get("METAREVIEW_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))
# Morris (2008), table 5: five studies of training
MORRIS = pd.DataFrame(
    {
        "m_pre_t": [30.6, 23.5, 0.5, 53.4, 35.6],
        "m_post_t": [38.5, 26.8, 0.7, 75.9, 36.0],
        "sd_pre_t": [15.0, 3.1, 0.1, 14.5, 4.7],
        "ni_t": [20, 50, 9, 10, 14],
        "ri_t": [0.47, 0.64, 0.77, 0.89, 0.44],
        "m_pre_c": [23.1, 24.9, 0.6, 55.7, 34.8],
        "m_post_c": [19.7, 25.3, 0.6, 60.7, 33.4],
        "sd_pre_c": [13.8, 4.1, 0.2, 17.3, 3.1],
        "ni_c": [20, 42, 9, 11, 14],
        "ri_c": [0.47, 0.64, 0.77, 0.89, 0.44],
    }
)
ONE = {"m1i": 26.0, "m2i": 22.0, "sd1i": 5.5, "sd2i": 4.5, "ni": 60.0, "ri": 0.7}
ARMS = MORRIS.iloc[0].to_dict() | {"sd_post_t": 11.6, "sd_post_c": 14.8}
PEOPLE = {"x_pre_t": 40, "n_pre_t": 100, "x_post_t": 25, "n_post_t": 90} | {
    "x_pre_c": 38, "n_pre_c": 110, "x_post_c": 41, "n_post_c": 105
}  # fmt: skip


def refused(measure: str, **inputs: Any) -> str:
    with pytest.raises(MetareviewError) as caught:
        effect_size(measure, **inputs)
    return str(caught.value)


def one(measure: str, **inputs: Any) -> pd.Series[Any]:
    return effect_size(measure, **inputs).iloc[0]


# Printed in Morris (2008), table 5, to two decimals; to four as computed by an author of the shared data
def test_morris_2008_is_reproduced() -> None:
    found = effect_size("DPPC2", data=MORRIS)
    np.testing.assert_allclose(found["yi"], [0.77, 0.80, 1.20, 1.05, 0.44], atol=0.005)
    np.testing.assert_allclose(found["yi"], [0.7685, 0.8010, 1.2047, 1.0477, 0.4390], atol=5.1e-5)
    np.testing.assert_allclose(found["vi"], [0.1158, 0.0354, 0.1591, 0.0762, 0.1675], atol=5.1e-5)
    exact = effect_size("DPPC2", data=MORRIS, correction="exact")
    np.testing.assert_allclose(exact["yi"], [0.76845, 0.80099, 1.20452, 1.04763, 0.43893], atol=5.1e-6)


# Printed in metafor's test of its analysis of Morris (2008)
def test_standardised_changes_of_morris_2008_and_their_pooled_difference() -> None:
    def arm(a: str) -> pd.DataFrame:
        names = {"m1i": "m_post", "m2i": "m_pre", "sd1i": "sd_pre", "ni": "ni", "ri": "ri"}
        return effect_size("SMCR", data=MORRIS, **{name: f"{column}_{a}" for name, column in names.items()})

    treated, control = arm("t"), arm("c")
    np.testing.assert_allclose(treated["yi"], [0.5056, 1.0481, 1.8054, 1.4181, 0.0801], atol=5.1e-5)
    np.testing.assert_allclose(treated["vi"], [0.0594, 0.0254, 0.2322, 0.1225, 0.0802], atol=5.1e-5)
    np.testing.assert_allclose(control["yi"], [-0.2365, 0.0958, 0.0, 0.2667, -0.4250], atol=5.1e-5)
    found = effect_size("SMCRD", data=MORRIS)
    np.testing.assert_allclose(found["yi"], treated["yi"] - control["yi"], rtol=1e-12)
    np.testing.assert_allclose(found["vi"], treated["vi"] + control["vi"], rtol=1e-14)
    weights = 1 / found["vi"]
    assert np.average(found["yi"], weights=weights) == pytest.approx(0.9492, abs=5e-5)
    assert weights.sum() ** -0.5 == pytest.approx(0.1434, abs=5e-5)


def test_the_shared_morris_data_give_the_same() -> None:
    path = SHARED / "data" / "domain" / "morris2008_prepost_control.csv"
    if not path.exists():
        pytest.skip("shared data folder is absent")
    frame = pd.read_csv(path).rename(columns=str.lower)
    np.testing.assert_allclose(effect_size("DPPC2", data=frame)["yi"], frame["dppc2"], atol=5.1e-5)
    np.testing.assert_allclose(effect_size("DPPC2", data=frame)["vi"], frame["var_dppc2"], atol=5.1e-5)
    np.testing.assert_allclose(effect_size("SMCRD", data=frame)["yi"], frame["smcr_diff_yi"], atol=5.1e-5)
    np.testing.assert_allclose(effect_size("SMCRD", data=frame)["vi"], frame["smcr_diff_vi"], atol=5.1e-5)


@pytest.mark.parametrize("measure", ["MC", "SMCC", "SMCR", "SMCRH", "ROMC", "CVRC", "VRC"])
def test_the_sd_of_the_changes_or_the_paired_t_stand_for_the_correlation(measure: str) -> None:
    given = {name: ONE[name] for name in find_measure(measure).input_names if name in ONE}
    sd = np.sqrt(5.5**2 + 4.5**2 - 2 * 0.7 * 5.5 * 4.5)
    by_r = one(measure, **given)
    others: dict[str, float] = {"sd_change": sd} | ({} if measure == "VRC" else {"ti": 4 / (sd / np.sqrt(60))})
    for name, value in others.items():
        row = one(measure, **{n: v for n, v in given.items() if n != "ri"}, **{name: value})
        assert row["yi"] == pytest.approx(by_r["yi"], rel=1e-12)
        assert row["vi"] == pytest.approx(by_r["vi"], rel=1e-12)
        assert name in row["rule"] and row["method"] == "computed"
        # what is printed goes before a correlation that is only assumed
        assumed = one(measure, **given | {"ri": 0.1}, **{name: value}, ri_source="assumed")
        assert (assumed["vi"], assumed["method"]) == (row["vi"], "computed")


def test_an_assumed_correlation_makes_the_row_estimated() -> None:
    found = effect_size("SMCR", **ONE, ri_source=["reported", "computed", "assumed"])
    assert list(found["method"]) == ["computed", "computed", "estimated"]
    assert list(found["note"]) == ["", "", "the pre-post correlation is assumed"]
    assert found["rule"][2].endswith("(ri assumed)") and set(found["vi"]) == {found["vi"][0]}
    assert one("DPPC2", **ARMS, ri_source="assumed")["method"] == "estimated"
    assert one("DIDM", **ARMS, ri_source="assumed")["method"] == "estimated"
    different = {name: value for name, value in ARMS.items() if name[:3] not in ("ni_", "ri_")}
    sizes = {"n_pre_t": 20, "n_post_t": 25, "n_pre_c": 30, "n_post_c": 20}
    assert one("DIDM", **different, **sizes, ri_source="assumed")["method"] == "computed"
    assert "'guess' is not one of reported, computed, assumed" in refused("SMCR", **ONE, ri_source=["guess"])


def test_the_explanation_shows_how_the_correlation_came_about() -> None:
    told = explain("SMCRH", **{n: v for n, v in ONE.items() if n != "ri"}, ti=8.1)[0]
    assert told.lines[0].name == "sd_change" and told.lines[-1].name == "vi"
    assert told.lines[-1].value == told.vi
    assert "abs(ti)" in told.text and "ri  " not in told.text


@pytest.mark.parametrize(
    ("measure", "change", "word"),
    [
        ("SMCR", {"ri": 1.2}, "column 'ri': 1.2 is beyond 1"),
        ("SMCR", {"ri": -1.01}, "column 'ri': -1.01 is beyond 1"),
        ("MC", {"ri": np.nan}, "column 'ri': is missing; give it or sd_change or ti"),
        ("VRC", {"ri": np.nan}, "column 'ri': is missing; give it or sd_change"),
        ("MC", {"sd1i": 0}, "column 'sd1i': 0 is not above 0; a standard deviation"),
        ("MC", {"sd2i": np.nan}, "column 'sd2i': is missing; ri needs both standard deviations, or give sd_change"),
        ("SMCC", {"ni": 1}, "column 'ni': 1 is below 2"),
        ("SMCR", {"ri": np.nan, "sd_change": 12}, "column 'sd_change': 12 gives a correlation of -1.89"),
        ("ROMC", {"ri": np.nan, "ti": 2}, "column 'ti': 2 gives a correlation of -3.83"),
        ("SMCR", {"ri": np.nan, "sd_change": 3, "sd2i": np.nan}, "column 'sd2i': is missing; without ri both"),
        ("MC", {"ri": np.nan, "ti": 0}, "column 'ti': is 0: no standard deviation"),
        ("ROMC", {"m2i": 0}, "column 'm2i': 0 is not above 0; a ratio needs"),
        ("CVRC", {"m1i": -4}, "column 'm1i': -4 is not above 0; a ratio needs"),
        ("SMCRH", {"sd2i": np.nan}, "column 'sd2i': is missing"),
    ],
)
def test_impossible_changes_are_refused(measure: str, change: dict[str, float], word: str) -> None:
    given = {n: v for n, v in (ONE | change).items() if n in find_measure(measure).input_names}
    assert word in refused(measure, data=pd.DataFrame([given]))


@pytest.mark.parametrize(
    ("measure", "change", "word"),
    [
        ("DPPC2", {"ri_c": 1.4}, "column 'ri_c': 1.4 is beyond 1"),
        ("DPPC2", {"ni_t": 2, "ni_c": 2}, "4 people in the two arms are too few"),
        ("DPPC2", {"ri_c": np.nan}, "column 'ri_c': is missing; give it or sd_change_c"),
        ("SMCRD", {"sd_pre_t": 0}, "column 'sd_pre_t': 0 is not above 0"),
        ("SMCRD", {"ri_t": np.nan, "sd_change_t": 40}, "column 'sd_change_t': 40 gives a correlation of -3.56"),
        ("DIDM", {"ni_t": np.nan}, "column 'ni_t': is missing, and so are n_pre_t and n_post_t"),
        ("DIDM", {"n_pre_t": 10}, "column 'ni_t': is given and so is n_pre_t or n_post_t"),
        ("DIDM", {"ni_t": np.nan, "n_pre_t": 9}, "column 'n_post_t': is missing while the other one is given"),
        ("DIDM", {"ni_t": 1}, "column 'ni_t': 1 is below 2"),
        ("DIDM", {"sd_post_c": np.nan}, "column 'sd_post_c': is missing; ri_c needs both"),
        (
            "DIDM",
            {"ni_t": np.nan, "n_pre_t": 9, "n_post_t": 9, "sd_pre_t": np.nan},
            "column 'sd_pre_t': is missing; different people need both SDs",
        ),
        ("DIDP", {"x_pre_c": 120}, "column 'n_pre_c': 110 is below the 120 with the event in x_pre_c"),
        ("DIDP", {"x_pre_c": -1}, "column 'x_pre_c': -1 is negative"),
        ("DIDOR", {"n_post_t": np.nan}, "column 'n_post_t': is missing, and so is y_post_t"),
        ("DIDOR", {"y_post_t": 10}, "column 'n_post_t': 90 is not x_post_t plus y_post_t (25 + 10)"),
        ("DIDOR", {"x_pre_t": 0, "x_post_t": 0}, "column 'x_pre_t': is 0 and so is x_post_t"),
    ],
)
def test_impossible_groups_are_refused(measure: str, change: dict[str, float], word: str) -> None:
    given = {n: v for n, v in (ARMS | PEOPLE | change).items() if n in find_measure(measure).input_names}
    given = {n: v for n, v in given.items() if n not in PEOPLE or measure != "DIDM" or n in change}
    assert word in refused(measure, data=pd.DataFrame([given]))


def test_a_zero_is_corrected_for_odds_and_not_for_proportions() -> None:
    zero = PEOPLE | {"x_post_t": 0}
    assert one("DIDP", **zero)["note"] == ""
    assert one("DIDP", **zero)["yi"] == pytest.approx(-0.4 - (41 / 105 - 38 / 110))
    assert one("DIDOR", **zero)["note"] == "0.5 added to all cells because of a zero"
    assert "nothing is added" in refused("DIDOR", **zero, to="none")


def ratio(found: pd.DataFrame) -> float:
    """The mean variance over the variance of the effects."""
    return float(found["vi"].mean() / found["yi"].var())


def test_mean_variance_is_the_variance_of_simulated_pre_post_control_effects() -> None:
    rng = np.random.default_rng(2008)
    arms = {"t": (40, 0.6, 0.7), "c": (50, 0.1, 0.5)}
    drawn: dict[str, Any] = {}
    for arm, (n, change, r) in arms.items():
        names = ("m_pre", "m_post", "sd_pre", "sd_post", "ri")
        drawn |= dict(zip((f"{x}_{arm}" for x in names), paired(rng, 40_000, n, (0, change), (1, 1), r), strict=True))
        drawn[f"ni_{arm}"] = n
    found = effect_size("DPPC2", **drawn, correction="exact")
    assert found["yi"].mean() == pytest.approx(0.5, abs=0.01)
    assert ratio(found) == pytest.approx(1, abs=0.04)
    assert ratio(effect_size("DIDM", **drawn)) == pytest.approx(1, abs=0.03)


def test_mean_variance_is_the_variance_of_simulated_surveys() -> None:
    rng = np.random.default_rng(5)
    drawn: dict[str, Any] = {}
    for name, n, mean, p in (
        ("pre_t", 60, 3, 0.4),
        ("post_t", 50, 2, 0.3),
        ("pre_c", 80, 3, 0.5),
        ("post_c", 70, 3, 0.45),
    ):
        time, arm = name.split("_")
        drawn[f"m_{name}"] = rng.normal(mean, 1.5 / np.sqrt(n), 40_000)
        drawn[f"sd_{time}_{arm}"] = 1.5 * np.sqrt(rng.chisquare(n - 1, 40_000) / (n - 1))
        drawn[f"n_{name}"], drawn[f"x_{name}"] = n, rng.binomial(n, p, 40_000)
    means = {name: drawn[name] for name in find_measure("DIDM").input_names if name in drawn}
    people = {name: drawn[name] for name in find_measure("DIDP").input_names if name in drawn}
    assert ratio(effect_size("DIDM", **means)) == pytest.approx(1, abs=0.03)
    assert ratio(effect_size("DIDP", **people)) == pytest.approx(1, abs=0.04)
    assert ratio(effect_size("DIDOR", **people)) == pytest.approx(1, abs=0.04)


@pytest.mark.parametrize(
    ("n", "effect", "r", "spread"), [(10, 1.5, 0.3, 1.2), (10, 1.0, 0.7, 0.8), (20, 1.5, 0.3, 1.2)]
)
def test_bonetts_variance_is_nearer_to_the_truth_than_metafor_3_8(
    n: int, effect: float, r: float, spread: float
) -> None:
    pre, post, sd_pre, sd_post, rs = paired(np.random.default_rng(n), 60_000, n, (0, effect), (1, spread), r)
    found = effect_size("SMCRH", m1i=post, m2i=pre, sd1i=sd_pre, sd2i=sd_post, ni=n, ri=rs)
    d = (post - pre) / sd_pre
    j2 = float((found["yi"] / d).iloc[0]) ** 2
    metafor_3_8 = found["vi"] - j2 * (1 - j2) * d**2 / (2 * (n - 1))
    truth = found["yi"].var()
    assert found["yi"].mean() == pytest.approx(effect, abs=0.01)
    assert ratio(found) == pytest.approx(1, abs=0.08)
    assert metafor_3_8.mean() / truth < ratio(found) < 1.01


def test_the_corrected_ratios_are_nearer_to_the_truth() -> None:
    pre, post, sd_pre, sd_post, rs = paired(np.random.default_rng(2015), 200_000, 8, (4, 5), (0.6, 2.0), 0.5)
    given = {"m1i": post, "m2i": pre, "sd1i": sd_post, "sd2i": sd_pre, "ni": 8, "ri": rs}
    for measure, truth in (("ROMC", np.log(5 / 4)), ("CVRC", np.log((2 / 5) / (0.6 / 4)))):
        corrected, plain = (
            effect_size(measure, **given, correction=x)["yi"].mean() - truth for x in ("second_order", "none")
        )
        assert abs(corrected) < 0.25 * abs(plain)
        assert abs(plain) > 0.006


PAIRED = ["MC", "SMCC", "SMCR", "SMCRH", "ROMC", "CVRC"]


@pytest.mark.parametrize("measure", PAIRED)
def test_a_correlation_beyond_1_is_refused_by_every_measure(measure: str) -> None:
    told = refused(measure, **(ONE | {"ri": None, "sd_change": 11.0}))
    assert "'sd_change': 11 gives a correlation of -1.42 with these standard deviations" in told


@pytest.mark.parametrize("measure", PAIRED)
def test_a_t_that_contradicts_the_means_is_refused(measure: str) -> None:
    assert "'ti': -7 has another sign than m1i - m2i (26 - 22)" in refused(measure, **(ONE | {"ri": None, "ti": -7.0}))


@pytest.mark.parametrize("measure", PAIRED)
def test_figures_that_give_another_correlation_than_rounding_explains_are_noted(measure: str) -> None:
    said = "more than rounding explains"
    sd_change = round(float(np.sqrt(5.5**2 + 4.5**2 - 2 * 0.7 * 5.5 * 4.5)), 1)
    t = round(float(np.sqrt(60) * 4 / sd_change), 1)
    given = ONE | {"m1i": 26.13, "m2i": 22.13}
    fine = effect_size(measure, **given, sd_change=sd_change, ti=t).iloc[0]
    assert fine["note"] == ""
    for wrong in ({"sd_change": sd_change + 1}, {"ti": t + 2}):
        assert said in effect_size(measure, **given, **wrong)["note"].iloc[0]
    assumed = effect_size(measure, **given, ri_source="assumed", ti=t + 2).iloc[0]
    assert assumed["note"] == ""
