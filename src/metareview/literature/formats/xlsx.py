"""XLSX: a sheet with one record a row, as ProQuest, Web of Science, EPPI-Reviewer and people write it."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import count, islice
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from metareview.errors import MetareviewError
from metareview.literature.formats.delimited import SYSTEMS
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.table import read_rows
from metareview.literature.formats.table_header import HEADER_WITHIN, Plan, Row, best_header, checked, no_title
from metareview.literature.source import Source

if TYPE_CHECKING:
    from openpyxl import Workbook

LARGEST = 1_000_000_000  # bytes unpacked
MOST_ROWS = 1_048_576
_BLOCK = 200
_T = TypeVar("_T")


def recognises(head: str) -> float:
    """Return how surely the first bytes of a ZIP file are those of a workbook."""
    return 0.9 if "xl/" in head and "word/document" not in head else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of the sheet whose header is most like one of records; the line of a record is its row.

    Raises:
        MetareviewError: the file is damaged or unpacks to more than any export holds, no column is the title, or a
            column that a person named is not there.
    """
    mapped = checked(source.columns)
    with source.path.open("rb") as file, closing(_quiet(source, lambda: _opened(source, file))) as book:
        sheet, start, plan = _chosen(source, book, mapped, account)
        source.head = "\t".join(plan.tags) + "\n"  # the header as text tells the system
        rows = _Counted(_padded(_rows(source, book, sheet), plan))
        yield from read_rows(rows, plan, start, source, account)
        source.count_lines(rows.last, "xlsx")


def _padded(rows: Iterable[Row], plan: Plan) -> Iterator[Row]:
    """Yield rows with a cell for each column; a row of one cell that is no title stays by itself."""
    width, titles = len(plan.tags), plan.columns["title"]
    for row in rows:
        filled = [tag for tag, cell in zip(plan.tags, row.cells, strict=False) if cell]
        if len(filled) == 1 and filled[0] not in titles and len(row.cells) <= width:
            yield row._replace(cells=[cell for cell in row.cells if cell])
        else:
            yield row._replace(cells=[*row.cells, *[""] * (width - len(row.cells))])


class _Counted:
    """Rows, and the number of the last one that was read."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.last = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.last = row.last
            yield row


def _opened(source: Source, file: BinaryIO) -> Workbook:
    import openpyxl

    with zipfile.ZipFile(file) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > LARGEST:
        raise MetareviewError(
            f"{source.path} unpacks to {unpacked // 1_000_000} MB; no export is larger than {LARGEST // 1_000_000} MB",
            "The file is damaged, or not an export: export the search again.",
        )
    return openpyxl.load_workbook(file, read_only=True, data_only=True)


def _quiet(source: Source, do: Callable[[], _T]) -> _T:
    """Do something with a workbook; whatever is wrong in the file is told as one error.

    Raises:
        MetareviewError: the file is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return do()
    except MetareviewError:
        raise
    except Exception as error:  # openpyxl and zipfile raise whatever a damaged file makes them stumble over
        raise MetareviewError(
            f"{source.path} is a damaged workbook ({type(error).__name__}: {str(error)[:80]})",
            "Open and save it in a spreadsheet, or export the search again.",
        ) from None


def _chosen(source: Source, book: Workbook, mapped: dict[str, str], account: Account) -> tuple[str, int, Plan]:
    """Return the sheet of records, the row of its header and how its rows are read; other sheets are told."""
    best: tuple[str, Row, Plan] | None = None
    others, widest = [], []
    for sheet in [one.title for one in book.worksheets]:
        rows = list(islice(_rows(source, book, sheet), HEADER_WITHIN))
        if not any(row.cells for row in rows):
            continue
        others.append(sheet)
        widest += rows
        found = best_header(rows, mapped)
        if found and (best is None or (found[1].score(), len(found[1].columns)) > _rank(best[2])):
            best = sheet, *found
    if not others:
        raise MetareviewError(f"{source.path} is empty: no sheet in it holds a cell", "Export the search again.")
    if best is None:
        raise no_title(str(source.path), widest, mapped)
    sheet, row, plan = best
    for other in others:
        if other != sheet:
            account.repair(row.line, f"the sheet {sheet!r} is read; the sheet {other!r}, which is not empty, is not")
    return sheet, row.line, plan


def _rank(plan: Plan) -> tuple[float, int]:
    return plan.score(), len(plan.columns)


def _rows(source: Source, book: Workbook, sheet: str) -> Iterator[Row]:
    """Yield the rows of a sheet, whatever size it says it has."""

    def started() -> Iterator[tuple[Any, ...]]:
        page: Any = book[sheet]
        page.reset_dimensions()
        rows: Iterator[tuple[Any, ...]] = page.iter_rows(values_only=True)
        return rows

    cells, numbers = _quiet(source, started), count(1)
    while block := _quiet(source, lambda: list(islice(cells, _BLOCK))):
        for values in block:
            number = next(numbers)
            if number > MOST_ROWS:
                raise MetareviewError(
                    f"{source.path}, sheet {sheet!r} has more than {MOST_ROWS} rows, which no spreadsheet has",
                    "The file is damaged: export the search again.",
                )
            yield Row(number, number, _texts(values))


def _texts(values: tuple[Any, ...]) -> list[str]:
    texts = list(map(_text, values))
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _text(value: Any) -> str:
    """Return a cell as a person sees it: 2016.0 is `2016`, a date `2016-05-12`."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n").replace("_x000D_", "")
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    return str(value)


FORMAT = Format(
    name="xlsx",
    title="Excel (XLSX)",
    recognises=recognises,
    read=read,
    extensions=("xlsx", "xlsm"),
    table=True,
    systems=SYSTEMS,
    magic=b"PK\x03\x04",
)
