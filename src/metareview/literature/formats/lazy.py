"""Records that are normalised when first looked at: reading a large export costs what is used of it."""

from __future__ import annotations

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


def lazy_record(entry: Entry, record_id: str) -> Record:
    """Return the record of an entry, normalised at first use."""
    record = object.__new__(LazyRecord)
    object.__setattr__(record, "record_id", record_id)
    object.__setattr__(record, "line", entry.line)
    object.__setattr__(record, "_entry", entry)
    return record
