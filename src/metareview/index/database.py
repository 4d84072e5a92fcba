"""A SQLite file made of pieces: each piece is the rows of one input, named by that input's hash."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import MetareviewError

_HINT = "Check that the disk has room and that you may write there; the index may be deleted at any time."
_PIECES = "CREATE TABLE IF NOT EXISTS _pieces (room TEXT, key TEXT, hash TEXT, PRIMARY KEY (room, key))"
_SCHEMAS = "CREATE TABLE IF NOT EXISTS _schemas (room TEXT PRIMARY KEY, hash TEXT)"


@dataclass(frozen=True)
class Schema:
    """The tables of one room.

    Attributes:
        room: its name; tables: their names, for emptying; ddl: the statements that create them (IF NOT EXISTS).
            Every table has a column `piece` with the key of the piece a row came from.
    """

    room: str
    tables: tuple[str, ...]
    ddl: tuple[str, ...]

    @property
    def hash(self) -> str:
        """Hash of the definition: when it changes, the room's tables are made anew."""
        return hashlib.sha256("\n".join(self.ddl).encode()).hexdigest()


@dataclass(frozen=True)
class Piece:
    """The rows of one input: its key, the hash of the input, and how to insert its rows."""

    key: str
    hash: str
    fill: Callable[[sqlite3.Connection, str], None]


@contextmanager
def open_index(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the index at `path`; one that is no longer a database is made anew, for it is derived.

    Raises:
        MetareviewError: the file cannot be opened or written here, or another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = _connect(path)
    except sqlite3.OperationalError as error:  # locked by another, or no right to write: not the file's fault
        raise MetareviewError(f"the index {path} cannot be opened: {error}", _HINT) from None
    except sqlite3.DatabaseError:
        path.unlink(missing_ok=True)
        connection = _connect(path)
    try:
        yield connection
    finally:
        connection.close()


def refresh(connection: sqlite3.Connection, schema: Schema, pieces: Sequence[Piece]) -> list[str]:
    """Make a room's tables hold exactly these pieces, in one transaction.

    Returns:
        The keys that were filled or dropped; empty when the index was up to date.
    """
    if _up_to_date(connection, schema, pieces):
        return []
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        _same_schema(connection, schema)
        have = dict(connection.execute("SELECT key, hash FROM _pieces WHERE room = ?", (schema.room,)).fetchall())
        want = {piece.key: piece.hash for piece in pieces}
        stale = [key for key, found in have.items() if want.get(key) != found]
        for key in stale:
            _drop(connection, schema, key)
        new = [piece for piece in pieces if have.get(piece.key) != piece.hash]
        for piece in new:
            piece.fill(connection, piece.key)
            connection.execute("INSERT INTO _pieces VALUES (?, ?, ?)", (schema.room, piece.key, piece.hash))
    return sorted({*stale, *(piece.key for piece in new)})


def _up_to_date(connection: sqlite3.Connection, schema: Schema, pieces: Sequence[Piece]) -> bool:
    """Return whether the tables hold these pieces already, without keeping other readers waiting."""
    found = connection.execute("SELECT hash FROM _schemas WHERE room = ?", (schema.room,)).fetchone()
    have = dict(connection.execute("SELECT key, hash FROM _pieces WHERE room = ?", (schema.room,)).fetchall())
    return found == (schema.hash,) and have == {piece.key: piece.hash for piece in pieces}


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(_PIECES)
        connection.execute(_SCHEMAS)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError:
        with suppress(sqlite3.Error):
            connection.close()
        raise
    return connection


def _same_schema(connection: sqlite3.Connection, schema: Schema) -> None:
    found = connection.execute("SELECT hash FROM _schemas WHERE room = ?", (schema.room,)).fetchone()
    if found is not None and found[0] != schema.hash:
        for table in schema.tables:
            connection.execute(f"DROP TABLE IF EXISTS {table}")
        connection.execute("DELETE FROM _pieces WHERE room = ?", (schema.room,))
    for statement in schema.ddl:
        connection.execute(statement)
    connection.execute("INSERT OR REPLACE INTO _schemas VALUES (?, ?)", (schema.room, schema.hash))


def _drop(connection: sqlite3.Connection, schema: Schema, key: str) -> None:
    for table in schema.tables:
        connection.execute(f"DELETE FROM {table} WHERE piece = ?", (key,))
    connection.execute("DELETE FROM _pieces WHERE room = ? AND key = ?", (schema.room, key))
