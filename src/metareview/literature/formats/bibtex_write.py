"""Records to BibTeX, such that reading it gives the same records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from metareview.literature.formats.bibtex_entry import JOINED, TYPES
from metareview.literature.formats.bibtex_names import outer
from metareview.literature.formats.latex import from_text
from metareview.literature.records import Field, Record

_ODD_IN_KEY = re.compile(r"[\s,={}\"#%~\\()@']+")
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_KINDS = {
    **{code: kind for kind, code in reversed(TYPES.items())},
    **{"GEN": "misc", "RPRT": "techreport", "CONF": "inproceedings", "CHAP": "incollection", "THES": "phdthesis"},
    **{"PAMP": "booklet", "ELEC": "online"},
}
_IN_URL = {**{ord(sign): f"\\{sign}" for sign in "&%#_$"}, ord("{"): "\\%7B", ord("}"): "\\%7D"}
_IN_BOOK = frozenset(("CHAP", "CONF", "ENCYC"))


def write(records: Iterable[Record]) -> str:
    """Return the records as BibTeX.

    A record read from BibTeX is written with every field as printed, and with the macros it uses before it; any
    other from its normalised fields, with what means something to TeX escaped.
    """
    out: list[str] = []
    macros: dict[str, str] = {}
    for record in records:
        if is_bibtex(record.raw):
            out += _from_raw(record.raw, macros)
        else:
            out += _entry(_KINDS.get(record.type, "misc"), _key(record.record_id), _normal_fields(record))
    return "\n".join(out) + "\n" if out else ""


def is_bibtex(raw: tuple[Field, ...]) -> bool:
    """Tell whether raw fields came from BibTeX."""
    return bool(raw) and raw[0].tag == "@type"


def _from_raw(raw: tuple[Field, ...], macros: dict[str, str]) -> Iterator[str]:
    for name, value, _ in raw:
        if name.startswith("@string:") and macros.get(name) != value:
            macros[name] = value
            yield f"@string{{{name[8:]} = {_closed(value)}}}\n"
    own = {f.tag.lower() for f in raw}
    pairs = [(f.tag, _closed(f.value)) for f in raw if f.tag[0] != "@"]
    for name, value, _ in raw:
        inherited = name[8:].lower().replace("title", "booktitle") if name.startswith("@parent:") else ""
        if inherited in ("booktitle", "journal", "year", "date", "isbn", "issn", "volume", "editor"):
            pairs += [(inherited, _closed(value))] if inherited not in own else []
    key = next((f.value for f in raw if f.tag == "@key"), "")
    yield from _entry(raw[0].value, key, pairs)


def _entry(kind: str, key: str, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"@{kind}{{{key},"
    for name, value in pairs:
        yield f"  {name} = {value},"
    yield "}\n"


def _closed(value: str) -> str:
    """Return a value as printed; one whose braces or quotes do not balance, such that they do."""
    if not value:
        return "{}"
    if JOINED.search(value) and _balanced(value) == value:
        return value
    if value[0] == '"' and (len(value) == 1 or not value.endswith('"')):
        return "{" + _balanced(value[1:]) + "}"
    if value[0] == "{" and outer(value) is None:
        return "{" + _balanced(value[1:].removesuffix("}")) + "}"
    return value


def _balanced(text: str) -> str:
    """Leave out closing braces without an opening one, and add those that are missing."""
    out, at, depth = [], 0, 0
    for match in _BRACES.finditer(text):
        out.append(text[at : match.start()])
        if match[0] == "}" and depth == 0:
            at = match.end()
            continue
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        out.append(match[0])
        at = match.end()
    out.append(text[at:])
    end = " " if text.endswith("\\") else ""  # a backslash would take the brace after it out of the counting
    return "".join(out) + end + "}" * depth


def _key(record_id: str) -> str:
    return _ODD_IN_KEY.sub("-", record_id).strip("-") or "record"


def _normal_fields(record: Record) -> Iterator[tuple[str, str]]:
    pairs = [
        ("reftype", "" if record.type in _KINDS else from_text(record.type)),
        ("author", " and ".join(map(_name, record.authors))),
        ("title", from_text(record.title)),
        ("booktitle" if record.type in _IN_BOOK else "journal", from_text(record.journal)),
        ("year", str(record.year or "")),
        ("volume", from_text(record.volume)),
        ("number", from_text(record.number)),
        ("pages", from_text(record.pages)),
        ("doi", record.doi.replace("{", "\\{").replace("}", "\\}")),
        ("isbn", record.isbn),
        ("issn", record.issn),
        ("url", record.url.translate(_IN_URL)),
        ("language", from_text(record.language)),
        ("keywords", _keywords(record.keywords)),
        ("abstract", from_text(record.abstract)),
    ]
    return ((name, f"{{{value}}}") for name, value in pairs if value)


def _name(name: str) -> str:
    """Return a name that reads back as printed: braces hold what is not `Family, Given`."""
    text = from_text(name)
    if name.count(",") != 1 or re.search(r"\band\b|;|\\", text, re.IGNORECASE):
        return f"{{{{{text}}}}}"
    return text


def _keywords(words: tuple[str, ...]) -> str:
    held = [f"{{{from_text(word)}}}" if re.search(r"[;,]", word) else from_text(word) for word in words]
    return f"{{{held[0]}}}" if len(held) == 1 and held[0].startswith("{") else "; ".join(held)
