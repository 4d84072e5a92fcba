"""Records to CSV, such that reading it gives the same normalised fields."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from metareview.literature.formats.table_columns import FIELDS
from metareview.literature.records import Record
from metareview.tabular import escaped


def write(records: Iterable[Record]) -> str:
    """Return the records as CSV: one a row, a column for each normalised field, safe to open in a spreadsheet.

    Several authors or keywords are parted by `; `, or by line feeds where one of them holds a semicolon.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("record_id", *FIELDS))
    for record in records:
        cells = [_cell(getattr(record, name)) for name in ("record_id", *FIELDS)]
        writer.writerow([escaped(cell) for cell in cells])
    return out.getvalue()


def _cell(value: str | int | Sequence[str] | None) -> str:
    if value is None or isinstance(value, str | int):
        return "" if value is None else str(value).replace("\r\n", "\n").replace("\r", "\n")
    values = [" ".join(one.split("\n")) for one in value]
    if any(";" in one for one in values):
        return "\n".join(values) + ("\n" if len(values) == 1 else "")
    return "; ".join(values)
