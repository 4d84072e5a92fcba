"""What became of the records of the version before: which stand, which are taken up again, which are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..screening.decisions import DECIDED
from .state import ReviewState

DUPLICATE, OPEN, GONE, INCLUDED = "duplicate", "open", "left with its export", "included"


@dataclass(frozen=True)
class Carried:
    """The version before, seen from the present one.

    Attributes:
        previous: study -> reports included in the version before, a study named as it is now.
        kept: those of them that are included still, by study.
        again: records that pass through the flow of the present version, for the version before left them open, or its
            decision on them no longer stands.
        changed: record -> (its end then, its end now), where the two differ.
    """

    previous: Mapping[str, tuple[str, ...]]
    kept: Mapping[str, tuple[str, ...]]
    again: frozenset[str]
    changed: Mapping[str, tuple[str, str]]


def carry(then: ReviewState, now: ReviewState) -> Carried:
    """Compare what was decided when the version before was closed with what stands now."""
    names = _present_names(then, now)
    again: set[str] = set()
    changed: dict[str, tuple[str, str]] = {}
    for record in then.records:
        if then.origin[record].track != "studies":
            continue
        old, new = _end(then, record, names), _end(now, record, {})
        if old != new:
            changed[record] = (old, new)
        if new not in (DUPLICATE, GONE) and (old != new or old == OPEN):
            again.add(record)
    previous = {names[study]: tuple(reports) for study, reports in then.included_studies().items()}
    stay = {r for reports in previous.values() for r in reports if r not in again and r not in changed}
    kept = {study: tuple(r for r in reports if r in stay) for study, reports in previous.items()}
    return Carried(previous, {study: found for study, found in kept.items() if found}, frozenset(again), changed)


def left_open(state: ReviewState) -> list[str]:
    """Return the records that have no end yet: to screen, to retrieve, to assess, or included without a study."""
    return [r for r in state.screened_records() if _end(state, r, {}) == OPEN]


def _end(state: ReviewState, record: str, names: Mapping[str, str]) -> str:
    """Return how a record ended in a version; one that is included ends in its study."""
    if record not in state.records:
        return GONE
    if state.literature.stands_for(record) != record:
        return DUPLICATE
    title = state.decision("title", record)
    if title.status != DECIDED:
        return OPEN
    if title.decision == "exclude":
        return "excluded on title and abstract"
    retrieved, full = state.retrieved(record), state.decision("fulltext", record)
    if retrieved is False:
        return "not retrieved"
    if retrieved is None or full.status != DECIDED:
        return OPEN
    if full.decision == "exclude":
        return "excluded at full text"
    study = state.study_of(record)
    return f"{INCLUDED} ({names.get(study, study)})" if study else OPEN


def _present_names(then: ReviewState, now: ReviewState) -> dict[str, str]:
    """Return, for each study of then, its name now: a study whose reports all go by a new name was renamed."""
    before, present = then.included_studies(), now.included_studies()
    names: dict[str, str] = {}
    for study, reports in before.items():
        new = [s for s, found in present.items() if set(found) & set(reports)]
        free = [s for s in new if s not in before and s not in names.values()]
        names[study] = free[0] if free and study not in present else study
    return names
