"""Tables as files: CSV and XLSX in and out, cells that a spreadsheet would run made harmless, writes atomic."""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import MetareviewError

# A cell that starts with one of these is a formula to a spreadsheet; a leading apostrophe makes it text.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Table:
    """A table as read: its heading, and each row with its 1-based row number in the file."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, Any]], ...]

    def address(self, row: int, column: str) -> str:
        """Return the spreadsheet address of a cell, such as `C7`."""
        from openpyxl.utils import get_column_letter

        return f"{get_column_letter(self.columns.index(column) + 1)}{row}"


def read_table(path: Path) -> Table:
    """Read a CSV (comma or semicolon) or XLSX file with a heading row.

    Raises:
        MetareviewError: the file is missing, empty, not UTF-8 or not a workbook, or a heading is given twice.
    """
    if not path.is_file():
        raise MetareviewError(f"there is no file {path}", "Check the name and the folder.")
    grid = list(_xlsx_rows(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _csv_rows(path))
    if not any(c is not None and str(c).strip() for c in (grid[0][1] if grid else ())):
        raise MetareviewError(f"{path} is empty, or its first row is", "It needs a heading row and one row a thing.")
    heading = tuple(str(h).strip() if h is not None else "" for h in grid[0][1])
    while heading and not heading[-1]:
        heading = heading[:-1]
    twice = sorted({h for h in heading if heading.count(h) > 1})
    if twice:
        raise MetareviewError(f"{path}: the heading `{twice[0]}` stands twice", "Rename or remove one of the columns.")
    rows = []
    for number, cells in grid[1:]:
        if any(c is not None and str(c).strip() for c in cells[len(heading) :]):
            raise MetareviewError(
                f"{path} row {number} has more cells than the heading",
                "Quote the cell that holds the separator.",
            )
        values = dict(zip(heading, (_unescaped(c) for c in cells), strict=False))
        if any(v is not None and str(v).strip() for v in values.values()):
            rows.append((number, values))
    return Table(path, heading, tuple(rows))


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """Write a CSV file (UTF-8, LF, RFC 4180 quoting), with cells escaped for spreadsheets, in one step."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([escaped(_line_feeds(cell)) for cell in row] for row in rows)
    return write_bytes(path, out.getvalue().encode("utf-8"))


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    """Write a table as CSV or XLSX (by the suffix) in one step; a cell is never run as a formula.

    Raises:
        MetareviewError: the suffix is another one.
    """
    if path.suffix.lower() == ".csv":
        return write_csv(path, columns, rows)
    if path.suffix.lower() != ".xlsx":
        raise MetareviewError(f"a table is .csv or .xlsx, not `{path.suffix}`", "Name it like effects.xlsx.")
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(columns))
    for row in rows:
        sheet.append([_in_sheet(cell) for cell in row])
        as_text(sheet)
    sheet.freeze_panes = "B2"
    return write_bytes(path, workbook_bytes(book))


def _in_sheet(cell: Any) -> Any:
    if isinstance(cell, str):
        return escaped(cell) if cell.startswith("'") else cell
    return None if cell is None or cell != cell else cell


def as_text(sheet: Any) -> None:
    """Make the texts of the last row of a sheet texts: openpyxl takes one that starts with = for a formula."""
    for cell in sheet[sheet.max_row]:
        if isinstance(cell.value, str):
            cell.data_type = "s" if cell.value else "n"


def workbook_bytes(book: Any) -> bytes:
    """A workbook as bytes that do not tell when it was written."""
    import datetime

    book.properties.created = book.properties.modified = datetime.datetime(*FIXED_TIME)
    raw, fixed = io.BytesIO(), io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", data)
            target.writestr(zipfile.ZipInfo(name, FIXED_TIME), data)
    return fixed.getvalue()


def write_bytes(path: Path, data: bytes) -> Path:
    """Write a file in one step: a reader sees the old bytes or the new ones, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(data)
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move it into place when the block succeeds."""
    part = path.with_name(f".{path.name}.part{os.getpid()}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def escaped(cell: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula; numbers, also negative ones, stay numbers."""
    if isinstance(cell, str) and cell.lstrip("'").startswith(FORMULA_STARTS) and not _is_number(cell):
        return "'" + cell
    return "" if cell is None else cell


def _unescaped(cell: Any) -> Any:
    if isinstance(cell, str) and len(cell) > 1 and cell[0] == "'" and cell.lstrip("'").startswith(FORMULA_STARTS):
        return cell[1:]
    return cell


def _line_feeds(cell: Any) -> Any:
    # csv of Python 3.11 does not quote a lone carriage return, and reading takes it for a row's end.
    return cell.replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _csv_rows(path: Path) -> Iterator[tuple[int, list[Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MetareviewError(f"{path} is not UTF-8 text (byte {error.start})", "Save it as CSV UTF-8.") from None
    if text.lstrip().startswith(("TY  -", "%PDF", "@")):
        raise MetareviewError(f"{path} is no table", "A table is CSV or XLSX with a heading row.")
    first = text.split("\n", 1)[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):
            yield number, list(row)
    except csv.Error as error:
        raise MetareviewError(f"{path} is not readable as CSV after row {number}: {error}", "Save it again.") from None


def _xlsx_rows(path: Path) -> Iterator[tuple[int, list[Any]]]:
    import zlib

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    broken = (InvalidFileException, zipfile.BadZipFile, zlib.error, KeyError, IndexError, SyntaxError, ValueError)
    try:
        with path.open("rb") as stream, closing(openpyxl.load_workbook(stream, read_only=True, data_only=True)) as book:
            sheet = book["form"] if "form" in book.sheetnames else book.worksheets[0]
            yield from enumerate(map(list, sheet.iter_rows(values_only=True)), start=1)
    except broken:  # SyntaxError: XML that does not parse
        raise MetareviewError(f"{path} is not a workbook", "Save it as XLSX or CSV UTF-8.") from None
