"""One correlation for the effects of a study that what is coded does not settle (`rho_study`)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metareview as mr

AREAS = {
    "study_id": "Aalst", "area_id": ["north", "south", "north"], "outcome": ["theft", "theft", "violence"],
    "a": [120, 60, 45], "b": [80, 48, 40], "c": [90, 90, 38], "d": [88, 88, 41],
}  # fmt: skip


def pairs(frame: pd.DataFrame, **assumed: float) -> pd.DataFrame:
    return mr.sampling_covariance(frame, **assumed).to_frame().set_index(["effect_i", "effect_j"])


@given(st.floats(-0.2, 0.99), st.integers(2, 5))
def test_effects_of_which_only_the_study_is_coded_correlate_alike(rho: float, n: int) -> None:
    frame = pd.DataFrame({"study_id": ["a"] * n + ["b"], "vi": np.linspace(0.1, 0.9, n + 1)})
    V = mr.sampling_covariance(frame, rho_study=rho).to_matrix()
    root = np.sqrt(np.diag(V))
    wanted = np.where(np.eye(n, dtype=bool), 1.0, rho)
    np.testing.assert_allclose((V / root / root[:, None])[:n, :n], wanted, atol=1e-12)
    assert not V[n, :n].any() and V[n, n] == 0.9


def test_what_is_coded_goes_before_the_correlation_of_the_study() -> None:
    effects = mr.effect_size("RIRR", pd.DataFrame(AREAS).assign(control_id="park"))
    found = pairs(effects, rho_study=0.6)
    assert found.loc[(0, 1), "covariance"] == pytest.approx(1 / 90 + 1 / 88, rel=1e-12)
    assert found.loc[(0, 1), "method"] == "computed"
    assert found.loc[(0, 2), "correlation"] == pytest.approx(0.6, rel=1e-12)
    assert found.loc[(0, 2), "reason"] == "one study, rho_study 0.6" and found.loc[(0, 2), "method"] == "estimated"
    both = pairs(effects, rho=0.3, rho_study=0.6)
    assert both.loc[(0, 2), "correlation"] == pairs(effects, rho=0.3).loc[(0, 2), "correlation"]
    apart = effects.assign(control_id=["park", "square", "park"])
    assert (0, 1) not in pairs(apart, rho_study=0.6).index


def test_controls_that_nobody_named_are_not_taken_as_one() -> None:
    effects = mr.effect_size("RIRR", pd.DataFrame(AREAS).head(2))
    assert pairs(effects).loc[(0, 1), "reason"] == "shared control, same outcome"
    assert pairs(effects, rho_study=0.4).loc[(0, 1), "correlation"] == pytest.approx(0.4, rel=1e-12)
    turned = pairs(effects.assign(sense_applied=[1, -1]), rho_study=0.4)
    assert turned.loc[(0, 1), "correlation"] == pytest.approx(-0.4, rel=1e-12)


def test_times_that_are_coded_for_some_effects_leave_the_others_open() -> None:
    frame = pd.DataFrame({"study_id": 1, "treated_id": "x", "control_id": "y", "time": [1, 2, None], "vi": 0.1})
    with pytest.raises(mr.MetareviewError, match="time is missing for 2") as caught:
        mr.sampling_covariance(frame, rho_time=0.8)
    assert "rho_study=" in caught.value.hint
    found = pairs(frame, rho_time=0.8, rho_study=0.5)
    np.testing.assert_allclose(found["correlation"], [0.8, 0.5, 0.5], rtol=1e-12)
    assert not found["reason"].str.contains("nan").any()


def test_a_correlation_of_1_between_effects_of_a_study_is_refused() -> None:
    with pytest.raises(mr.MetareviewError, match=r"rho_study=1.0 is not between -1 and 1"):
        mr.sampling_covariance(pd.DataFrame({"study_id": 1, "vi": [0.1, 0.2]}), rho_study=1.0)


def test_what_is_refused_tells_of_the_correlation_of_a_study() -> None:
    for columns in ({}, {"outcome": ["x", "y"]}):
        with pytest.raises(mr.MetareviewError) as caught:
            mr.sampling_covariance(pd.DataFrame({"study_id": 1, "vi": [0.1, 0.2], **columns}))
        assert "rho_study=" in caught.value.hint
