"""One fixture a quirk of real tables: what it must give, what is repaired, what is set aside."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from metareview.errors import MetareviewError
from metareview.literature.formats.registry import formats
from metareview.literature.reading import ReadResult, read_records

FILES = Path(__file__).parent / "csv"
BOTH = ["Street wardens in district 1", "Street wardens in district 2"]
QUOTED = ['Street "wardens" in district 1', BOTH[1]]
UNCLOSED = "a quotation mark without its partner: the row is read to the end of its line"
STRAY = "a quotation mark inside a cell: kept as text"
ONE_CELL = "one cell in a table of 4 columns"
EXPORTS = "as in exports that were put together"

# file: titles, lines of the records, (line, record, repair), (line, text, why)
QUIRKS: dict[str, tuple[list[str], list[int], list[tuple[int, str, str]], list[tuple[int, str, str]]]] = {
    "clean": (BOTH, [2, 3], [], []),
    "crlf": (BOTH, [2, 3], [], []),
    "bom": (BOTH, [2, 3], [], []),
    "utf16": (BOTH, [2, 3], [], []),
    "latin1": (BOTH, [2, 3], [(2, "x:0001", "line 2 is not valid UTF-8: read as Windows-1252")], []),
    "nul": (BOTH, [2, 3], [(2, "x:0001", "1 control character removed")], []),
    "no_last_line_end": (BOTH, [2, 3], [], []),
    "blank_rows": (BOTH, [4, 7], [], []),
    "semicolon": (BOTH, [2, 3], [], []),
    "tabs": (BOTH, [2, 3], [], []),
    "sep_line": (BOTH, [3, 4], [], []),
    "spaces_after_commas": (BOTH, [2, 3], [], []),
    "quoted_line_ends": (BOTH, [2, 6], [], []),
    "backslash_quotes": (QUOTED, [2, 3], [], []),
    "stray_quotes": (QUOTED, [2, 3], [(2, "x:0001", STRAY)], []),
    "stray_quotes_lines": (QUOTED, [2, 4], [(2, "x:0001", STRAY)], []),
    "unclosed_quote": (BOTH, [2, 3], [(2, "x:0001", UNCLOSED)], []),
    "unclosed_quote_all_quoted": (BOTH, [2, 3], [(2, "x:0001", UNCLOSED)], []),
    "unclosed_quote_at_end": (
        BOTH,
        [2, 3],
        [(3, "x:0002", "the file ends inside a quoted cell: read to there")],
        [],
    ),
    "quotes_across_cells": (
        ['"Street wardens in district 1', BOTH[1]],
        [2, 3],
        [(2, "x:0001", "quotation marks that begin and end in two cells: kept as text")],
        [],
    ),
    "too_many_cells": (
        BOTH,
        [2, 3],
        [(2, "x:0001", "6 cells under 4 columns: what is too many is kept as column 5 on")],
        [],
    ),
    "too_few_cells": (BOTH, [2, 3], [(3, "x:0002", "3 cells under 4 columns: the last columns are empty")], []),
    "one_cell_rows": (
        BOTH,
        [3, 4],
        [],
        [(5, "made by hand", ONE_CELL), (6, "of two", ONE_CELL), (7, "lines", ONE_CELL)],
    ),
    "header_again": (BOTH, [2, 4], [(3, "x:0001", f"the header again, {EXPORTS}")], []),
    "other_header": (
        BOTH,
        [2, 4],
        [(3, "x:0001", f"another header: the rows below are read by it, {EXPORTS}")],
        [],
    ),
    "columns_twice": (BOTH, [2, 3], [], []),
    "nameless_columns": (BOTH, [2, 3], [], []),
    "spreadsheet_marks": ([f"={BOTH[0]}", BOTH[1]], [2, 3], [], []),
}
ERRORS = {"not_a_title", "no_header"}


def read(name: str, **columns: str) -> ReadResult:
    return read_records(FILES / f"{name}.csv", prefix="x", columns=columns)


def raw(result: ReadResult, record: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for f in result.records[record].raw:
        found.setdefault(f.tag, []).append(f.value)
    return found


def accounted(result: ReadResult) -> int:
    """Return how many lines are in the span of a record, structure or set aside."""
    spans = [(r._entry.line, r._entry.last) for r in result.records]  # type: ignore[attr-defined]
    assert all(last < start for (_, last), (start, _) in pairwise(spans))
    return sum(last - line + 1 for line, last in spans) + result.structure + len(result.quarantined)


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk(name: str) -> None:
    titles, lines, repairs, quarantined = QUIRKS[name]
    result = read(name)
    assert result.format == "csv"
    assert [r.title for r in result] == titles
    assert [r.line for r in result] == lines
    assert [tuple(r) for r in result.repairs] == repairs
    assert [q[:3] for q in result.quarantined] == quarantined
    assert accounted(result) == result.n_lines
    assert all(r.authors and r.year for r in result) or name in ("nameless_columns", "spreadsheet_marks")


def test_every_fixture_is_asserted() -> None:
    named = {path.stem for path in FILES.glob("*.csv") if not path.stem.startswith("system_")}
    assert named == set(QUIRKS) | ERRORS


def test_cells_are_kept_as_printed() -> None:
    assert raw(read("too_many_cells"), 0)["column 5"] == ["left over"]
    assert read("too_many_cells").unknown_tags == {"column 5": 1}
    assert raw(read("columns_twice"), 0)["title"] == [BOTH[0], "Another title"]
    assert raw(read("nameless_columns"), 0) | {"title": []} == {
        "title": [],
        "column 2": ["kept"],
        "year": ["2011"],
        "column 4": ["too"],
        "doi": ["10.5555/one"],
    }
    marks = raw(read("spreadsheet_marks"), 0)
    assert marks["title"] == [f"'={BOTH[0]}"] and marks["doi"] == ['="10.5555/one"'] and marks["volume"] == ["3.0"]
    assert raw(read("unclosed_quote"), 0)["authors"] == ["Vermeer, A."]
    assert raw(read("unclosed_quote_at_end"), 1)["journal"] == ["Journal of\nInvented"]


def test_cells_know_their_line() -> None:
    record = read("quoted_line_ends").records[0]
    assert [(f.tag, f.line) for f in record.raw] == [("title", 2), ("authors", 2), ("year", 3), ("abstract", 3)]
    assert record.abstract == 'First paragraph. Second "quoted", paragraph.'
    assert record.authors == ("Vermeer, A.", "Bos, K.")


def test_spreadsheet_marks_are_undone() -> None:
    first, second = read("spreadsheet_marks").records
    assert (first.authors, first.year, first.volume, first.issn) == (("-Vermeer",), 2011, "3", "0123-4567")
    assert (first.doi, first.pages) == ("10.5555/one", "")
    assert (second.authors, second.volume, second.doi, second.pages) == ((), "", "10.5555/two", "12")


def test_dutch_columns() -> None:
    first = read("tabs").records[0]
    assert (first.authors, first.journal, first.keywords) == (("Vermeer, A.", "Bos, K."), "Plaatsen", ("wijk", "agent"))
    assert first.abstract == 'Kort "en" goed'
    assert read("semicolon").records[0].journal == "Tijdschrift; voor plaatsen"


def test_a_person_names_columns() -> None:
    result = read("not_a_title", title="naam", Author="WIE", year="wanneer")
    assert [(r.title, r.authors, r.year) for r in result] == [
        (BOTH[0], ("Vermeer, A.",), 2011),
        (BOTH[1], ("Jansen, P.",), 2012),
    ]
    result = read("no_header", title="column 1", authors="column 2")
    assert [(r.title, r.line, r.authors) for r in result] == [
        (BOTH[0], 1, ("Vermeer, A.",)),
        (BOTH[1], 2, ("Jansen, P.",)),
    ]
    assert accounted(result) == result.n_lines
    assert [r.journal for r in read("clean", journal="title")] == BOTH


@pytest.mark.parametrize(
    ("name", "columns", "says"),
    [
        ("not_a_title", {}, "no column is the title; its columns are: 'naam', 'wie', 'wanneer'"),
        ("not_a_title", {"title": "titel"}, "no row with all columns of title=titel; its columns are: 'naam'"),
        ("not_a_title", {"authors": "wie"}, "a title is needed"),
        ("no_header", {"title": "column 4"}, "no row with all columns of title=column 4"),
        ("clean", {"doi": "DOI"}, "its columns are: 'title', 'authors', 'year', 'journal'"),
        ("clean", {"autor": "authors"}, "a record has no field 'autor'; its fields are: title, authors"),
    ],
)
def test_what_cannot_be_mapped(name: str, columns: dict[str, str], says: str) -> None:
    with pytest.raises(MetareviewError) as caught:
        read(name, **columns)
    assert says in caught.value.message
    assert caught.value.hint
    if not columns:
        assert "--map title=COLUMN" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "score"),
    [
        ("TY  - JOUR\nTI  - Title, author, year\nER  - \n", 0),
        ("@article{a,\n title = {Title},\n author = {Author, A},\n}\n", 0),
        ("PMID- 1\nTI  - title, authors\n", 0),
        ('[{"title": "a", "author": "b"},\n{"title": "a", "author": "b"}]\n', 0),
        ("PT J\nAU Vermeer, A\nTI Title, year, author\nER\n", 0),
        ("FN Clarivate\nVR 1.0\nPT J\n", 0),
        ("<xml>title,author,year</xml>\n", 0),
        ("We sent title, authors, year and more to you,\nand to them, as said, and well, and gone.\n", 0),
        ("title\nWardens\n", 0),
        ("", 0),
        ("naam,wie,wanneer\na,b,c\n", 0.1),
        ("title,author,year\na,b,c\n", 0.6),
        ("EID,Title,Authors,Source title\na,b,c,d\n", 0.9),
    ],
)
def test_detection(content: str, score: float) -> None:
    assert formats()["csv"].recognises(content) == pytest.approx(score)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('title,year\n"' + "x" * 8_000_001 + '",2011\n', "line 2 is longer than 8 million characters"),
        ("title,year\na,2011" + ",b" * 20_000 + "\n", "line 2 has 20002 columns; a table has at most 16384"),
    ],
)
def test_absurd_tables(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(MetareviewError) as caught:
        read_records(write(tmp_path / "a.csv", text))
    assert says in caught.value.message and str(tmp_path) in caught.value.message


def test_large_cells_are_read(tmp_path: Path) -> None:
    names = "; ".join(["Vermeer, A."] * 100_000)
    text = "x" * 1_000_000
    result = read_records(write(tmp_path / "a.csv", f'title,authors,abstract\nWardens,"{names}",{text}\n'))
    assert (len(result.records[0].authors), len(result.records[0].abstract)) == (100_000, 1_000_000)


def test_a_quotation_mark_on_every_line_costs_no_row(tmp_path: Path) -> None:
    rows = "".join(f'Wardens {i},"Vermeer,2011,Places\n' for i in range(3000))
    result = read_records(write(tmp_path / "a.csv", f"title,authors,year,journal\n{rows}Last,Bos,2012,Places\n"))
    assert len(result) == 3001
    assert [r.title for r in result][-2:] == ["Wardens 2999", "Last"]
    assert len(result.repairs) == 101
    assert result.repairs[-1].what == f"{UNCLOSED} (2900 more such rows, the last here)"


def test_an_unclosed_quotation_mark_does_not_take_the_file(tmp_path: Path) -> None:
    rows = "".join(f"Wardens {i},Vermeer,2011,Places\n" for i in range(5000))
    result = read_records(write(tmp_path / "a.csv", f'title,authors,year,journal\nFirst,"Bos,2012,Places\n{rows}'))
    assert [r.title for r in result][:3] == ["First", "Wardens 0", "Wardens 1"]
    assert (len(result), len(result.repairs)) == (5001, 1)
