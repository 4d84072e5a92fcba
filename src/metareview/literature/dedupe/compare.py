"""How alike the records of each pair are, field by field, computed on all pairs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from metareview.literature.dedupe import places, titles
from metareview.literature.dedupe.prepare import Prepared

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]
Index = NDArray[np.int64]
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
    reply, review of, or protocol, `notices` where both are one that a work may have
    several of. `numbered` is True where both have an article
    number for a page, `living` where both are Cochrane reviews, `meeting` where one was read at a meeting.
    `span` is True where first and last page agree and hold more than two pages; `glued` where the titles
    differ only in a number inside a word; `high` is the first page where it is the same, else 0.
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
    swapped: Index
    short: Index
    located: Index
    notice: NDArray[np.bool_]
    notices: NDArray[np.bool_]
    living: NDArray[np.bool_]
    meeting: NDArray[np.bool_]
    span: NDArray[np.bool_]
    glued: NDArray[np.bool_]
    high: Index

    def __len__(self) -> int:
        return len(self.left)

    def take(self, mask: NDArray[np.bool_] | Index) -> Pairs:
        """Return the pairs under a mask or at positions."""
        return Pairs(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})

    def similarity(self, at: int) -> dict[str, float]:
        """Return what is known of one pair as plain numbers: likenesses, signs, difference in years."""
        shown = ("title", "authors", "abstract", "year", "doi", "journal", "volume", "number", "page", "isbn")
        values = {name: float(getattr(self, name)[at]) for name in shown}
        unknown = ("doi", "journal", "volume", "number", "page", "isbn")
        return {k: round(v, 3) for k, v in values.items() if not (np.isnan(v) or (k in unknown and v == 0))}


def compare(p: Prepared, left: Index, right: Index, floor: float = 0.7) -> Pairs:
    """Return the likenesses of candidate pairs, leaving out those that no rule could join.

    Arguments:
        p: n prepared records.
        left, right: positions of the pairs' records, length k.
        floor: pairs with titles less alike are kept only where one title holds the other, or DOI, or volume
            and first page, agree.
    """
    title = likeness([p.title[i] for i in left], [p.title[j] for j in right])
    title = np.maximum(title, likeness([p.compact[i] for i in left], [p.compact[j] for j in right]))
    doi = signs(p.doi, left, right)
    volume = signs(p.volume, left, right)
    page = np.array(
        [places.compare_pages(p.pages[i], p.pages[j]) for i, j in zip(left, right, strict=True)],
        dtype=np.int8,
    )
    near = (title >= floor) | (doi > 0) | ((volume > 0) & (page > 0))
    for at in np.flatnonzero(~near & (title >= 0.4)):
        near[at] = titles.extra_words(p.words[left[at]], p.words[right[at]]) is not None
    kept = np.flatnonzero(near)
    return _compare(p, left[kept], right[kept], title[kept], doi[kept], volume[kept], page[kept])


def _compare(p: Prepared, left: Index, right: Index, title: Floats, doi: Signs, volume: Signs, page: Signs) -> Pairs:
    extra, swapped, title_numbers = _title_details(p, left, right, title)
    journal_likeness = _journals(p, left, right)
    genre = np.array(p.genre, dtype=object)
    known = (genre[left] != "") & (genre[right] != "")
    located = np.array([bool(v) or pg not in ("", "1") for v, pg in zip(p.volume, p.page, strict=True)], dtype=np.int64)
    numbered = np.array([bool(s and s.article) for s in p.pages], dtype=bool)
    length = np.array([len(w) for w in p.words], dtype=np.int64)
    return Pairs(
        left=left,
        right=right,
        title=title,
        authors=_authors(p, left, right),
        first_author=_first_authors(p, left, right),
        abstract=_abstracts(p, left, right, title, extra),
        journal_likeness=journal_likeness,
        year=_years(p.year[left], p.year[right]),
        doi=doi,
        doi_likeness=_dois(p, left, right),
        journal=_sign_from(journal_likeness, SAME_JOURNAL, OTHER_JOURNAL),
        volume=volume,
        number=signs(p.number, left, right),
        page=page,
        isbn=_sets(p.isbns, left, right),
        title_numbers=title_numbers,
        genre=np.where(~known, 0, np.where(genre[left] == genre[right], 1, -1)).astype(np.int8),
        numbered=np.asarray(numbered[left] & numbered[right], dtype=bool),
        preprint=np.asarray((genre[left] == "preprint") != (genre[right] == "preprint"), dtype=bool),
        thesis=np.asarray((genre[left] == "thesis") | (genre[right] == "thesis"), dtype=bool),
        extra=extra,
        swapped=swapped,
        short=np.minimum(length[left], length[right]),
        located=located[left] + located[right],
        notice=p.notice[left] != p.notice[right],
        notices=p.repeats[left] & p.repeats[right],
        living=p.living[left] & p.living[right],
        meeting=np.asarray((genre[left] == "meeting") | (genre[right] == "meeting"), dtype=bool),
        span=_spans(p, left, right, page),
        glued=(title_numbers < 0) & (signs([f"#{c}" for c in p.counts], left, right) > 0),
        high=np.where(page > 0, np.array([int(pg or 0) for pg in p.page], dtype=np.int64)[left], 0),
    )


def _spans(p: Prepared, left: Index, right: Index, page: Signs) -> NDArray[np.bool_]:
    found = np.zeros(len(left), dtype=bool)
    for at in np.flatnonzero(page > 0):
        found[at] = places.same_span(p.pages[left[at]], p.pages[right[at]])
    return found


def likeness(a: Sequence[str], b: Sequence[str]) -> Floats:
    """Return the normalised edit likeness of two columns of text, pair by pair."""
    if not a:
        return np.empty(0)
    return np.asarray(cpdist(a, b, scorer=fuzz.ratio, dtype=np.float64)) / 100


def _dois(p: Prepared, left: Index, right: Index) -> Floats:
    """Return the likeness of the DOIs as spelled, and 0 for two versions of one work, however alike."""
    found = likeness([p.doi[i] for i in left], [p.doi[j] for j in right])
    stems = [places.doi_stem(d) for d in p.doi]
    versions = [stems[i] == stems[j] and p.doi[i] != p.doi[j] for i, j in zip(left, right, strict=True)]
    return np.where(np.array(versions, dtype=bool), 0.0, found)


def signs(values: Sequence[str], left: Index, right: Index) -> Signs:
    """Return 1 where both sides have the same value, -1 where they differ, 0 where one is empty."""
    column = np.array(values, dtype=object)
    a, b = column[left], column[right]
    return np.where((a == "") | (b == ""), 0, np.where(a == b, 1, -1)).astype(np.int8)


def _sign_from(values: Floats, same: float, other: float) -> Signs:
    return np.where(values >= same, 1, np.where(values < other, -1, 0)).astype(np.int8)


def _sets(sets: Sequence[frozenset[str]], left: Index, right: Index) -> Signs:
    found = np.zeros(len(left), dtype=np.int8)
    for at, (i, j) in enumerate(zip(left, right, strict=True)):
        if sets[i] and sets[j]:
            found[at] = 1 if sets[i] & sets[j] else -1
    return found


def _years(a: NDArray[np.int64], b: NDArray[np.int64]) -> Floats:
    return np.where((a == 0) | (b == 0), np.nan, np.abs(a - b)).astype(np.float64)


def _authors(p: Prepared, left: Index, right: Index) -> Floats:
    joined = [" ".join(s) for s in p.surnames]
    sets = [frozenset(s) for s in p.surnames]
    ratio = likeness([joined[i] for i in left], [joined[j] for j in right])
    for at, (i, j) in enumerate(zip(left, right, strict=True)):
        if not sets[i] or not sets[j]:
            ratio[at] = np.nan
        else:
            ratio[at] = max(ratio[at], _shared(sets[i], sets[j]), _shared(p.parts[i], p.parts[j]))
    return ratio


def _shared(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0


def _first_authors(p: Prepared, left: Index, right: Index) -> Signs:
    first = [s[0] if s else "" for s in p.surnames]
    found = signs(first, left, right)
    for at in np.flatnonzero(found < 0):
        a, b = first[left[at]], first[right[at]]
        if fuzz.ratio(a, b) >= 85 or a in b or b in a:
            found[at] = 1
    return found


def _journals(p: Prepared, left: Index, right: Index) -> Floats:
    found = np.full(len(left), np.nan)
    for at, (i, j) in enumerate(zip(left, right, strict=True)):
        a, b = p.journal[i], p.journal[j]
        if a and b:
            found[at] = 1.0 if a == b else places.journal_likeness(min(a, b), max(a, b))
            if found[at] < SAME_JOURNAL and p.issns[i] & p.issns[j]:
                found[at] = SAME_JOURNAL
    return found


def _title_details(p: Prepared, left: Index, right: Index, title: Floats) -> tuple[Signs, Index, Signs]:
    extra, swapped = np.zeros(len(left), dtype=np.int8), np.zeros(len(left), dtype=np.int64)
    number = np.zeros(len(left), dtype=np.int8)
    for at, (i, j) in enumerate(zip(left, right, strict=True)):
        added = titles.extra_words(p.words[i], p.words[j])
        if added:
            extra[at] = -1 if titles.names_a_part(added) else 1
        if 0.8 <= title[at] < 1:
            swapped[at] = titles.swapped(p.words[i], p.words[j])
        if p.numbers[i] or p.numbers[j]:
            number[at] = 1 if p.numbers[i] == p.numbers[j] else (0 if extra[at] > 0 else -1)
    return extra, swapped, number


def _abstracts(p: Prepared, left: Index, right: Index, title: Floats, extra: Signs) -> Floats:
    found = np.full(len(left), np.nan)
    for_a_look = np.flatnonzero((title >= 0.8) | (extra != 0))
    both = [at for at in for_a_look if p.abstract[left[at]] and p.abstract[right[at]]]
    a, b = [p.abstract[left[at]] for at in both], [p.abstract[right[at]] for at in both]
    cut = [min(len(x), len(y)) for x, y in zip(a, b, strict=True)]
    found[both] = likeness([x[:n] for x, n in zip(a, cut, strict=True)], [y[:n] for y, n in zip(b, cut, strict=True)])
    return found
