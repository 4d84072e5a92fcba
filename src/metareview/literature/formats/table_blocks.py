"""Embase.com's CSV with a row for each field: `"TITLE","..."`, `"AUTHOR NAMES","...","..."`, and TITLE again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from metareview.literature.formats.format import Account, FieldEntry
from metareview.literature.formats.table_header import Plan, Row, plan_of
from metareview.literature.formats.table_values import normalise
from metareview.literature.records import Field

START = "TITLE"
MARKS = r'\A\s*"?TITLE"?,[^\n]*\n(?:[^\n]*\n){0,40}?"?(?:AUTHOR NAMES|SOURCE|PUBLICATION YEAR)"?,'
_MARKS = re.compile(MARKS)
_SECOND = re.compile(r'\A\s*"?TITLE"?,"?[A-Z]*[^A-Z\n]')
_NAME = re.compile(r"[A-Z][A-Z0-9 &/().,-]{1,60}")
_LISTED = frozenset(["AUTHOR NAMES", "EDITORS"])


def recognises(head: str) -> bool:
    """Tell whether a text is such a table: a TITLE and its value in the first row, and other fields in rows below."""
    return _MARKS.match(head) is not None and _SECOND.match(head) is not None


def read(rows: Iterable[Row], account: Account) -> Iterator[FieldEntry]:
    """Yield the records: each starts at a row TITLE; a value is a field, and a row of several values several."""
    held: list[Field] = []
    last = blank = 0
    for row in rows:
        name = row.cells[0].strip() if row.cells else ""
        if not any(map(str.strip, row.cells)):
            blank += row.last - row.line + 1  # blank rows between records are structure
            continue
        if name == START or not held:
            if held:
                yield _entry(held, last)
            account.structure += blank
            held = []
        blank = 0
        if name != START and not held:
            for line, text in enumerate("\n".join(row.cells).split("\n")[: row.last - row.line + 1], row.line):
                account.quarantine(line, text, "a row before the first TITLE")
            continue
        if row.repair:
            account.repair(row.line, row.repair)
        held += _fields(row, name, held, account)
        last = row.last
    if held:
        yield _entry(held, last)
    account.structure += blank


def _fields(row: Row, name: str, held: list[Field], account: Account) -> Iterator[Field]:
    values = row.cells[1:]
    if not _NAME.fullmatch(name):
        name, values = held[-1].tag, row.cells
        account.repair(row.line, f"a row without the name of a field: kept as {name}")
    for value in [cell for cell in values if cell.strip()] or [""]:
        yield Field(name, value, row.line)


def _entry(fields: list[Field], last: int) -> FieldEntry:
    return FieldEntry(fields[0].line, last, tuple(fields), _normalise)


def _normalise(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the fields of a record as those of the same record in a row of its own."""
    got: dict[str, list[str]] = {}
    for name, value in pairs:
        got.setdefault(name, []).append(value)
    plan = plan_of([*got, "AUTHOR NAMES", "OPEN URL LINK"], {"title": START})
    assert isinstance(plan, Plan)
    together = {name: [", ".join(values)] if len(values) > 1 else values for name, values in got.items()}
    return partial(normalise, plan)((name, value) for name, values in together.items() for value in values)
