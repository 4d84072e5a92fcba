"""What every sampling covariance matrix promises, and how mistakes in the coding are told."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import metareview as mr
from metareview.effects.dependence.parts import SPLITS
from metareview.effects.formula import evaluate
from metareview.effects.measure import Floats
from metareview.errors import MetareviewError


@st.composite
def coded_effects(draw: st.DrawFn) -> pd.DataFrame:
    """Effects with any coding of studies, groups, outcomes and times, none coded alike in everything."""
    row = st.tuples(*(st.integers(0, 2) for _ in range(5)))
    rows = draw(st.lists(row, min_size=1, max_size=14, unique=True))
    frame = pd.DataFrame(rows, columns=["study_id", "treated_id", "outcome", "instrument", "time"])
    frame["treated_id"] = frame["treated_id"].map({0: "a", 1: "b", 2: "c"})
    frame["control_id"] = "z"
    n = len(frame)
    for name in ("w1", "w2"):
        frame[name] = draw(st.lists(st.integers(5, 500), min_size=n, max_size=n))
    frame["vi"] = draw(st.lists(st.floats(0.01, 4), min_size=n, max_size=n))
    return frame


PERCENT = st.integers(0, 99).map(lambda p: p / 100)
RHOS = st.fixed_dictionaries({"rho": PERCENT, "rho_time": PERCENT})


@settings(max_examples=80, deadline=None)
@given(coded_effects(), RHOS)
def test_the_matrix_is_symmetric_positive_definite_and_has_the_variances(
    frame: pd.DataFrame, rhos: dict[str, float]
) -> None:
    found = mr.sampling_covariance(frame, **rhos)
    V = found.to_matrix()
    np.testing.assert_array_equal(V, V.T)
    np.testing.assert_array_equal(np.diag(V), frame["vi"])
    assert np.linalg.eigvalsh(V)[0] > 0
    other_study = frame["study_id"].to_numpy()[:, None] != frame["study_id"].to_numpy()
    assert (V[other_study] == 0).all()
    assert sorted(np.concatenate([b.positions for b in found.blocks])) == list(range(len(frame)))
    pairs = found.to_frame()
    assert len(pairs) == np.count_nonzero(np.triu(V, 1))
    np.testing.assert_allclose(pairs["covariance"], V[found.pairs.i, found.pairs.j], rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(coded_effects(), RHOS, st.randoms(use_true_random=False))
def test_permuting_the_effects_permutes_the_matrix(frame: pd.DataFrame, rhos: dict[str, float], random: Any) -> None:
    order = list(range(len(frame)))
    random.shuffle(order)
    V = mr.sampling_covariance(frame, **rhos).to_matrix()
    shuffled = mr.sampling_covariance(frame.iloc[order], **rhos).to_matrix()
    np.testing.assert_allclose(shuffled, V[np.ix_(order, order)], rtol=1e-12, atol=1e-15)


@settings(max_examples=40, deadline=None)
@given(coded_effects())
def test_without_correlation_and_shared_groups_the_matrix_is_diagonal(frame: pd.DataFrame) -> None:
    V = mr.sampling_covariance(frame.drop(columns="control_id").drop_duplicates(["study_id", "outcome", "time"]),
                               rho=0, rho_time=0, treated=None, instrument=None).to_matrix()  # fmt: skip
    np.testing.assert_array_equal(V, np.diag(np.diag(V)))


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.3, 0.9])
def test_outcomes_of_the_same_groups_correlate_as_given(rho: float) -> None:
    frame = pd.DataFrame({"study_id": 1, "outcome": ["x", "y", "z"], "vi": [0.1, 0.4, 0.9]})
    pairs = mr.sampling_covariance(frame, rho=rho).to_frame()
    np.testing.assert_allclose(pairs["correlation"], np.full(3 if rho else 0, rho), rtol=1e-12)


CELLS = {
    "ai": 12.0, "bi": 40.0, "ci": 20.0, "di": 33.0, "x1": 30.0, "x2": 41.0, "m1i": 5.0, "m2i": 4.0, "sd1i": 2.0, "sd2i": 2.5,
    "n1i": 30.0, "n2i": 45.0, "a": 50.0, "b": 30.0, "c": 60.0, "d": 55.0, "phi": 1.0, "t1": 1.0, "t2": 1.0,
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(SPLITS) - {"SMD"}))
def test_the_formula_shown_for_a_shared_group_is_the_one_computed(name: str) -> None:
    columns = {key: np.array([value]) for key, value in CELLS.items()}
    split = SPLITS[name]
    for side in (0, 1):
        before = split.before(columns)[side][0] if split.before else 0.0
        told = evaluate(f"part = {split.text[side]}", CELLS)["part"]
        assert split.main(columns)[side][0] + before == pytest.approx(told, rel=1e-12)


@pytest.mark.parametrize("name", sorted(set(SPLITS) & set(mr.measures()["name"])))
def test_the_parts_of_a_measure_sum_to_its_variance(name: str) -> None:
    known = {entry.strip("[] ") for entry in mr.measures().set_index("name").loc[name, "inputs"].split(",")}
    rows = pd.DataFrame(
        [{k: v for k, v in CELLS.items() if k in known and (name not in ("OR", "RR", "RD", "AS") or k[0] != "n")}] * 2
    )
    effects = mr.effect_size(name, rows.assign(study_id=1, treated_id=["a", "b"], control_id="z"))
    assert mr.sampling_covariance(effects).warnings == ()
    assert mr.sampling_covariance(effects).to_frame()["method"].item() == "computed"


def test_zero_cells_and_overdispersion_keep_the_variance_and_its_division() -> None:
    frame = pd.DataFrame(
        {"study_id": 1, "treated_id": ["a", "b"], "control_id": "z", "ai": [0, 4], "n1i": [50, 60], "ci": 9, "n2i": 55}
    )
    effects = mr.effect_size("OR", frame)
    found = mr.sampling_covariance(effects)
    first, second = 1 / 9.5 + 1 / 46.5, 1 / 9 + 1 / 46
    assert found.to_frame()["covariance"].item() == pytest.approx(np.sqrt(first * second), rel=1e-12)
    inflated = mr.sampling_covariance(effects.assign(vi=3 * effects["vi"]))
    assert inflated.to_frame()["covariance"].item() == pytest.approx(3 * np.sqrt(first * second), rel=1e-12)
    assert "2 effects have another variance" in inflated.warnings[0]


def test_an_effect_turned_round_changes_the_sign() -> None:
    frame = pd.DataFrame({"study_id": 1, "area_id": ["a", "b"], "control_id": "z", "a": 40, "b": 30, "c": 50, "d": 45})
    effects = mr.effect_size("RIRR", frame).assign(sense_applied=[1, -1])
    assert mr.sampling_covariance(effects).to_frame()["covariance"].item() == pytest.approx(-(1 / 50 + 1 / 45))


def test_a_control_with_other_counts_is_doubted() -> None:
    frame = pd.DataFrame(
        {"study_id": 1, "area_id": ["a", "b"], "control_id": "z", "a": 40, "b": 30, "c": [50, 70], "d": 45}
    )
    found = mr.sampling_covariance(mr.effect_size("RIRR", frame))
    assert found.warnings[0].startswith(
        "1 pairs of effects name the same control group and have other figures for it (first: 0 and 1)"
    )
    later = frame.assign(area_id="a", time=[1, 2], c=50, d=[45, 90], b=[30, 50])
    found = mr.sampling_covariance(mr.effect_size("RIRR", later), rho_time=0)
    assert found.warnings == ()
    assert (
        found.to_frame()["reason"].item() == "same groups, same outcome, times 1 apart (the counts before are the same)"
    )


def test_what_is_coded_is_told() -> None:
    frame = pd.DataFrame({"study_id": [1, 1], "area_id": ["a", None], "outcome_domain": "crime", "vi": 1.0})
    told = mr.dependence_coded(frame).set_index("role")
    assert told.loc["treated", "column"] == "area_id"
    assert told.loc["treated", "filled"] == 1
    assert told.loc["outcome", "column"] == "outcome_domain"
    assert told.loc["time", "column"] == ""
    assert mr.dependence_coded(frame, treated=None).set_index("role").loc["treated", "column"] == ""
    assert "area_id is coded for some effects" in mr.sampling_covariance(frame).warnings[0]


def test_samples_of_one_study_are_independent() -> None:
    frame = pd.DataFrame({"study_id": 1, "sample_id": ["men", "men", "women"], "outcome": ["x", "y", "x"], "vi": 1.0})
    found = mr.sampling_covariance(frame, rho=0.5)
    assert [block.name for block in found.blocks] == ["1 / men", "1 / women"]
    assert found.to_matrix()[0].tolist() == pytest.approx([1.0, 0.5, 0.0])
    assert repr(found) == "SamplingCovariance(3 effects, 2 blocks, largest 2, 1 dependent pairs)"
    assert found.to_dict()["pairs"][0]["correlation"] == pytest.approx(0.5)


TWO = pd.DataFrame({"study_id": ["S", "S"], "effect_id": ["e1", "e2"], "vi": [0.1, 0.2]})
MISTAKES: list[tuple[pd.DataFrame, dict[str, Any], str]] = [
    (TWO, {}, "coded alike .*\n  S: e1 and e2"),
    (TWO.assign(outcome=["x", "y"]), {}, "share a group and differ in outcome or instrument:\n  S: e1 and e2"),
    (TWO.assign(outcome=["x", "y"], r=[0.5, 0.6]), {"rho": "r"}, "differ in outcome"),
    (TWO.assign(outcome=["x", "y"]), {"rho": {("x", "w"): 0.5}}, "differ in outcome"),
    (TWO.assign(time=[1, 2]), {}, "measured at different times:\n  S: e1 and e2"),
    (TWO.assign(time=[1, None]), {"rho_time": 0.5}, "time is missing for e2"),
    (TWO.assign(time=["1", "soon"]), {"rho_time": 0.5}, "time is 'soon' for e2"),
    (TWO.assign(outcome=["x", "y"]), {"rho": 1.5}, "rho has 1.5, which is beyond 1"),
    (TWO.assign(outcome=["x", "y"]), {"rho": "r"}, "no such column"),
    (TWO.assign(time=[1, 2]), {"rho_time": -0.5}, "rho_time=-0.5 is not between 0 and 1"),
    (TWO, {"duplicates": 1.0}, "duplicates=1.0 is not below 1"),
    (TWO.assign(outcome=["x", "y"]), {"rho": 1.0}, "covariance matrix of S is not positive definite .*\n.*e1 and e2: 1"),
    (TWO.assign(vi=[0.1, 0.0]), {}, "vi is not a number above 0 for e2"),
    (TWO.assign(study_id=["S", None]), {}, "study_id is missing for e2"),
    (TWO, {"study": "trial"}, "study='trial': the effects have no such column"),
    (TWO, {"arm": "x"}, "'arm' is nothing that can be coded"),
    (TWO, {"labels": "x"}, "labels='x'"),
    (TWO.drop(columns="vi"), {}, "vi='vi'"),
    (TWO.assign(overlap_id="p"), {}, "e1 names a place"),
    (TWO.assign(overlap_id="p", overlap_share=[0.5, 2]), {}, "overlap_share is '2.0' for e2; it is a share"),
    (TWO.assign(w1=[1, -2]), {}, "w1 is '-2' for e2; it is above 0"),
    (TWO.assign(treated_id="g", control_id="g"), {}, "'e1' compares a group with itself"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "arguments", "said"), MISTAKES)
def test_mistakes_are_told_with_study_and_effect(frame: pd.DataFrame, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(MetareviewError, match=said):
        mr.sampling_covariance(frame, **arguments)


def test_duplicates_may_be_given_a_correlation() -> None:
    pairs = mr.sampling_covariance(TWO, duplicates=0.9).to_frame()
    assert pairs["correlation"].item() == pytest.approx(0.9)
    assert pairs[["method", "reason"]].iloc[0].tolist() == ["estimated", "coded alike, correlation given"]


IMPOSSIBLE: Floats = np.array([[1, 0.9, -0.6], [0.9, 1, 0.5], [-0.6, 0.5, 1]])


def test_a_block_that_cannot_be_is_repaired_on_request_only() -> None:
    frame = pd.DataFrame(
        {"study_id": ["A", "B", "A", "A"], "outcome": ["x", "x", "y", "z"], "vi": [0.1, 0.5, 0.2, 0.3]}
    )
    rho = pd.DataFrame(IMPOSSIBLE, index=list("xyz"), columns=list("xyz"))
    with pytest.raises(MetareviewError, match="of A is not positive definite"):
        mr.sampling_covariance(frame, rho=rho)
    found = mr.sampling_covariance(frame, rho=rho, nearest=True)
    V = found.to_matrix()
    assert found.repaired == ("A",) and "A" in found.warnings[0]
    assert np.linalg.eigvalsh(V)[0] > 0
    np.testing.assert_array_equal(np.diag(V), frame["vi"])
    np.testing.assert_allclose(found.to_frame()["covariance"], [V[0, 2], V[0, 3], V[2, 3]], rtol=1e-12)


def test_one_effect_and_none() -> None:
    assert mr.sampling_covariance(TWO.iloc[:1]).to_matrix().tolist() == [[0.1]]
    empty = mr.sampling_covariance(TWO.iloc[:0])
    assert empty.to_matrix().shape == (0, 0) and empty.to_frame().empty


def test_many_effects_in_small_studies() -> None:
    n = 100_000
    frame = pd.DataFrame({"study_id": np.arange(n) // 4, "outcome": np.arange(n) % 4, "vi": 0.1})
    found = mr.sampling_covariance(frame, rho=0.6)
    assert len(found.blocks) == n // 4 and len(found.pairs.i) == 6 * n // 4


AREAS = pd.DataFrame(
    {
        "a": [120, 60],
        "b": [80, 48],
        "c": [90, 90],
        "d": [88, 88],
        "e": 10,
        "f": 9,
        "study_id": "s",
        "control_id": "park",
    }
).assign(treated_id=["north", "south"])


def test_a_shared_control_moves_effects_of_opposite_orientation_apart() -> None:
    both = pd.concat(
        [mr.effect_size(name, AREAS.iloc[[row]], phi=1) for row, name in enumerate(("RIRR", "RES"))], ignore_index=True
    )
    found = mr.sampling_covariance(both)
    assert found.to_matrix()[0, 1] == pytest.approx(-(1 / 90 + 1 / 88))
    turned = mr.sampling_covariance(both.assign(yi=both["yi"] * [1, -1], sense_applied=[1, -1]))
    assert turned.to_matrix()[0, 1] == pytest.approx(1 / 90 + 1 / 88)
    ignored = mr.sampling_covariance(both.assign(sense=[1, -1]))
    assert ignored.to_matrix()[0, 1] == found.to_matrix()[0, 1]


def test_crimes_prevented_go_against_a_difference_in_crimes() -> None:
    crimes = [mr.effect_size("WDD", AREAS.iloc[[0]], e=None, f=None), mr.effect_size("TNE", AREAS.iloc[[1]])]
    assert mr.sampling_covariance(pd.concat(crimes, ignore_index=True)).to_matrix()[0, 1] < 0


def test_a_shared_control_with_other_figures_or_phi_is_estimated_and_says_so() -> None:
    same = mr.sampling_covariance(mr.effect_size("RIRR", AREAS, phi=2)).to_frame().iloc[0]
    assert same["method"] == "computed"
    for frame, phi in ((AREAS.assign(c=[90, 120]), 2), (AREAS, [1, 4])):
        found = mr.sampling_covariance(mr.effect_size("RIRR", frame, phi=phi)).to_frame().iloc[0]
        assert found["method"] == "estimated" and "figures or phi of the shared group differ" in found["rule"]
