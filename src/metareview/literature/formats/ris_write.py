"""Records to RIS, such that reading it gives the same records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from metareview.errors import MetareviewError
from metareview.literature.formats.ris_tags import known_tags
from metareview.literature.records import Field, Record

_TAG = re.compile(r"[A-Z][A-Z0-9]")
_BREAK = re.compile(r"\r\n|\r|\n")
_CONTAINER = frozenset(("JOUR", "CHAP", "ECHAP", "CONF", "CPAPER", "MGZN", "NEWS", "EJOUR", "INPR", "ABST"))
_OTHER_FORMATS = frozenset(("PT", "UT"))
_INDENT = " " * 6


def write(records: Iterable[Record]) -> str:
    """Return the records as RIS text.

    A record that was read from RIS is written with every field as printed, repeated and unknown tags
    included; any other record from its normalised fields. A value of several lines continues on indented
    lines, which no reader mistakes for a tag. The writer of rispy is not used: it joins repeated tags.

    Raises:
        MetareviewError: a raw field has the tag ER, which would end the record.
    """
    out: list[str] = []
    for record in records:
        fields = record.raw if is_ris(record.raw) else tuple(_normal_fields(record))
        out += _lines(record, fields)
        out.append("")
    return "\n".join(out) + "\n" if out else ""


def is_ris(raw: tuple[Field, ...]) -> bool:
    """Tell whether raw fields came from RIS: all tags of its shape, and a TY or tags of RIS only."""
    tags = {f.tag for f in raw}
    if not tags or not all(map(_TAG.fullmatch, tags)):
        return False
    return "TY" in tags or (tags <= known_tags() and not tags & _OTHER_FORMATS)


def _lines(record: Record, fields: Iterable[Field]) -> Iterator[str]:
    fields = list(fields)
    types = [f.value for f in fields if f.tag == "TY"] or [""]
    yield from _field("TY", types[0])
    for tag, value, _ in fields:
        if tag == "ER":
            raise MetareviewError(
                f"record {record.record_id} has a raw field ER, which ends a record in RIS",
                "Remove that field, or write the record without raw fields.",
            )
        if tag != "TY":
            yield from _field(tag, value)
    yield "ER  - "


def _field(tag: str, value: str) -> Iterator[str]:
    first, *more = _BREAK.split(value)
    yield f"{tag}  - {first}"
    for line in more:
        yield _INDENT + line if line else ""


def _normal_fields(record: Record) -> Iterator[Field]:
    journal = "T2" if record.type.upper() in _CONTAINER else "JF"
    first, last = _pages(record.pages)
    pairs = [
        ("TY", record.type),
        *(("AU", name) for name in record.authors),
        ("TI", record.title),
        ("PY", str(record.year or "")),
        (journal, record.journal),
        ("VL", record.volume),
        ("IS", record.number),
        ("SP", first),
        ("EP", last),
        ("DO", record.doi),
        ("AB", record.abstract),
        *(("KW", word) for word in record.keywords),
        *(("SN", serial) for serial in (record.isbn, record.issn)),
        ("UR", record.url),
        ("LA", record.language),
    ]
    return (Field(tag, value, 0) for tag, value in pairs if value or tag == "TY")


def _pages(pages: str) -> tuple[str, str]:
    match = re.fullmatch(r"([^-]+)-([^-]+)", pages)
    return (match[1], match[2]) if match and match[1] != match[2] else (pages, "")
