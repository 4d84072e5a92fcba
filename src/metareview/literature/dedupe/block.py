"""Which pairs are worth a look: records that share one of several keys, at a near-linear cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from metareview.literature.dedupe.prepare import Prepared

LARGEST = 40
_WINDOW = 4
Key = Callable[[Prepared, int], str]


def _first_author(p: Prepared, i: int) -> str:
    return p.surnames[i][0] if p.surnames[i] else ""


def _last_author(p: Prepared, i: int) -> str:
    return p.surnames[i][-1] if p.surnames[i] else ""


SUB_KEYS: tuple[Key, ...] = (
    lambda p, i: p.compact[i],
    _first_author,
    _last_author,
    lambda p, i: p.page[i],
    lambda p, i: str(p.year[i] or ""),
    lambda p, i: p.doi[i],
    lambda p, i: p.abstract[i][100:160],
)


def keys_of(p: Prepared, i: int) -> Iterator[tuple[str, str]]:
    """Yield the blocking keys of one record, as (kind, value): title ends, long words, place, author, DOI."""
    compact, page, volume = p.compact[i], p.page[i], p.volume[i]
    if p.doi[i]:
        yield "doi", p.doi[i]
    if compact:
        yield "start", compact[:20]
        yield "end", compact[-20:]
        longest = sorted(set(p.words[i]), key=lambda w: (-len(w), w))[:3]
        for a, b in combinations(longest, 2):
            yield "words", f"{a} {b}"
    if page and volume:
        yield "place", f"{volume} {page}"
    if page and p.year[i]:
        yield "page", f"{p.year[i]} {page} {_first_author(p, i)}"
    for author in dict.fromkeys(p.surnames[i][:2]):
        for near in (p.year[i], p.year[i] + 1) if p.year[i] else ():
            yield "author", f"{author} {near}"


def candidate_pairs(p: Prepared, largest: int = LARGEST) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs to compare as two arrays of positions (left < right), each pair once, sorted.

    Arguments:
        p: n prepared records.
        largest: most records in a block whose pairs are all taken; a larger one is split by finer keys, each
            record standing in several parts, and what no key splits is paired with its neighbours in order.
    """
    blocks: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i in range(len(p)):
        for key in keys_of(p, i):
            blocks[key].append(i)
    found: list[NDArray[np.int64]] = []
    for members in blocks.values():
        if len(members) > 1:
            found.extend(_pairs(p, sorted(set(members)), largest, SUB_KEYS))
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    codes = np.unique(np.concatenate(found))
    return codes // len(p), codes % len(p)


def _pairs(p: Prepared, members: list[int], largest: int, finer: Sequence[Key]) -> Iterator[NDArray[np.int64]]:
    n, size = len(p), len(members)
    if size <= largest:
        at = np.array(members, dtype=np.int64)
        left, right = np.triu_indices(size, 1)
        yield at[left] * n + at[right]
        return
    if not finer:
        ordered = np.array(sorted(members, key=lambda i: (p.compact[i], p.abstract[i], p.page[i], i)), dtype=np.int64)
        for apart in range(1, _WINDOW + 1):
            a, b = ordered[:-apart], ordered[apart:]
            yield np.minimum(a, b) * n + np.maximum(a, b)
        return
    for step, key in enumerate(finer, start=1):
        parts: dict[str, list[int]] = defaultdict(list)
        for i in members:
            value = key(p, i)
            if value:
                parts[value].append(i)
        for part in parts.values():
            if 1 < len(part) < size:
                yield from _pairs(p, part, largest, finer[step:])
    if all(len({key(p, i) for i in members}) == 1 for key in finer):
        yield from _pairs(p, members, largest, ())
