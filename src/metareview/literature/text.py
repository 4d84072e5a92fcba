"""Bytes of an export to clean UTF-8: encoding, line ends and control characters, block by block, every repair named."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_BLANKS = bytes([0x0B, 0x0C, *range(0x1C, 0x20)])
_JUNK = bytes([*range(0x09), *range(0x0E, 0x1C), 0x7F])
_CONTROL = re.compile(b"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TO_BLANK = bytes(0x20 if byte in _BLANKS else byte for byte in range(256))
_BOM = codecs.BOM_UTF8
_SNIFFED = 400


class TextRepair(NamedTuple):
    """One repair of the text: the 1-based line it was made on and what was done."""

    line: int
    what: str


class Transcoder:
    """The bytes of one file, fed in blocks, to UTF-8 with a line feed for every line end (CR, LF, CRLF).

    UTF-8 (with or without byte order mark) and UTF-16 are recognised. A line that is not valid UTF-8 is read
    as Windows-1252 (Latin-1 where that has no character); the other lines keep their UTF-8. Control
    characters are removed (form feed and the like become a blank), since no export means them. Line n of what
    comes out is line n of the file in an editor.

    Attributes:
        encoding: what the bytes were read as, so far.
        lines: how many line ends came out so far.
    """

    def __init__(self) -> None:
        self.encoding = ""
        self.lines = 0
        self._wide: codecs.IncrementalDecoder | None = None
        self._held = b""
        self._amid = False  # whether what came out so far ends amid a line
        self._repairs: list[TextRepair] = []
        self._first_bad = self._bad = self._good = 0

    @property
    def repairs(self) -> list[TextRepair]:
        """What had to be changed so far, in the order of the lines."""
        found = list(self._repairs)
        if self._bad:
            more = f", as {self._bad - 1} later lines" if self._bad > 1 else ""
            what = f"line {self._first_bad} is not valid UTF-8: read as Windows-1252{more}"
            found.append(TextRepair(self._first_bad, what))
        return sorted(found)

    def feed(self, data: bytes, last: bool = False) -> bytes:
        """Return the text of whole lines so far; what follows the last line end waits for the next block.

        Arguments:
            data: the next bytes of the file; last: no more will come.
        """
        if not self.encoding:
            data = self._begin(data)
        if self._wide is not None:
            data = self._from_utf16(data, last)
        data = self._held + data if self._held else data
        cut = len(data) if last else _whole(data)
        data, self._held = (data, b"") if cut == len(data) else (data[:cut], data[cut:])
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        found = scan(data)
        if found.ascii or found.utf8:
            self._good += not found.ascii
            self.encoding = "utf-8+cp1252" if self._bad and not found.ascii else self.encoding
        else:
            data = self._by_line(data)
            found = scan(data)
        if not found.clean:
            data = self._clean(data, last)
            found = scan(data)
        self.lines += found.ends
        self._amid = not data.endswith(b"\n") if data else self._amid
        return data

    def _begin(self, data: bytes) -> bytes:
        """Find the encoding from the first bytes, and take the byte order mark off."""
        self.encoding = "utf-8"
        if data.startswith(_BOM):
            self.encoding = "utf-8-sig"
            return data[len(_BOM) :]
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self.encoding = "utf-16"
        else:
            head = data[:_SNIFFED]
            odd, even = head[1::2].count(0), head[::2].count(0)
            half = len(head) // 2
            if len(head) >= 8 and max(odd, even) > 0.4 * half and min(odd, even) < 0.1 * half:
                self.encoding = "utf-16-le" if odd > even else "utf-16-be"
        if self.encoding != "utf-8":
            self._wide = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        return data

    def _from_utf16(self, data: bytes, last: bool) -> bytes:
        assert self._wide is not None
        text = self._wide.decode(data, last)
        if "\ufffd" in text:
            line = self.lines + text[: text.index("\ufffd")].count("\n") + 1
            what = f"not valid {self.encoding}: unreadable characters are shown as \ufffd"
            if not any(r.what == what for r in self._repairs):
                self._repairs.append(TextRepair(line, what))
        return text.encode("utf-8", errors="replace")

    def _by_line(self, data: bytes) -> bytes:
        """Keep the lines that are valid UTF-8 and read the others as Windows-1252 or Latin-1."""
        lines = data.split(b"\n")
        for at, line in enumerate(lines):
            try:
                line.decode("utf-8")
                self._good += not line.isascii()
            except UnicodeDecodeError:
                lines[at] = _single_byte(line).encode()
                self._bad += 1
                self._first_bad = self._first_bad or self.lines + at + 1
        self.encoding = "utf-8+cp1252" if self._good else "cp1252"
        return b"\n".join(lines)

    def _clean(self, data: bytes, last: bool) -> bytes:
        """Remove control characters, and byte order marks at the start of a line, one repair a line."""
        lines = data.split(b"\n")
        for at, line in enumerate(lines):
            if line.startswith(_BOM):
                while line.startswith(_BOM):
                    line = line[len(_BOM) :]
                self._repairs.append(TextRepair(self.lines + at + 1, "byte order mark inside the file removed"))
            found = len(_CONTROL.findall(line))
            if found:
                line = line.translate(_TO_BLANK, _JUNK)
                what = f"{found} control character{'s' * (found > 1)} removed"
                self._repairs.append(TextRepair(self.lines + at + 1, what))
            lines[at] = line
        if last and not lines[-1] and not data.endswith(b"\n") and (len(lines) > 1 or not self._amid):
            lines.append(b"")  # the last line is empty now, but a line
        return b"\n".join(lines)


class Scan(NamedTuple):
    """What one look at some bytes tells: line feeds, and whether all is ASCII, valid UTF-8, and free of what must go.

    What must go are control characters and byte order marks.
    """

    ends: int
    ascii: bool
    utf8: bool
    clean: bool


def scan(data: bytes) -> Scan:
    """Look at all bytes at once; only the few that are neither printable ASCII nor blank are looked at again."""
    text = np.frombuffer(data, dtype=np.uint8)
    at = np.flatnonzero(text - np.uint8(0x20) >= 0x5F)  # below a blank (by wrapping), DEL, or beyond ASCII
    values = text[at]
    wide = values >= 0x80
    ends, tabs = int(np.count_nonzero(values == 0x0A)), int(np.count_nonzero(values == 0x09))
    n_wide = int(np.count_nonzero(wide))
    utf8, mark = _utf8(at[wide], values[wide]) if n_wide else (True, False)
    return Scan(ends, not n_wide, utf8, ends + tabs + n_wide == len(at) and not mark)


_SIZES = np.full(256, 9, dtype=np.int64)  # of a character by its first byte: 0 for one that goes on, 9 for none at all
_SIZES[0x80:0xC0], _SIZES[0xC2:0xE0], _SIZES[0xE0:0xF0], _SIZES[0xF0:0xF5] = 0, 2, 3, 4


def _utf8(at: NDArray[np.int64], value: NDArray[np.uint8]) -> tuple[bool, bool]:
    """Return whether the bytes beyond ASCII are valid UTF-8, and whether there is a byte order mark among them.

    Arguments:
        at, value: their positions and values, length n > 0.

    The table of valid sequences is 3-7 of the Unicode standard (15.0, section 3.9).
    """
    size = _SIZES[value]
    first = np.flatnonzero(size)
    sizes = size[first]
    if size[0] == 0 or (sizes == 9).any() or (np.diff(np.append(first, len(value))) != sizes).any():
        return False, False
    if (at[first + sizes - 1] - at[first] != sizes - 1).any():
        return False, False
    lead, second = value[first], value[first + 1]
    beyond = ((lead == 0xE0) & (second < 0xA0)) | ((lead == 0xED) & (second > 0x9F))
    beyond |= ((lead == 0xF0) & (second < 0x90)) | ((lead == 0xF4) & (second > 0x8F))
    marks = first[lead == 0xEF]
    mark = (value[marks + 1] == 0xBB) & (value[marks + 2] == 0xBF)
    return not beyond.any(), bool(mark.any())


def _whole(data: bytes) -> int:
    """Return where the last whole line ends; a file of one endless line is cut between two characters."""
    end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
    if end:
        return end
    return whole_characters(data)


def whole_characters(data: bytes) -> int:
    """Return where the last character surely ends; the last byte may be half of a CRLF, or of a character."""
    end = max(0, len(data) - 1)
    while end and (data[end] & 0xC0) == 0x80:
        end -= 1
    return end


def _single_byte(line: bytes) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return line.decode("latin-1")
