"""Nothing of a person is written over or deleted, and what the tool cannot read or show is told in one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_review import DATE, EFFECTS, JOOST, MARA, PROTOCOL, A, Ran, hashes, lay_out, ris, run

from metareview.errors import STALE, MetareviewError, MetareviewWarning
from metareview.folder import ReviewFolder
from metareview.journal.drafts import Draft
from metareview.literature import reading
from metareview.literature.events import IMPORTED
from metareview.screening.events import VOTED
from metareview.services import code, effects, imports, protocol
from metareview.services.state import load_state
from metareview.tabular import read_table


def refused(review: ReviewFolder, *args: object, code: int = 2) -> str:
    before = hashes(review.root)
    ran = run("--review", review.root, *args)
    assert (ran.code, ran.out) == (code, ""), f"{args}: exit {ran.code}\n{ran.out}{ran.err}"
    assert hashes(review.root) == before
    return ran.err


def ok(review: ReviewFolder, *args: object) -> Ran:
    ran = run("--review", review.root, *args)
    assert ran.code == 0, ran.err
    return ran


def test_a_report_never_replaces_a_folder_that_holds_anything_else(review: ReviewFolder, tmp_path: Path) -> None:
    thesis = tmp_path / "thesis"
    (thesis / "tables").mkdir(parents=True)
    (thesis / "chapter.txt").write_text("years of work", encoding="utf-8")
    (tmp_path / "paper" / "tables").mkdir(parents=True)  # folders that are called as a report calls its own
    (tmp_path / "paper" / "tables" / "mine.csv").write_text("measured", encoding="utf-8")
    before = hashes(tmp_path)
    for out in (tmp_path / "paper", thesis, review.root, review.root / "data", Path.home()):
        assert "holds what no report wrote: " in refused(review, "report", "--out", out)
    assert "chapter.txt is a file" in refused(review, "report", "--out", thesis / "chapter.txt")
    assert hashes(tmp_path) == before
    for _ in range(2):  # a new folder, and then the report in it
        ok(review, "report", "--out", tmp_path / "new")
    assert (tmp_path / "new" / "report.html").is_file() and hashes(review.outputs) == {}
    (tmp_path / "new" / "remarks.md").write_text("mine", encoding="utf-8")
    assert "remarks.md" in refused(review, "report", "--out", tmp_path / "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "paper", "review", "thesis"], (
        "a half-built report was left"
    )


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_form_is_written_over_only_when_an_import_kept_it(review: ReviewFolder, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"form.{suffix}"
    for verb in ("form", "export"):
        path.write_bytes(b"work of a day")
        extra = ("--as", MARA) if verb == "form" else ()
        told = refused(review, "code", verb, "effect", path, *extra)
        assert "may hold work that was not imported" in told and "--overwrite" in told
        assert path.read_bytes() == b"work of a day"
        ok(review, "code", verb, "effect", path, "--overwrite", *extra)
        assert path.read_bytes() != b"work of a day"
    kept = tmp_path / "studies.csv"
    kept.write_bytes((review.coding / "studies.csv").read_bytes())
    ok(review, "code", "form", "study", kept, "--as", MARA)


def test_forms_show_ones_own_coding_only(review: ReviewFolder, tmp_path: Path) -> None:
    rows = {by or "": code.form(review, "effect", tmp_path / f"{by}.csv", by) for by in (MARA, JOOST, None)}
    assert rows == {MARA: len(EFFECTS), JOOST: 0, "": 0}
    assert code.form(review, "study", tmp_path / "second.csv", JOOST) == 5
    lines = (tmp_path / "second.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 6 and all(line.strip(",") == line.split(",")[0] for line in lines[1:])
    assert "has no filled row" in refused(review, "code", "import", tmp_path / "second.csv", "--as", JOOST)
    assert "there is no folder" in refused(review, "code", "form", "effect", tmp_path / "none" / "f.csv", "--as", MARA)
    plan = PROTOCOL.replace("  practice:\n    - {name: text_en, type: text, required: true}\n", "")
    other = lay_out(tmp_path / "other")
    other.protocol_path.write_text(plan, encoding="utf-8")
    told = refused(other, "code", "form", "practice", tmp_path / "p.csv")
    assert "has no variables at the practice level" in told and not (tmp_path / "p.csv").exists()


def test_a_journal_may_name_exports_in_their_folder_only(review: ReviewFolder, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.ris"
    secret.write_text(ris([]), encoding="utf-8")
    data = next(dict(e.data) for e in review.events() if e.kind == IMPORTED)
    for place in ("../elsewhere.ris", str(secret), "data/searches/../../../elsewhere.ris", "data/coding/studies.csv"):
        folder = ReviewFolder(review.root)
        log = review.journal / "mara-dekker" / "desk.jsonl"
        before = log.read_bytes()
        folder.append(MARA, [Draft(IMPORTED, data | {"file": place, "sha256": "0" * 64, "prefix": "alpha-2026-04"})])
        with pytest.raises(MetareviewError, match="which is not in data/searches") as caught:
            load_state(folder)
        assert caught.value.exit_code == STALE
        log.write_bytes(before)


def test_events_of_a_newer_version_are_warned_of_and_lacking_ones_are_an_error(review: ReviewFolder) -> None:
    before = load_state(review)
    review.append(MARA, [Draft("screening.weighed", {"by": MARA, "record": f"{A}:0001"})])
    with pytest.warns(MetareviewWarning, match=r"does not know \(screening.weighed\)"):
        assert load_state(review) == before
    ran = ok(review, "status")
    assert "warning: the journal has events this version does not know" in ran.err
    review.append(MARA, [Draft(VOTED, {"by": MARA, "record": f"{A}:0001"})])
    told = refused(review, "status", code=3)
    assert "error: an event of the journal is not as this version writes it (KeyError: 'stage')" in told


def test_the_protocol_is_read_as_it_is_on_disk(review: ReviewFolder) -> None:
    assert dict(effects.run(review).set_index("effect_id")["phi"])["lamps"] == 2
    review.protocol_path.write_text(PROTOCOL.replace("phi: 2", "phi: 16"), encoding="utf-8")
    assert dict(effects.run(review).set_index("effect_id")["phi"])["lamps"] == 16
    review.protocol_path.write_text("nothing: here", encoding="utf-8")
    with pytest.raises(MetareviewError, match="mistake"):
        effects.run(review)


def test_records_are_read_anew_when_the_reading_code_changes(
    review: ReviewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load_state(review).records
    calls: list[Path] = []
    read = reading.scan_records

    def counted(path: Path, *args: Any, **more: Any) -> Any:
        calls.append(path)
        return read(path, *args, **more)

    monkeypatch.setattr(reading, "scan_records", counted)
    assert load_state(review).records == before and calls == []
    fingerprint = reading.reader_fingerprint()
    monkeypatch.setattr(reading, "reader_fingerprint", lambda: "of another version")
    assert load_state(review).records == before and len(calls) == 2
    assert load_state(review).records == before and len(calls) == 2
    assert len(fingerprint) == 16


def test_an_index_that_cannot_be_used_is_told(review: ReviewFolder) -> None:
    review.index.unlink()
    review.index.mkdir()
    told = refused(review, "records")
    assert told.startswith(f"error: the index {review.index} cannot be opened") and "hint: " in told


@pytest.mark.parametrize("fault", [MetareviewError("the disk is full"), KeyboardInterrupt()])
def test_an_import_that_fails_leaves_nothing_of_its_files(
    review: ReviewFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    paths = [tmp_path / f"{n}.ris" for n in "ab"]
    for path in paths:
        path.write_text(ris([("X, Y.", f"A title of {path.stem}", "2001", "J", "1", "1", "", "")]), encoding="utf-8")
    before = hashes(review.root)

    def fails(folder: ReviewFolder, person: str, drafts: Any) -> Any:
        assert len(drafts) == 2 and (review.searches / f"alpha-{DATE}-3.ris").exists()
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(ReviewFolder, "append", fails)
        with pytest.raises(type(fault)):
            imports.run(review, paths, "alpha", DATE, by=MARA)
    after = hashes(review.root)
    assert {k: v for k, v in after.items() if not k.endswith("import.lock")} == before
    done = imports.run(review, paths, "alpha", DATE, by=MARA)
    assert [o.file for o in done] == [f"data/searches/alpha-{DATE}-{n}.ris" for n in (2, 3)]


def test_known_bytes_change_nothing_and_a_withdrawal_is_json_when_asked(review: ReviewFolder) -> None:
    export = review.searches / f"beta-{DATE}.ris"
    before = hashes(review.root)
    ran = ok(review, "import", export, "--source", "alpha", "--date", "2026-03-01", "--query", "other", "--as", JOOST)
    assert "nothing changed, also not its source, date, query and columns" in ran.out and hashes(review.root) == before
    ran = ok(review, "import", "--withdraw", "beta-2026-03", "--reason", "r", "--as", MARA, "--json")
    assert json.loads(ran.out) == {"withdrawn": "beta-2026-03", "file": f"data/searches/beta-{DATE}.ris", "records": 5}
    shown = ok(review, "show", "beta-2026-03:0005").out
    assert "its import was taken back by Mara Dekker" in shown


def test_a_protocol_is_not_registered_for_a_day_to_come(review: ReviewFolder) -> None:
    review.protocol_path.write_text(PROTOCOL.replace("phi: 2", "phi: 3"), encoding="utf-8")
    with pytest.raises(MetareviewError, match="2999-01-01 lies in the future"):
        protocol.register(review, MARA, "phi", "2999-01-01")


def test_status_says_what_changed_since_the_lock(locked_copy: ReviewFolder) -> None:
    assert "since then" not in ok(locked_copy, "status").out
    with (locked_copy.protocol_path).open("a", encoding="utf-8") as stream:
        stream.write("# a remark\n")
    assert "since then 1 input changed" in ok(locked_copy, "status").out


def _python(*words: object, **more: Any) -> subprocess.Popen[bytes]:
    env = {**os.environ, **more.pop("env", {})}
    command = [sys.executable, "-m", "metareview", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_a_reader_that_had_enough_is_no_failure(review: ReviewFolder) -> None:
    process = _python("records", "--json", "--review", review.root)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), told) == (0, b"")


def test_a_console_without_the_letters_shows_a_question_mark(review: ReviewFolder) -> None:
    out, told = _python("analyze", "--review", review.root, env={"PYTHONIOENCODING": "cp1252"}).communicate()
    assert b"Traceback" not in told and b"?" in out and "τ".encode() not in out
    assert "²".encode("cp1252") in out


def test_ids_are_not_broken_in_narrow_terminals(review: ReviewFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each id and each text stays whole enough to be read; the terminal breaks the line instead."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    shown = ok(review, "records").out
    assert all(f"{A}:000{n}" in shown for n in range(1, 8)) and "Painting" in shown and "full text" in shown


def test_imports_at_once_take_ids_of_their_own(review: ReviewFolder, tmp_path: Path) -> None:
    source = A.partition("-")[0]
    files = []
    for n in range(4):
        files.append(tmp_path / f"part{n}.ris")
        files[-1].write_text(f"TY  - JOUR\nTI  - Part {n}\nER  - \n", encoding="utf-8")
    command = [sys.executable, "-m", "metareview", "import"]
    more = ["--source", source, "--date", DATE, "--as", MARA, "--review", str(review.root)]
    running = [
        subprocess.Popen([*command, str(f), *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for f in files
    ]
    done = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0] * 4, done
    imports = load_state(review).literature.imports
    assert len({i.prefix for i in imports}) == len(imports) == 6
    assert len({i.file for i in imports}) == 6
    assert len(read_table(review.searches / "searches.csv").rows) == 6


def test_an_edited_search_log_is_told_and_written_anew(locked_copy: ReviewFolder) -> None:
    log = locked_copy.searches / "searches.csv"
    before = log.read_bytes()
    log.write_bytes(before + b"x\n")
    ran = run("verify", "--review", locked_copy.root)
    assert ran.code == 3 and "data/searches/searches.csv changed" in ran.err
    assert run("reproduce", "--review", locked_copy.root).code == 0
    assert run("report", "--review", locked_copy.root).code == 0 and log.read_bytes() == before
