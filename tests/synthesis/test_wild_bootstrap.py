"""The cluster wild bootstrap: the algebra against refitting, the draws, the interval, its size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.errors import MetareviewError
from metareview.synthesis.robust.clusters import by_cluster
from metareview.synthesis.robust.sandwich import sandwich
from metareview.synthesis.working import Working, diagonal


def effects(seed: int, clusters: int, size: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(clusters), size)
    vi = rng.uniform(0.02, 0.3, study.size)
    yi = rng.normal(0, 0.3, clusters)[study] + rng.normal(size=study.size) * np.sqrt(vi)
    z = (rng.permutation(clusters) < clusters // 3 + 1).astype(float)[study]
    return pd.DataFrame({"study": study, "yi": yi, "vi": vi, "x": rng.normal(size=study.size), "z": z})


def fit(data: pd.DataFrame, formula: str = "yi ~ x + z") -> Any:
    known = {"sigma2[study]": 0.08, "sigma2[study/effect]": 0.03}
    return mr.multilevel(formula, data.assign(effect=range(len(data))), random="1 | study/effect", rho=0.6, fixed=known)


def refitted(w: Working, cluster: Any, C: np.ndarray, c: float) -> tuple[float, np.ndarray]:
    """The statistic of the data and of all signs, each by fitting again: slow and plain."""
    W = np.zeros((w.y.size, w.y.size))
    for rows, block in zip(w.members, w.weights, strict=True):
        W[np.ix_(rows, rows)] = block

    def statistic(y: np.ndarray) -> float:
        beta = np.linalg.solve(w.X.T @ W @ w.X, w.X.T @ W @ y)
        cov = sandwich(by_cluster(replace(w, y=y, beta=beta), cluster), "CR0").cov
        return float((C @ beta - c) @ np.linalg.solve(C @ cov @ C.T, C @ beta - c))

    M = w.bread
    restricted = w.beta - M @ C.T @ np.linalg.solve(C @ M @ C.T, C @ w.beta - c)
    e0, codes = w.y - w.X @ restricted, pd.factorize(np.asarray(cluster))[0]
    J = int(codes.max()) + 1
    signs = 1 - 2 * ((np.arange(2 ** (J - 1))[:, None] >> np.arange(J)) & 1)
    return statistic(w.y), np.array([statistic(w.X @ restricted + s[codes] * e0) for s in signs])


@pytest.mark.parametrize("C", [[[0, 0, 1]], [[0, 1, 0], [0, 0, 1]], [[1, 0, 1]]])
def test_it_is_what_refitting_gives(C: list[list[int]]) -> None:
    data = effects(1, 6)
    model = fit(data)
    got = mr.wild_bootstrap(model, data["study"], C, weights="Rademacher")
    own, drawn = refitted(model.working, data["study"], np.array(C, dtype=float), 0.0)
    assert got.exact
    assert got.replications == 32
    assert got.statistic == pytest.approx(own, rel=1e-9)
    assert got.p_value == np.mean(drawn >= own * (1 - 1e-9))


def test_the_interval_holds_the_values_that_refitting_does_not_reject() -> None:
    data = effects(2, 8)
    model = fit(data, "yi ~ x")
    got = mr.wild_bootstrap(model, data["study"], "x", weights="Rademacher", level=0.9)
    C = np.array([[0.0, 1.0]])
    for end, inward in ((got.ci_low, 1.0), (got.ci_high, -1.0)):
        for step, rejected in ((-inward, True), (inward, False)):
            own, drawn = refitted(model.working, data["study"], C, end + step * 1e-4)
            assert (np.mean(drawn >= own * (1 - 1e-9)) <= 0.1) == rejected


def test_workers_do_not_change_a_digit() -> None:
    data = effects(3, 14)
    model = fit(data)
    for weights in ("Rademacher", "Webb"):
        one, two = (
            mr.wild_bootstrap(model, data["study"], "z", weights=weights, seed=7, workers=workers) for workers in (1, 2)
        )
        assert one.to_dict() == two.to_dict()
    assert mr.wild_bootstrap(model, data["study"], "z", seed=8).p_value != one.p_value


def test_sampled_signs_come_close_to_all_of_them() -> None:
    data = effects(4, 12)
    model = fit(data)
    whole = mr.wild_bootstrap(model, data["study"], ["x", "z"], replications=2048)
    drawn = mr.wild_bootstrap(model, data["study"], ["x", "z"], replications=2047)
    assert (whole.exact, drawn.exact) == (True, False)
    assert abs(whole.p_value - drawn.p_value) < 0.04
    assert np.isnan(whole.ci_low)


def test_its_size_where_few_clusters_differ_in_the_moderator() -> None:
    """Normal tests reject far too often here; the bootstrap about as often as it says (400 tests of 5%: sd .011)."""
    rejected, n = np.zeros(2), 400
    for seed in range(n):
        data = effects(1000 + seed, 9)
        X = np.stack([np.ones(len(data)), data["z"]], axis=1)
        y, variances = data["yi"].to_numpy(), data["vi"].to_numpy() + 0.1
        model = diagonal(y, variances, X, ("Intercept", "z"), [str(i) for i in data.index])
        boot = mr.wild_bootstrap(model, data["study"], "z", weights="Rademacher")
        rejected += [boot.p_value <= 0.05, mr.robust(model, data["study"], vcov="CR0", test="z").p_value[1] <= 0.05]
    assert 0.02 < rejected[0] / n < 0.08
    assert rejected[1] / n > 0.12


def test_what_cannot_be_used_is_said() -> None:
    data = effects(5, 3)
    model = fit(data)
    for change in ({"weights": "Mammen"}, {"replications": 0}, {"vcov": "HC1"}):
        with pytest.raises(MetareviewError):
            mr.wild_bootstrap(model, data["study"], "z", **change)  # type: ignore[arg-type]
    with pytest.raises(MetareviewError, match="cannot be tested with 3 clusters"):
        mr.wild_bootstrap(model, data["study"], ["Intercept", "x", "z"])
    few = mr.wild_bootstrap(model, data["study"], "x", weights="Rademacher")
    assert np.isinf([few.ci_low, few.ci_high]).all()
    assert any("sign weights" in w for w in few.warnings)
    assert mr.wild_bootstrap(model, data["study"], "x").weights == "Webb"
