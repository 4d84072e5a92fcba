"""protocol: check the plan, register it, and list what changed since."""

from __future__ import annotations

import datetime

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..journal.drafts import Draft
from ..protocol.loading import Mistake, check_protocol, protocol_hash
from ..protocol.registration import REGISTERED, Amendment, Registration, amendments, registrations


def check(folder: ReviewFolder) -> list[Mistake]:
    """Return every mistake of the protocol, each with its line; none when it is fine."""
    return check_protocol(folder.protocol_text)[1]


def register(folder: ReviewFolder, by: str | None = None, reason: str = "", date: str | None = None) -> Registration:
    """Record the protocol's hash, text and date; after the first time this is an amendment and needs a reason.

    Raises:
        MetareviewError: the protocol has mistakes, is registered as it stands, or an amendment has no reason.
    """
    person = folder.person(by)
    text = folder.protocol_text
    known = registrations(folder.events())
    if known and known[-1].sha256 == protocol_hash(text):
        raise MetareviewError(
            f"this protocol is registered already (version {known[-1].version}, {known[-1].date})",
            "Nothing to do.",
            1,
        )
    if known and not reason.strip():
        raise MetareviewError("the protocol changed since it was registered: why?", "Say `--reason` (PRISMA item 24c).")
    date = date or datetime.datetime.now(datetime.UTC).date().isoformat()
    data = {
        "sha256": protocol_hash(text),
        "date": _day(date),
        "version": folder.protocol.version,
        "reason": reason,
        "text": text,
        "by": person,
    }
    folder.append(person, [Draft(REGISTERED, data)])
    return registrations(folder.events())[-1]


def list_amendments(folder: ReviewFolder) -> tuple[list[Registration], list[Amendment]]:
    """Return the registered versions and every amendment, the last possibly not registered yet."""
    known = registrations(folder.events())
    return known, amendments(known, folder.protocol_text)


def _day(date: str) -> str:
    try:
        return datetime.date.fromisoformat(date).isoformat()
    except ValueError:
        raise MetareviewError(f"`{date}` is not a date like 2026-11-24") from None
