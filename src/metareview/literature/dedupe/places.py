"""Where something was published: journal, volume, pages, DOI, ISBN, and what genre that makes it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from rapidfuzz import fuzz

from metareview.literature.dedupe.titles import fold, word_set

_STOP = word_set(
    "of the and in for on de la le les et und der die das del y a an at to supplement supplements "
    "di della do da dos e i fur zur voor het van och"
)
_COUNTRIES = (
    (re.compile(r"\bu\.? ?s\.? ?a\b"), "united states america"),
    (re.compile(r"\bu\.? ?k\b"), "united kingdom"),
)
_ACRONYM = re.compile(r"^[A-Z]{3,8}\b[.: ]+(?=[A-Z]?[a-z]{2,})")
_MARK = re.compile(
    r"[:(=;/\[]|[.,] ?\d|\.(?= [^.]*[a-z]{7}[^.]*(?:\.|$))|"
    r"-(?=(?:a|an|the)\s|(?:basel|london|oxford|berlin|paris|us|uk|usa|england)$)"
)
_EXCEL = re.compile(r"^(?:\d{1,2}-)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:-\d{1,2})?$")
_PREPRINT = re.compile(r"\b(?:\w{0,6}rxiv|preprints?|research square|ssrn|osf|authorea|techrxiv|chemrxiv|repec)\b")
_PREPRINT_DOI = re.compile(
    r"^10\.(?:1101/(?:\d{4}\.|\d{6})|2139/ssrn|21203/rs|48550/arxiv|31234/|31219/|31235/|20944/preprints|22541/au|26434/chemrxiv)"
)
_MEETING = re.compile(
    r"\b(?:conf|conference|symposium|congress|workshop|annual meeting|minitrack)\b|"
    r"^proc\w*\b.*\b(?:\d{4}|\d+(?:st|nd|rd|th)|annual)\b"
)
_COUNT = re.compile(r"\b(?:(?:19|20)\d\d|\d{1,3}(?:st|nd|rd|th)|annual|proc|proceedings)\b")
_THESIS = re.compile(r"\b(?:dissertations?|thesis|theses|ph ?\.?d|proquest dissertations)\b")
_GENRES = {
    "conf": "meeting", "cpaper": "meeting", "inproceedings": "meeting", "conference": "meeting",
    "jour": "journal", "article": "journal", "ejour": "journal", "journal article": "journal",
    "thes": "thesis", "phdthesis": "thesis", "mastersthesis": "thesis", "thesis": "thesis",
    "preprint": "preprint",
}  # fmt: skip


def doi_of(text: str) -> str:
    """Return a bare lower-case DOI, or an empty string where there is none."""
    found = re.search(r"10\.[\d.]+/\S+", unquote(text).lower())
    return found.group().rstrip(".,;)>\"'") if found else ""


def doi_stem(doi: str) -> str:
    """Return a DOI without the number of a version: `10.12688/f1000research.15398.2`, `14651858.cd004080.pub4`."""
    return re.sub(r"(?:\.pub\d{1,2}|[./_-]?v\d{1,2}|\.\d{1,2})$", "", doi)


def is_living(pages: Span | None, doi: str) -> bool:
    """Say whether a record is of a Cochrane review, which keeps its number (`CD004080`) with every update."""
    return doi.startswith("10.1002/14651858.cd") or (pages is not None and pages.letters == "cd")


def volume_of(text: str, year: int = 0) -> str:
    """Return the volume's number; a stray piece of a supplement (`1)`) or a year in its place is none."""
    text = fold(text).strip()
    if ")" in text and "(" not in text:
        return ""
    found = re.search(r"\d+", re.sub(r"\(.*", "", text))
    if not found or (year and abs(int(found.group()) - year) <= 1):
        return ""
    return found.group().lstrip("0")


class Span(NamedTuple):
    """First and last page, and letters before them; an article number (`e0187376`) is marked."""

    first: int
    last: int
    article: bool
    letters: str = ""


def pages_of(text: str) -> Span | None:
    """Return the pages (`221-8` ends at 228), or None where there are none to read.

    A date that a spreadsheet made of pages (`11-Sep`) can be read two ways, so it counts as none.
    """
    text = re.sub(r"\s+", " ", fold(text)).strip()
    if _EXCEL.match(text) or re.match(r"^(?:n\.? ?pag|no pag|[a-z]+-|\d+ ?p\b(?!\d)|\d+ pages)", text):
        return None
    found = re.match(r"^(?:pp?\.? ?)?([a-z]{0,3})\.? ?0*(\d{1,12})(?:[a-z]?\s*-+\s*[a-z]{0,3}(\d{1,12}))?", text)
    if not found:
        return None
    first, last = int(found.group(2)), found.group(3) or found.group(2)
    if len(last) < len(found.group(2)):
        last = found.group(2)[: -len(last)] + last
    article = bool(found.group(1)) and found.group(1) not in ("s", "p", "pp") and len(found.group(2)) >= 4
    return Span(first, max(first, int(last)), article, found.group(1))


def number_of(text: str) -> str:
    """Return the first number of an issue (`7-8` and `7` are one issue), marked where it is a supplement's."""
    found = re.match(r"(\D{0,12})0*(\d+)", text.strip())
    if not found or len(text) >= 20:
        return ""
    return ("s" if re.match(r"\W*s(?:up|$)", found.group(1).lower()) else "") + found.group(2)


def serial_numbers(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ISBNs (the nine digits common to both lengths) and ISSNs of a field that may hold either."""
    codes = re.findall(r"[0-9][0-9-]{6,16}[0-9xX]", text)
    bare = [c.replace("-", "").lower() for c in codes]
    isbns = frozenset(c[3:12] if len(c) == 13 else c[:9] for c in bare if len(c) in (10, 13))
    return isbns, frozenset(c for c in bare if len(c) == 8)


def genre_of(kind: str, journal: str, volume: str, doi: str) -> str:
    """Return `preprint`, `thesis`, `meeting`, `journal`, or an empty string where nothing tells."""
    venue = fold(journal)
    if _PREPRINT_DOI.match(doi) or _PREPRINT.search(venue):
        return "preprint"
    if _THESIS.search(venue) or _THESIS.search(fold(volume)):
        return "thesis"
    if _MEETING.search(venue):
        return "meeting"
    return _GENRES.get(fold(kind).strip(), "")


@lru_cache(maxsize=100_000)
def journal_forms(journal: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways to read a journal's name as words: whole, what stands before the first mark, what
    follows a leading acronym (`TAG. Theoretical and applied genetics`), and a meeting without its year and count.
    """
    if fold(journal).startswith("http"):
        return ((fold(journal),),)
    plain = _ACRONYM.sub("", journal)
    names = [fold(name) for name in dict.fromkeys((journal, plain))]
    heads = [_MARK.split(name)[0] for name in names]
    counted = _MEETING.search(names[0]) or re.match(r"proceedings|\d", names[0])
    undated = [_COUNT.sub(" ", names[0])] if counted else []
    forms = (_journal_words(name) for name in (*names, *heads, *undated))
    return tuple(dict.fromkeys(f for f in forms if f))


def _journal_words(name: str) -> tuple[str, ...]:
    for short, country in _COUNTRIES:
        name = short.sub(country, name)
    return tuple(w for w in re.findall(r"[a-z0-9]+", name.replace("'", "")) if w not in _STOP)


@lru_cache(maxsize=500_000)
def journal_likeness(a: str, b: str) -> float:
    """Return 1 for the same journal, also abbreviated or as an acronym, else a likeness below 1."""
    best = 0.0
    for x in journal_forms(a):
        for y in journal_forms(b):
            if x == y or _abbreviates(x, y) or _acronym(x, y) or _acronym(y, x):
                return 1.0
            best = max(best, fuzz.ratio(" ".join(x), " ".join(y)) / 100)
    return min(best, 0.99)


def _abbreviates(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    return len(a) == len(b) and all(_shortens(x, y) or _shortens(y, x) for x, y in zip(a, b, strict=True))


def _shortens(short: str, long: str) -> bool:
    if long.startswith(short):
        return True
    if len(short) < 3 or short[0] != long[0] or len(short) >= len(long):
        return False
    rest = iter(long)
    return all(c in rest for c in short)


def _acronym(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Say whether a word of `a` spells the starts of all words of `b` (`iswc`, `int semantic web conf`)."""
    if len(a) == 1 and len(a[0]) == 3:
        return a[0] == "".join(w[0] for w in b)
    return len(b) >= 3 and any(4 <= len(w) <= 8 and _spells(w, b) for w in a)


def _spells(word: str, rest: tuple[str, ...]) -> bool:
    if not rest:
        return not word
    return any(word[:n] == rest[0][:n] and _spells(word[n:], rest[1:]) for n in range(1, min(len(word), 3) + 1))
