"""The fields of a BibTeX entry to the normalised fields of a Record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.bibtex_names import listed, outer, people
from metareview.literature.formats.latex import to_text

TYPES = {
    **{"article": "JOUR", "periodical": "JOUR", "suppperiodical": "JOUR", "review": "JOUR", "newspaper": "NEWS"},
    **{"book": "BOOK", "mvbook": "BOOK", "collection": "BOOK", "mvcollection": "BOOK", "booklet": "PAMP"},
    **{"inbook": "CHAP", "incollection": "CHAP", "bookinbook": "CHAP", "suppbook": "CHAP", "suppcollection": "CHAP"},
    **{"inreference": "ENCYC", "inproceedings": "CONF", "conference": "CONF", "proceedings": "CONF"},
    **{"mvproceedings": "CONF", "phdthesis": "THES", "mastersthesis": "THES", "masterthesis": "THES"},
    **{"thesis": "THES", "techreport": "RPRT", "report": "RPRT", "manual": "RPRT", "unpublished": "UNPB"},
    **{"misc": "GEN", "online": "ELEC", "electronic": "ELEC", "www": "ELEC", "webpage": "ELEC", "patent": "PAT"},
    **{"dataset": "DATA", "data": "DATA", "software": "COMP", "preprint": "INPR"},
}
_WHOLE = frozenset(("BOOK", "THES", "RPRT", "PAT", "COMP", "DATA", "UNPB", "PAMP"))
_JOURNAL = ("journal", "journaltitle", "fjournal", "booktitle", "maintitle", "journal-full-title")
_SHORT = ("shortjournal", "abbrev_source_title", "journal-iso", "journal-abbreviation", "journalabbr")
_KEYWORDS = ("author_keywords", "keywords", "keyword", "mendeley-tags", "keywords-plus")
_SERIALS = ("isbn", "issn", "eissn", "e-issn", "eisbn", "pissn", "p-issn", "print-issn", "electronic-issn")
_NOTES = ("note", "annote", "annotation", "howpublished")
_MONTH_NAMES = "January February March April May June July August September October November December"
_MONTHS = {name[:3].lower(): name for name in _MONTH_NAMES.split()}
_URL = re.compile(r"\\(?:url|nolinkurl|path)\s*\{([^{}]*)\}|\\href\s*\{([^{}]*)\}")
_COPYRIGHT = re.compile(r"\s*(?:©|\(c\)\s|copyright\b)", re.IGNORECASE)
JOINED = re.compile(r"[}\"\w]\s*#\s*[{\"\w]")
_DASHES = re.compile(r"\s*-{2,3}\s*|\s*-\s*(?=&\Z)")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_DOI_NOTE = re.compile(r"\s*(?:doi\b[:\s]*|https?://(?:dx\.)?doi\.org/)?10\.\d{4}", re.IGNORECASE)


def content(value: str, macros: dict[str, str] | None = None) -> str:
    """Return what a printed value holds: without its braces or quotes, parts joined by `#`, macros replaced."""
    value = value.strip()
    if (whole := outer(value)) is not None:
        return whole
    if value[:1] == '"' and value.find('"', 1) in (-1, len(value) - 1):
        return value[1:].removesuffix('"')
    if "#" not in value and value[:1] not in ("{", '"'):
        return _macro(value, macros or {})
    if value.startswith("{") and value.endswith("}") and not JOINED.search(value):
        return value[1:-1]  # its braces do not balance
    return "".join(_pieces(value, macros or {}))


def _macro(name: str, macros: dict[str, str]) -> str:
    return macros.get(name.lower(), _MONTHS.get(name.lower(), name))


def _pieces(value: str, macros: dict[str, str]) -> Iterator[str]:
    at = 0
    while at < len(value):
        if value[at] == "{":
            end = _end(value, at)
            yield value[at + 1 : end - 1] if value[end - 1] == "}" and end > at + 1 else value[at + 1 : end]
        elif value[at] == '"':
            close = value.find('"', at + 1)
            while close >= 0 and not re.match(r"\s*(?:#|\Z)", value[close + 1 : close + 50]):
                close = value.find('"', close + 1)
            end = len(value) if close < 0 else close + 1
            yield value[at + 1 : end if close < 0 else close]
        elif value[at].isspace() or value[at] == "#":
            end = at + 1
        else:
            bare = re.compile(r"[^\s#{\"]+").match(value, at)
            end = bare.end() if bare else at + 1
            yield _macro(value[at:end], macros)
        at = end


def _end(value: str, at: int) -> int:
    depth = 0
    for match in _BRACES.finditer(value, at):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return len(value)


def normalise(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the normalised fields of a record from its BibTeX fields.

    Arguments:
        fields: name and value of each as printed; a name may occur in any case and many times. `@type` and
            `@key` are those of the entry; `@string:NAME` is a macro it uses, `@parent:NAME` a field of the entry
            its `crossref` names.
    """
    got, parent, kind = _gathered(fields)
    type_ = _first(got, ("reftype",)) or TYPES.get(kind.lower(), kind)
    _inherit(got, parent)
    isbn, issn = v.serials_of(to_text(value) for name in _SERIALS for value in got.get(name, ()))
    return {
        "title": _title(got),
        "authors": _authors(got),
        "year": v.year_of(
            value for name in ("year", "date", "issued", "earlyaccessdate") for value in got.get(name, ())
        ),
        "journal": _first(got, (*_JOURNAL[:3], *_SHORT) if type_ in _WHOLE else (*_JOURNAL, *_SHORT)),
        "volume": _first(got, ("volume",)),
        "number": _first(got, ("number", "issue")),
        "pages": _pages(_first(got, ("pages", "page"))) or v.article_number(_first(got, _ARTICLE_NUMBERS)),
        "doi": _doi(got),
        "abstract": _abstract(got),
        "keywords": tuple(word for name in _KEYWORDS for value in got.get(name, ()) for word in listed(value)),
        "isbn": isbn,
        "issn": issn,
        "url": _url(got),
        "language": _first(got, ("language", "langid")),
        "type": type_,
    }


def _gathered(fields: Iterable[tuple[str, str]]) -> tuple[dict[str, list[str]], dict[str, str], str]:
    pairs = list(fields)
    macros = {name[8:].lower(): value for name, value in pairs if name.startswith("@string:")}
    macros = {name: content(value, macros) for name, value in macros.items()}
    got: dict[str, list[str]] = {}
    parent: dict[str, str] = {}
    kind = ""
    for name, value in pairs:
        if name == "@type":
            kind = value
        elif name.startswith("@parent:"):
            parent.setdefault(name[8:].lower(), content(value, macros))
        elif name[:1] != "@" and (text := content(value, macros)).strip():
            got.setdefault(name.lower(), []).append(text)
    return got, parent, kind


def _inherit(got: dict[str, list[str]], parent: dict[str, str]) -> None:
    """Fill what an entry does not say from the entry it refers to; the title of that is its book title."""
    for name, value in parent.items():
        name = "booktitle" if name == "title" else name
        if name in ("booktitle", "journal", "year", "date", "isbn", "issn", "volume", "editor", "doi"):
            got.setdefault(name, [value]) if name != "doi" else None


def _first(got: dict[str, list[str]], names: Iterable[str]) -> str:
    return next((text for name in names for value in got.get(name, ()) if (text := v.plain(to_text(value)))), "")


def _title(got: dict[str, list[str]]) -> str:
    title = _first(got, ("title",))
    subtitle = _first(got, ("subtitle",))
    if title and subtitle and subtitle.lower() not in title.lower():
        return f"{title}{' ' if title[-1] in ':?!.' else ': '}{subtitle}"
    return title or _first(got, ("maintitle", "shorttitle"))


def _authors(got: dict[str, list[str]]) -> tuple[str, ...]:
    for name in ("author", "authors", "book-group-author", "editor", "editors", "book-author"):
        if found := tuple(person for value in got.get(name, ()) for person in people(value)):
            return found
    return ()


_ARTICLE_NUMBERS = ("art_number", "article-number", "articleno", "eid")


def _pages(value: str) -> str:
    parts = _DASHES.split(value)
    return v.pages_of(*parts) if len(parts) == 2 else v.pages_of(value.replace("--", "-"), "")


def _doi(got: dict[str, list[str]]) -> str:
    for value in got.get("doi", ()):
        if doi := v.doi_of(to_text(value), address="://" in value and "?" in value):
            return doi
    for name in ("url", "link", "ee", "bdsk-url-1", "howpublished"):
        for value in got.get(name, ()):
            if doi := v.doi_of(_address(value), address="://" in value):
                return doi
    for name in _NOTES:
        for value in got.get(name, ()):
            if _DOI_NOTE.match(value) and (doi := v.doi_of(to_text(value).split("\n", 1)[0])):
                return doi
    return ""


def _abstract(got: dict[str, list[str]]) -> str:
    found = [v.plain(to_text(value)) for name in ("abstract", "summary") for value in got.get(name, ())]
    if len(found) > 1:
        found = [text for text in found if not _COPYRIGHT.match(text)] or found
    return max(found, key=len, default="")


def _address(value: str) -> str:
    """Return a web address as it is, unescaped but not as text: a tilde in it is a tilde."""
    if match := _URL.search(value):
        value = match[1] or match[2] or ""
    value = re.sub(r"\{?\\(?:textasciitilde|~)\s*(?:\{\})?\}?", "~", value)
    return re.sub(r"\\([&%#_$\-/])", r"\1", value).strip("{} \n\t") if "\\" in value or "{" in value else value.strip()


def _url(got: dict[str, list[str]]) -> str:
    for name in ("url", "link", "ee", "bdsk-url-1"):
        for value in got.get(name, ()):
            if address := _address(value):
                return address.split("\n")[0].strip()
    how = next(iter(got.get("howpublished", ())), "")
    return _address(how) if "://" in how and _URL.search(how) else ""
