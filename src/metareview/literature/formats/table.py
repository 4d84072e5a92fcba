"""The rows of a table to records, with every row accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import count

from metareview.errors import MetareviewError
from metareview.literature.formats.format import Account, FieldEntry
from metareview.literature.formats.table_header import WIDEST, Plan, Row, checked, header_again, plan_of, tags_of
from metareview.literature.formats.table_values import normalise
from metareview.literature.records import Field
from metareview.literature.source import Source

_TOLD = 100


def read_rows(rows: Iterable[Row], plan: Plan, start: int, source: Source, account: Account) -> Iterator[FieldEntry]:
    """Yield the records of a table.

    Arguments:
        rows: all rows of the file; plan: how they are read; start: line of the header (or of the first record).
        source: the file; account: where rows that are no record go.

    Raises:
        MetareviewError: a row is wider than any table of records.
    """
    teller = _Teller(account)
    for row in rows:
        n_lines = row.last - row.line + 1
        if len(row.cells) > WIDEST:
            raise _too_wide(source, row)
        if row.line < start or not any(map(str.strip, row.cells)):
            account.structure += n_lines
        elif row.line == start and plan.header:
            account.structure += n_lines
            if plan.tags != tags_of(row.cells):  # only the first part of an endless header was seen before
                plan = plan_of(row.cells, checked(source.columns)) or plan
        elif again := header_again(row, plan):
            account.structure += n_lines
            what = "the header again" if again.tags == plan.tags else "another header: the rows below are read by it"
            teller.tell(row.line, f"{what}, as in exports that were put together")
            plan = again
        elif len(row.cells) == 1 and len(plan.tags) > 2:
            for line, text in zip(count(row.line), row.cells[0].split("\n"), strict=False):
                account.quarantine(line, text, f"one cell in a table of {len(plan.tags)} columns")
        else:
            yield _entry(row, plan, teller)
    teller.finish()


class _Teller:
    """Tells repairs, and of those that recur in a thousand rows only how many there are."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._told: dict[str, int] = {}
        self._more: dict[str, int] = {}

    def tell(self, line: int, what: str) -> None:
        """Note what was wrong on a line."""
        self._told[what] = told = self._told.get(what, 0) + 1
        if told <= _TOLD:
            self.account.repair(line, what)
        else:
            self._more[what] = line

    def finish(self) -> None:
        """Tell how often more."""
        for what, line in self._more.items():
            self.account.repair(line, f"{what} ({self._told[what] - _TOLD} more such rows, the last here)")


def _too_wide(source: Source, row: Row) -> MetareviewError:
    return MetareviewError(
        f"{source.path}, line {row.line} has {len(row.cells)} columns; a table has at most {WIDEST}",
        "The file is damaged, or not a table of records: export the search again.",
    )


def _entry(row: Row, plan: Plan, teller: _Teller) -> FieldEntry:
    if row.repair:
        teller.tell(row.line, row.repair)
    tags = _tags_of_cells(row, plan, teller) if len(row.cells) != len(plan.tags) else plan.tags
    fields, line = [], row.line
    for tag, cell in zip(tags, row.cells, strict=False):
        if cell.strip():
            fields.append(Field(tag, cell, line))
        line = min(line + cell.count("\n"), row.last)
    return FieldEntry(row.line, row.last, tuple(fields), partial(normalise, plan))


def _tags_of_cells(row: Row, plan: Plan, teller: _Teller) -> tuple[str, ...]:
    """Return the column of each cell of a row that has more or fewer cells than there are columns, and tell of it."""
    n, width = len(row.cells), len(plan.tags)
    if n < width:
        teller.tell(row.line, f"{n} cells under {width} columns: the last columns are empty")
        return plan.tags
    if not any(map(str.strip, row.cells[width:])):
        return (*plan.tags, *[""] * (n - width))
    start, last_cell = plan.dialect.aligned
    at = plan.tags.index(start) if start in plan.tags and re.match(last_cell, row.cells[-1]) else width
    extra = tuple(f"column {i}" for i in range(width + 1, n + 1))
    teller.account.unknown.update(tag for tag, cell in zip(extra, row.cells[at:], strict=False) if cell.strip())
    where = f" before {start}" if at < width else ""
    teller.tell(row.line, f"{n} cells under {width} columns: what is too many{where} is kept as {extra[0]} on")
    return (*plan.tags[:at], *extra, *plan.tags[at:])
