"""Bibliographic records: one per entry of an export, with every raw field kept."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple


class Field(NamedTuple):
    """One raw field of an export: its tag, its value as printed, and the 1-based line it starts on."""

    tag: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an export.

    Attributes:
        record_id: stable and readable, `PREFIX:NNNN` with the position in its export (`scopus-2026-11:0017`).
        title, journal, volume, number, pages, doi, abstract, isbn, issn, url, language, type: normalised text, empty
            where the export has none. `doi` is lower case without a resolver address.
        authors, keywords: in the order of the export.
        year: four-digit year of publication, or None.
        line: 1-based first line in the export; 0 where the record did not come from a file.
        raw: every field of the export in order, none dropped, unknown tags included.
    """

    record_id: str
    title: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    journal: str = ""
    volume: str = ""
    number: str = ""
    pages: str = ""
    doi: str = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    isbn: str = ""
    issn: str = ""
    url: str = ""
    language: str = ""
    type: str = ""
    line: int = 0
    raw: tuple[Field, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the normalised fields as plain JSON-ready values, without the raw fields."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "raw"}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}

    def cite(self) -> str:
        """Return a one-line citation: first author, year, title."""
        who = self.authors[0].split(",")[0] if self.authors else "(no author)"
        more = " et al." if len(self.authors) > 1 else ""
        return f"{who}{more} ({self.year or 'n.d.'}) {self.title or '(no title)'}"
