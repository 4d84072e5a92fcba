"""Ovid's tagged text (as for Citavi, EndNote or Reprint): `<1. >`, then `TG  - value` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.tagged import Shape, collect, first, listed, read_tagged
from metareview.literature.source import Source

# labels seen in exports of MEDLINE, Embase, PsycINFO, BIOSIS and Zoological Record; each database has its own
_KNOWN = """
    < VN DB UI AN ST RO TI TT OT BT SO AU AI MA CQ IN AD CY CP CS CE CO PB PU PI PL JT JN JA TA JL OL VI VO IP IS IB IT
    AS FA ES IL NJ NT NO CM SI SA RD JC
    PT DT PG PN PC PA PH PS PM PE DP DG DD DC DJ OD YR UP EM ED LG LA SL SU AB MH SH KW ID DE MC CL CC DS CB BC BR TN OR
    SY MQ MI DO UR XL XS FO PO LO MD TM TD GS RF CR RN NM EN ER
"""
_SHAPE = Shape(
    tag=re.compile(
        r"[ \t]{0,3}(<(?=\d+\.?[ \t]*>[ \t]*$)|[A-Z][A-Z0-9](?=[ \t]{1,2}-(?:[ \t]|$)))(?:[ \t]{1,2}-)?(.*)", re.DOTALL
    ),
    start="<",
    called="number",
    known=frozenset(_KNOWN.split()),
    once=frozenset(("VN", "UI", "TI", "SO", "YR")),
    core=frozenset(("TI", "AU", "SO", "AB")),
    end="ER",
    paragraphs=True,
    indents=False,
)
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
_ROLE = re.compile(r"\s*\[[^\[\]]*\]")
_OVID = re.compile(r"^[ \t]{0,3}VN[ \t]{1,2}- Ovid Technologies", re.MULTILINE)
_NUMBERED = re.compile(
    r"^[ \t]{0,3}<\d+\.?[ \t]*>[ \t]*\n(?:[ \t]*\n)*[ \t]{0,3}[A-Z][A-Z0-9][ \t]{1,2}- ", re.MULTILINE
)


class _Place(NamedTuple):
    journal: str = ""
    volume: str = ""
    number: str = ""
    pages: str = ""


def recognises(head: str) -> float:
    """Return how surely a text is Ovid's: 1 with its name or numbered records of tags."""
    return 1.0 if _OVID.search(head) or _NUMBERED.search(head) else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of an Ovid text."""
    return read_tagged(source, account, _SHAPE, normalise)


def normalise(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the normalised fields of a record; journal, volume and pages come from the source line where need be."""
    got = collect(fields)
    isbn, issn = v.serials_of([*got.get("IS", ()), *got.get("ES", ()), *got.get("IB", ())])
    kinds = [kind.lower() for kind in listed([*got.get("PT", ()), *got.get("DT", ())])]
    kind = next((_TYPES[kind] for kind in kinds if kind in _TYPES), "")
    place = _Place() if kind in _PARTS else _place(first(got, ("SO",)))
    return {
        "title": first(got, ("TI", "TT", "OT")),
        "authors": tuple(name for value in got.get("AU", ()) if (name := _ROLE.sub("", v.plain(value)).rstrip(","))),
        "year": v.year_of(value for tag in ("YR", "PY", "DP", "DG", "SO") for value in got.get(tag, ())),
        "journal": first(got, ("JT", "JN", "NJ", "TA", "JA")) or place.journal,
        "volume": first(got, ("VI", "VO")) or place.volume,
        "number": first(got, ("IP",)) or place.number,
        "pages": v.pages_of(first(got, ("PG",)), "") or place.pages,
        "doi": next((doi for value in got.get("DO", ()) if (doi := v.doi_of(value))), ""),
        "abstract": first(got, ("AB",)),
        "keywords": _keywords(got),
        "isbn": isbn,
        "issn": issn,
        "url": first(got, ("UR", "XL")),
        "language": first(got, ("LG", "LA")),
        "type": next(
            (_TYPES[kind] for kind in kinds if kind in _TYPES), "JOUR" if place.journal else first(got, ("PT",))
        ),
    }


def _place(source: str) -> _Place:
    """Return what a source line tells: `Forest Ecology. 201(2-3):327-334, November 15, 2004.`."""
    source = source[:600]
    match = _PLACE.match(source)
    if match is not None:
        pages = match["pp"] or match["pages"] or match["pp2"] or ""
        return _Place(match["journal"].strip(" ."), match["volume"], match["number"] or "", v.pages_of(pages, ""))
    journal = source.split(". ")[0].rstrip(".")
    match = _VOLUME.search(source)
    if match is None:
        return _Place(journal)
    return _Place(journal, match["volume"], match["number"], v.pages_of(match["pp"] or "", ""))


def _keywords(got: dict[str, list[str]]) -> tuple[str, ...]:
    words = (v.plain(value) for tag in ("MH", "SH", "KW", "ID") for value in got.get(tag, ()))
    return tuple(dict.fromkeys(filter(None, words)))


FORMAT = Format(
    name="ovid",
    title="Ovid tagged text",
    recognises=recognises,
    read=read,
    extensions=("ovd", "cgi", "txt"),
    systems=(("Ovid", r"^[ \t]{0,3}(?:VN[ \t]{1,2}- Ovid|<\d+)"),),
)
