"""Text of RIS with its tags in their strict shape: tags written loosely, and odd starts and ends of records."""

from __future__ import annotations

import re

from metareview.literature.formats.ris_table import LineTable, line_table, starting
from metareview.literature.formats.ris_tags import reference_types

_STRICT = re.compile(rb"^TY  -", re.MULTILINE)
_TAG = re.compile(r"[A-Z][A-Z0-9]  -")
_LOOSE_TAG = re.compile(r"[ \t]*([A-Z][A-Z0-9])[ \t]{1,4}-(?:[ \t]+|$)")
_ANY_LOOSE_START = re.compile(rb"^[ \t]*TY[ \t]{1,4}-(?:[ \t]+|$)", re.MULTILINE)
_LOOSE_START = re.compile(r"TY[ \t]{1,4}-[ \t]*([A-Z]*)[ \t]*")
_LOOSE_END = re.compile(r"ER[ \t]*-[ \t]*")
_HEADER = (
    r"[ \t]*(?:\d+\.|<\d+>|Record #\d+ of \d+|Provider: .*|Database: .*|Content: text.*"
    r"|Link to the Ovid Full Text.*)[ \t]*"
)
_IS_HEADER = re.compile(_HEADER)
_HEADERS = re.compile(f"(?:(?:{_HEADER}|[ \t]*)\n)*".encode())

Repairs = list[tuple[int, str]]


def is_loose(data: bytes) -> bool:
    """Tell whether no record starts with a strict `TY  -`, but some with a TY of another shape."""
    return not _STRICT.search(data) and _ANY_LOOSE_START.search(data) is not None


def strict(data: bytes, first: int) -> tuple[bytes, Repairs]:
    """Return text with loose tags (`TY - JOUR`, `  AU  - Vermeer`) in the strict shape, and the repair.

    Arguments:
        data: whole lines; first: 1-based number of the first of them.
    """
    fixed, at = [], 0
    for number, line in enumerate(data.decode().split("\n"), start=first):
        match = _LOOSE_TAG.match(line)
        if match and not _TAG.match(line):
            at = at or number
        fixed.append(f"{match[1]}  - {line[match.end() :]}" if match else line)
    what = "tags are not written as 'TY  - ' in this file: read by their letters and dash"
    return "\n".join(fixed).encode(), [(at, what)] if at else []


def with_odd_marks(table: LineTable) -> tuple[LineTable, Repairs]:
    """Read `TY - JOUR` and `ER -` among strict lines as marks, and a bare `ER` where a record may end."""
    odd = sorted([*starting(table, "TY").tolist(), *starting(table, "ER").tolist()])
    if not odd:
        return table, []
    repairs: Repairs = []
    lines: list[str] = []
    any_start = _STRICT.search(table.data) is not None
    for i in odd:
        line = table.line(i)
        start = _LOOSE_START.fullmatch(line)
        if start and start[1] in reference_types():
            fixed = f"TY  - {start[1]}"
        elif _LOOSE_END.fullmatch(line) or (line.strip() == "ER" and (not any_start or record_may_start(table, i + 1))):
            fixed = "ER  -"
        else:
            continue
        lines = lines or table.data.decode().split("\n")
        lines[i] = fixed
        repairs.append((table.first + i, f"{line.strip()!r} read as {fixed!r}"))
    return (line_table("\n".join(lines).encode(), table.first) if lines else table), repairs


def record_may_start(table: LineTable, i: int) -> bool:
    """Tell whether only blank lines and headers lie between line i (from 0) and the next TY or the end."""
    while i < len(table) and not table.tags[i] and empty_or_header(table.line(i)):
        i += 1
    if i == len(table) or table.tag(i) == "TY":
        return True
    match = _LOOSE_START.fullmatch(table.line(i))
    return match is not None and match[1] in reference_types()


def empty_or_header(line: str) -> bool:
    """Tell whether a line between records is blank or what a system prints above a record."""
    return not line.strip() or _IS_HEADER.fullmatch(line) is not None


def all_empty_or_header(table: LineTable, a: int, b: int) -> bool:
    """Tell, fast, whether lines a to b - 1 are surely blank or headers; a further line follows them."""
    return _HEADERS.fullmatch(table.data, table.starts[a], table.starts[b]) is not None
