"""A draft: an event before it has a place in a log."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from metareview.errors import MetareviewError
from metareview.journal.events import Event, to_json

_KIND = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+")
_EVENT_ID = re.compile(r"[a-z0-9-]+/[a-z0-9-]+:[1-9][0-9]*")


@dataclass(frozen=True)
class Draft:
    """An event before it has a place in a log.

    Attributes:
        kind: `room.event`.
        data: what JSON can say, with text keys.
        replaces: ids of the events it takes the place of.
        time: when it was decided, as a datetime with its time zone or as ISO 8601 text with one; None is the
            moment of writing.
    """

    kind: str
    data: Mapping[str, Any] = field(hash=False)
    replaces: Sequence[str] = ()
    time: datetime | str | None = None


def check_draft(draft: Draft) -> None:
    """Raise MetareviewError (USAGE) unless the draft can become an event that reads back as written."""
    if not _KIND.fullmatch(draft.kind):
        raise MetareviewError(f"{draft.kind!r} is no kind of event", "Use room.event, such as screening.vote.")
    wrong = [name for name in draft.replaces if not _EVENT_ID.fullmatch(name)]
    if isinstance(draft.replaces, str) or wrong:
        raise MetareviewError(
            f"a {draft.kind} event cannot replace {wrong or draft.replaces!r}",
            "Give a list of person/computer:seq.",
        )
    utc_text(draft.time)
    json_data(draft)


def place_draft(draft: Draft, seq: int, clock: int, person: str, computer: str, prev: str) -> Event:
    """The event a checked draft becomes at its place in a log."""
    return Event(
        seq=seq,
        clock=clock,
        person=person,
        computer=computer,
        time=utc_text(draft.time),
        kind=draft.kind,
        data=json_data(draft),
        replaces=tuple(draft.replaces),
        prev=prev,
    )


def utc_text(time: datetime | str | None) -> str:
    """A moment as UTC ISO 8601 with seconds and Z; None is now.

    Raises:
        MetareviewError: the text is no time, or no time zone is given.
    """
    try:
        moment = datetime.now(UTC) if time is None else time
        moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError as error:
        raise MetareviewError(f"{time!r} is no time", "Write it as 2026-11-01T09:30:00Z.") from error
    if moment.tzinfo is None:
        raise MetareviewError(f"the time {time!s} has no time zone", "Write it as 2026-11-01T09:30:00Z.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def json_data(draft: Draft) -> dict[str, Any]:
    """The data as it will read back from the log.

    Raises:
        MetareviewError: JSON cannot say it, or would say it otherwise (keys that are not text, NaN, dates).
    """
    try:
        text = to_json(dict(draft.data))
        text.encode()
        data: dict[str, Any] = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise MetareviewError(
            f"the data of a {draft.kind} event cannot be kept as JSON: {error}",
            "Use text, numbers, true, false, null, lists and objects with text keys.",
        ) from error
    if to_json(data) != text or not _text_keys(draft.data):
        raise MetareviewError(f"the data of a {draft.kind} event has keys that are not text", "Use text as keys.")
    return data


def _text_keys(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _text_keys(part) for key, part in value.items())
    return all(map(_text_keys, value)) if isinstance(value, list | tuple) else True
