"""The lockfile: written sorted, read strictly, compared part by part."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metareview.errors import STALE, MetareviewError
from metareview.provenance.lockfile import (
    ABSOLUTE,
    RELATIVE,
    SCHEMA,
    Lock,
    compare,
    flat_numbers,
    hashes,
    read_lock,
    write_lock,
)

LOCK = Lock(
    inputs={"protocols/protocol.yaml": "a" * 64, "data/searches/scopus.ris": "b" * 64},
    versions={"numpy": "2.0.0", "metareview": "0.1.0"},
    results={"crime.estimate": -0.262365, "crime.k": 20.0, "crime.tau2": 0.0},
    outputs={"outputs/report.html": "c" * 64},
)


def said(now: Lock, locked: Lock = LOCK) -> list[str]:
    return [str(d) for d in compare(locked, now).differences]


def test_a_lock_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = write_lock(tmp_path / "metareview.lock", LOCK)
    assert read_lock(path) == LOCK
    text = path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
    assert write_lock(tmp_path / "again.lock", read_lock(path)).read_bytes() == path.read_bytes()


@given(st.dictionaries(st.text("abc.", min_size=1), st.floats(allow_nan=False, allow_infinity=False), max_size=4))
def test_results_keep_full_precision(results: dict[str, float]) -> None:
    found = Lock(**json.loads(json.dumps(asdict(replace(LOCK, results=results)))))
    assert found.results == results
    assert compare(replace(LOCK, results=results), found).differences == ()


def test_the_same_is_the_same_and_counted() -> None:
    found = compare(LOCK, LOCK)
    assert found.differences == found.failures == ()
    assert found.compared == {"inputs": 2, "results": 3, "outputs": 1}


@pytest.mark.parametrize("part", ["inputs", "outputs"])
def test_files_that_changed_are_missing_or_new(part: str) -> None:
    have: Mapping[str, str] = getattr(LOCK, part)
    name = next(iter(have))
    assert said(replace(LOCK, **{part: {**have, name: "f" * 64}})) == [f"{part}: {name} changed"]
    assert said(replace(LOCK, **{part: {k: v for k, v in have.items() if k != name}})) == [f"{part}: {name} is missing"]
    assert said(replace(LOCK, **{part: {**have, "new.csv": "f" * 64}})) == [f"{part}: new.csv is new"]
    assert len(compare(LOCK, replace(LOCK, **{part: {}})).failures) == len(have)


def test_results_that_changed_are_missing_or_new() -> None:
    assert said(replace(LOCK, results={**LOCK.results, "crime.k": 21.0})) == ["results: crime.k was 20.0 and is 21.0"]
    assert said(replace(LOCK, results={**LOCK.results, "crime.p": 0.05})) == ["results: crime.p is new"]
    gone = {k: v for k, v in LOCK.results.items() if k != "crime.tau2"}
    assert said(replace(LOCK, results=gone)) == ["results: crime.tau2 is missing"]


def test_another_version_is_told_and_fails_nothing() -> None:
    found = compare(LOCK, replace(LOCK, versions={"numpy": "2.1.0"}))
    assert [str(d) for d in found.differences] == [
        "versions: numpy was 2.0.0 and is 2.1.0",
        "versions: metareview was 0.1.0 and is absent",
    ]
    assert found.failures == ()


@pytest.mark.parametrize(
    ("locked", "now", "same"),
    [
        (1.0, 1.0 + 0.9 * RELATIVE, True),
        (1.0, 1.0 - 0.9 * RELATIVE, True),
        (1.0, 1.0 + 1.1 * RELATIVE, False),
        (1e6, 1e6 * (1 + 0.9 * RELATIVE), True),
        (1e6, 1e6 * (1 + 1.1 * RELATIVE), False),
        (0.0, 0.9 * ABSOLUTE, True),
        (0.0, -1.1 * ABSOLUTE, False),
        (1e-12, 5e-11, True),
        (0.5, -0.5, False),
    ],
)
def test_results_may_differ_by_rounding_only(locked: float, now: float, same: bool) -> None:
    found = compare(replace(LOCK, results={"x": locked}), replace(LOCK, results={"x": now}))
    assert (found.differences == ()) == same


def test_every_part_is_told_at_once() -> None:
    now = Lock({}, {}, {}, {})
    parts = [d.part for d in compare(LOCK, now).differences]
    assert parts == ["inputs"] * 2 + ["outputs"] + ["results"] * 3 + ["versions"] * 2


GOOD: dict[str, Any] = asdict(LOCK)
WRONG = [
    ("", "is not a lockfile"),
    ("<<<<<<< ours\n{}\n", "is not a lockfile"),
    ("[]", "is not a lockfile"),
    ("3", "is not a lockfile"),
    ("{}", "is not a lockfile"),
    (json.dumps({k: v for k, v in GOOD.items() if k != "inputs"}), "is not a lockfile"),
    (json.dumps(GOOD | {"inputs": None}), "its part `inputs` is not what a lock holds"),
    (json.dumps(GOOD | {"outputs": {"a": 1}}), "its part `outputs`"),
    (json.dumps(GOOD | {"results": {"a": "1"}}), "its part `results`"),
    (json.dumps(GOOD | {"colour": "red"}), "colour"),
    (json.dumps(GOOD | {"schema": 2}), f"has schema 2, and this metareview reads {SCHEMA}"),
    (json.dumps({"schema": 9, "pins": {}}), f"has schema 9, and this metareview reads {SCHEMA}"),
]


@pytest.mark.parametrize(("content", "says"), WRONG)
def test_what_is_no_lockfile_is_told_and_stale(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "metareview.lock"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MetareviewError) as caught:
        read_lock(path)
    assert says in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == STALE


def test_a_missing_lockfile_and_one_of_bytes_are_told(tmp_path: Path) -> None:
    with pytest.raises(MetareviewError, match="there is no lockfile") as caught:
        read_lock(tmp_path / "metareview.lock")
    assert caught.value.exit_code == STALE
    (tmp_path / "metareview.lock").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MetareviewError, match="is not a lockfile"):
        read_lock(tmp_path / "metareview.lock")


def test_numbers_of_nested_results_get_dotted_names() -> None:
    nested = {
        "crime": {"estimate": -0.5, "k": 3, "method": "REML", "converged": True, "pi_low": math.nan, "df": math.inf},
        "weights": [1.0, (2, {"x": 3})],
        "none": None,
        "empty": {},
    }
    assert flat_numbers(nested) == {
        "crime.estimate": -0.5, "crime.k": 3.0, "weights[0]": 1.0, "weights[1][0]": 2.0, "weights[1][1].x": 3.0,
    }  # fmt: skip
    assert flat_numbers(2.5, "x") == {"x": 2.5}
    assert flat_numbers("2.5", "x") == {}
    assert all(type(v) is float for v in flat_numbers(nested).values())


def test_hashes_are_of_the_bytes_and_named_from_the_root(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, data in (("data/b.ris", b"b"), ("data/a.ris", b"")):
        (tmp_path / name).write_bytes(data)
    found = hashes(tmp_path, [tmp_path / "data" / "b.ris", tmp_path / "data" / "a.ris"])
    assert list(found) == ["data/a.ris", "data/b.ris"]
    assert found["data/b.ris"] == hashlib.sha256(b"b").hexdigest()
