"""The MEDLINE text of PubMed (nbib): `PMID- 1`, tags of up to four letters, values that continue under themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.tagged import Shape, collect, read_tagged
from metareview.literature.source import Source

# the field tags of PubMed help ("MEDLINE/PubMed data element descriptions")
_KNOWN = """
    PMID OWN STAT DCOM LR IS VI IP DP TI PG LID AB CI FAU AU AUID AD LA SI GR PT DEP TA JT JID SB MH OT OTO COIS EDAT
    MHDA CRDT PHST AID PST SO PMC PMCR MID CN FIR IR IRAD RN NM PL TT OAB OABL OCI BTI CTI VTI FED ED PB EN CP ISBN
    CDAT CTDT DRDT CIN CON CRI CRF DDIN DRIN EFR EIN ECI ECF ORI SPIN PRIN PROF RIN ROF RPI RPF RRI RRF UIN UOF OID
    SFM GN GS PS FPS RF DA CA CY UI JC URLF URLS PUBM ER
"""
_TAGS = "|".join(sorted(_KNOWN.split()))
_SHAPE = Shape(
    # as PubMed writes it, in four columns, or in others' hands with a known tag and some other indentation
    tag=re.compile(
        rf"(?:(?=[A-Z0-9 ]{{4}}-)|[ \t]{{0,5}}(?=(?:{_TAGS})[ \t]{{0,2}}-(?:[ \t]|$)))"
        r"([A-Z][A-Z0-9]{1,3})[ \t]{0,2}-(.*)",
        re.DOTALL,
    ),
    start="PMID",
    leads=False,
    known=frozenset(_KNOWN.split()),
    once=frozenset(("OWN", "STAT", "TI", "BTI", "AB", "DP", "TA", "JT", "JID", "VI", "SO", "EDAT")),
    core=frozenset(("TI", "BTI", "TT", "AB", "FAU", "AU")),
    end="ER",
    last="SO",
    prose=frozenset(("TI", "AB", "OAB", "CI", "COIS")),
)
_TYPES = {"Newspaper Article": "NEWS", "Technical Report": "RPRT", "Dataset": "DATA", "Academic Dissertation": "THES"}
_NO_TITLE = re.compile(r"\[?not available\]?\.?", re.IGNORECASE)
_NO_ABSTRACT = re.compile(r"\A(?:Publisher: )?Abstract available from the publisher\.?\Z")
_START = re.compile(r"^[ \t]{0,5}PMID ?- ?\d", re.MULTILINE)
_OTHER = re.compile(r"^(?:TY  - |%0 |@\w+\s*\{|<\?xml)", re.MULTILINE)
_FIELDS = re.compile(r"^(?:OWN - |FAU - |JT  - |PHST- |STAT- )", re.MULTILINE)


def recognises(head: str) -> float:
    """Return how surely a text is MEDLINE: 1 with a PMID line, less with other tags of four columns only."""
    start = _START.search(head)
    other = _OTHER.search(head)
    if start is not None:
        return 1.0 if other is None or start.start() < other.start() else 0.2
    return 0.8 if other is None and len(_FIELDS.findall(head)) > 1 else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of a MEDLINE text."""
    return read_tagged(source, account, _SHAPE, normalise)


def normalise(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the normalised fields of a record."""
    fields = list(fields)
    got = collect(fields)
    isbn, issn = v.serials_of([*got.get("IS", ()), *got.get("ISBN", ())])
    return {
        "title": _title(got),
        "authors": _names(fields, "FAU", "AU", "CN") or _names(fields, "FED", "ED", ""),
        "year": v.year_of(value for tag in ("DP", "DEP", "EDAT") for value in got.get(tag, ())),
        "journal": v.first(got, ("JT", "TA")) or (v.first(got, ("BTI",)) if "TI" in got else ""),
        "volume": v.first(got, ("VI",)),
        "number": v.first(got, ("IP",)),
        "pages": v.pages_of(v.first(got, ("PG",)), ""),
        "doi": _doi(got),
        "abstract": v.first(got, ("AB",)) or _NO_ABSTRACT.sub("", v.first(got, ("OAB",))),
        "keywords": tuple(word for tag, value in fields if tag in ("MH", "OT") and (word := v.plain(value))),
        "isbn": isbn,
        "issn": issn,
        "url": v.first(got, ("URLF", "URLS")),
        "language": v.first(got, ("LA",)),
        "type": _type(got),
    }


def _title(got: dict[str, list[str]]) -> str:
    title = v.first(got, ("TI", "BTI", "TT"))
    return v.first(got, ("TT",)) or title if _NO_TITLE.fullmatch(title) else title


def _names(fields: Iterable[tuple[str, str]], full: str, short: str, group: str) -> tuple[str, ...]:
    """Return the names in full where they are, in order: each short name repeats a full one before it, if there is one."""
    names, pairs = [], 0
    for tag, value in fields:
        if tag == full:
            pairs += 1
        elif tag == short and pairs:
            pairs -= 1
            continue
        elif tag not in (short, group):
            continue
        names.append(v.plain(value))
    return tuple(filter(None, names))


def _doi(got: dict[str, list[str]]) -> str:
    """Return the DOI among the identifiers, else the one in the source line."""
    marked = [value for tag in ("LID", "AID") for value in got.get(tag, ()) if value.endswith("[doi]")]
    found = (v.doi_of(v.plain(value)) for value in (*marked, *got.get("SO", ())))
    return next(filter(None, found), "")


def _type(got: dict[str, list[str]]) -> str:
    kinds = list(map(v.plain, got.get("PT", ())))
    if "BTI" in got:
        return "CHAP" if "TI" in got else "BOOK"
    named = next((_TYPES[kind] for kind in kinds if kind in _TYPES), "")
    return named or ("JOUR" if "TA" in got or "JT" in got or "Journal Article" in kinds else "".join(kinds[:1]))


FORMAT = Format(
    name="medline",
    title="PubMed text (nbib, MEDLINE)",
    recognises=recognises,
    read=read,
    extensions=("nbib", "txt"),
    systems=(("PubMed", r"^(?:OWN - |STAT- |PHST- )"),),
)
