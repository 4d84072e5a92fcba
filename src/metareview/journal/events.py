"""An event: one decision of one person, as one line of a log, in one canonical JSON form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

VERSION = 1
NO_PREVIOUS = "0" * 64
KEYS = ("v", "seq", "clock", "person", "computer", "time", "kind", "data", "replaces", "prev", "hash")

_TYPES = dict.fromkeys(KEYS, str) | {"v": int, "seq": int, "clock": int, "data": dict, "replaces": list}

to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Event:
    """One decision, as it stands in a log.

    Attributes:
        seq: place in its log, from 1.
        clock: Lamport clock: one more than the largest clock its writer had seen in any log.
        person, computer: slugs of who decided and where; they name the log.
        time: UTC, ISO 8601 with seconds and Z. For people to read: the order never depends on it.
        kind: what was decided, `room.event` (`screening.vote`).
        data: the decision itself; the journal never looks inside.
        replaces: ids of the events this one takes the place of.
        prev: SHA-256 of the bytes of the line before (without its newline); 64 zeros for the first.
    """

    seq: int
    clock: int
    person: str
    computer: str
    time: str
    kind: str
    data: Mapping[str, Any] = field(hash=False)
    replaces: tuple[str, ...] = ()
    prev: str = NO_PREVIOUS

    @property
    def id(self) -> str:
        """The name other events use for this one: `person/computer:seq`."""
        return f"{self.person}/{self.computer}:{self.seq}"

    @property
    def order(self) -> tuple[int, str, str, int]:
        """Sort key of the total order over all logs: an event comes after all that its writer had seen."""
        return (self.clock, self.person, self.computer, self.seq)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of all the other keys, as it stands in the line."""
        return sha256(canonical(self))


class LineError(ValueError):
    """A line that is not an event; `what` is the kind of problem, the message its description."""

    def __init__(self, what: str, message: str) -> None:
        super().__init__(message)
        self.what = what


def sha256(content: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def in_order(events: Iterable[Event]) -> list[Event]:
    """The events in the one total order (clock, person, computer, seq), whatever order they came in."""
    return sorted(events, key=lambda event: event.order)


def canonical(event: Event) -> bytes:
    """Canonical JSON of every key before `hash`: envelope in fixed order, data sorted, no spaces, UTF-8.

    Raises:
        TypeError, ValueError: the data cannot be said in JSON (a date, NaN, half a surrogate pair).
    """
    return (
        f'{{"v":{VERSION},"seq":{event.seq},"clock":{event.clock},"person":{to_json(event.person)}'
        f',"computer":{to_json(event.computer)},"time":{to_json(event.time)},"kind":{to_json(event.kind)}'
        f',"data":{to_json(event.data)},"replaces":{to_json(event.replaces)},"prev":{to_json(event.prev)}}}'
    ).encode()


def encode(event: Event) -> bytes:
    """The line of an event, without its newline. Raises as `canonical`."""
    body = canonical(event)
    return body[:-1] + b',"hash":"' + sha256(body).encode() + b'"}'


def parse(line: bytes) -> Event:
    """Read one line (without its newline). Its hash is not checked: compare the line with `encode(event)`.

    Raises:
        LineError: `unreadable` (no JSON), `not an object`, `version`, or `envelope` (keys or types).
    """
    try:
        found = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise LineError("unreadable", "is not readable as JSON") from error
    if not isinstance(found, dict):
        raise LineError("not an object", "is JSON but not an object, so it is no event")
    version = found.get("v")
    if type(version) is not int or version != VERSION:
        raise LineError("version", f"has version {version!r}, and this metareview reads {VERSION}")
    _check_envelope(found)
    return Event(**{key: found[key] for key in KEYS[1:8]}, replaces=tuple(found["replaces"]), prev=found["prev"])


def _check_envelope(found: dict[str, Any]) -> None:
    """Raise LineError unless the keys and their types are those of an event."""
    missing = [key for key in KEYS if key not in found]
    unknown = [key for key in found if key not in KEYS]
    if missing or unknown:
        raise LineError("envelope", f"is no event: keys missing {missing}, keys unknown {unknown}")
    wrong = [key for key, kind in _TYPES.items() if type(found[key]) is not kind]
    if wrong == [] and (found["seq"] < 1 or found["clock"] < 1):
        wrong = ["seq or clock (from 1)"]
    if wrong == [] and any(type(name) is not str for name in found["replaces"]):
        wrong = ["replaces"]
    if wrong:
        raise LineError("envelope", f"is no event: wrong type of value for {', '.join(wrong)}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
