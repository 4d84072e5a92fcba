"""Reading and writing files of literature records, losing nothing."""

from __future__ import annotations

import hashlib
import html
import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from metareview.errors import MetareviewError
from metareview.literature.formats.foreign import foreign_bytes, foreign_text
from metareview.literature.formats.format import Account, Entry, Format, Quarantined, Repair
from metareview.literature.formats.lazy import lazy_record
from metareview.literature.formats.registry import format_of, formats, system_of
from metareview.literature.records import Record
from metareview.literature.source import Progress, Source

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    *("record_id", "title", "author", "year", "journal", "volume", "number", "pages", "doi", "abstract"),
    *("keywords", "isbn", "issn", "url", "language", "type", "line"),
)


@dataclass(frozen=True, repr=False)
class ReadResult:
    """What reading a file gave, with every one of its lines accounted for.

    Attributes:
        records: the records in the order of the file, normalised when first looked at.
        repairs: what was wrong and read all the same: line, record (or empty), what was done.
        quarantined: lines that are in no record: line, start of the text, why.
        format: name of the format, and system: the system that wrote the file (empty where no mark tells), both
            found from the content.
        encoding: what the bytes were read as.
        n_records: how many records were read, also where they are not kept in `records`; n_seen: with those that
            could not be read and are quarantined.
        n_lines: lines of the file: those in `raw` fields, `structure` and `quarantined` together.
        structure: lines without a value (blank lines, ends of records, headers between records).
        unknown_tags: tags that the format does not define, with how often they occur; kept in `raw`.
        source: name of the file.
    """

    records: tuple[Record, ...]
    repairs: tuple[Repair, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    format: str = ""
    system: str = ""
    encoding: str = ""
    n_records: int = 0
    n_seen: int = 0
    n_lines: int = 0
    structure: int = 0
    unknown_tags: Mapping[str, int] = field(default_factory=dict)
    source: str = ""

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __repr__(self) -> str:
        return (
            f"ReadResult({self.source!r}: {len(self.records)} records, {len(self.repairs)} repairs, "
            f"{len(self.quarantined)} lines quarantined, {self.format}, {self.encoding})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a record with the normalised fields; several authors or keywords are joined by `; `.

        The columns are those `deduplicate` takes, and keywords, issn, url, language, type, line.
        """
        import pandas as pd

        rows = [_row(record) for record in self.records]
        frame = pd.DataFrame(rows, columns=list(_COLUMNS))
        return frame.astype({"year": "Int64", "line": "int64"})

    def summary(self) -> str:
        """Return a few lines for a reader: what was read, repaired, set aside, and which tags are unknown."""
        lines = [
            f"{self.source}: {len(self.records)} records from {self.n_lines} lines ({self.format}, {self.encoding})"
        ]
        lines += [f"  repaired, line {r.line}{_of(r.record_id)}: {r.what}" for r in self.repairs[:20]]
        lines += _more(len(self.repairs), "repairs")
        lines += [f"  set aside, line {q.line}: {q.text!r} ({q.why})" for q in self.quarantined[:20]]
        lines += _more(len(self.quarantined), "lines set aside")
        if self.unknown_tags:
            found = ", ".join(f"{tag} ({n})" for tag, n in self.unknown_tags.items())
            lines.append(f"  tags outside the format, kept: {found}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(r.record_id)}</td><td>{html.escape(r.cite())}</td></tr>" for r in self.records[:10]
        )
        head = "<tr><th>record</th><th>citation</th></tr>"
        return f"<p>{html.escape(repr(self))}</p><table>{head}{rows}</table>"


def _row(record: Record) -> list[object]:
    values = record.to_dict() | {"author": "; ".join(record.authors), "keywords": "; ".join(record.keywords)}
    return [values[name] for name in _COLUMNS]


def _of(record_id: str) -> str:
    return f" ({record_id})" if record_id else ""


def _more(n: int, what: str) -> list[str]:
    return [f"  and {n - 20} more {what}"] if n > 20 else []


def read_records(
    path: str | os.PathLike[str],
    prefix: str | None = None,
    columns: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> ReadResult:
    """Read an export of a literature database.

    The format is found from the content, never from the name of the file. Nothing is dropped: what is wrong
    is repaired and listed, or set aside and listed.

    Arguments:
        path: the file.
        prefix: start of the record ids (`PREFIX:0001`); the name of the file when not given.
        columns: for tables: field of a record -> the column to take it from, where it is not found by itself.
        progress: called with (bytes read, bytes of the file) as the file is read.

    Raises:
        MetareviewError: there is no such file, it is empty, or its format is not read; the message says so.
    """
    path = Path(path)
    prefix = _prefix(path, prefix)
    reading = Reading(path, columns, progress)
    entries = tuple(reading.entries())
    name = _namer(prefix, len(entries))
    return reading.result(tuple(map(lazy_record, entries, map(name, count(1)))), prefix)


def scan_records(
    path: Path,
    prefix: str,
    n: int,
    columns: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Iterator[Record]:
    """Yield the records of an export of n records one by one, in the memory of a block of the file.

    Arguments are those of `read_records`.
    """
    return map(lazy_record, Reading(path, columns, progress).entries(), map(_namer(prefix, n), count(1)))


def survey(path: Path, columns: Mapping[str, str] | None = None, progress: Progress | None = None) -> ReadResult:
    """Return the account of an export, without its records: what reading it would repair, set aside and find.

    The record ids in it begin with `new:`; arguments are those of `read_records`.
    """
    reading = Reading(path, columns, progress)
    for _ in reading.entries():
        pass
    return reading.result((), "new")


class Reading:
    """A file being read: its format, its records one by one, and the account of its lines when all are read."""

    def __init__(self, path: Path, columns: Mapping[str, str] | None = None, progress: Progress | None = None) -> None:
        self.source = Source(path, dict(columns or {}), progress)
        self.format = _format(self.source)
        self.account = Account()
        self._starts, self._lasts = array("q"), array("q")

    def entries(self) -> Iterator[Entry]:
        """Yield the records as found, in the order of the file."""
        for entry in self.format.read(self.source, self.account):
            self._starts.append(entry.line)
            self._lasts.append(entry.last)
            yield entry

    def result(self, records: tuple[Record, ...], prefix: str) -> ReadResult:
        """Return the account with the records, once all entries were read."""
        n, account = len(self._starts), self.account
        return ReadResult(
            records=records,
            repairs=self._repairs(_namer(prefix, n)),
            quarantined=tuple(sorted(account.quarantined)),
            format=self.format.name,
            system=system_of(self.format, self.source.head),
            encoding=self.source.encoding,
            n_records=n,
            n_seen=n + account.lost,
            n_lines=self.source.n_lines,
            structure=account.structure,
            unknown_tags=dict(sorted(account.unknown.items())),
            source=self.source.path.name,
        )

    def _repairs(self, name: Callable[[int], str]) -> tuple[Repair, ...]:
        found = sorted([*self.source.repairs, *self.account.repairs])
        return tuple(Repair(line, self._record_at(line, name), what) for line, what in found)

    def _record_at(self, line: int, name: Callable[[int], str]) -> str:
        at = bisect_right(self._starts, line)
        return name(at) if at and line <= self._lasts[at - 1] + 1 else ""  # the line after it is its end


def _namer(prefix: str, n: int) -> Callable[[int], str]:
    """Return what names the records of a file of n: `PREFIX:0001` and on, as wide as n needs."""
    width = max(4, len(str(n)))
    return (prefix.replace("{", "{{").replace("}", "}}") + f":{{:0{width}d}}").format


def _prefix(path: Path, prefix: str | None) -> str:
    if prefix is None:
        return re.sub(r"[^\w]+", "-", path.stem.lower()).strip("-_") or "records"
    if not prefix or re.search(r"[\s:]", prefix):
        raise MetareviewError(
            f"{prefix!r} cannot start record ids", "Use letters, digits and hyphens, such as scopus-2026-11."
        )
    return prefix


def _format(source: Source) -> Format:
    """Return the format of a file, or say what the file is instead."""
    path, empty = source.path, "Export the search again; a search without hits needs no import."
    if not source.size:
        raise MetareviewError(f"{path} is empty", empty)
    if found := format_of(source):
        return found
    readable = ", ".join(f.title for f in formats().values())
    if known := foreign_bytes(source.start) or foreign_text(source.head):
        raise MetareviewError(f"{path} is {known.what}; metareview reads {readable}", known.hint)
    first = next((line.strip()[:60] for line in source.head.split("\n") if line.strip()), "")
    if not first and source.size == len(source.start):
        raise MetareviewError(f"{path} is empty", empty)
    raise MetareviewError(
        f"{path} is in no format metareview can read ({readable}); it begins with {first!r}",
        "Export the search again as RIS.",
    )


def write_records(records: Iterable[Record], path: str | os.PathLike[str]) -> None:
    """Write records as RIS (UTF-8), such that reading the file gives the same records.

    The file appears whole or not at all: it is written beside its place and then moved there.

    Arguments:
        records: records or a ReadResult; those read from RIS keep every field as printed.
        path: where to; an existing file is replaced.

    Raises:
        MetareviewError: the file cannot be written.
    """
    path = Path(path)
    write = formats()["ris"].write
    assert write is not None
    text = write(records)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise MetareviewError(f"{path} cannot be written: {error.strerror}", "Check the folder.") from None
    finally:
        beside.unlink(missing_ok=True)


@cache
def reader_fingerprint() -> str:
    """Return a hash of the code that reads exports, so that records kept by another version are read anew."""
    here = Path(__file__).parent
    files = [
        here / "reading.py",
        here / "text.py",
        here / "source.py",
        here / "records.py",
        *sorted((here / "formats").glob("*.py")),
    ]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]
