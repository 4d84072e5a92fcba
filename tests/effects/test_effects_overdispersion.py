"""Overdispersion estimated from series of places, and what it does to an interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from metareview.effects.overdispersion import estimate_phi, phi_table
from metareview.errors import MetareviewError


def series(places: int, periods: int, spread: float, seed: int) -> pd.DataFrame:
    """Counts of `places` over `periods`, half after, half treated, with variance `spread` times Poisson's."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        [(f"p{i}", t, int(t >= periods // 2), int(i % 2)) for i in range(places) for t in range(periods)],
        columns=["place", "period", "after", "treated"],
    )
    level = rng.gamma(4, 10, places)[frame["place"].str[1:].astype(int)]
    mu = level * np.exp(0.1 * frame["after"] - 0.3 * frame["after"] * frame["treated"])
    size = mu / (spread - 1) if spread > 1 else None
    frame["count"] = rng.poisson(mu if size is None else mu * rng.gamma(size, 1 / size))
    return frame


@pytest.mark.parametrize("exposed", [False, True])
def test_phi_is_that_of_the_glm_with_an_effect_for_every_place(exposed: bool) -> None:
    frame = series(12, 6, 3.0, 1)
    frame["days"] = 30 + frame["period"] % 3
    design = pd.get_dummies(frame["place"]).astype(float)
    design["after"] = frame["after"] * (1 - frame["treated"])
    design["change"] = frame["after"] * frame["treated"]
    offset = np.log(frame["days"]) if exposed else None
    fit = sm.GLM(frame["count"], design, family=sm.families.Poisson(), offset=offset).fit(tol=1e-12)
    found = estimate_phi(frame, exposure="days" if exposed else None)
    assert found.phi == pytest.approx(fit.pearson_chi2 / fit.df_resid, rel=1e-8)
    assert found.df == fit.df_resid == 12 * 6 - 14
    assert (found.places, found.rows, found.dropped, found.phi_source) == (12, 72, 0, "estimated")


@pytest.mark.parametrize("spread", [1.0, 2.0, 5.0])
def test_phi_recovers_the_spread_the_counts_were_made_with(spread: float) -> None:
    found = estimate_phi(series(400, 8, spread, 2))
    assert found.phi == pytest.approx(spread, rel=0.1)
    assert found.used == max(1.0, found.phi) == found.to_dict()["used"]


def test_places_that_say_nothing_are_dropped_and_counted() -> None:
    frame = series(10, 4, 2.0, 3)
    empty = pd.DataFrame({"place": "zero", "after": [0, 1], "treated": 0, "count": 0})
    once = pd.DataFrame({"place": "once", "after": [0], "treated": 1, "count": 5})
    found = estimate_phi(pd.concat([frame, empty, once]))
    assert found.dropped == 2 and found.phi == estimate_phi(frame).phi


def test_a_series_of_treated_places_only_is_enough() -> None:
    frame = series(10, 4, 2.0, 3).query("treated == 1")
    assert estimate_phi(frame).df == 5 * 4 - 5 - 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"count": -1}, "column 'count'"),
        ({"after": 2}, "column 'after'"),
        ({"treated": 1}, "column 'treated'"),
        ({"count": np.nan}, "column 'count': is missing"),
    ],
)
def test_impossible_series_are_refused(change: dict[str, float], word: str) -> None:
    frame = series(4, 4, 1.0, 4)
    for name, value in change.items():
        frame[name] = frame[name].astype(float)
        frame.loc[0, name] = value
    with pytest.raises(MetareviewError, match=word):
        estimate_phi(frame)


def test_series_without_a_change_to_estimate_are_refused() -> None:
    frame = series(4, 4, 1.0, 4)
    with pytest.raises(MetareviewError, match="no column 'events'"):
        estimate_phi(frame, count="events")
    with pytest.raises(MetareviewError, match="No place has events"):
        estimate_phi(frame.query("after == 0"))
    frame.loc[(frame["after"] == 1) & (frame["treated"] == 1), "count"] = 0
    with pytest.raises(MetareviewError, match="treated places have no events before, or none after"):
        estimate_phi(frame)
    with pytest.raises(MetareviewError, match="no degrees of freedom"):
        estimate_phi(series(2, 2, 1.0, 4))


def test_phi_table_shows_the_interval_at_one_two_and_four() -> None:
    # Wheeler & Ratcliffe (2018): RES interval 1.469 to 2.569, 1.309 to 2.884 at phi 2; ours is the inverse
    table = phi_table(207, 110, 308, 318)
    assert list(table.index) == [1, 2, 4] and table.index.name == "phi"
    np.testing.assert_allclose(table["sei"], [0.14252, 0.20156, 0.28504], atol=1e-5)
    np.testing.assert_allclose(1 / table["ratio_high"].iloc[:2], [1.469, 1.309], atol=6e-4)
    np.testing.assert_allclose(1 / table["ratio_low"].iloc[:2], [2.569, 2.884], atol=6e-4)
    assert set(table["yi"]) == {table["yi"].iloc[0]}
    assert (phi_table(207, 110, 308, 318, level=0.9)["ci_low"] > table["ci_low"]).all()
    with pytest.raises(MetareviewError, match="says nothing"):
        phi_table(0, 0, 3, 4)
    with pytest.raises(MetareviewError, match="not between 0 and 1"):
        phi_table(1, 2, 3, 4, level=95)
