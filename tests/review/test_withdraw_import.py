"""An import taken back: its records leave the review, decisions on them come back with the same bytes."""

from __future__ import annotations

import json

import pytest
from small_review import DATE, JOOST, MARA, A, B, computer, copy, run

from metareview.errors import MetareviewError
from metareview.folder import ReviewFolder
from metareview.services import imports, screen
from metareview.services.state import load_state


def test_records_leave_and_come_back_with_their_decisions(review: ReviewFolder) -> None:
    before = load_state(review)
    gone = run("import", "--withdraw", B, "--reason", "wrong search", "--as", MARA, "--review", review.root)
    assert gone.code == 0 and f"({B}:NNNN) left the review" in gone.out
    after = load_state(review)
    assert not [r for r in after.records if r.startswith(B)] and after.literature.stale
    assert B not in (review.searches / "searches.csv").read_text(encoding="utf-8")
    export = next(i for i in before.literature.imports if i.prefix == B)
    assert (review.root / export.file).exists()
    again = imports.run(review, [review.root / export.file], export.source, export.date, by=MARA)[0]
    assert again.new and again.prefix == B
    assert load_state(review).screening.votes == before.screening.votes


def test_a_prefix_is_never_given_to_other_bytes(review: ReviewFolder, tmp_path) -> None:
    imports.withdraw(review, B, "wrong search", MARA)
    other = tmp_path / "other.ris"
    other.write_text("TY  - JOUR\nTI  - Another record\nER  - \n", encoding="utf-8")
    source, _, month = B.partition("-")
    done = imports.run(review, [other], source, f"{month[:7]}-02", by=MARA)[0]
    assert done.prefix not in (A, B) and done.prefix.startswith(source)


@pytest.mark.parametrize(
    ("name", "reason", "says"),
    [("nothing-2020-01", "r", "there is no import"), (A, " ", "why is the import")],
)
def test_what_is_not_meant_is_said(review: ReviewFolder, name: str, reason: str, says: str) -> None:
    with pytest.raises(MetareviewError, match=says):
        imports.withdraw(review, name, reason, MARA)


def test_import_needs_its_files_or_a_withdrawal(review: ReviewFolder) -> None:
    ran = run("import", "--review", review.root)
    assert ran.code == 2 and "Missing FILES, --source, --date" in ran.err


def test_two_exports_with_the_same_ids_are_told_apart(review: ReviewFolder, tmp_path) -> None:
    desktop = copy(review.root, tmp_path / "desktop")
    source = A.partition("-")[0]
    for folder, name, who in ((review, "one", MARA), (desktop, "two", JOOST)):
        path = tmp_path / f"{name}.ris"
        path.write_text(f"TY  - JOUR\nTI  - Record {name}\nER  - \n", encoding="utf-8")
        with computer(name):
            imports.run(folder, [path], source, DATE, by=who)
    for log in (desktop.journal).rglob("two.jsonl"):
        target = review.journal / log.relative_to(desktop.journal)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(log.read_bytes())
    ran = run("status", "--review", review.root)
    assert ran.code == 1 and "two exports carry the record ids" in ran.err
    sha = load_sha(desktop, "two")
    assert (
        run("import", "--withdraw", sha[:12], "--reason", "ids taken", "--as", JOOST, "--review", review.root).code == 0
    )
    assert run("status", "--review", review.root).code == 0
    again = imports.run(review, [tmp_path / "two.ris"], source, DATE, by=JOOST)[0]
    listed = json.loads(run("records", "--json", "--review", review.root).out)
    assert [r["title"] for r in listed if r["record_id"].startswith(f"{again.prefix}:")] == ["Record two"]
    assert len({r["record_id"] for r in listed}) == len(listed)


def load_sha(folder: ReviewFolder, title: str) -> str:
    state = load_state(folder)
    return next(state.origin[r].sha256 for r, record in state.records.items() if record.title == f"Record {title}")


def test_votes_on_withdrawn_records_are_refused(review: ReviewFolder) -> None:
    imports.withdraw(review, B, "wrong search", MARA)
    with pytest.raises(MetareviewError, match="there is no record"):
        screen.cast(review, "title", [(f"{B}:0001", "include", "", "")], MARA)
