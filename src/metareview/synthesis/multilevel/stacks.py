"""Effects in independent blocks, and the blocks of like size in stacks, so that NumPy works on many of them at once.

Blocks are the connected components of everything that ties effects together: shared levels of a grouping factor and
sampling covariances. They are padded with rows that add nothing (variance 1, no moderator, no effect) up to the sizes of a
ladder, so that a few stacks hold all of them and the cost stays linear in the number of blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from metareview.errors import MetareviewError
from metareview.synthesis.multilevel.dense import Dense
from metareview.synthesis.multilevel.places import Codes, Places
from metareview.synthesis.multilevel.terms import Term
from metareview.synthesis.wls import Floats

LADDER = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256])
LARGEST = 8000


@dataclass(frozen=True, eq=False)
class Stack(Places):
    """g blocks padded to m places.

    Attributes:
        y: shape (g, m). X: shape (g, m, p). V: sampling covariance with 1 on the diagonal of padded places, (g, m, m).
    """

    y: Floats
    X: Floats
    V: Floats

    def without(self, gone: NDArray[np.bool_]) -> Stack:
        """The blocks with some of the k effects, `gone` of shape (k,), as padding."""
        real = self.real & ~gone[self.rows]
        if np.array_equal(real, self.real):
            return self
        V = np.where(real[:, :, None] & real[:, None, :], self.V, 0.0)
        block, place = np.nonzero(~real)
        V[block, place, place] = 1.0
        return Stack(self.rows, real, np.where(real, self.y, 0.0), np.where(real[:, :, None], self.X, 0.0), V)

    def bind(self, terms: tuple[Term, ...]) -> Dense:
        """The blocks with what each term makes of them once and for all."""
        return Dense(self, self.V, terms, tuple(term.prepare(self) for term in terms))


def check_size(n: int) -> None:
    """Refuse to write out the covariance of n effects that all depend on each other.

    Raises:
        MetareviewError: it would not fit in memory.
    """
    if n > LARGEST:
        raise MetareviewError(
            f"{n} effects depend on each other in one block, and this needs their covariance written out: {n} x {n} numbers.",
            f"Up to {LARGEST} effects of a block can be; give sampling covariances, R or random effects that tie fewer.",
        )


def pairs(members: Sequence[Codes]) -> tuple[Codes, Codes]:
    """Row and column of every entry of the blocks, block by block and row by row."""
    flat = np.concatenate(members)
    sizes = np.array([member.size for member in members])
    width = np.repeat(sizes, sizes)
    start = np.repeat(np.cumsum(sizes) - sizes, sizes)
    within = np.arange(int(width.sum())) - np.repeat(np.cumsum(width) - width, width)
    return np.repeat(flat, width), flat[np.repeat(start, width) + within]


def blocks(k: int, factors: Sequence[Codes], V: sparse.csr_array) -> list[Codes]:
    """The rows of each independent block, in order of first appearance.

    Arguments:
        k: number of effects. factors: codes of each grouping factor, shape (k,). V: sampling covariance, shape (k, k).
    """
    ties = [sparse.csr_array((np.ones(V.nnz, dtype=np.int8), V.indices, V.indptr), shape=(k, k))]
    for codes in factors:
        first, heads = np.unique(codes, return_index=True)
        head = np.empty(int(codes.max()) + 1, dtype=np.intp)
        head[first] = heads
        ties.append(sparse.csr_array((np.ones(k, dtype=np.int8), (np.arange(k), head[codes])), shape=(k, k)))
    labels = connected_components(sum(ties[1:], start=ties[0]), directed=False)[1]
    order = np.argsort(labels, kind="stable")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(labels[order])) + 1])
    ends = np.append(starts[1:], k)
    turn = np.argsort(order[starts])
    return [order[a:b] for a, b in zip(starts[turn].tolist(), ends[turn].tolist(), strict=True)]


def stacks(y: Floats, X: Floats, V: sparse.csr_array, members: Sequence[Codes]) -> list[Stack]:
    """The blocks in stacks by padded size."""
    sizes = np.array([piece.size for piece in members])
    top = LADDER[np.minimum(np.searchsorted(LADDER, sizes), LADDER.size - 1)]
    padded = np.where(sizes > LADDER[-1], sizes, np.maximum(top, sizes))
    return [
        _stack(y, X, V, [members[i] for i in np.flatnonzero(padded == m).tolist()], int(m)) for m in np.unique(padded)
    ]


def _stack(y: Floats, X: Floats, V: sparse.csr_array, pieces: list[Codes], m: int) -> Stack:
    g = len(pieces)
    rows = np.zeros((g, m), dtype=np.intp)
    real = np.arange(m) < np.array([piece.size for piece in pieces])[:, None]
    rows[real] = np.concatenate(pieces)
    covariance = np.zeros((g, m, m))
    block, place = np.nonzero(real)
    where = np.full(y.size, -1)
    where[rows[real]] = place
    of = np.full(y.size, -1)
    of[rows[real]] = block
    part = sparse.coo_array(V[rows[real]])
    here = rows[real][part.coords[0]]
    covariance[of[here], where[here], where[part.coords[1]]] = part.data
    covariance[~real, np.nonzero(~real)[1]] = 1.0
    return Stack(rows, real, np.where(real, y[rows], 0.0), np.where(real[:, :, None], X[rows], 0.0), covariance)
