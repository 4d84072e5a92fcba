"""A working model by clusters: what each cluster adds, in stacks of like size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from metareview.errors import MetareviewError
from metareview.synthesis.multilevel.stacks import pairs, stacks
from metareview.synthesis.wls import Floats
from metareview.synthesis.working import Working

ALONE, LARGEST = 1e-9, 1e150


@dataclass(frozen=True, eq=False)
class Piece:
    """g clusters padded to m effects: X, shape (g, m, p); residuals e, (g, m); covariances Phi and weights W, (g, m, m)."""

    X: Floats
    e: Floats
    Phi: Floats
    W: Floats
    rows: NDArray[np.intp]
    real: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Clusters:
    """A working model by clusters.

    Attributes:
        pieces: the clusters in stacks. count: their number. bread: (X'WX)^-1, shape (p, p). k, p: effects, coefficients.
        names: of the clusters, in the order of their first effect. codes: the cluster of each effect, shape (k,).
    """

    pieces: tuple[Piece, ...]
    count: int
    bread: Floats
    k: int
    p: int
    names: tuple[str, ...]
    codes: NDArray[np.intp]

    @cached_property
    def alone(self) -> tuple[tuple[int, str], ...]:
        """Coefficients that cannot be estimated without one cluster: the coefficient and that cluster."""
        return self.resting(np.eye(self.p))

    def resting(self, C: Floats) -> tuple[tuple[int, str], ...]:
        """Contrasts C, shape (q, p), that cannot be estimated without one cluster: the row and that cluster.

        Without cluster j, X'WX is M^-1 - X_j'W_j X_j; what it sends to 0 is known from cluster j only.
        """
        size = np.sqrt(np.einsum("qp,pr,qr->q", C, self.bread, C))
        found = []
        for name, direction in self._lost:
            found += [(int(c), name) for c in np.flatnonzero(np.abs(C @ direction) > 1e-6 * size)]
        return tuple(sorted(set(found)))

    @cached_property
    def _lost(self) -> tuple[tuple[str, Floats], ...]:
        """The directions of the coefficients, shape (p,), that one cluster alone tells, with its name."""
        values, vectors = np.linalg.eigh(self.bread)
        root = (vectors * np.sqrt(values)) @ vectors.T
        found = []
        for piece in self.pieces:
            own = root @ np.swapaxes(piece.X, 1, 2) @ piece.W @ piece.X @ root
            share, direction = np.linalg.eigh(0.5 * (own + np.swapaxes(own, 1, 2)))
            for g, n in zip(*np.nonzero(share > 1.0 - ALONE), strict=True):
                found.append((self.names[self.codes[piece.rows[g, 0]]], root @ direction[g, :, n]))
        return tuple(found)

    @cached_property
    def meat(self) -> Floats:
        """X'W Phi W X, shape (p, p): the middle of the covariance of the coefficients when the working covariance is right."""
        out = np.zeros((self.p, self.p))
        for piece in self.pieces:
            WX = piece.W @ piece.X
            out += WX.reshape(-1, self.p).T @ (piece.Phi @ WX).reshape(-1, self.p)
        return out


def by_cluster(working: Working, cluster: Sequence[Any]) -> Clusters:
    """The working model by clusters.

    Arguments:
        cluster: one value an effect, shape (k,); effects that the model ties together must share one.

    Raises:
        MetareviewError: another length, a missing value, one cluster only, or a cluster that cuts a block of the model.
    """
    codes, names = _codes(working, cluster)
    if not np.all(np.abs(working.bread) < LARGEST):
        raise MetareviewError(
            "The model's coefficients have no finite variance, so no robust one.",
            "A variance component ran away: simplify the model.",
        )
    rows = np.concatenate(working.members)
    heads = np.repeat([member[0] for member in working.members], [member.size for member in working.members])
    cut = np.flatnonzero(codes[rows] != codes[heads])
    if cut.size:
        i, j = heads[cut[0]], rows[cut[0]]
        raise MetareviewError(
            f"The effects {working.labels[i]} and {working.labels[j]} depend on each other in the model, and are in the "
            f"clusters {names[codes[i]]} and {names[codes[j]]}.",
            "Cluster by the outermost level, or by one above it. Crossed random effects tie all effects together and leave no "
            "clusters: use the model's own errors.",
        )
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    if len(members) < 2:
        raise MetareviewError(
            "There is one cluster: a robust variance needs at least two.", "Use the model's own errors."
        )
    Phi = stacks(working.residuals, working.X, _sparse(working.covariances, working), members)
    W = stacks(working.residuals, working.X, _sparse(working.weights, working), members)
    pieces = tuple(Piece(a.X, a.y, a.V, b.V, a.rows, a.real) for a, b in zip(Phi, W, strict=True))
    return Clusters(pieces, len(members), working.bread, working.y.size, working.X.shape[1], names, codes)


def _codes(working: Working, cluster: Sequence[Any]) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    values = pd.Series(list(cluster), dtype=object)
    if len(values) != working.y.size:
        raise MetareviewError(
            f"There are {len(values)} clusters for {working.y.size} effects.", "Give one of each per effect."
        )
    lost = [label for label, absent in zip(working.labels, values.isna(), strict=True) if absent]
    if lost:
        raise MetareviewError(f"No cluster is given for {', '.join(lost[:5])}.", "Code it, or exclude the effect.")
    codes, names = pd.factorize(values.astype(str))
    return np.asarray(codes, dtype=np.intp), tuple(names)


def _sparse(matrices: Sequence[Floats], working: Working) -> sparse.csr_array:
    rows, columns = pairs(working.members)
    values = np.concatenate([np.ravel(matrix) for matrix in matrices])
    return sparse.csr_array((values, (rows, columns)), shape=(working.y.size, working.y.size))
