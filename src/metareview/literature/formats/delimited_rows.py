"""Lines of CSV to rows, such that a quotation mark too many or too few costs a row and never the rest of the file."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from metareview.literature.formats.table_header import Row

LONGEST_ROW = 2_000  # lines
LARGEST_ROW = 16_000_000  # characters
_TRIED = 60  # lines in which a row with a stray quotation mark may end
_ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')
_UNBALANCED = "a quotation mark without its partner: the row is read to the end of its line"
_STRAY = "a quotation mark inside a cell: kept as text"


@dataclass(frozen=True)
class Shape:
    """How cells stand in the lines of a file: what parts them, and how a quotation mark in a cell is written."""

    delimiter: str = ","
    backslash: bool = False
    spaced: bool = False


class _TooLongError(Exception):
    """A row that runs on further than rows do: its quotation mark was never closed."""


class _Lines:
    """The lines of a file for csv.reader: those of one row are remembered and can be taken back."""

    def __init__(self, lines: Iterable[str], shape: Shape) -> None:
        self._lines = iter(lines)
        self._backslash = shape.backslash
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self.size = 0
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= LONGEST_ROW or self.size > LARGEST_ROW:
            raise _TooLongError
        line = self._back.popleft() if self._back else next(self._lines)
        self.taken.append(line)
        self.size += len(line)
        if self._backslash and "\\" in line:
            line = _ESCAPED.sub(r'\1""', line)
        return line + "\n"

    def start(self) -> int:
        """Forget the lines of the row before; return the number of the next line."""
        self.number += len(self.taken)
        self.taken, self.size = [], 0
        return self.number + 1

    def give_back(self, keep: int) -> None:
        """Take all but the first lines of this row back, to be read once more."""
        self._back.extendleft(reversed(self.taken[keep:]))
        del self.taken[keep:]


def rows_of(lines: Iterable[str], shape: Shape, width: int = 0) -> Iterator[Row]:
    """Yield the rows of a delimited file.

    Arguments:
        lines: without their ends; shape: how cells stand in them.
        width: number of columns, 0 while it is not known; it tells whether a row ends where it should.
    """
    csv.field_size_limit(max(csv.field_size_limit(), 4 * LARGEST_ROW))
    feed = _Lines(lines, shape)
    reader = _strict(feed, shape)
    while True:
        line, repair = feed.start(), ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError) as error:
            cells, repair = _recovered(feed, shape, width, isinstance(error, csv.Error))
            reader = _strict(feed, shape)
        else:
            if len(cells) != width > 2 and cells:
                cells, repair = _reconsidered(feed, shape, width, cells)
        yield Row(line, line + len(feed.taken) - 1, cells, repair)


def _parsed(line: str, shape: Shape) -> list[str]:
    """Return the cells of one line, none where it is no whole row."""
    try:
        return next(_strict(iter([line]), shape), [])
    except csv.Error:
        return []


def _strict(lines: Iterator[str], shape: Shape) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=shape.delimiter, skipinitialspace=shape.spaced, strict=True)


def _recovered(feed: _Lines, shape: Shape, width: int, may_go_on: bool) -> tuple[list[str], str]:
    """Return the cells of a row that csv cannot read, and what was done; lines that are not its own go back."""
    taken = feed.taken
    alone = _loose_row(taken[0], shape, width)
    ended = False
    if may_go_on and not _closed(taken[0], shape):
        ended = _look_ahead(feed)
        row = _Loose(shape)
        for n, line in enumerate(taken[:_TRIED], 1):
            if n > 1 and _holds_rows([line], shape, width):
                break
            if not row.feed(line) and len(row.cells) == width:
                feed.give_back(n)
                return row.cells, _STRAY
            if width and len(row.cells) > width:
                break
            if n == len(taken) and ended and (n > 1 or len(alone) != width) and not _parted(taken[1:], shape, width):
                return [*row.cells, row.held], "the file ends inside a quoted cell: read to there"
    feed.give_back(1)
    return alone, _STRAY if _closed(taken[0], shape) else _UNBALANCED


def _reconsidered(feed: _Lines, shape: Shape, width: int, cells: list[str]) -> tuple[list[str], str]:
    """Return a row of the wrong width anew where its quotation marks are at fault: they hold rows, or part cells."""
    taken = feed.taken
    if len(taken) > 1 and _holds_rows(taken[1:], shape, width):
        feed.give_back(1)
        return _loose_row(taken[0], shape, width), _UNBALANCED
    if shape.delimiter == "\t" and len(taken) == 1 and taken[0].count("\t") == width - 1:
        return taken[0].split(shape.delimiter), "quotation marks that begin and end in two cells: kept as text"
    return cells, ""


def _look_ahead(feed: _Lines) -> bool:
    """Take the lines in which a row may end, more than csv took before it stopped; return whether the file ends."""
    while len(feed.taken) < _TRIED:
        try:
            next(feed)
        except _TooLongError:
            return False
        except StopIteration:
            return True
    return False


def _holds_rows(lines: list[str], shape: Shape, width: int) -> bool:
    """Tell whether one of these lines is a whole row of its own."""
    if width < 3:
        return False
    return any(
        line.count(shape.delimiter) >= width - 1 and line.count('"') % 2 == 0 and len(_parsed(line, shape)) == width
        for line in lines
    )


def _parted(lines: list[str], shape: Shape, width: int) -> bool:
    """Tell whether one of these lines has what parts the cells of a row."""
    return width > 2 and any(line.count(shape.delimiter) >= width - 1 for line in lines)


def _closed(line: str, shape: Shape) -> bool:
    return not _Loose(shape).feed(line)


def _loose_row(line: str, shape: Shape, width: int) -> list[str]:
    """Return the cells of a line by itself; an unclosed cell takes as many parts as the columns are too few for."""
    row = _Loose(shape)
    if not row.feed(line):
        return row.cells
    parts = row.held.split(shape.delimiter)
    surplus = len(row.cells) + len(parts) - width if width else 0
    if 0 < surplus < len(parts):
        parts[: surplus + 1] = [shape.delimiter.join(parts[: surplus + 1])]
    return [*row.cells, *parts]


class _Loose:
    """One row read leniently: a quotation mark closes a cell only where a cell can end.

    Attributes:
        cells: the whole cells so far; held: the text of a quoted cell that is not closed yet.
    """

    def __init__(self, shape: Shape) -> None:
        self._delimiter = shape.delimiter
        self._end = re.compile(rf'"(?P<twice>")|"[ \t]*(?={re.escape(shape.delimiter)}|\Z)')
        self.cells: list[str] = []
        self.held = ""
        self._open = False

    def feed(self, line: str) -> bool:
        """Read one more line of the row; return whether a quoted cell goes on in the next."""
        at = 0
        if self._open:
            at = self._quoted(line, 0, self.held + "\n")
        while not self._open and at <= len(line):
            if line.startswith('"', at):
                at = self._quoted(line, at + 1, "")
            else:
                end = line.find(self._delimiter, at)
                end = len(line) if end < 0 else end
                self.cells.append(line[at:end])
                at = end + 1
        return self._open

    def _quoted(self, line: str, at: int, before: str) -> int:
        """Read the rest of a quoted cell; return where the next cell starts."""
        start = at
        while match := self._end.search(line, at):
            if match["twice"]:
                at = match.end()
                continue
            self.cells.append(before + line[start : match.start()].replace('""', '"'))
            self.held, self._open = "", False
            return match.end() + 1
        self.held, self._open = before + line[start:], True
        return len(line) + 1
