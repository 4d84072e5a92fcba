"""Bytes of an export to text: encoding, line ends and control characters, with every repair named."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_BLANKS = bytes([0x0B, 0x0C, *range(0x1C, 0x20)])
_JUNK = bytes([*range(0x09), *range(0x0E, 0x1C), 0x7F])
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TO_BLANK = dict.fromkeys(_BLANKS, " ") | dict.fromkeys(_JUNK)
_BOM = "\ufeff"


class TextRepair(NamedTuple):
    """One repair of the text: the 1-based line it was made on and what was done."""

    line: int
    what: str


class Text(NamedTuple):
    """The decoded text of a file.

    Attributes:
        text: the text with every line end (CR, LF, CRLF) written as a line feed, so that line n here is line
            n of the file in an editor.
        encoding: what the bytes were read as.
        repairs: what had to be changed, in the order of the lines.
    """

    text: str
    encoding: str
    repairs: tuple[TextRepair, ...]

    @property
    def lines(self) -> list[str]:
        """Return the lines without their ends; a form feed or U+2028 in a value does not split it."""
        lines = self.text.split("\n")
        if lines[-1] == "":
            lines.pop()
        return lines


def decode(data: bytes) -> Text:
    """Decode the bytes of a text file, never failing.

    UTF-8 (with or without byte order mark) and UTF-16 are recognised. A line that is not valid UTF-8 is read
    as Windows-1252 (Latin-1 where that has no character); the other lines keep their UTF-8. Control
    characters are removed (form feed and the like become a blank), since no export means them.

    Arguments:
        data: the bytes of the file.
    """
    data, encoding, repairs = _as_utf8(data)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text, encoding, more = _by_line(data)
        repairs += more
    if len(data.translate(None, _BLANKS + _JUNK)) != len(data) or _BOM in text:
        text, more = _without_controls(text)
        repairs += more
    return Text(text, encoding, tuple(sorted(repairs)))


def _as_utf8(data: bytes) -> tuple[bytes, str, list[TextRepair]]:
    """Return the data as UTF-8 bytes without byte order mark, where it is UTF-8 or UTF-16."""
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :], "utf-8-sig", []
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _from_utf16(data, "utf-16")
    head = data[:400]
    nulls_odd, nulls_even = head[1::2].count(0), head[::2].count(0)
    if len(head) >= 8 and max(nulls_odd, nulls_even) > 0.4 * (len(head) // 2):
        return _from_utf16(data, "utf-16-le" if nulls_odd > nulls_even else "utf-16-be")
    return data, "utf-8", []


def _from_utf16(data: bytes, encoding: str) -> tuple[bytes, str, list[TextRepair]]:
    repairs = []
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        text = data.decode(encoding, errors="replace")
        line = data[: error.start].decode(encoding, errors="replace").count("\n") + 1
        repairs.append(TextRepair(line, f"not valid {encoding}: unreadable characters are shown as \ufffd"))
    return text.encode("utf-8", errors="replace"), encoding, repairs


def _by_line(data: bytes) -> tuple[str, str, list[TextRepair]]:
    """Decode line by line: UTF-8 where a line is valid, Windows-1252 or Latin-1 where it is not."""
    lines, first, bad, good = [], 0, 0, 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            lines.append(line.decode("utf-8"))
            good += not line.isascii()
        except UnicodeDecodeError:
            lines.append(_single_byte(line))
            bad += 1
            first = first or number
    encoding = "utf-8+cp1252" if good else "cp1252"
    more = f", as {bad - 1} later lines" if bad > 1 else ""
    what = f"line {first} is not valid UTF-8: read as Windows-1252{more}"
    return "\n".join(lines), encoding, [TextRepair(first, what)]


def _single_byte(line: bytes) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _without_controls(text: str) -> tuple[str, list[TextRepair]]:
    """Remove control characters and byte order marks at the start of a line, one repair a line."""
    lines, repairs = text.split("\n"), []
    for i, line in enumerate(lines):
        if line.startswith(_BOM):
            line = line.lstrip(_BOM)
            repairs.append(TextRepair(i + 1, "byte order mark inside the file removed"))
        found = len(_CONTROL.findall(line))
        if found:
            line = line.translate(_TO_BLANK)
            repairs.append(TextRepair(i + 1, f"{found} control character{'s' * (found > 1)} removed"))
        lines[i] = line
    if not lines[-1] and not text.endswith("\n"):
        lines.append("")  # the last line is empty now, but a line
    return "\n".join(lines), repairs
