"""import: bring exports in, byte for byte, and log what was searched and what was read."""

from __future__ import annotations

import datetime
import hashlib
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..journal.disk import exclusive
from ..journal.drafts import Draft
from ..literature.events import IMPORTED, WITHDRAWN, Import, fold
from ..literature.reading import ReadResult, read_records
from ..protocol.models import Source
from ..tabular import write_bytes, write_csv

LOG = "searches.csv"
LOG_COLUMNS = (
    "file", "source", "kind", "track", "platform", "date", "query", "hits", "records", "repaired", "quarantined",
    "prefix", "sha256", "imported_by", "imported_at",
)  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """The outcome of importing one file.

    Attributes:
        given: the file as named; file: where its bytes are in the review; new: False when it was there already.
        result: the reading, with every record, repair and quarantined line.
    """

    given: Path
    file: str
    new: bool
    prefix: str
    result: ReadResult
    hits: int | None


def run(
    folder: ReviewFolder,
    files: Sequence[Path],
    source: str,
    date: str,
    query: str = "",
    hits: int | None = None,
    by: str | None = None,
) -> list[Imported]:
    """Import exports of one search.

    Arguments:
        files: the exports; a search that was exported in parts gives several.
        source: a source of the protocol; date: of the search, ISO; query: as run; hits: as the source counted them.
        by: who imports, a reviewer of the protocol.

    Raises:
        MetareviewError: a file, the source, the date or the reviewer is wrong; nothing was imported then.
    """
    person = folder.person(by)
    known = _source(folder, source)
    _check_date(date)
    if hits is not None and hits < 0:
        raise MetareviewError(f"--hits {hits}: a search cannot have fewer than 0 hits")
    read = [(Path(f), _bytes(Path(f)), read_records(Path(f), "new")) for f in files]
    for path, _, result in read:
        if not result.records:
            raise MetareviewError(f"{path} holds no record", "Export it again as RIS, with abstracts.")
    outcomes: list[Imported] = []
    with exclusive(_lock(folder)):
        try:
            for item in read:
                outcomes.append(_one(folder, person, known, date, query, hits, *item))
        except MetareviewError as error:
            done = ", ".join(o.file for o in outcomes if o.new)
            told = f"; imported before that: {done}" if done else ""
            raise MetareviewError(error.message + told, error.hint, error.exit_code) from None
        finally:
            if any(o.new for o in outcomes):
                write_log(folder)
    return outcomes


def _lock(folder: ReviewFolder) -> Path:
    """Return the file that one import at a time holds, so that two never take the same record ids."""
    folder.index.parent.mkdir(parents=True, exist_ok=True)
    return folder.index.with_name("import.lock")


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


def write_log(folder: ReviewFolder) -> Path:
    """Write `searches.csv` from the journal: one row an export."""
    imports = fold(folder.events()).imports
    platforms = {s.name: s.platform for s in folder.protocol.sources}
    rows = [
        (
            i.file, i.source, i.kind, i.track, platforms.get(i.source, ""), i.date, i.query, i.hits, i.records,
            i.repaired, i.quarantined, i.prefix, i.sha256, i.by, i.time,
        )
        for i in imports
    ]  # fmt: skip
    return write_csv(folder.searches / LOG, LOG_COLUMNS, rows)


def _one(
    folder: ReviewFolder,
    person: str,
    source: Source,
    date: str,
    query: str,
    hits: int | None,
    path: Path,
    data: bytes,
    result: ReadResult,
) -> Imported:
    sha256 = hashlib.sha256(data).hexdigest()
    events = folder.events()
    imports = fold(events).imports
    known = next((i for i in imports if i.sha256 == sha256), None)
    if known is not None:
        return Imported(path, known.file, False, known.prefix, read_records(path, known.prefix), known.hits)
    target = _target(folder, source.name, date, path.suffix.lower() or ".ris", data)
    kept_before = target.exists()
    write_bytes(target, data)
    before = [e.data for e in events if e.kind == IMPORTED]
    prefix = _prefix(f"{source.name}-{date[:7]}", sha256, before, {i.prefix for i in imports})
    imported = Import(
        file=target.relative_to(folder.root).as_posix(),
        sha256=sha256,
        prefix=prefix,
        source=source.name,
        kind=source.kind,
        track=source.track,
        date=date,
        query=query,
        hits=hits,
        records=len(result.records),
        repaired=len(result.repairs),
        quarantined=len(result.quarantined),
        by=person,
        time="",
    )
    data_of_event = {k: getattr(imported, k) for k in Import.__dataclass_fields__ if k != "time"}
    try:
        folder.append(person, [Draft(IMPORTED, data_of_event)])
    except MetareviewError:
        if not kept_before:
            target.unlink()
        raise
    return Imported(path, imported.file, True, prefix, read_records(target, prefix), hits)


def _source(folder: ReviewFolder, name: str) -> Source:
    found = folder.protocol.source(name)
    if found is None:
        names = ", ".join(s.name for s in folder.protocol.sources)
        raise MetareviewError(
            f"`{name}` is not a source of this review; the protocol names: {names}",
            "Use one of these, or add the source to the protocol.",
        )
    return found


def _check_date(date: str) -> None:
    try:
        searched = datetime.date.fromisoformat(date)
    except ValueError:
        raise MetareviewError(f"--date {date} is not a date like 2026-11-24", "Give the day of the search.") from None
    if searched > datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1):
        raise MetareviewError(f"--date {date} lies in the future", "Give the day of the search.")


def _bytes(path: Path) -> bytes:
    if not path.exists():
        raise MetareviewError(f"there is no file {path}", "Check the name and the folder; nothing was imported.")
    if path.is_dir():
        raise MetareviewError(f"{path} is a folder", "Name the export files in it; nothing was imported.")
    return path.read_bytes()


def _target(folder: ReviewFolder, source: str, date: str, suffix: str, data: bytes) -> Path:
    for ending in ("", *(f"-{n}" for n in range(2, 1000))):
        target = folder.searches / f"{source}-{date}{ending}{suffix}"
        if not target.exists() or target.read_bytes() == data:
            return target
    raise MetareviewError(f"there are a thousand exports of {source} on {date} already")


def _prefix(stem: str, sha256: str, before: list[Mapping[str, Any]], standing: set[str]) -> str:
    """Return the prefix of the record ids: that of the same bytes imported before, else one that never was in use."""
    again = [d["prefix"] for d in before if d["sha256"] == sha256 and d["prefix"] not in standing]
    if again:
        return str(again[-1])
    letters = string.ascii_lowercase
    taken = {d["prefix"] for d in before}
    endings = ["", *letters[1:], *(a + b for a in letters for b in letters)]
    return next(stem + ending for ending in endings if stem + ending not in taken)
