"""Screening events made short, and journals of people who had seen only some of each other's votes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from metareview.journal.events import NO_PREVIOUS, Event, encode, sha256
from metareview.screening.events import LINKED, RESOLVED, RETRIEVED, UNDONE, VOTED

TIME = "2026-11-01T09:30:00Z"


def said(
    kind: str,
    person: str,
    seq: int,
    decision: str,
    reason: str = "",
    replaces: tuple[str, ...] = (),
    stage: str = "title",
    record: str = "r1",
    clock: int = 0,
    pc: str = "pc",
    **more: object,
) -> Event:
    data = {"stage": stage, "record": record, "by": person, "decision": decision, "reason": reason, "note": ""}
    return Event(seq, clock or seq, person, pc, TIME, kind, data | more, replaces)


def vote(person: str, seq: int, decision: str, reason: str = "", **more: object) -> Event:
    return said(VOTED, person, seq, decision, reason, **more)  # type: ignore[arg-type]


def resolution(
    person: str, seq: int, decision: str, reason: str = "", settles: Sequence[Event] = (), **more: object
) -> Event:
    return said(RESOLVED, person, seq, decision, reason, settles=[v.id for v in settles], **more)  # type: ignore[arg-type]


def undo(person: str, seq: int, *replaces: str) -> Event:
    return Event(seq, seq, person, "pc", TIME, UNDONE, {"stage": "title", "record": "r1", "by": person}, replaces)


def retrieval(person: str, seq: int, retrieved: bool, replaces: tuple[str, ...] = (), report: str = "r1") -> Event:
    data = {"report": report, "retrieved": retrieved, "reason": "" if retrieved else "no copy", "by": person}
    return Event(seq, seq, person, "pc", TIME, RETRIEVED, data, replaces)


def link(person: str, seq: int, study: str, replaces: tuple[str, ...] = (), report: str = "r1") -> Event:
    data = {"report": report, "study": study, "by": person}
    return Event(seq, seq, person, "pc", TIME, LINKED, data, replaces)


WRITERS = [("anna", "laptop"), ("anna", "desk"), ("bo", "pc"), ("cy", "pc")]


@st.composite
def logs(draw: st.DrawFn) -> dict[Path, bytes]:
    """Log path -> content."""
    last: dict[tuple[str, str], tuple[int, int, str]] = dict.fromkeys(WRITERS, (0, 0, NO_PREVIOUS))
    content = dict.fromkeys(WRITERS, b"")
    known: list[Event] = []
    for _ in range(draw(st.integers(0, 15))):
        person, computer = writer = draw(st.sampled_from(WRITERS))
        seen = {writer, *draw(st.sets(st.sampled_from(WRITERS)))}
        clock = 1 + max(last[w][0] for w in seen)
        _, seq, head = last[writer]
        own = [e.id for e in known if e.person == person and (e.person, e.computer) in seen]
        replaces = tuple(draw(st.lists(st.sampled_from(own), max_size=2, unique=True))) if own else ()
        made = draw(st.sampled_from([vote, vote, vote, resolution, "undo", "retrieval", "link"]))
        if made == "undo":
            shape = undo(person, seq + 1, *replaces)
        elif made == "retrieval":
            shape = retrieval(person, seq + 1, draw(st.booleans()), replaces)
        elif made == "link":
            shape = link(person, seq + 1, draw(st.sampled_from(["s1", "s2"])), replaces)
        else:
            decision = draw(st.sampled_from(["include", "exclude", "maybe"]))
            record = draw(st.sampled_from(["r1", "r2"]))
            shape = made(person, seq + 1, decision, replaces=replaces, record=record)  # type: ignore[operator]
        event = Event(seq + 1, clock, person, computer, TIME, shape.kind, shape.data, replaces, head)
        known.append(event)
        content[writer] += encode(event) + b"\n"
        last[writer] = (clock, seq + 1, sha256(encode(event)))
    return {Path("journal", p, f"{c}.jsonl"): content[p, c] for p, c in WRITERS}
