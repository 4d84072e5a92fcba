"""A large block whose covariance is S = D + ZGZ': D in small pieces, and G between few levels that tie the pieces together.

D holds the sampling covariance and the random effects that stay within a piece; each column of Z marks the effects of one level
of the others. No matrix of the size of the block is made. With G = LL', A = Z'D^-1Z and M = I + L'AL, whose eigenvalues are 1 and
above whatever G is, S^-1 = D^-1 - D^-1 ZL M^-1 L'Z'D^-1 and |S| = |D| |M| (Henderson & Searle 1981, SIAM Review 23, 53-60).
With U = M^-1 L'Z'D^-1 B, which minimises it, B'S^-1 B = E'D^-1E + U'U where E = B - ZLU: a sum, where the formula above is a
difference that loses the digits of precise effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from metareview.synthesis.multilevel.dense import Dense
from metareview.synthesis.multilevel.lowrank_at import LowRankAt
from metareview.synthesis.multilevel.places import Codes, Places
from metareview.synthesis.multilevel.stacks import Stack
from metareview.synthesis.multilevel.terms import Term
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class LowRank(Places):
    """One block of n effects, its places of shape (1, n).

    Attributes:
        y: shape (1, n). X: shape (1, n, p). pieces: the pieces of D in stacks. far: whether each term ties pieces together.
    """

    y: Floats
    X: Floats
    pieces: tuple[Stack, ...]
    far: tuple[bool, ...]

    def without(self, gone: NDArray[np.bool_]) -> LowRank:
        """The block with some of the k effects left out, `gone` of shape (k,)."""
        real = self.real & ~gone[self.rows]
        y, X = np.where(real, self.y, 0.0), np.where(real[:, :, None], self.X, 0.0)
        return LowRank(self.rows, real, y, X, tuple(piece.without(gone) for piece in self.pieces), self.far)

    def bind(self, terms: tuple[Term, ...]) -> Woodbury:
        """The block with what each term makes of it once and for all."""
        near = tuple(t for t, far in zip(terms, self.far, strict=True) if not far)
        ties = tuple(_Tie.of(t, self) for t, far in zip(terms, self.far, strict=True) if far)
        Z = sparse.csr_array(sparse.hstack([tie.Z for tie in ties]))
        return Woodbury(self, tuple(p.bind(near) for p in self.pieces), ties, Z, _Pattern.of(self.pieces, self.rows[0]))


@dataclass(frozen=True, eq=False)
class _Tie:
    """A term between its q levels in a block: Z, shape (n, q), and an effect of each level, which speaks for it."""

    term: Term
    Z: sparse.csr_array
    prepared: Any

    @classmethod
    def of(cls, term: Term, block: LowRank) -> _Tie:
        rows, real = block.rows[0], block.real[0]
        _, first, column = np.unique(term.columns[rows], return_index=True, return_inverse=True)
        n, q = rows.size, first.size
        Z = sparse.csr_array((real.astype(np.float64), (np.arange(n), column)), shape=(n, q))
        return cls(term, Z, term.prepare(Places(rows[first][None], np.ones((1, q), dtype=bool))))

    def root(self, theta: Floats) -> sparse.csr_array:
        """L of G = LL' between the levels, shape (q, q)."""
        G = self.term.covariance(theta, self.prepared)[0][0]
        diagonal = np.diagonal(G)
        if np.count_nonzero(G) == np.count_nonzero(diagonal):
            return sparse.csr_array(sparse.diags_array(np.sqrt(np.maximum(diagonal, 0.0))))
        try:
            return sparse.csr_array(np.linalg.cholesky(G))
        except np.linalg.LinAlgError:
            values, vectors = np.linalg.eigh(G)
            return sparse.csr_array(vectors * np.sqrt(np.maximum(values, 0.0)))

    def changes(self, theta: Floats) -> list[sparse.csr_array]:
        """The derivative of G by each parameter, each of shape (q, q)."""
        return [sparse.csr_array(change[0]) for change in self.term.covariance(theta, self.prepared)[1]]


@dataclass(frozen=True, eq=False)
class _Pattern:
    """Where the entries of the pieces stand in a sparse matrix of the block, shape (n, n)."""

    masks: tuple[NDArray[np.bool_], ...]
    order: Codes
    columns: Codes
    starts: Codes

    @classmethod
    def of(cls, pieces: Sequence[Stack], rows: Codes) -> _Pattern:
        masks = tuple(piece.pairs > 0 for piece in pieces)
        at = [np.searchsorted(rows, piece.rows) for piece in pieces]
        left = np.concatenate([np.broadcast_to(a[:, :, None], m.shape)[m] for a, m in zip(at, masks, strict=True)])
        right = np.concatenate([np.broadcast_to(a[:, None, :], m.shape)[m] for a, m in zip(at, masks, strict=True)])
        starts = np.concatenate([[0], np.cumsum(np.bincount(left, minlength=rows.size))])
        order = np.lexsort((right, left))
        return cls(masks, order, right[order], starts)

    def fill(self, stacked: Sequence[Floats]) -> sparse.csr_array:
        """The pieces, one array of shape (g, m, m) a stack, as one sparse matrix."""
        values = np.concatenate([values[mask] for values, mask in zip(stacked, self.masks, strict=True)])
        n = self.starts.size - 1
        return sparse.csr_array((values[self.order], self.columns, self.starts), shape=(n, n))


@dataclass(frozen=True, eq=False)
class Woodbury:
    """A block with its pieces, its ties, and Z of all ties beside each other, shape (n, q)."""

    block: LowRank
    pieces: tuple[Dense, ...]
    ties: tuple[_Tie, ...]
    Z: sparse.csr_array
    pattern: _Pattern

    @property
    def places(self) -> Places:
        """Where the effects stand."""
        return self.block

    def at(self, parts: Sequence[Floats]) -> LowRankAt | None:
        """The block at theta, one part a term; None where the covariance is not positive definite."""
        near = [x for x, far in zip(parts, self.block.far, strict=True) if not far]
        pieces = [piece.at(near) for piece in self.pieces]
        known = tuple(piece for piece in pieces if piece is not None)
        if len(known) < len(pieces):
            return None
        inverse = self.pattern.fill([piece.W for piece in known])
        A = (self.Z.T @ (inverse @ self.Z)).toarray()
        far = [x for x, far in zip(parts, self.block.far, strict=True) if far]
        L = sparse.csr_array(sparse.block_diag([tie.root(x) for tie, x in zip(self.ties, far, strict=True)]))
        try:
            M = linalg.cholesky(np.eye(A.shape[0]) + L.T @ (A @ L), lower=True)
        except (np.linalg.LinAlgError, ValueError):
            return None
        log_det = sum(piece.log_det for piece in known) + 2.0 * float(np.sum(np.log(np.diag(M))))
        return LowRankAt(self, tuple(parts), known, inverse, A, L, M, log_det)
