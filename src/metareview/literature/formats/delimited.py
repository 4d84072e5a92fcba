"""CSV: tables with one record a row, parted by commas, semicolons or tabs, as many systems and people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from metareview.literature.formats import table_blocks as blocks
from metareview.literature.formats.delimited_rows import Shape, rows_of
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.table import read_rows
from metareview.literature.formats.table_dialects import DIALECTS
from metareview.literature.formats.table_header import HEADER_WITHIN, Plan, Row, best_header, checked, no_title
from metareview.literature.formats.table_write import write
from metareview.literature.source import Source

_DELIMITERS = (",", "\t", ";", "|")
_SNIFFED = 64_000
_SEEN = 1 << 20
_SAID = re.compile(r"\A\s*\"?sep=(.)\"?[ \t]*\n")
_OTHER = re.compile(
    r"\A\s*(?:[\[{<@%\\]|[A-Z][A-Z0-9] {1,4}-|PMID- ?\d|(?:FN|VR|PT) [^\t,;\n]*\n|Record #\d+ of|Provider:)"
)
_BACKSLASHED = re.compile(r'\\"[^\s,;\t|"]')
_DOUBLED = re.compile(r'[^\s,;\t|"\\]""[^\s,;\t|"]|""[^\s,;\t|"][^"\n]*""')
_GUESS = 0.1
_LONGEST_NAME = 40


class Sniffed(NamedTuple):
    """What the first part of a table tells: how cells stand, the header's line, and how its rows are read."""

    shape: Shape
    line: int
    plan: Plan


def sniff(head: str, mapped: Mapping[str, str]) -> Sniffed | None:
    """Return how the table that a text begins with is read, or None where no header is found."""
    best: Sniffed | None = None
    for shape in _shapes(head):
        found = best_header(_first_rows(head, shape), mapped)
        if found is None:
            continue
        row, plan = found
        one = Sniffed(shape, row.line, plan)
        if best is None or (plan.score(), len(plan.columns)) > (best.plan.score(), len(best.plan.columns)):
            best = one
    return best


def recognises(head: str) -> float:
    """Return how surely a text is a table of records: by a header with a title, by Embase's rows, or by its commas."""
    if _OTHER.match(head):
        return 0.0
    if blocks.recognises(head):
        return 0.9
    if found := sniff(head, {}):
        return max(_GUESS, found.plan.score())
    return _GUESS if _is_regular(head) else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of a delimited file, one a row.

    Raises:
        MetareviewError: no column is the title, a column that a person named is not there, or a row is absurd.
    """
    mapped = checked(source.columns)
    if not mapped and blocks.recognises(source.head):
        yield from blocks.read(rows_of(source.lines(), Shape()), account)
        return
    found = sniff(source.head, mapped)
    if found is None:
        shape = max(_shapes(source.head), key=lambda one: max(map(_width, _first_rows(source.head, one)), default=0))
        raise no_title(str(source.path), _first_rows(source.head, shape), mapped)
    rows = rows_of(source.lines(), found.shape, len(found.plan.tags))
    yield from read_rows(rows, found.plan, found.line, source, account)


def _shapes(head: str) -> list[Shape]:
    """Return the ways in which cells may stand in a text."""
    part = head[:_SNIFFED]
    backslash = bool(_BACKSLASHED.search(part)) and not _DOUBLED.search(part)
    said = _SAID.match(head)
    return [
        Shape(mark, backslash, f'{mark} "' in part and f'{mark}"' not in part)
        for mark in ((said[1],) if said else _DELIMITERS)
        if mark in part
    ] or [Shape()]


def _first_rows(head: str, shape: Shape) -> Iterator[Row]:
    return islice(rows_of(head[:_SEEN].split("\n"), shape), HEADER_WITHIN)


def _width(row: Row) -> int:
    return len(row.cells)


def _is_regular(head: str) -> bool:
    """Tell whether a text must be some table: names in the first row, and as many cells, three or more, in the next."""
    for shape in _shapes(head):
        rows = [row.cells for row in islice(_first_rows(head, shape), 5) if row.cells]
        names = rows[0] if rows else []
        named = all(name == name.strip() and 0 < len(name) <= _LONGEST_NAME for name in names)
        if named and len(rows) > 1 and len(names) > 2 and {len(cells) for cells in rows} == {len(names)}:
            return True
    return False


SYSTEMS = (
    ("Rayyan", r"RAYYAN-(?:INCLUSION|LABELS|EXCLUSION)"),
    *((dialect.system, dialect.pattern()) for dialect in DIALECTS if dialect.marks),
    ("Embase", blocks.MARKS),
)
FORMAT = Format(
    name="csv",
    title="CSV",
    recognises=recognises,
    read=read,
    write=write,
    extensions=("csv", "tsv", "txt"),
    table=True,
    systems=SYSTEMS,
)
