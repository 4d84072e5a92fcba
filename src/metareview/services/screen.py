"""screen: votes one at a time, decided by rule, with conflicts, their resolution, and agreement."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from ..errors import MetareviewError, MetareviewWarning
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..journal.events import Event
from ..literature.merging import MergedField
from ..literature.records import Record
from ..protocol.models import Protocol
from ..screening import agreement as agreements
from ..screening.agreement import Agreement
from ..screening.decisions import CONFLICT, DECIDED, Decision
from ..screening.events import DECISIONS, RESOLVED, UNDONE, VOTED, Stage, Vote
from ..tabular import read_table
from .state import ReviewState, load_state

Append = Callable[[Sequence[Draft]], list[Event]]
STAGES: tuple[Stage, ...] = ("title", "fulltext")


@dataclass(frozen=True)
class Progress:
    """How far a stage is: records to decide, decided, in conflict, and those waiting for this person's vote."""

    total: int
    decided: int
    conflicts: int
    waiting: int


class Session:
    """One person's screening session: the next record, a vote on disk before the next is drawn, and undo.

    Arguments:
        folder: the review; stage: "title" or "fulltext"; by: a reviewer of the protocol.
    """

    def __init__(self, folder: ReviewFolder, stage: Stage, by: str | None = None) -> None:
        self.folder = folder
        self.stage = stage
        self.person = folder.person(by)
        self._state = load_state(folder)
        if self._state.literature.stale:
            warnings.warn(
                "the duplicates are out of date; run `metareview dedupe` first", MetareviewWarning, stacklevel=2
            )
        self._queue = _queue(self._state, stage, self.person)
        self._cast: list[tuple[str, str]] = []
        self._log = folder.open_log(self.person)

    def next(self) -> Record | None:
        """Return the next record that waits for this person's vote, as its copies tell it together; None when all have it."""
        return self._state.merged(self._queue[0]).record if self._queue else None

    def borrowed(self) -> tuple[MergedField, ...]:
        """Return what `next` shows of other copies than the record itself, each with its source."""
        return self._state.merged(self._queue[0]).borrowed if self._queue else ()

    @property
    def waiting(self) -> int:
        """How many records wait for this person's vote."""
        return len(self._queue)

    def vote(self, decision: str, reason: str = "", note: str = "") -> str:
        """Cast a vote on the record that `next` shows; it is on disk when this returns. Returns the event's id."""
        record = self._queue[0]
        votes = [(record, decision, reason, note)]
        event_id = cast(self.folder, self.stage, votes, self.person, self._state, self._log.append_many)[0]
        self._cast.append((record, event_id))
        self._queue.pop(0)
        return event_id

    def undo(self) -> Record | None:
        """Take back the last vote of this session and show its record again; None when there is none."""
        if not self._cast:
            return None
        record, event_id = self._cast.pop()
        undo(self.folder, self.stage, record, self.person, event_id)
        self._queue.insert(0, record)
        return self.next()


def cast(
    folder: ReviewFolder,
    stage: Stage,
    votes: Sequence[tuple[str, str, str, str]],
    by: str | None,
    state: ReviewState | None = None,
    append: Append | None = None,
) -> list[str]:
    """Cast votes (record, decision, reason, note), all or none; a changed mind replaces one's own standing vote.

    Arguments:
        state: the state to judge by, when it is folded already. append: writes the events, when a log is open.

    Returns:
        The ids of the new events; a vote that stands already is not cast again.

    Raises:
        MetareviewError: a record, decision or reason is not one of this review; nothing was written then.
    """
    person = folder.person(by)
    state = state or load_state(folder)
    drafts = []
    for record, decision, reason, note in votes:
        kept = _checked(folder.protocol, state, stage, record, decision, reason)
        own = [v for v in state.screening.votes.get((stage, kept), ()) if v.by == person]
        if [(v.decision, v.reason, v.note) for v in own] != [(decision, reason, note)]:
            data = _data(state, stage, kept, person, decision, reason, note)
            drafts.append(Draft(VOTED, data, [v.event_id for v in own]))
    write = append or (lambda found: folder.append(person, found))
    return [e.id for e in write(drafts)]


def undo(folder: ReviewFolder, stage: Stage, record: str, by: str | None, event_id: str | None = None) -> Vote | None:
    """Take back one's own standing vote on a record.

    Raises:
        MetareviewError: this person has no standing vote on the record.
    """
    person = folder.person(by)
    state = load_state(folder)
    kept = state.literature.stands_for(record)
    own = [v for v in state.screening.votes.get((stage, kept), ()) if v.by == person]
    own = [v for v in own if event_id is None or v.event_id == event_id]
    if not own:
        raise MetareviewError(
            f"{person} has no standing {stage} vote on `{record}`", "`metareview show ID` tells who voted."
        )
    data = {"stage": stage, "record": kept, "by": person}
    folder.append(person, [Draft(UNDONE, data, [v.event_id for v in own])])
    return own[-1]


def resolve(
    folder: ReviewFolder,
    stage: Stage,
    record: str,
    decision: str,
    reason: str = "",
    note: str = "",
    by: str | None = None,
) -> Decision:
    """Settle a conflict; the votes stay as they are.

    Raises:
        MetareviewError: the record is not in conflict, or the decision or reason is not one of this review.
    """
    person = folder.person(by)
    state = load_state(folder)
    if decision == "maybe":
        raise MetareviewError("a resolution is include or exclude", "Say one of the two.")
    kept = _checked(folder.protocol, state, stage, record, decision, reason)
    standing = state.screening.resolutions.get((stage, kept), ())
    if state.decision(stage, kept).status != CONFLICT and not standing:
        raise MetareviewError(f"`{kept}` is not in conflict at {stage}", "`metareview screen conflicts` lists what is.")
    data = _data(state, stage, kept, person, decision, reason, note)
    settled = {"settles": [v.event_id for v in state.screening.votes.get((stage, kept), ())]}
    folder.append(person, [Draft(RESOLVED, data | settled, [v.event_id for v in standing])])
    return load_state(folder).decision(stage, kept)


def import_votes(folder: ReviewFolder, path: Path, stage: Stage, by: str | None = None) -> int:
    """Cast the votes of a table with columns record, decision and optionally reason, note and reviewer.

    Raises:
        MetareviewError: naming every wrong row; nothing was written then.
    """
    table = read_table(path)
    missing = [c for c in ("record", "decision") if c not in table.columns]
    if missing:
        raise MetareviewError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            "The heading is: record, decision, reason, note, reviewer (the last three may be absent).",
        )
    state = load_state(folder)
    by_person: dict[str, list[tuple[str, str, str, str]]] = {}
    rows_of: dict[tuple[str, str], int] = {}
    problems = []
    for number, row in table.rows:
        cells = {c: str(row.get(c) or "").strip() for c in ("record", "decision", "reason", "note", "reviewer")}
        try:
            person = folder.person(cells["reviewer"] or by)
            kept = _checked(folder.protocol, state, stage, cells["record"], cells["decision"], cells["reason"])
            first = rows_of.setdefault((person, kept), number)
            if first != number:
                raise MetareviewError(f"`{cells['record']}` has a vote of {person} in row {first} already")
        except MetareviewError as error:
            problems.append(f"  row {number}: {error.message}")
            continue
        vote = (cells["record"], cells["decision"], cells["reason"], cells["note"])
        by_person.setdefault(person, []).append(vote)
    if problems:
        raise MetareviewError(f"{path}: nothing was imported, because\n" + "\n".join(problems), "Mend the rows named.")
    done: dict[str, int] = {}
    for person, votes in by_person.items():
        try:
            done[person] = len(cast(folder, stage, votes, person, state))
        except MetareviewError as error:
            told = "".join(f"; {n} votes of {name} were cast before that" for name, n in done.items())
            raise MetareviewError(error.message + told, error.hint, error.exit_code) from None
    return sum(done.values())


def conflicts(folder: ReviewFolder, stage: Stage | None = None) -> list[tuple[Record, Decision]]:
    """Return the records whose votes do not agree, with who said what."""
    state = load_state(folder)
    found = []
    for each in STAGES if stage is None else (stage,):
        for record in candidates(state, each):
            decision = state.decision(each, record)
            if decision.status == CONFLICT:
                found.append((state.records[record], decision))
    return found


def agreement(folder: ReviewFolder, stage: Stage) -> list[Agreement]:
    """Return the agreement of every two people who voted on the same records."""
    state = load_state(folder)
    people = sorted({p for (s, _), votes in state.screening.first_votes.items() if s == stage for p in votes})
    found = [agreements.agreement(state.screening, stage, a, b) for a, b in combinations(people, 2)]
    return [a for a in found if a.n]


def progress(state: ReviewState, stage: Stage, person: str = "") -> Progress:
    """Return how far a stage is."""
    decisions = [state.decision(stage, record) for record in candidates(state, stage)]
    waiting = len(_queue(state, stage, person)) if person else 0
    decided = sum(d.status == "decided" for d in decisions)
    return Progress(len(decisions), decided, sum(d.status == CONFLICT for d in decisions), waiting)


def candidates(state: ReviewState, stage: Stage) -> list[str]:
    """Return what is judged at a stage: records on title and abstract, retrieved reports on full text."""
    return state.screened_records() if stage == "title" else state.assessable()


def _queue(state: ReviewState, stage: Stage, person: str) -> list[str]:
    found = []
    for record in candidates(state, stage):
        voters = {v.by for v in state.screening.votes.get((stage, record), ())}
        resolved = state.decision(stage, record).status == DECIDED  # by a resolution that stands
        if person not in voters and len(voters) < state.needed(stage, record) and not resolved:
            found.append(record)
    return found


def _checked(protocol: Protocol, state: ReviewState, stage: Stage, record: str, decision: str, reason: str) -> str:
    if record not in state.records:
        raise MetareviewError(f"there is no record `{record}`", "`metareview records` lists them.")
    kept = state.literature.stands_for(record)
    if not state.judged_at(stage, kept):
        raise MetareviewError(f"`{record}` is not judged at {stage}: {_why_not(state, stage, kept)}")
    if decision not in DECISIONS:
        raise MetareviewError(f"`{decision}` is not a decision", f"Say one of {', '.join(DECISIONS)}.")
    codes = protocol.reason_codes(stage)
    if decision == "exclude" and stage == "fulltext" and not reason:
        raise MetareviewError(f"excluding `{record}` at full text needs a reason", f"Say one of {', '.join(codes)}.")
    if decision != "exclude" and reason:
        raise MetareviewError(f"`{record}`: a reason belongs to an exclusion, not to {decision}")
    if reason and reason not in codes:
        close = difflib.get_close_matches(reason, codes, n=1)
        raise MetareviewError(
            f"`{reason}` is not a {stage} exclusion reason of the protocol"
            + (f"; did you mean `{close[0]}`?" if close else ""),
            f"The protocol has {', '.join(codes)}.",
        )
    return kept


def _why_not(state: ReviewState, stage: Stage, record: str) -> str:
    if state.origin[record].track == "practice":
        return "it is practice knowledge, which is listed and never screened with the studies"
    if stage == "fulltext" and not state.included("title", record):
        return "it was not included on title and abstract"
    return "its text was not retrieved (`metareview retrieve record`)"


def _data(
    state: ReviewState, stage: str, record: str, person: str, decision: str, reason: str, note: str
) -> dict[str, Any]:
    data = {"stage": stage, "record": record, "by": person, "decision": decision, "reason": reason, "note": note}
    return data | state.literature.also(record)
