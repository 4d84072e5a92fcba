"""The lines of a stretch of RIS as columns: where each starts and ends, and its tag, found on all lines at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]
Codes = NDArray[np.uint16]


@lru_cache(maxsize=4096)
def code_of(tag: str) -> int:
    """Return the number that stands for a tag of two ASCII characters."""
    return ord(tag[0]) << 8 | ord(tag[1])


@lru_cache(maxsize=4096)
def tag_of(code: int) -> str:
    """Return the tag that a number stands for."""
    return chr(code >> 8) + chr(code & 255)


@dataclass(frozen=True, slots=True, eq=False)
class LineTable:
    """n lines of RIS.

    Attributes:
        data: their text as UTF-8, parted by line feeds; first: 1-based number of the first line in the file.
        starts, ends: where each line starts and ends in `data`, length n.
        tags: number of the tag of each line, 0 where it has none, length n.
    """

    data: bytes
    first: int
    starts: Index
    ends: Index
    tags: Codes

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, i: int) -> str:
        """Return the text of line i (from 0)."""
        return self.data[self.starts[i] : self.ends[i]].decode()

    def lines(self, a: int, b: int) -> list[str]:
        """Return the text of lines a to b - 1 (from 0)."""
        return self.data[self.starts[a] : self.ends[b - 1]].decode().split("\n") if a < b else []

    def tag(self, i: int) -> str | None:
        """Return the tag of line i (from 0), or None."""
        code = int(self.tags[i])
        return tag_of(code) if code else None

    def tags_of(self, a: int, b: int) -> list[str | None]:
        """Return the tags of lines a to b - 1."""
        return [tag_of(code) if code else None for code in self.tags[a:b].tolist()]


def line_table(data: bytes, first: int) -> LineTable:
    """Return the columns of whole lines of text; a tag is `[A-Z][A-Z0-9]  -` at the start of a line."""
    text = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(text == 0x0A)
    starts = np.concatenate(([0], ends + 1))
    if data.endswith(b"\n") or not data:
        starts = starts[:-1]
    else:
        ends = np.concatenate((ends, [len(data)]))
    return LineTable(data, first, starts, ends, _tags(data, starts, ends))


def _tags(data: bytes, starts: Index, ends: Index) -> Codes:
    """Return the numbers of the tags: the first eight bytes of each line are looked at as one number."""
    n = len(data) - 7
    padded = data if n > 0 else data + b" " * 8
    heads = np.ndarray((max(n, 1),), dtype="<u8", buffer=padded, strides=(1,))
    inside = np.minimum(starts, max(n - 1, 0))
    shift = (8 * (starts - inside)).astype(np.uint64)  # for lines that start in the last eight bytes
    head = np.where(shift < 64, heads[inside] >> np.minimum(shift, np.uint64(63)), np.uint64(0))
    tagged = (head >> np.uint64(16)) & np.uint64(0xFFFFFF) == 0x2D2020  # blank, blank, hyphen
    tagged &= ends - starts >= 5
    one, two = (head & np.uint64(0xFF)).astype(np.uint16), ((head >> np.uint64(8)) & np.uint64(0xFF)).astype(np.uint16)
    tagged &= (one >= 0x41) & (one <= 0x5A)
    tagged &= ((two >= 0x41) & (two <= 0x5A)) | ((two >= 0x30) & (two <= 0x39))
    return np.where(tagged, one << np.uint16(8) | two, 0).astype(np.uint16)


def starting(table: LineTable, tag: str) -> Index:
    """Return the lines without a tag that begin with two letters, such as a bare `ER`."""
    long = np.flatnonzero((table.ends - table.starts >= 2) & (table.tags == 0))
    text = np.frombuffer(table.data, dtype=np.uint8)
    at = table.starts[long]
    return long[(text[at] == ord(tag[0])) & (text[at + 1] == ord(tag[1]))]


def blank(table: LineTable) -> list[int]:
    """Return the lines without a tag that hold blanks and tabs only."""
    length = table.ends - table.starts
    text = np.frombuffer(table.data, dtype=np.uint8)
    empty = length == 0
    at = np.flatnonzero(~empty & (table.tags == 0))
    first = text[table.starts[at]]
    for i in at[(first == 0x20) | (first == 0x09)].tolist():
        empty[i] = not table.data[table.starts[i] : table.ends[i]].strip(b" \t")
    found: list[int] = np.flatnonzero(empty & (table.tags == 0)).tolist()
    return found
