"""The registered protocol and what changed since: PRISMA 2020 items 24a and 24c.

A registration keeps the whole text in the journal, so that an amendment can be shown value by value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..journal.events import Event
from .loading import protocol_hash
from .yaml_lines import LinedYaml

REGISTERED = "protocol.registered"


@dataclass(frozen=True)
class Change:
    """One value that differs between two versions of a protocol; None where it is absent."""

    where: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Amendment:
    """The changes from one registered version to the next, or (`registered` False) to the file as it stands."""

    number: int
    date: str
    person: str
    reason: str
    registered: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Registration:
    """One registered version: date, person, the text's hash, and why it changed."""

    date: str
    person: str
    sha256: str
    version: str
    reason: str
    text: str


def registrations(events: Iterable[Event]) -> list[Registration]:
    """Fold journal events into the registered versions, oldest first."""
    return [
        Registration(
            e.data["date"],
            e.data["by"],
            e.data["sha256"],
            e.data["version"],
            e.data.get("reason", ""),
            e.data["text"],
        )
        for e in events
        if e.kind == REGISTERED
    ]


def amendments(registered: list[Registration], text: str) -> list[Amendment]:
    """Return every amendment after the first registration; the last may be one not yet registered.

    Arguments:
        registered: the registered versions, oldest first.
        text: the protocol file as it stands.
    """
    found: list[Amendment] = []
    for before, after in pairwise(registered):
        changes = difference(before.text, after.text)
        found.append(Amendment(len(found) + 1, after.date, after.person, after.reason, True, changes))
    if registered and registered[-1].sha256 != protocol_hash(text):
        found.append(Amendment(len(found) + 1, "", "", "", False, difference(registered[-1].text, text)))
    return found


def difference(before: str, after: str) -> tuple[Change, ...]:
    """Return the values that differ between two protocol texts; comments and order of keys are no change."""
    old, new = (_flat(LinedYaml(text).data) for text in (before, after))
    names = [*old, *(name for name in new if name not in old)]
    return tuple(Change(n, old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n))


def _flat(data: Any, where: str = "") -> dict[str, Any]:
    if isinstance(data, dict):
        return _merged(_flat(value, f"{where}.{key}" if where else str(key)) for key, value in data.items())
    if isinstance(data, list) and any(isinstance(item, dict) for item in data):
        return _merged(_flat(item, f"{where}[{_label(item, i)}]") for i, item in enumerate(data))
    return {where: data}


def _label(item: Any, index: int) -> str:
    if isinstance(item, dict):
        for key in ("name", "code", "id"):
            if key in item:
                return str(item[key])
    return str(index + 1)


def _merged(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for part in parts:
        whole.update(part)
    return whole
