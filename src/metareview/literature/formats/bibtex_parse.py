"""From the lines of a BibTeX file to its entries: where each starts and ends, and its fields as printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from metareview.literature.records import Field

LONGEST_ENTRY = 16_000_000
START = re.compile(r"(?<![\w.])@[ \t]*([A-Za-z][\w+:.-]*)[ \t]*([{(])")
_KNOWN = (
    "article|book|booklet|inbook|incollection|inproceedings|conference|manual|mastersthesis|misc|phdthesis"
    "|proceedings|techreport|unpublished|thesis|online|report|collection|electronic|string|comment|preamble"
)
_RESTART = re.compile(
    rf"[ \t]{{0,20}}@[ \t]*(?:(?i:{_KNOWN})[ \t]*[{{(]|[A-Za-z]+[ \t]*[{{(][ \t]*[^\s,={{}}]*[ \t]*(?:,|$))"
)
_FIELD_LINE = re.compile(r"[ \t]*[A-Za-z][\w.:+-]*[ \t]*=[ \t]*[{\"\w]")
_NEXT_FIELD = re.compile(r"\n[ \t]*[A-Za-z][\w.:+-]*[ \t]*=[ \t]*[{\"]")
_STRAY_END = re.compile(r",\s*[A-Za-z][\w.:+-]*[ \t]*=[ \t]*[{\"\w]|\n[ \t]*[A-Za-z][\w.:+-]*[ \t]*=[ \t]*[{\"\w]")
_ESCAPED = re.compile(r"\\.|[{}]", re.DOTALL)
_BRACES = re.compile(r"[{}]")
_MARKS = re.compile(r'\\.|[{}()"]', re.DOTALL)
_QUOTE = re.compile(r'\\.|[{}"]', re.DOTALL)
_QUOTE_ENDS = re.compile(r"\s*(?:[,#})]|\Z|[A-Za-z][\w.:+-]*\s*=)")
_GAP = re.compile(r"[\s,]*")
_NAME = re.compile(r'([^\s=,{}"#()@%\\][^\s={}",#]*(?:[ \xa0]\d+)?)\s*=\s*')  # Scopus: funding_text 1
_BARE = re.compile(r'[^\s,#{}"]+')
_HASH = re.compile(r"\s*#\s*")
_KEYLESS = re.compile(r"\s*[A-Za-z][\w-]*\s*=\s*[{\"\w]")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file: an entry, or text between entries.

    Attributes:
        line: 1-based first line; kind: type of the entry as printed, empty for text between entries.
        text: without `@type{` and the closing mark, for an entry.
        closed: its closing mark was found.
        escapes: a backslash before a brace takes it out of the counting.
    """

    line: int
    kind: str
    text: str
    closed: bool = True
    escapes: bool = True

    @property
    def last(self) -> int:
        """Return the 1-based last line."""
        return self.line + self.text.count("\n")


class _Open:
    """An entry being collected, and how deep in braces it is."""

    def __init__(self, line: int, kind: str, mark: str) -> None:
        self.line, self.kind, self.mark = line, kind, mark
        self.lines: list[str] = []
        self.tail = ""  # what follows the closing mark on its line
        self.size, self.depth, self.quoted = 0, int(mark == "{"), False

    def end_in(self, text: str) -> int:
        """Return the position after the closing mark in a line, or -1, and keep the depth."""
        if self.mark == "(":
            return self._end_of_parentheses(text)
        closing = text.count("}")
        if closing < self.depth and "\\" not in text:
            self.depth += text.count("{") - closing
            return -1
        for match in _ESCAPED.finditer(text):
            self.depth += {"{": 1, "}": -1}.get(match[0], 0)
            if self.depth == 0:
                return match.end()
        return -1

    def _end_of_parentheses(self, text: str) -> int:
        for match in _MARKS.finditer(text):
            sign = match[0]
            if sign == '"' and self.depth == 0:
                self.quoted = not self.quoted
            elif sign == ")" and self.depth == 0 and not self.quoted:
                return match.end()
            self.depth += {"{": 1, "}": -1}.get(sign, 0)
        return -1

    def add(self, text: str) -> None:
        self.lines.append(text)
        self.size += len(text) + 1

    def part(self, closed: bool) -> Part:
        """Return what was collected; where braces do not balance, once more without regard to backslashes."""
        while not closed and self.lines and not self.lines[-1].strip():
            self.lines.pop()
        text = "\n".join(self.lines)
        if not closed and self.mark == "{" and "\\" in text and (end := _end_ignoring_escapes(text)) >= 0:
            return Part(self.line, self.kind, text[:end], escapes=False)
        return Part(self.line, self.kind, text, closed)


def _end_ignoring_escapes(text: str) -> int:
    depth = 1
    for match in _BRACES.finditer(text):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start() if not text[match.end() :].strip(" \t\n,") else -1
    return -1


def parts(lines: Iterable[str]) -> Iterator[Part]:
    """Yield the entries of a file and the text between them, in order.

    An entry that does not close ends before the next line that begins with `@type{`, or with the file. One that
    closes just before a line that can only be a field goes on: a closing brace was too many.
    """
    open_: _Open | None = None
    closed: _Open | None = None  # closed, unless the next line is a field
    for number, line in enumerate(lines, 1):
        rest = line
        if closed is not None:
            if _FIELD_LINE.match(line):
                open_, closed = closed, None
                open_.depth = int(open_.mark == "{")
                open_.lines[-1] += open_.mark.translate({ord("{"): "}", ord("("): ")"}) + open_.tail
            else:
                yield closed.part(closed=True)
                closed = None
        if open_ is not None:
            if _RESTART.match(line) or open_.size > LONGEST_ENTRY:
                yield open_.part(closed=False)
                open_ = None
            else:
                end = open_.end_in(line)
                open_.add(line if end < 0 else line[: end - 1])
                if end < 0:
                    continue
                open_.tail = rest = line[end:]
                open_, closed = None, open_
        while match := START.search(rest):
            if closed is not None:
                yield closed.part(closed=True)
                closed = None
            if match.start() and rest[: match.start()].strip(" \t,"):
                yield Part(number, "", rest[: match.start()])
            open_ = _Open(number, match[1], match[2])
            rest = rest[match.end() :]
            end = open_.end_in(rest)
            open_.add(rest if end < 0 else rest[: end - 1])
            if end < 0:
                break
            open_.tail = rest = rest[end:]
            open_, closed = None, open_
        else:
            if open_ is None and rest.strip(" \t,") and closed is None:
                yield Part(number, "", rest)
            elif closed is not None and rest.strip(" \t,"):
                yield closed.part(closed=True)
                closed = None
                yield Part(number, "", rest)
    for last in (closed, open_):
        if last is not None:
            yield last.part(closed=last is closed)


@dataclass
class Body:
    """The fields of an entry, with what was wrong.

    Attributes:
        fields: as printed, the values with their braces or quotes; held: lines that hold a field.
        repairs: (line, what); strays: (line, text) that is no field.
    """

    fields: list[Field] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    repairs: list[tuple[int, str]] = field(default_factory=list)
    strays: list[tuple[int, str]] = field(default_factory=list)

    def add(self, one: Field) -> None:
        """Add a field and the lines that hold it."""
        self.fields.append(one)
        self.held.update(range(one.line, one.line + one.value.count("\n") + 1))


class _Cursor:
    """A position in the text of an entry that knows its line."""

    def __init__(self, part: Part) -> None:
        self.text, self.at = part.text, 0
        self._line, self._counted = part.line, 0

    def line(self, position: int) -> int:
        """Return the line of a position not before those asked for so far."""
        self._line += self.text.count("\n", self._counted, position)
        self._counted = position
        return self._line


def body(part: Part) -> Body:
    """Return the key and the fields of an entry; nothing in its text is left out."""
    found, cursor = Body(), _Cursor(part)
    _key(part, cursor, found)
    while True:
        gap = _GAP.match(cursor.text, cursor.at)
        start = gap.end() if gap else cursor.at
        if start >= len(cursor.text):
            return found
        name = _NAME.match(cursor.text, start)
        if name is None:
            _stray(part, cursor, start, found)
            continue
        if found.held and found.fields[-1].tag[0] != "@" and "," not in cursor.text[cursor.at : start]:
            found.repairs.append((cursor.line(start), f"no comma before {name[1]}"))
        first = cursor.line(start)
        end, whole = _value(part, name.end())
        if not whole:
            found.repairs.append((first, f"{name[1]} is not closed: it ends before the next field"))
        found.add(Field(name[1], cursor.text[name.end() : end].rstrip(), first))
        cursor.at = end


def _key(part: Part, cursor: _Cursor, found: Body) -> None:
    text = cursor.text
    found.fields.append(Field("@type", part.kind, part.line))
    if _KEYLESS.match(text):
        found.fields.append(Field("@key", "", part.line))
        found.repairs.append((part.line, "no key"))
        return
    end = min(
        (i for i in (text.find(","), text.find("\n", len(text) - len(text.lstrip()))) if i >= 0), default=len(text)
    )
    if (brace := text.find("{", 0, end)) >= 0 and (equals := text.rfind("=", 0, brace)) >= 0:
        end = max(0, text.rfind(" ", 0, len(text[:equals].rstrip())))
    found.fields.append(Field("@key", text[:end].strip(), cursor.line(end)))
    if end < len(text) and text[end] != "," and text[end:].strip(" \t\n,"):
        found.repairs.append((cursor.line(end), "no comma after the key"))
    cursor.at = end


def _stray(part: Part, cursor: _Cursor, start: int, found: Body) -> None:
    """Set aside text up to the next field; a brace alone is one too many."""
    end = match.start() if (match := _STRAY_END.search(cursor.text, start)) else len(cursor.text)
    end = max(end, start + 1)
    text = cursor.text[start:end]
    line = cursor.line(start)
    whole = text.rstrip(" \t\n,")
    if not text.strip("}) \t\n,"):
        found.repairs += [(line, "a closing brace too many")] if part.closed else []
    elif whole.endswith("}") and found.held and found.fields[-1].value.startswith("{"):
        # `{one}, two}`: the brace amid the value is the one too many
        last = found.fields[-1]
        found.repairs.append((line, f"a closing brace amid {last.tag}: it goes on"))
        found.fields.pop()
        found.add(last._replace(value=last.value + cursor.text[cursor.at : start] + whole))
    else:
        found.strays += [(line + i, piece) for i, piece in enumerate(text.split("\n")) if piece.strip()]
    cursor.at = end


def _value(part: Part, at: int) -> tuple[int, bool]:
    """Return where a value ends, and whether its braces and quotes are closed.

    In an entry that does not close, a value ends at the latest before the next line that begins a field.
    """
    text, limit = part.text, len(part.text)
    if not part.closed and (match := _NEXT_FIELD.search(text, at)):
        limit = match.start()
    while True:
        if at >= limit:
            return limit, True
        if text[at] == "{":
            end = _end_of_braces(text, at, limit, part.escapes)
        elif text[at] == '"':
            end = _end_of_quotes(text, at, limit)
        else:
            bare = _BARE.match(text, at, limit)
            end = bare.end() if bare else at
        if end < 0:
            return at + len(text[at:limit].rstrip(" \t\n,")), False
        hash_ = _HASH.match(text, end, limit)
        if hash_ is None:
            return end, True
        at = hash_.end()


def _end_of_braces(text: str, at: int, limit: int, escapes: bool) -> int:
    close = text.find("}", at, limit)
    if close < 0:
        return -1
    if text.find("{", at + 1, close) < 0 and (not escapes or text.find("\\", at, close) < 0):
        return close + 1
    depth = 0
    for match in (_ESCAPED if escapes else _BRACES).finditer(text, at, limit):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return -1


def _end_of_quotes(text: str, at: int, limit: int) -> int:
    depth = 0
    for match in _QUOTE.finditer(text, at + 1, limit):
        sign = match[0]
        if sign == '"' and depth <= 0 and _QUOTE_ENDS.match(text, match.end(), limit):
            return match.end()
        depth += {"{": 1, "}": -1}.get(sign, 0)
    return -1
