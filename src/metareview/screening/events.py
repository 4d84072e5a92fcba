"""What the journal says about screening, retrieval and studies, and how it folds into a state.

A vote names the vote it replaces, so a changed mind keeps the first vote, and two votes that do not know each other
stand side by side as a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from ..journal.events import Event, in_order
from ..journal.folding import heads

VOTED = "screening.voted"
UNDONE = "screening.undone"
RESOLVED = "screening.resolved"
RETRIEVED = "retrieval.closed"
LINKED = "study.linked"

Stage = Literal["title", "fulltext"]
Place = Callable[[str, Sequence[str]], str]
Name = Callable[[Event], str]
_K = TypeVar("_K")
_V = TypeVar("_V")
DECISIONS = ("include", "exclude", "maybe")


def as_written(event: Event) -> str:
    """Return who decided, as the event has it."""
    return str(event.data["by"])


@dataclass(frozen=True)
class Vote:
    """One person's judgement of one record at one stage; as a resolution it `settles` the votes with these ids."""

    event_id: str
    stage: str
    record: str
    by: str
    decision: str
    reason: str
    note: str
    time: str
    settles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Retrieval:
    """Whether a report's text was obtained, and if not, why."""

    event_id: str
    report: str
    retrieved: bool
    reason: str
    by: str
    time: str


@dataclass(frozen=True)
class Link:
    """One person's word that a report tells of a study."""

    event_id: str
    report: str
    study: str
    by: str


@dataclass(frozen=True)
class ScreeningState:
    """Everything judged so far.

    Attributes:
        votes: (stage, record) -> standing votes, in journal order; more than one a person only if they were cast
            without knowing of each other.
        first_votes: (stage, record) -> person -> the first vote that was not undone, never overwritten.
        resolutions: (stage, record) -> standing resolutions.
        retrievals: report -> standing outcomes of retrieval.
        links: report -> standing links; to more than one study they are a conflict.
    """

    votes: Mapping[tuple[str, str], tuple[Vote, ...]]
    first_votes: Mapping[tuple[str, str], Mapping[str, Vote]]
    resolutions: Mapping[tuple[str, str], tuple[Vote, ...]]
    retrievals: Mapping[str, tuple[Retrieval, ...]]
    links: Mapping[str, tuple[Link, ...]]


def fold(
    events: Iterable[Event], place: Place = lambda record, also: record, name: Name = as_written
) -> ScreeningState:
    """Fold the journal's events into the state of screening.

    Arguments:
        events: of the journal, in whatever order they are given.
        place: from the record of a decision, and those merged with it then, to the record it counts for now.
        name: the reviewer behind an event; a name respelt in the protocol is still one person.
    """
    mine = in_order(e for e in events if e.kind in (VOTED, UNDONE, RESOLVED, RETRIEVED, LINKED))
    standing = {e.id for e in heads(mine)}
    undone = {event_id for e in mine if e.kind == UNDONE for event_id in e.replaces}
    votes: dict[tuple[str, str], list[Vote]] = {}
    first: dict[tuple[str, str], dict[str, Vote]] = {}
    resolutions: dict[tuple[str, str], list[Vote]] = {}
    retrievals: dict[str, list[Retrieval]] = {}
    links: dict[str, list[Link]] = {}
    for event in mine:
        if event.kind == VOTED and event.id not in undone:
            vote = _vote(event, place, name)
            first.setdefault((vote.stage, vote.record), {}).setdefault(vote.by, vote)
        if event.id not in standing or event.kind == UNDONE:
            continue
        if event.kind in (VOTED, RESOLVED):
            vote = _vote(event, place, name)
            (votes if event.kind == VOTED else resolutions).setdefault((vote.stage, vote.record), []).append(vote)
            continue
        d = event.data
        report = place(d["report"], d.get("also", ()))
        if event.kind == RETRIEVED:
            outcome = Retrieval(event.id, report, d["retrieved"], d["reason"], name(event), event.time)
            retrievals.setdefault(report, []).append(outcome)
        else:
            links.setdefault(report, []).append(Link(event.id, report, d["study"], name(event)))
    return ScreeningState(_frozen(votes), first, _frozen(resolutions), _frozen(retrievals), _frozen(links))


def _vote(event: Event, place: Place, name: Name) -> Vote:
    d = event.data
    return Vote(
        event_id=event.id,
        stage=d["stage"],
        record=place(d["record"], d.get("also", ())),
        by=name(event),
        decision=d["decision"],
        reason=d["reason"],
        note=d["note"],
        time=event.time,
        settles=tuple(d.get("settles", ())),
    )


def _frozen(lists: dict[_K, list[_V]]) -> dict[_K, tuple[_V, ...]]:
    return {key: tuple(values) for key, values in lists.items()}
