"""The literature's tables in the derived index: records, and their full text for searching (FTS5)."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable

from ..index.database import Piece, Schema
from .records import Field, Record

SCHEMA = Schema(
    room="literature",
    tables=("records", "records_fts"),
    ddl=(
        "CREATE TABLE IF NOT EXISTS records (piece TEXT, position INTEGER, record_id TEXT PRIMARY KEY, title TEXT,"
        " authors TEXT, year INTEGER, journal TEXT, volume TEXT, number TEXT, pages TEXT, doi TEXT, abstract TEXT,"
        " keywords TEXT, isbn TEXT, issn TEXT, url TEXT, language TEXT, type TEXT, line INTEGER, raw TEXT)",
        "CREATE INDEX IF NOT EXISTS records_piece ON records (piece, position)",
        "CREATE VIRTUAL TABLE IF NOT EXISTS records_fts USING fts5"
        " (piece UNINDEXED, record_id UNINDEXED, title, authors, journal, abstract, keywords)",
    ),
)
_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_COLUMNS = (
    "record_id, title, authors, year, journal, volume, number, pages, doi, abstract, keywords, isbn, issn, url,"
    " language, type, line, raw"
)


def piece(prefix: str, sha256: str, read: Callable[[], Iterable[Record]]) -> Piece:
    """Return the piece of one import; `read` is called only when the index does not have it yet."""

    def fill(connection: sqlite3.Connection, key: str) -> None:
        for position, record in enumerate(read()):
            row = _row(record)
            marks = ", ".join("?" * (len(row) + 2))
            connection.execute(
                f"INSERT INTO records (piece, position, {_COLUMNS}) VALUES ({marks})", (key, position, *row)
            )
            searched = (key, record.record_id, record.title, row[2], record.journal, record.abstract, row[10])
            connection.execute("INSERT INTO records_fts VALUES (?, ?, ?, ?, ?, ?, ?)", searched)

    return Piece(prefix, sha256, fill)


def records(connection: sqlite3.Connection, prefix: str) -> list[Record]:
    """Return the records of one import in the order of its export."""
    found = connection.execute(f"SELECT {_COLUMNS} FROM records WHERE piece = ? ORDER BY position", (prefix,))
    return [_record(row) for row in found]


def untitled(connection: sqlite3.Connection, prefix: str) -> list[str]:
    """Return the ids of the records of one import that have no title, in the order of its export."""
    found = connection.execute(
        "SELECT record_id FROM records WHERE piece = ? AND title = '' ORDER BY position", (prefix,)
    )
    return [row[0] for row in found]


def search(connection: sqlite3.Connection, words: str) -> list[str]:
    """Return the ids of the records that match an FTS5 query, best first.

    Words that hold a sign, such as before-after or O'Brien, are taken as phrases.

    Raises:
        sqlite3.OperationalError: the words are not a valid FTS5 query.
    """
    found = connection.execute(
        "SELECT record_id FROM records_fts WHERE records_fts MATCH ? ORDER BY rank, record_id", (_quoted(words),)
    )
    return [row[0] for row in found]


def _quoted(words: str) -> str:
    parts = re.findall(r'"[^"]*"|[^\s"]+', words)
    return " ".join(p if p[0] == '"' or re.fullmatch(r"[\w()*:^]+", p) else '"' + p + '"' for p in parts)


def _row(record: Record) -> tuple[object, ...]:
    return (
        record.record_id,
        record.title,
        _json(record.authors),
        record.year,
        record.journal,
        record.volume,
        record.number,
        record.pages,
        record.doi,
        record.abstract,
        _json(record.keywords),
        record.isbn,
        record.issn,
        record.url,
        record.language,
        record.type,
        record.line,
        _json(record.raw),
    )


def _record(row: tuple[object, ...]) -> Record:
    values = list(row)
    values[2], values[10] = tuple(json.loads(str(row[2]))), tuple(json.loads(str(row[10])))
    values[17] = tuple(Field(*field) for field in json.loads(str(row[17])))
    return Record(*values)  # type: ignore[arg-type]
