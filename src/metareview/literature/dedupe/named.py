"""The pairs that a rule names, out of all candidates: near ones are compared in full, in pieces, by whoever works."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from metareview.literature.dedupe.block import AT_ONCE, N_KINDS, Index, candidates, distinct
from metareview.literature.dedupe.cluster import components
from metareview.literature.dedupe.compare import Pairs, details
from metareview.literature.dedupe.near import near
from metareview.literature.dedupe.prepare import Prepared
from metareview.literature.dedupe.rules import Strictness, rules_for, verdicts
from metareview.parallel import Progress, cores, spread

PIECE = 5000


@dataclass(frozen=True)
class Named:
    """Pairs sorted by their records, and for each the position of the rule that names it."""

    pairs: Pairs
    verdict: NDArray[np.int64]

    def find(self, n: int, left: Index, right: Index) -> Index:
        """Return where pairs of records stand (left < right), out of n records."""
        return np.searchsorted(self.pairs.left * n + self.pairs.right, left * n + right)


class _Piece(NamedTuple):
    """Pairs to compare, with the records they are of; `left` and `right` are positions among these."""

    p: Prepared
    left: Index
    right: Index
    strictness: Strictness


def near_pairs(p: Prepared, threads: int = 1, progress: Progress | None = None) -> tuple[Index, Index]:
    """Return the candidate pairs that come near enough to compare in full (left < right), each once, sorted.

    Arguments:
        p: n prepared records.
        threads: how many threads compare titles.
        progress: as in `deduplicate`; this is the second third of the work.
    """
    found, n = np.empty(0, dtype=np.int64), max(len(p), 1)
    for done, (_, chunks) in enumerate(candidates(p), start=1):
        kept = [found]
        for codes in _gathered(chunks):
            kept.append(codes[near(p, codes // n, codes % n, threads=threads)])
        found = distinct(np.concatenate(kept))
        if progress:
            progress(len(p) + len(p) * done // N_KINDS, 3 * len(p))
    return found // n, found % n


def _gathered(chunks: Iterator[Index]) -> Iterator[Index]:
    """Yield chunks of a good size, each pair once in each."""
    held: list[Index] = []
    for chunk in chunks:
        held.append(chunk)
        if sum(map(len, held)) >= AT_ONCE:
            yield distinct(np.concatenate(held))
            held = []
    if held:
        yield distinct(np.concatenate(held))


def named_pairs(
    p: Prepared,
    strictness: Strictness,
    *,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Named:
    """Return the pairs that a rule of a strictness names.

    Arguments:
        p: n prepared records.
        workers, cluster: where pairs are compared, as in `parallel.spread`; the same pairs come out wherever.
        progress: as in `deduplicate`; this is all but the first third of the work.
    """
    left, right = near_pairs(p, cores(workers), progress)
    order = np.argsort(components(len(p), left, right)[left], kind="stable")
    pieces = _pieces(p, left[order], right[order], strictness)
    if len(left) <= 2 * PIECE and not cluster:
        workers = 1  # starting others would take longer than the work
    found: list[Named] = []
    for answer in spread(_judged, pieces, workers=workers, cluster=cluster):
        at = order[len(found) * PIECE : (len(found) + 1) * PIECE][answer.pairs.left]
        found.append(Named(replace(answer.pairs, left=left[at], right=right[at]), answer.verdict))
        if progress:
            done = min(len(found) * PIECE, len(left)) / max(len(left), 1)
            progress(2 * len(p) + int(len(p) * done), 3 * len(p))
    return _joined(found)


def _pieces(p: Prepared, left: Index, right: Index, strictness: Strictness) -> Iterator[_Piece]:
    """Yield the pairs in pieces; they stand by component, so that few records go to two workers."""
    for start in range(0, max(len(left), 1), PIECE):
        a, b = left[start : start + PIECE], right[start : start + PIECE]
        records, at = np.unique(np.concatenate([a, b]), return_inverse=True)
        yield _Piece(p.take(records), at[: len(a)], at[len(a) :], strictness)


def _judged(piece: _Piece) -> Named:
    """Return the pairs of a piece that a rule names; in place of its records, `left` says which pair it is."""
    pairs = details(piece.p, piece.left, piece.right)
    verdict = verdicts(pairs, rules_for(piece.strictness))
    which = np.flatnonzero(verdict >= 0)
    return Named(replace(pairs.take(which), left=which), verdict[which])


def _joined(parts: list[Named]) -> Named:
    pairs = Pairs(**{f.name: np.concatenate([getattr(part.pairs, f.name) for part in parts]) for f in fields(Pairs)})
    order = np.lexsort((pairs.right, pairs.left))
    return Named(pairs.take(order), np.concatenate([part.verdict for part in parts])[order])
