"""Names and lists in BibTeX values: `and`-separated people, keywords parted by signs outside braces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from metareview.literature.formats import values as v
from metareview.literature.formats.latex import to_text

_AND = re.compile(r"\s+and(?:\s+and)*\s+", re.IGNORECASE)
_EDGE = re.compile(r"^\s*(?:and\s+)?|(?:\s+and)?\s*$", re.IGNORECASE)
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_GROUPS = """
the of for and in on de des du la & group groups study trial team teams network networks committee council
organization organisation organizations association society societies institute institut institutes university
universities department ministry agency center centre centers centres consortium collaboration collaborative
collaborators investigators foundation office bureau commission federation union academy college hospital school
government unit board service services authority programme program initiative project panel task force working
international national world united inc ltd llc gmbh bv company corporation press editors staff anonymous
taskforce division laboratory library museum fund bank alliance partnership
"""
_GROUP_WORDS = frozenset(_GROUPS.split())


def outer(value: str) -> str | None:
    """Return the inside of a value that one pair of braces holds as a whole, or None."""
    value = value.strip()
    if not (value.startswith("{") and value.endswith("}")):
        return None
    depth = 0
    for match in _BRACES.finditer(value):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return value[1:-1] if match.end() == len(value) else None
    return None


def _outside(value: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a value that no braces hold."""
    depth = start = 0
    for match in _BRACES.finditer(value):
        if match[0] == "{":
            if depth == 0:
                yield start, match.start()
            depth += 1
        elif match[0] == "}" and depth:
            depth -= 1
            start = match.end()
    if depth == 0:
        yield start, len(value)


def _split(value: str, pattern: re.Pattern[str]) -> list[str]:
    """Part a value at what matches outside braces."""
    if "{" not in value:
        return pattern.split(value)
    pieces, at = [], 0
    for start, end in _outside(value):
        for match in pattern.finditer(value, start, end):
            pieces.append(value[at : match.start()])
            at = match.end()
    return [*pieces, value[at:]]


def people(value: str) -> tuple[str, ...]:
    """Return the names in an author or editor value, family name first; `others` is left out."""
    value = _EDGE.sub("", value)
    inside = outer(value)
    if inside is not None and outer(inside) is None:  # WoS: {{Vermeer, A and Smit, B}}
        listed = _AND.split(inside)
        if len(listed) > 1 and all("," in name for name in listed):
            value = inside
    names = _split(value, _AND)
    if len(names) == 1 and ";" in value and inside is None:
        names = _split(value, re.compile(";"))
    found = []
    for name in names:
        whole = outer(name) is not None
        text = v.plain(to_text(name))
        if text and not (text.lower() in ("others", "et al.", "et al") and not whole):
            found.append(text if whole or "," in text else _family_first(name, text))
    return tuple(found)


def _family_first(name: str, text: str) -> str:
    """Turn `Jan van der Meer` into `van der Meer, Jan`; what looks like a group stays as printed."""
    words = text.split()
    if not 1 < len(words) <= 5 or "{" in name.replace("{\\", ""):
        return text
    if any(word.lower().strip(".,") in _GROUP_WORDS or any(c.isdigit() for c in word) for word in words):
        return text if not _particles(words) else _turned(words)
    return _turned(words)


def _particles(words: list[str]) -> bool:
    """Tell whether a name has a nobiliary particle amid it and no word of a group but particles."""
    inner = [w for w in words[1:-1] if w.lower() in ("de", "la", "des", "du")]
    others = [w for w in words if w.lower().strip(".,") in _GROUP_WORDS and w not in inner]
    return bool(inner) and not others and words[0][0].isupper() and words[-1][0].isupper()


def _turned(words: list[str]) -> str:
    at = next((i for i, word in enumerate(words[1:-1], 1) if word[0].islower()), len(words) - 1)
    if len(words[-1].rstrip(".")) <= 2 and words[-1].isupper() and len(words) == 2 and len(words[0]) > 2:
        return " ".join(words)  # `Vermeer AB` is family name first already
    return f"{' '.join(words[at:])}, {' '.join(words[:at])}"


_SEMICOLON = re.compile(r";")
_COMMA = re.compile(r",(?![^()]{0,300}\))")
_COMMA_BLANK = re.compile(r",\s+(?![^()]{0,300}\))")


def listed(value: str) -> tuple[str, ...]:
    """Return the keywords in a value: parted by `;`, or where it has none by `,` outside parentheses and braces."""
    inside = outer(value)
    if inside is not None and outer(inside) is None:  # WoS: {{wardens; streets}}
        value = inside
    pieces = _split(value, _SEMICOLON)
    if len(pieces) == 1:
        pieces = _split(value, _COMMA_BLANK)
    if len(pieces) == 1:
        pieces = _split(value, _COMMA)
    return tuple(filter(None, (v.plain(to_text(piece)) for piece in pieces)))
