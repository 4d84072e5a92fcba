"""From the lines of RIS to its records, with every line accounted for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.literature.formats.format import Account, Entry
from metareview.literature.formats.ris_entry import RisEntry
from metareview.literature.formats.ris_marks import (
    all_empty_or_header,
    empty_or_header,
    is_loose,
    record_may_start,
    strict,
    with_odd_marks,
)
from metareview.literature.formats.ris_table import LineTable, blank, code_of, line_table, tag_of
from metareview.literature.formats.ris_tags import known_tags, repeatable_tags
from metareview.literature.source import LONGEST_LINE, Source

_TY, _ER = code_of("TY"), code_of("ER")
_RECORD_TAGS = frozenset(("TI", "T1", "AU", "A1", "AB", "N2", "DO"))
_START = b"\nTY  -"
LONGEST_STRETCH = 1 << 29


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of a RIS file.

    A record runs from TY to ER. Where one of them is missing it ends at the next TY or starts after the last
    ER, which is a repair; fields after ER (Ovid's NL) stay with the record before them. Lines without a tag
    continue the value before them. What fits nowhere is quarantined.

    Raises:
        MetareviewError: a line is longer than any export writes, or half a gigabyte holds no whole record.
    """
    first, orphans = 1, list[int]()
    for data, whole in _stretches(source):
        if whole and is_loose(data):
            data, repairs = strict(data, first)
            account.repairs += repairs
        table = line_table(data, first)
        if len(table) and int((table.ends - table.starts).max()) > LONGEST_LINE:
            raise source.too_long(first + int((table.ends - table.starts).argmax()))
        first += len(table)
        table, repairs = with_odd_marks(table)
        account.repairs += repairs
        yield from _Ledger(table, account, orphans).records()
    if orphans:
        n = len(orphans)
        account.repair(orphans[0], f"{n} end{'s' * (n > 1)} of record without a record, the first here")


def _stretches(source: Source) -> Iterator[tuple[bytes, bool]]:
    """Yield the text in stretches, each cut between two records, with whether it is the whole file."""
    held, whole = b"", True
    for chunk in source.chunks():
        if held and (cut := _boundary(held)):
            whole = False
            yield held[:cut], whole
            held = held[cut:]
        elif len(held) > LONGEST_STRETCH:
            raise MetareviewError(
                f"{source.path}: no record ends in the half gigabyte before line {source.n_lines}",
                "The file is damaged, or not an export: export the search again.",
            )
        held += chunk
    if held:
        yield held, whole


def _boundary(data: bytes) -> int:
    """Return where the last record starts that follows an end of record, or 0."""
    at = data.rfind(_START)
    while at > 0:
        before = data[max(0, at - 200) : at].rstrip(b" \t\n")
        if before.rpartition(b"\n")[2].startswith(b"ER  -"):
            return at + 1
        at = data.rfind(_START, 0, at)
    return 0


@dataclass
class _Ledger:
    """The account of a stretch of lines while they are read; positions count from 0."""

    table: LineTable
    account: Account
    orphans: list[int]
    entries: list[RisEntry] = field(default_factory=list)
    bare: NDArray[np.bool_] = field(init=False)
    blank: list[int] = field(init=False)
    told: set[int] = field(init=False)
    amid: list[int] = field(init=False)

    def records(self) -> list[RisEntry]:
        """Return the records of the stretch; all its lines are accounted for then."""
        marks, is_end = self.marks()
        tags, n = self.table.tags, len(self.table)
        self.bare = tags == 0
        self.blank = blank(self.table)
        self.amid = (np.flatnonzero(~self.bare[1:-1] & self.bare[:-2] & self.bare[2:]) + 1).tolist()
        stops = np.concatenate((marks, [n]))
        plain, empty = self.plain(stops)
        start, done, first = -1, 0, self.table.first
        for at, (mark, ends) in enumerate(zip(marks.tolist(), is_end.tolist(), strict=True)):
            if ends:
                if start < 0 and empty[at]:
                    self.account.structure += mark - done
                    self.orphans.append(first + mark)
                elif start < 0:
                    self.outside(done, mark, ended_by="ER")
                elif plain[at]:
                    self.entries.append(RisEntry(self.table, ((start, mark),), first + start, first + mark - 1))
                else:
                    self.block(start, mark, trim=False)
                start, done = -1, mark + 1
                continue
            if start >= 0:
                self.block(start, mark, trim=True)
                self.repair(self.last(), f"no ER: the record ends before the TY in line {first + mark}")
            elif empty[at] or all_empty_or_header(self.table, done, mark):
                self.account.structure += mark - done
            elif mark > done:
                self.outside(done, mark, ended_by="TY")
            start = done = mark
        if start >= 0:
            self.block(start, n, trim=True)
            self.repair(self.last(), "no ER: the record ends with the file")
        else:
            self.outside(done, n, ended_by="end")
        self.end(marks[is_end])
        self.count_unknown()
        return self.entries

    def plain(self, stops: NDArray[np.int64]) -> tuple[list[bool], list[bool]]:
        """Return for the lines before each stop, from the one before: whether all have a tag, and whether all are blank."""
        begins = np.concatenate(([0], stops[:-1] + 1))
        bare = np.concatenate(([0], np.cumsum(self.bare)))
        void = np.searchsorted(np.array(self.blank, dtype=np.int64), np.concatenate((begins, stops)))
        n_blank = void[len(stops) :] - void[: len(stops)]
        return (bare[stops] == bare[begins]).tolist(), (n_blank == stops - begins).tolist()

    def marks(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return where records start and end, and which of them are ends; an `ER  - text` inside a record is text."""
        table = self.table
        at = np.flatnonzero((table.tags == _TY) | (table.tags == _ER))
        ends = table.tags[at] == _ER
        length = table.ends[at] - table.starts[at]
        last = np.frombuffer(table.data, dtype=np.uint8)[table.ends[at] - 1]
        long = ends & (length > 5) & ~((length == 6) & (last == 0x20))
        for i in at[long].tolist():
            if self.line(i)[5:].strip() and not record_may_start(table, i + 1):
                table.tags[i] = 0
                self.repair(i, "'ER' with text inside a record: kept as text")
        self.told = {i for i in at[long].tolist() if self.line(i)[5:].strip()}
        kept = table.tags[at] != 0
        return at[kept], ends[kept]

    def line(self, i: int) -> str:
        """Return the text of line i."""
        return self.table.line(i)

    def last(self) -> int:
        """Return the last line of the last record."""
        return self.entries[-1].spans[-1][1] - 1

    def repair(self, i: int, what: str) -> None:
        """Note a repair on line i."""
        self.account.repair(self.table.first + i, what)

    def quarantine(self, i: int, why: str) -> None:
        """Set line i aside."""
        self.account.quarantine(self.table.first + i, self.line(i), why)

    def block(self, a: int, b: int, trim: bool) -> None:
        """Take lines a to b as one record; trim: blank lines and headers at its end are not text."""
        end, first = self.fields_end(a, b, trim), self.table.first
        self.entries.append(RisEntry(self.table, ((a, end),), first + a, first + end - 1))

    def end(self, ends: NDArray[np.int64]) -> None:
        """Take the ends of records: they carry no value, but for those with text."""
        told = [i for i in ends.tolist() if i in self.told] if self.told else []
        for i in told:
            self.quarantine(i, "text on an end of record")
        self.account.structure += len(ends) - len(told)

    def stray(self, i: int) -> None:
        """Take line i, untagged and in no record, as blank, header or unexplained."""
        if empty_or_header(self.line(i)):
            self.account.structure += 1
        else:
            self.quarantine(i, "text outside any record")

    def outside(self, a: int, b: int, ended_by: str) -> None:
        """Take lines a to b, in no record so far, that end at a TY, an ER or the end of the file."""
        tagged = np.flatnonzero(self.table.tags[a:b])
        first = a + int(tagged[0]) if len(tagged) else b
        for i in range(a, first):
            self.stray(i)
        if first == b:
            if ended_by == "ER":
                self.orphans.append(self.table.first + b)
            return
        found = set(self.table.tags_of(first, b)) - {None}
        if found & _RECORD_TAGS or (ended_by == "ER" and found & known_tags()):
            self.block(first, b, trim=ended_by != "ER")
            self.repair(first, "no TY: the record starts here")
            if ended_by != "ER":
                self.repair(self.last(), "no ER: the record ends here")
        elif self.entries:
            self.append(first, b)
        else:
            for i in range(first, b):
                if self.table.tags[i]:
                    self.quarantine(i, "field before the first record")
                else:
                    self.stray(i)

    def append(self, a: int, b: int) -> None:
        """Give the fields in lines a to b, which follow an ER, to the record before them."""
        found = ", ".join(dict.fromkeys(tag for tag in self.table.tags_of(a, b) if tag is not None))
        entry = self.entries[-1]
        end = self.fields_end(a, b, trim=True)
        self.entries[-1] = replace(entry, spans=(*entry.spans, (a, end)), last=self.table.first + end - 1)
        self.repair(a, f"{found} after ER: kept with the record before")

    def fields_end(self, a: int, b: int, trim: bool) -> int:
        """Count the lines that carry no value, keep tags amid text as text, return where the fields end."""
        tags = self.table.tags
        if not self.bare[a:b].any():
            return b
        while trim and not tags[b - 1] and empty_or_header(self.line(b - 1)):
            b -= 1
            self.account.structure += 1
        for i in _within(self.amid, a + 1, b - 1):
            if self.is_text(i, a):
                self.repair(i, f"'{self.table.tag(i)}  -' amid text: kept as text")
                tags[i] = 0
        below = b
        for i in reversed(_within(self.blank, a, b)):
            if i + 1 == below or i + 1 == b or tags[i + 1]:
                below = i
                self.account.structure += 1
        return b

    def is_text(self, i: int, a: int) -> bool:
        """Tell whether a tag is text: amid unindented text, and unknown or a repeat of what occurs once."""
        tag = self.table.tag(i)
        if tag is None or tag in repeatable_tags():
            return False
        if any(self.line(j)[:1] in ("", " ", "\t") for j in (i - 1, i + 1)):
            return False
        return tag not in known_tags() or bool((self.table.tags[a:i] == self.table.tags[i]).any())

    def count_unknown(self) -> None:
        """Count the tags that RIS does not define."""
        counts = np.bincount(self.table.tags, minlength=1)
        for code in np.flatnonzero(counts).tolist():
            if code and (tag := tag_of(code)) not in known_tags():
                self.account.unknown[tag] += int(counts[code])


def _within(positions: list[int], a: int, b: int) -> list[int]:
    """Return the sorted positions that lie from a to b - 1."""
    return positions[bisect_left(positions, a) : bisect_left(positions, b)]
