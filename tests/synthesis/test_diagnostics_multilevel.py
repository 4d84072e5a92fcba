"""Influence of clusters on multilevel models and profiles of components, against metafor (reference/make_diagnostics.R)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from synthesis_cases import load

from metareview.errors import MetareviewError
from metareview.synthesis.diagnostics.cluster_influence import ClusterInfluence
from metareview.synthesis.diagnostics.influence import influence
from metareview.synthesis.diagnostics.leave_out import leave_one_cluster_out
from metareview.synthesis.diagnostics.profile import profile
from metareview.synthesis.multilevel.model import multilevel
from metareview.synthesis.pooling import pool

SETS = load("diagnostics_multilevel")
MODELS = [pytest.param(c, id=c["mods"]) for c in SETS["multilevel"]]


def close(got: Any, expected: Any, tolerance: float = 1e-6) -> None:
    np.testing.assert_allclose(
        np.asarray(got, dtype=float), np.asarray(expected, dtype=float), rtol=tolerance, atol=tolerance
    )


def fit(case: dict[str, Any]) -> Any:
    return multilevel(f"yi {case['mods']}", pd.DataFrame(case["data"]), random="1 | district/school", test="z")


@pytest.mark.parametrize("case", MODELS)
def test_influence_of_clusters_agrees_with_metafor(case: dict[str, Any]) -> None:
    result = fit(case)
    found = influence(result, cluster=case["data"]["group"])
    assert isinstance(found, ClusterInfluence)
    assert list(found.clusters) == case["groups"]
    place = {name: i for i, name in enumerate(found.clusters)}
    close(found.rstandard, case["rstandard"])
    close(found.rstudent, case["rstudent"])
    where = [place[name] for name in case["order_X2"]]
    close(found.X2_standard[where], case["rstandard_X2"])
    close(found.X2[where], case["rstudent_X2"])
    close(found.cook[[place[name] for name in case["order_cook"]]], case["cook"])
    close(found.dfbetas[[place[name] for name in case["order_dfbetas"]]], case["dfbetas"])
    for name, values in (
        ("estimate", found.estimate_deleted),
        ("se", found.se_deleted),
        ("sigma2", found.components_deleted),
    ):
        close(values, [np.atleast_1d(gone[name]) for gone in case["gone"]])
    close(found.Q_deleted, [gone["Q"] for gone in case["gone"]])
    same = influence(result)
    assert isinstance(same, ClusterInfluence)
    close(same.cook, found.cook, 1e-9)


@pytest.mark.parametrize("case", MODELS)
def test_influence_with_variances_held(case: dict[str, Any]) -> None:
    found = influence(fit(case), cluster=case["data"]["group"], reestimate=False)
    assert isinstance(found, ClusterInfluence)
    close(found.rstudent, case["held"]["rstudent"])
    place = {name: i for i, name in enumerate(found.clusters)}
    close(found.cook[[place[name] for name in case["order_cook"]]], case["held"]["cook"])


@pytest.mark.parametrize(
    ("component", "key"), [("sigma2[district]", "district"), ("sigma2[district/school]", "school")]
)
def test_profiles_of_components(component: str, key: str) -> None:
    result = fit(SETS["multilevel"][0])
    found = profile(result, component, values=SETS["profiles"]["at"])
    close(found.loglik, SETS["profiles"][key])
    drop = 0.5 * 3.841458820694124
    ends = [end for end in (found.ci_low, found.ci_high) if end > 0]
    close(profile(result, component, values=ends).loglik, np.full(len(ends), result.loglik - drop))


def test_one_effect_a_cluster_is_influence_by_effect() -> None:
    case = load("diagnostics")["influence"][0]
    result = pool(case["data"]["yi"], case["data"]["vi"], test="z")
    one = influence(result, cluster=case["data"]["trial"])
    assert isinstance(one, ClusterInfluence)
    close(one.rstudent, case["rstudent"], 1e-9)
    close(one.X2, np.square(case["rstudent"]), 1e-9)
    close(one.cook, case["cook"], 1e-9)
    frame = leave_one_cluster_out(result, case["data"]["trial"])
    close(frame["estimate"], case["leave"]["estimate"], 1e-9)
    assert list(frame["omitted"]) == list(case["data"]["trial"]) and set(frame["effects"]) == {1}


def test_a_cluster_that_holds_a_moderator_alone_is_named() -> None:
    data = pd.DataFrame(SETS["multilevel"][0]["data"])
    data["only"] = (data["group"] == "27") * np.arange(1.0, 1 + len(data))
    result = multilevel("yi ~ only", data, random="1 | district/school")
    found = influence(result, cluster=data["group"])
    assert isinstance(found, ClusterInfluence)
    at = found.clusters.index("27")
    assert np.isnan(found.cook[at]) and np.isfinite(np.delete(found.cook, at)).all()
    assert any("Without 27 the coefficients" in w for w in found.warnings)
    frame = leave_one_cluster_out(result, data["group"])
    assert np.isnan(frame.loc[at, "estimate only"]) and "sigma2[district]" in frame


def test_what_cannot_be_left_out_or_profiled_is_told() -> None:
    case = SETS["multilevel"][0]
    result = fit(case)
    with pytest.raises(MetareviewError, match="There are 2 cluster values for 56 effects"):
        influence(result, cluster=[1, 2])
    with pytest.raises(MetareviewError, match="at least two clusters"):
        influence(result, cluster=[1] * 56)
    with pytest.raises(MetareviewError, match="There is no component None") as caught:
        profile(result)
    assert "sigma2[district]" in caught.value.hint
    data = pd.DataFrame(case["data"]).assign(half=lambda d: np.arange(len(d)) % 2)
    un = multilevel("yi ~ 1", data, random="half | district", struct="UN")
    with pytest.raises(MetareviewError, match="structure UN is not a parameter by itself"):
        profile(un, next(iter(un.components)))
