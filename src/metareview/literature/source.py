"""One file of an export as formats see it: clean text in blocks, so that a gigabyte needs the memory of a block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from metareview.errors import MetareviewError
from metareview.literature.text import TextRepair, Transcoder, whole_characters
from metareview.parallel import Progress

BLOCK = 1 << 22
HEAD = 1 << 16
LONGEST_LINE = 8_000_000
_NO_COLUMNS: Mapping[str, str] = MappingProxyType({})


class Source:
    """A file to read once, from start to end.

    Attributes:
        path: of the file; size: in bytes.
        columns: for tables only: field of a record -> column to take it from, where a person said so.
        head: its first 64 KB as text, for telling its format.
        start: its first bytes as they are.
    """

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str] = _NO_COLUMNS,
        progress: Progress | None = None,
        block: int = BLOCK,
    ) -> None:
        self.path = path
        self.columns = columns
        self._progress = progress
        self._block = block
        self._text = Transcoder()
        self._n_lines: int | None = None
        try:
            self.size = path.stat().st_size
            with path.open("rb") as file:
                self.start = file.read(HEAD)
        except FileNotFoundError:
            raise MetareviewError(f"there is no file {path}", "Check the name and the folder.") from None
        except IsADirectoryError:
            raise MetareviewError(f"{path} is a folder, not an export", "Name one file in it.") from None
        except OSError as error:
            raise MetareviewError(f"{path} cannot be read: {error.strerror}", "Check its permissions.") from None
        whole = len(self.start) == self.size
        head = self.start if whole else self.start[: whole_characters(self.start)]
        self.head = Transcoder().feed(head, last=True).decode()

    @property
    def encoding(self) -> str:
        """What the bytes were read as, so far."""
        return self._text.encoding

    @property
    def repairs(self) -> list[TextRepair]:
        """What had to be changed in the text, so far."""
        return self._text.repairs

    @property
    def n_lines(self) -> int:
        """Lines read so far; those of the file once it is read."""
        return self._text.lines if self._n_lines is None else self._n_lines

    def count_lines(self, n: int, encoding: str) -> None:
        """Say how many rows a binary file has, for a format that reads the file itself."""
        self._n_lines, self._text.encoding = n, encoding

    def chunks(self) -> Iterator[bytes]:
        """Yield the text as UTF-8, cut after a line end wherever there is one; the line ends are line feeds."""
        done, data = 0, b""
        for block in self._blocks():
            done += len(block)
            data = self._text.feed(block, last=done >= self.size)
            if data:
                yield data
            if self._progress is not None:
                self._progress(done, self.size)
        rest = self._text.feed(b"", last=True) if done != self.size else b""
        if rest:
            yield rest
        self._n_lines = self._text.lines + (1 if _ends_amid_line(rest or data) else 0)

    def _blocks(self) -> Iterator[bytes]:
        if len(self.start) == self.size:
            yield self.start
            return
        with self.path.open("rb") as file:
            while block := file.read(self._block):
                yield block

    def lines(self) -> Iterator[str]:
        """Yield the lines without their ends; a form feed or U+2028 in a value does not split a line.

        Raises:
            MetareviewError: a line is longer than any export writes.
        """
        number, held = 0, ""
        for chunk in self.chunks():
            lines = (held + chunk.decode()).split("\n")
            held = lines.pop()
            for line in lines:
                number += 1
                if len(line) > LONGEST_LINE:
                    raise self.too_long(number)
                yield line
            if len(held) > LONGEST_LINE:
                raise self.too_long(number + 1)
        if held:
            yield held

    def too_long(self, line: int) -> MetareviewError:
        """Return the error for a line that no export writes."""
        longest = f"{LONGEST_LINE // 1_000_000} million characters"
        return MetareviewError(
            f"{self.path}, line {line} is longer than {longest}; no export writes such a line",
            "The file is damaged, or not an export: export the search again.",
        )


def _ends_amid_line(data: bytes) -> bool:
    return bool(data) and not data.endswith(b"\n")
