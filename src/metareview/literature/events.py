"""What the journal says about literature: imports, duplicate decisions, and their fold into a state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..journal.events import Event

IMPORTED = "literature.imported"
WITHDRAWN = "literature.withdrawn"
DEDUPLICATED = "literature.deduplicated"
SAME = "literature.same"
DIFFERENT = "literature.different"

Pair = tuple[str, str]


@dataclass(frozen=True)
class Import:
    """One export brought in: where its bytes are, what search it answers, and what was read.

    Attributes:
        file: path within the review folder; sha256: of the bytes; prefix: of its record ids.
        kind, track: of the source at the time, as PRISMA names it, and the evidence track it belongs to.
        hits: what the database said it found; None when not noted.
        records, repaired, quarantined: counts of the reading.
    """

    file: str
    sha256: str
    prefix: str
    source: str
    kind: str
    track: str
    date: str
    query: str
    hits: int | None
    records: int
    repaired: int
    quarantined: int
    by: str
    time: str


@dataclass(frozen=True)
class Duplicates:
    """One run of deduplication: every merge with its rule, and the pairs a person must judge."""

    merges: tuple[Mapping[str, Any], ...] = ()
    clusters: tuple[tuple[str, ...], ...] = ()
    unsure: tuple[Mapping[str, Any], ...] = ()
    imports: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    event_id: str = ""


@dataclass(frozen=True)
class LiteratureState:
    """The literature as the journal has it.

    Attributes:
        imports: in journal order, one an export.
        duplicates: the latest run of deduplication, or an empty one.
        same, different: pairs that a person judged, each pair sorted.
        kept: record id -> id of the record that stands for it (itself where it is no duplicate).
    """

    imports: tuple[Import, ...]
    duplicates: Duplicates
    same: Mapping[Pair, str]
    different: Mapping[Pair, str]
    kept: Mapping[str, str]

    def stands_for(self, record_id: str) -> str:
        """Return the id of the record that stands for `record_id` after deduplication."""
        return self.kept.get(record_id, record_id)

    @property
    def stale(self) -> bool:
        """Whether an export came in or left, or a person judged a pair, since deduplication last ran."""
        if {i.sha256 for i in self.imports} != set(self.duplicates.imports):
            return True
        judged = {tuple(p) for p in self.duplicates.settings.get("judged", ())}
        return judged != set(self.same) | set(self.different)


def fold(events: Iterable[Event]) -> LiteratureState:
    """Fold the events of the journal, in its total order, into the state of the literature."""
    imports: dict[str, Import] = {}
    duplicates = Duplicates()
    same: dict[Pair, str] = {}
    different: dict[Pair, str] = {}
    for event in events:
        if event.kind == IMPORTED:
            found = Import(**{k: event.data[k] for k in _IMPORT_KEYS}, time=event.time)
            imports.setdefault(found.sha256, found)
        elif event.kind == WITHDRAWN:
            imports.pop(event.data["sha256"], None)
        elif event.kind == DEDUPLICATED:
            duplicates = _duplicates(event)
        elif event.kind in (SAME, DIFFERENT):
            pair = pair_of(event.data["a"], event.data["b"])
            same.pop(pair, None)
            different.pop(pair, None)
            (same if event.kind == SAME else different)[pair] = event.data["by"]
    prefixes = {i.prefix for i in imports.values()}
    here = [[m for m in cluster if m.rpartition(":")[0] in prefixes] for cluster in duplicates.clusters]
    kept = {member: cluster[0] for cluster in here for member in cluster}
    return LiteratureState(tuple(imports.values()), duplicates, same, different, kept)


def pair_of(a: str, b: str) -> Pair:
    """Return two record ids as a sorted pair."""
    return (a, b) if a <= b else (b, a)


_IMPORT_KEYS = tuple(name for name in Import.__dataclass_fields__ if name != "time")


def _duplicates(event: Event) -> Duplicates:
    data = event.data
    return Duplicates(
        tuple(data["merges"]),
        tuple(tuple(c) for c in data["clusters"]),
        tuple(data["unsure"]),
        tuple(data["imports"]),
        data["settings"],
        event.id,
    )
