"""From the journal to the state of screening."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from screening_cases import link, logs, retrieval, undo, vote

from metareview.journal.reading import check_log, merge_logs
from metareview.screening.agreement import agreement
from metareview.screening.decisions import CONFLICT, DECIDED, PENDING, decide
from metareview.screening.events import VOTED, ScreeningState, fold

KEY = ("title", "r1")


def studies(state: ScreeningState, report: str) -> list[str]:
    return [link.study for link in state.links[report]]


def test_a_changed_mind_stands_and_the_first_vote_is_kept() -> None:
    events = [
        vote("anna", 1, "include"),
        vote("bo", 2, "exclude"),
        vote("anna", 3, "exclude", replaces=("anna/pc:1",)),
        vote("anna", 4, "maybe", replaces=("anna/pc:3",)),
    ]
    state = fold(events)
    assert [(v.by, v.decision) for v in state.votes[KEY]] == [("bo", "exclude"), ("anna", "maybe")]
    assert {by: v.decision for by, v in state.first_votes[KEY].items()} == {"anna": "include", "bo": "exclude"}


def test_agreement_counts_first_votes_only() -> None:
    events = [
        vote("anna", 1, "include"),
        vote("bo", 2, "exclude"),
        vote("bo", 3, "include", replaces=("bo/pc:2",)),
        vote("anna", 4, "include", record="r2"),
        vote("bo", 5, "include", record="r2"),
        vote("anna", 6, "include", record="r3"),
        vote("bo", 7, "include", stage="fulltext"),
    ]
    found = agreement(fold(events), "title", "anna", "bo")
    assert (found.n, found.observed) == (2, 0.5)
    assert found.table == {("include", "exclude"): 1, ("include", "include"): 1}
    assert agreement(fold(events), "title", "bo", "anna").table[("exclude", "include")] == 1
    assert agreement(fold(events), "fulltext", "anna", "bo").n == 0


def test_an_undone_vote_counts_nowhere() -> None:
    slip = [vote("anna", 1, "exclude"), undo("anna", 2, "anna/pc:1")]
    state = fold(slip)
    assert state.votes == {}
    assert state.first_votes == {}
    state = fold([*slip, vote("anna", 3, "include")])
    assert state.first_votes[KEY]["anna"].decision == "include"
    assert [v.event_id for v in state.votes[KEY]] == ["anna/pc:3"]


def test_taking_back_a_changed_mind_keeps_the_first_vote() -> None:
    events = [
        vote("anna", 1, "include"),
        vote("anna", 2, "exclude", replaces=("anna/pc:1",)),
        undo("anna", 3, "anna/pc:2"),
    ]
    state = fold(events)
    assert KEY not in state.votes
    assert state.first_votes[KEY]["anna"].decision == "include"


def test_votes_on_a_duplicate_count_for_the_record_kept() -> None:
    events = [vote("anna", 1, "include", record="r1"), vote("bo", 2, "include", record="r2")]
    state = fold(events, lambda record, also: {"r1": "r1", "r2": "r1"}[record])
    assert decide(state, "title", "r1", 2).status == DECIDED
    assert decide(fold(events), "title", "r1", 2).status == PENDING
    both = fold([retrieval("anna", 1, True, report="r2"), link("anna", 2, "s1", report="r2")], lambda *_: "r1")
    assert (list(both.retrievals), list(both.links), studies(both, "r1")) == (["r1"], ["r1"], ["s1"])


def test_a_decision_keeps_the_records_merged_when_it_was_made() -> None:
    asked: list[tuple[str, list[str]]] = []

    def place(record: str, also: Sequence[str]) -> str:
        asked.append((record, list(also)))
        return also[0] if also else record

    state = fold([vote("anna", 1, "include", also=["r2", "r3"]), vote("bo", 2, "include")], place)
    assert set(state.votes) == {("title", "r2"), ("title", "r1")} == set(state.first_votes)
    assert {(r, tuple(also)) for r, also in asked} == {("r1", ("r2", "r3")), ("r1", ())}


def test_a_name_respelt_is_one_person() -> None:
    events = [vote("anna", 1, "include"), vote("anna", 2, "exclude", pc="laptop", record="r2")]
    state = fold(events, name=lambda event: event.person.title())
    assert {v.by for votes in state.votes.values() for v in votes} == {"Anna"}
    assert [list(found) for found in state.first_votes.values()] == [["Anna"], ["Anna"]]


def test_retrievals_and_links_that_differ_stand_side_by_side() -> None:
    state = fold([retrieval("anna", 1, True), retrieval("bo", 1, False), link("anna", 2, "s1"), link("bo", 2, "s2")])
    assert [(r.by, r.retrieved, r.reason) for r in state.retrievals["r1"]] == [
        ("anna", True, ""),
        ("bo", False, "no copy"),
    ]
    assert studies(state, "r1") == ["s1", "s2"] and [x.by for x in state.links["r1"]] == ["anna", "bo"]
    assert [x.event_id for x in state.links["r1"]] == ["anna/pc:2", "bo/pc:2"]
    later = fold([link("anna", 1, "s1"), link("bo", 1, "s1"), link("anna", 2, "s2", ("anna/pc:1", "bo/pc:1"))])
    assert studies(later, "r1") == ["s2"]
    assert studies(fold([link("anna", 1, "s1"), link("bo", 1, "s1")]), "r1") == ["s1", "s1"]


@settings(deadline=None)
@given(logs(), st.randoms(use_true_random=False), st.integers(1, 3))
def test_the_order_of_files_and_of_events_does_not_matter(
    files: dict[Path, bytes], random: Random, needed: int
) -> None:
    read = [check_log(path, content) for path, content in files.items()]
    events = list(merge_logs(read).events)
    state = fold(events)
    random.shuffle(read)
    assert fold(merge_logs(read).events) == state
    random.shuffle(events)
    again = fold(events)
    assert again == state
    assert list(again.first_votes) == list(state.first_votes)
    for record in ("r1", "r2"):
        found = decide(state, "title", record, needed)
        assert decide(again, "title", record, needed) == found
        assert (found.status == DECIDED) == (found.decision in ("include", "exclude"))
        assert (found.status == CONFLICT) == bool(found.why)
        assert (found.status == PENDING) == (found.missing > 0)


@settings(deadline=None)
@given(logs())
def test_a_first_vote_once_there_only_goes_by_undoing_it(files: dict[Path, bytes]) -> None:
    events = merge_logs([check_log(path, content) for path, content in files.items()]).events
    undone = {name for e in events if e.kind == "screening.undone" for name in e.replaces}
    kept = [e for e in events if e.kind == VOTED and e.id not in undone]
    earliest: dict[tuple[str, str], str] = {}
    for event in kept:
        earliest.setdefault((event.data["record"], event.person), event.id)
    found = fold(events).first_votes
    assert {(r, by): v.event_id for (_, r), votes in found.items() for by, v in votes.items()} == earliest
