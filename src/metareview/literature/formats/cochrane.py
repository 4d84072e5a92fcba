"""The citation text of the Cochrane Library: `Record #1 of 78`, then `TAG: value` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.tagged import Shape, collect, listed, read_tagged
from metareview.literature.source import Source

_KNOWN = "Record ID AU TI SO YR VL NO PG PM XR PT KY DOI AB US CC PB SN LA AN CO ED"
_SHAPE = Shape(
    tag=re.compile(r"[ \t]{0,2}(Record(?= ?#\d)|[A-Z]{2,3}(?=:(?:[ \t]|$))):?(.*)", re.DOTALL),
    start="Record",
    called="Record line",
    last="US",
    known=frozenset(_KNOWN.split()),
    once=frozenset(("ID", "TI", "SO", "YR", "AB", "US")),
    core=frozenset(("ID", "TI", "AU", "SO")),
    prose=frozenset(("AB",)),
    paragraphs=True,
    indents=False,
)
_TYPES = {"book": "BOOK", "book chapter": "CHAP", "thesis": "THES", "dissertation": "THES", "report": "RPRT"}
_START = re.compile(r"^Record ?#\d+ of \d+[ \t]*\n(?:[ \t]*\n)*ID:", re.MULTILINE)
_FIRST = re.compile(r"\A\s*ID: ?(?:CN|CD|MR|ED|HTA|NHSEED|DARE|CCA)-?\d[^\n]*\n(?:[A-Z]{2,3}: )")


def recognises(head: str) -> float:
    """Return how surely a text is the Cochrane Library's: 1 with a record line above an ID, less with the ID alone."""
    if _START.search(head):
        return 1.0
    return 0.9 if _FIRST.match(head) else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of a Cochrane Library text."""
    return read_tagged(source, account, _SHAPE, normalise)


def normalise(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the normalised fields of a record."""
    got = collect(fields)
    isbn, issn = v.serials_of(got.get("SN", ()))
    kinds = [kind.lower() for kind in listed(got.get("PT", ()))]
    journal = v.first(got, ("SO",))
    return {
        "title": v.first(got, ("TI",)),
        "authors": listed(got.get("AU", ())) or listed(got.get("ED", ())),
        "year": v.year_of(got.get("YR", ())),
        "journal": journal,
        "volume": v.first(got, ("VL",)),
        "number": v.first(got, ("NO",)),
        "pages": v.pages_of(v.first(got, ("PG",)), ""),
        "doi": next((doi for value in got.get("DOI", ()) if (doi := v.doi_of(value))), ""),
        "abstract": v.first(got, ("AB",)),
        "keywords": listed(got.get("KY", ())),
        "isbn": isbn,
        "issn": issn,
        "url": v.first(got, ("US",)),
        "language": v.first(got, ("LA",)),
        "type": next((_TYPES[kind] for kind in kinds if kind in _TYPES), "JOUR" if journal else v.first(got, ("PT",))),
    }


FORMAT = Format(
    name="cochrane",
    title="Cochrane Library text (Record #1 of ..)",
    recognises=recognises,
    read=read,
    extensions=("txt",),
    systems=(("Cochrane", r"^(?:Record ?#\d|ID: )"),),
)
