from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from metareview.errors import STALE, MetareviewError
from metareview.journal.events import encode, parse
from metareview.journal.reading import read_journal, read_log, require_intact
from metareview.journal.writing import OpenLog, append, append_many

Lines = list[bytes]


def rewrite(line: bytes, **changes: object) -> bytes:
    """A forged line: changed, with a hash that fits."""
    return encode(replace(parse(line), **changes))  # type: ignore[arg-type]


def edited(lines: Lines) -> Lines:
    return [line.replace(b'"r3"', b'"r9"') for line in lines]


def edited_last(lines: Lines) -> Lines:
    return [line.replace(b'"r5"', b'"r9"') for line in lines]


def spaced(lines: Lines) -> Lines:
    return [line.replace(b'"seq":2', b'"seq": 2') for line in lines]


def forged(lines: Lines) -> Lines:
    return [lines[0], lines[1], rewrite(lines[2], data={"record": "r9"}), *lines[3:]]


def removed(lines: Lines) -> Lines:
    return [lines[0], *lines[2:]]


def removed_first(lines: Lines) -> Lines:
    return lines[1:]


def reordered(lines: Lines) -> Lines:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def repeated(lines: Lines) -> Lines:
    return [*lines[:3], lines[2], *lines[3:]]


def doubled(lines: Lines) -> Lines:
    return [*lines, rewrite(lines[4], data={"record": "r9"})]


def newer(lines: Lines) -> Lines:
    return [*lines[:4], lines[4].replace(b'"v":1', b'"v":2')]


def not_object(lines: Lines) -> Lines:
    return [*lines[:2], b'["no","event"]', *lines[2:]]


def conflict_marks(lines: Lines) -> Lines:
    return [*lines[:2], b"<<<<<<< HEAD", *lines[2:]]


def fewer_keys(lines: Lines) -> Lines:
    return [*lines[:4], lines[4].replace(b'"replaces":[],', b"")]


def backwards(lines: Lines) -> Lines:
    return [*lines[:4], rewrite(lines[4], clock=2)]


def crlf(lines: Lines) -> Lines:
    return [line + b"\r" for line in lines]


CASES: list[tuple[Callable[[Lines], Lines], list[tuple[int, str]], list[int]]] = [
    (edited, [(3, "edited")], [1, 2, 4, 5]),
    (edited_last, [(5, "edited")], [1, 2, 3, 4]),
    (spaced, [(2, "edited")], [1, 3, 4, 5]),
    (forged, [(4, "broken chain")], [1, 2, 3, 4, 5]),
    (removed, [(2, "gap")], [1, 3, 4, 5]),
    (removed_first, [(1, "gap")], [2, 3, 4, 5]),
    (reordered, [(2, "gap"), (3, "gap"), (4, "gap")], [1, 3, 2, 4, 5]),
    (repeated, [(4, "repeated")], [1, 2, 3, 4, 5]),
    (doubled, [(6, "duplicate")], [1, 2, 3, 4, 5]),
    (newer, [(5, "version")], [1, 2, 3, 4]),
    (not_object, [(3, "not an object")], [1, 2, 3, 4, 5]),
    (conflict_marks, [(3, "unreadable")], [1, 2, 3, 4, 5]),
    (fewer_keys, [(5, "envelope")], [1, 2, 3, 4]),
    (backwards, [(5, "clock")], [1, 2, 3, 4, 5]),
    (crlf, [(line, "edited") for line in range(1, 6)], []),
]


@pytest.mark.parametrize(("tamper", "problems", "standing"), CASES, ids=lambda case: getattr(case, "__name__", ""))
def test_each_kind_of_tampering_is_told_by_line_and_refused(
    log: Path, tamper: Callable[[Lines], Lines], problems: list[tuple[int, str]], standing: list[int]
) -> None:
    assert require_intact(read_log(log)) == ()
    log.write_bytes(b"".join(line + b"\n" for line in tamper(log.read_bytes().splitlines())))
    before = log.read_bytes()
    read = read_log(log)
    assert [(problem.line, problem.what) for problem in read.problems] == problems
    assert {problem.file for problem in read.problems} == {log.as_posix()}
    assert [event.seq for event in read.events] == standing
    with pytest.raises(MetareviewError, match=f"laptop.jsonl line {problems[0][0]} ") as caught:
        require_intact(read)
    assert caught.value.exit_code == STALE and "Nothing was changed" in caught.value.hint
    with pytest.raises(MetareviewError) as refused:
        append(log.parent.parent, "Anna", "laptop", "screening.vote", {})
    assert refused.value.exit_code == STALE
    assert log.read_bytes() == before and [path.name for path in log.parent.iterdir()] == [log.name]


def test_the_message_names_file_line_and_what_to_do(log: Path) -> None:
    log.write_bytes(log.read_bytes().replace(b'"r3"', b'"r9"'))
    with pytest.raises(MetareviewError) as caught:
        require_intact(read_journal(log.parent.parent))
    assert f"{log.as_posix()} line 3 was edited after it was written" in caught.value.message
    assert "Restore the file from git or a back-up" in caught.value.hint


def test_any_changed_byte_of_a_line_is_seen(log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    start = len(b"".join(lines[:2]))
    content = bytearray(log.read_bytes())
    for position in range(start, start + len(lines[2])):
        old = content[position]
        content[position] = old ^ 1
        log.write_bytes(content)
        broken = [problem for problem in read_log(log).problems if problem.what != "torn"]
        assert broken and broken[0].line == 3, position
        content[position] = old


def test_tampering_during_a_session_is_refused_at_the_next_append(log: Path) -> None:
    with OpenLog(log.parent.parent, "Anna", "laptop") as own:
        own.append("screening.vote", {"record": "r6"})
        log.write_bytes(log.read_bytes().replace(b'"r3"', b'"r9"'))
        with pytest.raises(MetareviewError, match="line 3 was edited"):
            own.append("screening.vote", {"record": "r7"})
    assert len(log.read_bytes().splitlines()) == 6
    with (
        pytest.raises(MetareviewError, match="line 3 was edited"),
        OpenLog(log.parent.parent, "Anna", "laptop"),
    ):
        pass


def test_a_log_in_the_wrong_place_is_told(log: Path, folder: Path) -> None:
    for place in ("bo/laptop.jsonl", "anna/desk.jsonl", "laptop.jsonl"):
        target = folder / place
        target.parent.mkdir(exist_ok=True)
        shutil.copy(log, target)
        read = read_journal(folder)
        assert {(p.file, p.what) for p in read.problems} == {(target.as_posix(), "misplaced")}
        assert [event.seq for event in read.events] == [1, 2, 3, 4, 5]
        with pytest.raises(MetareviewError, match=r"belongs in anna/laptop\.jsonl") as caught:
            require_intact(read)
        assert "PERSON/COMPUTER.jsonl" in caught.value.hint
        target.unlink()


@pytest.mark.parametrize("name", ["laptop (conflicted copy).jsonl", "laptop2.jsonl"])
@pytest.mark.parametrize("clock", [5, 50])
def test_one_id_with_two_contents_is_told_and_the_log_it_names_stands(
    log: Path, folder: Path, name: str, clock: int
) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    copy = log.with_name(name)
    copy.write_bytes(b"".join(lines[:4]) + rewrite(lines[4][:-1], clock=clock, data={"record": "other"}) + b"\n")
    read = read_journal(folder)
    assert ("duplicate", 5, copy.as_posix()) in {(p.what, p.line, p.file) for p in read.problems}
    assert [event.data["record"] for event in read.events] == ["r1", "r2", "r3", "r4", "r5"]
    with pytest.raises(MetareviewError):
        require_intact(read)


def test_a_replaced_event_that_is_not_here_is_a_warning(log: Path, folder: Path) -> None:
    append(folder, "Bo", "desk", "screening.vote", {}, ["anna/laptop:5"])
    assert read_journal(folder).problems == ()
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:4]))
    (warning,) = require_intact(read_journal(folder))
    assert (warning.what, warning.line) == ("missing", 1) and "anna/laptop:5" in warning.text


def test_the_head_shows_a_log_that_was_cut_off_whole(log: Path) -> None:
    before = read_log(log)
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:4]))
    after = read_log(log)
    assert after.problems == () and after.head != before.head
    append_many(log.parent.parent, "Anna", "laptop", [])
    assert read_log(log).head == after.head


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(MetareviewError, match="cannot be read"):
        read_log(tmp_path / "anna" / "laptop.jsonl")
    assert read_journal(tmp_path / "absent").events == ()


def test_the_order_is_that_of_the_events_that_stand(log: Path, folder: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    copy = log.with_name("aaa.jsonl")
    copy.write_bytes(rewrite(lines[4][:-1], clock=1) + b"\n")
    assert [event.seq for event in read_journal(folder).events] == [1, 2, 3, 4, 5]
