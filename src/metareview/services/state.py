"""The state of a review: the journal folded once for every room."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..coding import events as coding_events
from ..coding.events import CodingState
from ..errors import SAYS_NO, STALE, MetareviewError, MetareviewWarning
from ..folder import ReviewFolder
from ..journal.events import Event
from ..journal.names import slug
from ..lessons import events as lesson_events
from ..lessons.events import Judgement
from ..literature import events as literature_events
from ..literature.events import Import, LiteratureState
from ..literature.merging import Copy, MergedRecord, merge
from ..literature.records import Record
from ..protocol import registration
from ..protocol import updates as update_events
from ..protocol.models import Protocol
from ..protocol.registration import Registration, registrations
from ..protocol.updates import Update, protocol_of
from ..screening import events as screening_events
from ..screening.decisions import DECIDED, Decision, decide
from ..screening.events import ScreeningState
from .library import load_records


@dataclass(frozen=True)
class ReviewState:
    """Every room's state, folded from one reading of the journal, and the records behind it.

    Attributes:
        records: every record of every import, by id, in import order.
        origin: record id -> the import it came in.
        updates: the updates begun so far, one a version after the first.
        found_in: prefix of an import -> number of the version that its search belongs to.
        rules: votes needed a stage, one mapping a version; a record is decided by the rules of its own version.
    """

    literature: LiteratureState
    screening: ScreeningState
    coding: CodingState
    judgements: Mapping[str, tuple[Judgement, ...]]
    registrations: list[Registration]
    records: Mapping[str, Record]
    origin: Mapping[str, Import]
    updates: tuple[Update, ...]
    found_in: Mapping[str, int]
    rules: tuple[Mapping[str, int], ...]

    @property
    def version(self) -> int:
        """The number of the version in the making: 1 until an update begins."""
        return len(self.updates) + 1

    def version_of(self, record: str) -> int:
        """Return the version of the review whose searches found a record first."""
        return self.found_in[self.origin[record].prefix]

    def needed(self, stage: str, record: str) -> int:
        """Return how many votes a record needs at a stage."""
        return self.rules[self.version_of(record) - 1][stage]

    def screened_records(self) -> list[str]:
        """Return the records that are screened: kept after deduplication, of the track of studies."""
        kept = self.literature.stands_for
        return [r for r in self.records if kept(r) == r and self.origin[r].track == "studies"]

    def practice_records(self) -> list[str]:
        """Return the records of the practice track; they are listed, never screened or pooled."""
        return [r for r in self.records if self.origin[r].track == "practice"]

    def merged(self, record_id: str) -> MergedRecord:
        """Return what all copies of the work that a record tells of say together."""
        copies = [r for r in self.literature.copies(record_id) if r in self.records]
        given = [Copy(self.records[r], self.origin[r].source, self.origin[r].file) for r in copies]
        return merge(given, self.literature.stands_for(record_id))

    def decision(self, stage: str, record: str) -> Decision:
        """Return where a record (or, at full text, a report) stands."""
        return decide(self.screening, stage, record, self.needed(stage, record))

    def sought(self) -> list[str]:
        """Return the reports sought: one a record included on title and abstract, named by that record."""
        return [r for r in self.screened_records() if self.included("title", r)]

    def retrieved(self, report: str) -> bool | None:
        """Return whether a report's text was obtained; None while nobody has said, or two people disagree."""
        outcomes = {o.retrieved for o in self.screening.retrievals.get(report, ())}
        return outcomes.pop() if len(outcomes) == 1 else None

    def assessable(self) -> list[str]:
        """Return the reports whose text was obtained."""
        return [r for r in self.sought() if self.retrieved(r)]

    def judged_at(self, stage: str, record: str) -> bool:
        """Return whether a record is judged at a stage: on title and abstract, or on full text once its text is there."""
        if record not in self.records or self.literature.stands_for(record) != record:
            return False
        if self.origin[record].track != "studies":
            return False
        return stage == "title" or (self.included("title", record) and bool(self.retrieved(record)))

    def included(self, stage: str, record: str) -> bool:
        """Return whether a record is decided and included at a stage."""
        decision = self.decision(stage, record)
        return decision.status == DECIDED and decision.decision == "include"

    def included_reports(self) -> list[str]:
        """Return the reports included after full text."""
        return [r for r in self.assessable() if self.included("fulltext", r)]

    def study_of(self, report: str) -> str | None:
        """Return the study a report is linked to; None when it is not, or when two links contradict."""
        studies = {link.study for link in self.screening.links.get(report, ())}
        return studies.pop() if len(studies) == 1 else None

    def included_studies(self) -> dict[str, list[str]]:
        """Return the included studies, each with its included reports, in the order first seen."""
        found: dict[str, list[str]] = {}
        for report in self.included_reports():
            study = self.study_of(report)
            if study is not None:
                found.setdefault(study, []).append(report)
        return found


def load_state(folder: ReviewFolder) -> ReviewState:
    """Read the journal and the records, and fold them.

    Raises:
        MetareviewError: a log or an export was edited (exit code 3), or the protocol has mistakes.
    """
    events = folder.events()
    _warn_of_unknown(events)
    names = {slug(r.name): r.name for r in folder.protocol.reviewers}
    updates = update_events.updates(events)

    def name(event: Event) -> str:
        return names.get(event.person, str(event.data["by"]))

    try:
        literature = literature_events.fold(events)
        found_in = _found_in(literature, updates, events)
        in_order = sorted(literature.imports, key=lambda i: found_in[i.prefix])
        literature = replace(literature, imports=tuple(in_order))  # a record found before stands for its duplicates
        screening = screening_events.fold(events, literature.place, name)
        coding = coding_events.fold(events, name)
        judgements, registered = lesson_events.fold(events), registrations(events)
    except (KeyError, TypeError, AttributeError) as error:
        raise MetareviewError(
            f"an event of the journal is not as this version writes it ({type(error).__name__}: {error})",
            "Use the metareview that wrote it, or restore the journal from git.",
            exit_code=STALE,
        ) from None
    records, origin = load_records(folder, literature.imports)
    rules = tuple(_votes(p) for p in (*(protocol_of(u.protocol) for u in updates), folder.protocol))
    return ReviewState(literature, screening, coding, judgements, registered, records, origin, updates, found_in, rules)


def _votes(protocol: Protocol) -> dict[str, int]:
    return {"title": protocol.screening.title.votes, "fulltext": protocol.screening.fulltext.votes}


def _found_in(literature: LiteratureState, updates: Sequence[Update], events: Sequence[Event]) -> dict[str, int]:
    """Return the version of each import: the first whose journal had its bytes."""
    imported = [e for e in events if e.kind == literature_events.IMPORTED]
    held = [{e.data["sha256"] for e in imported if u.before(e)} for u in updates]
    return {i.prefix: 1 + sum(i.sha256 not in found for found in held) for i in literature.imports}


def _warn_of_unknown(events: list[Event]) -> None:
    rooms = (literature_events, screening_events, coding_events, lesson_events, registration, update_events)
    known = {value for room in rooms for key, value in vars(room).items() if key.isupper() and isinstance(value, str)}
    unknown = sorted({e.kind for e in events} - known)
    if unknown:
        warnings.warn(
            f"the journal has events this version does not know ({', '.join(unknown)}); a newer metareview wrote them",
            MetareviewWarning,
            stacklevel=3,
        )


def require_agreed(state: ReviewState) -> None:
    """Raise MetareviewError (the review says no) when coded rows contradict each other."""
    if state.coding.conflicts:
        named = ", ".join(f"{level} {row}" for level, row in list(state.coding.conflicts)[:8])
        raise MetareviewError(
            f"{len(state.coding.conflicts)} coded rows contradict each other: {named}",
            "See `metareview code conflicts`, settle with `metareview code resolve`.",
            exit_code=SAYS_NO,
        )
