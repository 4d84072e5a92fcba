"""What files that are not read look like, so that a message can say what a file is and what to do."""

from __future__ import annotations

import re
from typing import NamedTuple

_RIS = "Export the search again as RIS."


class Foreign(NamedTuple):
    """What a file is and what to do with it."""

    what: str
    hint: str


_BYTES = (
    (b"%PDF", Foreign("a PDF", "Import the export file of the database, not a full text.")),
    (b"PK\x03\x04", Foreign("a ZIP or Word file (ZIP, DOCX, ODS)", f"Unpack it, or save it as XLSX. {_RIS}")),
    (b"\xd0\xcf\x11\xe0", Foreign("an old Word or Excel file (XLS, DOC)", f"Open it and save it as XLSX. {_RIS}")),
    (b"\x1f\x8b", Foreign("a gzip file", "Unpack it first.")),
    (b"{\\rtf", Foreign("a rich text document (RTF)", "Save it as plain text, or export the search as RIS.")),
    (b"SQLite format 3", Foreign("an SQLite database", _RIS)),
)
_TEXTS = (
    (r"\A\s*<(?:!DOCTYPE )?html", "a web page (HTML)"),
    (r"\A\s*<\?xml|\A\s*<(?:xml|records|PubmedArticleSet)\b", "XML"),
    (r"\A\s*[\[{]\s*(?:[\[{\"]|\Z|[}\]])", "JSON"),
)
_COMPILED = tuple((re.compile(pattern, re.MULTILINE | re.IGNORECASE), what) for pattern, what in _TEXTS)
_HEAD = 1 << 16


def foreign_bytes(data: bytes) -> Foreign | None:
    """Return what a binary file is, by its first bytes, or None."""
    return next((known for start, known in _BYTES if data.startswith(start)), None)


def foreign_text(text: str) -> Foreign | None:
    """Return what a text file is, by its first part, or None."""
    head = text[:_HEAD]
    for pattern, what in _COMPILED:
        if pattern.search(head):
            return Foreign(what, _RIS)
    return None
