"""An import that is killed leaves the review as it was, and the next import of the same file takes it up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from small_review import DATE, MARA, lay_out, ris

from metareview.folder import ReviewFolder
from metareview.services import imports
from metareview.services.search_log import report, searches
from metareview.services.state import load_state

# Die as by kill -9 at a moment of the import: amid copying, after it, and after the journal but before the log and index.
DRIVER = """
import os, sys
from pathlib import Path
from metareview.folder import ReviewFolder
from metareview.services import imports
folder, export, moment, by, date = ReviewFolder(Path(sys.argv[1])), Path(sys.argv[2]), *sys.argv[3:]
def die(*_, **__):
    os._exit(9)
if moment == "copying":
    os.fsync = die
elif moment == "copied":
    ReviewFolder.append = die
else:
    imports.write_log = die
imports.run(folder, [export], "alpha", date, by=by)
"""


@pytest.mark.parametrize(("moment", "logged"), [("copying", 0), ("copied", 0), ("logged", 1)])
def test_a_killed_import_is_whole_or_not_at_all(tmp_path: Path, moment: str, logged: int) -> None:
    folder = lay_out(tmp_path / "review")
    export = tmp_path / "export.ris"
    export.write_text(
        ris([("X, Y.", f"Title {n}", "2001", "J", "1", "1", "", "") for n in range(50)]), encoding="utf-8"
    )
    command = [sys.executable, "-c", DRIVER, str(folder.root), str(export), moment, MARA, DATE]
    assert subprocess.run(command, check=False).returncode == 9
    state = load_state(folder)
    assert (len(state.literature.imports), len(state.records)) == (logged, 50 * logged)
    done = imports.run(folder, [export], "alpha", DATE, by=MARA)[0]
    assert done.new is not bool(logged) and done.file == f"data/searches/alpha-{DATE}.ris"
    assert len(load_state(folder).records) == 50
    left = {p.name for p in folder.searches.iterdir()}
    assert left == {"searches.csv", f"alpha-{DATE}.ris"}


def test_hits_are_checked_for_a_search_whatever_its_parts(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "review")
    paths = [tmp_path / f"{n}.ris" for n in "abc"]
    for path in paths:
        path.write_text(ris([("X, Y.", f"Title {path.stem}", "2001", "J", "1", "1", "", "")]), encoding="utf-8")
    imports.run(folder, paths[:2], "alpha", DATE, "street*", 2, MARA, limits="English")
    imports.run(folder, paths[2:], "beta", DATE, "street*", [4], MARA)
    first, second = searches(folder)
    assert (first.hits, first.records, len(first.exports), first.limits, first.finding) == (2, 2, 2, "English", "")
    assert (second.records, second.finding) == (1, "3 fewer records than hits")
    told = report(folder, first.exports[1].prefix)
    assert (told["format"], told["seen"], told["records"], told["repairs"]) == ("ris", 1, 1, [])


def test_hits_for_each_export_make_searches_of_their_own(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "review")
    paths = [tmp_path / f"{n}.ris" for n in "ab"]
    for path in paths:
        path.write_text(ris([("X, Y.", f"Title {path.stem}", "2001", "J", "1", "1", "", "")]), encoding="utf-8")
    imports.run(folder, paths, "alpha", DATE, hits=[1, 5], by=MARA)
    assert [(s.hits, s.finding) for s in searches(folder)] == [(1, ""), (5, "4 fewer records than hits")]


def test_the_report_of_an_import_lists_repairs_with_their_lines(tmp_path: Path) -> None:
    folder: ReviewFolder = lay_out(tmp_path / "review")
    export = tmp_path / "damaged.ris"
    export.write_bytes(b"TY  - JOUR\nTI  - Caf\xe9 streets\nXQ  - odd\nstray\nTY  - JOUR\nTI  - Two\nER  - 17\n")
    prefix = imports.run(folder, [export], "alpha", DATE, by=MARA)[0].prefix
    told = report(folder, prefix)
    assert [r["line"] for r in told["repairs"]] == [2, 4]
    assert told["unknown_tags"] == {"XQ": 1}
    assert told["quarantined"] == [{"line": 7, "text": "ER  - 17", "why": "text on an end of record", "last": 7}]
    assert all(r["record"] == f"{prefix}:0001" for r in told["repairs"])


def test_records_without_a_title_are_told(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "review")
    export = tmp_path / "untitled.ris"
    export.write_text("TY  - JOUR\nAU  - Vermeer, A.\nER  - \nTY  - JOUR\nTI  - Two\nER  - \n", encoding="utf-8")
    done = imports.run(folder, [export], "alpha", DATE, by=MARA)[0]
    assert done.untitled == (f"{done.prefix}:0001",)
