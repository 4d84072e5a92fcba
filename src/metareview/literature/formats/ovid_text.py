"""Ovid's plain text: `<1>`, then each field's name on a line and its value indented below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.ovid_source import place_of, type_of
from metareview.literature.formats.tagged import Shape, collect, listed, read_tagged
from metareview.literature.source import Source

# field names of Ovid's database guides (ospguides.ovid.com)
_KNOWN = """<|Abbreviated Source|Abstract|Accession Number|Author|Author NameID|Authors|Authors Full Name|Book Title
CAS Registry Number/EC Number/Name of Substance|Comments|Corresponding Author|Correspondence Address|Country of Publication
Date of Publication|Database|Digital Object Identifier|Document Type|DOI|Electronic Date of Publication|Emtree Heading
Entry Date|Grant Number|Institution|ISBN|ISSN|ISSN Electronic|ISSN Linking|ISSN Print|Issue/Part|Journal Name|Journal Subset
Key Concepts|Keyword|Keyword Heading|Keywords|Language|Link to the Ovid Full Text or citation|MeSH Subject Headings
NLM Journal Code|NLM Journal Name|Original Title|Other ID|Page|Pagination|PMID|Publication Type|Publisher|Publishing Model
Record Owner|Revision Date|Source|Status|Subject Heading|Subject Headings|Title|Translated Title|Unique Identifier
Update Date|URL|Version ID|Volume|Year of Publication"""
_SHAPE = Shape(
    tag=re.compile(r"[ \t]?(<(?=\d+\.?[ \t]*>[ \t]*$)|[A-Z][A-Za-z/&()' -]{1,60}?(?=:?[ \t]{0,9}$)):?(.*)", re.DOTALL),
    start="<",
    called="number",
    known=frozenset(re.split(r"[|\n]", _KNOWN)),
    once=frozenset(("Unique Identifier", "Accession Number", "Title", "Source")),
    core=frozenset(("Title", "Source", "Abstract")),
    labels=True,
)
_HEADINGS = (
    *("MeSH Subject Headings", "Subject Headings", "Subject Heading", "Emtree Heading"),
    *("Keyword Heading", "Keywords", "Keyword", "Key Concepts"),
)
_SERIALS = ("ISSN", "ISSN Print", "ISSN Electronic", "ISSN Linking", "ISBN")
_STOPPED = re.compile(r"(?:[^.;]+\.\s+)+[^.;]+\.?")
_START = re.compile(r"^<\d+\.?[ \t]*>[ \t]*\n(?:[ \t]*\n)*[A-Z][A-Za-z/ -]+:?[ \t]*\n[ \t]+\S", re.MULTILINE)


def recognises(head: str) -> float:
    """Return how surely a text is Ovid's: 1 with a number, the name of a field and an indented value."""
    return 1.0 if _START.search(head) else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of an Ovid text."""
    return read_tagged(source, account, _SHAPE, normalise)


def normalise(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the normalised fields of a record; journal, volume and pages come from the source line where need be."""
    got = collect(fields)
    printed = [value for name in ("Publication Type", "Document Type") for value in got.get(name, ())]
    kind = type_of(_items(printed))
    place = place_of(v.first(got, ("Source",)), kind)
    isbn, issn = v.serials_of(value for name in _SERIALS for value in got.get(name, ()))
    years = ("Year of Publication", "Date of Publication", "Source")
    return {
        "title": v.first(got, ("Title", "Translated Title", "Original Title")),
        "authors": _items(got.get("Authors") or got.get("Author") or got.get("Authors Full Name") or ()),
        "year": v.year_of(value for name in years for value in got.get(name, ())),
        "journal": v.first(got, ("Journal Name", "NLM Journal Name")) or place.journal,
        "volume": v.first(got, ("Volume",)) or place.volume,
        "number": v.first(got, ("Issue/Part",)) or place.number,
        "pages": v.pages_of(v.first(got, ("Page", "Pagination")), "") or place.pages,
        "doi": v.doi_of(v.first(got, ("Digital Object Identifier", "DOI"))),
        "abstract": v.first(got, ("Abstract",)),
        "keywords": _items(value for name in _HEADINGS for value in got.get(name, ())),
        "isbn": isbn,
        "issn": issn,
        "url": v.first(got, ("URL",)),
        "language": v.first(got, ("Language",)).rstrip("."),
        "type": kind or ("JOUR" if place.journal else v.first(got, ("Publication Type",))),
    }


def _items(values: Iterable[str]) -> tuple[str, ...]:
    """Return the items of values: one a line, or parted by `;`, or each closed by a full stop on one line."""
    found: list[str] = []
    for value in values:
        text = v.plain(value)
        if ";" in text:
            found += listed([text])
        elif "\n" in value:
            found += map(v.plain, value.split("\n"))
        elif _STOPPED.fullmatch(text):
            found += re.split(r"\.\s+", text.rstrip("."))
        else:
            found.append(text)
    return tuple(dict.fromkeys(filter(None, found)))


FORMAT = Format(
    name="ovid-text",
    title="Ovid plain text",
    recognises=recognises,
    read=read,
    extensions=("txt",),
    systems=(("Ovid", r"^<\d+"),),
)
