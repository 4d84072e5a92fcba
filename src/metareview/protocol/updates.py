"""The versions of a review: when an update began, and what the journal held until then.

An update closes the version before it. What that version was is everything its writer had seen, log by log, so that
a log that arrives later, or a decision taken later, never changes a version that is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from ..errors import SAYS_NO, STALE, MetareviewError
from ..journal.events import Event
from ..journal.folding import heads
from .loading import check_protocol
from .models import Protocol

BEGUN = "update.begun"
WITHDRAWN = "update.withdrawn"


@dataclass(frozen=True)
class Update:
    """The beginning of a version after the first.

    Attributes:
        version: its number, from 2. date: searches of this day and later belong to it. reason, by, time: of beginning.
        seen: log (`person/computer`) -> number of its events that belong to the versions before.
        without: ids of those among them that do not: searches of the new version that were imported early, and imports
            that were taken back before the update began.
        protocol: the text of the protocol when the version before was closed.
    """

    version: int
    date: str
    reason: str
    by: str
    time: str
    seen: Mapping[str, int]
    without: tuple[str, ...]
    protocol: str
    event_id: str

    def before(self, event: Event) -> bool:
        """Return whether an event belongs to the versions before this one."""
        last = self.seen.get(f"{event.person}/{event.computer}", 0)
        return event.seq <= last and event.id not in self.without


def begun(events: Iterable[Event]) -> tuple[Update, ...]:
    """Return the updates that stand, in the order of their versions, two of one version included."""
    standing = [e for e in heads(e for e in events if e.kind in (BEGUN, WITHDRAWN)) if e.kind == BEGUN]
    found = [_update(e) for e in standing]
    return tuple(sorted(found, key=lambda u: u.version))


def _update(event: Event) -> Update:
    d = event.data
    said = (d["version"], d["date"], d["reason"], d["by"], event.time)
    return Update(*said, dict(d["seen"]), tuple(d["without"]), d["protocol"], event.id)


def updates(events: Iterable[Event]) -> tuple[Update, ...]:
    """Return the updates of a review, one a version after the first.

    Raises:
        MetareviewError: two people began the same version without seeing each other (the review says no).
    """
    found = begun(events)
    for first, second in pairwise(found):
        if first.version == second.version:
            raise MetareviewError(
                f"version {second.version} was begun twice, for the journals had not met: by {first.by} (searches from "
                f"{first.date}) and by {second.by} (searches from {second.date})",
                "Take the second back: `metareview update withdraw --reason R`.",
                exit_code=SAYS_NO,
            )
    for number, update in enumerate(found, start=2):
        if update.version != number:
            raise MetareviewError(
                f"the journal has the beginning of version {update.version} and not that of version {number}",
                "A log has not arrived yet: fetch it, or restore it from git.",
                exit_code=STALE,
            )
    return found


@lru_cache(maxsize=16)
def protocol_of(text: str) -> Protocol:
    """Return the protocol that an update keeps of the version before it.

    Raises:
        MetareviewError: this version of metareview cannot read it (exit code 3).
    """
    protocol, mistakes = check_protocol(text)
    if protocol is None or mistakes:
        told = str(mistakes[0]) if mistakes else "it cannot be built"
        raise MetareviewError(
            f"the protocol of an earlier version of the review cannot be read: {told}",
            "Use the metareview that closed that version.",
            exit_code=STALE,
        )
    return protocol
