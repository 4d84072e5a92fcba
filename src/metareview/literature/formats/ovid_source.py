"""What Ovid's exports say in one line: where a paper was published, and what kind of paper it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from metareview.literature.formats import values as v

_PARTS = frozenset(("BOOK", "CHAP"))
_TYPES = {
    "book": "BOOK",
    "authored book": "BOOK",
    "edited book": "BOOK",
    "book chapter": "CHAP",
    "chapter": "CHAP",
    "conference abstract": "CONF",
    "conference paper": "CONF",
    "dissertation abstract": "THES",
    "dissertation": "THES",
    "patent": "PAT",
}
_PLACE = re.compile(
    r"(?P<journal>[^\d]+?)\.?\s+(?:Vol\.?\s?)?(?P<volume>\d+[A-Z]?)(?=\s?[(:,.;])\s?(?:\((?P<number>[^()]*)\))?"
    r"(?:\s?\(pp (?P<pp>[^()]+)\)|\s?:\s?(?P<pages>[A-Za-z]?\d[\w-]*)|[^:()]{0,40}?\bpp\.\s?(?P<pp2>[\w-]+))?"
)
_VOLUME = re.compile(r"[.\s](?P<volume>\d+)\s\((?P<number>[^()]*)\)(?:\s?\(pp (?P<pp>[^()]+)\))?")


class Place(NamedTuple):
    """Journal, volume, number and pages, empty where the source line does not tell."""

    journal: str = ""
    volume: str = ""
    number: str = ""
    pages: str = ""


def type_of(kinds: Iterable[str]) -> str:
    """Return the RIS type of the first kind of publication that has one, or empty."""
    names = (kind.lower().rstrip(".") for kind in kinds)
    return next((_TYPES[name] for name in names if name in _TYPES), "")


def place_of(source: str, kind: str) -> Place:
    """Return what a source line tells: `Forest Ecology. 201(2-3):327-334, November 15, 2004.`; nothing for a book's."""
    if kind in _PARTS:
        return Place()
    source = source[:600]
    match = _PLACE.match(source)
    if match is not None:
        pages = match["pp"] or match["pages"] or match["pp2"] or ""
        return Place(match["journal"].strip(" ."), match["volume"], match["number"] or "", v.pages_of(pages, ""))
    journal = source.split(". ")[0].rstrip(".")
    match = _VOLUME.search(source)
    if match is None:
        return Place(journal)
    return Place(journal, match["volume"], match["number"], v.pages_of(match["pp"] or "", ""))
