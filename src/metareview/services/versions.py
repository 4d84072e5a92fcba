"""update: begin a new version of the review, and open an earlier one as it was when it was closed."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import SAYS_NO, MetareviewError, MetareviewWarning
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..literature.events import DEDUPLICATED, IMPORTED, fold
from ..protocol.updates import BEGUN, WITHDRAWN, Update, begun, protocol_of, updates
from .carrying import carry, left_open
from .search_log import search_day
from .state import ReviewState, load_state

if TYPE_CHECKING:
    from pathlib import Path

    from ..journal.events import Event
    from ..protocol.models import Protocol


@dataclass(frozen=True)
class PastReview(ReviewFolder):
    """A review as it was when a version of it was closed: its journal and protocol of then, for reading only.

    Attributes:
        closed_by: the update that closed the version. earlier: ids of the events that began it and those before it.
    """

    closed_by: Update
    earlier: frozenset[str]

    @property
    def protocol(self) -> Protocol:
        """The protocol as it stood when the version was closed."""
        return protocol_of(self.closed_by.protocol)

    @property
    def protocol_text(self) -> str:
        """Its text."""
        return self.closed_by.protocol

    @property
    def index(self) -> Path:
        """An index of its own, so that reading a closed version does not rebuild that of the review."""
        return super().index.with_name(f"index-version-{self.closed_by.version - 1}.db")

    def events(self) -> list[Event]:
        """Return the events that the version was made of; those of a log that is not here are warned of."""
        every = super().events()
        here = {e.id for e in every}
        for log, last in self.closed_by.seen.items():
            if f"{log}:{last}" not in here:
                warnings.warn(
                    f"version {self.closed_by.version - 1} rests on decisions in the log {log} that are not in this copy",
                    MetareviewWarning,
                    stacklevel=2,
                )
        return [e for e in every if self._holds(e)]

    def _holds(self, event: Event) -> bool:
        return event.id in self.earlier or (event.kind not in (BEGUN, WITHDRAWN) and self.closed_by.before(event))

    def open_log(self, person: str) -> NoReturn:
        """Refuse: a version that is closed takes no decision."""
        raise MetareviewError("a version that is closed takes no decision", "Decide in the review as it stands.")


@dataclass(frozen=True)
class Version:
    """One version of the review: when its searches begin, and what it holds.

    Attributes:
        searches: exports of its own searches; records: in them. studies, reports: included when it was closed, or now.
        open: records without an end when it was closed, or now.
        date, by, reason: of its beginning; empty for the first.
    """

    version: int
    date: str
    by: str
    reason: str
    searches: int
    records: int
    studies: int
    reports: int
    open: int


def begin(folder: ReviewFolder, date: str, reason: str, by: str | None = None) -> Version:
    """Begin an update: what the journal holds now is the version before, without the searches of `date` or later.

    Arguments:
        date: searches of this day and later belong to the new version; they may be imported already.
        reason: why the review is updated. by: a reviewer of the protocol.

    Raises:
        MetareviewError: the date or reason is wrong, or the version before has no search; nothing was written then.
    """
    person = folder.person(by)
    day = search_day(date)
    if not reason.strip():
        raise MetareviewError("why is the review updated?", "Say `--reason`.")
    events = folder.events()
    known = updates(events)
    without = _without(events, day)
    _require_something_to_update(known, events, {e.id for e in events} - set(without), day)
    seen: dict[str, int] = {}
    for event in events:
        log = f"{event.person}/{event.computer}"
        seen[log] = max(event.seq, seen.get(log, 0))
    data: dict[str, Any] = {"version": len(known) + 2, "date": day, "reason": reason, "by": person}
    data |= {"seen": seen, "without": without, "protocol": folder.protocol_text}
    folder.append(person, [Draft(BEGUN, data)])
    return versions(folder)[-1]


def _require_something_to_update(known: Sequence[Update], events: Sequence[Event], old: set[str], day: str) -> None:
    last = known[-1] if known else None
    if last and day <= last.date:
        raise MetareviewError(
            f"the searches of version {last.version} begin on {last.date}, so those of the next begin later",
            "Give a later day, or take that update back: `metareview update withdraw --reason R`.",
        )
    searches = [e for e in events if e.kind == IMPORTED]
    held = {e.data["sha256"] for e in searches if last and last.before(e)}
    if not any(e.id in old and e.data["sha256"] not in held for e in searches):
        raise MetareviewError(
            f"version {len(known) + 1} has no search before {day}, so there is nothing to update",
            "Import its searches first, or give the day on which the new searches begin.",
            exit_code=SAYS_NO,
        )


def withdraw(folder: ReviewFolder, reason: str, by: str | None = None) -> Update:
    """Take the last update back: what it found belongs to the version before again, and every decision stays.

    Raises:
        MetareviewError: no update was begun, or no reason is given.
    """
    person = folder.person(by)
    known = begun(folder.events())
    if not known:
        raise MetareviewError("no update of this review was begun", "Nothing to take back.")
    if not reason.strip():
        raise MetareviewError(f"why is the update to version {known[-1].version} taken back?", "Say `--reason`.")
    data = {"version": known[-1].version, "reason": reason, "by": person}
    folder.append(person, [Draft(WITHDRAWN, data, [known[-1].event_id])])
    return known[-1]


def at(folder: ReviewFolder, version: int) -> ReviewFolder:
    """Return the review as it was when a version was closed; the folder itself for the version in the making.

    Raises:
        MetareviewError: the review has no such version.
    """
    known = updates(folder.events())
    if version == len(known) + 1:
        return folder
    if not 1 <= version <= len(known):
        has = "one version" if not known else f"versions 1 to {len(known) + 1}"
        raise MetareviewError(f"there is no version {version}; the review has {has}", "`metareview update` lists them.")
    return PastReview(folder.root, known[version - 1], frozenset(u.event_id for u in known[: version - 1]))


def before(folder: ReviewFolder, state: ReviewState) -> ReviewState | None:
    """Return the state of the version before the one of `state`; None for the first."""
    return load_state(at(folder, state.version - 1)) if state.updates else None


def versions(folder: ReviewFolder) -> list[Version]:
    """Return every version, the first one first."""
    state = load_state(folder)
    warn_of_older_searches(state)
    states = [load_state(at(folder, number)) for number in range(1, state.version)]
    return [_version(s, number) for number, s in enumerate([*states, state], start=1)]


def warn_of_older_searches(state: ReviewState) -> None:
    """Warn of searches that came in after the last update began and are dated before it."""
    last = state.updates[-1] if state.updates else None
    for found in state.literature.imports:
        if last and state.found_in[found.prefix] == last.version and found.date < last.date:
            warnings.warn(
                f"{found.file} is a search of {found.date}, and version {last.version} begins with searches from "
                f"{last.date}; it came in after the version before was closed, so its records count as new",
                MetareviewWarning,
                stacklevel=3,
            )


def changed(folder: ReviewFolder) -> list[tuple[str, str, str, str]]:
    """Return (record, its end in the version before, its end now, citation) where the two differ."""
    now = load_state(folder)
    then = before(folder, now)
    found = carry(then, now).changed if then else {}
    return [(r, *ends, then.records[r].cite()) for r, ends in found.items()] if then else []


def _version(state: ReviewState, number: int) -> Version:
    begun_by = state.updates[-1] if state.updates else None
    told = (begun_by.date, begun_by.by, begun_by.reason) if begun_by else ("", "", "")
    searches = [i for i in state.literature.imports if state.found_in[i.prefix] == number]
    studies = state.included_studies()
    reports = sum(len(found) for found in studies.values())
    return Version(
        number, *told, len(searches), sum(i.records for i in searches), len(studies), reports, len(left_open(state))
    )


def _without(events: Sequence[Event], day: str) -> list[str]:
    """Return the ids of events that are no part of the version that is closed, whatever their order.

    These are the searches of `day` or later, imports that were taken back, and runs of deduplication over new
    searches where one without them stands before. Decisions on new records matter only where these are.
    """
    standing = {(i.sha256, i.date) for i in fold(events).imports}
    found = {e.id: (e.data["sha256"], e.data["date"]) for e in events if e.kind == IMPORTED}
    without = [i for i, search in found.items() if search not in standing or search[1] >= day]
    new = {sha256 for sha256, date in standing if date >= day}
    runs = [e for e in events if e.kind == DEDUPLICATED]
    over_new = [e.id for e in runs if new.intersection(e.data["imports"])]
    return without + (over_new if len(over_new) < len(runs) else [])
