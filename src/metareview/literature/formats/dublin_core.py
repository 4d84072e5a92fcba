"""Dublin Core XML: DSpace (`<dcvalue element="title">`, as OpenGrey wrote it) and OAI (`<oai_dc:dc>`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.xml_stream import read_xml, starts
from metareview.literature.formats.xml_tree import Node
from metareview.literature.source import Source

TYPES = {
    **{"article": "JOUR", "journal article": "JOUR", "book": "BOOK", "book part": "CHAP", "thesis": "THES"},
    **{"doctoral thesis": "THES", "master thesis": "THES", "bachelor thesis": "THES", "report": "RPRT"},
    **{"conference paper": "CPAPER", "conference object": "CONF", "dataset": "DATA", "software": "COMP"},
    **{"working paper": "RPRT", "preprint": "INPR", "patent": "PAT"},
}
_DEFINED = """
dcvalue title creator subject description publisher contributor date type format identifier source language relation
coverage rights record header metadata setspec datestamp dc
"""
KNOWN = frozenset(_DEFINED.split())


def recognises(head: str) -> float:
    """Return how surely a text is Dublin Core XML."""
    if not starts(head, ("dublin_core", "dc")):
        return 0.0
    return 0.9 if "<dublin_core" in head or "purl.org/dc/elements" in head else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of a Dublin Core file."""
    harvested = "openarchives.org/OAI/2.0" in source.head and "<OAI-PMH" in source.head
    yield from read_xml(source, account, ("record",) if harvested else ("dublin_core", "dc"), normalise, KNOWN)


def normalise(record: Node) -> dict[str, Any]:
    """Return the normalised fields of a record from its tree (Dublin Core element set, version 1.1)."""
    got: dict[str, list[str]] = {}
    for node in next(iter(record.all("metadata/dc")), record).nodes:
        name = node.attributes.get("element", node.tag).lower()
        qualifier = node.attributes.get("qualifier", "none").lower()
        if text := node.text():
            got.setdefault(name, []).append(text)
            got.setdefault(f"{name}.{qualifier}", []).append(text)
    isbn, issn = v.serials_of(_found(got, "identifier.isbn") + _found(got, "identifier.issn") + _urns(got))
    kind = v.plain(_first(got, "type"))
    return {
        "title": v.plain(_first(got, "title.none", "title")),
        "authors": tuple(map(v.plain, _found(got, "contributor.author", "creator", "contributor"))),
        "year": v.year_of(_found(got, "date.issued", "date.created", "date.copyright", "date")),
        "journal": v.plain(_first(got, "relation.ispartof", "source", "bibliographiccitation")),
        "volume": "",
        "number": "",
        "pages": "",
        "doi": next((doi for text in _identifiers(got) if (doi := v.doi_of(text, address="://" in text))), ""),
        "abstract": v.plain(_first(got, "description.abstract", "description.none")),
        "keywords": tuple(map(v.plain, _found(got, "subject.none", "subject"))),
        "isbn": isbn,
        "issn": issn,
        "url": next((text for text in _identifiers(got) if "://" in text), ""),
        "language": v.plain(_first(got, "language.iso", "language")),
        "type": TYPES.get(kind.lower(), kind),
    }


def _found(got: dict[str, list[str]], *names: str) -> list[str]:
    """Return the values of the first name that has any."""
    return next((got[name] for name in names if name in got), [])


def _first(got: dict[str, list[str]], *names: str) -> str:
    return next(iter(_found(got, *names)), "")


def _identifiers(got: dict[str, list[str]]) -> list[str]:
    return [*got.get("identifier.doi", ()), *got.get("identifier.uri", ()), *got.get("identifier", ())]


def _urns(got: dict[str, list[str]]) -> list[str]:
    marks = ("urn:issn:", "urn:isbn:", "issn:", "isbn:")
    named = [(text, mark) for text in got.get("identifier", ()) for mark in marks if text.lower().startswith(mark)]
    return [text[len(mark) :] for text, mark in named]


FORMAT = Format(
    name="dublin-core",
    title="Dublin Core XML",
    recognises=recognises,
    read=read,
    extensions=("xml",),
    systems=(("OpenGrey", r"^.{0,200}SIGLE|hdl\.handle\.net/10068/"), ("DSpace", r"<dublin_core")),
)
