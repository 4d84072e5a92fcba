"""What a format of literature exports is, and what reading one gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from metareview.literature.records import Field, Record


class Repair(NamedTuple):
    """What was wrong in a file and read all the same: 1-based line, record (or empty), what was done."""

    line: int
    record_id: str
    what: str


class Quarantined(NamedTuple):
    """A line that is in no record: its 1-based number, the start of its text, and why."""

    line: int
    text: str
    why: str


class Entry(Protocol):
    """One record as found in a file, not yet normalised.

    Attributes:
        line: 1-based first line.
        last: 1-based last line that belongs to it.
    """

    @property
    def line(self) -> int: ...  # noqa: D102

    @property
    def last(self) -> int: ...  # noqa: D102

    def values(self) -> dict[str, Any]:
        """Return the normalised fields of a Record: all but `record_id`, `line` and `raw`; never fails."""
        ...

    def raw(self) -> tuple[Field, ...]:
        """Return every field as printed, in order."""
        ...


@dataclass(frozen=True)
class Parsed:
    """What a format made of the lines of a file.

    Attributes:
        entries: the records, in order.
        repairs: line and text of each repair (the record follows from the line).
        quarantined: the lines that are in no record.
        structure: how many lines carry no value: blank lines, ends of records, headers.
        unknown_tags: tags the format does not define, with how often they occur.
    """

    entries: tuple[Entry, ...]
    repairs: tuple[tuple[int, str], ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    structure: int = 0
    unknown_tags: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Format:
    """One format of literature exports.

    Attributes:
        name: short name, as used on the command line (`ris`).
        title: what a reader calls it.
        recognises: from the first part of a text, how surely it is this format: 0 (not) to 1 (certain).
        read: from the lines of a text to its records; raises nothing.
        write: from records to text, or None where the format is only read.
        extensions: usual file extensions; a hint for messages, never used to decide.
    """

    name: str
    title: str
    recognises: Callable[[str], float]
    read: Callable[[Sequence[str]], Parsed]
    write: Callable[[Iterable[Record]], str] | None = None
    extensions: tuple[str, ...] = ()
