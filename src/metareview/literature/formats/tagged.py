"""Tagged text, the way of most databases before RIS: one `TAG value` a line, grouped here into records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, FieldEntry, Normalise
from metareview.literature.records import Field
from metareview.literature.source import Source

_OUTSIDE = "text outside any record"
_END_OF_FILE = "the end of the file"


@dataclass(frozen=True)
class Shape:
    """What tells the records of one tagged format apart.

    Attributes:
        tag: matches a line that starts a field; its groups are the tag and the value.
        start: the tag a record begins with; `called` in messages, and whether it always comes first (`leads`).
        known: the tags of the format; others are kept, and counted as unknown.
        once: tags a record has one of, so that a second one after a blank line begins another record.
        core: tags of which a record without its start has at least one.
        end: the tag that ends a record, if any, and whether every record has it (`closes`).
        last: a field late in every record of a system that writes it, whose lack tells a file that was cut short.
        outside: tags of lines that belong to the file, not to a record.
        heading: what such a line looks like where its tag is damaged.
        lists: tags whose continuation lines are each a further value.
        prose: tags in whose text an unknown tag is text, where text is not indented.
        paragraphs: text after a blank line continues the value before it, even when it is not indented.
        indents: continuation lines are indented, so that one that is not is a repair.
        labels: the value is on the lines below the tag, which is a line of its own.
    """

    tag: re.Pattern[str]
    start: str
    known: frozenset[str]
    once: frozenset[str]
    core: frozenset[str]
    called: str = ""
    leads: bool = True
    end: str = ""
    closes: bool = False
    last: str = ""
    outside: frozenset[str] = frozenset()
    heading: re.Pattern[str] | None = None
    lists: frozenset[str] = frozenset()
    prose: frozenset[str] = frozenset()
    paragraphs: bool = False
    indents: bool = True
    labels: bool = False


def read_tagged(source: Source, account: Account, shape: Shape, normalise: Normalise) -> Iterator[FieldEntry]:
    """Yield the records of a tagged text, each with all its fields, in the memory of one record."""
    grouper = _Grouper(shape, account, normalise)
    match, known, marks = shape.tag.match, shape.known, {shape.start, shape.end, *shape.outside} - {""}
    for number, line in enumerate(source.lines(), 1):
        found = match(line)
        if found is None or (found[1] not in known and grouper.is_text()):
            grouper.text(number, line)
        elif found[1] in marks:
            yield from grouper.mark(number, found[1], (found[2] or "").strip(" \t"))
        else:
            if grouper.parted:
                yield from grouper.close_block()
            grouper.open_field(number, found[1], (found[2] or "").strip(" \t"))
    yield from grouper.finish()


@dataclass(slots=True)
class _Grouper:
    """The records of a text as its lines come in.

    Fields gather in a block until a start, an end or a blank line parts it from the next; a block then is a
    record, the rest of the record before it (`held`), or outside any.
    """

    shape: Shape
    account: Account
    normalise: Normalise
    block: list[Field] = field(default_factory=list)
    begun: bool = False
    held: list[Field] = field(default_factory=list)
    held_tags: set[str] = field(default_factory=set)
    held_ended: bool = False
    tag: str = ""
    parts: list[str] = field(default_factory=list)
    at: int = 0
    blanks: int = 0
    parted: bool = False
    loose: bool = False
    slack: bool = False  # some line before was loose
    ends: list[int] = field(default_factory=list)
    alike: int = 0  # records so far that all have the last field; -1 once one has not

    def is_text(self) -> bool:
        """Tell whether an unknown tag here is text: amid text that is not indented, or in the prose of such a file."""
        return self.loose or (self.tag in self.shape.prose and (self.slack or not self.shape.indents))

    def open_field(self, number: int, tag: str, value: str) -> None:
        """Take a line that begins with a tag."""
        self.close_field()
        self.tag, self.at = tag, number
        self.parts = [] if self.shape.labels else [value]

    def text(self, number: int, line: str) -> None:
        """Take a line without a tag: blank, the rest of a value, or text that fits nowhere."""
        text = line.strip(" \t")
        if not text:
            self.blanks += 1
            self.parted = True
            return
        loose = self.shape.indents and line[0] not in " \t"
        if not self.tag or (self.blanks and loose and not self.shape.paragraphs):
            self.account.quarantine(number, line, _OUTSIDE)
            return
        if loose and not self.loose:
            self.account.repair(number, f"text that is not indented: kept with the {self.tag} before it")
        if self.tag in self.shape.lists:
            self.open_field(number, self.tag, "")
            self.parts = [text]
        else:
            self.continue_field(number, text)
        self.parted, self.loose = False, loose
        self.slack |= loose

    def continue_field(self, number: int, text: str) -> None:
        """Add a line to the value, with the blank lines before it."""
        if self.parts:
            self.parts += [""] * self.blanks
        else:
            self.at = number - 1
            self.account.structure += self.blanks
        self.blanks = 0
        self.parts.append(text)

    def close_field(self) -> None:
        """Keep the field whose lines are complete."""
        self.account.structure += self.blanks
        self.blanks = 0
        if self.tag:
            below = self.shape.labels and bool(self.parts) and self.tag != self.shape.start
            self.account.structure += below
            self.block.append(Field(self.tag, "\n".join(self.parts), self.at + below))
        self.tag, self.parts, self.loose = "", [], False

    def mark(self, number: int, tag: str, value: str) -> Iterator[FieldEntry]:
        """Take a start, an end, or a line of the file itself."""
        self.close_field()
        if tag == self.shape.start:
            if self.parted or self.begun or self.shape.leads:
                yield from self.close_block(f"the {tag} in line {number}")
            self.begun = True
            self.open_field(number, tag, value)
            self.parts = [value]
        elif tag == self.shape.end:
            yield from self.end(number, tag, value)
        else:
            yield from self.close_block(f"the {tag} in line {number}")
            self.account.structure += 1

    def end(self, number: int, tag: str, value: str) -> Iterator[FieldEntry]:
        """Take the end of a record."""
        if not self.block and (not self.held or self.held_ended):
            self.ends.append(number)
        yield from self.close_block()
        self.held_ended = True
        if value:
            self.account.quarantine(number, f"{tag} {value}", "text on an end of record")
        else:
            self.account.structure += 1

    def close_block(self, before: str = "") -> Iterator[FieldEntry]:
        """Find what the block is: a record, the rest of the one held, or outside any; yield what is whole.

        Arguments:
            before: what begins here, where nothing after it can belong to the record held.
        """
        self.close_field()
        block, begun, self.block, self.begun, self.parted = self.block, self.begun, [], False, False
        tags = {f.tag for f in block}
        clash = not self.shape.once.isdisjoint(tags & self.held_tags)
        apart = not self.held or self.held_ended or clash
        if block and (begun or (apart and not self.shape.core.isdisjoint(tags))):
            yield from self.release(f"the {block[0].tag} in line {block[0].line}")
            if not begun:
                self.account.repair(
                    block[0].line, f"no {self.shape.called or self.shape.start}: the record starts here"
                )
            self.held, self.held_tags = block, tags
        elif block and self.held:
            if apart:
                found = ", ".join(dict.fromkeys(f.tag for f in block))
                self.account.repair(block[0].line, f"{found} after the record: kept with it")
            self.held += block
            self.held_tags |= tags
        else:
            self.set_aside(block)
        if before:
            yield from self.release(before)

    def release(self, before: str) -> Iterator[FieldEntry]:
        """Yield the record held: nothing more belongs to it."""
        fields, tags, ended = self.held, self.held_tags, self.held_ended
        self.held, self.held_tags, self.held_ended = [], set(), False
        if not fields:
            return
        last = fields[-1].line + fields[-1].value.count("\n")
        if self.shape.closes and not ended:
            self.account.repair(last, f"no {self.shape.end}: the record ends before {before}")
        if self.shape.last in tags:
            self.alike += self.alike >= 0
        else:
            if self.alike > 0 and before == _END_OF_FILE:
                what = f"no {self.shape.last}, as the records before have: the file may be cut short"
                self.account.repair(last, what)
            self.alike = -1
        self.account.unknown.update(f.tag for f in fields if f.tag not in self.shape.known)
        yield FieldEntry(fields[0].line, last, tuple(fields), self.normalise)

    def set_aside(self, block: list[Field]) -> None:
        """Quarantine fields that belong to no record; a heading of the file whose tag is damaged is repaired."""
        heading = self.shape.heading
        for tag, value, line in block:
            if heading is not None and heading.search(value):
                self.account.repair(line, f"{tag!r} begins no record: read as a heading of the file")
                self.account.structure += 1 + value.count("\n")
                continue
            for at, text in enumerate(value.split("\n")):
                shown = text if at or (self.shape.labels and text) else f"{tag} {text}"
                self.account.quarantine(line + at, shown, "field before the first record")

    def finish(self) -> Iterator[FieldEntry]:
        """Yield what is left at the end of the file."""
        yield from self.close_block(_END_OF_FILE)
        if self.ends:
            n = len(self.ends)
            what = f"{n} end{'s' * (n > 1)} of record without a record, the first here"
            self.account.repair(self.ends[0], what)


def collect(fields: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the values of each tag that are not empty, in order."""
    got: dict[str, list[str]] = {}
    for tag, value in fields:
        if value:
            got.setdefault(tag, []).append(value)
    return got


def listed(values: Iterable[str], mark: str = ";") -> tuple[str, ...]:
    """Return the items of values that list them, parted by a mark."""
    return tuple(item for value in values for part in v.plain(value).split(mark) if (item := part.strip()))
