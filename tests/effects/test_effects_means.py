"""Measures of two means beyond their reference cases: printed tests, stand-ins for means and SDs, options, bad input."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from metareview.effects.compute import effect_size
from metareview.effects.explain import explain
from metareview.effects.hedges import small_sample_correction
from metareview.errors import MetareviewError

MEANS = {"m1i": 10.0, "sd1i": 2.0, "n1i": 12, "m2i": 8.0, "sd2i": 3.0, "n2i": 15}
SIZES = {"n1i": 12, "n2i": 15}
ALL = ("MD", "SMD", "SMDH", "SMD1", "SMD1H", "ROM", "CVR", "VR", "GMR")


def one(measure: str, **inputs: Any) -> Any:
    return effect_size(measure, **inputs).iloc[0]


def refused(measure: str, **inputs: Any) -> str:
    with pytest.raises(MetareviewError) as caught:
        effect_size(measure, **inputs)
    return str(caught.value)


means = st.floats(-50, 50).map(lambda x: round(x, 3))
sds = st.floats(0.5, 30)
sizes = st.integers(2, 400)


@settings(max_examples=60, deadline=None)
@given(
    means,
    sds,
    sizes,
    means,
    sds,
    sizes,
    st.sampled_from(["LS", "LS2", "UB"]),
    st.sampled_from(["exact", "approximate"]),
)
def test_t_f_p_and_d_of_the_same_data_give_the_same_g(
    m1: float, sd1: float, n1: int, m2: float, sd2: float, n2: int, vtype: str, correction: str
) -> None:
    options = {"n1i": n1, "n2i": n2, "vtype": vtype, "correction": correction}
    direct = one("SMD", m1i=m1, sd1i=sd1, m2i=m2, sd2i=sd2, **options)
    pooled = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))
    d = (m1 - m2) / pooled
    t = d / np.sqrt(1 / n1 + 1 / n2)
    p = 2 * stats.t.sf(abs(t), n1 + n2 - 2)
    ways: list[dict[str, float]] = [{"di": d}, {"ti": t}]
    if t != 0:
        ways += [{"fi": t**2, "sign": np.sign(t)}, {"di": direct["yi"], "di_corrected": 1}]
    if 1e-250 < p < 0.999:
        ways.append({"p": p, "sign": np.sign(t)})
    for way in ways:
        other = one("SMD", **way, **options)
        assert other["yi"] == pytest.approx(direct["yi"], rel=1e-7, abs=1e-9)
        assert other["vi"] == pytest.approx(direct["vi"], rel=1e-7)
        assert other["method"] == "computed"


def test_the_rule_says_which_figure_was_used_and_what_was_not() -> None:
    assert one("SMD", **MEANS)["rule"].startswith("df = n1i + n2i - 2; sp = ")
    assert one("SMD", ti=2.1, p=0.046, **SIZES)["rule"].startswith(
        "d = t*sqrt(1/n1 + 1/n2) (Borenstein 2009); p also given, not used; yi = J(df) * d"
    )
    assert one("SMD", di=0.4, di_corrected=1, **SIZES)["rule"].startswith("g as printed, already corrected")
    assert "vi = J(df)^2 * (1/n1i" in one("SMD", di=0.4, vtype="LS2", **SIZES)["rule"]


def test_a_second_figure_that_rounding_does_not_explain_is_noted() -> None:
    t = 2.0 / np.sqrt((11 * 4 + 14 * 9) / 25 * (1 / 12 + 1 / 15))
    fine = one("SMD", **MEANS, ti=round(t, 2), p=round(2 * stats.t.sf(t, 25), 3), fi=round(t**2, 2))
    assert fine["note"] == ""
    exact = MEANS | {"m1i": 10.001, "m2i": 8.001, "sd1i": 2.001, "sd2i": 3.001}
    off = one("SMD", **exact, ti=-t, di=0.767)
    assert off["note"] == "ti gives d = -0.767, not 0.767: more than rounding explains"
    bound = one("SMD", **exact, p=0.05, p_bound="below")
    assert "p gives d = 0.798, not 0.767" in bound["note"]  # p = .058, so not below .05
    assert one("SMD", **exact, p=0.1, p_bound="below")["note"] == ""


def test_a_p_that_is_a_bound_is_never_taken_as_exact() -> None:
    bound = one("SMD", p=0.05, p_bound="below", sign=1, **SIZES)
    exact = one("SMD", p=0.05, sign=1, **SIZES)
    smaller = one("SMD", p=0.03, sign=1, **SIZES)
    assert bound["yi"] == exact["yi"] < smaller["yi"]
    assert (bound["method"], exact["method"]) == ("estimated", "computed")
    assert "p is a bound" in bound["note"] and "known to be below 0.05" in bound["rule"]
    assert "only known to be above 0.05: no effect follows" in refused("SMD", p=0.05, p_bound="above", sign=1, **SIZES)
    assert "'<.05' is not a number" in refused("SMD", p=["<.05"], sign=1, **SIZES)


def test_the_sign_of_f_and_p_comes_from_the_means_when_it_is_not_given() -> None:
    assert one("SMD", fi=4.0, m1i=3, m2i=5, **SIZES)["yi"] == one("SMD", fi=4.0, sign=-1, **SIZES)["yi"] < 0
    assert "'sign': is missing: fi has no direction" in refused("SMD", fi=4.0, **SIZES)
    assert "'sign': is missing: p has no direction" in refused("SMD", p=0.04, **SIZES)
    assert "2 is neither 1 nor -1" in refused("SMD", p=0.04, sign=2, **SIZES)
    assert "1 (given, or by the means) contradicts the sign" in refused("SMD", ti=-2.0, sign=1, **SIZES)
    assert "-2 is below 0" in refused("SMD", fi=-2.0, sign=1, **SIZES)
    nothing = refused("SMD", m1i=3, **SIZES)
    assert "'sd1i': is missing" in nothing and "and no di, ti, fi or p" in nothing


@pytest.mark.parametrize("measure", [name for name in ALL if name not in ("VR",)])
def test_stand_ins_give_what_the_means_and_sds_behind_them_give(measure: str) -> None:
    direct = one(measure, **MEANS)
    half = stats.t.ppf(0.95, 14) * 3.0 / np.sqrt(15)
    other = MEANS | {"sd1i": None, "sd2i": None, "m2i": None}
    filled = one(measure, **other, se1i=2.0 / np.sqrt(12), ci_low2i=8 - half, ci_high2i=8 + half, ci_level=90)
    assert filled["yi"] == pytest.approx(direct["yi"], rel=1e-12)
    assert filled["vi"] == pytest.approx(direct["vi"], rel=1e-12)
    assert filled["method"] == "estimated" and "m2i taken as the middle of its interval" in filled["rule"]
    if measure != "SMD1":
        assert "sd1i from se1i (Cochrane Handbook 6.5.2.2)" in filled["rule"]
    algebra = one(measure, **(MEANS | {"sd1i": None}), se1i=2.0 / np.sqrt(12))
    assert algebra["method"] == ("estimated" if measure == "GMR" else "computed")


@pytest.mark.parametrize("method", ["luo_wan", "qe"])
@pytest.mark.parametrize("measure", ALL)
def test_medians_are_estimated_explained_and_swap(measure: str, method: str) -> None:
    arm = {"med": 9.0, "q1_": 7.0, "q3_": 12.0, "min": 3.0, "max": 25.0}
    one_arm = {f"{name}1i": value for name, value in arm.items()}
    row = {**one_arm, "n1i": 40, "m2i": 8.0, "sd2i": 3.0, "n2i": 15, "median_method": method}
    told = explain(measure, **row)[0]
    assert told.method == "estimated"
    sd_used = measure != "SMD1"
    assert (
        "McGrath et al. 2020" if method == "qe" else "Shi et al. 2020" if sd_used else "Luo et al. 2018"
    ) in told.rule
    assert ("m1i" in told.rule.split(";")[0]) == (measure != "VR")
    found = one(measure, **row)
    worked = {line.name: line.value for line in told.lines}
    assert [worked["yi"], worked["vi"]] == pytest.approx([found["yi"], found["vi"]], rel=1e-9)
    swapped = {name.replace("1i", "9i").replace("2i", "1i").replace("9i", "2i"): value for name, value in row.items()}
    if measure not in ("SMD1", "SMD1H"):
        assert one(measure, **swapped)["yi"] == pytest.approx(-found["yi"], rel=1e-9)
        assert one(measure, **swapped)["vi"] == pytest.approx(found["vi"], rel=1e-9)


def test_given_means_and_sds_come_before_stand_ins_and_disagreement_is_noted() -> None:
    both = one("MD", **MEANS, se1i=2.0, med1i=9, q1_1i=8, q3_1i=11)
    assert (both["yi"], both["vi"]) == (2.0, one("MD", **MEANS)["vi"])
    assert both["note"] == "the printed se1i implies a standard deviation 3.5 times sd1i"
    assert one("MD", **MEANS, se1i=0.58)["note"] == ""
    kept = one("MD", m1i=10, n1i=12, med1i=9, q1_1i=8, q3_1i=11, m2i=8, sd2i=3, n2i=15)
    assert kept["yi"] == 2.0 and "m1i from" not in kept["rule"]


def test_signs_of_skew_and_of_another_scale_are_noted() -> None:
    base = MEANS | {"m1i": None, "sd1i": None, "n1i": 60}
    assert "arm 1: the summary is skewed" in one("MD", **base, med1i=5, q1_1i=4, q3_1i=20)["note"]
    assert one("MD", **base, med1i=11, q1_1i=4, q3_1i=20)["note"] == ""
    lopsided = one("MD", **(base | {"m1i": 10}), ci_low1i=9, ci_high1i=14)
    assert lopsided["note"] == "interval of m1i is more than 1.5 times lopsided"
    tail = one("MD", **base, med1i=7, q1_1i=3, q3_1i=29, median_method="qe")
    assert "the fitted distribution has a long tail" in tail["note"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sd1i": None}, "'sd1i': is missing, and there is no se1i, an interval ci_low1i to ci_high1i or a median"),
        ({"m2i": None}, "'m2i': is missing, and there is no an interval"),
        ({"se1i": 0.0}, "0 is not above 0; a standard error is positive"),
        ({"ci_low1i": 12, "ci_high1i": 9}, "12 is above ci_high1i 9: the interval is reversed"),
        ({"ci_low1i": 9, "ci_high1i": 9}, "9 equals ci_high1i: the interval has no width"),
        ({"ci_low1i": 9}, "'ci_high1i': is missing while ci_low1i is given"),
        ({"ci_low1i": 11, "ci_high1i": 12}, "10 lies outside its interval 11 to 12"),
        ({"q1_1i": 9, "q3_1i": 5}, "9 is above q3_1i 5: the summary is out of order"),
        ({"q1_2i": 5, "med2i": 9, "q3_2i": 8}, "9 is above q3_2i 8"),
        ({"min2i": 9, "max2i": 1}, "9 is above max2i 1"),
        ({"min2i": 6, "q1_2i": 5, "q3_2i": 8}, "6 is above q1_2i 5"),
        ({"q1_2i": 5, "q3_2i": 5}, "5 equals q3_2i: there is no spread"),
        ({"q1_2i": 5}, "'q3_2i': is missing while q1_2i is given"),
        ({"ci_level": 0.95}, "0.95 is not a level in percent"),
        ({"n1i": 1}, "1 is below 2"),
    ],
)
def test_impossible_stand_ins_are_refused(change: dict[str, Any], word: str) -> None:
    for measure in ("MD", "SMD", "CVR", "GMR"):
        assert word in refused(measure, **(MEANS | change))


def test_quantile_estimation_needs_five_people() -> None:
    row = {"med1i": 5, "q1_1i": 4, "q3_1i": 7, "n1i": 4, "m2i": 8.0, "sd2i": 3.0, "n2i": 15, "median_method": "qe"}
    assert "4 is below 5: too few for quantile estimation" in refused("MD", **row)


def test_measures_that_use_less_ask_for_less() -> None:
    vr = one("VR", sd1i=2, n1i=12, sd2i=3, n2i=15)
    assert vr["yi"] == one("VR", **MEANS)["yi"]
    assert one("SMD1", m1i=10, n1i=12, m2i=8, sd2i=3, n2i=15)["yi"] == one("SMD1", **MEANS)["yi"]
    for measure in ("CVR", "ROM", "GMR"):
        assert "-8 is not above 0" in refused(measure, **(MEANS | {"m2i": -8}))


def test_rom_notes_a_mean_near_zero_and_corrects_its_bias() -> None:
    near = one("ROM", **(MEANS | {"m2i": 1.5}))
    assert near["note"] == "m2i is only 1.9 standard errors above 0: its logarithm is unsteady"
    rng = np.random.default_rng(5)
    shape, draws = 1 / 0.64, 20000
    arms = [rng.gamma(shape, 1 / shape, (draws, n)) for n in (5, 20)]
    (m1, m2), (sd1, sd2) = ([x.mean(1) for x in arms], [x.std(1, ddof=1) for x in arms])
    row = {"m1i": m1, "sd1i": sd1, "n1i": 5, "m2i": m2, "sd2i": sd2, "n2i": 20}
    plain, corrected = (effect_size("ROM", **row, correction=c)["yi"] for c in ("none", "second_order"))
    assert plain.mean() == pytest.approx(-0.050, abs=0.01)
    assert abs(corrected.mean()) < 0.02


@pytest.mark.parametrize(("measure", "ratio"), [("SMDH", (0.93, 1.09)), ("SMD1H", (0.95, 1.12))])
def test_variances_by_bonett_times_the_squared_correction_are_right_in_small_groups(
    measure: str, ratio: tuple[float, float]
) -> None:
    rng = np.random.default_rng(11)
    for n1, n2, sd1, sd2 in ((8, 15, 2.0, 4.0), (10, 10, 1.0, 1.0), (20, 20, 2.0, 1.0)):
        row: dict[str, Any] = {"n1i": n1, "n2i": n2}
        for arm, n, sd, mean in (("1", n1, sd1, 1.0), ("2", n2, sd2, 0.0)):
            row[f"m{arm}i"] = mean + sd / np.sqrt(n) * rng.standard_normal(60000)
            row[f"sd{arm}i"] = sd * np.sqrt(rng.chisquare(n - 1, 60000) / (n - 1))
        found = effect_size(measure, **row)
        assert ratio[0] < found["vi"].mean() / found["yi"].var() < ratio[1]


def test_geometric_means_from_every_scale_agree() -> None:
    z, s = (1.2, 0.9), (0.4, 0.5)
    log = one("GMR", m1i=z[0], sd1i=s[0], m2i=z[1], sd2i=s[1], data_scale="log", **SIZES)
    ten = np.log(10)
    base = one(
        "GMR",
        m1i=z[0] / ten,
        sd1i=s[0] / ten,
        m2i=z[1] / ten,
        sd2i=s[1] / ten,
        data_scale="log",
        log_base="10",
        **SIZES,
    )
    printed = [np.exp(value) for value in (*z, *s)]
    geometric = one(
        "GMR", m1i=printed[0], m2i=printed[1], sd1i=printed[2], sd2i=printed[3], data_scale="geometric", **SIZES
    )
    m = [np.exp(a + b**2 / 2) for a, b in zip(z, s, strict=True)]
    sd = [a * np.sqrt(np.expm1(b**2)) for a, b in zip(m, s, strict=True)]
    raw = one("GMR", m1i=m[0], sd1i=sd[0], m2i=m[1], sd2i=sd[1], **SIZES)
    for other in (base, geometric, raw):
        assert other["yi"] == pytest.approx(log["yi"], rel=1e-12) == pytest.approx(0.3)
        assert other["vi"] == pytest.approx(log["vi"], rel=1e-12)
    assert (log["method"], geometric["method"], raw["method"]) == ("computed", "computed", "estimated")


def test_impossible_geometric_means_are_refused() -> None:
    geometric = MEANS | {"data_scale": "geometric"}
    assert "0.9 is not above 1; a geometric standard deviation is" in refused("GMR", **(geometric | {"sd1i": 0.9}))
    assert "no log SD follows from the SE of a geometric mean" in refused(
        "GMR", **(geometric | {"sd1i": None}), se1i=0.2
    )
    assert "-1 is not above 0; it has no logarithm" in refused("GMR", **(geometric | {"m1i": -1}))
    quartiles = {"med1i": 2, "q1_1i": 0, "q3_1i": 4}
    assert "0 is not above 0; it has no logarithm" in refused(
        "GMR", **(MEANS | {"m1i": None, "sd1i": None} | quartiles)
    )
    assert np.isfinite(one("GMR", **(MEANS | {"m1i": -1, "data_scale": "log"}))["yi"])


def test_a_raw_sd_is_never_mixed_with_the_logarithms_of_quantiles() -> None:
    quartiles = {"med1i": 9.0, "q1_1i": 7.0, "q3_1i": 12.0}
    alone = MEANS | quartiles | {"m1i": None, "sd1i": None}
    for more in ({"sd1i": 2.0}, {"m1i": 10.0}, {"se1i": 0.6}):
        assert one("GMR", **(alone | more))["yi"] == one("GMR", **alone)["yi"]
    assert (
        one("GMR", **(alone | {"m1i": 10.0, "se1i": 0.6}))["yi"]
        == one("GMR", **(MEANS | {"sd1i": None}), se1i=0.6)["yi"]
    )


def test_cohens_d_is_had_without_the_correction_and_its_unbiased_variance_is() -> None:
    d = one("SMD", **MEANS, correction="none")
    assert d["yi"] * small_sample_correction(np.array([25.0]))[0] == pytest.approx(one("SMD", **MEANS)["yi"])
    rng = np.random.default_rng(3)
    sds = [np.sqrt(rng.chisquare(5, 200_000) / 5) for _ in range(2)]
    row = {"m1i": 1 + rng.standard_normal(200_000) / np.sqrt(6), "m2i": rng.standard_normal(200_000) / np.sqrt(6)}
    found = effect_size("SMD", **row, sd1i=sds[0], sd2i=sds[1], n1i=6, n2i=6, correction="none", vtype="UB")
    assert found["vi"].mean() == pytest.approx(found["yi"].var(), rel=0.02)
    for measure in ("SMD1", "SMDH", "SMD1H"):
        assert abs(one(measure, **MEANS, correction="none")["yi"]) > abs(one(measure, **MEANS)["yi"])


@pytest.mark.parametrize("measure", ["ROM", "CVR", "ROMC", "CVRC"])
def test_ratios_of_means_are_corrected_to_second_order_by_default(measure: str) -> None:
    data = {**MEANS} if not measure.endswith("C") else {"m1i": 10, "sd1i": 2, "m2i": 8, "sd2i": 3, "ni": 12, "ri": 0.5}
    assert one(measure, **data)["yi"] == one(measure, **data, correction="second_order")["yi"]
    assert one(measure, **data)["yi"] != one(measure, **data, correction="none")["yi"]
