"""Degrees of freedom of robust tests from the working model: Satterthwaite's for one coefficient, HTZ for several.

Source: Bell & McCaffrey (2002), Survey Methodology 28, 169-181; Pustejovsky & Tipton (2018), Journal of Business & Economic
Statistics 36, 672-683, sections 3.1 and 3.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from metareview.synthesis.robust.clusters import Clusters
from metareview.synthesis.robust.sandwich import Sandwich, low_rank
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class Terms:
    """Covariances of the clusters' parts g_js'e_j of q contrasts s: (i = j) d_jst - u_is'B u_jt, with u of shape (J, q, r)."""

    d: Floats
    u: Floats
    B: Floats

    def inner(self, s: int, t: int, a: int, b: int) -> float:
        """Sum over pairs of clusters of Cov(part s of i, part t of j) Cov(part a of i, part b of j)."""
        d, u, B = self.d, self.u, self.B
        cross = np.einsum("jr,rw,jw->j", u[:, a], B, u[:, b]), np.einsum("jr,rw,jw->j", u[:, s], B, u[:, t])
        both = B @ (u[:, t].T @ u[:, b]) @ B.T @ (u[:, a].T @ u[:, s])
        return float(np.sum(d[:, s, t] * d[:, a, b] - d[:, s, t] * cross[0] - d[:, a, b] * cross[1]) + np.trace(both))


def terms(clusters: Clusters, robust: Sandwich, C: Floats) -> Terms:
    """What the contrasts C, shape (q, p), make of the working model."""
    d, u, B = [], [], np.zeros((0, 0))
    for piece, E in zip(clusters.pieces, robust.estimating, strict=True):
        G = E @ C.T
        L, B = low_rank(piece, clusters)
        d.append(np.einsum("gms,gmn,gnt->gst", G, piece.Phi, G))
        u.append(np.einsum("gms,gmr->gsr", G, L))
    return Terms(np.concatenate(d), np.concatenate(u), B)


def expected(parts: Terms) -> Floats:
    """The expectation of the robust covariance of the contrasts under the working model, shape (q, q)."""
    return np.asarray(parts.d.sum(axis=0) - np.einsum("jsr,rw,jtw->st", parts.u, parts.B, parts.u))


def satterthwaite(clusters: Clusters, robust: Sandwich, C: Floats) -> Floats:
    """Degrees of freedom of each contrast of C, shape (q,)."""
    parts = terms(clusters, robust, C)
    mean = np.diag(expected(parts))
    spread = np.array([parts.inner(s, s, s, s) for s in range(len(mean))])
    return np.asarray(mean**2 / np.where(spread > 0, spread, math.nan))


def hotelling(clusters: Clusters, robust: Sandwich, C: Floats) -> float:
    """The degrees of freedom eta of Hotelling's T^2 approximation (HTZ) for q contrasts; nan where one has no variance."""
    parts = terms(clusters, robust, C)
    values, vectors = np.linalg.eigh(expected(parts))
    if values[0] <= 1e-14 * values[-1]:
        return math.nan
    root = (vectors / np.sqrt(values)) @ vectors.T
    scaled = Terms(np.einsum("sa,jab,tb->jst", root, parts.d, root), np.einsum("sa,jar->jsr", root, parts.u), parts.B)
    q = len(values)
    total = sum(scaled.inner(s, s, t, t) + scaled.inner(s, t, t, s) for s in range(q) for t in range(q))
    return float(q * (q + 1) / total)
