"""From the journal to coded rows: conflicts are seen, and the order of files does not matter."""

from __future__ import annotations

from pathlib import Path
from random import Random

from codebook_cases import coded
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.coding.events import RESOLVED, WITHDRAWN, fold
from metareview.journal.events import NO_PREVIOUS, Event, encode, sha256
from metareview.journal.reading import check_log, merge_logs

KEY = ("effect", "e1")


def resolved(person: str, clock: int, seq: int, take: str) -> Event:
    data = {"level": "effect", "row_id": "e1", "take": take, "by": person.title()}
    return Event(seq, clock, person, "pc", "2026-11-01T09:30:00Z", RESOLVED, data)


def test_one_coder_is_enough_and_the_row_walks_back_to_its_cell() -> None:
    event = coded("anna", 1, 1, "e1", {"a": 5.0})
    state = fold([event])
    row = state.rows["effect"]["e1"]
    assert (row.values, row.study_id, row.by, row.form, row.cell_row, row.event_id) == (
        {"a": 5.0}, "s1", "Anna", "data/coding/effects.csv", 2, "anna/pc:1",
    )  # fmt: skip
    assert state.conflicts == {}
    assert state.of_study("effect", "s1") == [row]
    assert state.of_study("effect", "s2") == state.of_study("study", "s1") == []


def test_coders_who_agree_are_no_conflict() -> None:
    state = fold([coded("anna", 1, 1, "e1", {"a": 5.0, "b": 1}), coded("bo", 1, 1, "e1", {"b": 1, "a": 5.0})])
    assert state.conflicts == {}
    assert state.rows["effect"]["e1"].by == "Anna"
    assert {row.by for row in state.standing[KEY]} == {"Anna", "Bo"}


def test_coders_who_differ_are_a_conflict_and_no_row_stands() -> None:
    for other in ({"a": 6.0}, {"a": 5.0, "b": 1}, {}):
        state = fold([coded("anna", 1, 1, "e1", {"a": 5.0}), coded("bo", 1, 1, "e1", other)])
        assert state.rows["effect"] == {}
        assert [r.by for r in state.conflicts[KEY]] == ["Anna", "Bo"]


def test_another_study_of_the_same_row_is_a_conflict() -> None:
    moved = coded("bo", 1, 1, "e1", {"a": 5.0})
    moved = Event(1, 1, "bo", "pc", moved.time, moved.kind, {**moved.data, "study_id": "s2"})
    assert KEY in fold([coded("anna", 1, 1, "e1", {"a": 5.0}), moved]).conflicts


def test_a_resolution_takes_one_row_and_keeps_the_others() -> None:
    events = [coded("anna", 1, 1, "e1", {"a": 5.0}), coded("bo", 1, 1, "e1", {"a": 6.0}), resolved("anna", 2, 2, "Bo")]
    state = fold(events)
    assert state.conflicts == {}
    assert state.rows["effect"]["e1"].values == {"a": 6.0}
    assert {row.by for row in state.standing[KEY]} == {"Anna", "Bo"}


def test_a_resolution_for_somebody_who_did_not_code_settles_nothing() -> None:
    events = [coded("anna", 1, 1, "e1", {"a": 5.0}), coded("bo", 1, 1, "e1", {"a": 6.0}), resolved("anna", 2, 2, "Cy")]
    assert KEY in fold(events).conflicts


def test_a_later_row_of_ones_own_replaces_the_earlier() -> None:
    events = [coded("anna", 1, 1, "e1", {"a": 5.0}), coded("anna", 2, 2, "e1", {"a": 6.0}, ("anna/pc:1",))]
    state = fold(events)
    assert state.conflicts == {}
    assert state.rows["effect"]["e1"].event_id == "anna/pc:2"


def test_a_coder_who_comes_round_ends_the_conflict() -> None:
    events = [
        coded("anna", 1, 1, "e1", {"a": 5.0}),
        coded("bo", 1, 1, "e1", {"a": 6.0}),
        coded("bo", 2, 2, "e1", {"a": 5.0}, ("bo/pc:1",)),
    ]
    assert fold(events[:2]).conflicts
    assert fold(events).conflicts == {}


def test_rows_stand_in_the_order_first_coded() -> None:
    events = [coded("anna", i, i, f"e{9 - i}", {}) for i in range(1, 5)]
    events.append(coded("anna", 9, 5, "e8", {"a": 1.0}, ("anna/pc:1",)))
    assert list(fold(events).rows["effect"]) == ["e8", "e7", "e6", "e5"]


WRITERS = [("anna", "laptop"), ("anna", "desk"), ("bo", "pc")]


@st.composite
def logs(draw: st.DrawFn) -> dict[Path, bytes]:
    """Logs of two coders, one on two computers, who have seen only some of the others' rows."""
    last: dict[tuple[str, str], tuple[int, int, str]] = dict.fromkeys(WRITERS, (0, 0, NO_PREVIOUS))
    content = dict.fromkeys(WRITERS, b"")
    mine: dict[tuple[str, str], list[str]] = {}
    for _ in range(draw(st.integers(0, 12))):
        person, computer = writer = draw(st.sampled_from(WRITERS))
        seen = draw(st.sets(st.sampled_from(WRITERS)))
        clock = 1 + max(last[w][0] for w in {writer, *seen})
        _, seq, head = last[writer]
        if draw(st.integers(0, 4)) == 0:
            event = resolved(person, clock, seq + 1, draw(st.sampled_from(["Anna", "Bo"])))
            event = Event(seq + 1, clock, person, computer, event.time, event.kind, event.data, (), head)
        else:
            row = draw(st.sampled_from(["e1", "e2"]))
            before = mine.get((person, row), []) if draw(st.booleans()) else []
            event = coded(person, clock, seq + 1, row, {"a": draw(st.integers(0, 1))}, tuple(before[-1:]), computer)
            event = Event(seq + 1, clock, person, computer, event.time, event.kind, event.data, event.replaces, head)
            mine.setdefault((person, row), []).append(event.id)
        content[writer] += encode(event) + b"\n"
        last[writer] = (clock, seq + 1, sha256(encode(event)))
    return {Path("journal", p, f"{c}.jsonl"): content[p, c] for p, c in WRITERS}


@settings(deadline=None)
@given(logs(), st.randoms(use_true_random=False))
def test_the_order_of_files_and_of_events_does_not_matter(files: dict[Path, bytes], random: Random) -> None:
    read = [check_log(path, content) for path, content in files.items()]
    events = list(merge_logs(read).events)
    random.shuffle(read)
    expected = fold(events)
    assert fold(merge_logs(read).events) == expected
    random.shuffle(events)
    again = fold(events)
    assert again == expected
    assert list(again.rows["effect"]) == list(expected.rows["effect"])
    for key, by_coder in expected.standing.items():
        stands = key[1] in expected.rows["effect"]
        assert stands != (key in expected.conflicts) or not by_coder


def test_two_people_who_resolve_otherwise_resolve_nothing() -> None:
    events = [coded("anna", 1, 1, "e1", {"a": 5.0}), coded("bo", 1, 1, "e1", {"a": 6.0})]
    both = [*events, resolved("anna", 2, 2, "Bo"), resolved("bo", 2, 2, "Anna")]
    state = fold(both)
    assert KEY in state.conflicts
    assert [r.take for r in state.resolutions[KEY]] == ["Bo", "Anna"]
    settled = Event(3, 3, "cy", "pc", "2026-11-01T09:30:00Z", RESOLVED,
                    {"level": "effect", "row_id": "e1", "take": "Anna", "by": "Cy"}, ("anna/pc:2", "bo/pc:2"))  # fmt: skip
    assert fold([*both, settled]).rows["effect"]["e1"].by == "Anna"


def test_one_coder_on_two_computers_is_a_conflict_until_recoded() -> None:
    here = coded("anna", 1, 1, "e1", {"a": 5.0})
    there = Event(1, 1, "anna", "laptop", here.time, here.kind, {**here.data, "values": {"a": 6.0}})
    assert [r.event_id for r in fold([here, there]).conflicts[KEY]] == ["anna/laptop:1", "anna/pc:1"]
    again = coded("anna", 2, 2, "e1", {"a": 6.0}, ("anna/pc:1", "anna/laptop:1"))
    assert fold([here, there, again]).rows["effect"]["e1"].event_id == "anna/pc:2"


def test_a_withdrawn_row_stands_nowhere() -> None:
    row = coded("anna", 1, 1, "e1", {"a": 5.0})
    data = {"level": "effect", "row_id": "e1", "reason": "coded under the wrong study", "by": "Anna"}
    gone = Event(2, 2, "anna", "pc", row.time, WITHDRAWN, data, ("anna/pc:1",))
    state = fold([row, gone])
    assert state.rows["effect"] == {} and state.conflicts == {} and state.standing[KEY] == ()
