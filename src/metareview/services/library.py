"""The records of a review: read from its exports through the derived index, after checking that none was edited."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from ..errors import SAYS_NO, STALE, MetareviewError
from ..folder import ReviewFolder
from ..index.database import open_index, refresh
from ..literature import tables
from ..literature.events import Import
from ..literature.records import Record
from ..parallel import Progress

T = TypeVar("T")


def load_records(folder: ReviewFolder, imports: Sequence[Import]) -> tuple[dict[str, Record], dict[str, Import]]:
    """Return every record by id, in import order, and the import each came in.

    Raises:
        MetareviewError: an export is missing or was edited (exit code 3).
    """
    records: dict[str, Record] = {}
    origin: dict[str, Import] = {}
    if not imports:
        return records, origin
    found = with_index(folder, imports, lambda c: [(i, tables.records(c, i.prefix)) for i in imports])
    for imported, read in found:
        for record in read:
            records[record.record_id] = record
            origin[record.record_id] = imported
    return records, origin


def with_index(
    folder: ReviewFolder,
    imports: Sequence[Import],
    read: Callable[[sqlite3.Connection], T],
    again: bool = True,
    progress: Callable[[str], Progress] | None = None,
) -> T:
    """Read the index, which is derived and so is made anew, once, when a page of it turns out damaged.

    Arguments:
        read: what to do with the open index, which holds the records of these imports then.
        progress: given what is being done, returns what is called with (bytes done, bytes in all).
    """
    _require_own_ids(imports)
    try:
        with open_index(folder.index) as connection:
            _refresh(folder, connection, imports, progress)
            return read(connection)
    except sqlite3.DatabaseError as error:
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        if not (again and damaged):
            if _is_about_the_query(error):
                raise
            raise MetareviewError(
                f"the index {folder.index} cannot be used: {error}",
                "It is derived: see that the disk has room and no other metareview is at work, or delete it.",
            ) from None
    folder.index.unlink(missing_ok=True)
    return with_index(folder, imports, read, again=False, progress=progress)


def _refresh(
    folder: ReviewFolder,
    connection: sqlite3.Connection,
    imports: Sequence[Import],
    progress: Callable[[str], Progress] | None,
) -> None:
    from ..literature import reading

    def piece(imported: Import) -> Any:
        _check(folder, imported)
        path = folder.root / imported.file
        named = json.dumps(imported.columns, sort_keys=True, ensure_ascii=False) if imported.columns else ""
        key = f"{imported.sha256}:{reading.reader_fingerprint()}{named}"
        prefix, n, columns = imported.prefix, imported.records, imported.columns

        def read() -> Iterator[Record]:
            tell = progress and progress(f"indexing {path.name}")
            return reading.scan_records(path, prefix, n, columns, tell)

        return tables.piece(prefix, key, read)

    refresh(connection, tables.SCHEMA, [piece(i) for i in imports])


def _require_own_ids(imports: Sequence[Import]) -> None:
    first: dict[str, Import] = {}
    for imported in imports:
        other = first.setdefault(imported.prefix, imported)
        if other is not imported:
            raise MetareviewError(
                f"two exports carry the record ids {imported.prefix}:NNNN, for they were imported before the journals met: "
                f"{_told(other)} and {_told(imported)}",
                "Take one back with `metareview import --withdraw SHA256 --reason R`, and import its file again.",
                exit_code=SAYS_NO,
            )


def _told(i: Import) -> str:
    return f"{i.file} (by {i.by}, {i.time}, SHA-256 {i.sha256[:12]})"


def _is_about_the_query(error: sqlite3.DatabaseError) -> bool:
    return isinstance(error, sqlite3.OperationalError) and getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


def _check(folder: ReviewFolder, imported: Import) -> None:
    path = folder.root / imported.file
    if not path.resolve().is_relative_to(folder.searches.resolve()):
        raise MetareviewError(
            f"the journal names the export {imported.file}, which is not in data/searches",
            "Exports lie in data/searches; restore the journal from git.",
            exit_code=STALE,
        )
    if not path.is_file():
        raise MetareviewError(
            f"the export {imported.file} is missing", "Restore it from git or a back-up.", exit_code=STALE
        )
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != imported.sha256:
        raise MetareviewError(
            f"the export {imported.file} was edited after it was imported (its SHA-256 is not the journal's)",
            "Exports are never edited: restore it from git or a back-up.",
            exit_code=STALE,
        )
