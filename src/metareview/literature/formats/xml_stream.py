"""A large XML export as a stream of its records: the element tree of one at a time, no document type, no entities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from metareview.errors import USAGE, MetareviewError
from metareview.literature.formats.format import Account, Entry
from metareview.literature.formats.xml_tree import Node, NotWellFormedError, XmlEntry, fields_of, mended, parse
from metareview.literature.source import Source

LONGEST_RECORD = 8_000_000
_LONGEST_TOKEN = 256
_TAG_END = re.compile(rb"[<>]")
_TAGS = re.compile(rb"<[^<>]*>")
# a tag as it should be; what only looks like one, around records, is text that someone may miss
_SOUND_TAGS = re.compile(
    rb"<(?:\?[^<>?]*\?|!DOCTYPE[^<>]*|/?[^\s<>/=\"']+(?:\s+[^\s<>/=\"']+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'))*\s*/?)>"
)
_DOCTYPE = re.compile(rb"<!DOCTYPE(?:[^\[>\"']|\"[^\"]*\"|'[^']*')*([\[>])")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a file: a record, or what stands between records.

    Attributes:
        line: 1-based first line; name: of the record's element, empty between records; text: UTF-8.
        why: what is wrong with it, or empty.
    """

    line: int
    name: str
    text: bytes
    why: str = ""

    @property
    def last(self) -> int:
        """Return the 1-based last line."""
        return self.line + self.text.count(b"\n")


class Splitter:
    """Finds the records of a file by their tags, in the memory of one record and one block.

    The parser sees one record at a time, so a fault in one does not reach the next. Tags in comments and CDATA
    sections do not count; where one of these is never closed, its opening is taken as text.
    """

    def __init__(self, source: Source, names: Sequence[str]) -> None:
        self._source = source
        either = "|".join(map(re.escape, names)).encode()
        self._token = re.compile(
            rb"<!--|<!\[CDATA\[|<!DOCTYPE|<!ENTITY|<(/?)(?:[A-Za-z_][\w.-]{0,60}:)?(" + either + rb")(?=[\s/>])",
            re.IGNORECASE,
        )
        self._hides = True  # comments and CDATA sections hide tags
        self._data, self._line = b"", 1
        self._start = 0  # of the piece being collected
        self._at = 0  # scanned so far
        self._name = ""  # of the record being collected, or empty
        self._until = b""  # what ends the comment or section being skipped
        self._opened = 0  # where that began

    def pieces(self) -> Iterator[Piece]:
        """Yield the records and what stands between them, in order.

        Raises:
            MetareviewError: the file defines entities or a document type of its own.
        """
        for chunk in self._source.chunks():
            self._data = self._data[self._start :] + chunk
            self._at -= self._start
            self._opened -= self._start
            self._start = 0
            yield from self._scan(last=False)
        yield from self._scan(last=True)
        if self._name:
            yield self._take(len(self._data), f"the file ends amid the record: no </{self._name}>")
        elif self._start < len(self._data):
            yield self._take(len(self._data))

    def _take(self, end: int, why: str = "") -> Piece:
        if self._name and end - self._start > LONGEST_RECORD:
            why = f"longer than {LONGEST_RECORD // 1_000_000} million bytes; no export writes such a record"
        piece = Piece(self._line, self._name, self._data[self._start : end], why)
        self._line = piece.last
        self._start, self._name = end, ""
        return piece

    def _scan(self, last: bool) -> Iterator[Piece]:
        """Yield what is whole in the data at hand."""
        while True:
            if self._until and not self._skip(last):
                break
            match = self._token.search(self._data, self._at)
            if match is None:
                self._at = self._resume()
                break
            token = match[0]
            if token[:2] == b"<!" and token.upper() not in (b"<!DOCTYPE", b"<!ENTITY"):
                self._at = match.end()
                if self._hides:
                    self._until, self._opened = (b"-->" if token == b"<!--" else b"]]>"), match.end()
                continue
            closing = _TAG_END.search(self._data, match.end())
            if closing is None and not last and len(self._data) - match.start() < LONGEST_RECORD:
                self._at = match.start()
                break
            if token[:2] == b"<!":
                self._refuse_entities(match.start())
                self._at = match.end()
                continue
            self._at = len(self._data) if closing is None else closing.end() if closing[0] == b">" else closing.start()
            yield from self._tag(match, self._at)
        if len(self._data) - self._start > LONGEST_RECORD and not self._until:
            yield self._take(self._at)

    def _tag(self, match: re.Match[bytes], end: int) -> Iterator[Piece]:
        name = match[2].decode()
        if match[1]:
            if self._name:
                yield self._take(end)
            return
        if self._name:
            yield self._take(match.start(), f"no </{self._name}> before the next record")
        elif match.start() > self._start:
            yield self._take(match.start())
        self._name = name
        if self._data[end - 2 : end] == b"/>":
            yield self._take(end)

    def _skip(self, last: bool) -> bool:
        """Go past the comment or section; False where its end is not in the data yet."""
        found = self._data.find(self._until, self._at)
        if found >= 0:
            self._at = found + len(self._until)
            self._until = b""
            return True
        if last or len(self._data) - self._opened > LONGEST_RECORD:
            self._hides, self._until, self._at = False, b"", self._opened
            return True
        self._at = max(self._opened, len(self._data) - 2)
        return False

    def _resume(self) -> int:
        """Return where to go on scanning: a token may be cut at the end of the data."""
        cut = self._data.rfind(b"<", max(self._at, len(self._data) - _LONGEST_TOKEN))
        return cut if cut >= 0 else max(self._at, len(self._data))

    def _refuse_entities(self, at: int) -> None:
        match = _DOCTYPE.match(self._data, at, at + 100_000)
        if self._name or (match and match[1] == b">"):
            return
        line = self._line + self._data.count(b"\n", self._start, at)
        raise MetareviewError(
            f"{self._source.path}, line {line} defines a document type or entities of its own; no export does, "
            "and reading them is not safe",
            "Export the search again, or take the lines from <!DOCTYPE to ]> out of the file.",
            USAGE,
        )


def read_xml(
    source: Source,
    account: Account,
    names: Sequence[str],
    normalise: Callable[[Node], dict[str, Any]],
    known: frozenset[str],
    aside: Sequence[str] = (),
) -> Iterator[Entry]:
    """Yield the records of an XML file.

    Arguments:
        source, account: the file, and where what is not in a record goes.
        names: of the elements that are records.
        normalise: from the tree of a record to the normalised fields of a Record.
        known: names of the elements the format defines; others are counted as unknown and kept.
        aside: elements with the looks of a record that are none, to be set aside.
    """
    last, apart = 0, set[int]()
    for piece in Splitter(source, (*names, *aside)).pieces():
        if not piece.name:
            apart = _between(piece, account)
            continue
        if piece.name.lower() in {name.lower() for name in aside}:
            account.quarantine(piece.line, _shown(piece.text), f"{piece.name} is no record", last=piece.last)
        elif (entry := _entry(piece, account, normalise, known)) is not None:
            yield entry
        account.structure += max(0, piece.line - last - 1) - sum(1 for n in apart if last < n < piece.line)
        last, apart = max(last, piece.last), set()
    account.structure += max(0, source.n_lines - last - sum(1 for n in apart if n > last))


def _shown(text: bytes) -> str:
    return " ".join(_TAGS.sub(b" ", text[:4000]).decode(errors="replace").split())


def _entry(
    piece: Piece, account: Account, normalise: Callable[[Node], dict[str, Any]], known: frozenset[str]
) -> XmlEntry | None:
    text = piece.text
    try:
        tree, text, repairs = _parsed(piece)
    except NotWellFormedError as error:
        why = f"{piece.why}; {error}" if piece.why else str(error)
        shown = _shown(text) or f"<{piece.name}>"
        account.quarantine(piece.line, shown, f"the record is set aside: {why}", record=True, last=piece.last)
        return None
    for what in repairs:
        account.repair(piece.line, what)
    tags = [f.tag for f in fields_of(tree)]
    if not tags:
        account.quarantine(piece.line, f"<{piece.name}>", "a record without fields", record=True, last=piece.last)
        return None
    elements = (tag.rsplit("/", 1)[-1] for tag in tags if "@" not in tag)
    account.unknown.update(tag for tag in elements if tag.lower() not in known and tag[0] not in "#?.")
    return XmlEntry(piece.line, piece.last, text, normalise)


def _parsed(piece: Piece) -> tuple[Node, bytes, list[str]]:
    """Return the tree of a record with its text, mended where it is not XML but surely meant."""
    if piece.why.startswith("longer"):
        raise NotWellFormedError(f"line {piece.line}")
    try:
        if not piece.why:
            return parse(piece.text, piece.line), piece.text, []
    except NotWellFormedError as error:
        fault = error
    text, repairs = mended(piece.text)
    if piece.why:
        start = text[1:].split(None, 1)[0].split(b">")[0]
        text, repairs = text.rstrip() + b"</" + start + b">", [*repairs, piece.why]
    elif not repairs:
        raise fault
    return parse(text, piece.line), text, repairs


def _between(piece: Piece, account: Account) -> set[int]:
    """Set the text between records aside and return its lines; tags around records are structure."""
    text, comments = _without_comments(piece.text)
    plain = _SOUND_TAGS.sub(lambda m: b"\n" * m[0].count(b"\n"), text)
    found = {number: line for number, line in enumerate(plain.split(b"\n"), piece.line) if line.strip()}
    for number, line in found.items():
        account.quarantine(number, line[:1000].decode(errors="replace"), "text outside any record")
    for number, comment in comments:
        if b"</" in comment:
            first = piece.line + number
            last = first + comment.count(b"\n")
            account.quarantine(first, _shown(comment), "elements in a comment", last=last)
    return {*found, *(piece.line + number for number, comment in comments if b"</" in comment)}


def _without_comments(text: bytes) -> tuple[bytes, list[tuple[int, bytes]]]:
    """Return a text without its comments, and these with the lines before each."""
    kept: list[bytes] = []
    comments: list[tuple[int, bytes]] = []
    at = lines = 0
    while (start := text.find(b"<!--", at)) >= 0 and (end := text.find(b"-->", start + 4)) >= 0:
        lines += text.count(b"\n", at, start)
        comments.append((lines, text[start:end]))
        kept += [text[at:start], b"\n" * text.count(b"\n", start, end)]
        lines += text.count(b"\n", start, end)
        at = end + 3
    return b"".join([*kept, text[at:]]), comments


def starts(head: str, names: Sequence[str], roots: Sequence[str] = ()) -> bool:
    """Tell whether a text is XML with one of these records, or one of these root elements."""
    start = head.lstrip()
    if not start.startswith("<") or re.match(r"<(?:!doctype )?html", start, re.IGNORECASE):
        return False
    either = "|".join(map(re.escape, (*names, *roots)))
    return re.search(rf"<(?:[A-Za-z_][\w.-]{{0,60}}:)?(?:{either})(?=[\s/>])", head) is not None
