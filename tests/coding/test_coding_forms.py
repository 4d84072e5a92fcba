"""Forms: written and read back the same, checked cell by cell, all or nothing."""

from __future__ import annotations

import datetime
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from codebook_cases import PROTOCOL, every_type, plan, rows
from hypothesis import given, settings

from metareview.coding.forms import FormRow, read_form, write_form
from metareview.errors import USAGE, MetareviewError

HEAD = "study_id,country,family,partners,sms_level,share,blinded,started,notes"


def csv_form(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "form.csv"
    path.write_text(text, encoding="utf-8")
    return path


def xlsx_form(tmp_path: Path, *grid: list[Any]) -> Path:
    book = openpyxl.Workbook()
    for row in grid:
        book.worksheets[0].append(row)
    book.save(tmp_path / "form.xlsx")
    return tmp_path / "form.xlsx"


def refusal(path: Path, studies: set[str] | None = None) -> str:
    with pytest.raises(MetareviewError) as caught:
        read_form(path, PROTOCOL, studies)
    assert caught.value.exit_code == USAGE
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value.message


def round_trip(suffix: str, given_rows: list[dict[str, Any]]) -> None:
    protocol = every_type()
    with tempfile.TemporaryDirectory() as folder:
        path = write_form(Path(folder) / f"form{suffix}", protocol, "study", given_rows)
        found = read_form(path, protocol)
        again = write_form(Path(folder) / f"again{suffix}", protocol, "study", given_rows)
        assert again.read_bytes() == path.read_bytes()
    filled = [(n, r) for n, r in enumerate(given_rows, start=2) if len(r) > 1]  # a row of ids alone waits to be coded
    expected = [(r["study_id"], {k: v for k, v in r.items() if k != "study_id"}) for _, r in filled]
    assert [(r.row_id, dict(r.values)) for r in found] == expected
    assert [type(v) for r in found for v in r.values.values()] == [type(v) for _, r in expected for v in r.values()]
    assert [r.cell_row for r in found] == [n for n, _ in filled]


@settings(deadline=None)
@given(rows())
def test_a_csv_form_reads_back_as_it_was_written(given_rows: list[dict[str, Any]]) -> None:
    round_trip(".csv", given_rows)


@settings(deadline=None, max_examples=40)
@given(rows())
def test_a_workbook_reads_back_as_it_was_written(given_rows: list[dict[str, Any]]) -> None:
    round_trip(".xlsx", given_rows)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize(
    "text", ["=1+1", "+31 6", "-none-", "@home", "'=quoted", "''=twice", "'tis", "-5", "one\ntwo", "a;b,c"]
)
def test_text_that_a_spreadsheet_would_run_comes_back_as_text(tmp_path: Path, suffix: str, text: str) -> None:
    row = {"study_id": "s1", "family": "greening", "notes": text}
    path = write_form(tmp_path / f"form{suffix}", PROTOCOL, "study", [row])
    (found,) = read_form(path, PROTOCOL)
    assert found.values["notes"] == text


def test_no_cell_of_a_written_form_is_a_formula(tmp_path: Path) -> None:
    starts = ["=cmd|x", "+1x", "-1x", "@x"]
    rows_given = [{"study_id": f"s{i}", "family": "greening", "notes": s} for i, s in enumerate(starts)]
    text = write_form(tmp_path / "f.csv", PROTOCOL, "study", rows_given).read_text(encoding="utf-8")
    assert [line.rsplit(",", 1)[1][:2] for line in text.splitlines()[1:]] == ["'=", "'+", "'-", "'@"]
    protocol = plan(
        "title: t\nquestion: {text: q}\neligibility: {include: [x]}\nexclusion_reasons: [{code: a, label: b}]\n"
        "sources: [{name: a, title: A, kind: database}]\nreviewers: [{name: A}]\n"
        'codebook: {practice: [{name: text, label: "=1+1", notes: "=a/b", unit: "=x"}]}\n'
    )
    path = write_form(tmp_path / "f.xlsx", protocol, "practice", [{"practice_id": "p1", "text": "=1+1"}])
    cells = [c for sheet in openpyxl.load_workbook(path).worksheets for row in sheet.iter_rows() for c in row]
    assert {c.data_type for c in cells} <= {"s", "n"}
    assert {c.value for c in cells} >= {"=1+1", "=a/b", "=x"}


def test_workbooks_have_no_time_in_them(tmp_path: Path) -> None:
    row = {"study_id": "s1", "family": "greening", "share": 0.5}
    path = write_form(tmp_path / "a.xlsx", PROTOCOL, "study", [row])
    with zipfile.ZipFile(path) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert f"{datetime.datetime.now(datetime.UTC).year}-".encode() not in archive.read("docProps/core.xml")


def test_category_cells_have_a_list_unless_a_name_would_break_it(tmp_path: Path) -> None:
    path = write_form(tmp_path / "a.xlsx", PROTOCOL, "study", [])
    rules = openpyxl.load_workbook(path)["form"].data_validations.dataValidation
    assert [(str(r.sqref), r.formula1) for r in rules] == [("C2:C2000", '"hot_spots,street_lighting,greening"')]
    guide = [[c.value for c in row] for row in openpyxl.load_workbook(path)["codebook"].iter_rows()]
    assert guide[3][:5] == ["family", None, "category", "yes", "hot_spots; street_lighting; greening"]
    path = write_form(tmp_path / "b.xlsx", every_type(), "study", [])  # categories with a comma and a quote
    assert openpyxl.load_workbook(path)["form"].data_validations.dataValidation == []


def test_every_wrong_cell_is_told_at_once_with_its_address(tmp_path: Path) -> None:
    path = csv_form(
        tmp_path,
        HEAD + "\n"
        "s1,NL,greening,police,3,0.5,yes,2026-11-24,fine\n"
        "s2,NL,greenin,,six,\"0,5\",perhaps,24-11-2026,\n"
        ",NL,,,9,,,,\n",
    )  # fmt: skip
    said = refusal(path).splitlines()
    assert said[0].endswith("8 cells not as the codebook asks:")
    assert said[1:] == [
        "  C3 (family): `greenin` is not a category; did you mean `greening`?",
        "  E3 (sms_level): `six` is not a number",
        "  F3 (share): `0,5` is not a number (use a point for decimals)",
        "  G3 (blinded): `perhaps` is neither yes nor no (1, true, yes, ja; 0, false, no, nee)",
        "  H3 (started): `24-11-2026` is not a date like 2026-11-24",
        "  A4 (study_id): is empty, but the codebook requires it",
        "  C4 (family): is empty, but the codebook requires it",
        "  E4 (sms_level): 9 is above 5, the highest the codebook allows",
    ]


def test_addresses_count_the_rows_of_the_sheet(tmp_path: Path) -> None:
    path = csv_form(tmp_path, 'notes,study_id,family\n"two\nlines",s1,greening\n\nx,s2,green\n')
    assert "1 cell not as" in refusal(path)
    assert "  C4 (family): `green` is not a category" in refusal(path)
    book = xlsx_form(tmp_path, ["study_id", "family"], ["s1", "greening"], [], [None, " "], ["s2", "x"])
    assert "  B5 (family): `x` is not a category" in refusal(book)


def test_workbook_cells_of_other_types_are_read(tmp_path: Path) -> None:
    path = xlsx_form(
        tmp_path,
        ["study_id", "family", "sms_level", "share", "blinded", "started", "country"],
        [101, "greening", 3, 0.25, True, datetime.datetime(2026, 11, 24), 31.5],
    )
    values = {
        "family": "greening", "sms_level": 3, "share": 0.25, "blinded": True, "started": "2026-11-24", "country": "31.5"
    }  # fmt: skip
    assert read_form(path, PROTOCOL) == [FormRow("study", "101", "101", values, 2)]


def test_columns_that_do_not_belong_are_told_at_once(tmp_path: Path) -> None:
    said = refusal(csv_form(tmp_path, "effect_id,studyid,measur,a,colour\ne1,s1,OR,1,red\n"))
    for words in (
        "unknown column `studyid` (did you mean `study_id`?)",
        "unknown column `measur` (did you mean `measure`?)",
        "unknown column `colour`;",
        "missing column `study_id`",
        "missing column `measure`",
    ):
        assert words in said
    assert "missing column `a`" not in said  # it may be left out


def test_a_form_of_no_level_is_told(tmp_path: Path) -> None:
    said = refusal(csv_form(tmp_path, "id,family\ns1,greening\n"))
    assert "none of the identifier columns study_id, effect_id, lesson_id, practice_id; it has: id, family" in said


def test_an_id_given_twice_is_told_with_both_rows(tmp_path: Path) -> None:
    path = csv_form(tmp_path, "study_id,family\ns1,greening\ns2,greening\ns1,hot_spots\n")
    assert "  A4 (study_id): `s1` stands in row 2 already" in refusal(path)


def test_a_study_that_is_not_included_is_told(tmp_path: Path) -> None:
    path = csv_form(tmp_path, "effect_id,measure,study_id\ne1,OR,s1\ne2,OR,s9\n")
    assert "  C3 (study_id): `s9` is not an included study of this review" in refusal(path, {"s1"})
    assert [r.study_id for r in read_form(path, PROTOCOL)] == ["s1", "s9"]
    assert [r.row_id for r in read_form(path, PROTOCOL, {"s1", "s9"})] == ["e1", "e2"]


def test_practice_rows_belong_to_no_study(tmp_path: Path) -> None:
    path = csv_form(tmp_path, "practice_id,principle\np1,Ask residents first\n")
    assert read_form(path, PROTOCOL, set()) == [FormRow("practice", "p1", "", {"principle": "Ask residents first"}, 2)]


def test_wrong_cells_and_wrong_ids_are_told_together(tmp_path: Path) -> None:
    path = csv_form(tmp_path, "study_id,family\ns1,greening\ns1,hot_spots\ns2,x\n")
    said = refusal(path, {"s2"})
    assert "3 cells" not in said
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["B4", "A2", "A3", "A3"]


def test_a_form_with_a_heading_only_has_no_rows(tmp_path: Path) -> None:
    for suffix in (".csv", ".xlsx"):
        assert read_form(write_form(tmp_path / f"empty{suffix}", PROTOCOL, "effect"), PROTOCOL) == []


def test_a_form_of_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetareviewError, match=r"a form is \.csv or \.xlsx, not `\.ods`"):
        write_form(tmp_path / "form.ods", PROTOCOL, "study")
    assert not (tmp_path / "form.ods").exists()
