"""Tables in and out: CSV and XLSX as people save them, nothing run by a spreadsheet, nothing half written."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.errors import MetareviewError
from metareview.tabular import escaped, read_table, replacing, write_bytes, write_csv


def table(
    tmp_path: Path, content: bytes, name: str = "t.csv"
) -> tuple[tuple[str, ...], list[tuple[int, dict[str, Any]]]]:
    path = tmp_path / name
    path.write_bytes(content)
    found = read_table(path)
    return found.columns, list(found.rows)


def refusal(tmp_path: Path, content: bytes, name: str = "t.csv") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(MetareviewError) as caught:
        read_table(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n",
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a,b\r\n1,2\r\n",
        b"a,b\r1,2\r",
        b"a,b\n1,2",
        b"a;b\n1;2\n",
        b" a , b \n1,2\n",
        b'"a","b"\n"1","2"\n',
        b"a,b,,\n1,2,,\n",
        b"a,b\n1,2\n\n,\n",
    ],
)
def test_the_ways_a_csv_is_saved(tmp_path: Path, content: bytes) -> None:
    assert table(tmp_path, content) == (("a", "b"), [(2, {"a": "1", "b": "2"})])


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    assert table(tmp_path, b"a;b\n1,5;2\n")[1] == [(2, {"a": "1,5", "b": "2"})]
    assert table(tmp_path, b"a,b\n1;5,2\n")[1] == [(2, {"a": "1;5", "b": "2"})]


def test_line_breaks_in_quotes_and_row_numbers(tmp_path: Path) -> None:
    columns, rows = table(tmp_path, b'a,b\r\n"x\r\ny",2\r\n\r\n3,"say ""ho"""\r\n')
    assert rows == [(2, {"a": "x\ny", "b": "2"}), (4, {"a": "3", "b": 'say "ho"'})]
    assert columns == ("a", "b")


def test_a_short_row_lacks_its_last_cells_and_a_long_one_is_refused(tmp_path: Path) -> None:
    assert table(tmp_path, b"a,b\n1\n")[1] == [(2, {"a": "1"})]
    assert "row 3 has more cells than the heading" in refusal(tmp_path, b"a,b\n1,2\n1,2,3\n")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty, or its first row is"),
        (b"\xef\xbb\xbf", "is empty, or its first row is"),
        (b"\n\n", "is empty, or its first row is"),
        (b"\na,b\n1,2\n", "is empty, or its first row is"),
        (b",,\n1,2\n", "is empty, or its first row is"),
        (b"a,b,a\n1,2,3\n", "the heading `a` stands twice"),
        (b'a,b\n"x"y,2\n', "is not readable as CSV after row 1"),
        (b'a,b\n1,2\n"open,2\n', "is not readable as CSV after row 2"),
        ("a\né\n".encode("latin-1"), "is not UTF-8 text (byte 2)"),
        ("a,b\n".encode("utf-16"), "is not UTF-8 text (byte 0)"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in refusal(tmp_path, content)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(MetareviewError, match="there is no file"):
            read_table(path)


def workbook(*rows: list[Any]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.create_sheet("second").append(["not", "read"])
    book.save(out)
    return out.getvalue()


def swapped(content: bytes, member: str, data: bytes | None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            if name != member:
                target.writestr(name, source.read(name))
            elif data is not None:
                target.writestr(name, data)
    return out.getvalue()


BOOK = workbook(["a", "b", None], [1, "x"], [None, None], [2.5, None])


def test_a_workbook_is_read_from_its_first_sheet(tmp_path: Path) -> None:
    assert table(tmp_path, BOOK, "t.xlsx") == (("a", "b"), [(2, {"a": 1, "b": "x"}), (4, {"a": 2.5, "b": None})])
    assert table(tmp_path, BOOK, "T.XLSX")[0] == ("a", "b")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1,2\n",
        BOOK[: len(BOOK) // 2],
        b"PK\x03\x04 and nothing",
        swapped(BOOK, "xl/workbook.xml", b"<workbook"),
        swapped(BOOK, "xl/workbook.xml", None),
        swapped(BOOK, "[Content_Types].xml", None),
        swapped(BOOK, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData"),
    ],
)
def test_what_is_no_workbook_is_told(tmp_path: Path, content: bytes) -> None:
    assert "is not a workbook" in refusal(tmp_path, content, "t.xlsx")


def test_an_empty_workbook_is_told(tmp_path: Path) -> None:
    assert "is empty" in refusal(tmp_path, workbook(), "t.xlsx")
    assert "is empty" in refusal(tmp_path, workbook([None, None], ["a"]), "t.xlsx")


def test_a_cell_has_its_address(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",".join(f"c{i}" for i in range(30)) + "\n", encoding="utf-8")
    found = read_table(path)
    assert [found.address(7, c) for c in ("c0", "c2", "c25", "c26", "c29")] == ["A7", "C7", "Z7", "AA7", "AD7"]


def test_a_written_table_is_plain_csv(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "deep" / "t.csv", ["a", "b"], [["x,y", None], ['say "ho"', -1.5], ["one\r\ntwo", True]])
    assert path.read_bytes() == b'a,b\n"x,y",\n"say ""ho""",-1.5\n"one\ntwo",True\n'


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+x", "'+x"), ("-x", "'-x"), ("@x", "'@x"), ("\tx", "'\tx"), ("=", "'="),
        ("'=1", "''=1"), ("'tis", "'tis"), ("x=1", "x=1"), ("", ""), (None, ""),
        ("-5", "-5"), ("+1.5e3", "+1.5e3"), (-5, -5), (2.5, 2.5),
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_is_made_text(cell: Any, written: Any) -> None:
    assert escaped(cell) == written


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]) | st.sampled_from("='+-@\"\n\r,;\t 1"), max_size=8
)


@settings(deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_any_text_comes_back_as_it_was_with_line_ends_as_line_feeds(rows: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = read_table(write_csv(Path(folder) / "t.csv", ["a", "b"], rows))
    expected = [tuple(c.replace("\r\n", "\n").replace("\r", "\n") for c in row) for row in rows]
    assert [(r["a"], r["b"]) for _, r in found.rows] == [row for row in expected if any(c.strip() for c in row)]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "t.csv", b"old")
    with pytest.raises(RuntimeError), replacing(path) as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    with replacing(path) as part:
        part.write_bytes(b"new")
        assert path.read_bytes() == b"old"
        assert part.parent == path.parent
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


def test_rows_that_fail_half_way_write_nothing(tmp_path: Path) -> None:
    def rows() -> Any:
        yield ["1"]
        raise RuntimeError("the second row")

    with pytest.raises(RuntimeError, match="second row"):
        write_csv(tmp_path / "t.csv", ["a"], rows())
    assert list(tmp_path.iterdir()) == []
