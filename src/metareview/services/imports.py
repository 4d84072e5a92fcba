"""import: bring exports in, byte for byte, and log what was searched and what was read."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import string
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import MetareviewError, MetareviewWarning
from ..folder import ReviewFolder
from ..journal.disk import exclusive
from ..journal.drafts import Draft
from ..journal.events import Event
from ..literature import tables
from ..literature.events import IMPORTED, WITHDRAWN, Import, fold
from ..literature.read_result import ReadResult
from ..literature.reading import Reading, survey
from ..parallel import Progress
from ..protocol.models import Source
from ..protocol.updates import updates
from ..tabular import replacing
from .library import with_index
from .search_log import search_day, write_log

REPORTED = 1000  # repairs and quarantined lines that an event lists; the counts are whole
_PIECE = 1 << 22


@dataclass(frozen=True)
class Search:
    """What was searched: the source of the protocol, when, and how.

    Attributes:
        source: a source of the protocol; date: of the search, ISO; query: as run; limits: set beside the query (years,
            languages, kinds of document); hits: as the source counted them: none, one number for the whole search, or
            one for each export; columns: of a table, field of a record -> column, where it is not found by itself.
    """

    source: str
    date: str
    query: str = ""
    limits: str = ""
    hits: tuple[int, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Imported:
    """The outcome of importing one file.

    Attributes:
        given: the file as named; file: where its bytes are in the review; new: False when it was there already.
        result: the account of the reading; its records are in the review, not here.
        untitled: ids of its records that have no title.
    """

    given: Path
    file: str
    new: bool
    prefix: str
    result: ReadResult
    hits: int | None
    untitled: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Read:
    """A file that was read and not yet brought in."""

    path: Path
    sha256: str
    reading: Reading


def run(
    folder: ReviewFolder,
    files: Sequence[Path],
    source: str,
    date: str,
    query: str = "",
    hits: int | Sequence[int] | None = None,
    by: str | None = None,
    limits: str = "",
    columns: Mapping[str, str] | None = None,
    progress: Callable[[str], Progress] | None = None,
) -> list[Imported]:
    """Import the exports of one search: all of them, or, with an error in one, none.

    Arguments:
        files: the exports; a search that was exported in parts gives several.
        source, date, query, limits, hits, columns: of the `Search`.
        by: who imports, a reviewer of the protocol.
        progress: given what is being done, returns what is called with (bytes done, bytes in all).

    Raises:
        MetareviewError: a file, the source, the date or the reviewer is wrong; nothing was imported then.
    """
    person = folder.person(by)
    counted = (hits,) if isinstance(hits, int) else tuple(hits or ())
    search = Search(source, date, query, limits, counted, tuple(sorted((columns or {}).items())))
    known = _source(folder, source)
    search_day(date)
    _check_hits(counted, files)
    tell = progress or (lambda what: lambda done, size: None)
    read = [_read(Path(f), dict(search.columns), tell(f"reading {Path(f).name}")) for f in files]
    with exclusive(_lock(folder)):
        outcomes = _bring_in(folder, person, known, search, read)
        events = folder.events()
        imports = fold(events).imports
        write_log(folder, imports)
        if any(o.new for o in outcomes):
            with suppress(MetareviewError):  # what is wrong with an earlier export, the next command tells
                outcomes = _indexed(folder, imports, outcomes, tell)
            _warn_of_an_older_search(events, date)
    return outcomes


def _indexed(
    folder: ReviewFolder, imports: Sequence[Import], outcomes: Sequence[Imported], tell: Callable[[str], Progress]
) -> list[Imported]:
    """Index what came in, so that the next command need not wait for it, and find what has no title."""

    def told(connection: sqlite3.Connection) -> list[Imported]:
        return [replace(o, untitled=tuple(tables.untitled(connection, o.prefix))) for o in outcomes]

    return with_index(folder, imports, told, progress=tell)


def withdraw(folder: ReviewFolder, name: str, reason: str, by: str | None = None) -> Import:
    """Take an import back: its records leave the review, the export and the journal stay.

    Arguments:
        name: the prefix of its record ids, its file in the review, or the first 8 or more digits of its SHA-256.

    Raises:
        MetareviewError: no import or several are meant, or no reason is given.
    """
    person = folder.person(by)
    imports = fold(folder.events()).imports
    meant = [i for i in imports if name in (i.prefix, i.file) or (len(name) >= 8 and i.sha256.startswith(name))]
    if len(meant) != 1:
        listed = "; ".join(f"{i.prefix} ({i.file}, SHA-256 {i.sha256[:12]})" for i in meant or imports)
        what = f"`{name}` means several imports" if meant else f"there is no import `{name}`"
        raise MetareviewError(f"{what}; there {'are' if listed else 'is'}: {listed or 'none'}", "Name one of them.")
    if not reason.strip():
        raise MetareviewError(f"why is the import of {meant[0].file} taken back?", "Say `--reason`.")
    data = {"sha256": meant[0].sha256, "prefix": meant[0].prefix, "reason": reason, "by": person}
    folder.append(person, [Draft(WITHDRAWN, data)])
    write_log(folder)
    return meant[0]


def _lock(folder: ReviewFolder) -> Path:
    """Return the file that one import at a time holds, so that two never take the same record ids."""
    folder.index.parent.mkdir(parents=True, exist_ok=True)
    return folder.index.with_name("import.lock")


def _read(path: Path, columns: Mapping[str, str], progress: Progress) -> _Read:
    if not path.exists():
        raise MetareviewError(f"there is no file {path}", "Check the name and the folder; nothing was imported.")
    if path.is_dir():
        raise MetareviewError(f"{path} is a folder", "Name the export files in it; nothing was imported.")
    sha256 = _hash(path)
    reading = survey(path, columns, progress)
    if not reading.n:
        raise MetareviewError(f"{path} holds no record", "Export it again as RIS, with abstracts.")
    return _Read(path, sha256, reading)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _bring_in(
    folder: ReviewFolder, person: str, source: Source, search: Search, read: Sequence[_Read]
) -> list[Imported]:
    """Copy the files into the review and log them in one write; what cannot be logged is not left behind."""
    events = folder.events()
    standing = {i.sha256: i for i in fold(events).imports}
    before: list[Mapping[str, Any]] = [e.data for e in events if e.kind == IMPORTED]
    outcomes: list[Imported] = []
    drafts: list[Draft] = []
    for part in folder.searches.glob(".*.part*"):
        part.unlink()  # of an import that was killed; the lock says that nobody else is at it
    with _copies() as copy:
        for at, item in enumerate(read):
            if known := standing.get(item.sha256):
                result = item.reading.result((), known.prefix)
                outcomes.append(Imported(item.path, known.file, False, known.prefix, result, known.hits))
                continue
            target = copy(item, _target(folder, source.name, search.date, item))
            prefix = _prefix(f"{source.name}-{search.date[:7]}", item.sha256, before, standing)
            result = item.reading.result((), prefix)
            data = _data(folder, person, source, search, at, item, target, prefix, result.report())
            first = drafts[0].data["search"] if drafts and len(search.hits) < 2 else prefix
            drafts.append(Draft(IMPORTED, {**data, "search": first}))
            before.append(data)
            standing[item.sha256] = Import(**{k: data[k] for k in Import.__dataclass_fields__ if k in data}, time="")
            outcomes.append(Imported(item.path, str(data["file"]), True, prefix, result, data["hits"]))
        folder.append(person, drafts)
    return outcomes


@contextmanager
def _copies() -> Iterator[Callable[[_Read, Path], Path]]:
    """Give what copies an export into the review, whole; if the block fails, the new copies are removed."""
    made: list[Path] = []

    def copy(item: _Read, target: Path) -> Path:
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with replacing(target) as part, item.path.open("rb") as old, part.open("wb") as new:
            while piece := old.read(_PIECE):
                digest.update(piece)
                new.write(piece)
            new.flush()
            os.fsync(new.fileno())
            if digest.hexdigest() != item.sha256:
                raise MetareviewError(f"{item.path} changed while it was read", "Import it again.")
        made.append(target)
        return target

    try:
        yield copy
    except BaseException:
        for target in made:
            target.unlink(missing_ok=True)
        raise


def _data(
    folder: ReviewFolder,
    person: str,
    source: Source,
    search: Search,
    at: int,
    item: _Read,
    target: Path,
    prefix: str,
    report: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the data of the event: what was searched, and the report of the reading."""
    hits = search.hits[at if len(search.hits) > 1 else 0] if search.hits else None
    return {
        "file": target.relative_to(folder.root).as_posix(),
        "sha256": item.sha256,
        "prefix": prefix,
        "source": source.name,
        "kind": source.kind,
        "track": source.track,
        "date": search.date,
        "query": search.query,
        "limits": search.limits,
        "hits": hits,
        "columns": dict(search.columns),
        "repaired": len(report["repairs"]),
        "quarantined": len(report["quarantined"]),
        "by": person,
        **{k: report[k] for k in ("records", "seen", "format", "system", "encoding", "lines")},
        "report": {
            "repairs": report["repairs"][:REPORTED],
            "quarantined": report["quarantined"][:REPORTED],
            "unknown_tags": report["unknown_tags"],
        },
    }


def _source(folder: ReviewFolder, name: str) -> Source:
    found = folder.protocol.source(name)
    if found is None:
        names = ", ".join(s.name for s in folder.protocol.sources)
        raise MetareviewError(
            f"`{name}` is not a source of this review; the protocol names: {names}",
            "Use one of these, or add the source to the protocol.",
        )
    return found


def _warn_of_an_older_search(events: Sequence[Event], date: str) -> None:
    """Warn where the search is older than those of the version that is being made: its records count as new."""
    last = updates(events)[-1:]
    if last and date < last[0].date:
        warnings.warn(
            f"the search of {date} is older than version {last[0].version}, which begins with searches from "
            f"{last[0].date}; its records count as new",
            MetareviewWarning,
            stacklevel=3,
        )


def _check_hits(hits: Sequence[int], files: Sequence[Path]) -> None:
    if any(h < 0 for h in hits):
        raise MetareviewError(f"--hits {min(hits)}: a search cannot have fewer than 0 hits")
    if len(hits) > 1 and len(hits) != len(files):
        raise MetareviewError(
            f"--hits is said {len(hits)} times for {len(files)} files",
            "Say it once for the whole search, or once for each file in their order.",
        )


def _target(folder: ReviewFolder, source: str, date: str, item: _Read) -> Path:
    suffix = item.path.suffix.lower() or f".{item.reading.format.name}"
    for ending in ("", *(f"-{n}" for n in range(2, 1000))):
        target = folder.searches / f"{source}-{date}{ending}{suffix}"
        if not target.exists() or _hash(target) == item.sha256:
            return target
    raise MetareviewError(f"there are a thousand exports of {source} on {date} already")


def _prefix(stem: str, sha256: str, before: Sequence[Mapping[str, Any]], standing: Mapping[str, Import]) -> str:
    """Return the prefix of the record ids: that of the same bytes imported before, else one that never was in use."""
    in_use = {i.prefix for i in standing.values()}
    again = [d["prefix"] for d in before if d["sha256"] == sha256 and d["prefix"] not in in_use]
    if again:
        return str(again[-1])
    letters = string.ascii_lowercase
    taken = {d["prefix"] for d in before}
    endings = ["", *letters[1:], *(a + b for a in letters for b in letters)]
    return next(stem + ending for ending in endings if stem + ending not in taken)
