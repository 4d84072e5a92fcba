"""What was locked and then changed is named, with exit code 3; what was not changed comes out byte for byte."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small_review import DATE, PROTOCOL, copy, hashes, run

from metareview.folder import ReviewFolder

EXPORT = f"data/searches/alpha-{DATE}.ris"
LOG = "data/journal/mara-dekker/desk.jsonl"
TABLE = "outputs/tables/pooled.csv"


def _swap(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / name).read_bytes()
        assert old.encode() in text
        (root / name).write_bytes(text.replace(old.encode(), new.encode(), 1))

    return change


CHANGES: dict[str, tuple[Callable[[Path], None], str, tuple[str, ...]]] = {
    "an export": (_swap(EXPORT, "Brighter", "Brightar"), EXPORT, ("verify", "reproduce", "status", "report")),
    "a log": (_swap(LOG, "no_outcome", "no_effects"), "line", ("verify", "reproduce", "status")),
    "an output": (_swap(TABLE, "Recorded", "Recorted"), TABLE, ("verify",)),
    "the protocol": (_swap("protocols/protocol.yaml", "phi: 2", "phi: 3"), "protocols/protocol.yaml", ("verify", "reproduce")),
    "a form": (_swap("data/coding/effects.csv", "120", "121"), "data/coding/effects.csv", ("verify",)),
    "an export gone": (lambda root: (root / EXPORT).unlink(), f"{EXPORT} is missing", ("verify",)),
    "an output gone": (lambda root: (root / TABLE).unlink(), f"{TABLE} is missing", ("verify",)),
    "an output more": (lambda root: (root / "outputs/mine.txt").touch(), "outputs/mine.txt is new", ("verify",)),
    "no lock": (lambda root: (root / "metareview.lock").unlink(), "metareview.lock", ("verify", "reproduce")),
    "a lock that is none": (_swap("metareview.lock", "{", "["), "is not a lockfile", ("verify",)),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_named_and_fails_with_3(locked_copy: ReviewFolder, what: str) -> None:
    change, named, verbs = CHANGES[what]
    change(locked_copy.root)
    before = hashes(locked_copy.root)
    for verb in verbs:
        ran = run(verb, "--review", locked_copy.root)
        assert (ran.code, ran.out) == (3, ""), f"{verb}: {ran.err}"
        assert named in ran.err and ran.err.startswith("error: ") and "Traceback" not in ran.err
        assert str(locked_copy.root) in ran.err or named != "line", "the log is named where it is, not in a copy of it"
    assert hashes(locked_copy.root) == before


def test_a_changed_number_is_told_with_its_old_and_new_value(locked_copy: ReviewFolder) -> None:
    _swap("protocols/protocol.yaml", "phi: 2", "phi: 3")(locked_copy.root)
    ran = run("verify", "--json", "--review", locked_copy.root)
    found = {d["name"]: d["what"] for d in json.loads(ran.out)["differences"]}
    assert ran.code == 3 and found["effects.lamps.vi"].startswith("was 0.0788961")
    assert "prisma.duplicates" not in found and "effects.courts.vi" not in found


def test_outputs_are_the_same_elsewhere_and_without_the_index(locked: ReviewFolder, tmp_path: Path) -> None:
    elsewhere = copy(locked.root, tmp_path / "a folder with spaces" / "é")
    shutil.rmtree(elsewhere.root / ".metareview")
    shutil.rmtree(elsewhere.outputs)
    assert run("report", "--review", elsewhere.root).code == 0
    assert hashes(elsewhere.root) == hashes(locked.root)
    assert run("verify", "--review", elsewhere.root).code == 0


def test_a_spoilt_index_is_made_again(review: ReviewFolder) -> None:
    review.index.write_bytes(b"no database at all, but some bytes in its place" * 50)
    ran = run("records", "--json", "--review", review.root)
    assert ran.code == 0, ran.err
    assert len(json.loads(ran.out)) == 12


def test_a_report_that_fails_leaves_the_old_outputs(locked_copy: ReviewFolder) -> None:
    before = hashes(locked_copy.outputs)
    (locked_copy.root / "protocols" / "protocol.yaml").write_text(
        PROTOCOL.replace("scale: linear", "scale: log"), encoding="utf-8"
    )
    ran = run("report", "--review", locked_copy.root)
    assert ran.code == 2 and "analysis `wellbeing` is on the log scale, but parks is not" in ran.err
    assert hashes(locked_copy.outputs) == before
