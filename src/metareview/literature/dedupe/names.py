"""Authors as surnames, whatever way an export writes them."""

from __future__ import annotations

import re

from metareview.literature.dedupe.titles import fold, word_set

_PARTICLES = word_set("de del della di da dal dos du van von der den ter ten la le el al bin ibn st mac")
_GLUED = re.compile(r"(?<=[A-Z]\.)(?=[A-Za-z][a-z]{1,})")
_LETTERS = re.compile(r"[a-z]+")
_LONG = re.compile(r"[a-z]{3,}")
_SUFFIX = re.compile(r"\b(?:jr|sr|iii|ii|et al|phd|md)\b\.?")
_VOWEL = re.compile(r"[aeiouy]")
_NOBODY = frozenset(("anonymous", "anon", "no author", "none", "n a", "unknown", "per", "nct"))


def split_authors(text: str) -> list[str]:
    """Split a string of authors at ";", " and ", "," after initials, or, where glued, after an initial.

    `Adeli K, Lewis GF` has commas between authors, `Adeli, K., Lewis, G. F.` also within, `Adeli K.Lewis G.`
    has none.
    """
    if ";" in text:
        parts = text.split(";")
    elif re.search(r"\s(?:and|&)\s", text):
        parts = re.split(r"\s+(?:and|&)\s+", text)
    elif len(commas := _between_commas(text)) > 1:
        parts = commas
    elif "," not in text and _GLUED.search(text):
        parts = _GLUED.split(text)
    else:
        parts = [text]
    return [p.strip() for p in parts if p.strip()]


def _between_commas(text: str) -> list[str]:
    """Return the authors of a list with commas where each has initials, else the text as it is."""
    parts = [p.strip() for p in text.split(",") if p.strip()]
    if len(parts) > 1 and all(_before_initials(p) for p in parts):
        return parts
    pairs = [", ".join(parts[at : at + 2]) for at in range(0, len(parts), 2)]
    return pairs if len(parts) > 3 and all(_before_initials(p) for p in pairs) else [text]


def _before_initials(author: str) -> str:
    """Return the name that stands before closing initials (`Ng` of `Ng KY`), empty where none close it."""
    names = author.split()
    while len(names) > 1 and len(letters := re.sub(r"[.-]", "", names[-1])) <= 4 and letters.isupper():
        names.pop()
    before = " ".join(names)
    return before if before != " ".join(author.split()) and any(c.islower() for c in before) else ""


def each_author(authors: tuple[str, ...]) -> tuple[str, ...]:
    """Return authors one by one also where an export put all of them into one field with commas."""
    return tuple(_between_commas(authors[0])) if len(authors) == 1 else authors


def surname(author: str) -> str:
    """Return one author's folded surname: `Otte, K. A.`, `Otte KA` and `Kathrin A. Otte` all give `otte`."""
    if "," not in author and (before := _before_initials(author)):
        return _spell(_SUFFIX.sub(" ", fold(before)))
    folded = _SUFFIX.sub(" ", fold(author)).strip(" ,.")
    if "," in folded:
        before, after = (s.strip() for s in folded.split(",", 1))
        if before in _PARTICLES:
            before = " ".join([before, *(w for w in re.findall(r"[a-z]+", after) if len(w) > 2)])
        return _spell(before)
    tokens = re.findall(r"[a-z'-]+\.?", folded)
    full = [t for t in tokens if (len(t.strip(".")) > 2 and _VOWEL.search(t)) or t in _PARTICLES]
    if not full:
        return _spell(folded)
    ends_in_initials = tokens[-1] not in full
    return _spell(" ".join(full) if ends_in_initials or len(full) == 1 else full[-1])


def _spell(name: str) -> str:
    if name.isascii() and name.isalpha():
        letters = name
    else:
        letters = "".join(w for w in _LETTERS.findall(name) if w not in _PARTICLES)
        letters = letters or re.sub(r"[^a-z]", "", name) or re.sub(r"\W", "", name)
    return letters.replace("oe", "o").replace("ae", "a").replace("ue", "u")


def name_parts(authors: tuple[str, ...]) -> frozenset[str]:
    """Return all words of three letters or more in the names, for exports that put the given name first."""
    return frozenset(_spell(w) for a in authors for w in _LONG.findall(fold(a)) if w not in _NOBODY)


def surnames(authors: tuple[str, ...]) -> tuple[str, ...]:
    """Return the surnames in order, each once, without placeholders such as `Anonymous`."""
    found = dict.fromkeys(surname(a) for a in authors)
    return tuple(s for s in found if s and s not in _NOBODY)
