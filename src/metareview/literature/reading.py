"""Reading and writing files of literature records, losing nothing."""

from __future__ import annotations

import hashlib
import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import count
from pathlib import Path

from metareview.errors import MetareviewError
from metareview.literature.formats.foreign import foreign_bytes, foreign_text
from metareview.literature.formats.format import Account, Entry, Format, Repair
from metareview.literature.formats.lazy import lazy_record
from metareview.literature.formats.registry import MARKED, format_of, formats
from metareview.literature.read_result import ReadResult
from metareview.literature.records import Record
from metareview.literature.source import Source
from metareview.parallel import Progress


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


def survey(path: Path, columns: Mapping[str, str] | None = None, progress: Progress | None = None) -> Reading:
    """Read an export without keeping its records, for its account; arguments are those of `read_records`."""
    reading = Reading(path, columns, progress)
    for _ in reading.entries():
        pass
    return reading


class Reading:
    """A file being read: its format, its records one by one, and the account of its lines when all are read."""

    def __init__(self, path: Path, columns: Mapping[str, str] | None = None, progress: Progress | None = None) -> None:
        self.source = Source(path, dict(columns or {}), progress)
        self.format = _format(self.source)
        self.account = Account()
        self._starts, self._lasts = array("q"), array("q")

    def entries(self) -> Iterator[Entry]:
        """Yield the records as found, in the order of the file."""
        start, last = self._starts.append, self._lasts.append
        for entry in self.format.read(self.source, self.account):
            start(entry.line)
            last(entry.last)
            yield entry

    @property
    def n(self) -> int:
        """How many records were found so far."""
        return len(self._starts)

    def result(self, records: tuple[Record, ...], prefix: str) -> ReadResult:
        """Return the account with the records (none where they are not kept), once all entries were read."""
        n, account = len(self._starts), self.account
        return ReadResult(
            records=records,
            repairs=self._repairs(_namer(prefix, n)),
            quarantined=tuple(sorted(account.quarantined)),
            format=self.format.name,
            encoding=self.source.encoding,
            n_records=n,
            n_seen=n + account.lost,
            n_lines=self.source.n_lines,
            structure=account.structure,
            unknown_tags=dict(sorted(account.unknown.items())),
            source=self.source.path.name,
            head=self.source.head[:MARKED],
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
        if source.columns and not found.table:
            raise MetareviewError(
                f"{path} is {found.title}, and columns can be named for tables only", "Leave out `--map`."
            )
        return found
    if source.columns and (table := formats().get("csv")) is not None:
        return table  # who names columns says that it is a table
    readable = ", ".join(f.title for f in formats().values())
    if known := foreign_bytes(source.start) or foreign_text(source.head):
        raise MetareviewError(f"{path} is {known.what}; metareview reads {readable}", known.hint)
    first = next((line.strip()[:60] for line in source.head.split("\n") if line.strip()), "")
    if not first and source.size == len(source.start):
        raise MetareviewError(f"{path} is empty", empty)
    raise MetareviewError(
        f"{path} is in no format metareview can read ({readable}); it begins with {first!r}",
        "Export the search again in one of these; for a table, name its columns with `--map title=COLUMN`.",
    )


def write_records(records: Iterable[Record], path: str | os.PathLike[str], format: str = "ris") -> None:
    """Write records to a file (UTF-8), such that reading it gives the same records.

    The file appears whole or not at all: it is written beside its place and then moved there.

    Arguments:
        records: records or a ReadResult; those read from the same format keep every field as printed.
        path: where to; an existing file is replaced.
        format: a format that can be written, such as "ris".

    Raises:
        MetareviewError: the format cannot be written, or the file cannot.
    """
    path = Path(path)
    writers = {name: f.write for name, f in formats().items() if f.write is not None}
    if format not in writers:
        raise MetareviewError(f"`{format}` cannot be written", f"Choose one of {', '.join(writers)}.")
    text = writers[format](records)
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
