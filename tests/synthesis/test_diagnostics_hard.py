"""Diagnostics on hard data: few, tied, identical, collinear, of very different size; and what they must not depend on."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesis_cases import BCG, close
from threadpoolctl import threadpool_limits

import metareview as mr
from metareview.errors import MetareviewError
from metareview.synthesis.diagnostics.gosh_clusters import METHODS, gosh_clusters
from metareview.synthesis.diagnostics.influence import MEASURES
from metareview.synthesis.influence import leave_one_out

YI, VI = np.array(BCG["yi"]), np.array(BCG["vi"])


def table(result: Any) -> np.ndarray:
    return mr.influence(result).to_frame().drop(columns=["label", "influential"]).to_numpy()


@pytest.mark.parametrize("tau2", ["REML", "DL", "FE", "PM", "HE", "SJ", "ML", 0.1])
def test_every_estimator_is_deleted_as_pool_does_it(tau2: Any) -> None:
    found = mr.influence(mr.pool(YI, VI, tau2=tau2))
    each = [mr.pool(np.delete(YI, i), np.delete(VI, i), tau2=tau2) for i in range(13)]
    close(found.tau2_deleted, [r.tau2 for r in each])
    close(found.Q_deleted, [r.Q for r in each])
    rows = leave_one_out(YI, VI, tau2=tau2)
    for name in ("estimate", "se", "ci_low", "ci_high", "p", "tau2", "I2", "Q_p", "k"):
        close(rows[name], [getattr(r, name) for r in each])
    close(rows["pi_low"].fillna(0.0), np.nan_to_num([r.pi_low for r in each]))
    assert list(rows["test"]) == [r.test for r in each]


def test_one_two_and_three_effects() -> None:
    for draw in (mr.influence, mr.baujat):
        with pytest.raises(MetareviewError, match="at least two effects"):
            draw(mr.pool([1.0], [0.1]))
    with pytest.raises(MetareviewError, match="at least two effects"):
        mr.gosh(mr.pool([1.0], [0.1]))
    with pytest.raises(MetareviewError, match="at least three effects"):
        mr.qq(mr.pool([1.0, 2.0], [0.1, 0.2]))
    with pytest.raises(MetareviewError, match="No degree of freedom"):
        mr.profile(mr.pool([1.0], [0.1]))
    with pytest.raises(MetareviewError, match="more effects than coefficients"):
        mr.bootstrap(mr.pool([1.0], [0.1]))
    assert mr.cumulative(mr.pool([1.0], [0.1]))["k"].tolist() == [1]
    assert len(mr.radial(mr.pool([1.0], [0.1]))) == 1
    for k in (2, 3):
        result = mr.pool(YI[:k], VI[:k])
        assert np.isfinite(table(result)).all()
        assert mr.gosh(result).sizes.size == 2**k - 1


def test_identical_effects_have_nothing_to_tell() -> None:
    result = mr.pool([0.5] * 6, [0.1, 0.2, 0.1, 0.2, 0.3, 0.1])
    found = mr.influence(result)
    assert np.allclose(found.rstudent, 0) and np.allclose(found.cook, 0) and not any(found.influential)
    clusters = mr.gosh(result).clusters()
    assert clusters.drivers == () and clusters.association.max() == 0.0
    assert mr.profile(result).estimate == 0.0
    assert mr.bootstrap(result, n=50).at_zero > 0


def test_an_effect_that_alone_tells_a_moderator_is_named() -> None:
    data = pd.DataFrame({"yi": YI, "vi": VI, "alone": np.arange(13) == 4, "year": np.arange(13.0)})
    data["alone"] = data["alone"].astype(float)
    found = mr.influence(mr.regress("yi ~ alone + year", data, labels=[f"e{i}" for i in range(13)]))
    rest = np.arange(13) != 4
    assert "Without e4 the coefficients cannot be told apart" in found.warnings[0]
    assert np.isnan(found.rstudent[4]) and np.isnan(found.rstandard[4]) and np.isnan(found.tau2_deleted[4])
    for name in MEASURES:
        assert np.isfinite(getattr(found, name)[rest]).all()
    frame = mr.leave_one_cluster_out(mr.regress("yi ~ alone + year", data), list("abcdefghijklm"))
    assert np.isnan(frame.loc[4, "estimate alone"]) and np.isfinite(frame.loc[rest, "estimate alone"]).all()
    sets = mr.gosh(mr.regress("yi ~ alone", data[:8]))
    assert "do not tell the coefficients apart" in sets.warnings[0] and sets.sizes.size < 255
    assert sets.members[:, 4].all()


def test_variances_over_eight_orders_of_magnitude() -> None:
    rng = np.random.default_rng(3)
    vi = np.geomspace(1e-6, 1e2, 9)
    yi = 0.3 + rng.standard_normal(9) * np.sqrt(vi + 0.05)
    found = mr.influence(mr.pool(yi, vi))
    each = [mr.pool(np.delete(yi, i), np.delete(vi, i)) for i in range(9)]
    np.testing.assert_allclose(found.tau2_deleted, [r.tau2 for r in each], rtol=1e-9, atol=1e-12)
    sets = mr.gosh(mr.pool(yi, vi))
    for n in range(0, 511, 37):
        rows = sets.members[n]
        one = mr.pool(yi[rows], vi[rows])
        np.testing.assert_allclose([sets.tau2[n], sets.estimate[n]], [one.tau2, one.estimate], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("tau2", ["FE", "DL"])
@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_sums_over_subsets_are_fits_of_subsets(tau2: str, shift: float) -> None:
    rng = np.random.default_rng(6)
    vi = np.geomspace(1e-5, 1e2, 8)
    yi = np.array([0.3, 0.3, 0.3, *rng.standard_normal(5)]) + shift
    sets = mr.gosh(mr.pool(yi, vi, tau2=tau2))
    for n in range(255):
        one = mr.pool(yi[sets.members[n]], vi[sets.members[n]], tau2=tau2)
        got = [sets.estimate[n] - shift, sets.tau2[n], sets.I2[n], sets.H2[n], sets.Q[n]]
        expected = [one.estimate - shift, one.tau2, one.I2, one.H2, one.Q]
        np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-9 if shift == 0 else 1e-5)


def test_what_does_not_fit_is_told() -> None:
    result = mr.pool(YI, VI)
    with pytest.raises(MetareviewError, match="result of pool or regress, and got a dict"):
        mr.influence({})
    with pytest.raises(MetareviewError, match="order has 2 values for 13 effects"):
        mr.cumulative(result, [1, 2])
    with pytest.raises(MetareviewError, match="order has no value for 1"):
        mr.cumulative(result, [None, *range(12)])
    with pytest.raises(MetareviewError, match="has no likelihood"):
        mr.profile(mr.pool(YI, VI, tau2="DL"))
    with pytest.raises(MetareviewError, match="out of bounds"):
        mr.profile(result, values=[-1.0])
    for call in (mr.qq, mr.bootstrap):
        with pytest.raises(MetareviewError, match="There is no"):
            call(result, kind="other")
    with pytest.raises(MetareviewError, match="no clustering"):
        mr.gosh(mr.pool(YI[:5], VI[:5])).clusters("other")
    data = pd.DataFrame({"yi": YI, "vi": VI, "x": np.arange(13.0)})
    for draw in (mr.cumulative, mr.radial):
        with pytest.raises(MetareviewError, match="pooled result"):
            draw(mr.regress("yi ~ x", data))


def test_cumulative_ends_at_the_result_and_ties_keep_their_order() -> None:
    result = mr.pool(YI, VI, labels=list("abcdefghijklm"))
    found = mr.cumulative(result, [1] * 6 + [0] * 7)
    assert "".join(found["added"]) == "ghijklmabcdef"
    close(found["estimate"].iloc[-1], result.estimate)
    close(found["ci_low"].iloc[-1], result.ci_low)


def test_subsets_are_sampled_beyond_the_limit() -> None:
    sets = mr.gosh(mr.pool(YI, VI, tau2="DL"), subsets=2000, seed=4)
    assert not sets.exact and sets.sizes.size == 2000 and sets.sizes.min() >= 1
    assert abs(sets.members.mean() - 0.5) < 0.02
    assert np.array_equal(sets.members, mr.gosh(mr.pool(YI, VI, tau2="DL"), subsets=2000, seed=4).members)


def test_an_outlier_drives_the_clusters_of_a_gosh_plot() -> None:
    rng = np.random.default_rng(5)
    yi = np.append(rng.normal(0.2, 0.05, 9), 3.0)
    sets = mr.gosh(mr.pool(yi, np.full(10, 0.04), labels=[*"abcdefghi", "odd"], tau2="FE"))
    for method in ("kmeans", "gmm"):
        assert "odd" in sets.clusters(method, n=2).drivers
    assert sets.clusters("dbscan", eps=0.3).drivers == ("odd",)


def clouds(points: np.ndarray) -> Any:
    """A GOSH plot of such points: what `gosh_clusters` looks at."""
    m = len(points)
    return SimpleNamespace(
        estimate=points[:, 0], I2=points[:, 1], members=np.ones((m, 2), dtype=bool), labels=("a", "b")
    )


@pytest.mark.parametrize("method", METHODS)
def test_clusterings_find_separate_clouds_on_any_number_of_threads(method: str) -> None:
    rng = np.random.default_rng(2)
    truth = np.repeat([0, 1, 2], 60)
    cloud = clouds(np.array([[0, 0], [5, 0], [0, 5]])[truth] + 0.3 * rng.standard_normal((180, 2)))
    found = gosh_clusters(cloud, method, eps=0.3, least=4)
    pairs = {(t, c) for t, c in zip(truth, found.assigned, strict=True) if c >= 0}
    assert len(pairs) == 3 and np.mean(found.assigned >= 0) > 0.95
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            assert np.array_equal(found.assigned, gosh_clusters(cloud, method, eps=0.3, least=4).assigned)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("distinct", [1, 2, 3])
def test_fewer_distinct_points_than_clusters(method: str, distinct: int) -> None:
    points = np.array([[0.0, 0.0], [1.0, 50.0], [0.1 + 0.2, 0.0]])[np.arange(30) % distinct]
    found = gosh_clusters(clouds(points), method, n=3, least=5)
    assert len(found.names) == distinct and found.sizes.sum() == 30
    assert all(len(set(found.assigned[i::distinct])) == 1 for i in range(distinct))
    assert bool(found.warnings) == (distinct == 1)


def test_points_far_apart_are_all_noise() -> None:
    found = gosh_clusters(clouds(np.array([[0.0, 0.0], [9.0, 9.0], [0.0, 9.0]])), "dbscan", n=2, eps=0.1, least=2)
    assert found.assigned.tolist() == [-1, -1, -1] and found.names == () and found.drivers == ()


def test_bootstrap_agrees_with_theory_for_equal_effects() -> None:
    result = mr.pool(YI, VI, tau2="FE", test="z")
    found = mr.bootstrap(result, n=4000)
    assert abs(found.se[0] / result.se - 1) < 0.04 and abs(found.bias[0]) < 0.1 * result.se
    assert found.to_frame()["term"].tolist() == ["Intercept", "tau2"]
    other = mr.bootstrap(mr.pool(YI, VI), n=400, kind="nonparametric")
    assert other.ci_low[0] < mr.pool(YI, VI).estimate < other.ci_high[0]


def test_envelope_holds_about_its_level_of_model_data() -> None:
    rng = np.random.default_rng(8)
    vi = np.linspace(0.05, 0.4, 25)
    found = mr.qq(mr.pool(rng.standard_normal(25) * np.sqrt(vi + 0.1), vi), n=2000)
    assert len(found.outside) < 8 and np.all(found.low < found.high)
    assert np.all(np.diff(found.residual) >= 0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100.0), st.floats(-50.0, 50.0))
def test_order_scale_and_shift_change_no_measure(seed: int, c: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(4, 9))
    vi = rng.uniform(0.05, 1.0, k)
    yi = rng.normal(0, np.sqrt(vi + 0.2))
    turn = rng.permutation(k)
    one, two = mr.influence(mr.pool(yi, vi)), mr.influence(mr.pool(c * yi[turn] + shift, c**2 * vi[turn]))
    for name in ("rstandard", "rstudent", "dffits", "cook", "cov_r", "Q_deleted", "hat", "weight"):
        np.testing.assert_allclose(getattr(two, name), getattr(one, name)[turn], rtol=1e-5, atol=1e-6)


def test_results_tell_themselves() -> None:
    result = mr.pool(YI, VI)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sets = mr.gosh(mr.pool(YI[:6], VI[:6]))
        for found in (mr.influence(result), mr.influence(result, cluster=[1, 2, 3] * 4 + [1]), mr.qq(result, n=20),
                      mr.profile(result, n=5), mr.bootstrap(result, n=20), sets, sets.clusters()):  # fmt: skip
            assert "\n" not in repr(found) and repr(found).startswith(type(found).__name__)
            assert "<table" in found._repr_html_()
            assert found.to_dict() and len(found.to_frame())
