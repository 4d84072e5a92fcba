"""Workbooks: the sheet of records is found, cells are read as a person sees them, damaged files are told."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from metareview.errors import MetareviewError
from metareview.literature.formats import xlsx
from metareview.literature.reading import read_records

HEADER = ["Title", "Authors", "Publication Year", "Volume", "Pages", "DOI"]
FIRST = ["Street wardens in district 1", "Vermeer, A.; Bos, K.", 2011.0, 3, "10-19", "10.5555/ONE"]
SECOND = ["Street wardens in district 2", "Jansen, P.", 2012, None, None, None]


def book(path: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        page = workbook.create_sheet(name)
        for row in rows:
            page.append(list(row))
    workbook.save(path)
    return path


def packed(path: Path, parts: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_records(tmp_path: Path) -> None:
    result = read_records(book(tmp_path / "a.txt", r=[["made in 2026"], HEADER, FIRST, [], SECOND]), prefix="x")
    assert (result.format, result.encoding, result.n_lines, result.structure) == ("xlsx", "xlsx", 5, 3)
    first, second = result.records
    assert (first.line, first.title, first.authors) == (3, FIRST[0], ("Vermeer, A.", "Bos, K."))
    assert (first.year, first.volume, first.pages, first.doi) == (2011, "3", "10-19", "10.5555/one")
    assert [(f.tag, f.value, f.line) for f in first.raw][2:4] == [("Publication Year", "2011", 3), ("Volume", "3", 3)]
    assert (second.line, second.title, second.year) == (5, SECOND[0], 2012)
    assert result.repairs == () and result.quarantined == ()


def test_the_sheet_of_records_is_read_and_others_are_told(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", Notes=[["by hand", "x"]], Empty=[], Records=[HEADER, FIRST], More=[["a", "b"]])
    result = read_records(path, prefix="x")
    assert [r.title for r in result] == FIRST[:1]
    assert [r.what for r in result.repairs] == [
        "the sheet 'Records' is read; the sheet 'More', which is not empty, is not",
        "the sheet 'Records' is read; the sheet 'Notes', which is not empty, is not",
    ]


def test_cells_as_a_person_sees_them(tmp_path: Path) -> None:
    header = ["title", "date", "when", "n", "share", "yes", "text", "sum"]
    day, moment = datetime.date(2016, 5, 12), datetime.datetime(2016, 5, 12, 9, 30)
    path = book(tmp_path / "a.xlsx", r=[header, ["'=Wardens", day, moment, 7.0, 0.5, True, "one\r\ntwo", "=1+1"]])
    record = read_records(path, prefix="x").records[0]
    assert {f.tag: f.value for f in record.raw} == {
        "title": "'=Wardens",
        "date": "2016-05-12",
        "when": "2016-05-12 09:30:00",
        "n": "7",
        "share": "0.5",
        "yes": "TRUE",
        "text": "one\ntwo",
    }
    assert (record.title, record.year) == ("=Wardens", 2016)


def test_a_title_alone_is_a_record_and_a_note_is_not(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", r=[["Authors", "Title", "Year"], [None, FIRST[0]], ["seen on Monday"]])
    result = read_records(path, prefix="x")
    assert [r.title for r in result] == FIRST[:1]
    assert [q[:3] for q in result.quarantined] == [(3, "seen on Monday", "one cell in a table of 3 columns")]


def test_systems(tmp_path: Path) -> None:
    wos = ["Publication Type", "Authors", "Article Title", "Source Title", "Publication Year", "UT (Unique WOS ID)"]
    result = read_records(
        book(tmp_path / "a.xlsx", savedrecs=[wos, ["J", "Vermeer, A", FIRST[0], "PLACES", 2011, "WOS:1"]])
    )
    assert (result.system, result.records[0].type, result.records[0].journal) == ("Web of Science", "JOUR", "PLACES")
    proquest = ["Title", "Authors", "StoreId", "pubtitle", "year"]
    result = read_records(book(tmp_path / "b.xlsx", r=[proquest, [FIRST[0], "Vermeer, A", 1, "Places", 2011]]))
    assert (result.system, result.records[0].journal) == ("ProQuest", "Places")


def test_columns_named_by_a_person(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", r=[["naam", "wie"], ["Wijkagenten", "Vermeer, A."]])
    result = read_records(path, prefix="x", columns={"title": "naam", "authors": "wie"})
    assert [(r.title, r.authors) for r in result] == [("Wijkagenten", ("Vermeer, A.",))]
    with pytest.raises(MetareviewError, match="its columns are: 'naam', 'wie'") as caught:
        read_records(path, prefix="x", columns={"title": "titel"})
    assert caught.value.hint
    with pytest.raises(MetareviewError, match="no column is the title") as caught:
        read_records(path, prefix="x")
    assert "--map title=COLUMN" in caught.value.hint


def test_damaged_and_hostile_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "a.xlsx", r=[HEADER, FIRST, SECOND])
    data, parts = path.read_bytes(), unpacked(path)
    (tmp_path / "cut.xlsx").write_bytes(data[: len(data) // 2])
    sheet = "xl/worksheets/sheet1.xml"
    packed(tmp_path / "xml.xlsx", parts | {sheet: parts[sheet][:-80]})
    packed(tmp_path / "without.xlsx", {name: part for name, part in parts.items() if name != sheet})
    packed(tmp_path / "column.xlsx", parts | {sheet: parts[sheet].replace(b'r="B2"', b'r="ZZZZZZ2"')})
    for name in ("cut", "xml", "without", "column"):
        with pytest.raises(MetareviewError, match=r"damaged workbook|no sheet in it holds a cell") as caught:
            read_records(tmp_path / f"{name}.xlsx")
        assert caught.value.hint
    far = packed(tmp_path / "far.xlsx", parts | {sheet: parts[sheet].replace(b'<row r="3"', b'<row r="900000000"')})
    monkeypatch.setattr(xlsx, "MOST_ROWS", 1000)
    with pytest.raises(MetareviewError, match="more than 1000 rows"):
        read_records(far)
    monkeypatch.setattr(xlsx, "LARGEST", 1000)
    with pytest.raises(MetareviewError, match="unpacks to"):
        read_records(path)


def test_other_zip_files_are_not_workbooks(tmp_path: Path) -> None:
    for name, parts in {"a.docx": {"word/document.xml": b"<x/>"}, "a.zip": {"notes.txt": b"text"}}.items():
        with pytest.raises(MetareviewError, match="ZIP or Word file"):
            read_records(packed(tmp_path / name, parts))
