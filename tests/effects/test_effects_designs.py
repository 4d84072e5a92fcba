"""Displacement, pairs and strata of areas, several controls, and absolute readings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable

from metareview.effects.area.absolute import Avoided, _needed, absolute
from metareview.effects.area.controls import combine_controls
from metareview.effects.area.displacement import displacement
from metareview.effects.area.ratio import fieller
from metareview.effects.area.stratified import StratifiedEffect, area_pairs, area_strata
from metareview.effects.compute import effect_size
from metareview.effects.overdispersion.diagnostics import diagnose_series
from metareview.effects.overdispersion.estimate import estimate_phi
from metareview.errors import MetareviewError

TARGET, BUFFER, CONTROL, OWN = (207, 110), (178, 157), (308, 318), (150, 140)


# --- displacement -----------------------------------------------------------------------------------------------


def test_displacement_gives_the_worked_numbers_of_one_control() -> None:
    # popcenter.org tool guide 10, appendix B, on the counts of Wheeler & Ratcliffe (2018)
    found = displacement(TARGET, BUFFER, CONTROL)
    assert found["GE"].estimate == 97
    assert found["NE"].estimate == pytest.approx(0.32617, abs=5.1e-6)
    assert found["TNE"].estimate == pytest.approx(130.5)
    assert found["WDQ"].estimate == pytest.approx(0.2582, abs=5.1e-5)
    assert found["WDD"].estimate == (110 - 207) + (157 - 178) - 2 * (318 - 308)
    assert math.exp(-found["RIRR_target"].estimate) == pytest.approx(1.9429, abs=5.1e-5)
    assert found.shared_control and found.covariance == pytest.approx(1 / 308 + 1 / 318)
    total = found["RIRR_total"]
    assert total.estimate == pytest.approx(math.log((110 + 157) / (207 + 178) / (318 / 308)))
    assert total.se**2 == pytest.approx(1 / 267 + 1 / 385 + 1 / 308 + 1 / 318)


def test_displacement_with_a_control_of_its_own() -> None:
    found = displacement(TARGET, BUFFER, CONTROL, OWN, phi=2)
    assert math.exp(-found["RIRR_buffer"].estimate) == pytest.approx(1.0582, abs=5.1e-5)
    assert (found["WDD"].estimate, found["WDD"].se ** 2) == (-118, pytest.approx(2 * 1568))
    assert found.covariance == 0 and not found.shared_control
    frame = found.to_frame()
    assert frame.loc["RIRR_target", "ratio_high"] == pytest.approx(1 / 1.309, abs=5e-4)
    assert math.isnan(frame.loc["TNE", "ratio"]) and found.to_dict()["phi"] == 2
    assert "RIRR target 0.515" in repr(found)
    with pytest.raises(KeyError):
        found["nothing"]


def test_readings_that_do_not_exist_say_why() -> None:
    found = displacement((50, 60), (20, 21), (40, 40))
    assert math.isnan(found["WDQ"].estimate) and "without a gain" in found["WDQ"].note
    assert found.wdq_interval is None
    empty = displacement((5, 3), (4, 2), (0, 6))
    assert math.isnan(empty["TNE"].estimate) and math.isnan(empty["NE"].estimate)
    corrected = math.log((3 + 2 + 0.5) / (9 + 0.5) / ((6 + 0.5) / 0.5))
    assert empty["RIRR_total"].estimate == pytest.approx(corrected) and "0.5 added" in empty["RIRR_total"].note
    assert math.isnan(displacement((0, 3), (0, 2), (0, 6))["RIRR_total"].estimate)
    with pytest.raises(MetareviewError, match=r"target=\(5,\) is not a count before"):
        displacement((5,), (4, 2), (3, 6))
    with pytest.raises(MetareviewError, match="level=95"):
        displacement((5, 3), (4, 2), (3, 6), level=95)


def test_a_zero_in_the_target_leaves_the_buffer_and_their_total_alone() -> None:
    plain, zero = displacement(TARGET, BUFFER, CONTROL), displacement((207, 0), BUFFER, CONTROL)
    assert zero["RIRR_buffer"] == plain["RIRR_buffer"]
    assert "0.5 added" in zero["RIRR_target"].note and zero["RIRR_total"].note == ""
    assert zero.covariance == pytest.approx((308 * 308.5) ** -0.5 + (318 * 318.5) ** -0.5)
    own = displacement((207, 0), (178, 0), CONTROL, OWN)["RIRR_total"]
    expected = 207.5 * 318.5 / 308.5 + 178.5 * 140.5 / 150.5
    assert own.estimate == pytest.approx(math.log(1 / expected)) and "0.5 added" in own.note


@pytest.mark.parametrize("phi", [0, -1, math.inf, math.nan, "2"])
def test_displacement_refuses_an_overdispersion_that_is_none(phi: float) -> None:
    with pytest.raises(MetareviewError, match="phi="):
        displacement(TARGET, BUFFER, CONTROL, phi=phi)


@pytest.mark.parametrize("pair", [(math.inf, 3), (3, math.nan), ("many", 3), 5])
def test_displacement_refuses_counts_that_are_none(pair: tuple[float, float]) -> None:
    with pytest.raises(MetareviewError, match=r"target=.* is not a count before"):
        displacement(pair, BUFFER, CONTROL)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"residents": 2500, "per_area": 40}, "gives 100 crimes per area, not per_area=40"),
        ({"ci": (-1.0, 0.5)}, "contradict each other"),
        ({"yi": -20}, "probably a percentage"),
        ({"yi": math.nan}, "yi=nan is not a finite number"),
        ({"per_1000": math.inf}, "per_1000=inf is not a finite number"),
        ({"sei": "0.1"}, "sei='0.1' is not a finite number"),
        ({"per_1000": 2e6}, "over 1,000 crimes a year for each resident"),
        ({"ci": (-0.4, math.inf)}, "is not a finite number"),
    ],
)
def test_absolute_refuses_figures_that_contradict_or_cannot_be(change: dict[str, Any], word: str) -> None:
    given = {"yi": -0.22, "sei": 0.1, "per_1000": 40} | change
    with pytest.raises(MetareviewError) as caught:
        absolute(**given)
    assert word in str(caught.value)


def test_fieller_is_exact_for_known_cases() -> None:
    inside = fieller(2.0, 4.0, 0.01, 0.0)
    assert (inside.kind, inside.low, inside.high) == (
        "bounded",
        pytest.approx((2 - 0.196) / 4, abs=1e-4),
        pytest.approx((2 + 0.196) / 4, abs=1e-4),
    )
    assert fieller(1.0, 0.1, 0.01, 1.0).kind == "outside" and "or more" in fieller(1.0, 0.1, 0.01, 1.0).text
    assert fieller(0.1, 0.1, 1.0, 1.0).text == "any value"


@settings(max_examples=60, deadline=None)
@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.01, 2), st.floats(0.01, 2), st.floats(-0.9, 0.9))
def test_fieller_holds_the_ratio_and_its_limits_are_just_within_chance(
    top: float, bottom: float, v1: float, v2: float, r: float
) -> None:
    if abs(bottom) < 1e-3:
        return
    covariance = r * math.sqrt(v1 * v2)
    found = fieller(top, bottom, v1, v2, covariance)
    ratio = top / bottom
    if found.kind == "everything":
        return
    held = found.low - 1e-9 <= ratio <= found.high + 1e-9
    assert held if found.kind == "bounded" else ratio <= found.low + 1e-9 or ratio >= found.high - 1e-9
    for limit in (found.low, found.high):
        if abs(limit) < 1e4:
            z2 = (top - limit * bottom) ** 2 / (v1 - 2 * limit * covariance + limit**2 * v2)
            assert z2 == pytest.approx(1.959963984540054**2, rel=1e-5)


# --- several controls -------------------------------------------------------------------------------------------


def test_controls_with_weights_have_the_estimate_and_variance_of_the_weighted_sum() -> None:
    before, after, w = np.array([100.0, 60, 33]), np.array([90.0, 66, 0]), np.array([0.5, 2, 0.3])
    found = effect_size("WDD", a=80, b=60, **combine_controls(before, after, w)).iloc[0]
    assert found["yi"] == pytest.approx((60 - 80) - (w @ after - w @ before))
    assert found["vi"] == pytest.approx(80 + 60 + w**2 @ after + w**2 @ before)
    ratio = effect_size("RIRR", a=80, b=60, **combine_controls(before, after, w)).iloc[0]
    assert ratio["yi"] == pytest.approx(math.log(60 / 80) - math.log((w @ after) / (w @ before)))
    expected = 1 / 80 + 1 / 60 + w**2 @ after / (w @ after) ** 2 + w**2 @ before / (w @ before) ** 2
    assert ratio["vi"] == pytest.approx(expected)


def test_controls_of_weight_one_are_their_sum_and_bad_ones_are_refused() -> None:
    assert combine_controls([3, 4], [0, 0]) == {"ta": 1, "tb": 1, "c": 7, "d": 0, "tc": 1, "td": 1}
    with pytest.raises(MetareviewError, match="differ in length: 2, 1, 2"):
        combine_controls([3, 4], [5])
    with pytest.raises(MetareviewError, match="'after': -5 is no count"):
        combine_controls([3, 4], [5, -5])
    with pytest.raises(MetareviewError, match="'weights': 0 is not above 0"):
        combine_controls([3, 4], [5, 5], [1, 0])


# --- pairs and strata -------------------------------------------------------------------------------------------


def pairs(k: int, mean: float, effect: float, seed: int, spread: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level, course = rng.gamma(3, mean / 3, k), rng.normal(0, 0.3, k)
    rough = [np.exp(rng.normal(0, spread, k)) if spread else 1.0 for _ in range(4)]
    means = [level, level * np.exp(course + effect), 2 * level, 2 * level * np.exp(course)]
    return pd.DataFrame({name: rng.poisson(m * r) for name, m, r in zip("abcd", means, rough, strict=True)})


def strata_of(frame: pd.DataFrame) -> pd.DataFrame:
    arms = [("a", "b", 1), ("c", "d", 0)]
    return pd.concat(
        [
            pd.DataFrame({"stratum": frame.index, "treated": t, "before": frame[x], "after": frame[y]})
            for x, y, t in arms
        ],
        ignore_index=True,
    )


@pytest.mark.parametrize(("mean", "seed"), [(40.0, 1), (3.0, 2)])
def test_pairs_are_mantel_haenszel_and_breslow_day(mean: float, seed: int) -> None:
    frame = pairs(12, mean, -0.3, seed)
    frame = frame[(frame[["a", "b"]].sum(axis=1) > 0) & (frame[["c", "d"]].sum(axis=1) > 0)]
    found = area_pairs(frame)
    oracle = StratifiedTable([np.array([[r.b, r.a], [r.d, r.c]], dtype=float) for r in frame.itertuples()])
    assert found.estimate == pytest.approx(oracle.logodds_pooled, rel=1e-10)
    assert found.se / math.sqrt(found.phi) == pytest.approx(oracle.logodds_pooled_se, rel=1e-10)
    np.testing.assert_allclose(found.X2, oracle.test_equal_odds().statistic, rtol=1e-8)
    assert found.df == found.k - 1 and found.areas == 2 * found.k
    assert found.phi == max(1.0, found.phi_estimated)
    assert area_strata(strata_of(frame)).estimate == pytest.approx(found.estimate)


def test_phi_of_strata_is_that_of_the_poisson_glm_with_an_effect_for_every_area() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    rows = [(s, t, i) for s in range(4) for t in (0, 1) for i in range(3)]
    frame = pd.DataFrame(rows, columns=["stratum", "treated", "area"])
    frame["before"] = rng.poisson(60, len(frame))
    frame["after"] = rng.poisson(60 * np.exp(rng.normal(0, 0.2, len(frame))))
    found = area_strata(frame)
    tall = pd.concat([frame.assign(y=frame["before"], post=0), frame.assign(y=frame["after"], post=1)])
    design = pd.get_dummies(tall["stratum"].astype(str) + tall["treated"].astype(str) + tall["area"].astype(str))
    for s in range(4):
        design[f"post{s}"] = (tall["post"] == 1) & (tall["stratum"] == s)
    design["effect"] = tall["post"] * tall["treated"]
    fit = sm.GLM(tall["y"], design.astype(float), family=sm.families.Poisson()).fit(tol=1e-12)
    assert found.df == fit.df_resid == 24 - 4 - 1
    assert found.estimate == pytest.approx(fit.params["effect"], abs=0.01)
    assert found.phi_estimated == pytest.approx(fit.pearson_chi2 / fit.df_resid, rel=1e-3)
    assert found.se == pytest.approx(fit.bse["effect"] * math.sqrt(found.phi), rel=0.01)


def test_unequal_exposures_of_a_pair_are_taken_out() -> None:
    frame = pairs(6, 400.0, -0.3, 3)
    longer = frame.assign(ta=12.0, tb=12.0, tc=12.0, td=24.0).assign(d=lambda x: 2 * x["d"])
    plain, found = area_pairs(frame), area_pairs(longer, exposures=("ta", "tb", "tc", "td"))
    assert found.estimate == pytest.approx(plain.estimate, abs=0.01)
    one = area_pairs(longer.iloc[:1], exposures=("ta", "tb", "tc", "td"), phi=1)
    alone = effect_size("RIRR", longer.iloc[:1]).iloc[0]
    assert (one.estimate, one.se) == (pytest.approx(alone["yi"]), pytest.approx(alone["sei"]))


def test_pairs_that_differ_more_than_poisson_widen_the_interval() -> None:
    calm, rough = area_pairs(pairs(30, 100.0, -0.3, 4)), area_pairs(pairs(30, 100.0, -0.3, 4, spread=0.25))
    assert rough.phi > 3 > calm.phi and rough.se > 1.5 * calm.se
    assert rough.warnings == () and rough.phi_source == "estimated"


def test_what_a_reader_of_pairs_should_doubt_is_told() -> None:
    few = area_pairs(pairs(3, 60.0, -0.3, 7))
    assert "2 degrees of freedom" in few.warnings[0] and few.df_test == 2
    given_ = area_pairs(pairs(3, 60.0, -0.3, 7), phi=1.5, method="IV", level=0.9)
    assert given_.phi_source == "given" and math.isinf(given_.df_test) and math.isnan(given_.phi_estimated)
    assert given_.ci_high - given_.ci_low < few.ci_high - few.ci_low
    empty = pd.DataFrame({"a": [9, 0, 30], "b": [7, 0, 20], "c": [8, 5, 30], "d": [9, 6, 31], "name": list("xyz")})
    found = area_pairs(empty, label="name")
    assert any("1 of 3 strata" in word for word in found.warnings) and found.k == 2
    frame = found.to_frame()
    assert frame.loc["y", "weight"] == 0 and math.isnan(frame.loc["y", "b_fitted"])
    np.testing.assert_allclose(frame["weight"].sum(), 1)
    assert isinstance(found, StratifiedEffect) and "k=2, MH" in repr(found)


@pytest.mark.parametrize(
    ("change", "options", "word"),
    [
        ({}, {"method": "ML"}, "method='ML' is unknown"),
        ({}, {"phi": 0}, "phi=0 is not above 0"),
        ({}, {"level": 95}, "level=95"),
        ({}, {"a": "x"}, "no column 'x'"),
        ({"a": -1}, {}, "column 'a': -1 is negative"),
        ({"b": 0}, {}, "say nothing about the effect"),
    ],
)
def test_pairs_that_cannot_be_are_refused(change: dict[str, float], options: dict[str, float], word: str) -> None:
    with pytest.raises(MetareviewError, match=word):
        area_pairs(pairs(3, 60.0, -0.3, 7).assign(**change), **options)  # type: ignore[arg-type]


def test_one_pair_cannot_tell_phi_and_strata_check_their_columns() -> None:
    with pytest.raises(MetareviewError, match="phi needs two"):
        area_pairs(pairs(1, 60.0, -0.3, 7))
    with pytest.raises(MetareviewError, match="column 'treated': 2 is neither 0 nor 1"):
        area_strata(strata_of(pairs(3, 60.0, -0.3, 7)).assign(treated=2))


# --- absolute readings ------------------------------------------------------------------------------------------


def test_absolute_readings_of_a_clear_effect() -> None:
    found = absolute(math.log(0.8), 0.05, per_1000=50, residents=4000, cost=10_000)
    assert found.per_area == 200 and found.ratio == pytest.approx(0.8)
    assert found.avoided_per_1000 is not None and found.avoided_per_1000.estimate == pytest.approx(10)
    assert found.avoided_per_area is not None and found.avoided_per_area.estimate == pytest.approx(40)
    low, high = 200 * (1 - found.ratio_high), 200 * (1 - found.ratio_low)
    assert (found.avoided_per_area.low, found.avoided_per_area.high) == (pytest.approx(low), pytest.approx(high))
    assert found.areas is not None and found.areas.benefit == (pytest.approx(1 / high), pytest.approx(1 / low))
    assert found.areas.harm is None and found.months is not None and found.months.estimate == pytest.approx(12 / 40)
    assert found.residents is not None and found.residents.estimate == pytest.approx(1000 / 10)
    assert found.residents.text.startswith("100 residents for a year for one crime avoided")
    assert found.cost is not None and found.cost.estimate == pytest.approx(250)
    assert (found.cost.low, found.cost.high) == (pytest.approx(10_000 / high), pytest.approx(10_000 / low))
    assert list(found.to_frame().index) == [
        "avoided_per_1000",
        "avoided_per_area",
        "residents",
        "areas",
        "months",
        "cost",
    ]
    assert "ratio 0.8" in repr(found) and found.to_dict()["level"] == 0.95


def test_an_interval_that_holds_no_effect_goes_through_infinity() -> None:
    found = absolute(math.log(0.9), 0.1, per_area=100, cost=1000)
    assert found.areas is not None and found.areas.benefit is not None and found.areas.harm is not None
    assert math.isinf(found.areas.benefit[1]) and math.isinf(found.areas.harm[1])
    assert "through infinity" in found.areas.text
    assert found.cost is not None and math.isinf(found.cost.high) and "none may be avoided" in found.cost.text
    assert found.avoided_per_1000 is None and found.residents is None


def test_harm_has_no_cost_per_crime_avoided() -> None:
    found = absolute(math.log(1.5), 0.1, per_area=100, cost=1000)
    assert found.cost is not None and math.isnan(found.cost.estimate) and "does not exist" in found.cost.text
    assert found.areas is not None and found.areas.benefit is None and "one crime added" in found.areas.text


def test_the_number_needed_is_one_over_the_limits_on_each_side_of_zero() -> None:
    found = _needed(Avoided(0.03, -0.044, 0.105), 1.0, "people")
    assert found.estimate == pytest.approx(33.3, abs=0.1) and found.benefit is not None and found.harm is not None
    assert (found.benefit[0], found.harm[0]) == (pytest.approx(9.5, abs=0.1), pytest.approx(22.7, abs=0.1))


def test_an_uncertain_cost_has_fiellers_interval() -> None:
    sure, unsure = (absolute(math.log(0.7), 0.05, per_area=100, cost=1000, cost_se=se).cost for se in (0.0, 200.0))
    assert sure is not None and unsure is not None and unsure.interval is not None and sure.interval is None
    assert unsure.low < sure.low < sure.high < unsure.high
    open_ = absolute(math.log(0.95), 0.1, per_area=100, cost=1000, cost_se=200.0).cost
    assert open_ is not None and open_.low > 0 and math.isinf(open_.high)


def test_a_pooled_interval_and_a_measure_of_less_are_read_too() -> None:
    found = absolute(-0.2, ci=(-0.5, 0.1), per_1000=40)
    assert found.ratio_high == pytest.approx(math.exp(0.1)) and math.isnan(found.per_area)
    turned = absolute(0.2, ci=(-0.1, 0.5), per_1000=40, positive="less")
    assert turned.avoided_per_1000 == found.avoided_per_1000
    assert absolute(-0.2, 0.1, per_area=80, residents=2000).per_1000 == 40


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"per_1000": 40}, "no interval"),
        ({"sei": 0.1}, "no baseline"),
        ({"sei": 0.1, "per_1000": -4}, "per_1000=-4 is not above 0"),
        ({"sei": 0.1, "per_1000": 4, "cost": 5}, "A cost needs crimes per area"),
        ({"sei": 0.1, "per_area": 4, "cost": -5}, "a cost is above 0"),
        ({"ci": (0.1, 0.3), "per_area": 4}, "does not hold -0.2"),
        ({"sei": 0.1, "per_area": 4, "level": 95}, "level=95"),
    ],
)
def test_impossible_readings_are_refused(options: dict[str, float], word: str) -> None:
    with pytest.raises(MetareviewError, match=word):
        absolute(-0.2, **options)  # type: ignore[arg-type]


PAIRS = pd.DataFrame({"a": [5, 6], "b": [3, 2], "c": [4, 4], "d": [3, 3], "name": ["north", "south"]})
AREAS = pd.DataFrame({"stratum": ["s"] * 3, "treated": [1, 0, 0], "before": [5, 6, 7], "after": [3, 4, 2]})
SERIES = pd.DataFrame({"place": list("xxyy"), "after": [0, 1] * 2, "treated": [1, 1, 0, 0], "count": [5, 2, 3, 4]})


@pytest.mark.parametrize(
    ("work", "word"),
    [
        (lambda: area_pairs(PAIRS.assign(b=["few", 2])), "Row 0, column 'b': 'few' is not a number."),
        (lambda: area_pairs(PAIRS.assign(b=[3, -2]), label="name"), "Name 'south', column 'b': -2 is negative"),
        (lambda: area_pairs(PAIRS.assign(name="north"), label="name"), "Column 'name': 'north' names two pairs."),
        (lambda: area_pairs(PAIRS, label="pair"), "no column 'pair'"),
        (lambda: area_strata(AREAS.assign(before=[5, 6, "some"])), "Stratum 's', column 'before': 'some' is not"),
        (lambda: area_strata(AREAS.assign(treated=[1, 0, 2])), "Stratum 's', column 'treated': 2 is neither 0 nor 1"),
        (lambda: combine_controls(["a", 2], [3, 4]), "Row 1, column 'before': 'a' is not a number."),
        (lambda: estimate_phi(SERIES.assign(count=[5, "two", 3, 4])), "Place 'x', column 'count': 'two' is not"),
        (lambda: estimate_phi(SERIES.assign(count=[5, 2, 3, -4])), "Place 'y', column 'count': -4 is negative"),
        (lambda: diagnose_series(SERIES.assign(count=[5, "two", 3, 4]), period=None), "'two' is not a number"),
    ],
)
def test_a_text_or_an_impossible_count_is_told_by_its_place_column_and_value(work: Any, word: str) -> None:
    with pytest.raises(MetareviewError) as caught:
        work()
    assert word in str(caught.value) and "np." not in str(caught.value)
