"""What the journal says about screening, retrieval and studies, and how it folds into a state.

A vote names the vote it replaces, so a changed mind keeps the first vote, and two votes that do not know each other
stand side by side as a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from ..journal.events import Event, in_order

VOTED = "screening.voted"
UNDONE = "screening.undone"
RESOLVED = "screening.resolved"
RETRIEVED = "retrieval.closed"
LINKED = "study.linked"

Stage = Literal["title", "fulltext"]
_K = TypeVar("_K")
_V = TypeVar("_V")
DECISIONS = ("include", "exclude", "maybe")


@dataclass(frozen=True)
class Vote:
    """One person's judgement of one record at one stage."""

    event_id: str
    stage: str
    record: str
    by: str
    decision: str
    reason: str
    note: str
    time: str


@dataclass(frozen=True)
class Retrieval:
    """Whether a report's text was obtained, and if not, why."""

    report: str
    retrieved: bool
    reason: str
    by: str
    time: str


@dataclass(frozen=True)
class ScreeningState:
    """Everything judged so far.

    Attributes:
        votes: (stage, record) -> standing votes, in journal order; more than one a person only if they were cast
            without knowing of each other.
        first_votes: (stage, record) -> person -> the first vote that was not undone, never overwritten.
        resolutions: (stage, record) -> standing resolutions.
        retrievals: report -> standing outcomes of retrieval.
        links: report -> study ids it was linked to (more than one is a conflict).
    """

    votes: Mapping[tuple[str, str], tuple[Vote, ...]]
    first_votes: Mapping[tuple[str, str], Mapping[str, Vote]]
    resolutions: Mapping[tuple[str, str], tuple[Vote, ...]]
    retrievals: Mapping[str, tuple[Retrieval, ...]]
    links: Mapping[str, tuple[str, ...]]


def fold(events: Iterable[Event], stands_for: Callable[[str], str] = lambda record: record) -> ScreeningState:
    """Fold the journal's events into the state of screening.

    Arguments:
        events: of the journal, in whatever order they are given.
        stands_for: maps a record id to the record kept for it, so that votes on a duplicate count for its record.
    """
    mine = in_order(e for e in events if e.kind in (VOTED, UNDONE, RESOLVED, RETRIEVED, LINKED))
    replaced = {event_id for e in mine for event_id in e.replaces}
    undone = {event_id for e in mine if e.kind == UNDONE for event_id in e.replaces}
    votes: dict[tuple[str, str], list[Vote]] = {}
    first: dict[tuple[str, str], dict[str, Vote]] = {}
    resolutions: dict[tuple[str, str], list[Vote]] = {}
    retrievals: dict[str, list[Retrieval]] = {}
    links: dict[str, list[str]] = {}
    for event in mine:
        standing = event.id not in replaced
        if event.kind == VOTED:
            vote = _vote(event, stands_for)
            key = (vote.stage, vote.record)
            if event.id not in undone:
                first.setdefault(key, {}).setdefault(vote.by, vote)
            if standing:
                votes.setdefault(key, []).append(vote)
        elif event.kind == RESOLVED and standing:
            vote = _vote(event, stands_for)
            resolutions.setdefault((vote.stage, vote.record), []).append(vote)
        elif event.kind == RETRIEVED and standing:
            report = stands_for(event.data["report"])
            outcome = Retrieval(report, event.data["retrieved"], event.data["reason"], event.data["by"], event.time)
            retrievals.setdefault(report, []).append(outcome)
        elif event.kind == LINKED and standing:
            study = event.data["study"]
            known = links.setdefault(stands_for(event.data["report"]), [])
            if study not in known:
                known.append(study)
    return ScreeningState(_frozen(votes), first, _frozen(resolutions), _frozen(retrievals), _frozen(links))


def _vote(event: Event, stands_for: Callable[[str], str]) -> Vote:
    d = event.data
    return Vote(
        event.id,
        d["stage"],
        stands_for(d["record"]),
        d["by"],
        d["decision"],
        d["reason"],
        d["note"],
        event.time,
    )


def _frozen(lists: dict[_K, list[_V]]) -> dict[_K, tuple[_V, ...]]:
    return {key: tuple(values) for key, values in lists.items()}
