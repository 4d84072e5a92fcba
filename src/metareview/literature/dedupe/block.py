"""Which pairs are worth a look: records that share one of several keys, at a near-linear cost.

A key is a 64-bit hash; records with one key are found by sorting, so nothing is kept for each key. Two unlike
values that share a hash only add a pair to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metareview.literature.dedupe.hashing import Codes, hash_of, mix
from metareview.literature.dedupe.prepare import Prepared, folded_abstract

LARGEST = 40
_WINDOW = 4
AT_ONCE = 500_000  # pairs in one chunk
Index = NDArray[np.int64]


def keys_of(p: Prepared) -> Iterator[tuple[str, list[Codes]]]:
    """Yield the blocking keys, kind by kind: DOI, title ends, long words, place, page, authors; 0 is no key."""
    year, page, first = p.year.astype(np.uint64), _page(p), np.maximum(p.author1, np.uint64(1))
    following = np.where(year > 0, year + np.uint64(1), np.uint64(0))
    second = np.where(p.author2 == p.author1, np.uint64(0), p.author2)
    yield "doi", [p.doi_code]
    yield "start", [p.start]
    yield "end", [p.end]
    yield "words", [mix(a, b) for a, b in ((p.word1, p.word2), (p.word1, p.word3), (p.word2, p.word3))]
    yield "place", [mix(p.volume_code, page)]
    yield "page", [mix(year, page, first)]
    yield "author", [mix(author, near) for author in (p.author1, second) for near in (year, following)]


N_KINDS = 7


def _page(p: Prepared) -> Codes:
    return (p.first + 1).astype(np.uint64)


def candidate_pairs(p: Prepared, largest: int = LARGEST) -> tuple[Index, Index]:
    """Return the pairs to compare as two arrays of positions (left < right), each pair once, sorted.

    Arguments:
        p: n prepared records.
        largest: as in `candidates`.
    """
    chunks = [codes for _, chunk in candidates(p, largest) for codes in chunk]
    codes = distinct(np.concatenate(chunks)) if chunks else np.empty(0, dtype=np.int64)
    return codes // max(len(p), 1), codes % max(len(p), 1)


def distinct(codes: Index) -> Index:
    """Return sorted numbers, each once; sorting is faster here than NumPy's hash table."""
    codes = np.sort(codes)
    return codes[np.append(True, codes[1:] != codes[:-1])] if len(codes) else codes


def candidates(p: Prepared, largest: int = LARGEST) -> Iterator[tuple[str, Iterator[Index]]]:
    """Yield for each kind of key the pairs to compare, in chunks of codes `left * n + right` (left < right).

    A pair may come more than once. Memory stays bounded, for only one chunk is there at a time.

    Arguments:
        p: n prepared records.
        largest: most records in a block whose pairs are all taken; a larger one is split by finer keys, each
            record standing in several parts, and what no key splits is paired with its neighbours in order.
    """
    finer = _Finer(p)
    for kind, columns in keys_of(p):
        key = np.concatenate(columns)
        rows = np.tile(np.arange(len(p), dtype=np.int64), len(columns))[key > 0]
        blocks = _blocks(key[key > 0], rows)
        yield kind, _pairs(p, blocks, largest, finer)


@dataclass(frozen=True)
class _Blocks:
    """Blocks of two records or more: block k holds `rows[start[k] : start[k] + size[k]]`, sorted, each once."""

    rows: Index
    start: Index
    size: Index

    def expanded(self, which: NDArray[np.bool_]) -> tuple[Index, Index]:
        """Return the number of the block and the record, for each record of some blocks."""
        at = np.flatnonzero(which)
        block = np.repeat(at, self.size[at])
        offset = np.arange(len(block)) - np.repeat(np.cumsum(self.size[at]) - self.size[at], self.size[at])
        return block, self.rows[self.start[block] + offset]


def _blocks(key: Codes, rows: Index) -> _Blocks:
    order = np.lexsort((rows, key))
    key, rows = key[order], rows[order]
    if len(key):
        once = np.append(True, (key[1:] != key[:-1]) | (rows[1:] != rows[:-1]))
        key, rows = key[once], rows[once]
    start = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if len(key) else np.empty(0, dtype=np.int64)
    size = np.diff(np.append(start, len(key)))
    return _Blocks(rows, start[size > 1], size[size > 1])


class _Finer:
    """The keys that split a large block, in order; the abstract is folded only for records that come to it."""

    def __init__(self, p: Prepared) -> None:
        self.p = p
        year = p.year.astype(np.uint64)
        self.columns = (p.compact, p.author1, p.author9, _page(p), year, p.doi_code)
        self.abstract = np.zeros(len(p), dtype=np.uint64)
        self.folded = np.zeros(len(p), dtype=bool)

    def __len__(self) -> int:
        return len(self.columns) + 1

    def key(self, step: int, rows: Index) -> Codes:
        """Return the key of a step for some records; 0 where it is not known."""
        if step < len(self.columns):
            return self.columns[step][rows]
        new = np.unique(rows[~self.folded[rows]])
        text = self.p.raw["abstract"]
        self.abstract[new] = hash_of([folded_abstract(text[i])[100:160] for i in new.tolist()])
        self.folded[new] = True
        return self.abstract[rows]


def _pairs(p: Prepared, blocks: _Blocks, largest: int, finer: _Finer) -> Iterator[Index]:
    """Yield the pairs of blocks; those of large blocks step by step, each step splitting all that are still large."""
    yield from _small(p, blocks, largest)
    block, rows = blocks.expanded(blocks.size > largest)
    number = np.unique(block, return_inverse=True)[1].astype(np.int64)
    since = np.zeros(len(np.unique(block)), dtype=np.int64)  # the step from which a large block may be split
    for step in range(len(finer)):
        parts, parents = _split(number, rows, finer.key(step, rows))
        whole = parts.size == np.bincount(number, minlength=len(since))[parents]
        parts = _Blocks(parts.rows, parts.start[~whole], parts.size[~whole])
        yield from _small(p, parts, largest)
        inside, more = parts.expanded(parts.size > largest)
        fresh = np.unique(inside, return_inverse=True)[1] + len(since)
        number, rows = np.concatenate([number, fresh]), np.concatenate([rows, more])
        since = np.append(since, np.full(len(np.unique(inside)), step + 1))
    yield from _unsplit(p, number, rows, since, finer)


def _split(number: Index, rows: Index, key: Codes) -> tuple[_Blocks, Index]:
    """Return the parts of large blocks by a key, and the number of the block each was part of."""
    known = np.flatnonzero(key > 0)
    order = known[np.lexsort((rows[known], key[known], number[known]))]
    number, rows, key = number[order], rows[order], key[order]
    if not len(rows):
        nothing = np.empty(0, dtype=np.int64)
        return _Blocks(rows, nothing, nothing), nothing
    start = np.flatnonzero(np.append(True, (key[1:] != key[:-1]) | (number[1:] != number[:-1])))
    size = np.diff(np.append(start, len(rows)))
    start, size = start[size > 1], size[size > 1]
    return _Blocks(rows, start, size), number[start]


def _small(p: Prepared, blocks: _Blocks, largest: int) -> Iterator[Index]:
    """Yield all pairs of the blocks that are not large, those of one size together."""
    for size in range(2, largest + 1):
        starts = blocks.start[blocks.size == size]
        left, right = np.triu_indices(size, 1)
        step = max(AT_ONCE // len(left), 1)
        for at in range(0, len(starts), step):
            members = blocks.rows[starts[at : at + step, None] + np.arange(size)]
            yield (members[:, left] * len(p) + members[:, right]).ravel()


def _unsplit(p: Prepared, number: Index, rows: Index, since: Index, finer: _Finer) -> Iterator[Index]:
    """Yield neighbours in the large blocks whose records have all remaining keys in common."""
    if not len(rows):
        return
    order = np.lexsort((rows, number))
    number, rows = number[order], rows[order]
    start = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
    alike = np.ones(len(since), dtype=bool)
    for step in range(len(finer)):
        key = finer.key(step, rows)
        constant = np.maximum.reduceat(key, start) == np.minimum.reduceat(key, start)
        alike &= constant | (since > step)
    for members in (rows[a:b] for a, b in zip(start, np.append(start[1:], len(rows)), strict=True) if alike[number[a]]):
        ordered = np.array(sorted(members.tolist(), key=lambda i: _in_order(p, i)), dtype=np.int64)
        for apart in range(1, _WINDOW + 1):
            a, b = ordered[:-apart], ordered[apart:]
            yield np.minimum(a, b) * len(p) + np.maximum(a, b)


def _in_order(p: Prepared, i: int) -> tuple[str, str, int, int]:
    return p.title[i].replace(" ", ""), folded_abstract(p.raw["abstract"][i]), int(p.first[i]), i
