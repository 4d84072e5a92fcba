"""Records that are normalised when first looked at: reading a large export costs what is used of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from metareview.literature.formats.format import Entry
from metareview.literature.records import Record

_NAMES = tuple(f.name for f in fields(Record))


class LazyRecord(Record):
    """A Record whose fields are filled from its entry at first use; equal to a Record of the same fields."""

    __slots__ = ("_entry",)
    _entry: Entry

    def __getattr__(self, name: str) -> Any:
        """Fill the normalised fields or `raw`; Python calls this only for a field that is not there yet."""
        if name not in _NAMES:
            raise AttributeError(f"Record has no field {name!r}")
        found = {"raw": self._entry.raw()} if name == "raw" else self._entry.values()
        for key, value in found.items():
            object.__setattr__(self, key, value)
        return object.__getattribute__(self, name)

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in _NAMES)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return self._values() == tuple(getattr(other, name) for name in _NAMES)

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return repr(Record(*self._values()))

    def __reduce__(self) -> tuple[type[Record], tuple[Any, ...]]:
        return Record, self._values()


def _setter(name: str) -> Callable[[Record, Any], None]:
    """Return what sets a slot of a frozen record, at the cost of a call."""
    slot = LazyRecord.__dict__.get(name) or Record.__dict__[name]
    set_slot: Callable[[Record, Any], None] = slot.__set__
    return set_slot


_set_id, _set_line, _set_entry = map(_setter, ("record_id", "line", "_entry"))


def lazy_record(entry: Entry, record_id: str) -> Record:
    """Return the record of an entry, normalised at first use."""
    record = object.__new__(LazyRecord)
    _set_id(record, record_id)
    _set_line(record, entry.line)
    _set_entry(record, entry)
    return record
