"""Judgements of certainty: each has a name and a date, and nobody's is overwritten by another's."""

from __future__ import annotations

from itertools import permutations

from metareview.journal.events import Event
from metareview.lessons.events import JUDGED, Judgement, fold

ABOUT = "greening/crime_total"


def judged(person: str, seq: int, certainty: str, replaces: tuple[str, ...] = (), about: str = ABOUT) -> Event:
    data = {"about": about, "certainty": certainty, "reason": f"reason {seq}", "by": person.title()}
    return Event(seq, seq, person, "pc", f"2026-11-{seq:02d}T09:30:00Z", JUDGED, data, replaces)


def test_a_judgement_has_a_name_a_reason_and_a_date() -> None:
    assert fold([judged("anna", 3, "low")]) == {ABOUT: (Judgement(ABOUT, "low", "reason 3", "Anna", "2026-11-03"),)}


def test_a_changed_mind_replaces_ones_own_judgement_only() -> None:
    events = [judged("anna", 1, "low"), judged("bo", 2, "high"), judged("anna", 3, "moderate", ("anna/pc:1",))]
    assert [(j.by, j.certainty) for j in fold(events)[ABOUT]] == [("Bo", "high"), ("Anna", "moderate")]


def test_findings_do_not_touch_each_other() -> None:
    found = fold([judged("anna", 1, "low"), judged("anna", 2, "high", about="L1")])
    assert {about: [j.certainty for j in js] for about, js in found.items()} == {ABOUT: ["low"], "L1": ["high"]}


def test_other_events_are_no_judgements() -> None:
    assert fold([Event(1, 1, "anna", "pc", "2026-11-01T09:30:00Z", "screening.voted", {})]) == {}


def test_the_order_of_events_does_not_matter() -> None:
    events = [judged("anna", 1, "low"), judged("bo", 2, "high"), judged("anna", 3, "moderate", ("anna/pc:1",))]
    assert {tuple(fold(order)[ABOUT]) for order in permutations(events)} == {tuple(fold(events)[ABOUT])}
