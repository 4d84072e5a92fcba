"""The header of a table of records: which row it is, whose table it heads, and which column is which field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from metareview.errors import MetareviewError
from metareview.literature.formats import table_columns as c
from metareview.literature.formats import table_dialects as d
from metareview.literature.formats import values as v

WIDEST = 16_384  # columns of the largest spreadsheet
HEADER_WITHIN = 40  # rows in which a header is looked for
_SHOWN = 40
_LONG_KEY = 60
_ALIASES = {"author": "authors", "keyword": "keywords", "issue": "number", "date": "year"}
_COLUMN = re.compile(r"column ([1-9]\d{0,4})", re.IGNORECASE)
_FIELDS_OF = {c.key(name): name_of for name_of, names in c.GENERIC.items() for name in names}
_TITLES = frozenset(map(c.key, c.GENERIC["title"]))


class Row(NamedTuple):
    """One row: its 1-based first and last line, its cells, and what had to be repaired to read it (or empty)."""

    line: int
    last: int
    cells: Sequence[str]
    repair: str = ""


@dataclass(frozen=True)
class Plan:
    """How the rows under a header are read.

    Attributes:
        dialect: whose table it is; tags: name of each column; columns: field -> its columns, best first.
        header: False where the table has none and the columns are named by number.
    """

    dialect: d.Dialect
    tags: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    header: bool = True
    keys: frozenset[str] = field(default=frozenset(), compare=False)

    def score(self) -> float:
        """Return how surely this is the header of a table of records: 0 (not) to 1."""
        if not self.columns.get("title"):
            return 0.0
        return 0.9 if self.dialect.system else min(0.8, 0.2 * len(self.columns))


def plan_of(cells: Sequence[str], mapped: Mapping[str, str]) -> Plan | None:
    """Return how rows under a header are read, or None where these cells are no header of a table of records.

    Arguments:
        cells: the row; mapped: field of a record -> column, as a person said.
    """
    tags = tags_of(cells)
    present = {k: tag for tag in reversed(tags) if (k := c.key(tag))}
    keys = frozenset(present)
    dialect = next((one for one in d.DIALECTS if _has_marks(one, keys)), d.GENERIC_DIALECT)
    columns = {
        name: found
        for name in (*c.FIELDS, *c.PARTS)
        if (found := _found((*dialect.columns.get(name, ()), *c.GENERIC.get(name, ())), present))
    }
    if mapped:
        own = {name: _column(tags, present, said) for name, said in mapped.items()}
        if None in own.values():
            return None
        columns |= {name: (tag,) for name, tag in own.items() if tag is not None}
    if (
        "title" not in columns
        or len(keys) < 2
        or (not mapped and not dialect.system and not _looks_like(cells, columns))
    ):
        return None
    return Plan(dialect, tags, columns, keys=keys)


def headerless(cells: Sequence[str], mapped: Mapping[str, str]) -> Plan | None:
    """Return how a table without a header is read, where that is known: by EndNote's order, or by `column N`."""
    tags = tuple(f"column {i}" for i in range(1, len(cells) + 1))
    if mapped:
        numbers = {name: _COLUMN.fullmatch(said.strip()) for name, said in mapped.items()}
        if not all(m and int(m[1]) <= len(cells) for m in numbers.values()) or "title" not in mapped:
            return None
        return Plan(d.GENERIC_DIALECT, tags, {n: (f"column {m[1]}",) for n, m in numbers.items() if m}, header=False)
    known = d.HEADERLESS
    if len(cells) == known.positions and re.fullmatch(r"[12]\d{3}", cells[1].strip()) and v.doi_of(cells[-1]):
        return Plan(known, tags, known.columns, header=False)
    return None


def checked(columns: Mapping[str, str]) -> dict[str, str]:
    """Return the columns a person named, by field of a record.

    Raises:
        MetareviewError: a record has no such field.
    """
    named = {_ALIASES.get(name.strip().lower(), name.strip().lower()): said for name, said in columns.items()}
    for name in named:
        if name not in c.FIELDS:
            raise MetareviewError(
                f"a record has no field {name!r}; its fields are: {', '.join(c.FIELDS)}",
                "Map one of these to a column.",
            )
    return named


def best_header(rows: Iterable[Row], mapped: Mapping[str, str]) -> tuple[Row, Plan] | None:
    """Return the row that is surest the header, with how the rows under it are read; the first of equals."""
    best: tuple[Row, Plan] | None = None
    for at, row in enumerate(rows):
        if at >= HEADER_WITHIN:
            break
        if not 2 <= len(row.cells) <= WIDEST:
            continue
        plan = plan_of(row.cells, mapped) or (headerless(row.cells, mapped) if best is None else None)
        if plan is not None and (best is None or plan.score() > best[1].score()):
            best = row, plan
    return best


def no_title(where: str, rows: Iterable[Row], mapped: Mapping[str, str]) -> MetareviewError:
    """Return the error for a table in which a column cannot be found; it lists the columns there are."""
    widest = max((row.cells for row in rows), key=len, default=[])
    names = [repr(cell[:_LONG_KEY]) for cell in widest if cell.strip()]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    listed = ", ".join(names[:_SHOWN]) + more
    if mapped:
        said = ", ".join(f"{name}={column}" for name, column in mapped.items())
        what = f"{where} has no row with all columns of {said}; its columns are: {listed}"
        if "title" not in mapped:
            what += " (and a title is needed)"
        return MetareviewError(what, "Name columns as they are printed, or `column N` where the table has no header.")
    return MetareviewError(
        f"{where} is a table in which no column is the title; its columns are: {listed}",
        "Say which one is, with `--map title=COLUMN`.",
    )


def header_again(row: Row, plan: Plan) -> Plan | None:
    """Return how rows are read from here on, where a row is a header once more."""
    first = next(filter(str.strip, row.cells), "")
    if not plan.header or len(first) > _LONG_KEY:
        return None
    if tuple(row.cells) == plan.tags[: len(row.cells)] and len(row.cells) > 1:
        return plan
    if c.key(first) not in plan.keys and c.key(first) not in _FIELDS_OF:
        return None
    if not any(c.key(cell) in _TITLES for cell in row.cells):
        return None
    again = plan_of(row.cells, {})
    alike = sum(c.key(cell) in plan.keys or c.key(cell) in _FIELDS_OF for cell in row.cells if cell.strip())
    return again if again and again.score() > 0.3 and alike > len(row.cells) / 2 else None


def tags_of(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the names of columns as printed; one without a name is called by its number."""
    return tuple(cell.strip() or f"column {i}" for i, cell in enumerate(cells, 1))


def _has_marks(dialect: d.Dialect, keys: frozenset[str]) -> bool:
    return any(all(c.key(name) in keys for name in names) for names in dialect.marks)


def _found(names: Iterable[str], present: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(present[k] for name in names if (k := c.key(name)) in present))


def _column(tags: tuple[str, ...], present: Mapping[str, str], said: str) -> str | None:
    return said if said in tags else present.get(c.key(said))


def _looks_like(cells: Sequence[str], columns: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether a row of no known system may be a header: short names, no address or number among them."""
    filled = [cell for cell in cells if cell.strip()]
    short = all(len(cell) <= _LONG_KEY and "\n" not in cell for cell in filled)
    return short and len(columns) > 1 and len({c.key(cell) for cell in filled}) > len(filled) / 2
