"""From a cell that lists authors to their names, as systems list them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

_SUFFIX = re.compile(r"(?:Jr|Sr|I{1,3}|IV|VI{0,3}|[23][nr]d|[4-9]th)\.?", re.IGNORECASE)
_DOTTED = re.compile(r"(\S.*?)\s+((?:[^\W\d_]{1,3}\.[-\s]?){1,8})")
_CAPITALS = re.compile(r"(\S.*?)\s+([^\W\d_a-zß-ÿ]{1,4})(?:\s+((?:Jr|Sr|[23][nr]d|I{2,3}|IV)\.?))?")
_INITIALS = re.compile(r"(?:[^\W\d_a-zß-ÿ]\.?[-\s]?){1,4}")
_UNPARTED = re.compile(r"(?<=[^\W\d_a-zß-ÿ]\.)(?=[^\W\d_a-zß-ÿ][\w’'-]+\s)")
_IDENTIFIER = re.compile(r"\s*\(\d{5,}\)\s*$")
_AND = re.compile(r",?\s+(?:and|&|en)\s+")
_LONGEST = 200
_ELLIPSIS = re.compile(r"(?:\.\.\.|…|et al\.?)", re.IGNORECASE)
# SpringerLink writes names without anything between: a capital after a small letter starts one, but in Mac- and De-.
_SPRINGER = re.compile(
    r"(?<=[^\W\d_A-ZÀ-Þ.’'-])(?<!\bMc)(?<!\bMac)(?<!\bDe)(?<!\bDi)(?<!\bLa)(?<!\bLe)(?<!\bVan)(?=[A-ZÀ-Þ])"
)
_ACADEMIC = re.compile(
    r"(?:(?:Prof|Dr|Ph\.?D|Assoc|Assist|Asst|Ing|Eng|Mr|Mrs|Ms|Dipl|habil|rer|nat)\b\.?[-\s]*)+(?=\S)"
)


def _listed(pieces: Iterable[str]) -> tuple[str, ...]:
    found = (piece.strip(" \t\n,;") for piece in pieces)
    return tuple(name for name in found if name and not _ELLIPSIS.fullmatch(name))


def semicolon(text: str) -> tuple[str, ...]:
    """`Smith, J.; Jones, K.`."""
    return _listed(re.split(r"[;\n]", text))


def bar(text: str) -> tuple[str, ...]:
    """`Ann Smith|Kim Jones`."""
    return _listed(text.split("|"))


def comma(text: str) -> tuple[str, ...]:
    """`A Smith, K Jones, ...`."""
    return _listed(_with_suffixes(text.split(",")))


def own(text: str) -> tuple[str, ...]:
    """Our own tables: parted by `; `, or by line feeds where a value holds a semicolon."""
    return tuple(filter(None, text.split("\n" if "\n" in text else "; ")))


def initials(text: str) -> tuple[str, ...]:
    """`Smith J.A., Jones K.` or `Smith JA, Jones K.`: surname and initials, given as `Smith, J.A.`."""
    if ";" in text:
        return tuple(map(_surname_first, semicolon(text)))
    return tuple(map(_surname_first, comma(text)))


def pubmed(text: str) -> tuple[str, ...]:
    """`Smith JA, Jones K.`: the full stop ends the list."""
    return initials(text.removesuffix("."))


def scopus(text: str) -> tuple[str, ...]:
    """`Smith J., Jones K.` (to 2022), `Smith J.; Jones K.`, or full names with identifiers (from 2023)."""
    if ";" in text or "(" in text:
        return tuple(_surname_first(_IDENTIFIER.sub("", name)) for name in semicolon(text))
    text = _UNPARTED.sub(", ", text)  # editors stand without anything between
    return initials(text) if _IDENTIFIER.sub("", text).count(",") != 1 or not _one(text) else (text.strip(),)


def glued(text: str) -> tuple[str, ...]:
    """`Vivek PallipuramProf. Mohammad Bhuiyan`, as SpringerLink writes them; titles are left out."""
    return _listed(_ACADEMIC.sub("", name.strip()) for name in _SPRINGER.split(text))


def any_way(text: str) -> tuple[str, ...]:
    """Find out from the marks in the cell: `///`, `;`, `|`, line feeds, ` and `, or commas."""
    for mark in ("///", ";", "|", "\n"):
        if mark in text:
            return tuple(map(_surname_first, _listed(text.split(mark))))
    if " " in text.split(".", 1)[0]:  # surnames first, perhaps with nothing between: `Smith J.Jones K. A.`
        text = _UNPARTED.sub(", ", text)
    pieces = _AND.split(text)
    if len(pieces) > 1:
        *first, last = pieces
        if all(piece.count(",") <= 1 for piece in first) and ("," in last or not any("," in piece for piece in first)):
            return _listed(pieces)
        return _listed([*_comma_list(", ".join(first), several=True), last])
    return _listed(_comma_list(text))


def _comma_list(text: str, several: bool = False) -> list[str]:
    """Part a list with commas, in which a comma may also stand between surname and initials; several: names follow."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    given = parts[1::2]
    if len(parts) % 2 == 0 and all(map(_INITIALS.fullmatch, given)):
        return [f"{surname}, {name}" for surname, name in zip(parts[::2], given, strict=True)]
    if len(parts) == 2 and " " not in parts[0] and not several:
        return [text]
    return [_surname_first(name) for name in _with_suffixes(parts)]


def _with_suffixes(parts: Iterable[str]) -> list[str]:
    """Put a `Jr.` that a comma cut off back to its name."""
    names: list[str] = []
    for part in parts:
        if names and _SUFFIX.fullmatch(part.strip()):
            names[-1] += f", {part.strip()}"
        else:
            names.append(part)
    return names


def _surname_first(name: str) -> str:
    """Return `Smith J.A.` and `Smith JA` as `Smith, J.A.` and `Smith, JA`; other names as they are."""
    if "," in name and not _SUFFIX.fullmatch(name.split(",", 1)[1].strip()):
        return name
    head, comma_, suffix = name.partition(",")
    if len(head) > _LONGEST:
        return name
    if match := _DOTTED.fullmatch(head.strip()) or _CAPITALS.fullmatch(head.strip()):
        tail = [part for part in (*match.groups()[2:], suffix.strip() if comma_ else "") if part]
        return ", ".join([match[1], match[2].strip(), *tail])
    return name


def _one(text: str) -> bool:
    """Tell whether a text with one comma is one name, `Smith, J.`."""
    return _INITIALS.fullmatch(text.split(",", 1)[1].strip()) is not None


SPLITTERS: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "any": any_way,
    "bar": bar,
    "comma": comma,
    "glued": glued,
    "initials": initials,
    "pubmed": pubmed,
    "own": own,
    "scopus": scopus,
    "semicolon": semicolon,
}
