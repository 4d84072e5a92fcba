"""What the journal says about literature: imports, duplicate decisions, and their fold into a state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..journal.events import Event
from ..journal.folding import heads

IMPORTED = "literature.imported"
WITHDRAWN = "literature.withdrawn"
DEDUPLICATED = "literature.deduplicated"
SAME = "literature.same"
DIFFERENT = "literature.different"
REOPENED = "literature.reopened"

Pair = tuple[str, str]


@dataclass(frozen=True)
class Import:
    """One export brought in: where its bytes are, what search it answers, and what was read.

    Attributes:
        file: path within the review folder; sha256: of the bytes; prefix: of its record ids.
        kind, track: of the source at the time, as PRISMA names it, and the evidence track it belongs to.
        limits: of the search (years, languages), as set there; search: prefix of the first export of the same
            search, where it was exported in parts.
        hits: what the database said the search found, in all its parts; None when not noted.
        records, repaired, quarantined: counts of the reading; seen: with the records that could not be read.
        format, system, encoding, lines: what the file is, which system wrote it, and how long it is.
        columns: of a table, the column a person named for a field.
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
    limits: str = ""
    search: str = ""
    seen: int = 0
    format: str = ""
    system: str = ""
    encoding: str = ""
    lines: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)


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
        same, different: pairs that people judged, each pair sorted, with who.
        contested: pairs that people judged both ways without seeing each other; they stand neither way.
        reopened: pairs whose judgement was taken back and that have none since, with who took it back.
        judgements: pair -> ids of the standing judgements.
        unmerged: pairs judged different because one record was taken out of its cluster whole, with that record.
        kept: record id -> id of the record that stands for it (itself where it is no duplicate).
        aliases: prefix of record ids -> prefix of the same bytes imported before, on another computer.
    """

    imports: tuple[Import, ...]
    duplicates: Duplicates
    same: Mapping[Pair, str]
    different: Mapping[Pair, str]
    contested: Mapping[Pair, str]
    reopened: Mapping[Pair, str]
    judgements: Mapping[Pair, tuple[str, ...]]
    unmerged: Mapping[Pair, str]
    kept: Mapping[str, str]
    aliases: Mapping[str, str]

    def stands_for(self, record_id: str) -> str:
        """Return the id of the record that stands for `record_id` after deduplication."""
        return self.kept.get(record_id, record_id)

    @cached_property
    def clusters(self) -> Mapping[str, tuple[str, ...]]:
        """The clusters that stand: id of the standing record -> ids of all its copies, itself first."""
        found: dict[str, list[str]] = {}
        for member, kept in self.kept.items():
            found.setdefault(kept, []).append(member)
        return {kept: tuple(members) for kept, members in found.items() if len(members) > 1}

    def copies(self, record_id: str) -> tuple[str, ...]:
        """Return the ids of all copies of the work that a record tells of, the standing record first."""
        kept = self.stands_for(record_id)
        return self.clusters.get(kept, (kept,))

    def place(self, record_id: str, also: Sequence[str] = ()) -> str:
        """Return the record that a decision on `record_id` counts for.

        Arguments:
            also: the records that were merged with it when it was decided; the first that is still here takes the
                decision when the record itself left with its import.
        """
        prefixes = {i.prefix for i in self.imports}
        for name in (record_id, *also):
            prefix, _, number = name.rpartition(":")
            prefix = self.aliases.get(prefix, prefix)
            if prefix in prefixes:
                return self.stands_for(f"{prefix}:{number}")
        return record_id

    def also(self, record_id: str) -> dict[str, list[str]]:
        """Return, as data of an event about a record, the other records of its cluster; nothing when it is alone."""
        cluster = next((c for c in self.duplicates.clusters if record_id in c), ())
        others = [member for member in cluster if member != record_id]
        return {"also": others} if others else {}

    @property
    def stale(self) -> bool:
        """Whether an export came in or left, or a person judged a pair, since deduplication last ran."""
        if {i.sha256 for i in self.imports} != set(self.duplicates.imports):
            return True
        judged = {tuple(p) for p in self.duplicates.settings.get("judged", ())}
        return judged != set(self.same) | set(self.different) or self._disobeyed

    @property
    def _disobeyed(self) -> bool:
        """Whether a judgement was turned since deduplication last ran, so that the clusters are not as people judged."""
        prefixes = {i.prefix for i in self.imports}

        def one(pair: Pair) -> bool | None:
            here = all(name.rpartition(":")[0] in prefixes for name in pair)
            return self.stands_for(pair[0]) == self.stands_for(pair[1]) if here else None

        return any(one(p) is False for p in self.same) or any(one(p) for p in self.different)


def fold(events: Iterable[Event]) -> LiteratureState:
    """Fold the events of the journal into the state of the literature."""
    standing = heads(e for e in events if e.kind in _KINDS)
    imports: dict[str, Import] = {}
    aliases: dict[str, str] = {}
    duplicates = Duplicates()
    judged: dict[Pair, list[Event]] = {}
    reopened: dict[Pair, str] = {}
    for event in standing:
        if event.kind == IMPORTED:
            found = _import(event)
            first = imports.setdefault(found.sha256, found)
            if first.prefix != found.prefix:
                aliases[found.prefix] = first.prefix
        elif event.kind == WITHDRAWN:
            imports.pop(event.data["sha256"], None)
        elif event.kind == DEDUPLICATED:
            duplicates = _duplicates(event)
        elif event.kind == REOPENED:
            reopened[pair_of(event.data["a"], event.data["b"])] = str(event.data["by"])
        else:
            judged.setdefault(pair_of(event.data["a"], event.data["b"]), []).append(event)
    prefixes = {i.prefix for i in imports.values()}
    here = [[m for m in cluster if m.rpartition(":")[0] in prefixes] for cluster in duplicates.clusters]
    return LiteratureState(
        imports=tuple(imports.values()),
        duplicates=duplicates,
        same=_judged(judged, {SAME}),
        different=_judged(judged, {DIFFERENT}),
        contested=_judged(judged, {SAME, DIFFERENT}),
        reopened={pair: who for pair, who in reopened.items() if pair not in judged},
        judgements={pair: tuple(e.id for e in found) for pair, found in judged.items()},
        unmerged={p: str(e.data["unmerged"]) for p, found in judged.items() for e in found if "unmerged" in e.data},
        kept={member: cluster[0] for cluster in here for member in cluster},
        aliases=aliases,
    )


def _judged(judged: Mapping[Pair, list[Event]], kinds: set[str]) -> dict[Pair, str]:
    """Return the pairs whose standing judgements are of exactly these kinds, with who judged."""
    return {
        pair: ", ".join(dict.fromkeys(str(e.data["by"]) for e in found))
        for pair, found in judged.items()
        if {e.kind for e in found} == kinds
    }


def pair_of(a: str, b: str) -> Pair:
    """Return two record ids as a sorted pair."""
    return (a, b) if a <= b else (b, a)


_KINDS = (IMPORTED, WITHDRAWN, DEDUPLICATED, SAME, DIFFERENT, REOPENED)
_IMPORT_KEYS = tuple(name for name in Import.__dataclass_fields__ if name != "time")
_LATER = frozenset(("limits", "search", "seen", "format", "system", "encoding", "lines", "columns"))


def _import(event: Event) -> Import:
    """Return the import of an event; the first journals do not have all of its fields."""
    known = {k: event.data[k] for k in _IMPORT_KEYS if k in event.data or k not in _LATER}
    found = Import(**known, time=event.time)
    return replace(found, search=found.search or found.prefix, seen=found.seen or found.records)


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
