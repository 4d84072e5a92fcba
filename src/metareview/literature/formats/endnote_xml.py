"""EndNote XML (`<xml><records><record>`), which EndNote, Reference Manager, Zotero and others write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.xml_stream import read_xml, starts
from metareview.literature.formats.xml_tree import Node
from metareview.literature.source import Source

_SHAPE = re.compile(
    r"<(?:[A-Za-z_][\w.-]{0,60}:)?(?:ref-type|source-app|contributors|titles|REFERENCE_TYPE|rec-number|database)(?=[\s/>])"
)
_EMPTY = re.compile(r"(?:<\?xml[^>]{0,200}>\s*)?<xml\s*>\s*<records\s*/?>", re.IGNORECASE)
TYPES = {
    **{"journal article": "JOUR", "journal": "JOUR", "electronic article": "EJOUR", "magazine article": "MGZN"},
    **{"newspaper article": "NEWS", "book": "BOOK", "edited book": "EDBOOK", "electronic book": "EBOOK"},
    **{"book section": "CHAP", "electronic book section": "ECHAP", "conference proceedings": "CONF"},
    **{"conference paper": "CPAPER", "thesis": "THES", "report": "RPRT", "government document": "GOVDOC"},
    **{"generic": "GEN", "web page": "ELEC", "electronic citation": "ELEC", "blog": "BLOG", "dataset": "DATA"},
    **{"patent": "PAT", "manuscript": "MANSCPT", "unpublished work": "UNPB", "computer program": "COMP"},
    **{"online database": "DBASE", "aggregated database": "AGGR", "encyclopedia": "ENCYC", "dictionary": "DICT"},
    **{"pamphlet": "PAMP", "standard": "STAND", "statute": "STAT", "bill": "BILL", "case": "CASE", "map": "MAP"},
    **{"online multimedia": "MULTI", "serial": "SER", "personal communication": "PCOMM", "hearing": "HEAR"},
    **{"legal rule or regulation": "LEGAL", "audiovisual material": "ADVS", "film or broadcast": "MPCT"},
    **{"book chapter": "CHAP", "conference proceeding": "CONF", "in press": "INPR", "abstract": "ABST"},
}
_CODES = {
    **{"0": "JOUR", "1": "BOOK", "2": "THES", "3": "CONF", "4": "PCOMM", "5": "NEWS", "6": "COMP", "7": "CHAP"},
    **{"8": "MGZN", "9": "EDBOOK", "10": "RPRT", "16": "ELEC", "31": "GEN"},
}
_WHOLE = frozenset(("BOOK", "EDBOOK", "EBOOK", "THES", "RPRT", "GOVDOC", "PAT", "COMP", "DATA", "MANSCPT", "UNPB"))
_DEFINED = """
abbr-1 abbr-2 abbr-3 abstract access-date accession-num alt-periodical alt-title auth-address author authors
call-num caption contributors custom1 custom2 custom3 custom4 custom5 custom6 custom7 database date dates
edition electronic-resource-num foreign-keys full-title image-urls isbn issue key keyword keywords label
language meeting-place misc1 misc2 misc3 modified-date notes num-vols number orig-pub pages pdf-urls periodical
pub-dates pub-location publisher rec-number record ref-type related-urls remote-database-name
remote-database-provider reprint-edition reprint-status research-notes reviewed-item secondary-authors
secondary-title secondary-volume section short-title source-app style subsidiary-authors tertiary-authors
tertiary-title text-urls title titles translated-authors translated-title url urls volume web-urls work-type
year secondary-issue tertiary-volume added-date last-updated-date reference_type refnum secondary_authors
tertiary_authors subsidiary_authors secondary_author secondary_title tertiary_title tertiary_author
subsidiary_author place_published number_of_volumes type_of_work short_title alternate_journal original_pub
reprint_edition reviewed_item accession_number call_number author_address image
"""
KNOWN = frozenset(_DEFINED.split())


def recognises(head: str) -> float:
    """Return how surely a text is EndNote XML: records of its elements, or none at all."""
    if not starts(head, ("record", "RECORD")):
        return 0.5 if _EMPTY.match(head.lstrip()) else 0.0
    return 0.9 if _SHAPE.search(head) else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of an EndNote XML file."""
    yield from read_xml(source, account, ("record",), normalise, KNOWN)


def normalise(record: Node) -> dict[str, Any]:
    """Return the normalised fields of a record from its tree; the elements of EndNote before version 8 too."""
    kind = _type(record)
    isbn, issn = v.serials_of(piece for text in record.texts("isbn") for piece in text.split("\n"))
    own = ("periodical/full-title", "periodical/abbr-1", "alternate_journal")
    container = ("periodical/full-title", "titles/secondary-title", "secondary_title", "periodical/abbr-1", *own[2:])
    return {
        "title": v.plain(record.first("titles/title", "title", "titles/translated-title")),
        "authors": _authors(record),
        "year": _year(record),
        "journal": v.plain(record.first(*(own if kind in _WHOLE else container), "alt-periodical/full-title")),
        "volume": v.plain(record.first("volume")),
        "number": v.plain(record.first("number", "issue")),
        "pages": _pages(record),
        "doi": _doi(record),
        "abstract": v.plain(record.first("abstract")),
        "keywords": _keywords(record),
        "isbn": isbn,
        "issn": issn,
        "url": next((line.strip() for text in _addresses(record) for line in text.split("\n")), ""),
        "language": v.plain(record.first("language")),
        "type": kind,
    }


def _type(record: Node) -> str:
    for node in record.all("ref-type"):
        name = node.attributes.get("name", "").strip()
        return TYPES.get(name.lower(), name)
    code = record.first("reference_type")
    return _CODES.get(code, code)


def _authors(record: Node) -> tuple[str, ...]:
    """Return the authors, or where there are none the editors."""
    found = record.texts(
        *("contributors/authors/author", "authors/author", "contributors/secondary-authors/author"),
        *("secondary_authors/secondary_author", "contributors/tertiary-authors/author"),
    )
    return tuple(name for text in found for line in text.split("\n") if (name := v.plain(line)))


def _year(record: Node) -> int | None:
    printed = [node.attributes.get("Year", "") or node.attributes.get("year", "") for node in record.all("dates/year")]
    return v.year_of([*record.texts("dates/year", "year"), *printed, *record.texts("dates/pub-dates/date", "date")])


def _pages(record: Node) -> str:
    for node in record.all("pages"):
        if "start" in node.attributes:
            first = node.attributes["start"]
            return v.pages_of(first, node.attributes.get("end", "")) if first else ""
        return v.pages_of(v.plain(node.text()), "")
    return ""


def _keywords(record: Node) -> tuple[str, ...]:
    """Return the keywords: one an element or a line; a single one may list them, parted by `;`."""
    words = [line for text in record.texts("keywords/keyword") for line in text.split("\n")]
    if len(words) == 1:
        words = words[0].split(";")
    return tuple(filter(None, map(v.plain, words)))


def _addresses(record: Node) -> list[str]:
    places = ("related-urls", "web-urls", "text-urls", "pdf-urls")
    return [t for place in places for t in record.texts(f"urls/{place}/url")] or record.texts("urls/url", "url")


def _doi(record: Node) -> str:
    for text in record.texts("electronic-resource-num", "doi"):
        if doi := v.doi_of(text, address="://" in text and "?" in text):
            return doi
    return next((doi for text in _addresses(record) if (doi := v.doi_of(text, address="://" in text))), "")


FORMAT = Format(
    name="endnote-xml",
    title="EndNote XML",
    recognises=recognises,
    read=read,
    extensions=("xml",),
    systems=(
        ("Reference Manager", r'<source-app name="Reference Manager'),
        ("Zotero", r'<source-app name="Zotero'),
        ("Mendeley", r'<source-app name="Mendeley'),
        ("JabRef", r'<source-app name="JabRef'),
        ("Covidence", r'<source-app name="Covidence'),
        ("EPPI-Reviewer", r'<source-app name="EPPI'),
        ("EndNote", r'<source-app name="EndNote|<REFERENCE_TYPE>'),
    ),
)
