"""Mantel-Haenszel and one-stage models of 2x2 tables, held against metafor and against what cannot change them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metareview as mr

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference" / "tables.json").read_text(encoding="utf-8")
)
TOLERANCE = 1e-8
TABLES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30), st.integers(1, 30)), min_size=1, max_size=6
)
SHOWN = ("estimate", "se", "ci_low", "ci_high", "p", "Q", "Q_p", "I2", "H2", "cmh", "cmh_p", "tarone", "tarone_p")


def _columns(data: dict[str, Any], *names: str) -> list[Any]:
    return [np.atleast_1d(data[name]) for name in names]


def _close(found: float, wanted: float, where: str) -> None:
    assert math.isclose(found, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE), f"{where}: {found} is not {wanted}"


@pytest.mark.parametrize("name", sorted(REFERENCE["mh"]))
def test_mantel_haenszel_is_that_of_metafor(name: str) -> None:
    case = REFERENCE["mh"][name]
    for wanted in case["results"]:
        columns = _columns(case["data"], "ai", "n1i", "ci", "n2i")
        found = mr.mantel_haenszel(*columns, measure=wanted["measure"], correct=wanted["correct"])
        for key in SHOWN:
            if wanted[key] is not None and not (key.startswith("tarone") and found.k == 1):  # nothing to compare
                _close(getattr(found, key), wanted[key], f"{name} {wanted['measure']} {key}")
        assert set(found.crosscheck) == {"OR": {"estimate", "se"}, "RR": {"estimate"}, "RD": set()}[wanted["measure"]]
        assert all(difference < 1e-10 for difference in found.crosscheck.values())


@pytest.mark.parametrize("name", sorted(REFERENCE["odds"]))
def test_one_stage_odds_are_those_of_metafor(name: str) -> None:
    case = REFERENCE["odds"][name]
    found = mr.one_stage(*_columns(case["data"], "ai", "n1i", "ci", "n2i"))
    for key, value in case["result"].items():
        _close(getattr(found, key), value, f"{name} {key}")
    assert found.converged and max(found.crosscheck.values()) < 1e-9


def test_one_stage_rates_are_those_of_metafor() -> None:
    case = REFERENCE["rates"]
    found = mr.one_stage(*_columns(case["data"], "x1i", "t1i", "x2i", "t2i"), measure="IRR")
    for key, value in case["result"].items():
        _close(getattr(found, key), value, key)


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_order_and_swapped_groups_change_nothing_but_the_sign(tables: list[tuple[int, int, int, int]]) -> None:
    a, b, c, d = (np.array(column, float) for column in zip(*tables, strict=True))
    for measure in ("OR", "RR", "RD"):
        try:
            found = mr.mantel_haenszel(a, a + b, c, c + d, measure=measure)
        except mr.MetareviewError as error:
            assert error.hint
            continue
        turned = mr.mantel_haenszel(c[::-1], (c + d)[::-1], a[::-1], (a + b)[::-1], measure=measure)
        for key, sign in (("estimate", -1), ("se", 1), ("Q", 1)):
            _close(getattr(found, key), sign * getattr(turned, key), f"{measure} {key}")


def test_what_cannot_be_pooled_is_told() -> None:
    with pytest.raises(mr.MetareviewError, match="no finite OR"):
        mr.mantel_haenszel([0, 0], [10, 10], [3, 1], [10, 9])
    with pytest.raises(mr.MetareviewError, match="no finite IRR"):
        mr.one_stage([0], [10.0], [3], [10.0], measure="IRR")
    with pytest.raises(mr.MetareviewError, match="b has 11 events in 10 treated"):
        mr.mantel_haenszel([1, 11], [10, 10], [3, 1], [10, 9], labels=["a", "b"])
    with pytest.raises(mr.MetareviewError, match="no Mantel-Haenszel 'HR'"):
        mr.mantel_haenszel([1], [10], [3], [10], measure="HR")
    with pytest.raises(mr.MetareviewError, match="nan"):
        mr.mantel_haenszel([math.nan], [10], [3], [10])


def test_silent_tables_are_named() -> None:
    found = mr.mantel_haenszel([0, 4, 2], [10, 20, 9], [0, 3, 4], [10, 22, 9], labels=["none", "some", "more"])
    assert found.telling == 2 and "none" in found.warnings[0]
    one = mr.one_stage([0, 4, 2], [10, 20, 9], [0, 3, 4], [10, 22, 9], labels=["none", "some", "more"])
    assert one.excluded[0][0] == "none" and one.k == 2
    assert one.to_frame().loc[0, "k"] == 2 and "LR" in repr(one) and "OR" in repr(found)
