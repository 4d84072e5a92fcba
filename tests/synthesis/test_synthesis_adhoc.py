"""Knapp-Hartung that never undercuts the normal-theory error, and the test between groups with one tau2."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.synthesis.pooling import pool
from metareview.synthesis.regression import regress
from metareview.synthesis.subgroups import subgroups

REFERENCE = json.loads((Path(__file__).parent / "reference" / "adhoc.json").read_text(encoding="utf-8"))
CASES = [name for name in REFERENCE if name != "versions"]


@pytest.mark.parametrize("case", CASES)
def test_adhoc_is_that_of_metafor(case: str) -> None:
    expected = REFERENCE[case]
    result = pool(expected["yi"], expected["vi"], test="adhoc", crosscheck=True)
    for name in ("estimate", "se", "ci_low", "ci_high", "p", "tau2", "pi_low", "pi_high"):
        # 1e-8 absolute: metafor was run with a threshold of 1e-13, its output has 15 digits.
        assert getattr(result, name) == pytest.approx(expected[name], abs=1e-8), name
    assert max(result.crosscheck.values()) < 1e-6
    assert result.test == "adhoc" and not any("narrower" in w for w in result.warnings)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.001, 2)), min_size=3, max_size=9))
def test_adhoc_is_the_wider_error(pairs: list[tuple[float, float]]) -> None:
    yi, vi = zip(*pairs, strict=True)
    adhoc, knha = pool(yi, vi, test="adhoc"), pool(yi, vi, test="knha")
    assert adhoc.se >= adhoc.wald_se * (1 - 1e-12)
    if knha.test == "knha":
        assert adhoc.se == pytest.approx(max(knha.se, knha.wald_se), rel=1e-9)


def test_two_effects_fall_back_with_adhoc_too() -> None:
    result = pool([0.1, 0.5], [0.02, 0.03], test="adhoc")
    assert result.test == "z" and "one residual degree of freedom" in result.warnings[0]


@pytest.mark.parametrize("test", ["knha", "adhoc", "z"])
def test_groups_with_one_tau2_are_a_regression_on_the_group(test: str) -> None:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"yi": rng.normal(size=14), "vi": rng.uniform(0.01, 0.3, 14), "g": list("aaaabbbbbcccdd")})
    r = subgroups(frame["yi"], frame["vi"], frame["g"], test=test)
    q = regress("yi ~ g", frame, test=test)
    assert (r.QM, r.QM_df, r.QM_df2, r.QM_p) == pytest.approx((q.QM, q.QM_df, q.QM_df2, q.QM_p), rel=1e-9)


def test_groups_that_leave_no_freedom_are_not_tested() -> None:
    r = subgroups([0.1, 0.2, 0.3], [0.1] * 3, ["a", "b", "c"])
    assert math.isnan(r.QM) and r.QM_df == 0
