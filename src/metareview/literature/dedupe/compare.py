"""How alike the records of each pair are, field by field, computed on many pairs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz

from metareview.literature.dedupe import names, places, titles
from metareview.literature.dedupe.hashing import code_of
from metareview.literature.dedupe.near import (
    Floats,
    Index,
    Signs,
    likeness,
    may_hold,
    pages,
    signs,
    spaceless,
    taken,
)
from metareview.literature.dedupe.prepare import Prepared, authors_of, folded_abstract

Counts = NDArray[np.int16]
SAME_JOURNAL, OTHER_JOURNAL = 0.92, 0.80


@dataclass(frozen=True)
class Pairs:
    """Likenesses of m pairs of records; every array has length m.

    Likenesses run from 0 to 1 and are NaN where a side is empty: `title`, `authors`, `abstract`,
    `journal_likeness`. Signs are 1 (agree), -1 (disagree) or 0 (not known): `doi`, `journal`, `volume`,
    `number`, `page`, `isbn`, `title_numbers`, `genre`. `year` is the difference in years, NaN where
    unknown. `extra` is 1 where one title holds the other whole plus harmless words, -1 where the added
    words name a part, an edition or a notice. `swapped` counts words that each title has instead of the
    other's. `short` is the number of words of the shorter title. `located` counts the sides that have a
    volume or a first page above 1. `notice` is True where just one of the two is an erratum, comment,
    reply, review of, or protocol, `notices` where both are one that a work may have several of. `numbered`
    is True where both have an article number for a page, `living` where both are Cochrane reviews, `meeting`
    where one was read at a meeting. `span` is True where first and last page agree and hold more than two
    pages; `single` where each has one author; `glued` where the titles differ only in a number inside a word;
    `high` is the first page where it is the same, else 0.
    """

    left: Index
    right: Index
    title: Floats
    authors: Floats
    first_author: Signs
    abstract: Floats
    journal_likeness: Floats
    year: Floats
    doi: Signs
    doi_likeness: Floats
    journal: Signs
    volume: Signs
    number: Signs
    page: Signs
    isbn: Signs
    title_numbers: Signs
    genre: Signs
    numbered: NDArray[np.bool_]
    preprint: NDArray[np.bool_]
    thesis: NDArray[np.bool_]
    extra: Signs
    swapped: Counts
    short: Counts
    located: Counts
    notice: NDArray[np.bool_]
    notices: NDArray[np.bool_]
    living: NDArray[np.bool_]
    meeting: NDArray[np.bool_]
    span: NDArray[np.bool_]
    single: NDArray[np.bool_]
    glued: NDArray[np.bool_]
    high: Index

    def __len__(self) -> int:
        return len(self.left)

    def take(self, mask: NDArray[np.bool_] | Index) -> Pairs:
        """Return the pairs under a mask or at positions."""
        return Pairs(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})

    def similarities(self, at: Index | Sequence[int]) -> list[dict[str, float]]:
        """Return what is known of pairs as plain numbers: likenesses, signs, difference in years."""
        where = np.asarray(at, dtype=np.int64)
        columns = ([_told(name, v) for v in getattr(self, name)[where].tolist()] for name in _SHOWN)
        return [
            {name: value for name, value in zip(_SHOWN, row, strict=True) if value is not None}
            for row in zip(*columns, strict=True)
        ]


def _told(name: str, value: float) -> float | None:
    unknown = value != value or (value == 0 and name in _SIGNS)
    return None if unknown else round(float(value), 3)


_SHOWN = ("title", "authors", "abstract", "year", "doi", "journal", "volume", "number", "page", "isbn")
_SIGNS = frozenset(("doi", "journal", "volume", "number", "page", "isbn"))


class _Details:
    """What only records that came close need, each worked out once: all parts of names, abstracts, codes, genres."""

    def __init__(self, p: Prepared) -> None:
        self.p = p
        self.parts: dict[int, frozenset[str]] = {}
        self.abstracts: dict[int, str] = {}

    def name_parts(self, i: int) -> frozenset[str]:
        if i not in self.parts:
            self.parts[i] = names.name_parts(authors_of(self.p.raw["authors"][i]))
        return self.parts[i]

    def abstract(self, i: int) -> str:
        if i not in self.abstracts:
            self.abstracts[i] = folded_abstract(self.p.raw["abstract"][i])
        return self.abstracts[i]

    @cached_property
    def words(self) -> list[tuple[str, ...]]:
        return [tuple(title.split()) for title in self.p.title]

    @cached_property
    def surnames(self) -> list[tuple[str, ...]]:
        return [tuple(joined.split()) for joined in self.p.surnames]

    @cached_property
    def codes(self) -> list[tuple[frozenset[str], frozenset[str]]]:
        raw = self.p.raw
        return [
            places.serial_numbers(f"{isbn} {issn}") if isbn or issn else _NO_CODES
            for isbn, issn in zip(raw["isbn"], raw["issn"], strict=True)
        ]

    @cached_property
    def genre(self) -> NDArray[np.object_]:
        raw = self.p.raw
        columns = zip(raw["type"], raw["journal"], raw["volume"], self.p.doi, strict=True)
        return np.array([places.genre_of(*values) for values in columns], dtype=object)


_NO_CODES: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


def details(p: Prepared, left: Index, right: Index) -> Pairs:
    """Return the likenesses of pairs that came close, every field of them."""
    d = _Details(p)
    title = likeness(taken(p.title, left), taken(p.title, right))
    title = np.maximum(title, likeness(spaceless(p, left), spaceless(p, right)))
    extra, swapped, title_numbers = _title_details(d, left, right, title)
    journal_likeness = _journals(d, left, right)
    genre = d.genre
    known = (genre[left] != "") & (genre[right] != "")
    page = pages(p, left, right)
    single = np.array([bool(joined) and " " not in joined for joined in p.surnames], dtype=bool)
    counts = code_of([f"#{titles.counts(words)}" for words in d.words])
    located = ((p.volume_code > 0) | (p.first > 1) | (p.first == 0)).astype(np.int16)
    return Pairs(
        left=left,
        right=right,
        title=title,
        authors=_authors(d, left, right),
        first_author=_first_authors(d, left, right),
        abstract=_abstracts(d, left, right, title, extra),
        journal_likeness=journal_likeness,
        year=_years(p.year[left], p.year[right]),
        doi=signs(p.doi_code, left, right),
        doi_likeness=_dois(p, left, right),
        journal=_sign_from(journal_likeness, SAME_JOURNAL, OTHER_JOURNAL),
        volume=signs(p.volume_code, left, right),
        number=signs(code_of([places.number_of(text) for text in p.raw["number"]]), left, right),
        page=page,
        isbn=_sets([isbn for isbn, _ in d.codes], left, right),
        title_numbers=title_numbers,
        genre=np.where(~known, 0, np.where(genre[left] == genre[right], 1, -1)).astype(np.int8),
        numbered=np.asarray(p.article[left] & p.article[right], dtype=bool),
        preprint=np.asarray((genre[left] == "preprint") != (genre[right] == "preprint"), dtype=bool),
        thesis=np.asarray((genre[left] == "thesis") | (genre[right] == "thesis"), dtype=bool),
        extra=extra,
        swapped=swapped,
        short=np.minimum(p.n_words[left], p.n_words[right]).astype(np.int16),
        located=located[left] + located[right],
        notice=p.notice[left] != p.notice[right],
        notices=p.repeats[left] & p.repeats[right],
        living=p.living[left] & p.living[right],
        meeting=np.asarray((genre[left] == "meeting") | (genre[right] == "meeting"), dtype=bool),
        span=_spans(p, left, right, page),
        single=single[left] & single[right],
        glued=(title_numbers < 0) & (counts[left] == counts[right]),
        high=np.where(page > 0, p.first[left], 0),
    )


def _spans(p: Prepared, left: Index, right: Index, page: Signs) -> NDArray[np.bool_]:
    """Return where both are the same pages, more than two and not of a supplement: room for one article only."""
    size = p.last[left] - p.first[left]
    plain = ~p.lettered[left] & ~p.lettered[right] & (p.article[left] == p.article[right])
    return np.asarray((page > 0) & (p.last[left] == p.last[right]) & plain & (size >= 2) & (size <= 60), dtype=bool)


def _dois(p: Prepared, left: Index, right: Index) -> Floats:
    """Return the likeness of the DOIs as spelled, and 0 for two versions of one work, however alike."""
    stem = np.array([places.doi_stem(d) for d in p.doi], dtype=object)
    versions = (stem[left] == stem[right]) & (p.doi_code[left] != p.doi_code[right])
    return np.where(versions, 0.0, likeness(taken(p.doi, left), taken(p.doi, right)))


def _sign_from(values: Floats, same: float, other: float) -> Signs:
    return np.where(values >= same, 1, np.where(values < other, -1, 0)).astype(np.int8)


def _sets(sets: Sequence[frozenset[str]], left: Index, right: Index) -> Signs:
    found = np.zeros(len(left), dtype=np.int8)
    known = np.array([bool(s) for s in sets], dtype=bool)
    for at in np.flatnonzero(known[left] & known[right]):
        found[at] = 1 if sets[left[at]] & sets[right[at]] else -1
    return found


def _years(a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
    return np.where((a == 0) | (b == 0), np.nan, np.abs(a - b)).astype(np.float64)


def _authors(d: _Details, left: Index, right: Index) -> Floats:
    ratio = likeness(taken(d.p.surnames, left), taken(d.p.surnames, right))
    known = d.p.author1 > 0
    ratio[~(known[left] & known[right])] = np.nan
    for at in np.flatnonzero(ratio < 1):
        i, j = int(left[at]), int(right[at])
        surnames = _shared(frozenset(d.surnames[i]), frozenset(d.surnames[j]))
        ratio[at] = max(
            ratio[at], surnames if surnames == 1 else max(surnames, _shared(d.name_parts(i), d.name_parts(j)))
        )
    return ratio


def _shared(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


def _first_authors(d: _Details, left: Index, right: Index) -> Signs:
    first = [s[0] if s else "" for s in d.surnames]
    found = signs(d.p.author1, left, right)
    for at in np.flatnonzero(found < 0):
        a, b = first[left[at]], first[right[at]]
        if fuzz.ratio(a, b) >= 85 or a in b or b in a:
            found[at] = 1
    return found


def _journals(d: _Details, left: Index, right: Index) -> Floats:
    found = np.full(len(left), np.nan)
    journal = d.p.raw["journal"]
    for at, (i, j) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        a, b = journal[i], journal[j]
        if a and b:
            like = 1.0 if a == b else places.journal_likeness(min(a, b), max(a, b))
            found[at] = SAME_JOURNAL if like < SAME_JOURNAL and d.codes[i][1] & d.codes[j][1] else like
    return found


def _title_details(d: _Details, left: Index, right: Index, title: Floats) -> tuple[Signs, Counts, Signs]:
    extra, swapped = np.zeros(len(left), dtype=np.int8), np.zeros(len(left), dtype=np.int16)
    for at in np.flatnonzero(may_hold(d.p, left, right) & (d.p.compact[left] != d.p.compact[right])).tolist():
        added = titles.extra_words(d.words[left[at]], d.words[right[at]])
        if added:
            extra[at] = -1 if titles.names_a_part(added) else 1
    for at in np.flatnonzero((title >= 0.8) & (title < 1)).tolist():
        swapped[at] = titles.swapped(d.words[left[at]], d.words[right[at]])
    digits = code_of([titles.numbers(words) for words in d.words])
    a, b = digits[left], digits[right]
    number = np.where((a == 0) & (b == 0), 0, np.where(a == b, 1, np.where(extra > 0, 0, -1))).astype(np.int8)
    return extra, swapped, number


def _abstracts(d: _Details, left: Index, right: Index, title: Floats, extra: Signs) -> Floats:
    found = np.full(len(left), np.nan)
    given = np.array([len(text) >= 100 for text in d.p.raw["abstract"]], dtype=bool)
    look = np.flatnonzero(((title >= 0.8) | (extra != 0)) & given[left] & given[right])
    pairs = [(d.abstract(int(left[at])), d.abstract(int(right[at]))) for at in look]
    both = np.array([bool(a and b) for a, b in pairs], dtype=bool)
    cut = [(a[: len(b)], b[: len(a)]) for a, b in pairs if a and b]
    found[look[both]] = likeness([a for a, _ in cut], [b for _, b in cut])
    return found
