"""What the journal says about coding, and how it folds into coded rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..journal.events import Event, in_order
from ..journal.folding import heads
from ..journal.names import slug

CODED = "coding.coded"
RESOLVED = "coding.resolved"
WITHDRAWN = "coding.withdrawn"

T = TypeVar("T")

LEVELS = ("study", "effect", "lesson", "practice")
ID_COLUMN = {level: f"{level}_id" for level in LEVELS}


def as_written(event: Event) -> str:
    """Return who coded, as the event has it."""
    return str(event.data["by"])


@dataclass(frozen=True)
class CodedRow:
    """One coded row: of a study, an effect, a lesson or a practice principle.

    Attributes:
        values: variable -> value as the codebook types it; variables left empty are absent.
        form, cell_row: the form it came in and its row there, so that a value walks back to a cell.
    """

    level: str
    row_id: str
    study_id: str
    values: Mapping[str, Any]
    by: str
    time: str
    form: str
    cell_row: int
    event_id: str


@dataclass(frozen=True)
class Resolution:
    """A decision that the row of one coder stands where coders contradict each other."""

    event_id: str
    take: str
    by: str


@dataclass(frozen=True)
class CodingState:
    """Every coded row, by level and id in the order first coded, and where coders contradict each other.

    Attributes:
        rows: level -> row id -> the row that stands.
        conflicts: (level, row id) -> the rows that differ; such a row stands nowhere until resolved.
        standing: (level, row id) -> every row nobody replaced; more than one a coder if coded on two computers.
        resolutions: (level, row id) -> standing resolutions; two that differ resolve nothing.
    """

    rows: Mapping[str, Mapping[str, CodedRow]]
    conflicts: Mapping[tuple[str, str], tuple[CodedRow, ...]]
    standing: Mapping[tuple[str, str], tuple[CodedRow, ...]]
    resolutions: Mapping[tuple[str, str], tuple[Resolution, ...]]

    def of_study(self, level: str, study_id: str) -> list[CodedRow]:
        """Return the rows of one level that belong to a study."""
        return [row for row in self.rows[level].values() if row.study_id == study_id]


def fold(events: Iterable[Event], name: Callable[[Event], str] = as_written) -> CodingState:
    """Fold the journal's events, in whatever order they are given, into coded rows.

    A later row of one coder names the one it replaces; rows that differ and replace nothing are a conflict until an
    event says whose row stands.

    Arguments:
        name: the coder behind an event; a name respelt in the protocol is still one person.
    """
    mine = in_order(e for e in events if e.kind in (CODED, RESOLVED, WITHDRAWN))
    standing_ids = {e.id for e in heads(mine)}
    standing: dict[tuple[str, str], list[CodedRow]] = {}
    resolutions: dict[tuple[str, str], list[Resolution]] = {}
    for event in mine:
        key = (event.data["level"], event.data["row_id"])
        stands = event.id in standing_ids
        if event.kind == CODED:
            standing.setdefault(key, []).extend([_row(event, name(event))] if stands else [])
        elif event.kind == RESOLVED and stands:
            resolutions.setdefault(key, []).append(Resolution(event.id, event.data["take"], name(event)))
    rows: dict[str, dict[str, CodedRow]] = {level: {} for level in LEVELS}
    conflicts = {}
    for (level, row_id), found in standing.items():
        candidates = _taken(found, {r.take for r in resolutions.get((level, row_id), ())})
        if len({_content(row) for row in candidates}) > 1:
            conflicts[level, row_id] = tuple(candidates)
        elif candidates:
            rows[level][row_id] = candidates[0]
    return CodingState(rows, conflicts, _frozen(standing), _frozen(resolutions))


def _taken(found: list[CodedRow], takes: set[str]) -> list[CodedRow]:
    named = {slug(take) for take in takes}
    chosen = [row for row in found if slug(row.by) in named]
    return chosen if len(named) == 1 and chosen else found


def _frozen(lists: dict[tuple[str, str], list[T]]) -> dict[tuple[str, str], tuple[T, ...]]:
    return {key: tuple(values) for key, values in lists.items()}


def _row(event: Event, by: str) -> CodedRow:
    d = event.data
    return CodedRow(
        d["level"],
        d["row_id"],
        d["study_id"],
        d["values"],
        by,
        event.time,
        d["form"],
        d["cell_row"],
        event.id,
    )


def _content(row: CodedRow) -> str:
    import json

    return json.dumps([row.study_id, row.values], sort_keys=True)
