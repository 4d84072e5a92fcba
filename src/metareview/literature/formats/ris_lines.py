"""From the lines of a RIS file to its records, with every line accounted for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import compress, count

from metareview.literature.formats.format import Quarantined
from metareview.literature.formats.ris_entry import RisEntry
from metareview.literature.formats.ris_tags import known_tags, reference_types, repeatable_tags

_TAG = re.compile(r"[A-Z][A-Z0-9]  -")
_LOOSE_TAG = re.compile(r"[ \t]*([A-Z][A-Z0-9])[ \t]{1,4}-(?:[ \t]+|$)")
_LOOSE_START = re.compile(r"TY[ \t]{1,4}-[ \t]*([A-Z]*)[ \t]*")
_LOOSE_END = re.compile(r"ER[ \t]*-[ \t]*")
_HEADER = re.compile(
    r"[ \t]*(?:\d+\.|<\d+>|Record #\d+ of \d+|Provider: .*|Database: .*|Content: text.*"
    r"|Link to the Ovid Full Text.*)[ \t]*"
)
_MARKS = frozenset(("TY", "ER"))
_RECORD_TAGS = frozenset(("TI", "T1", "AU", "A1", "AB", "N2", "DO"))
_START_OF_TEXT = 80


def parse(lines: Sequence[str]) -> Parsed:
    """Return the records of a RIS file and the account of its lines.

    A record runs from TY to ER. Where one of them is missing it ends at the next TY or starts after the last
    ER, which is a repair; fields after ER (Ovid's NL) stay with the record before them. Lines without a tag
    continue the value before them. What fits nowhere is quarantined.

    Arguments:
        lines: the lines of the file, without line ends.
    """
    lines, tags, repairs = _tagged(lines)
    ledger = _Ledger(lines, tags, repairs)
    start, done = -1, 0
    for mark in _marks(ledger):
        if tags[mark] == "ER":
            if start >= 0:
                ledger.block(start, mark, trim=False)
            else:
                ledger.outside(done, mark, "ER")
            ledger.end(mark)
            start, done = -1, mark + 1
            continue
        if start >= 0:
            ledger.block(start, mark, trim=True)
            repairs.append((ledger.entries[-1].last, f"no ER: the record ends before the TY in line {mark + 1}"))
        elif mark > done:
            ledger.outside(done, mark, "TY")
        start = done = mark
    if start >= 0:
        ledger.block(start, len(lines), trim=True)
        repairs.append((ledger.entries[-1].last, "no ER: the record ends with the file"))
    else:
        ledger.outside(done, len(lines), "end")
    return ledger.parsed()


def _tagged(lines: Sequence[str]) -> tuple[Sequence[str], list[str | None], list[tuple[int, str]]]:
    """Return the lines with loose tags rewritten as `TG  - `, the tag of each line, and the repairs."""
    heads = [line[:5] for line in lines]
    kinds = {head: head[:2] if _TAG.fullmatch(head) else None for head in set(heads)}
    if "TY  -" not in kinds and any(m[1] == "TY" for m in map(_LOOSE_TAG.match, lines) if m):
        return _loosely_tagged(lines)
    tags = [kinds[head] for head in heads]
    odd = {head for head, tag in kinds.items() if tag is None and head[:2] in ("TY", "ER")}
    if not odd:
        return lines, tags, []
    return _with_odd_marks(list(lines), tags, [i for i, head in enumerate(heads) if head in odd])


def _loosely_tagged(lines: Sequence[str]) -> tuple[list[str], list[str | None], list[tuple[int, str]]]:
    tags: list[str | None] = []
    fixed, first = [], 0
    for number, line in enumerate(lines, start=1):
        match = _LOOSE_TAG.match(line)
        tags.append(match[1] if match else None)
        if match and not _TAG.match(line):
            first = first or number
        fixed.append(f"{match[1]}  - {line[match.end() :]}" if match else line)
    what = "tags are not written as 'TY  - ' in this file: read by their letters and dash"
    return fixed, tags, [(first, what)]


def _with_odd_marks(
    lines: list[str], tags: list[str | None], odd: list[int]
) -> tuple[list[str], list[str | None], list[tuple[int, str]]]:
    """Read `TY - JOUR` and `ER -` among strict lines as marks, and a bare `ER` where a record may end."""
    repairs, any_start = [], "TY" in tags
    for i in odd:
        line = lines[i]
        start = _LOOSE_START.fullmatch(line)
        if start and start[1] in reference_types():
            lines[i], tags[i] = f"TY  - {start[1]}", "TY"
        elif _LOOSE_END.fullmatch(line) or (
            line.strip() == "ER" and (not any_start or _record_may_start(lines, tags, i + 1))
        ):
            lines[i], tags[i] = "ER  -", "ER"
        else:
            continue
        repairs.append((i + 1, f"{line.strip()!r} read as {lines[i]!r}"))
    return lines, tags, repairs


def _record_may_start(lines: Sequence[str], tags: Sequence[str | None], i: int) -> bool:
    """Tell whether only blank lines and headers lie between line i and the next TY or the end."""
    while i < len(lines) and tags[i] is None and (not lines[i].strip() or _HEADER.fullmatch(lines[i])):
        i += 1
    if i == len(lines) or tags[i] == "TY":
        return True
    match = _LOOSE_START.fullmatch(lines[i])
    return match is not None and match[1] in reference_types()


def _marks(ledger: _Ledger) -> list[int]:
    """Return where records start and end; an `ER  - text` inside a record is text, not an end."""
    lines, tags = ledger.lines, ledger.tags
    marks = []
    for i in compress(count(), map(_MARKS.__contains__, tags)):
        if tags[i] == "ER" and lines[i][5:].strip() and not _record_may_start(lines, tags, i + 1):
            tags[i] = None
            ledger.repairs.append((i + 1, "'ER' with text inside a record: kept as text"))
        else:
            marks.append(i)
    return marks


@dataclass(frozen=True)
class Parsed:
    """What became of the lines of a file."""

    entries: tuple[RisEntry, ...]
    repairs: tuple[tuple[int, str], ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    structure: int = 0
    unknown_tags: dict[str, int] = field(default_factory=dict)


@dataclass
class _Ledger:
    """The account of the lines while they are read."""

    lines: Sequence[str]
    tags: list[str | None]
    repairs: list[tuple[int, str]]
    entries: list[RisEntry] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    structure: int = 0
    orphans: list[int] = field(default_factory=list)

    def block(self, a: int, b: int, trim: bool) -> None:
        """Take lines a to b as one record; trim: blank lines and headers at its end are not text."""
        self.entries.append(RisEntry(self.lines, self.tags, ((a, self.fields_end(a, b, trim)),)))

    def end(self, i: int) -> None:
        """Take line i as an end of record."""
        text = self.lines[i][5:].strip()
        if text:
            self.quarantine(i, "text on an end of record")
        else:
            self.structure += 1

    def quarantine(self, i: int, why: str) -> None:
        """Set line i aside."""
        self.quarantined.append(Quarantined(i + 1, self.lines[i].strip()[:_START_OF_TEXT], why))

    def stray(self, i: int) -> None:
        """Take line i, untagged and in no record, as blank, header or unexplained."""
        if not self.lines[i] or not self.lines[i].strip() or _HEADER.fullmatch(self.lines[i]):
            self.structure += 1
        else:
            self.quarantine(i, "text outside any record")

    def outside(self, a: int, b: int, ended_by: str) -> None:
        """Take lines a to b, in no record so far, that end at a TY, an ER or the end of the file."""
        first = next((i for i in range(a, b) if self.tags[i] is not None), b)
        for i in range(a, first):
            self.stray(i)
        if first == b:
            if ended_by == "ER":
                self.orphans.append(b)
            return
        found = {tag for tag in self.tags[first:b] if tag is not None}
        if found & _RECORD_TAGS or (ended_by == "ER" and found & known_tags()):
            self.block(first, b, trim=ended_by != "ER")
            self.repairs.append((first + 1, "no TY: the record starts here"))
            if ended_by != "ER":
                self.repairs.append((self.entries[-1].last, "no ER: the record ends here"))
        elif self.entries:
            self.append(first, b)
        else:
            for i in range(first, b):
                if self.tags[i] is None:
                    self.stray(i)
                else:
                    self.quarantine(i, "field before the first record")

    def append(self, a: int, b: int) -> None:
        """Give the fields in lines a to b, which follow an ER, to the record before them."""
        found = ", ".join(dict.fromkeys(tag for tag in self.tags[a:b] if tag is not None))
        entry = self.entries[-1]
        self.entries[-1] = replace(entry, spans=(*entry.spans, (a, self.fields_end(a, b, trim=True))))
        self.repairs.append((a + 1, f"{found} after ER: kept with the record before"))

    def fields_end(self, a: int, b: int, trim: bool) -> int:
        """Count the lines that carry no value, keep tags amid text as text, return where the fields end."""
        tags, lines = self.tags, self.lines
        if None not in tags[a:b]:
            return b
        while trim and tags[b - 1] is None and _empty_or_header(lines[b - 1]):
            b -= 1
            self.structure += 1
        for i in [i for i in range(a, b) if tags[i] is None]:
            if i + 2 < b and tags[i + 1] is not None and tags[i + 2] is None and self.is_text(i + 1, a):
                self.repairs.append((i + 2, f"'{tags[i + 1]}  -' amid text: kept as text"))
                tags[i + 1] = None
        below = False
        for i in reversed([i for i in range(a, b) if tags[i] is None]):
            below = (below or i + 1 == b or tags[i + 1] is not None) and not lines[i].strip(" \t")
            self.structure += below
        return b

    def is_text(self, i: int, a: int) -> bool:
        """Tell whether a tag is text: amid unindented text, and unknown or a repeat of what occurs once."""
        tag = self.tags[i]
        if tag is None or tag in repeatable_tags():
            return False
        if any(self.lines[j][:1] in ("", " ", "\t") for j in (i - 1, i + 1)):
            return False
        return tag not in known_tags() or self.tags.index(tag, a) < i

    def parsed(self) -> Parsed:
        """Close the account."""
        if self.orphans:
            n = len(self.orphans)
            what = f"{n} end{'s' * (n > 1)} of record without a record, the first here"
            self.repairs.append((self.orphans[0] + 1, what))
        found = set(self.tags)
        found.discard(None)
        odd = found - known_tags()
        counts = Counter(self.tags) if odd else {}
        unknown = {str(tag): counts[tag] for tag in sorted(map(str, odd))}
        return Parsed(
            tuple(self.entries), tuple(sorted(self.repairs)), tuple(self.quarantined), self.structure, unknown
        )


def _empty_or_header(line: str) -> bool:
    return not line.strip() or _HEADER.fullmatch(line) is not None
