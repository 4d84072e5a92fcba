"""Ovid's tagged text (as for Citavi, EndNote or Reprint): `<1. >`, then `TG  - value` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.ovid_source import place_of, type_of
from metareview.literature.formats.tagged import Shape, collect, listed, read_tagged
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
_ROLE = re.compile(r"\s*\[[^\[\]]*\]")
_OVID = re.compile(r"^[ \t]{0,3}VN[ \t]{1,2}- Ovid Technologies", re.MULTILINE)
_NUMBERED = re.compile(
    r"^[ \t]{0,3}<\d+\.?[ \t]*>[ \t]*\n(?:[ \t]*\n)*[ \t]{0,3}[A-Z][A-Z0-9][ \t]{1,2}- ", re.MULTILINE
)


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
    kind = type_of(listed([*got.get("PT", ()), *got.get("DT", ())]))
    place = place_of(v.first(got, ("SO",)), kind)
    return {
        "title": v.first(got, ("TI", "TT", "OT")),
        "authors": tuple(name for value in got.get("AU", ()) if (name := _ROLE.sub("", v.plain(value)).rstrip(","))),
        "year": v.year_of(value for tag in ("YR", "PY", "DP", "DG", "SO") for value in got.get(tag, ())),
        "journal": v.first(got, ("JT", "JN", "NJ", "TA", "JA")) or place.journal,
        "volume": v.first(got, ("VI", "VO")) or place.volume,
        "number": v.first(got, ("IP",)) or place.number,
        "pages": v.pages_of(v.first(got, ("PG",)), "") or place.pages,
        "doi": next((doi for value in got.get("DO", ()) if (doi := v.doi_of(value))), ""),
        "abstract": v.first(got, ("AB",)),
        "keywords": _keywords(got),
        "isbn": isbn,
        "issn": issn,
        "url": v.first(got, ("UR", "XL")),
        "language": v.first(got, ("LG", "LA")),
        "type": kind or ("JOUR" if place.journal else v.first(got, ("PT",))),
    }


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
