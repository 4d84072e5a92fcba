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
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from metareview.synthesis.multilevel.dense import Dense, DenseAt, product
from metareview.synthesis.multilevel.places import Codes, Places
from metareview.synthesis.multilevel.stacks import Stack, check_size
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


@dataclass(frozen=True, eq=False)
class _Near:
    """A derivative of D: its pieces in stacks, and as a sparse matrix of shape (n, n)."""

    stacked: tuple[Floats, ...]
    matrix: sparse.csr_array

    def __matmul__(self, B: Floats) -> Floats:
        return np.asarray((self.matrix @ B[0])[None])


@dataclass(frozen=True, eq=False)
class _Far:
    """The derivative Z dG Z' of a tie, whose levels have the columns `span` of all."""

    Z: sparse.csr_array
    change: sparse.csr_array
    span: slice

    def __matmul__(self, B: Floats) -> Floats:
        return np.asarray((self.Z @ (self.change @ (self.Z.T @ B[0])))[None])


@dataclass(frozen=True, eq=False)
class LowRankAt:
    """The block at theta: its pieces there, D^-1 in sparse form, shape (n, n), A, L and the Cholesky factor of M, (q, q)."""

    blocks: Woodbury
    parts: tuple[Floats, ...]
    pieces: tuple[DenseAt, ...]
    inverse: sparse.csr_array
    A: Floats
    L: sparse.csr_array
    M: Floats
    log_det: float

    def _inner(self, B: Floats) -> Floats:
        """M^-1 B, shape (q, c)."""
        return np.asarray(linalg.cho_solve((self.M, True), B))

    def _rest(self, B: Floats) -> tuple[Floats, Floats]:
        """U and E of B, shape (1, n, c), with one step of refinement."""
        ZL = self.blocks.Z @ self.L
        U = self._inner(ZL.T @ (self.inverse @ B[0]))
        U = U + self._inner(ZL.T @ (self.inverse @ (B[0] - ZL @ U)) - U)
        return U, B[0] - ZL @ U

    def solve(self, B: Floats) -> Floats:
        """S^-1 B, shape (1, n, c)."""
        return np.asarray((self.inverse @ self._rest(B)[1])[None])

    def gram(self, B: Floats) -> Floats:
        """B'S^-1 B, shape (c, c)."""
        U, E = self._rest(B)
        return np.asarray(E.T @ (self.inverse @ E) + U.T @ U)

    def derivatives(self) -> list[_Near | _Far]:
        """The derivative of S by each parameter."""
        near = iter(self._near())
        far = iter(self._far())
        return [
            next(far if is_far else near)
            for is_far, part in zip(self.blocks.block.far, self.parts, strict=True)
            for _ in range(part.size)
        ]

    def _near(self) -> list[_Near]:
        stacked = zip(*(piece.derivatives() for piece in self.pieces), strict=True)
        return [_Near(one, self.blocks.pattern.fill(one)) for one in stacked]

    def _far(self) -> list[_Far]:
        found, start = list[_Far](), 0
        theta = [x for x, far in zip(self.parts, self.blocks.block.far, strict=True) if far]
        for tie, x in zip(self.blocks.ties, theta, strict=True):
            span = slice(start, start + tie.Z.shape[1])
            found += [_Far(tie.Z, change, span) for change in tie.changes(x)]
            start = span.stop
        return found

    def traces(self, D: Sequence[_Near | _Far], *, second: bool) -> tuple[Floats, Floats]:
        """tr(S^-1 D) of each derivative, shape (t,), and tr(S^-1 D S^-1 D') of each two, shape (t, t), zeros unless asked
        for.
        """
        first, both = np.zeros(len(D)), np.zeros((len(D), len(D)))
        near = {i: d for i, d in enumerate(D) if isinstance(d, _Near)}
        far = {i: d for i, d in enumerate(D) if isinstance(d, _Far)}
        for n, piece in enumerate(self.pieces):
            one, two = piece.traces([d.stacked[n] for d in near.values()], second=second)
            first[list(near)] += one
            both[np.ix_(list(near), list(near))] += two
        Y = self.inverse @ self.blocks.Z
        DY = {i: d.matrix @ Y for i, d in near.items()}
        B = {i: (Y.T @ one).toarray() for i, one in DY.items()}
        K = self.L @ self._inner(self.L.T.toarray()) @ self.L.T
        U = self._inner(self.L.T @ self.A)
        N = np.eye(U.shape[0]) - self.L @ U
        Q = N.T @ self.A @ N + U.T @ U
        first[list(near)] -= [float(np.sum(K * one)) for one in B.values()]
        first[list(far)] = [float(d.change.multiply(Q[d.span, d.span]).sum()) for d in far.values()]
        if second:
            self._near_near(both, B, DY, K)
            _far_any(both, {i: N.T @ one @ N for i, one in B.items()}, far, Q)
        return first, both

    def _near_near(
        self, both: Floats, B: dict[int, Floats], DY: dict[int, sparse.csr_array], K: Floats
    ) -> None:
        KB = {i: K @ one for i, one in B.items()}
        for i in B:
            for j in (j for j in B if j <= i):
                across = (DY[i].T @ (self.inverse @ DY[j])).toarray()
                both[i, j] += float(np.sum(KB[i] * KB[j].T)) - 2.0 * float(np.sum(K * across))
                both[j, i] = both[i, j]

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


@dataclass(frozen=True, eq=False)
class _Near:
    """A derivative of D: its pieces in stacks, and as a sparse matrix of shape (n, n)."""

    stacked: tuple[Floats, ...]
    matrix: sparse.csr_array

    def __matmul__(self, B: Floats) -> Floats:
        return np.asarray((self.matrix @ B[0])[None])


@dataclass(frozen=True, eq=False)
class _Far:
    """The derivative Z dG Z' of a tie, whose levels have the columns `span` of all."""

    Z: sparse.csr_array
    change: sparse.csr_array
    span: slice

    def __matmul__(self, B: Floats) -> Floats:
        return np.asarray((self.Z @ (self.change @ (self.Z.T @ B[0])))[None])


@dataclass(frozen=True, eq=False)
class LowRankAt:
    """The block at theta: its pieces there, D^-1 in sparse form, shape (n, n), A, L and the Cholesky factor of M, (q, q)."""

    blocks: Woodbury
    parts: tuple[Floats, ...]
    pieces: tuple[DenseAt, ...]
    inverse: sparse.csr_array
    A: Floats
    L: sparse.csr_array
    M: Floats
    log_det: float

    def _inner(self, B: Floats) -> Floats:
        """M^-1 B, shape (q, c)."""
        return np.asarray(linalg.cho_solve((self.M, True), B))

    def _rest(self, B: Floats) -> tuple[Floats, Floats]:
        """U and E of B, shape (1, n, c), with one step of refinement."""
        ZL = self.blocks.Z @ self.L
        U = self._inner(ZL.T @ (self.inverse @ B[0]))
        U = U + self._inner(ZL.T @ (self.inverse @ (B[0] - ZL @ U)) - U)
        return U, B[0] - ZL @ U

    def solve(self, B: Floats) -> Floats:
        """S^-1 B, shape (1, n, c)."""
        return np.asarray((self.inverse @ self._rest(B)[1])[None])

    def gram(self, B: Floats) -> Floats:
        """B'S^-1 B, shape (c, c)."""
        U, E = self._rest(B)
        return np.asarray(E.T @ (self.inverse @ E) + U.T @ U)

    def derivatives(self) -> list[_Near | _Far]:
        """The derivative of S by each parameter."""
        near = iter(self._near())
        far = iter(self._far())
        return [
            next(far if is_far else near)
            for is_far, part in zip(self.blocks.block.far, self.parts, strict=True)
            for _ in range(part.size)
        ]

    def _near(self) -> list[_Near]:
        stacked = zip(*(piece.derivatives() for piece in self.pieces), strict=True)
        return [_Near(one, self.blocks.pattern.fill(one)) for one in stacked]

    def _far(self) -> list[_Far]:
        found, start = list[_Far](), 0
        theta = [x for x, far in zip(self.parts, self.blocks.block.far, strict=True) if far]
        for tie, x in zip(self.blocks.ties, theta, strict=True):
            span = slice(start, start + tie.Z.shape[1])
            found += [_Far(tie.Z, change, span) for change in tie.changes(x)]
            start = span.stop
        return found

    def traces(self, D: Sequence[_Near | _Far], *, second: bool) -> tuple[Floats, Floats]:
        """tr(S^-1 D) of each derivative, shape (t,), and tr(S^-1 D S^-1 D') of each two, shape (t, t), zeros unless asked
        for.
        """
        first, both = np.zeros(len(D)), np.zeros((len(D), len(D)))
        near = {i: d for i, d in enumerate(D) if isinstance(d, _Near)}
        far = {i: d for i, d in enumerate(D) if isinstance(d, _Far)}
        for n, piece in enumerate(self.pieces):
            one, two = piece.traces([d.stacked[n] for d in near.values()], second=second)
            first[list(near)] += one
            both[np.ix_(list(near), list(near))] += two
        Y = self.inverse @ self.blocks.Z
        DY = {i: d.matrix @ Y for i, d in near.items()}
        B = {i: (Y.T @ one).toarray() for i, one in DY.items()}
        K = self.L @ self._inner(self.L.T.toarray()) @ self.L.T
        U = self._inner(self.L.T @ self.A)
        N = np.eye(U.shape[0]) - self.L @ U
        Q = N.T @ self.A @ N + U.T @ U
        first[list(near)] -= [float(np.sum(K * one)) for one in B.values()]
        first[list(far)] = [float(d.change.multiply(Q[d.span, d.span]).sum()) for d in far.values()]
        if second:
            self._near_near(both, B, DY, K)
            _far_any(both, {i: N.T @ one @ N for i, one in B.items()}, far, Q)
        return first, both

    def _near_near(
        self, both: Floats, B: dict[int, Floats], DY: dict[int, sparse.csr_array], K: Floats
    ) -> None:
        KB = {i: K @ one for i, one in B.items()}
        for i in B:
            for j in (j for j in B if j <= i):
                across = (DY[i].T @ (self.inverse @ DY[j])).toarray()
                both[i, j] += float(np.sum(KB[i] * KB[j].T)) - 2.0 * float(np.sum(K * across))
                both[j, i] = both[i, j]

    def _far_any(self, both: Floats, B: dict[int, Floats], far: dict[int, _Far]) -> None:
        QG = {i: self.Q[:, d.span] @ d.change for i, d in far.items()}
        TBT = {i: self.T @ one @ self.T.T for i, one in B.items()}
        for i, d in far.items():
            for j in (j for j in far if j <= i):
                both[i, j] = both[j, i] = float(np.sum(QG[i][far[j].span] * QG[j][d.span].T))
            for j, one in TBT.items():
                both[i, j] = both[j, i] = float(d.change.multiply(one[d.span, d.span]).sum())

    def fill(self, out: Floats, place: Codes) -> None:
        """Write the covariances of some effects, where `place` of an effect, shape (k,), is its row of `out`, or -1."""
        rows, real = self.blocks.block.rows[0], self.blocks.block.real[0]
        here = np.flatnonzero((place[rows] >= 0) & real)
        to, Z = place[rows[here]], self.blocks.Z[here]
        out[np.ix_(to, to)] = ((Z @ self.L) @ (Z @ self.L).T).toarray()
        for piece in self.pieces:
            own = np.zeros_like(out)
            piece.fill(own, place)
            out += own

    def matrices(self) -> list[tuple[Any, Any]]:
        """The covariance and the weights of the block, each to be called for."""
        return [(self.covariance, self.weights)]

    def covariance(self) -> Floats:
        """S written out, shape (n, n).

        Raises:
            MetareviewError: it is too large for that.
        """
        rows = self.blocks.block.rows[0]
        check_size(rows.size)
        ZL = self.blocks.Z @ self.L
        return np.asarray((ZL @ ZL.T).toarray() + self.blocks.pattern.fill([piece.S for piece in self.pieces]).toarray())

    def weights(self) -> Floats:
        """S^-1 written out, shape (n, n).

        Raises:
            MetareviewError: it is too large for that.
        """
        n = self.blocks.block.rows.shape[1]
        check_size(n)
        W = self.solve(np.eye(n)[None])[0]
        return np.asarray(0.5 * (W + W.T))


def _far_any(both: Floats, near: dict[int, Floats], far: dict[int, _Far], Q: Floats) -> None:
    """The traces of ties with each other, and with derivatives of D, of which Z'S^-1 D S^-1 Z is given; Q = Z'S^-1 Z."""
    QG = {i: Q[:, d.span] @ d.change for i, d in far.items()}
    for i, d in far.items():
        for j in (j for j in far if j <= i):
            both[i, j] = both[j, i] = float(np.sum(QG[i][far[j].span] * QG[j][d.span].T))
        for j, one in near.items():
            both[i, j] = both[j, i] = float(d.change.multiply(one[d.span, d.span]).sum())
