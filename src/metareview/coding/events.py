"""What the journal says about coding, and how it folds into coded rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..journal.events import Event, in_order

CODED = "coding.coded"
RESOLVED = "coding.resolved"

LEVELS = ("study", "effect", "lesson", "practice")
ID_COLUMN = {level: f"{level}_id" for level in LEVELS}


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
class CodingState:
    """Every coded row, by level and id in the order first coded, and where coders contradict each other.

    Attributes:
        rows: level -> row id -> the row that stands.
        conflicts: (level, row id) -> the rows of the coders who differ; such a row stands nowhere until resolved.
        standing: (level, row id) -> coder -> their standing row.
    """

    rows: Mapping[str, Mapping[str, CodedRow]]
    conflicts: Mapping[tuple[str, str], tuple[CodedRow, ...]]
    standing: Mapping[tuple[str, str], Mapping[str, CodedRow]]

    def of_study(self, level: str, study_id: str) -> list[CodedRow]:
        """Return the rows of one level that belong to a study."""
        return [row for row in self.rows[level].values() if row.study_id == study_id]


def fold(events: Iterable[Event]) -> CodingState:
    """Fold the journal's events, in whatever order they are given, into coded rows.

    Rows of one coder replace each other by name (`replaces`); rows of two coders that differ are a conflict until an
    event says whose row stands.
    """
    mine = in_order(e for e in events if e.kind in (CODED, RESOLVED))
    replaced = {event_id for e in mine for event_id in e.replaces}
    standing: dict[tuple[str, str], dict[str, CodedRow]] = {}
    taken: dict[tuple[str, str], str] = {}
    for event in mine:
        key = (event.data["level"], event.data["row_id"])
        if event.kind == RESOLVED:
            taken[key] = event.data["take"]
        elif event.id not in replaced:
            standing.setdefault(key, {})[event.data["by"]] = _row(event)
        else:
            standing.setdefault(key, {})
    rows: dict[str, dict[str, CodedRow]] = {level: {} for level in LEVELS}
    conflicts = {}
    for (level, row_id), by_coder in standing.items():
        candidates = list(by_coder.values())
        if taken.get((level, row_id)) in by_coder:
            candidates = [by_coder[taken[level, row_id]]]
        if len({_content(row) for row in candidates}) > 1:
            conflicts[level, row_id] = tuple(candidates)
        elif candidates:
            rows[level][row_id] = candidates[0]
    return CodingState(rows, conflicts, standing)


def _row(event: Event) -> CodedRow:
    d = event.data
    return CodedRow(
        d["level"],
        d["row_id"],
        d["study_id"],
        d["values"],
        d["by"],
        event.time,
        d["form"],
        d["cell_row"],
        event.id,
    )


def _content(row: CodedRow) -> str:
    import json

    return json.dumps([row.study_id, row.values], sort_keys=True)
