"""A working model by clusters: what each cluster adds, in stacks of like size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from metareview.errors import MetareviewError
from metareview.synthesis.multilevel.stacks import stacks
from metareview.synthesis.wls import Floats
from metareview.synthesis.working import Working


@dataclass(frozen=True, eq=False)
class Piece:
    """g clusters padded to m effects: rows of X, shape (g, m, p); residuals e, (g, m); covariances Phi and weights W, (g, m, m)."""

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
        names: of the clusters, in the order of their first effect. members: the effects of each.
    """

    pieces: tuple[Piece, ...]
    count: int
    bread: Floats
    k: int
    p: int
    names: tuple[str, ...]
    members: tuple[NDArray[np.intp], ...]


def by_cluster(working: Working, cluster: Sequence[Any]) -> Clusters:
    """The working model by clusters.

    Arguments:
        cluster: one value an effect, shape (k,); effects that the model ties together must share one.

    Raises:
        MetareviewError: another length, a missing value, one cluster only, or a cluster that cuts a block of the model.
    """
    codes, names = _codes(working, cluster)
    for member in working.members:
        if np.unique(codes[member]).size > 1:
            i, j = member[0], member[np.flatnonzero(codes[member] != codes[member[0]])[0]]
            raise MetareviewError(
                f"The effects {working.labels[i]} and {working.labels[j]} depend on each other in the model, and are in the "
                f"clusters {names[codes[i]]} and {names[codes[j]]}.",
                "Cluster by the outermost level, or by one above it.",
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
    return Clusters(pieces, len(members), working.bread, working.y.size, working.X.shape[1], names, tuple(members))


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
    members = working.members
    rows = np.concatenate([np.repeat(m, m.size) for m in members])
    columns = np.concatenate([np.tile(m, m.size) for m in members])
    values = np.concatenate([np.ravel(matrix) for matrix in matrices])
    return sparse.csr_array((values, (rows, columns)), shape=(working.y.size, working.y.size))
