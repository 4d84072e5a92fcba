"""Cluster-robust variances: what must hold whatever the data are, and data that are hard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metareview as mr
from metareview.errors import MetareviewError


def effects(seed: int, sizes: tuple[int, ...] = (1, 2, 3, 4, 5, 3, 2, 6)) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(len(sizes)), sizes)
    k = study.size
    vi = rng.uniform(0.02, 0.3, k)
    yi = 0.3 + rng.normal(0, 0.3, len(sizes))[study] + rng.normal(size=k) * np.sqrt(vi)
    return pd.DataFrame({"study": study, "effect": range(k), "yi": yi, "vi": vi, "x": rng.normal(size=k)})


def fit(data: pd.DataFrame, formula: str = "yi ~ x", scale: float = 1.0) -> Any:
    known = {"sigma2[study]": 0.08 * scale, "sigma2[study/effect]": 0.03 * scale}
    return mr.multilevel(formula, data, random="1 | study/effect", rho=0.6, fixed=known)


def numbers(result: Any) -> np.ndarray:
    return np.array([result.estimate, result.se, result.df, result.p_value, [result.QM, result.QM_p]])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["CR0", "CR1", "CR1S", "CR2", "CR3"]))
def test_order_and_names_of_clusters_do_not_matter(seed: int, vcov: str) -> None:
    data = effects(seed)
    once = mr.robust(fit(data), data["study"], vcov=vcov)
    mixed = data.sample(frac=1.0, random_state=seed)
    again = mr.robust(fit(mixed), [f"study {s}" for s in mixed["study"]], vcov=vcov)
    np.testing.assert_allclose(numbers(again), numbers(once), rtol=1e-8)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-3, 0.5, 40.0, 1e4]))
def test_effects_on_another_scale_give_the_same_tests(seed: int, c: float) -> None:
    data = effects(seed)
    once = mr.robust(fit(data), data["study"])
    scaled = data.assign(yi=c * data["yi"], vi=c**2 * data["vi"])
    again = mr.robust(fit(scaled, scale=c**2), data["study"])
    np.testing.assert_allclose(again.se, c * once.se, rtol=1e-8)
    np.testing.assert_allclose([again.df, again.p_value], [once.df, once.p_value], rtol=1e-7)


def test_units_of_a_moderator_do_not_matter() -> None:
    data = effects(12).assign(z=lambda d: np.cos(d["effect"]))
    once = mr.robust(fit(data, "yi ~ x + z"), data["study"])
    again = mr.robust(fit(data.assign(x=1e9 * data["x"], z=1e-6 * data["z"]), "yi ~ x + z"), data["study"])
    np.testing.assert_allclose([again.QM, again.QM_df2, again.QM_p], [once.QM, once.QM_df2, once.QM_p], rtol=1e-7)
    np.testing.assert_allclose([again.df, again.p_value], [once.df, once.p_value], rtol=1e-7)


def test_cr2_is_unbiased_when_the_working_covariance_is_right() -> None:
    from metareview.synthesis.robust.degrees import expected, terms

    data = effects(1)
    result = mr.robust(fit(data), data["study"], vcov="CR2")
    np.testing.assert_allclose(expected(terms(result.model, result.sandwich, np.eye(2))), fit(data).cov, rtol=1e-9)


@pytest.mark.parametrize("vcov", ["CR2", "CR3"])
def test_variances_over_eight_orders_of_magnitude_within_clusters(vcov: str) -> None:
    """Against plain algebra in 60 digits."""
    import mpmath

    data = effects(3, (3, 3, 3, 3, 3, 3))
    data["vi"] = np.tile([1e-6, 1e-2, 1e2], 6)
    data["yi"] = np.random.default_rng(1).normal(size=18) * np.sqrt(data["vi"] + 1e-6)
    model = mr.multilevel("yi ~ x", data, random="1 | study", rho=0.4, fixed={"sigma2[study]": 1e-6})
    with mpmath.workdps(60):
        expected = exact(model.working, vcov)
    np.testing.assert_allclose(mr.robust(model, data["study"], vcov=vcov).cov, expected, rtol=1e-7)


def exact(w: Any, vcov: str) -> np.ndarray:
    from mpmath import cholesky, diag, eigsy, eye, matrix, sqrt

    X, e, p = matrix(w.X.tolist()), None, w.X.shape[1]
    blocks = [[int(i) for i in rows] for rows in w.members]
    Phi = [matrix(block.tolist()) for block in w.covariances]
    W = [block**-1 for block in Phi]
    part = [matrix([[X[i, j] for j in range(p)] for i in rows]) for rows in blocks]
    y = [matrix([w.y[i] for i in rows]) for rows in blocks]
    M = sum((x.T * v * x for x, v in zip(part, W, strict=True)), matrix(p, p)) ** -1
    beta = M * sum((x.T * v * b for x, v, b in zip(part, W, y, strict=True)), matrix(p, 1))
    total = matrix(p, p)
    for x, v, b, phi in zip(part, W, y, Phi, strict=True):
        e = b - x * beta
        if vcov == "CR3":
            A = (eye(phi.rows) - x * M * x.T * v) ** -1
        else:
            D = cholesky(phi).T
            values, vectors = eigsy(D * (phi - x * M * x.T) * D.T)
            A = D.T * vectors * diag([1 / sqrt(q) for q in values]) * vectors.T * D
        u = M * x.T * v * A * e
        total += u * u.T
    return np.array(total.tolist(), dtype=float)


def test_singletons_only_is_the_heteroskedasticity_robust_variance() -> None:
    data = effects(4, (1,) * 9)
    model = mr.regress("yi ~ x", data, tau2=0.1)
    found = mr.robust(model, range(9), vcov="CR0")
    w = 1.0 / (data["vi"].to_numpy() + 0.1)
    X = np.stack([np.ones(9), data["x"]], axis=1)
    bread = np.linalg.inv(X.T @ (w[:, None] * X))
    e = data["yi"].to_numpy() - X @ bread @ X.T @ (w * data["yi"].to_numpy())
    np.testing.assert_allclose(found.cov, bread @ (X.T * (w * e) ** 2) @ X @ bread, rtol=1e-10)


def test_a_coefficient_that_one_cluster_determines_is_named() -> None:
    data = effects(5).assign(only=lambda d: np.where(d["study"] == 4, "b", "a"))
    found = mr.robust(fit(data, "yi ~ 0 + only"), data["study"])
    assert np.isnan(mr.robust(fit(data, "yi ~ 0 + only"), data["study"], vcov="CR0").p_value[1])
    assert any("only[b] rests on cluster 4 alone" in w for w in found.warnings)
    difference = mr.robust(fit(data, "yi ~ only"), data["study"])
    assert any("only[T.b] rests on cluster 4 alone" in w for w in difference.warnings)


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        (lambda d: ["one"] * len(d), "one cluster"),
        (lambda d: d["study"].where(d.index != 3), "No cluster is given for 4"),
        (lambda d: range(len(d)), "depend on each other"),
        (lambda d: d["study"].iloc[1:], "clusters for 26 effects"),
    ],
)
def test_clusters_that_cannot_be_used_are_refused(cluster: Any, message: str) -> None:
    data = effects(6)
    with pytest.raises(MetareviewError, match=message):
        mr.robust(fit(data), cluster(data))


def test_unknown_names_are_refused() -> None:
    data = effects(7)
    model = fit(data)
    for change in ({"vcov": "CR9"}, {"test": "F"}, {"level": 95}):
        with pytest.raises(MetareviewError):
            mr.robust(model, data["study"], **change)  # type: ignore[arg-type]
    found = mr.robust(model, data["study"])
    for contrasts in ("z", [[1, 0, 0]], [[1, 1], [2, 2]]):
        with pytest.raises(MetareviewError):
            found.wald(contrasts)
    with pytest.raises(MetareviewError, match="no fitted model"):
        mr.robust(None, data["study"])
    with pytest.raises(MetareviewError, match="more clusters than coefficients"):
        mr.robust(mr.regress("yi ~ x", data, tau2=0.1), data["study"] > 3, vcov="CR1p")


def test_known_components_are_kept_and_named() -> None:
    data = effects(8)
    model = mr.multilevel("yi ~ 1", data, random="1 | study/effect", fixed={"sigma2[study]": 0.5})
    assert model.components["sigma2[study]"] == 0.5
    assert model.fixed == {"sigma2[study]": 0.5}
    assert model.parameters == 2
    for wrong in ({"sigma2[school]": 0.1}, {"sigma2[study]": -0.1}):
        with pytest.raises(MetareviewError):
            mr.multilevel("yi ~ 1", data, random="1 | study/effect", fixed=wrong)
