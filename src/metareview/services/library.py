"""The records of a review: read from its exports through the derived index, after checking that none was edited."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import SAYS_NO, STALE, MetareviewError
from ..folder import ReviewFolder
from ..index.database import open_index, refresh
from ..literature import tables
from ..literature.events import Import
from ..literature.records import Record

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
    _require_own_ids(imports)
    found = _with_index(folder, imports, lambda c: [(i, tables.records(c, i.prefix)) for i in imports])
    for imported, read in found:
        for record in read:
            records[record.record_id] = record
            origin[record.record_id] = imported
    return records, origin


@dataclass(frozen=True)
class Listed:
    """One record of a listing, with where it stands."""

    record: Record
    file: str
    stands_for: str
    title_decision: str
    fulltext_decision: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return self.record.to_dict() | {
            "file": self.file,
            "duplicate_of": "" if self.stands_for == self.record.record_id else self.stands_for,
            "title_decision": self.title_decision,
            "fulltext_decision": self.fulltext_decision,
        }


def listing(folder: ReviewFolder, search: str = "") -> list[Listed]:
    """Return all records, or those whose title, authors, journal, abstract or keywords match an FTS5 query.

    Raises:
        MetareviewError: the query is not one that SQLite understands.
    """
    from .state import load_state

    state = load_state(folder)
    ids = list(state.records) if not search else _search(folder, state.literature.imports, search)
    found = []
    for record_id in ids:
        kept = state.literature.stands_for(record_id)
        decisions = [state.decision(stage, kept) for stage in ("title", "fulltext")]
        said = [d.decision or (d.status if d.votes else "") for d in decisions]
        found.append(Listed(state.records[record_id], state.origin[record_id].file, kept, said[0], said[1]))
    return found


def _search(folder: ReviewFolder, imports: Sequence[Import], words: str) -> list[str]:
    try:
        return _with_index(folder, imports, lambda connection: tables.search(connection, words))
    except sqlite3.OperationalError as error:
        raise MetareviewError(
            f"`{words}` is not a search SQLite understands: {error}",
            "Quote phrases and words with signs: '\"hot spot\" AND polic*'.",
        ) from None


def _with_index(
    folder: ReviewFolder, imports: Sequence[Import], read: Callable[[sqlite3.Connection], T], again: bool = True
) -> T:
    """Read the index, which is derived and so is made anew, once, when a page of it turns out damaged."""
    try:
        with open_index(folder.index) as connection:
            _refresh(folder, connection, imports)
            return read(connection)
    except sqlite3.DatabaseError as error:
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        if not (again and damaged):
            raise
    folder.index.unlink(missing_ok=True)
    return _with_index(folder, imports, read, again=False)


def _refresh(folder: ReviewFolder, connection: sqlite3.Connection, imports: Sequence[Import]) -> None:
    from ..literature.reading import read_records

    def piece(imported: Import) -> Any:
        _check(folder, imported)
        path = folder.root / imported.file
        return tables.piece(imported.prefix, imported.sha256, lambda: read_records(path, imported.prefix).records)

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


def _check(folder: ReviewFolder, imported: Import) -> None:
    path = folder.root / imported.file
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
