"""Interrupted time series against R (sandwich, nlme, MASS), statsmodels, and series made with a known effect."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.stats.diagnostic import acorr_ljungbox
from statsmodels.stats.stattools import durbin_watson

import metareview as mr
from metareview.effects.series import loglinear
from metareview.errors import MetareviewError

R = json.loads((Path(__file__).parent / "reference_series" / "its.json").read_text(encoding="utf-8"))
DATA = pd.DataFrame(R["data"])


def run(data: pd.DataFrame = DATA, **options: Any) -> Any:
    options = {"count": "y", "time": "t", "start": 31, "exposure": "days", "season": "harmonics"} | options
    return mr.interrupted_time_series(data, **options)


def made(
    rng: np.random.Generator, n: int, base: float, phi: float = 1, rho: float = 0, effect: float = -0.3
) -> pd.DataFrame:
    """A monthly series that falls by `effect` after two thirds, with multiplicative AR(1) noise and a control."""
    t = np.arange(1, n + 1)
    sd = math.sqrt(math.log1p((phi - 1) / base))
    noise = rng.normal(size=n)
    for i in range(1, n):
        noise[i] = rho * noise[i - 1] + math.sqrt(1 - rho**2) * noise[i]
    mu = base * np.exp(0.2 * np.sin(2 * np.pi * t / 12) + sd * noise - sd**2 / 2)
    treated = rng.poisson(mu * np.exp(effect * (t > n * 2 // 3)))
    return pd.DataFrame({"t": t, "y": treated, "c": rng.poisson(2 * mu), "days": 1.0})


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("model", {"errors": "model"}),
        ("newey_west_3", {"errors": "newey_west", "lags": 3}),
        ("newey_west_0", {"errors": "newey_west", "lags": 0}),
        ("ar", {"errors": "ar"}),
        ("negative_binomial_3", {"errors": "newey_west", "lags": 3, "distribution": "negative_binomial"}),
    ],
)
def test_estimates_and_errors_are_those_of_r(case: str, options: dict[str, Any]) -> None:
    result, wanted = run(horizon=R["horizon"], **options), R[case]
    # glm.nb alternates to its own tolerance, and gls maximises numerically
    tolerance = 1e-6 if case in ("ar", "negative_binomial_3") else 1e-9
    assert result.changes == pytest.approx([wanted["level"], wanted["slope"]], rel=tolerance)
    assert (result.estimate, result.se) == pytest.approx((wanted["estimate"], wanted["se"]), rel=tolerance)
    assert result.df == 48 - 8


def test_the_parts_of_the_models_are_those_of_r() -> None:
    assert run().diagnostics["rho"] == pytest.approx(R["ar"]["rho"], rel=1e-6)
    assert loglinear.autoregressive(_fit(run()))[1] == pytest.approx(R["ar"]["scale"], rel=1e-6)
    nb = run(distribution="negative_binomial", errors="model", horizon=6)
    wanted = R["negative_binomial"]
    assert nb.diagnostics["alpha"] == pytest.approx(wanted["alpha"], rel=1e-6)
    assert nb.se == pytest.approx(wanted["se"] * math.sqrt(wanted["pearson"]), rel=1e-6)
    told = run().diagnostics
    assert told["phi"] == pytest.approx(R["model"]["phi"], rel=1e-9)
    assert told["ljung_box"]["Q"] == pytest.approx(R["ljung_box"], rel=1e-9) and told["ljung_box"]["lags"] == 9
    assert told["autocorrelation"] == pytest.approx(tuple(R["autocorrelation"]), rel=1e-9)


def _fit(result: Any) -> loglinear.Fit:
    t = DATA["t"].to_numpy(float)
    angle = 2 * np.pi * t / 12
    waves = [wave(k * angle) for k in (1, 2) for wave in (np.sin, np.cos)]
    X = np.column_stack([np.ones_like(t), t - 31, t >= 31, (t >= 31) * (t - 31), *waves])
    return loglinear.fit(DATA["y"].to_numpy(float), X, np.log(DATA["days"].to_numpy(float)))


def test_estimates_and_errors_are_those_of_statsmodels() -> None:
    data = made(np.random.default_rng(8), 60, 30, 2, 0.4)
    t = data["t"].to_numpy(float)
    X = np.column_stack([np.ones(60), t, t >= 41, (t >= 41) * (t - 41), *[(t % 12 == j) for j in range(1, 12)]]).astype(
        float
    )
    ours = run(data, start=41, season="dummies", errors="newey_west", lags=4, horizon=5)
    family = sm.families.Poisson()
    hac = {"maxlags": 4, "use_correction": True}
    theirs = sm.GLM(data["y"], X, family=family).fit(tol=1e-14, cov_type="HAC", cov_kwds=hac)
    test = theirs.t_test(np.eye(15)[2] + 5 * np.eye(15)[3])
    assert (ours.estimate, ours.se) == pytest.approx((test.effect[0], test.sd[0, 0]), rel=1e-8)
    residuals = np.asarray(theirs.resid_pearson)
    assert ours.diagnostics["durbin_watson"] == pytest.approx(durbin_watson(residuals), rel=1e-8)
    box = acorr_ljungbox(residuals - residuals.mean(), lags=[10])
    assert ours.diagnostics["ljung_box"]["p"] == pytest.approx(box["lb_pvalue"].iloc[0], rel=1e-6)


def test_the_average_effect_is_that_of_the_middle_and_at_gives_any_horizon() -> None:
    average = run()
    assert average.horizon == (48 - 31) / 2 and average.estimate == run(horizon=8.5).estimate
    six = average.at(6)
    assert six["estimate"] == pytest.approx(R["ar"]["estimate"], rel=1e-8) and six["se"] == run(horizon=6).se
    logs = np.log(average.series["fitted"] / average.series["without"])
    assert logs[30:].mean() == pytest.approx(average.estimate, rel=1e-9) and np.allclose(logs[:30], 0)
    level_only = run(slope=False)
    assert level_only.changes.size == 1 and level_only.at(0)["estimate"] == level_only.estimate


def test_a_control_takes_off_its_own_changes_and_its_share_of_the_error() -> None:
    both = run(control="ctl", control_exposure="days", horizon=6)
    assert both.estimate == pytest.approx(R["control"]["estimate"], rel=1e-8)
    assert both.changes[0] == pytest.approx(R["control"]["level"], rel=1e-8)
    data = made(np.random.default_rng(3), 60, 80, 12)
    for errors in ("ar", "newey_west", "model"):
        alone = [run(data, start=41, count=name, errors=errors).se ** 2 for name in ("y", "c")]
        assert run(data, start=41, control="c", errors=errors).se ** 2 < 0.6 * sum(alone)


def test_a_series_is_its_own_perfect_control() -> None:
    same = run(control="y", control_exposure="days")
    assert same.estimate == pytest.approx(0, abs=1e-12) and same.se == pytest.approx(0, abs=1e-7)
    with pytest.raises(MetareviewError, match="no usable standard error"):
        run(control="y", control_exposure="days", errors="newey_west").as_generic()


def test_periods_left_out_are_as_if_they_were_not_there() -> None:
    t = DATA["t"].to_numpy()
    for other in (0, 999):  # the value of a period left out does not matter
        changed = DATA.assign(y=DATA["y"].where(t != 31, other))
        assert run(changed, start=30.5 + 0.5, washout=1).estimate == pytest.approx(
            run(start=31, washout=1).estimate, rel=1e-9
        )
    part = run(start=31.5, errors="model")
    assert part.diagnostics["left_out"] == 1 and part.df == 47 - 8 and part.k == 47
    angle, kept = 2 * np.pi * t / 12, t != 31
    X = np.column_stack(
        [np.ones(48), t, t >= 32, (t >= 32) * (t - 32), *[w(k * angle) for k in (1, 2) for w in (np.sin, np.cos)]]
    )
    family, offset = sm.families.Poisson(), np.log(DATA["days"])
    theirs = sm.GLM(DATA["y"][kept], X[kept].astype(float), family=family, offset=offset[kept]).fit(
        tol=1e-14, scale="X2"
    )
    assert part.at(0)["estimate"] == pytest.approx(theirs.params.iloc[2], rel=1e-8)
    assert part.at(0)["se"] == pytest.approx(theirs.bse.iloc[2], rel=1e-8)


def test_order_of_rows_and_unit_of_exposure_do_not_matter() -> None:
    shuffled = DATA.sample(frac=1, random_state=1).assign(days=lambda d: d["days"] / 365)
    assert run(shuffled).to_dict()["estimate"] == pytest.approx(run().estimate, rel=1e-9)
    assert run(shuffled).se == pytest.approx(run().se, rel=1e-8)


@pytest.mark.parametrize(("base", "phi", "rho", "least"), [(4, 1, 0, 0.9), (40, 2, 0, 0.9), (40, 4, 0.5, 0.8)])
def test_a_known_effect_is_found_and_covered(base: float, phi: float, rho: float, least: float) -> None:
    rng = np.random.default_rng(20181105)
    found = []
    for _ in range(120):
        r = run(made(rng, 48, base, phi, rho), start=33, season=1)
        found.append((r.estimate, r.se**2, r.ci_low < -0.3 < r.ci_high))
    estimates, variances, covered = np.array(found, dtype=float).T
    assert abs(estimates.mean() + 0.3) < 3.5 * estimates.std() / math.sqrt(120)
    assert 0.6 < variances.mean() / estimates.var() < 1.8
    assert covered.mean() >= least


def test_newey_west_is_told_to_be_too_small_in_a_short_series() -> None:
    told = " ".join(run(errors="newey_west").warnings)
    assert "too small with 48 periods" in told
    alternating = made(np.random.default_rng(1), 48, 60).assign(y=lambda d: d["y"] + 15 * (d["t"] % 2))
    assert "smaller than that of independent periods" in " ".join(run(alternating, errors="newey_west").warnings)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({}, {"horizon": 30}, "beyond the series"),
        ({}, {"start": 43, "season": None}, "Only 6 periods after"),
        ({}, {"start": 11, "season": None}, "10 periods before"),
        ({48: 0}, {}, "Period 48 of 'y' has 0 events"),
        ({31: 0}, {}, "Period 31 of 'y' has 0 events"),
    ],
)
def test_what_a_reader_must_know_is_told(change: dict[int, int], options: dict[str, Any], said: str) -> None:
    data = DATA.assign(y=[change.get(t, y) for t, y in zip(DATA["t"], DATA["y"], strict=True)])
    assert said in " ".join(run(data, **options).warnings)


def test_left_autocorrelation_and_missing_overdispersion_are_told() -> None:
    rng = np.random.default_rng(5)
    walk = made(rng, 96, 300, 60, 0.9)
    assert "autocorrelated (Ljung-Box" in " ".join(run(walk, start=65, errors="model").warnings)
    held = made(rng, 96, 2000, 400, 0.995)
    assert "held at 0.8" in " ".join(run(held, start=65, slope=False, trend=False, season=None).warnings)
    even = DATA.assign(y=50, days=1)
    assert "negative binomial is Poisson" in " ".join(run(even, distribution="negative_binomial", season=None).warnings)


@pytest.mark.parametrize(
    ("column", "row", "value", "said"),
    [
        ("y", 4, -1, r"T 5, column 'y': -1.0 is negative"),
        ("y", 4, np.nan, "T 5, column 'y': is missing"),
        ("y", 4, "many", "T 5, column 'y': 'many' is not a number"),
        ("t", 4, 4.5, "Row 4, column 't': 4.5 is not a whole number"),
        ("t", 4, 4, "period 4 stands there twice"),
        ("t", 47, 60, "the period before 60 is missing"),
        ("days", 4, 0, "T 5, column 'days': 0.0 is not above 0"),
    ],
)
def test_impossible_values_are_refused_by_period_and_column(column: str, row: int, value: Any, said: str) -> None:
    data = DATA.astype({column: object if isinstance(value, str) else float})
    data.loc[row, column] = value
    with pytest.raises(MetareviewError, match=said):
        run(data)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"count": "crimes"}, "no column 'crimes'"),
        ({"start": 1}, "0 periods before the start 1"),
        ({"start": 48}, "1 periods after the start 48"),
        ({"errors": "hac"}, "errors='hac' is not known"),
        ({"distribution": "normal"}, "distribution='normal' is not known"),
        ({"season": "months"}, "season='months' is not known"),
        ({"season": 7}, "season=7 is not known"),
        ({"lags": -1}, "lags=-1"),
        ({"washout": 0.5}, "washout=0.5"),
        ({"horizon": -1}, "horizon=-1"),
        ({"horizon": "end"}, "horizon='end'"),
        ({"level": 95}, "level=95"),
        ({"cycle": 47, "season": "dummies"}, "cannot carry"),
    ],
)
def test_impossible_requests_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(MetareviewError, match=said):
        run(**options)


def test_series_without_a_finite_estimate_are_refused() -> None:
    with pytest.raises(MetareviewError, match="Column 'y' has no events after the start"):
        run(DATA.assign(y=DATA["y"].where(DATA["t"] < 31, 0)))
    with pytest.raises(MetareviewError, match="no finite estimate"):
        run(DATA.assign(y=DATA["y"].where(DATA["t"] % 12 != 3, 0)), season="dummies")


def test_a_result_can_be_shown_kept_and_pooled() -> None:
    one, other = run(), run(errors="model")
    assert repr(one).startswith("InterruptedSeries(k=48: -0.4") and "<table" in one._repr_html_()
    kept = json.loads(json.dumps(one.to_dict()))
    assert kept["estimate"] == one.estimate and len(kept["series"]) == 48 and len(kept["terms"]) == 8
    frame = one.to_frame()
    assert frame.loc[0, "ratio"] == pytest.approx(math.exp(one.estimate)) and len(frame) == 1
    effects = mr.effect_size("GEN", pd.DataFrame([one.as_generic(study="a"), other.as_generic(study="b")]))
    assert list(effects["yi"]) == [one.estimate, other.estimate]
    assert list(effects["sei"]) == pytest.approx([one.se, other.se])
    assert list(effects["study"]) == ["a", "b"] and effects.loc[0, "derived_by"] == one.method
