"""Named models of dependent effects: the rule that chooses, published analyses, the sweep, and moderators split in two."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.errors import MetareviewError

SHARED = Path(os.environ.get("METAREVIEW_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "domain"


def effects(seed: int = 1, studies: int = 14) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    study = np.repeat(np.arange(studies), rng.integers(1, 5, studies))
    k = study.size
    vi = rng.uniform(0.02, 0.2, k)
    yi = 0.3 + rng.normal(0, 0.25, studies)[study] + rng.normal(size=k) * np.sqrt(vi)
    outcome = rng.choice(["crime", "safety"], k)
    return pd.DataFrame({"study": study, "yi": yi, "vi": vi, "dose": rng.normal(size=k), "outcome": outcome})


def group_based() -> pd.DataFrame:
    path = SHARED / "campbell_group_based_reintegration_effects.csv"
    if not path.exists():
        pytest.skip("the shared data campbell_group_based_reintegration_effects.csv are not here")
    return pd.read_csv(path).rename(columns={"gt_pop": "yi", "vgt_pop": "vi", "analysis_plan": "outcome"})


def test_several_effects_a_study_are_correlated_and_hierarchical() -> None:
    data = effects(studies=40)
    found = mr.che("yi ~ dose", data, study="study")
    plain = mr.robust(found.model, data["study"])
    assert (found.kind, found.rho, found.studies, found.k) == ("CHE", 0.6, 40, len(data))
    np.testing.assert_array_equal(found.p_value, plain.p_value)
    np.testing.assert_array_equal(found.ci_low, plain.ci_low)
    assert set(found.basis) == {"Satterthwaite"}
    assert found.to_dict()["model"]["random"] == ["1 | study/effect"]


def test_one_effect_a_study_is_random_effects() -> None:
    data = effects().drop_duplicates("study")
    found = mr.che("yi ~ 1", data, study="study")
    pooled = mr.pool(data["yi"], data["vi"])
    assert (found.kind, found.basis, found.robust) == ("RE", ("Knapp-Hartung",), None)
    np.testing.assert_allclose([found.estimate[0], found.ci_low[0]], [pooled.estimate, pooled.ci_low], rtol=1e-10)
    assert "one effect" in found.warnings[0]


def test_rows_that_miss_something_take_no_part_in_the_choice() -> None:
    data = effects(2, 8)
    first = ~data["study"].duplicated()
    data.loc[~first, "dose"] = np.nan
    assert mr.che("yi ~ dose", data, study="study").kind == "RE"
    data = effects(3).assign(study=lambda d: d["study"].astype(object).where(d.index != 0))
    found = mr.che("yi ~ dose", data, study="study")
    assert (found.kind, found.k) == ("CHE", len(data) - 1)
    assert any("1 of" in w for w in found.warnings)


def test_few_degrees_of_freedom_bring_the_bootstrap() -> None:
    data = effects(4).assign(rare=lambda d: (d["study"] < 3).astype(float))
    found = mr.che("yi ~ rare", data, study="study")
    assert found.robust is not None
    assert found.robust.df[1] < 4 <= found.robust.df[0]
    assert found.basis == ("Satterthwaite", "bootstrap")
    alone = mr.wild_bootstrap(found.model, data["study"], "rare")
    assert (found.p_value[1], found.ci_low[1]) == (alone.p_value, alone.ci_low)
    assert mr.che("yi ~ rare", data, study="study", bootstrap="never").basis == ("Satterthwaite",) * 2
    assert mr.che("yi ~ rare", data, study="study", bootstrap="always", replications=99).basis == ("bootstrap",) * 2


def test_a_coefficient_of_one_study_has_the_models_own_test() -> None:
    data = effects(5).assign(rare=lambda d: (d["study"] == 3).astype(float))
    found = mr.che("yi ~ rare", data, study="study")
    assert found.basis[1] == "model"
    assert (found.se[1], found.p_value[1]) == (found.model.se[1], found.model.p_value[1])
    assert any("rests on cluster 3 alone" in w for w in found.warnings)


def test_group_based_interventions_by_outcome() -> None:
    """Published means by outcome: .4281 (.0709), .2120 (.0452), .0310 (.1619); outcomes of one or two studies stand together."""
    data = group_based()
    studies = data.groupby("outcome")["study"].nunique()
    data["outcome"] = data["outcome"].where(data["outcome"].map(studies) > 2, "Other")
    found = mr.sce(
        "yi ~ 0 + outcome",
        data,
        study="study",
        subgroup="outcome",
        rho=0.8,
        within=True,
        across=True,
        bootstrap="never",
    )
    rows = found.to_frame().set_index("term")
    for name, mean, se in (
        ("Self-esteem", 0.4281, 0.0709),
        ("Wellbeing and quality of life", 0.2120, 0.0452),
        ("Loneliness", 0.0310, 0.1619),
    ):
        row = rows.loc[f"outcome[{name}]"]
        assert [round(row.estimate, 4), round(row.se, 4)] == [mean, se]


def test_subgroups_apart_are_models_apart() -> None:
    data = effects(6, 30)
    found = mr.sce("yi ~ 0 + outcome", data, study="study", subgroup="outcome", bootstrap="never")
    for i, name in enumerate(("crime", "safety")):
        own = mr.multilevel("yi ~ 1", data[data["outcome"] == name], random="1 | study", rho=0.6)
        np.testing.assert_allclose(found.estimate[i], own.estimate[0], rtol=1e-7)
        np.testing.assert_allclose(found.components[f"tau2[{name}]"], own.components["sigma2[study]"], rtol=1e-6)
    plus = mr.sce("yi ~ 0 + outcome", data, study="study", subgroup="outcome", within=True)
    assert plus.kind == "SCE+"
    assert len(plus.components) == 4


def test_a_variance_that_cannot_be_told_is_held_at_zero() -> None:
    data = effects(7).assign(outcome=lambda d: np.where(d["study"] == 2, "rare", "common"))
    found = mr.sce("yi ~ 0 + outcome", data, study="study", subgroup="outcome", within=True)
    assert found.components["outcome|study tau2[rare]"] == 0.0
    assert any("One study only in rare" in w for w in found.warnings)
    assert np.all(np.isfinite(found.p_value))


def test_the_sweep_is_che_at_each_correlation() -> None:
    data = effects(8)
    found = mr.rho_sweep("yi ~ dose", data, study="study", rhos=[0.0, 0.9, 0.3])
    assert found.rhos == (0.0, 0.3, 0.9)
    frame = found.to_frame()
    assert len(frame) == 6
    one = mr.che("yi ~ dose", data, study="study", rho=0.3)
    row = frame[(frame["rho"] == 0.3) & (frame["term"] == "dose")].iloc[0]
    assert (row["estimate"], row["p"], row["sigma2[study]"]) == (
        one.estimate[1], one.p_value[1], one.components["sigma2[study]"],
    )  # fmt: skip
    assert len(found.to_dict()["rows"]) == 6
    by = mr.rho_sweep("yi ~ 0 + outcome", data, study="study", subgroup="outcome", rhos=[0.2])
    assert by.results[0].kind == "SCE"


def test_what_cannot_be_used_is_said() -> None:
    data = effects(9)
    calls: list[tuple[str, Any]] = [
        ("no column school", lambda: mr.che("yi ~ 1", data, study="school")),
        ("two rows of the", lambda: mr.che("yi ~ 1", data.assign(e=1), study="study", effect="e")),
        ("bootstrap cannot be", lambda: mr.che("yi ~ 1", data, study="study", bootstrap="yes")),
        ("no column variance", lambda: mr.che("yi ~ 1", data, "variance", study="study")),
        ("one cluster", lambda: mr.che("yi ~ 1", data.assign(study=1), study="study")),
        ("no column kind", lambda: mr.sce("yi ~ 1", data, study="study", subgroup="kind")),
        ("from 0 to below 1", lambda: mr.rho_sweep("yi ~ 1", data, study="study", rhos=[1.0])),
        ("no correlation", lambda: mr.rho_sweep("yi ~ 1", data.drop_duplicates("study"), study="study")),
    ]
    for message, call in calls:
        with pytest.raises(MetareviewError, match=message):
            call()


def test_moderators_split_between_and_within() -> None:
    data = effects(10).assign(flag=lambda d: d["dose"] > 0)
    found = mr.split_within(data, ["dose", "outcome", "flag"], by="study")
    np.testing.assert_allclose(found["dose_between"] + found["dose_within"], data["dose"], atol=1e-12)
    np.testing.assert_allclose(found.groupby("study")["dose_within"].sum(), 0.0, atol=1e-12)
    assert found.groupby("study")["dose_between"].nunique().max() == 1
    assert {"outcome_safety_between", "outcome_safety_within", "flag_between"} <= set(found)
    assert "outcome_crime_between" not in found
    both = mr.che("yi ~ dose_between + dose_within", found, study="study")
    assert both.terms == ("Intercept", "dose_between", "dose_within")


def test_a_split_says_what_it_cannot_do() -> None:
    data = effects(11)
    hole = data.assign(dose=data["dose"].where(data.index != 2))
    assert mr.split_within(hole, "dose", "study")[["dose_between", "dose_within"]].isna().sum().tolist() == [1, 1]
    for message, call in (
        ("no column age", lambda: mr.split_within(data, "age", "study")),
        ("has no study", lambda: mr.split_within(data.assign(study=np.nan), "dose", "study")),
        ("one category", lambda: mr.split_within(data.assign(outcome="x"), "outcome", "study")),
        ("already", lambda: mr.split_within(data.assign(dose_within=1), "dose", "study")),
    ):
        with pytest.raises(MetareviewError, match=message):
            call()
