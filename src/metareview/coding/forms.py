"""Coding forms: a sheet with one row a study, effect, lesson or principle, and its reading back, cell by cell."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MetareviewError
from ..protocol.models import Level, Protocol
from ..tabular import Table, as_text, escaped, read_table, workbook_bytes, write_bytes, write_csv
from .codebook import CellError, Column, columns, parse_cell, to_cell
from .events import ID_COLUMN, LEVELS


@dataclass(frozen=True)
class FormRow:
    """One row of a form that passed the codebook."""

    level: Level
    row_id: str
    study_id: str
    values: Mapping[str, Any]
    cell_row: int


def write_form(path: Path, protocol: Protocol, level: Level, rows: Iterable[Mapping[str, Any]] = ()) -> Path:
    """Write the form of one level as CSV or XLSX (by the suffix), with `rows` filled in.

    The workbook's second sheet explains every variable, and category cells have a list to choose from.
    """
    found = columns(protocol, level)
    names = [c.name for c in found]
    grid = [[to_cell(row.get(name)) for name in names] for row in rows]
    if path.suffix.lower() == ".csv":
        return write_csv(path, names, grid)
    if path.suffix.lower() == ".xlsx":
        return write_bytes(path, _workbook(found, names, grid))
    raise MetareviewError(f"a form is .csv or .xlsx, not `{path.suffix}`", "Name it like effects.xlsx.")


def read_form(path: Path, protocol: Protocol, known_studies: set[str] | None = None) -> list[FormRow]:
    """Read a filled form and check every cell against the codebook.

    Arguments:
        path: the CSV or XLSX file; its identifier column says which level it is.
        known_studies: study ids that rows may belong to; None to accept any.

    Raises:
        MetareviewError: naming every wrong cell by its address, or the columns that do not belong.
    """
    table = read_table(path)
    level = _level(table)
    found = columns(protocol, level)
    _check_heading(table, found)
    problems: list[str] = []
    filled = [(n, cells) for n, cells in table.rows if _has_values(found, cells)]
    rows = [_row(table, level, found, number, cells, problems) for number, cells in filled]
    good = [row for row in rows if row is not None]
    problems += _identities(table, level, good, known_studies)
    if problems:
        shown = "\n".join(f"  {p}" for p in problems)
        count = f"{len(problems)} cell{'s' if len(problems) > 1 else ''}"
        raise MetareviewError(
            f"{path}: {count} not as the codebook asks:\n{shown}",
            "Nothing was imported; mend the cells named.",
        )
    return good


def _has_values(found: list[Column], cells: Mapping[str, Any]) -> bool:
    """Return whether more than the identifiers of a row is filled in; a row without waits to be coded."""
    return any(str(cells.get(c.name) or "").strip() for c in found if not c.key) or all(c.key for c in found)


def _level(table: Table) -> Level:
    for level in ("effect", "lesson", "practice", "study"):
        if ID_COLUMN[level] in table.columns:
            return level
    wanted = ", ".join(ID_COLUMN[level] for level in LEVELS)
    raise MetareviewError(
        f"{table.path} has none of the identifier columns {wanted}; it has: {', '.join(table.columns) or 'nothing'}",
        "Make a form with `metareview code form LEVEL FILE`.",
    )


def _check_heading(table: Table, found: list[Column]) -> None:
    known = [c.name for c in found]
    problems = []
    for name in table.columns:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            problems.append(f"unknown column `{name}`" + (f" (did you mean `{close[0]}`?)" if close else ""))
    problems += [f"missing column `{c.name}`" for c in found if c.variable.required and c.name not in table.columns]
    if problems:
        raise MetareviewError(
            f"{table.path}: the columns are not those of the codebook: {'; '.join(problems)}",
            "Nothing was imported; the codebook is in the protocol, `metareview code form` makes a fitting form.",
        )


def _row(
    table: Table,
    level: Level,
    found: list[Column],
    number: int,
    cells: Mapping[str, Any],
    problems: list[str],
) -> FormRow | None:
    values: dict[str, Any] = {}
    before = len(problems)
    for column in found:
        if column.name not in table.columns:
            continue
        try:
            value = parse_cell(column.variable, cells.get(column.name))
        except CellError as error:
            problems.append(f"{table.address(number, column.name)} ({column.name}): {error}")
            continue
        if value is not None:
            values[column.name] = value
    if len(problems) > before:
        return None
    row_id = values.pop(ID_COLUMN[level])
    study_id = row_id if level == "study" else values.pop("study_id", "")
    return FormRow(level, row_id, study_id, values, number)


def _identities(table: Table, level: Level, rows: list[FormRow], known_studies: set[str] | None) -> list[str]:
    problems = []
    seen: dict[str, int] = {}
    for row in rows:
        where = table.address(row.cell_row, ID_COLUMN[level])
        if row.row_id in seen:
            problems.append(f"{where} ({ID_COLUMN[level]}): `{row.row_id}` stands in row {seen[row.row_id]} already")
        seen.setdefault(row.row_id, row.cell_row)
        if known_studies is not None and level != "practice" and row.study_id not in known_studies:
            cell = table.address(row.cell_row, "study_id")
            problems.append(f"{cell} (study_id): `{row.study_id}` is not an included study of this review")
    return problems


def _workbook(found: list[Column], names: list[str], grid: list[list[str]]) -> bytes:
    import openpyxl
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "form"
    sheet.append(names)
    for row in grid:
        sheet.append([escaped(cell) if cell.startswith("'") else cell for cell in row])
        as_text(sheet)
    sheet.freeze_panes = "B2"
    for i, column in enumerate(found, start=1):
        sheet.cell(1, i).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(i)].width = max(12, len(column.name) + 2)
        choices = ",".join(column.variable.categories)
        # A list in a cell rule is one quoted text of at most 255 characters, split at commas.
        listable = len(choices) < 250 and not any(mark in c for c in column.variable.categories for mark in ',"')
        if column.variable.type == "category" and listable:
            validation = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=True, showErrorMessage=True)
            validation.add(f"{get_column_letter(i)}2:{get_column_letter(i)}2000")
            sheet.add_data_validation(validation)
    guide = book.create_sheet("codebook")
    guide.append(["variable", "label", "type", "required", "categories", "unit", "notes"])
    for column in found:
        v = column.variable
        guide.append([v.name, v.label, v.type, "yes" if v.required else "", "; ".join(v.categories), v.unit, v.notes])
        as_text(guide)
    return workbook_bytes(book)
