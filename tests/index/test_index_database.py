"""The derived index: pieces by hash, extended by what is new, made anew when it must be."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.errors import MetareviewError
from metareview.index.database import Piece, Schema, open_index, refresh

SCHEMA = Schema("letters", ("letters",), ("CREATE TABLE IF NOT EXISTS letters (piece TEXT, letter TEXT)",))
OTHER = Schema("digits", ("digits",), ("CREATE TABLE IF NOT EXISTS digits (piece TEXT, letter TEXT)",))


def piece(
    key: str, letters: str, hash_: str = "", table: str = "letters", told: Callable[[str], object] = str
) -> Piece:
    def fill(connection: sqlite3.Connection, name: str) -> None:
        told(name)
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(name, letter) for letter in letters])

    return Piece(key, hash_ or letters, fill)


def rows(connection: sqlite3.Connection, table: str = "letters") -> list[tuple[str, str]]:
    return sorted(connection.execute(f"SELECT piece, letter FROM {table}").fetchall())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".metareview" / "index.db"


def test_pieces_are_added_replaced_and_dropped(path: Path) -> None:
    with open_index(path) as connection:
        assert refresh(connection, SCHEMA, [piece("one", "ab"), piece("two", "c")]) == ["one", "two"]
        assert rows(connection) == [("one", "a"), ("one", "b"), ("two", "c")]
        assert refresh(connection, SCHEMA, [piece("one", "x"), piece("two", "c"), piece("three", "d")]) == [
            "one",
            "three",
        ]
        assert rows(connection) == [("one", "x"), ("three", "d"), ("two", "c")]
        assert refresh(connection, SCHEMA, [piece("three", "d")]) == ["one", "two"]
        assert rows(connection) == [("three", "d")]
        assert refresh(connection, SCHEMA, []) == ["three"]
        assert rows(connection) == []


def test_what_is_up_to_date_is_not_read_again(path: Path) -> None:
    filled: list[str] = []
    pieces = [piece("one", "ab", told=filled.append), piece("two", "c", told=filled.append)]
    for _ in range(3):
        with open_index(path) as connection:
            refresh(connection, SCHEMA, pieces)
            assert len(rows(connection)) == 3
    assert filled == ["one", "two"]
    with open_index(path) as connection:
        assert refresh(connection, SCHEMA, pieces) == []
        assert refresh(connection, SCHEMA, [*pieces, piece("three", "d", told=filled.append)]) == ["three"]
    assert filled == ["one", "two", "three"]


def test_a_changed_definition_makes_the_tables_of_that_room_anew(path: Path) -> None:
    wider = Schema(
        "letters", ("letters",), ("CREATE TABLE IF NOT EXISTS letters (piece TEXT, letter TEXT, note TEXT)",)
    )
    assert wider.hash != SCHEMA.hash

    def fill(connection: sqlite3.Connection, key: str) -> None:
        connection.execute("INSERT INTO letters VALUES (?, 'a', 'new')", (key,))

    with open_index(path) as connection:
        refresh(connection, SCHEMA, [piece("one", "ab")])
        refresh(connection, OTHER, [piece("one", "12", table="digits")])
        assert refresh(connection, wider, [Piece("one", "ab", fill)]) == ["one"]
        assert connection.execute("SELECT * FROM letters").fetchall() == [("one", "a", "new")]
        assert rows(connection, "digits") == [("one", "1"), ("one", "2")]
        assert refresh(connection, OTHER, [piece("one", "12", table="digits")]) == []


def test_rooms_do_not_see_each_others_pieces(path: Path) -> None:
    with open_index(path) as connection:
        refresh(connection, SCHEMA, [piece("one", "a")])
        refresh(connection, OTHER, [piece("two", "1", table="digits")])
        assert refresh(connection, SCHEMA, []) == ["one"]
        assert rows(connection, "digits") == [("two", "1")]


def test_a_piece_that_fails_leaves_the_index_as_it_was(path: Path) -> None:
    def fail(name: str) -> None:
        raise RuntimeError(name)

    with open_index(path) as connection:
        refresh(connection, SCHEMA, [piece("one", "a")])
        with pytest.raises(RuntimeError, match="two"):
            refresh(connection, SCHEMA, [piece("one", "b"), piece("two", "c", told=fail)])
        assert rows(connection) == [("one", "a")]
        assert refresh(connection, SCHEMA, [piece("one", "a")]) == []


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all, but long enough to be looked at" * 40, b"SQLite format 3\x00"]
)
def test_a_file_that_is_no_database_is_made_anew(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with open_index(path) as connection:
        assert refresh(connection, SCHEMA, [piece("one", "ab")]) == ["one"]
    with open_index(path) as connection:
        assert len(rows(connection)) == 2


def test_an_index_cut_in_half_is_made_anew(path: Path) -> None:
    with open_index(path) as connection:
        refresh(connection, SCHEMA, [piece("one", "ab" * 9000)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with open_index(path) as connection:
        refresh(connection, SCHEMA, [piece("one", "ab" * 9000)])
        assert len(rows(connection)) == 18000


def test_an_index_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "index.db").mkdir()
    with pytest.raises(MetareviewError, match="cannot be opened"), open_index(tmp_path / "index.db"):
        pass


states = st.lists(st.dictionaries(st.sampled_from("pqrs"), st.text("ab", min_size=1, max_size=3)), max_size=5)


@settings(deadline=None, max_examples=40)
@given(states)
def test_whatever_came_before_the_tables_hold_exactly_the_pieces(wanted: list[dict[str, str]]) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE _pieces (room TEXT, key TEXT, hash TEXT, PRIMARY KEY (room, key))")
    connection.execute("CREATE TABLE _schemas (room TEXT PRIMARY KEY, hash TEXT)")
    before: dict[str, str] = {}
    for state in wanted:
        touched = refresh(connection, SCHEMA, [piece(k, v) for k, v in state.items()])
        assert touched == sorted(k for k in {*before, *state} if before.get(k) != state.get(k))
        assert rows(connection) == sorted((k, letter) for k, v in state.items() for letter in v)
        before = state
    connection.close()
