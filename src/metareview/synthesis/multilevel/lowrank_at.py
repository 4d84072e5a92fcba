"""A large block S = D + ZGZ' (see `lowrank`) at one point of the likelihood."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg, sparse

from metareview.synthesis.multilevel.dense import DenseAt
from metareview.synthesis.multilevel.places import Codes
from metareview.synthesis.multilevel.stacks import check_size
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    from metareview.synthesis.multilevel.lowrank import Woodbury


@dataclass(frozen=True, eq=False)
class Near:
    """A derivative of D: its pieces in stacks, and as a sparse matrix of shape (n, n)."""

    stacked: tuple[Floats, ...]
    matrix: sparse.csr_array

    def __matmul__(self, B: Floats) -> Floats:
        return np.asarray((self.matrix @ B[0])[None])


@dataclass(frozen=True, eq=False)
class Far:
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

    def derivatives(self) -> list[Near | Far]:
        """The derivative of S by each parameter."""
        near: Iterator[Near | Far] = iter(self._near())
        far: Iterator[Near | Far] = iter(self._far())
        return [
            next(far if is_far else near)
            for is_far, part in zip(self.blocks.block.far, self.parts, strict=True)
            for _ in range(part.size)
        ]

    def _near(self) -> list[Near]:
        stacked = zip(*(piece.derivatives() for piece in self.pieces), strict=True)
        return [Near(one, self.blocks.pattern.fill(one)) for one in stacked]

    def _far(self) -> list[Far]:
        found, start = list[Far](), 0
        theta = [x for x, far in zip(self.parts, self.blocks.block.far, strict=True) if far]
        for tie, x in zip(self.blocks.ties, theta, strict=True):
            span = slice(start, start + tie.Z.shape[1])
            found += [Far(tie.Z, change, span) for change in tie.changes(x)]
            start = span.stop
        return found

    def traces(self, D: Sequence[Any], *, second: bool) -> tuple[Floats, Floats]:
        """tr(S^-1 D) of each derivative, shape (t,), and tr(S^-1 D S^-1 D') of each two, shape (t, t), zeros unless asked
        for.
        """
        first, both = np.zeros(len(D)), np.zeros((len(D), len(D)))
        near = {i: d for i, d in enumerate(D) if isinstance(d, Near)}
        far = {i: d for i, d in enumerate(D) if isinstance(d, Far)}
        for n, piece in enumerate(self.pieces):
            one, two = piece.traces([d.stacked[n] for d in near.values()], second=second)
            first[list(near)] += one
            both[np.ix_(list(near), list(near))] += two
        N, Q = self._between()
        K = self.L @ self._inner(self.L.T.toarray())
        Y = self.inverse @ self.blocks.Z
        DY = {i: d.matrix @ Y for i, d in near.items()}
        YDY = {i: (Y.T @ one).toarray() for i, one in DY.items()}
        first[list(near)] -= [float(np.sum(K * one)) for one in YDY.values()]
        first[list(far)] = [float(d.change.multiply(Q[d.span, d.span]).sum()) for d in far.values()]
        if second:
            across = {(i, j): (DY[i].T @ (self.inverse @ DY[j])).toarray() for i in near for j in near if j <= i}
            _add_near(both, {i: K @ one for i, one in YDY.items()}, across, K)
            _add_far(both, {i: N.T @ one @ N for i, one in YDY.items()}, far, Q)
        return first, both

    def _between(self) -> tuple[Floats, Floats]:
        """N with S^-1 Z = D^-1 Z N, and Q = Z'S^-1 Z, shapes (q, q)."""
        U = self._inner(self.L.T @ self.A)
        N = np.eye(U.shape[0]) - self.L @ U
        return N, N.T @ self.A @ N + U.T @ U

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
        return np.asarray(
            (ZL @ ZL.T).toarray() + self.blocks.pattern.fill([piece.covariances for piece in self.pieces]).toarray()
        )

    def weights(self) -> Floats:
        """S^-1 written out, shape (n, n).

        Raises:
            MetareviewError: it is too large for that.
        """
        n = self.blocks.block.rows.shape[1]
        check_size(n)
        W = self.solve(np.eye(n)[None])[0]
        return np.asarray(0.5 * (W + W.T))


def _add_near(both: Floats, KB: dict[int, Floats], across: dict[tuple[int, int], Floats], K: Floats) -> None:
    """What the ties take from the traces of derivatives of D with each other; KB holds K Z'D^-1 D_i D^-1 Z."""
    for (i, j), one in across.items():
        both[i, j] += float(np.sum(KB[i] * KB[j].T)) - 2.0 * float(np.sum(K * one))
        both[j, i] = both[i, j]


def _add_far(both: Floats, near: dict[int, Floats], far: dict[int, Far], Q: Floats) -> None:
    """The traces of ties with each other, and with derivatives of D, of which Z'S^-1 D_i S^-1 Z is given; Q = Z'S^-1 Z."""
    QG = {i: Q[:, d.span] @ d.change for i, d in far.items()}
    for i, d in far.items():
        for j in (j for j in far if j <= i):
            both[i, j] = both[j, i] = float(np.sum(QG[i][far[j].span] * QG[j][d.span].T))
        for j, one in near.items():
            both[i, j] = both[j, i] = float(d.change.multiply(one[d.span, d.span]).sum())
