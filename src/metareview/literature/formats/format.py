"""What a format of literature exports is, and what reading one gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from metareview.literature.records import Field, Record
from metareview.literature.source import Source

SHOWN = 80


class Repair(NamedTuple):
    """What was wrong in a file and read all the same: 1-based line, record (or empty), what was done."""

    line: int
    record_id: str
    what: str


class Quarantined(NamedTuple):
    """Lines that are in no record: the 1-based number of the first, the start of its text, why, and the last of them."""

    line: int
    text: str
    why: str
    last: int


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


Normalise = Callable[[Iterable[tuple[str, str]]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FieldEntry:
    """A record whose fields are at hand.

    Attributes:
        line, last: 1-based first and last line; fields: every field as printed, in order.
        normalise: from (tag, value) of each field to the normalised fields of a Record.
    """

    line: int
    last: int
    fields: tuple[Field, ...]
    normalise: Normalise

    def raw(self) -> tuple[Field, ...]:
        """Return every field as printed, in order."""
        return self.fields

    def values(self) -> dict[str, Any]:
        """Return the normalised fields."""
        return self.normalise((f.tag, f.value) for f in self.fields)


@dataclass
class Account:
    """Where every line of a file went that is not in a field of a record, kept while the file is read.

    Attributes:
        repairs: line and text of each repair (the record follows from the line).
        quarantined: the lines (or records) that are in no record.
        structure: how many lines carry no value: blank lines, ends of records, headers.
        unknown: tags the format does not define, with how often they occur; they are kept in `raw`.
        lost: records that were seen but could not be read; each is among the quarantined.
    """

    repairs: list[tuple[int, str]] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    structure: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    def repair(self, line: int, what: str) -> None:
        """Note what was wrong on a line and read all the same."""
        self.repairs.append((line, what))

    def quarantine(self, line: int, text: str, why: str, record: bool = False, last: int = 0) -> None:
        """Set a line aside, or all to `last`; record: they stand for a whole record that could not be read."""
        self.quarantined.append(Quarantined(line, text.strip()[:SHOWN], why, max(line, last)))
        self.lost += record


@dataclass(frozen=True)
class Format:
    """One format of literature exports.

    Attributes:
        name: short name, as used on the command line (`ris`).
        title: what a reader calls it.
        recognises: from the first part of a text, how surely it is this format: 0 (not) to 1 (certain).
        read: from a file to its records, one by one as the file is read, with the account of its lines; raises
            MetareviewError only where nothing sensible can come of the file (a hostile or broken one).
        write: from records to text, or None where the format is only read.
        extensions: usual file extensions; a hint for messages, never used to decide.
        systems: (name, regular expression) of the systems that write this format, each told by its marks in the
            first part of a text; the first that matches names it.
        table: it has columns, which a person may name for the fields.
        magic: first bytes of a binary file; `recognises` then sees its bytes as Latin-1.
    """

    name: str
    title: str
    recognises: Callable[[str], float]
    read: Callable[[Source, Account], Iterator[Entry]]
    write: Callable[[Iterable[Record]], str] | None = None
    extensions: tuple[str, ...] = ()
    systems: Sequence[tuple[str, str]] = ()
    table: bool = False
    magic: bytes = b""
