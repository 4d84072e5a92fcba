"""records: list or search the records, with where each stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..literature import tables
from ..literature.events import Import
from ..literature.merging import MergedRecord
from ..literature.records import Record
from .library import with_index
from .state import load_state


@dataclass(frozen=True)
class Listed:
    """One record of a listing, with where it stands; `merged` where it stands for other copies too."""

    record: Record
    file: str
    stands_for: str
    title_decision: str
    fulltext_decision: str
    merged: MergedRecord | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return self.record.to_dict() | {
            "file": self.file,
            "duplicate_of": "" if self.stands_for == self.record.record_id else self.stands_for,
            "title_decision": self.title_decision,
            "fulltext_decision": self.fulltext_decision,
        }


def listing(folder: ReviewFolder, search: str = "") -> list[Listed]:
    """Return all records, or those whose title, authors, journal, abstract or keywords match an FTS5 query.

    Raises:
        MetareviewError: the query is not one that SQLite understands.
    """
    state = load_state(folder)
    ids = list(state.records) if not search else _search(folder, state.literature.imports, search)
    found = []
    for record_id in ids:
        kept = state.literature.stands_for(record_id)
        decisions = [state.decision(stage, kept) for stage in ("title", "fulltext")]
        said = [d.decision or (d.status if d.votes else "") for d in decisions]
        merged = state.merged(record_id) if record_id in state.literature.clusters else None
        found.append(Listed(state.records[record_id], state.origin[record_id].file, kept, said[0], said[1], merged))
    return found


def merged(folder: ReviewFolder, record_id: str) -> MergedRecord:
    """Return what all copies of the work that a record tells of say together.

    Raises:
        MetareviewError: there is no such record.
    """
    state = load_state(folder)
    if record_id not in state.records:
        raise MetareviewError(f"there is no record `{record_id}`", "`metareview records` lists them.")
    return state.merged(record_id)


def _search(folder: ReviewFolder, imports: Sequence[Import], words: str) -> list[str]:
    try:
        return with_index(folder, imports, lambda connection: tables.search(connection, words))
    except sqlite3.OperationalError as error:
        raise MetareviewError(
            f"`{words}` is not a search SQLite understands: {error}",
            "Quote phrases and words with signs: '\"hot spot\" AND polic*'.",
        ) from None
