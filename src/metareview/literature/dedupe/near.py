"""Which candidate pairs come near enough to compare in full: tests of a fraction of a microsecond, on many at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from metareview.literature.dedupe import titles
from metareview.literature.dedupe.prepare import Prepared

Floats = NDArray[np.float64]
Signs = NDArray[np.int8]
Index = NDArray[np.int64]


FLOOR, NOTICE_FLOOR = 0.8, 0.7


def near(p: Prepared, left: Index, right: Index, floor: float = FLOOR, threads: int = 1) -> NDArray[np.bool_]:
    """Return which pairs a rule could name: the title alike, or held whole by the other, or DOI or place the same.

    Arguments:
        p: n prepared records.
        left, right: positions of the pairs' records, length k.
        floor: pairs with titles less alike are near only where one is a notice about another work (and they are
            alike by 0.7), one title holds the other (and they are alike by 0.4), the DOI agrees, or volume and first
            page agree together with the year or part of the title.
        threads: how many threads compare the titles.
    """
    title = likeness(taken(p.title, left), taken(p.title, right), threads)
    least = np.where(p.notice[left] != p.notice[right], min(floor, NOTICE_FLOOR), floor)
    found = (title >= least) | (signs(p.doi_code, left, right) > 0)
    found |= _same_place(p, left, right)
    most = title * _gain(p, left, right)
    maybe = np.flatnonzero(~found & ((most >= least) | ((most >= 0.4) & may_hold(p, left, right))))
    a, b = left[maybe], right[maybe]
    likely = np.maximum(title[maybe], likeness(spaceless(p, a), spaceless(p, b), threads))
    found[maybe] = likely >= least[maybe]
    for at in maybe[~found[maybe] & (likely >= 0.4) & may_hold(p, a, b)].tolist():
        found[at] = titles.extra_words(tuple(p.title[left[at]].split()), tuple(p.title[right[at]].split())) is not None
    return found


def _same_place(p: Prepared, left: Index, right: Index) -> NDArray[np.bool_]:
    """Return where volume and first page agree, and more than chance: the year (of signed works), or ends of the title.

    Among very many records, volume and page alone agree by chance for most of them.
    """
    place = (signs(p.volume_code, left, right) > 0) & (p.first[left] == p.first[right]) & (p.first[left] >= 0)
    year = (p.year[left] == p.year[right]) & (p.year[left] > 0) & (p.author1[left] > 0) & (p.author1[right] > 0)
    return np.asarray(place & (year | may_hold(p, left, right)))


def _gain(p: Prepared, left: Index, right: Index) -> Floats:
    """Return by what factor the likeness of two titles can grow at most where spaces are left out.

    The letters two titles share without spaces they also share with them; only the length they are set against
    shrinks. A little is added for rounding.
    """
    whole = p.length[left] + p.length[right]
    return np.asarray(whole / np.maximum(whole - p.n_words[left] - p.n_words[right] + 2, 1) * (1 + 1e-9))


def may_hold(p: Prepared, left: Index, right: Index) -> NDArray[np.bool_]:
    """Return where the first or the last four words of the titles are the same."""
    return np.asarray(
        ((p.head[left] == p.head[right]) & (p.head[left] > 0)) | ((p.tail[left] == p.tail[right]) & (p.tail[left] > 0))
    )


def taken(column: Sequence[str], at: Index) -> list[str]:
    """Return the texts at some positions."""
    return list(map(column.__getitem__, at.tolist()))


def spaceless(p: Prepared, at: Index) -> list[str]:
    """Return titles without spaces."""
    return [title.replace(" ", "") for title in taken(p.title, at)]


def likeness(a: Sequence[str], b: Sequence[str], threads: int = 1) -> Floats:
    """Return the normalised edit likeness of two columns of text, pair by pair."""
    if not a:
        return np.empty(0)
    return np.asarray(cpdist(a, b, scorer=fuzz.ratio, dtype=np.float64, workers=threads)) / 100


def signs(codes: NDArray[np.uint64], left: Index, right: Index) -> Signs:
    """Return 1 where both sides have the same value, -1 where they differ, 0 where one is not known (0)."""
    a, b = codes[left], codes[right]
    return np.where((a == 0) | (b == 0), 0, np.where(a == b, 1, -1)).astype(np.int8)


def pages(p: Prepared, left: Index, right: Index) -> Signs:
    """Return 1 for the same first page, -1 for other pages, 0 where that cannot be said.

    Pages that overlap (`356-359` and `359`), pages counted from 1 (an online copy), and an article number beside pages
    are none of them proof of another place.
    """
    first, first_too, last, last_too = p.first[left], p.first[right], p.last[left], p.last[right]
    overlap = (first <= last_too) & (first_too <= last)
    open_ = overlap | (p.article[left] != p.article[right]) | (first == 1) | (first_too == 1)
    sign = np.where(first == first_too, 1, np.where(open_, 0, -1))
    return np.where((first < 0) | (first_too < 0), 0, sign).astype(np.int8)
