"""The tagged text of Web of Science: `TG value` a line from PT to ER, in any of its databases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.tagged import Shape, collect, listed, read_tagged
from metareview.literature.source import Source

# the field tags of Web of Science help (hs_wos_fieldtags, hs_alldb_fieldtags), Zoological Record and Derwent included
_KNOWN = """
    FN VR EF ER PT AU AF BA BF CA GP BE ED TI FT SO SE BS LA DT CT CY CL SP HO DE ID AB C1 C3 RP EM RI OI FU FP FX CR
    NR TC Z9 Z8 ZB ZR ZS ZA ZC U1 U2 PU PI PA SN EI BN J9 JI PD PY EA EY VL IS SI PN SU MA PS BP EP AR DI D2 DL PG P2
    WC WE SC GA PM UT OA HP HC DA AN UR AW NT BD TN ST OR AE DG PC CC MC TA DS CH GN SD GE TM MQ PR MI PL LT ME AC AD
    AI AK CP DC DF DN FD IP PE PO PP RD RG RN SS WP X1 X4 X5 Y1 Y4 Y5 Z1 Z2 Z3 Z4 Z5 EC GD
"""
_SHAPE = Shape(
    tag=re.compile(r"([A-Z][A-Z0-9])(?:[ \t]+(.*)|$)", re.DOTALL),
    start="PT",
    known=frozenset(_KNOWN.split()),
    once=frozenset(("UT", "TI", "SO", "AU", "PY", "AN", "J9")),
    core=frozenset(("UT", "TI", "SO", "AU", "AF", "AB")),
    end="ER",
    closes=True,
    outside=frozenset(("FN", "VR", "EF")),
    heading=re.compile(r"Web of (?:Science|Knowledge)|Thomson|Clarivate|\bISI\b|^1\.0$"),
    lists=frozenset(("AU", "AF", "BA", "BF", "CA", "GP", "BE", "ED", "CR", "OR")),
    prose=frozenset(("TI", "AB", "FX")),
    paragraphs=True,
)
_TYPES = {"J": "JOUR", "P": "PAT"}
_EMAIL = re.compile(r"\s*\([^()\s]*@[^()]*\)")
_START = re.compile(r"^PT [A-Z][ \t]*$", re.MULTILINE)
_FIELDS = re.compile(r"^(?:AU|TI|SO|UT|AN|AB) \S", re.MULTILINE)
_HEADER = re.compile(r"\A\s*FN (?:Clarivate|Thomson|ISI|Web of)")
_LATE = re.compile(r"^UT [A-Z]+:", re.MULTILINE)
_END = re.compile(r"^ER[ \t]*$", re.MULTILINE)
_OTHER = re.compile(r"^(?:TY  - |%0 |PMID- )", re.MULTILINE)


def recognises(head: str) -> float:
    """Return how surely a text is Web of Science's: 1 with its heading or PT and fields, less with UT and ER only."""
    if _HEADER.match(head):
        return 1.0
    if _OTHER.search(head):
        return 0.0
    if _START.search(head) and _FIELDS.search(head):
        return 1.0
    return 0.8 if _LATE.search(head) and _END.search(head) else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of a Web of Science text."""
    return read_tagged(source, account, _SHAPE, normalise)


def normalise(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the normalised fields of a record: those its RIS export has (names in short, both kinds of keywords)."""
    got = collect(fields)
    kind = _type(got)
    isbn, issn = v.serials_of([*got.get("SN", ()), *got.get("EI", ()), *got.get("BN", ())])
    return {
        "title": v.first(got, ("TI", "FT")),
        "authors": _authors(got),
        "year": v.year_of(value for tag in ("PY", "PD", "EA", "EY") for value in got.get(tag, ())),
        "journal": v.first(got, ("JI", "J9") if kind == "BOOK" else ("SO", "JI", "J9")),
        "volume": v.first(got, ("VL",)),
        "number": v.first(got, ("IS",)),
        "pages": v.pages_of(v.first(got, ("BP",)), v.first(got, ("EP",))) or _article(v.first(got, ("PS", "AR"))),
        "doi": v.doi_of(v.first(got, ("DI", "D2") if kind == "BOOK" else ("DI",))),
        "abstract": v.first(got, ("AB",)),
        "keywords": listed([*got.get("DE", ()), *got.get("ID", ())]),
        "isbn": isbn,
        "issn": issn,
        "url": v.first(got, ("UR",)),
        "language": v.first(got, ("LA",)),
        "type": kind,
    }


def _article(number: str) -> str:
    """Return pages or an article number, without the mark that it is in none of the usual forms."""
    return v.pages_of(number.removeprefix("UNSP ").removeprefix("ARTN "), "")


def _authors(got: dict[str, list[str]]) -> tuple[str, ...]:
    """Return the authors, or where there are none the book's authors, the editors or the group."""
    for tag in ("AU", "AF", "BA", "BE", "ED", "CA", "GP"):
        if names := tuple(name for value in got.get(tag, ()) if (name := _EMAIL.sub("", v.plain(value)))):
            return names
    return ()


def _type(got: dict[str, list[str]]) -> str:
    """Return the type as its RIS export has it: a part of a book that a conference gave is a paper."""
    kind = v.first(got, ("PT",))
    if kind not in ("B", "S", "C"):
        return _TYPES.get(kind, kind)
    if kind == "C" or "CT" in got:
        return "CPAPER"
    return "BOOK" if v.first(got, ("DT",)) == "Book" else "CHAP"


FORMAT = Format(
    name="isi",
    title="Web of Science tagged text",
    recognises=recognises,
    read=read,
    extensions=("ciw", "txt"),
    systems=(("Web of Science", r"^.{2} .*(?:Web of (?:Science|Knowledge)|Clarivate|Thomson|ISI )|^UT [A-Z]+:"),),
)
