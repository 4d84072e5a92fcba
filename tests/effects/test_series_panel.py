"""Panel difference-in-differences against R (glm, sandwich), statsmodels with every dummy, and made panels."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import metareview as mr
from metareview.effects.series import not_yet, twoway
from metareview.effects.series.panel_data import read_panel
from metareview.errors import MetareviewError

R = json.loads((Path(__file__).parent / "reference_series" / "panel.json").read_text(encoding="utf-8"))
DATA = pd.DataFrame(R["data"])
G, N, T = 14, 111, 8
BASE: dict[str, Any] = {"area": "area", "period": "period", "count": "count"}
ARMS = BASE | {"treated": "treated", "after": "after", "exposure": "homes"}
READ = dict.fromkeys(("treated_from", "treated", "after", "exposure", "cluster"))


def made(
    rng: np.random.Generator, arms: tuple[int, int] = (10, 10), periods: int = 8, base: float = 10, spread: float = 0,
    effect: float = -0.3,
) -> pd.DataFrame:  # fmt: skip
    """Areas treated from the middle on, whose changes differ by `spread`, and columns for both ways to tell treatment."""
    areas = sum(arms)
    frame = pd.DataFrame({"area": np.repeat(np.arange(areas), periods), "period": np.tile(np.arange(periods), areas)})
    frame["treated"], frame["after"] = (frame["area"] < arms[0]) * 1, (frame["period"] >= periods // 2) * 1
    frame["from"] = np.where(frame["treated"] == 1, periods // 2, np.nan)
    level, change = rng.gamma(3, base / 3, areas), rng.normal(0, spread, areas)
    logs = effect * frame["treated"] * frame["after"] + change[frame["area"]] * frame["after"]
    frame["count"] = rng.poisson(level[frame["area"]] * np.exp(logs))
    return frame


def staggered(rng: np.random.Generator, never: int = 8, growth: float = -0.15) -> pd.DataFrame:
    """Three starts, and an effect that grows with every period."""
    starts = np.concatenate([np.repeat([3.0, 6.0, 9.0], 6), np.full(never, np.nan)])
    frame = pd.DataFrame({"area": np.repeat(np.arange(starts.size), 12), "period": np.tile(np.arange(12), starts.size)})
    frame["from"] = starts[frame["area"]]
    since = (frame["period"] - frame["from"] + 1).clip(lower=0).fillna(0)
    frame["without"] = 80 * np.exp(0.3 * rng.normal(size=starts.size))[frame["area"]] * np.exp(0.03 * frame["period"])
    frame["count"] = rng.poisson(frame["without"] * np.exp(growth * since))
    frame["with"] = frame["without"] * np.exp(growth * since)
    return frame


def test_estimates_and_errors_are_those_of_r() -> None:
    result = mr.panel_did(DATA, **ARMS, errors="cr1")
    assert result.estimate == pytest.approx(R["estimate"], rel=1e-8)
    correction = math.sqrt(G / (G - 1) * (N - 1) / (N - T - 1))  # the effects of areas are nested in the clusters
    assert result.se == pytest.approx(R["se_cr0"] * correction, rel=1e-8)
    assert result.df == G - 1 and result.k == N and (result.areas, result.treated_areas) == (G, 6)
    assert result.diagnostics["phi"] == pytest.approx(R["phi"], rel=1e-8)
    assert result.diagnostics["not_yet_treated_estimate"] == pytest.approx(R["observed_expected"], rel=1e-8)
    region = mr.panel_did(DATA, **ARMS, errors="cr1", cluster="region")
    assert region.se == pytest.approx(R["se_cr0_region"] * math.sqrt(7 / 6 * (N - 1) / (N - T - 1)), rel=1e-8)
    assert region.estimate == result.estimate and region.df == 6


def test_event_study_and_its_test_are_those_of_r() -> None:
    result = mr.panel_did(DATA, **ARMS)
    terms = result.event_study[result.event_study["relative"] != -1]
    correction = G / (G - 1) * (N - 1) / (N - T - 7)
    assert list(terms["relative"]) == R["relative"]
    np.testing.assert_allclose(terms["estimate"], R["event"], rtol=1e-8)
    np.testing.assert_allclose(terms["se"], np.array(R["event_se_cr0"]) * math.sqrt(correction), rtol=1e-8)
    joint = result.diagnostics["pretrend_joint"]
    assert joint["F"] == pytest.approx(R["wald_cr0"] / correction * (G - 3) / ((G - 1) * 3), rel=1e-7)
    assert (joint["df"], joint["df2"]) == (3, G - 3)


def dummies(frame: pd.DataFrame, *terms: str) -> pd.DataFrame:
    fixed = pd.get_dummies(frame[["area", "period"]].astype(str)).astype(float)
    return fixed.drop(columns=next(c for c in fixed if c.startswith("period_"))).join(frame[list(terms)].astype(float))


def glm(frame: pd.DataFrame, *terms: str, weights: Any = None) -> Any:
    return sm.GLM(frame["count"], dummies(frame, *terms), family=sm.families.Poisson(), var_weights=weights).fit(
        tol=1e-13
    )


def test_estimates_are_those_of_statsmodels_with_every_dummy() -> None:
    frame = made(np.random.default_rng(4), (5, 7), 6, 6, 0.2).assign(d=lambda f: f["treated"] * f["after"])
    result = mr.panel_did(frame, **BASE, treated_from="from", errors="cr1")
    groups = {"groups": frame["area"].to_numpy(), "use_correction": False}
    theirs = sm.GLM(frame["count"], dummies(frame, "d"), family=sm.families.Poisson())
    theirs = theirs.fit(tol=1e-13, cov_type="cluster", cov_kwds=groups)
    assert result.estimate == pytest.approx(theirs.params["d"], rel=1e-8)
    assert result.se == pytest.approx(theirs.bse["d"] * math.sqrt(12 / 11 * 71 / (72 - 7)), rel=1e-8)
    both_ways = mr.panel_did(frame, **BASE, treated="treated", after="after", errors="cr1")
    assert (both_ways.estimate, both_ways.se) == (result.estimate, result.se)


def test_errors_by_arm_are_those_of_welch() -> None:
    # with two periods and one exposure the effect is a difference of two pooled log ratios
    result = mr.panel_did(made(np.random.default_rng(9), (6, 15), 2, 40, 0.3), **BASE, treated_from="from")
    panel = read_panel(made(np.random.default_rng(9), (6, 15), 2, 40, 0.3), **BASE, **READ | {"treated_from": "from"})
    arms = []
    for rows in (panel.treated, ~panel.treated):
        before, after = panel.y[rows].T
        share = after.sum() / (after.sum() + before.sum())
        values = (after - share * (after + before)) / (share * before.sum())
        arms.append(values * len(values))
    welch = stats.ttest_ind(*arms, equal_var=False)
    assert result.se**2 == pytest.approx(sum(v.var(ddof=1) / len(v) for v in arms), rel=1e-8)
    assert result.df == pytest.approx(welch.df, rel=1e-8)


def test_influence_is_what_weighing_an_area_more_does() -> None:
    frame = staggered(np.random.default_rng(2), 4).assign(d=lambda f: (f["period"] >= f["from"]) * 1)
    panel = read_panel(frame, **BASE, **READ | {"treated_from": "from"})
    fitted = twoway.fit(panel, panel.on[None].astype(float))
    ratio, influence = not_yet.log_ratios(panel, [panel.on])

    def estimates(weights: np.ndarray) -> tuple[float, float]:
        untreated = frame["d"] == 0
        part = frame[untreated]
        base = glm(part, weights=weights[untreated])
        design = dummies(frame)[base.params.index]
        expected = np.exp(design @ base.params)
        on = (frame["d"] == 1).to_numpy()
        whole = glm(frame, "d", weights=weights).params["d"]
        return whole, float(np.log((weights * frame["count"])[on].sum() / (weights * expected)[on].sum()))

    ones, step = np.ones(len(frame)), 1e-4
    assert estimates(ones) == pytest.approx((fitted.beta[0], ratio[0]), rel=1e-7)
    for area in (0, 8, 20):
        more, less = (estimates(np.where(frame["area"] == area, 1 + s, 1.0)) for s in (step, -step))
        slopes = [(m - n) / (2 * step) for m, n in zip(more, less, strict=True)]
        assert slopes == pytest.approx([fitted.influence[area, 0], influence[area, 0]], rel=1e-4, abs=1e-7)


def test_staggered_adoption_is_told_and_areas_not_treated_yet_give_the_true_effect() -> None:
    frame = staggered(np.random.default_rng(6))
    on = frame["period"] >= frame["from"]
    truth = math.log(frame["with"][on].sum() / frame["without"][on].sum())
    naive = mr.panel_did(frame, **BASE, treated_from="from")
    right = mr.panel_did(frame, **BASE, treated_from="from", comparison="not_yet_treated")
    assert abs(right.estimate - truth) < 2 * right.se < 0.2
    assert abs(naive.estimate - truth) > 0.15
    assert right.estimate == naive.diagnostics["not_yet_treated_estimate"]
    told = " ".join(naive.warnings)
    assert "several times (3, 6, 9)" in told and "negative weight" in told and f"{right.estimate:.3f}" in told
    lags = right.event_study.query("relative >= 0")
    np.testing.assert_allclose(lags["estimate"], -0.15 * (lags["relative"] + 1), atol=0.15)
    assert right.diagnostics["pretrend_line"]["p"] > 0.05 and right.diagnostics["pretrend_joint"]["df"] == 4


def test_negative_weights_are_those_of_the_residual_of_treatment() -> None:
    frame = staggered(np.random.default_rng(6), 0).assign(d=lambda f: (f["period"] >= f["from"]) * 1.0)
    result = mr.panel_did(frame, **BASE, treated_from="from")
    mu = glm(frame, "d").fittedvalues
    left = sm.WLS(frame["d"], dummies(frame), weights=mu).fit().resid
    assert result.diagnostics["negative_weights"] == pytest.approx((left[frame["d"] == 1] < -1e-9).mean())
    assert result.diagnostics["negative_weights"] > 0.1
    late = mr.panel_did(frame, **BASE, treated_from="from", comparison="not_yet_treated")
    assert late.k < result.k and "cluster-robust errors (CR1)" in late.method


def test_a_drift_before_the_start_is_told() -> None:
    frame = made(np.random.default_rng(3), (12, 12), 10, 60)
    frame["count"] = (frame["count"] * np.exp(0.08 * frame["treated"] * frame["period"])).round()
    result = mr.panel_did(frame, **BASE, treated_from="from")
    assert result.diagnostics["pretrend_line"]["estimate"] == pytest.approx(0.08, abs=0.03)
    assert "drift apart along a line before the start" in " ".join(result.warnings)
    quiet = mr.panel_did(made(np.random.default_rng(3), (12, 12), 10, 60), **BASE, treated_from="from")
    assert "before the start" not in " ".join(quiet.warnings)


def test_without_an_effect_the_permutation_p_is_as_often_small_as_it_says() -> None:
    rng = np.random.default_rng(12)
    p = []
    for _ in range(40):
        frame = made(rng, (3, 9), 4, 8, 0.3, 0.0)
        result = mr.panel_did(frame, **BASE, treated_from="from", permutations=19)
        p.append(result.diagnostics["permutation_p"])
    assert 0.35 < np.mean(p) < 0.65 and np.mean(np.array(p) <= 0.1) < 0.25
    again = [mr.panel_did(frame, **BASE, treated_from="from", permutations=39, seed=s) for s in (5, 5)]
    assert again[0].diagnostics["permutation_p"] == again[1].diagnostics["permutation_p"]


@pytest.mark.parametrize(("arms", "base", "spread", "least"), [((10, 10), 1, 0, 0.88), ((4, 16), 10, 0.3, 0.85)])
def test_a_known_effect_is_found_and_covered(arms: tuple[int, int], base: float, spread: float, least: float) -> None:
    rng = np.random.default_rng(20181105)
    found = []
    for _ in range(120):
        r = mr.panel_did(made(rng, arms, 8, base, spread), **BASE, treated_from="from")
        found.append((r.estimate, r.se**2, r.ci_low < -0.3 < r.ci_high))
    estimates, variances, covered = np.array(found, dtype=float).T
    assert abs(estimates.mean() + 0.3) < 3.5 * estimates.std() / math.sqrt(120) + 0.03
    assert 0.6 < variances.mean() / estimates.var() < 1.5 and covered.mean() >= least


def test_areas_and_periods_that_say_nothing_are_left_out_and_told() -> None:
    frame = made(np.random.default_rng(1), (6, 6), 6, 20)
    empty = frame[frame["area"] == 11].assign(area=99, count=0)
    silent = frame[frame["period"] == 0].assign(period=-1, count=0)
    plain = mr.panel_did(frame, **BASE, treated_from="from")
    more = mr.panel_did(pd.concat([frame, empty, silent]), **BASE, treated_from="from")
    assert (more.estimate, more.se) == pytest.approx((plain.estimate, plain.se))
    told = " ".join(more.warnings)
    assert (
        "1 areas without any events are left out: 99" in told and "Periods without any events are left out: -1" in told
    )
    holes = mr.panel_did(frame.drop(index=[3, 40]), **BASE, treated_from="from")
    assert "2 area-periods are missing from the table, the first in area 0" in " ".join(holes.warnings)
    later = frame.assign(**{"from": frame["from"].where(frame["area"] != 0, 77)})
    assert "treated after the last period only" in " ".join(mr.panel_did(later, **BASE, treated_from="from").warnings)


def test_a_million_area_periods_worth_of_dummies_are_not_needed() -> None:
    frame = made(np.random.default_rng(1), (1000, 2000), 10, 2)
    result = mr.panel_did(frame, **BASE, treated_from="from")
    assert result.estimate == pytest.approx(-0.3, abs=4 * result.se) and result.se < 0.05


FRAME = made(np.random.default_rng(7), (4, 4), 6, 20)
FROM = BASE | {"treated_from": "from"}


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (7, "count", -2.0, r"Area 1, period 1, column 'count': -2.0 is negative"),
        (7, "count", np.nan, "Area 1, period 1, column 'count': is missing"),
        (7, "period", 1.5, "Area 1, column 'period': 1.5 is not a whole number"),
        (7, "period", 2.0, "stands there twice for this area"),
        (7, "from", 2.0, "column 'from': 2.0 differs from that of other rows of the same area"),
        (7, "area", np.nan, "column 'area': is missing"),
    ],
)
def test_impossible_values_are_refused_by_area_period_and_column(
    row: int, column: str, value: float, said: str
) -> None:
    frame = FRAME.copy()
    frame[column] = frame[column].astype(float if column != "area" else object)
    frame.loc[row, column] = value
    with pytest.raises(MetareviewError, match=said):
        mr.panel_did(frame, **FROM)


@pytest.mark.parametrize(
    ("frame", "options", "said"),
    [
        (FRAME[~((FRAME["area"] == 2) & (FRAME["period"] < 3))], FROM, "treated area 2 is never observed before its start"),
        (FRAME[~((FRAME["area"] == 2) & (FRAME["period"] > 2))], FROM, "treated area 2 is never observed after its start"),
        (FRAME[FRAME["area"] > 2], FROM, "There is one treated area"),
        (FRAME[FRAME["area"] < 5], FROM, "There is one control area"),
        (FRAME[FRAME["area"] < 4], FROM, "There are no control areas"),
        (FRAME[FRAME["area"] > 3], FROM, "There are no treated areas"),
        (FRAME.assign(count=FRAME["count"] * (1 - FRAME["treated"] * FRAME["after"])), FROM, "treated areas have no events"),
        (FRAME.assign(count=0), FROM, "Fewer than two periods have events"),
        (FRAME[:0], FROM, "The data have no rows"),
        (FRAME, BASE, "Treatment is told in one of two ways"),
        (FRAME, FROM | {"treated": "treated", "after": "after"}, "Treatment is told in one of two ways"),
        (FRAME.assign(treated=FRAME["period"] % 2), BASE | {"treated": "treated", "after": "after"}, "same area"),
        (FRAME.assign(after=FRAME["area"] % 2), BASE | {"treated": "treated", "after": "after"}, "same period"),
        (FRAME.assign(after=FRAME["period"].isin([2, 3]) * 1), BASE | {"treated": "treated", "after": "after"}, "is 0 again"),
        (FRAME.assign(after=2), BASE | {"treated": "treated", "after": "after"}, "not 0 or 1"),
        (FRAME.assign(town=FRAME["period"]), FROM | {"cluster": "town"}, "column 'town'"),
        (FRAME.assign(town=FRAME["area"] // 2), FROM | {"cluster": "town", "permutations": 9}, "not clusters"),
        (FRAME, FROM | {"comparison": "stacked"}, "comparison='stacked'"),
        (FRAME, FROM | {"errors": "hc3"}, "errors='hc3'"),
        (FRAME, FROM | {"exposure": "homes"}, "no column 'homes'"),
    ],
)  # fmt: skip
def test_panels_without_a_comparison_are_refused(frame: pd.DataFrame, options: dict[str, Any], said: str) -> None:
    with pytest.raises(MetareviewError, match=said):
        mr.panel_did(frame, **options)


def test_one_cluster_is_refused() -> None:
    with pytest.raises(MetareviewError, match="one cluster"):
        mr.panel_did(FRAME.assign(town=1), **FROM, cluster="town")


def test_a_result_can_be_shown_kept_and_pooled() -> None:
    result = mr.panel_did(FRAME, **FROM)
    assert repr(result).startswith("PanelEffect(k=48: ")
    kept = json.loads(json.dumps(result.to_dict()))
    assert kept["treated_areas"] == 4 and len(kept["event_study"]) == 6
    assert mr.effect_size("GEN", pd.DataFrame([result.as_generic()])).loc[0, "sei"] == pytest.approx(result.se)
