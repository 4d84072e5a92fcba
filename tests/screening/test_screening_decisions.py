"""From votes to decisions: what is pending, decided and in conflict."""

from __future__ import annotations

import pytest
from screening_cases import resolution, undo, vote

from metareview.journal.events import Event
from metareview.screening.decisions import CONFLICT, DECIDED, PENDING, Decision, decide
from metareview.screening.events import fold


def where(*events: Event, needed: int = 2, stage: str = "title") -> Decision:
    return decide(fold(events), stage, "r1", needed)


def test_a_record_waits_until_enough_people_voted() -> None:
    assert (where().status, where().missing, where().votes) == (PENDING, 2, ())
    one = where(vote("anna", 1, "include"))
    assert (one.status, one.missing, one.decision) == (PENDING, 1, "")
    assert where(vote("anna", 1, "include"), needed=1).status == DECIDED
    three = where(vote("anna", 1, "include"), vote("bo", 2, "include"), needed=3)
    assert (three.status, three.missing) == (PENDING, 1)


def test_two_votes_of_one_person_are_not_two_people() -> None:
    twice = where(vote("anna", 1, "include", pc="desk"), vote("anna", 1, "include", pc="laptop"))
    assert (twice.status, twice.missing, len(twice.votes)) == (PENDING, 1, 2)


def test_a_person_who_contradicts_themself_unknowingly_is_a_conflict() -> None:
    events = [vote("anna", 1, "include", pc="desk"), vote("anna", 1, "exclude", pc="laptop")]
    for needed in (1, 2):
        found = where(*events, needed=needed)
        assert (found.status, found.by, len(found.votes)) == (CONFLICT, ("anna",), 2)
        assert found.why
    settled = where(*events, resolution("bo", 2, "include", settles=events), needed=1)
    assert (settled.status, settled.decision) == (DECIDED, "include")


@pytest.mark.parametrize("decision", ["include", "exclude"])
def test_votes_that_agree_decide(decision: str) -> None:
    found = where(vote("anna", 1, decision), vote("bo", 2, decision))
    assert (found.status, found.decision, found.by, found.missing) == (DECIDED, decision, ("anna", "bo"), 0)


def test_a_third_vote_that_differs_makes_a_conflict_of_a_decision() -> None:
    events = [vote("anna", 1, "include"), vote("bo", 2, "include")]
    assert where(*events).status == DECIDED
    assert where(*events, vote("cy", 3, "exclude")).status == CONFLICT


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("include", "exclude", "the votes disagree"),
        ("include", "maybe", "the votes disagree"),
        ("exclude", "maybe", "the votes disagree"),
        ("maybe", "maybe", "a maybe needs a resolution"),
    ],
)
def test_votes_that_differ_and_maybes_are_conflicts(first: str, second: str, why: str) -> None:
    found = where(vote("anna", 1, first), vote("bo", 2, second))
    assert (found.status, found.decision, found.why) == (CONFLICT, "", why)
    assert len(found.votes) == 2


def test_a_single_maybe_waits_for_a_resolution_when_one_vote_is_enough() -> None:
    assert where(vote("anna", 1, "maybe"), needed=1).status == CONFLICT


def test_reasons_that_differ_are_a_conflict_at_full_text_only() -> None:
    def votes(stage: str) -> list[Event]:
        return [
            vote("anna", 1, "exclude", "no_text", stage=stage),
            vote("bo", 2, "exclude", "no_comparison", stage=stage),
        ]

    title = where(*votes("title"))
    assert (title.status, title.decision) == (DECIDED, "exclude")
    full = where(*votes("fulltext"), stage="fulltext")
    assert (full.status, full.why) == (CONFLICT, "the exclusion reasons differ")
    same = [vote(p, i, "exclude", "no_text", stage="fulltext") for i, p in enumerate(("anna", "bo"), start=1)]
    assert where(*same, stage="fulltext").reason == "no_text"


def test_stages_and_records_do_not_touch_each_other() -> None:
    events = [
        vote("anna", 1, "include"),
        vote("bo", 2, "include", stage="fulltext"),
        vote("cy", 3, "include", record="r2"),
    ]
    assert where(*events).missing == 1
    assert where(*events, stage="fulltext").missing == 1
    every = [decide(fold(events), "title", record, 1) for record in ("r2", "r1", "r9")]
    assert [(d.record, d.status) for d in every] == [("r2", DECIDED), ("r1", DECIDED), ("r9", PENDING)]


def test_a_resolution_decides_and_the_votes_stay() -> None:
    votes = [vote("anna", 1, "include"), vote("bo", 2, "exclude")]
    found = where(*votes, resolution("cy", 3, "exclude", "no_text", settles=votes))
    assert (found.status, found.decision, found.reason, found.by) == (DECIDED, "exclude", "no_text", ("cy",))
    assert [v.by for v in found.votes] == ["anna", "bo"]
    assert where(*votes, resolution("cy", 3, "include", settles=votes, stage="fulltext")).status == CONFLICT


def test_two_resolutions_that_differ_are_a_conflict_until_one_replaces_the_other() -> None:
    votes = [vote("anna", 1, "include"), vote("bo", 2, "exclude")]
    cy = resolution("cy", 3, "include", settles=votes)
    both = [*votes, cy, resolution("dee", 3, "exclude", "no_text", settles=votes)]
    assert (where(*both).status, where(*both).why) == (CONFLICT, "two resolutions disagree")
    agreed = [*votes, cy, resolution("dee", 3, "include", settles=votes)]
    assert (where(*agreed).status, where(*agreed).by) == (DECIDED, ("cy", "dee"))
    settled = [*both, resolution("anna", 4, "include", settles=votes, replaces=("cy/pc:3", "dee/pc:3"))]
    assert (where(*settled).status, where(*settled).decision) == (DECIDED, "include")


def test_a_resolution_stands_only_while_the_votes_are_those_it_settled() -> None:
    votes = [vote("anna", 1, "include"), vote("bo", 2, "exclude")]
    settled = [*votes, resolution("cy", 3, "exclude", settles=votes)]
    assert where(*settled).status == DECIDED
    another = where(*settled, vote("dee", 4, "include"))
    assert (another.status, another.why, len(another.votes)) == (CONFLICT, "the votes disagree", 3)
    undone = where(*settled, undo("bo", 4, "bo/pc:2"))
    assert (undone.status, undone.missing) == (PENDING, 1)
    changed = where(*settled, vote("bo", 4, "include", replaces=("bo/pc:2",)))
    assert (changed.status, changed.decision, changed.by) == (DECIDED, "include", ("anna", "bo"))
    late = [votes[0], resolution("cy", 3, "exclude", settles=votes[:1]), votes[1]]
    assert where(*late).status == CONFLICT


def test_reasons_of_one_person_that_differ_are_a_conflict_at_full_text_only() -> None:
    for stage, status in (("title", DECIDED), ("fulltext", CONFLICT)):
        events = [
            vote("anna", 1, "exclude", "no_text", pc="desk", stage=stage),
            vote("anna", 1, "exclude", "no_comparison", pc="laptop", stage=stage),
        ]
        assert where(*events, needed=1, stage=stage).status == status


def test_an_undone_vote_is_missing_again() -> None:
    events = [vote("anna", 1, "include"), vote("bo", 2, "include"), undo("bo", 3, "bo/pc:2")]
    assert (where(*events).status, where(*events).missing) == (PENDING, 1)
    assert where(*events, vote("bo", 4, "include")).status == DECIDED
