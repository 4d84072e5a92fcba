"""Small blocks at one point of the likelihood: their covariances are written out and inverted many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from metareview.synthesis.multilevel.places import Codes, Places
from metareview.synthesis.multilevel.terms import Term
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class Dense:
    """g blocks of m places with sampling covariance V, shape (g, m, m), and what each term makes of them once and for all."""

    places: Places
    V: Floats
    terms: tuple[Term, ...]
    prepared: tuple[Any, ...]

    def at(self, parts: Sequence[Floats]) -> DenseAt | None:
        """The blocks at theta, one part a term; None where a covariance is not positive definite."""
        return DenseAt.of(self, tuple(parts))


@dataclass(frozen=True, eq=False)
class DenseAt:
    """The inverse W of each covariance S, shape (g, m, m), and the sum of their log determinants."""

    blocks: Dense
    parts: tuple[Floats, ...]
    W: Floats
    log_det: float

    @classmethod
    def of(cls, blocks: Dense, parts: tuple[Floats, ...]) -> DenseAt | None:
        """The blocks at theta, or None where a covariance is not positive definite."""
        S = blocks.V + sum(t.covariance(x, c)[0] for t, x, c in zip(blocks.terms, parts, blocks.prepared, strict=True))
        try:
            factor = np.linalg.cholesky(S)
        except np.linalg.LinAlgError:
            return None
        inverse = np.linalg.inv(S)
        W: Floats = np.asarray(0.5 * (inverse + np.swapaxes(inverse, 1, 2)), dtype=np.float64)
        return cls(blocks, parts, W, 2.0 * float(np.sum(np.log(np.diagonal(factor, axis1=1, axis2=2)))))

    def _terms(self) -> list[tuple[Floats, list[Floats]]]:
        b = self.blocks
        return [t.covariance(x, c) for t, x, c in zip(b.terms, self.parts, b.prepared, strict=True)]

    @cached_property
    def covariances(self) -> Floats:
        """The covariances, shape (g, m, m)."""
        return np.asarray(self.blocks.V + sum(value for value, _ in self._terms()))

    def solve(self, B: Floats) -> Floats:
        """W B, shape (g, m, c)."""
        return np.asarray(self.W @ B)

    def gram(self, B: Floats) -> Floats:
        """B'WB summed over the blocks, shape (c, c)."""
        return product(B, self.W @ B)

    def derivatives(self) -> list[Floats]:
        """The derivative of S by each parameter, each of shape (g, m, m)."""
        return [change for _, changes in self._terms() for change in changes]

    def traces(self, D: Sequence[Any], *, second: bool) -> tuple[Floats, Floats]:
        """tr(W D) of each derivative, shape (t,), and tr(W D W D') of each two, shape (t, t), zeros unless asked for."""
        first, both = np.array([float(np.sum(self.W * d)) for d in D]), np.zeros((len(D), len(D)))
        WD = [self.W @ d for d in D] if second else []
        for i, one in enumerate(WD):
            for j, other in enumerate(WD[: i + 1]):
                both[i, j] = both[j, i] = float(np.sum(one * np.swapaxes(other, 1, 2)))
        return first, both

    def fill(self, out: Floats, place: Codes) -> None:
        """Write the covariances of some effects, where `place` of an effect, shape (k,), is its row of `out`, or -1."""
        rows, real = self.blocks.places.rows, self.blocks.places.real
        chosen = (place[rows] >= 0) & real
        for g in np.flatnonzero(chosen.any(axis=1)):
            here = np.flatnonzero(chosen[g])
            to = place[rows[g, here]]
            out[np.ix_(to, to)] = self.covariances[g][np.ix_(here, here)]

    def matrices(self) -> list[tuple[Floats, Floats]]:
        """The covariance and the weights of each block, without padding."""
        sizes = self.blocks.places.real.sum(axis=1).tolist()
        return [(S[:m, :m], W[:m, :m]) for S, W, m in zip(self.covariances, self.W, sizes, strict=True)]


def product(left: Floats, right: Floats) -> Floats:
    """Sum over blocks of left' right, shapes (g, m, a) and (g, m, b) to (a, b)."""
    return np.asarray(left.reshape(-1, left.shape[2]).T @ right.reshape(-1, right.shape[2]))
