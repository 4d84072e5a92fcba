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
    last = 0
    for row in rows:
        name = row.cells[0].strip() if row.cells else ""
        if name == START and held:
            yield _entry(held, last)
            held = []
        if not any(map(str.strip, row.cells)):
            account.structure += row.last - row.line + 1
        elif (name != START and not held) or not _NAME.fullmatch(name):
            for line, text in enumerate("\n".join(row.cells).split("\n")[: row.last - row.line + 1], row.line):
                account.quarantine(line, text, "a row outside any record")
        else:
            if row.repair:
                account.repair(row.line, row.repair)
            values = [cell for cell in row.cells[1:] if cell.strip()] or [""]
            held += [Field(name, value, row.line) for value in values]
            last = row.last
    if held:
        yield _entry(held, last)


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
