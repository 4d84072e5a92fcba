"""A second engine for multilevel models: the likelihood of one dense covariance, built from the definition of the model.

It shares nothing with the engine in blocks but the names of the structures: variances are searched for as standard deviations,
the covariance is one k x k matrix, the coefficients are on an orthonormal basis of the design, and the search is L-BFGS-B from
a start of its own. statsmodels' MixedLM is no such engine: it cannot hold known sampling variances.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from metareview.synthesis.multilevel.terms import Intercepts, Term
from metareview.synthesis.wls import Floats

Codes = NDArray[np.intp]
ONE_VARIANCE = ("ID", "CS", "AR", "CAR")
CORRELATED = ("CS", "HCS", "AR", "HAR", "CAR")


@dataclass(frozen=True, eq=False)
class Piece:
    """What one term adds: `weight` times an entry of G, shape (q, q), to the covariance of effects `rows` and `columns`."""

    structure: str
    times: Floats
    rows: Codes
    columns: Codes
    cells: Codes
    weight: Floats

    @property
    def variances(self) -> int:
        """How many of the components are variances; the others are correlations."""
        return 1 if self.structure in ONE_VARIANCE else self.times.size

    @property
    def size(self) -> int:
        """The number of components, and of roots."""
        q = self.times.size
        return q * (q + 1) // 2 if self.structure == "UN" else self.variances + (self.structure in CORRELATED)

    def between(self, roots: Floats) -> Floats:
        """G of standard deviations and a correlation, or of the lower triangle of a root for UN."""
        if self.structure == "UN":
            L = _lower(roots, self.times.size)
            return L @ L.T
        gap = np.abs(self.times[:, None] - self.times)
        sd = np.resize(roots[: self.variances], self.times.size)
        rho = roots[-1] if self.structure in CORRELATED else 0.0
        if self.structure == "CAR":
            R = np.sign(rho) * np.abs(rho) ** gap
        else:
            R = rho ** (gap if self.structure in ("AR", "HAR") else np.sign(gap))
        return np.outer(sd, sd) * np.where(gap == 0, 1.0, R)

    def bounds(self) -> list[tuple[float, float]]:
        """What each root can be."""
        if self.structure == "UN":
            return [(-math.inf, math.inf)] * self.size
        least = {"CAR": 0.0, "AR": -1.0, "HAR": -1.0}.get(self.structure, -1.0 / max(self.times.size - 1, 1))
        return [(0.0, math.inf)] * self.variances + [(least, 1.0)] * (self.size - self.variances)

    def roots(self, components: Floats) -> Floats:
        """From variances and correlations in the order of a result; a correlation that is not there counts as 0."""
        told = np.nan_to_num(components)
        if self.structure != "UN":
            return np.concatenate([np.sqrt(told[: self.variances]), told[self.variances :]])
        q = self.times.size
        R = np.zeros((q, q))
        R[np.tril_indices(q, -1)] = told[q:]
        G = (R + R.T + np.eye(q)) * np.sqrt(np.outer(told[:q], told[:q]))
        values, vectors = np.linalg.eigh(G)
        L = np.linalg.qr((vectors * np.sqrt(np.maximum(values, 0.0))).T)[1].T
        return np.asarray(L[np.tril_indices(q)])


@dataclass(frozen=True, eq=False)
class Dense:
    """The model: effects y, shape (k,), an orthonormal basis of the design, (k, p), sampling covariance V, (k, k), and terms.

    y and V are divided by `unit` and its square, so that roots are of the order of 1; log-likelihoods are those of the data.
    """

    y: Floats
    basis: Floats
    V: Floats
    pieces: tuple[Piece, ...]
    restricted: bool
    unit: float

    def split(self, roots: Floats) -> list[Floats]:
        """The roots of each term."""
        return np.split(roots, np.cumsum([piece.size for piece in self.pieces])[:-1])

    def betweens(self, roots: Floats) -> list[Floats]:
        """G of each term, in the units of the data."""
        return [self.unit**2 * p.between(r) for p, r in zip(self.pieces, self.split(roots), strict=True)]

    def loglik(self, roots: Floats) -> float:
        """The (restricted) log-likelihood; -inf where the covariance is not positive definite."""
        return self._at(roots)[0]

    def slope(self, roots: Floats) -> tuple[float, Floats]:
        """The log-likelihood and its derivatives by the roots, which are 0 where there is none."""
        value, factor, Py, WQ, inner = self._at(roots)
        if not math.isfinite(value):
            return value, np.zeros_like(roots)
        W = linalg.cho_solve((factor, True), np.eye(self.y.size))
        M = np.outer(Py, Py) - W + (WQ @ linalg.cho_solve((inner, True), WQ.T) if self.restricted else 0.0)
        out = []
        for piece, own in zip(self.pieces, self.split(roots), strict=True):
            q = piece.times.size
            cells = np.bincount(piece.cells, M[piece.rows, piece.columns] * piece.weight, q * q).reshape(q, q)
            out += [0.5 * float(np.sum(cells * change)) for change in _changes(piece, own)]
        return value, np.array(out)

    def _at(self, roots: Floats) -> tuple[float, Floats, Floats, Floats, Floats]:
        S = self.V.copy()
        for piece, own in zip(self.pieces, self.split(roots), strict=True):
            S[piece.rows, piece.columns] += piece.between(own).ravel()[piece.cells] * piece.weight
        nothing = np.empty(0)
        try:
            factor = linalg.cholesky(S, lower=True)
            Wy, WQ = (linalg.cho_solve((factor, True), side) for side in (self.y, self.basis))
            inner = linalg.cholesky(self.basis.T @ WQ, lower=True)
        except (linalg.LinAlgError, ValueError):
            return -math.inf, nothing, nothing, nothing, nothing
        beta = linalg.cho_solve((inner, True), WQ.T @ self.y)
        Py = Wy - WQ @ beta
        k, p = self.basis.shape
        n = k - p if self.restricted else k
        dets = 2.0 * float(np.sum(np.log(np.diag(factor))))
        dets += 2.0 * float(np.sum(np.log(np.diag(inner)))) if self.restricted else 0.0
        value = -0.5 * (n * math.log(2.0 * math.pi) + dets + float(self.y @ Py)) - n * math.log(self.unit)
        return value, factor, Py, WQ, inner


def _lower(entries: Floats, q: int) -> Floats:
    L = np.zeros((q, q))
    L[np.tril_indices(q)] = entries
    return L


def _changes(piece: Piece, roots: Floats) -> list[Floats]:
    """The derivative of G by each root, by central differences."""
    found = []
    for a in range(roots.size):
        move = np.zeros(roots.size)
        move[a] = 1e-5
        found.append((piece.between(roots + move) - piece.between(roots - move)) / 2e-5)
    return found


def dense(y: Floats, X: Floats, V: sparse.csr_array, terms: Sequence[Term], restricted: bool) -> Dense:
    """The model of k effects in one piece.

    Arguments:
        y: shape (k,). X: shape (k, p). V: sampling covariance, shape (k, k). terms: random effects. restricted: REML.
    """
    basis = np.linalg.qr(X)[0]
    rest = y - basis @ (basis.T @ y)
    unit = math.sqrt(float(rest @ rest) / max(1, y.size - X.shape[1])) or math.sqrt(float(V.diagonal().mean())) or 1.0
    pieces = tuple(_piece(term) for term in terms)
    return Dense(y / unit, basis, V.toarray() / unit**2, pieces, restricted, unit)


def _piece(term: Term) -> Piece:
    if isinstance(term, Intercepts):
        K: Any = term.codes[:, None] == term.codes if term.R is None else term.R[np.ix_(term.codes, term.codes)]
        rows, columns = np.nonzero(K)
        weight = np.asarray(K[rows, columns], dtype=float)
        return Piece("ID", np.zeros(1), rows, columns, np.zeros(rows.size, dtype=np.intp), weight)
    rows, columns = np.nonzero(term.outer[:, None] == term.outer)
    cells = term.inner[rows] * len(term.levels) + term.inner[columns]
    return Piece(term.structure, term.times, rows, columns, cells, np.ones(rows.size))
