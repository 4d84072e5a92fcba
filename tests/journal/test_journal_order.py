from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.journal.events import NO_PREVIOUS, Event, encode, sha256
from metareview.journal.folding import heads
from metareview.journal.reading import LogRead, check_log, last_clock, merge_logs, read_journal
from metareview.journal.writing import OpenLog, append

WRITERS = [("anna", "laptop"), ("anna", "desk"), ("bo", "laptop"), ("cy", "pc")]


@st.composite
def journals(draw: st.DrawFn) -> list[LogRead]:
    """Logs of several writers who at each step have seen only some of the others' events."""
    heads_of = dict.fromkeys(WRITERS, (0, NO_PREVIOUS, 0))
    contents = dict.fromkeys(WRITERS, b"")
    for step in range(draw(st.integers(0, 25))):
        writer = draw(st.sampled_from(WRITERS))
        seen = draw(st.sets(st.sampled_from(WRITERS)))
        clock = 1 + max(heads_of[other][2] for other in {writer, *seen})
        seq, prev, _ = heads_of[writer]
        known = [f"{p}/{c}:{heads_of[p, c][0]}" for p, c in sorted({writer, *seen}) if heads_of[p, c][0]]
        replaces = draw(st.lists(st.sampled_from(known), max_size=2)) if known else []
        event = Event(seq + 1, clock, *writer, "2026-11-01T09:30:00Z", "test.step", {"n": step}, tuple(replaces), prev)
        contents[writer] += encode(event) + b"\n"
        heads_of[writer] = (seq + 1, sha256(encode(event)), clock)
    logs = [check_log(Path("journal", person, f"{pc}.jsonl"), contents[person, pc]) for person, pc in WRITERS]
    extra = draw(st.sampled_from(["none", "copy", "torn"]))
    if extra == "copy":
        logs.append(check_log(Path("journal/anna/laptop-copy.jsonl"), contents["anna", "laptop"]))
    if extra == "torn":
        logs.append(check_log(Path("journal/dee/pc.jsonl"), b'{"v":1,"seq":1'))
    return logs


@settings(deadline=None)
@given(journals(), st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_matter(logs: list[LogRead], random: Random) -> None:
    shuffled = list(logs)
    random.shuffle(shuffled)
    first, second = merge_logs(logs), merge_logs(shuffled)
    assert first == second
    assert list(first.events) == sorted(first.events, key=lambda e: (e.clock, e.person, e.computer, e.seq))
    mixed = list(first.events)
    random.shuffle(mixed)
    assert heads(mixed) == heads(first.events)
    assert heads(mixed) == heads(first.events)


@settings(deadline=None)
@given(journals())
def test_what_a_writer_had_seen_comes_before_what_it_wrote(logs: list[LogRead]) -> None:
    place = {event.id: number for number, event in enumerate(merge_logs(logs).events)}
    for log in logs:
        for event in log.events:
            assert all(place[name] < place[event.id] for name in event.replaces)


def event(person: str, clock: int, *replaces: str) -> Event:
    return Event(clock, clock, person, "pc", "2026-11-01T09:30:00Z", "test.step", {}, replaces)


def test_heads_are_what_nothing_later_replaces() -> None:
    first, second = event("anna", 1), event("bo", 2, "anna/pc:1")
    third, fourth = event("anna", 3, "bo/pc:2"), event("bo", 3, "bo/pc:2")
    assert heads([second, first]) == [second]
    assert heads([third, second, first]) == [third], "what was replaced does not come back"
    assert heads([first, second, third, fourth]) == [third, fourth], "contrary decisions both stay"


def test_a_claim_to_replace_itself_or_something_later_counts_for_nothing() -> None:
    own = event("anna", 1, "anna/pc:1", "bo/pc:2")
    later = event("bo", 2, "nobody/pc:9")
    assert heads([own, later]) == [own, later]


def test_the_clock_is_one_more_than_any_clock_seen(folder: Path) -> None:
    assert [append(folder, "anna", "pc", "test.step", {}).clock for _ in range(3)] == [1, 2, 3]
    with OpenLog(folder, "bo", "pc") as bo:
        assert bo.append("test.step", {}).clock == 4
        assert append(folder, "anna", "pc", "test.step", {}).clock == 5
        assert bo.append("test.step", {}).clock == 6
        assert bo.append("test.step", {}).clock == 7
    assert [e.clock for e in read_journal(folder).events] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("block", [16, 300, 16384])
def test_the_last_clock_is_found_behind_torn_and_edited_lines(log: Path, block: int) -> None:
    assert last_clock(log, block) == 5
    with log.open("ab") as stream:
        stream.write(b'{"v":1,"seq":6,"clock":99,' + b" " * 500 + b"\n" + b'{"v":1,"seq":7,"clock":999')
    assert last_clock(log, block) == 5
    log.write_bytes(log.read_bytes().replace(b'"clock":5', b'"clock":77'))
    assert last_clock(log, block) == 4
    assert last_clock(log.with_name("absent.jsonl"), block) == 0
    log.write_bytes(b"no events\n")
    assert last_clock(log, block) == 0
