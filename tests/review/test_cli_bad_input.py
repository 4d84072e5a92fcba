"""Bad input: one clear message on stderr, the right exit code, and every file of the review as it was."""

from __future__ import annotations

import datetime
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_review import DATE, EFFECT_COLUMNS, EFFECTS, JOOST, MARA, PROTOCOL, A, Ran, hashes, run, table

from metareview.folder import ReviewFolder

LOG = Path("data/journal/mara-dekker/desk.jsonl")


def refused(review: ReviewFolder, *args: object, code: int = 2) -> str:
    """Run a command that must be refused, and return its message."""
    before = hashes(review.root)
    ran = run("--review", review.root, *args)
    assert (ran.code, ran.out) == (code, ""), f"{args}: exit {ran.code}\n{ran.out}{ran.err}"
    assert ran.err.count("error: ") == 1 and "Traceback" not in ran.err
    assert hashes(review.root) == before, "a refused command left something behind"
    return ran.err


def importing(path: Path, source: str = "alpha", date: str = DATE, by: str = MARA) -> tuple[object, ...]:
    return ("import", path, "--source", source, "--date", date, "--as", by)


def effect(base: str, **changes: object) -> dict[str, object]:
    """One of the small review's effects with some cells changed, as a new effect."""
    row = next(e for e in EFFECTS if e["effect_id"] == base)
    return row | {"effect_id": "fresh"} | changes


def form(tmp_path: Path, *rows: dict[str, object]) -> Path:
    return table(tmp_path / "form.csv", EFFECT_COLUMNS, rows)


def written(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return write


NOT_EXPORTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "nowhere.ris", "there is no file"),
    "a folder": (lambda folder: folder, "is a folder"),
    "a PDF": (written("paper.ris", b"%PDF-1.7\n1 0 obj"), "is a PDF"),
    "a workbook": (written("x.ris", b"PK\x03\x04rest"), "is a ZIP or Word file"),
    "empty": (written("x.ris", b""), "is empty"),
    "a table": (written("x.csv", b"name,doi,year\na,b,1999\n"), "is a table in which no column is the title"),
    "prose": (written("x.txt", b"Dear colleague,\nhere is nothing.\n"), "is in no format metareview can read"),
}  # fmt: skip


@pytest.mark.parametrize("what", NOT_EXPORTS)
def test_what_is_no_export_is_not_imported(review: ReviewFolder, tmp_path: Path, what: str) -> None:
    make, said = NOT_EXPORTS[what]
    path = make(tmp_path)
    message = refused(review, *importing(path))
    assert said in message and str(path) in message and "hint: " in message
    # beside a good one too: all or nothing
    good = review.root / "data" / "searches" / f"beta-{DATE}.ris"
    fresh = written("fresh.ris", good.read_bytes().replace(b"2020", b"2021"))(tmp_path)
    refused(review, *importing(fresh)[:2], path, *importing(fresh)[2:])


def test_a_search_has_a_known_source_a_day_that_was_and_a_known_person(review: ReviewFolder, tmp_path: Path) -> None:
    export = review.root / "data" / "searches" / f"beta-{DATE}.ris"
    fresh = written("fresh.ris", export.read_bytes().replace(b"2020", b"2021"))(tmp_path)
    later = (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=9)).isoformat()
    assert "lies in the future" in refused(review, *importing(fresh, date=later))
    assert "is not a date like" in refused(review, *importing(fresh, date="2 March 2026"))
    assert "the protocol names: alpha, beta, talks" in refused(review, *importing(fresh, source="gamma"))
    unknown = refused(review, *importing(fresh, by="Pim"))
    assert "`Pim` is not a reviewer of this review; the protocol names: Mara Dekker, Joost Vink" in unknown
    assert "fewer than 0" in refused(review, *importing(fresh), "--hits", "-1")


def test_unknown_records_reasons_people_and_decisions_are_refused(review: ReviewFolder, tmp_path: Path) -> None:
    vote = ("screen", "record", f"{A}:0001", "exclude", "--stage", "fulltext", "--as", JOOST)
    assert "did you mean `no_outcome`?" in refused(review, *vote, "--reason", "no_outcom")
    assert "needs a reason" in refused(review, *vote)
    assert "is not a title exclusion reason" in refused(review, *vote[:4], "--as", JOOST, "--reason", "no_outcome")
    assert "a reason belongs to an exclusion" in refused(
        review,
        "screen",
        "record",
        f"{A}:0001",
        "include",
        "--reason",
        "no_outcome",
        "--as",
        JOOST,
        "--stage",
        "fulltext",
    )
    assert "is not a reviewer" in refused(review, *vote[:-1], "Pim")
    for verb in (("dedupe", "merge", "x:1", f"{A}:0001"), ("screen", "record", "x:1", "include"),
                 ("retrieve", "record", "x:1", "retrieved"), ("study", "link", "x:1", "s1")):  # fmt: skip
        assert "there is no record `x:1`" in refused(review, *verb, "--as", MARA)
    assert "is named twice" in refused(review, "dedupe", "split", f"{A}:0001", f"{A}:0001", "--as", MARA)
    assert "is not sought" in refused(review, "study", "link", f"{A}:0006", "s1", "--as", MARA)
    assert "lacks the column decision" in refused(
        review, "screen", "import", table(tmp_path / "v.csv", ["record"], [{"record": "x"}]), "--as", MARA
    )
    assert "not a search SQLite understands" in refused(review, "records", "--search", "(open")


BAD_EFFECTS: dict[str, tuple[tuple[dict[str, object], ...], tuple[str, ...]]] = {
    "negative counts": ((effect("lamps", a=-3),), ("'fresh'", "'a'", "-3 is negative")),
    "an interval beside its estimate": (
        (effect("patrol", estimate=1.4),), ("'fresh'", "'estimate'", "1.4 lies outside its interval 0.7 to 0.98")),
    "nothing to reach a standard error": (
        (effect("patrol", ci_low="", ci_high=""),), ("'fresh'", "'se'", "is missing")),
    "a count is missing": ((effect("lamps", d=""),), ("'fresh'", "'d'", "is missing")),
    "two mistakes of two measures": (
        (effect("lamps", a=-3), effect("courts", n1i=4) | {"effect_id": "other"}), ("'fresh'", "'other'", "'n1i'", "-3")),
    "nothing in a margin": ((effect("lamps", a=0, b=0),), ("'fresh'", "says nothing about")),
    "text for a number": ((effect("lamps", a="many"),), ("H2 (a): `many` is not a number",)),
    "a comma for the point": ((effect("lamps", a="1,5"),), ("use a point for decimals",)),
    "no category": ((effect("lamps", measure="RIR"),), ("F2 (measure): `RIR` is not a category; did you mean `RIRR`?",)),
    "no such study": ((effect("lamps", study_id="berg2041"),), ("B2 (study_id): `berg2041` is not an included study",)),
    "an excluded study": ((effect("lamps", study_id="rossi2020"),), ("`rossi2020` is not an included study",)),
    "an effect twice": ((effect("lamps"), effect("courts")), ("A3 (effect_id): `fresh` stands in row 2 already",)),
    "no id": ((effect("lamps", effect_id=""),), ("A2 (effect_id): is empty",)),
    "no locator": ((effect("lamps", locator=""),), ("G2 (locator): is empty",)),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_EFFECTS)
def test_effects_that_cannot_be_are_not_imported(review: ReviewFolder, tmp_path: Path, what: str) -> None:
    rows, said = BAD_EFFECTS[what]
    message = refused(review, "code", "import", form(tmp_path, *rows), "--as", MARA)
    assert "form.csv" in message and "hint: Nothing was imported" in message
    for words in said:
        assert words in message


def test_forms_with_other_columns_are_not_imported(review: ReviewFolder, tmp_path: Path) -> None:
    row = effect("lamps")
    columns = ["locatr" if c == "locator" else c for c in EFFECT_COLUMNS]
    named = {("locatr" if k == "locator" else k): v for k, v in row.items()}
    message = refused(review, "code", "import", table(tmp_path / "f.csv", columns, [named]), "--as", MARA)
    assert "unknown column `locatr` (did you mean `locator`?); missing column `locator`" in message
    for content, said in (
        (b"effect_id,a,a\nx,1,2\n", "the heading `a` stands twice"),
        (b"nothing,here\n1,2\n", "has none of the identifier columns"),
        (b"effect_id\nx,1\n", "row 2 has more cells than the heading"),
        (b"", "is empty"),
        ("effect_id\nß\n".encode("latin-1"), "is not UTF-8 text"),
    ):
        assert said in refused(review, "code", "import", written("g.csv", content)(tmp_path), "--as", MARA)
    assert "is not a workbook" in refused(
        review, "code", "import", written("g.xlsx", b"no zip")(tmp_path), "--as", MARA
    )
    assert "there is no file" in refused(review, "code", "import", tmp_path / "none.csv", "--as", MARA)
    assert "a form is .csv or .xlsx" in refused(review, "code", "form", "effect", tmp_path / "f.ods")


def test_a_zero_cell_is_corrected_and_noted_or_refused_as_the_protocol_says(
    review: ReviewFolder, tmp_path: Path
) -> None:
    zero = form(tmp_path, effect("lamps", b=0, area_role="adjacent"))
    review.protocol_path.write_text(PROTOCOL.replace("only0", "none"), encoding="utf-8")
    message = refused(review, "code", "import", zero, "--as", MARA)
    assert "'fresh'" in message and "'b'" in message and "is 0 and nothing is added" in message
    review.protocol_path.write_text(PROTOCOL, encoding="utf-8")
    assert run("code", "import", zero, "--as", MARA, "--review", review.root).code == 0
    shown = run("show", "fresh", "--review", review.root).out
    assert "0.5 added to all cells because of a zero" in shown
    # and a rule that is changed afterwards is refused when effects are computed, naming the effect
    review.protocol_path.write_text(PROTOCOL.replace("only0", "none"), encoding="utf-8")
    assert "'fresh'" in refused(review, "analyze")


def test_every_mistake_of_a_protocol_is_told_with_its_line(review: ReviewFolder) -> None:
    typos = PROTOCOL.replace("subgroup: family", "subgroup: famly").replace("moderators:", "moderatos:")
    review.protocol_path.write_text(typos, encoding="utf-8")
    line = typos.splitlines().index("    moderatos: [year]") + 1
    message = refused(review, "status")
    assert f"line {line}: " in message and "did you mean `moderators`?" in message
    typos = PROTOCOL.replace("subgroup: family", "subgroup: famly").replace("[crime]", "[crimes]")
    review.protocol_path.write_text(typos, encoding="utf-8")
    message = refused(review, "protocol", "check")
    assert "has 2 mistakes" in message and "did you mean `family`?" in message and "did you mean `crime`?" in message
    review.protocol_path.unlink()
    assert "there is no protocol at" in refused(review, "status")


def test_an_edited_journal_is_refused_and_never_appended_to(review: ReviewFolder) -> None:
    log = review.root / LOG
    log.write_bytes(log.read_bytes().replace(b'"decision":"include"', b'"decision":"exclude"', 1))
    for verb in (("status",), ("screen", "record", f"{A}:0006", "include", "--as", MARA), ("dedupe", "--as", JOOST)):
        message = refused(review, *verb, code=3)
        assert f"{log.as_posix()} line " in message and "was edited after it was written" in message
        assert "Restore the file" in message


def _status(review: ReviewFolder) -> Ran:
    ran = run("status", "--review", review.root)
    assert ran.code == 0, ran.err
    return ran


def test_a_torn_journal_keeps_its_whole_lines_warns_and_is_mended_by_the_next_append(review: ReviewFolder) -> None:
    log = review.root / LOG
    assert _status(review).err == ""
    whole, torn = log.read_bytes(), log.read_bytes()[:-40]
    log.write_bytes(torn)
    n = whole.count(b"\n")
    ran = _status(review)
    assert ran.err == (
        f"warning: {log.as_posix()} line {n} is torn: a write that never finished left "
        f"{len(torn) - len(torn[: torn.rfind(chr(10).encode()) + 1])} bytes, which hold no decision\n"
    )
    assert "5 studies, 6 effects, 1 lessons" in ran.out and "low (" not in run("lessons", "--review", review.root).out
    assert log.read_bytes() == torn  # reading mends nothing
    again = run("lessons", "judge", "lighting/crime", "low", "--reason", "two", "--as", MARA, "--review", review.root)
    assert again.code == 0 and "moved to desk.jsonl.torn-1" in again.err
    assert _status(review).err == "" and "low (Mara Dekker" in run("lessons", "--review", review.root).out
    assert log.with_name("desk.jsonl.torn-1").read_bytes() == torn[torn.rfind(b"\n") + 1 :]


def test_init_never_writes_over_a_review(review: ReviewFolder, tmp_path: Path) -> None:
    before = hashes(review.root)
    assert "holds a review already" in run("init", review.root).err and hashes(review.root) == before
    a_file = written("file", b"x")(tmp_path)
    assert run("init", a_file).code == 2 and a_file.read_bytes() == b"x"


def test_a_full_disk_leaves_nothing_half_done(
    review: ReviewFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    export = review.root / "data" / "searches" / f"beta-{DATE}.ris"
    fresh = written("fresh.ris", export.read_bytes().replace(b"2020", b"2021"))(tmp_path)
    monkeypatch.setattr("metareview.journal.writing.write_whole", full)
    for verb in (
        importing(fresh),
        ("code", "import", form(tmp_path, effect("lamps")), "--as", MARA),
        ("screen", "record", f"{A}:0006", "include", "--as", MARA),
    ):
        message = refused(review, *verb)
        assert "No space left on device; nothing was recorded" in message and "Check that the disk has room" in message


def test_a_log_that_cannot_be_written_is_told(review: ReviewFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    log, really = review.root / LOG, os.open

    def denied(path: Any, *args: Any, **more: Any) -> int:
        if Path(path) == log:  # as for a file of another user; root, who may run this, is never denied
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return really(path, *args, **more)

    monkeypatch.setattr(os, "open", denied)
    message = refused(review, "screen", "record", f"{A}:0006", "include", "--as", MARA)
    assert "cannot be written" in message and "nothing was recorded" in message
