"""One record of a RIS file: its fields as printed, and the normalised record they give."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from metareview.literature.formats import values as v
from metareview.literature.formats.ris_table import LineTable
from metareview.literature.records import Field

_WHOLE = frozenset(("BOOK", "EBOOK", "EDBOOK", "THES", "RPRT", "GOVDOC", "PAT", "COMP", "DATA", "MANSCPT", "UNPB"))
_TITLE = ("TI", "T1", "CT", "BT")
_YEARS = ("PY", "Y1", "DA")
_BOOK_JOURNAL = ("JF", "JO", "JA", "J1", "J2", "J9", "JI")
_JOURNAL = ("JF", "JO", "T2", "J2", "JA", "J1", "BT", "J9", "JI")
_USED = frozenset(
    (*_TITLE, *_YEARS, *_BOOK_JOURNAL, *_JOURNAL, "TY", "VL", "VO", "IS", "CP", "SP", "EP", "C7", "AU", "A1", "A2", "ED", "KW",
     "SN", "AB", "N2", "DO", "UR", "L1", "L2", "L3", "M3", "LK", "N1", "LA")
)  # fmt: skip
_NOTICE = re.compile(
    r"\s*(?:©|\(c\)\s|all rights reserved"
    r"|copyright (?:of .{1,300}? is the property|©|\(c\)|\d{4}|\w+ \d{4}[ .]|applies))",
    re.IGNORECASE | re.DOTALL,
)
_MISSING = re.compile(r"(?:\nNA)+$")
_NOTE_DOI = re.compile(r"\s*(?:doi\b[:\s]*|https?://(?:dx\.)?doi\.org/)?10\.\d{4}", re.IGNORECASE)


@dataclass(slots=True)
class RisEntry:
    """One record of a RIS file.

    Attributes:
        table: the lines it stands among.
        spans: its lines, as half-open ranges of positions in the table; each starts at a tag.
        line, last: 1-based first and last line in the file.
    """

    table: LineTable
    spans: tuple[tuple[int, int], ...]
    line: int
    last: int

    def raw(self) -> tuple[Field, ...]:
        """Return the fields as printed, in order; lines of one value are joined by line feeds."""
        return tuple(
            Field(tag, text, self.table.first + a + at)
            for a, b in self.spans
            for tag, text, at in zip(*_fields(self.table, a, b), strict=True)
        )

    def values(self) -> dict[str, Any]:
        """Return the normalised fields."""
        got: dict[str, list[str]] = {}
        for a, b in self.spans:
            lines = self.table.lines(a, b)
            if np.count_nonzero(self.table.tags[a:b]) == len(lines):
                for line in lines:
                    if (tag := line[:2]) in _USED and (value := line[5:].strip(" \t")):
                        got.setdefault(tag, []).append(value)
            else:
                tags, texts, _ = _fields(self.table, a, b)
                _gather(zip(tags, texts, strict=True), got)
        return _normalised(got)


def _fields(table: LineTable, a: int, b: int) -> tuple[list[str], list[str], Sequence[int]]:
    """Return tags, values and positions (from a) of the fields in lines a to b - 1, the first of which has a tag."""
    lines = table.lines(a, b)
    starts = np.flatnonzero(table.tags[a:b]).tolist()
    if len(starts) == len(lines):
        return [line[:2] for line in lines], [line[5:].strip(" \t") for line in lines], range(len(lines))
    texts = []
    for i, j in pairwise([*starts, len(lines)]):
        text = lines[i][5:].strip(" \t")
        if j > i + 1:
            text = "\n".join([text, *[line.strip(" \t") for line in lines[i + 1 : j]]]).rstrip("\n")
        texts.append(text)
    return [lines[i][:2] for i in starts], texts, starts


def normalise(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the normalised fields of a record from its RIS fields.

    Arguments:
        fields: tag and value of each, as printed; a tag may occur many times.
    """
    got: dict[str, list[str]] = {}
    _gather(fields, got)
    return _normalised(got)


def _gather(fields: Iterable[tuple[str, str]], got: dict[str, list[str]]) -> None:
    """Add the values of the tags that are used, by tag."""
    for tag, value in fields:
        if tag not in _USED:
            continue
        if value[-3:] == "\nNA":  # R writes a line NA for a field it does not have
            value = _MISSING.sub("", value)
        if value:
            got.setdefault(tag, []).append(value)


def _normalised(got: dict[str, list[str]]) -> dict[str, Any]:
    kind = v.first(got, ("TY",))
    whole = kind.upper() in _WHOLE
    isbn, issn = v.serials_of(got["SN"]) if "SN" in got else ("", "")
    return {
        "title": v.first(got, _TITLE if whole or "T2" not in got else _TITLE[:3]),
        "authors": _authors(got),
        "year": v.year_of([value for tag in _YEARS if tag in got for value in got[tag]]),
        "journal": v.first(got, _BOOK_JOURNAL if whole else _JOURNAL),
        "volume": v.first(got, ("VL", "VO")),
        "number": v.first(got, ("IS", "CP") if kind == "JOUR" else ("IS",)),
        "pages": v.pages_of(v.first(got, ("SP",)), v.first(got, ("EP",))) or v.article_number(v.first(got, ("C7",))),
        "doi": _doi(got),
        "abstract": _abstract(got),
        "keywords": _keywords(got.get("KW", [])),
        "isbn": isbn,
        "issn": issn,
        "url": _url(got),
        "language": v.first(got, ("LA",)),
        "type": kind,
    }


def _is_plain(text: str) -> bool:
    """Tell whether the values in a text, one a line, are as they should be, so that nothing need be done."""
    return text.isascii() and not any(mark in text for mark in ("&", "<", ";", "  ", "\t"))


def _authors(got: dict[str, list[str]]) -> tuple[str, ...]:
    """Return the authors, or where there are none the editors; one line may name several, parted by `;`."""
    for tag in ("AU", "A1", "A2", "ED"):
        text = "\n".join(got.get(tag, ()))
        if not _is_plain(text):
            lines = map(html.unescape, text.split("\n"))
            text = "\n".join(v.plain(name) for line in lines for name in line.split(";"))
        if text.strip():
            return tuple(filter(None, text.split("\n")))
    return ()


def _keywords(values: list[str]) -> tuple[str, ...]:
    """Return the keywords: one a value or a line; a single value may list them, parted by `;`."""
    text = "\n".join(values)
    words = text.split("\n")
    if not _is_plain(text):
        if len(words) == 1:
            words = v.plain(text).split(";")
        words = list(map(v.plain, words))
    return tuple(filter(None, words))


def _abstract(got: dict[str, list[str]]) -> str:
    """Return the longest abstract that is not a copyright notice."""
    found = [v.plain(value) for value in (*got.get("AB", ()), *got.get("N2", ()))]
    if len(found) > 1:
        found = [text for text in found if not _NOTICE.match(text)] or found
    return max(found, key=len, default="")


def _doi(got: dict[str, list[str]]) -> str:
    """Return the DOI from DO, else from an address, else from a note that consists of it."""
    for value in got.get("DO", ()):
        if doi := v.doi_of(value, address="://" in value and "?" in value):
            return doi
    for tag in ("UR", "L3", "M3", "L2", "L1", "LK"):
        for value in got.get(tag, ()):
            if doi := v.doi_of(value, address="://" in value):
                return doi
    for value in got.get("N1", ()):
        if _NOTE_DOI.match(value) and (doi := v.doi_of(value.split("\n", 1)[0])):
            return doi
    return ""


def _url(got: dict[str, list[str]]) -> str:
    values = (value for tag in ("UR", "L1", "L2", "LK") for value in got.get(tag, ()))
    return next((line for value in values for line in map(str.strip, value.split("\n")) if line), "")
