"""Negative binomial overdispersion, what a series says about itself, and the named values of phi."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_effects_overdispersion import series

from metareview.effects.overdispersion import diagnose_series, estimate_phi, phi_defaults
from metareview.effects.overdispersion import negative_binomial as nb
from metareview.effects.overdispersion.conditional import changes, fit_changes
from metareview.effects.overdispersion.series import read_series
from metareview.errors import MetareviewError


def hausman(places: int, periods: int, seed: int) -> tuple[pd.DataFrame, float]:
    """Counts of the model of Hausman, Hall and Griliches, and their true phi."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        [(i, t, int(t >= periods // 2), i % 2) for i in range(places) for t in range(periods)],
        columns=["place", "period", "after", "treated"],
    )
    lam = 2 * np.exp(0.1 * frame["after"] - 0.3 * frame["after"] * frame["treated"])
    theta = rng.gamma(2, 3, places)[frame["place"]]
    frame["count"] = rng.negative_binomial(lam, 1 / (1 + theta))
    return frame, float(1 + np.sum(lam * theta**2) / np.sum(lam * theta))


def test_negative_binomial_recovers_the_phi_of_its_own_model() -> None:
    frame, phi = hausman(600, 8, 1)
    found = estimate_phi(frame, method="negative_binomial")
    assert found.phi == pytest.approx(phi, rel=0.08)
    assert found.method == "negative_binomial" and found.to_dict()["method"] == "negative_binomial"
    plain = estimate_phi(frame)
    assert plain.phi < 0.8 * phi and (plain.X2, plain.df) == (found.X2, found.df)


def test_negative_binomial_likelihood_is_the_dirichlet_multinomial_and_at_its_maximum() -> None:
    frame, _ = hausman(20, 6, 2)
    data = read_series(frame, "place", "after", "treated", "count", None)
    data = data.only(data.usable())
    alpha = np.exp(0.3 * data.after + 0.1 * data.codes)
    rows = [np.flatnonzero(data.codes == i) for i in range(len(data.arm))]

    def oracle(alpha: np.ndarray) -> float:
        return sum(
            float(stats.dirichlet_multinomial.logpmf(data.y[r].astype(int), alpha[r], int(data.y[r].sum())))
            for r in rows
        )

    shift = 0.2 + alpha
    assert nb.log_likelihood(data, alpha) - nb.log_likelihood(data, shift) == pytest.approx(
        oracle(alpha) - oracle(shift), abs=1e-8
    )
    x = np.column_stack([np.ones_like(data.y), changes(data)])
    best = nb._maximum(data, x, np.zeros(3))
    top = nb.log_likelihood(data, np.exp(x @ best))
    for j in range(3):
        for step in (-0.01, 0.01):
            moved = best + step * np.eye(3)[j]
            assert nb.log_likelihood(data, np.exp(x @ moved)) < top


def test_poisson_counts_have_a_negative_binomial_phi_near_one() -> None:
    assert estimate_phi(series(200, 8, 1.0, 5), method="negative_binomial").phi == pytest.approx(1, abs=0.08)
    frame = series(6, 4, 1.0, 3)
    frame["count"] = 20  # less spread than Poisson
    assert estimate_phi(frame, method="negative_binomial").phi == 1.0
    with pytest.raises(MetareviewError, match="method='nb2' is unknown"):
        estimate_phi(frame, method="nb2")  # type: ignore[arg-type]


def test_conditional_fit_gives_the_changes_in_closed_form() -> None:
    frame = series(30, 6, 2.0, 8)
    data = read_series(frame, "place", "after", "treated", "count", None)
    found = fit_changes(data)
    sums = frame.groupby(["treated", "after"])["count"].sum()
    np.testing.assert_allclose(found.beta, [np.log(sums[arm, 1] / sums[arm, 0]) for arm in (0, 1)], rtol=1e-10)
    np.testing.assert_allclose(
        np.diag(found.covariance), [1 / sums[arm, 1] + 1 / sums[arm, 0] for arm in (0, 1)], rtol=1e-9
    )


def test_a_clean_series_gives_no_warning() -> None:
    found = diagnose_series(series(200, 10, 1.0, 16))
    assert found.warnings == ()
    assert found.phi == estimate_phi(series(200, 10, 1.0, 16)).phi
    for value in (found.phi_treated, found.phi_control, found.phi_totals):
        assert value == pytest.approx(1, abs=0.25)
    assert found.totals_df == 198 and abs(found.lag1) < 0.2 and found.trend_p > 0.05
    assert found.phi_without_low <= found.phi <= found.phi_without_high
    assert list(found.to_frame().columns) == ["value", "reading"] and "SeriesDiagnostics(phi=" in repr(found)


def test_memory_and_uneven_changes_are_seen_in_totals() -> None:
    rng = np.random.default_rng(3)
    frame = series(60, 20, 1.0, 7)
    rough = rng.normal(0, 0.35, 60)[frame["place"].str[1:].astype(int)] * frame["after"]
    frame["count"] = rng.poisson(30 * np.exp(rough))
    found = diagnose_series(frame)
    assert found.phi_totals > 5 * found.phi_control > 5
    assert any("use phi_totals" in word for word in found.warnings)
    assert any("memory" in word for word in found.warnings) and found.phi_long_run > found.phi


def test_another_course_before_is_seen() -> None:
    frame = series(40, 12, 1.0, 9)
    rng = np.random.default_rng(4)
    frame["count"] = rng.poisson(40 * np.exp(0.05 * frame["period"] * frame["treated"] * (1 - frame["after"])))
    found = diagnose_series(frame)
    assert found.trend_difference == pytest.approx(0.05, abs=3 * found.trend_se)
    assert found.trend_p < 0.01 and any("not parallel" in word for word in found.warnings)


def test_trend_difference_is_that_of_the_glm_with_an_effect_for_every_place() -> None:
    import statsmodels.api as sm

    frame = series(8, 10, 1.0, 11)
    before = frame[frame["after"] == 0]
    design = pd.get_dummies(before["place"]).astype(float)
    design["slope"] = before["period"].astype(float)
    design["difference"] = design["slope"] * before["treated"]
    fit = sm.GLM(before["count"], design, family=sm.families.Poisson()).fit(tol=1e-12)
    phi = max(1.0, fit.pearson_chi2 / fit.df_resid)
    found = diagnose_series(frame)
    assert found.trend_difference == pytest.approx(fit.params["difference"], rel=1e-7)
    assert found.trend_se == pytest.approx(fit.bse["difference"] * np.sqrt(phi), rel=1e-6)


def test_a_place_that_makes_the_spread_is_named() -> None:
    frame = series(30, 8, 1.0, 10)
    frame.loc[frame["place"] == "p7", "count"] *= np.tile([0, 6], 4)
    found = diagnose_series(frame)
    assert found.worst_place == found.most_influential == "p7" and found.worst_share > 0.5
    assert found.phi_without_low < 1.5 < found.phi
    assert any("place p7" in word for word in found.warnings)


def test_what_a_short_series_cannot_say_is_missing() -> None:
    frame = series(8, 4, 1.0, 4).drop(columns="period")
    found = diagnose_series(frame, period=None)
    assert np.isnan([found.lag1, found.phi_long_run, found.trend_difference, found.trend_p]).all()
    alone = diagnose_series(frame[frame["treated"] == 1], period=None)
    assert np.isnan(alone.phi_control) and alone.phi_treated == alone.phi
    with pytest.raises(MetareviewError, match="Place p0 has the period 0 twice"):
        diagnose_series(frame.assign(period=0))


def test_named_values_have_a_source() -> None:
    table = phi_defaults()
    assert table.loc["poisson", "phi"] == 1 and table.loc["twice_poisson", "phi"] == 2
    assert table["phi"].ge(1).all() and table["source"].str.len().gt(20).all() and table.index.is_unique
