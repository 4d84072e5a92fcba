"""The sandwich: adjusted residuals of each cluster and the covariance of the coefficients.

With H = XMX'W, M = (X'WX)^-1 and e = (I - H)y, the covariance is M (sum of X_j'W_j A_j e_j e_j'A_j'W_j X_j) M. The adjustments
A_j, as in Pustejovsky & Tipton (2018), Journal of Business & Economic Statistics 36, 672-683, section 2:

- CR0: none; CR1: sqrt(J / (J - 1)); CR1p: sqrt(J / (J - p)); CR1S: sqrt(J (k - 1) / ((J - 1)(k - p)));
- CR2: the symmetric one that makes the estimate unbiased when the working covariance is right;
- CR3: (I - H_jj)^-1, close to leaving each cluster out in turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis.robust.clusters import Clusters, Piece
from metareview.synthesis.wls import Floats

KINDS = ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
NULL = 1e-10


@dataclass(frozen=True, eq=False)
class Sandwich:
    """The robust covariance, shape (p, p); and by cluster the estimating functions E_j = A_j'W_j X_j M of shape (g, m, p)."""

    kind: str
    cov: Floats
    estimating: tuple[Floats, ...]


def sandwich(clusters: Clusters, kind: str) -> Sandwich:
    """The cluster-robust covariance of the coefficients.

    Raises:
        MetareviewError: there is no such kind, or a correction that divides by 0.
    """
    if kind not in KINDS:
        raise MetareviewError(f"There is no robust variance {kind!r}.", f"Choose one of {', '.join(KINDS)}.")
    J, k, p, M = clusters.count, clusters.k, clusters.p, clusters.bread
    if (kind == "CR1p" and p >= J) or (kind == "CR1S" and k <= p):
        raise MetareviewError(f"{kind} needs more clusters than coefficients: there are {J} and {p}.", "Use CR2.")
    factor = {"CR1": J / (J - 1), "CR1p": J / max(1, J - p), "CR1S": J * (k - 1) / ((J - 1) * max(1, k - p))}.get(
        kind, 1.0
    )
    middle = np.zeros((p, p))
    estimating = []
    for piece in clusters.pieces:
        WXM = piece.W @ piece.X @ M
        if kind == "CR2":
            E = np.swapaxes(_unbiased(piece, clusters), 1, 2) @ WXM
        elif kind == "CR3":
            E = np.swapaxes(_jackknife(piece, M), 1, 2) @ WXM
        else:
            E = math.sqrt(factor) * WXM
        influence = np.einsum("gmp,gm->gp", E, piece.e)
        middle += influence.T @ influence
        estimating.append(E)
    return Sandwich(kind, middle, tuple(estimating))


def low_rank(piece: Piece, clusters: Clusters) -> tuple[Floats, Floats]:
    """L of each cluster, shape (g, m, 2p), and B, shape (2p, 2p), so that residuals of clusters i and j have the covariance
    (i = j) Phi_j - L_i B L_j'.
    """
    M = clusters.bread
    K = piece.Phi @ piece.W @ piece.X
    zero = np.zeros_like(M)
    return np.concatenate([piece.X, K], axis=2), np.block([[-M @ clusters.meat @ M, M], [M, zero]])


def _unbiased(piece: Piece, clusters: Clusters) -> Floats:
    """A_j = D'B^(-1/2)D with D'D = Phi_j (Cholesky) and B = D S D', S = Cov(e_j).

    With the whitened residual covariance T = D^-T S D^-1 = V t V', B is FF' for F = D D'V sqrt(t): its root comes from the
    singular values of F, which keeps effects of very different variance apart. Where t is 0 nothing is left to estimate from.
    """
    scale = np.sum(np.diagonal(piece.Phi, axis1=1, axis2=2) * piece.real, axis=1) / piece.real.sum(axis=1)
    both = piece.real[:, :, None] & piece.real[:, None, :]
    Phi = np.where(both, piece.Phi / scale[:, None, None], np.eye(piece.Phi.shape[1]))
    Lower = np.linalg.cholesky(Phi)
    left, middle = low_rank(piece, clusters)
    white = np.linalg.solve(Lower, left / np.sqrt(scale)[:, None, None])
    T = np.eye(Phi.shape[1]) - white @ middle @ np.swapaxes(white, 1, 2)
    t, V = np.linalg.eigh(0.5 * (T + np.swapaxes(T, 1, 2)))
    kept = t > NULL
    F = np.swapaxes(Lower, 1, 2) @ Lower @ (V * np.sqrt(np.where(kept, t, 0.0))[:, None, :])
    U, s, _ = np.linalg.svd(F)
    inside = np.arange(s.shape[1]) < kept.sum(axis=1)[:, None]
    root = np.where(inside, 1.0 / np.where(inside, s, 1.0), 0.0)
    return np.asarray(Lower @ ((U * root[:, None, :]) @ np.swapaxes(U, 1, 2)) @ np.swapaxes(Lower, 1, 2))


def _jackknife(piece: Piece, M: Floats) -> Floats:
    """(I - H_jj)^-1 = R^-1 (I - R X M X'R')^-1 R with R'R = W_j; what a cluster alone determines is left out."""
    R = np.swapaxes(np.linalg.cholesky(piece.W), 1, 2)
    RX = R @ piece.X
    T = np.eye(R.shape[1]) - RX @ M @ np.swapaxes(RX, 1, 2)
    t, V = np.linalg.eigh(0.5 * (T + np.swapaxes(T, 1, 2)))
    inverse = np.where(t > NULL, 1.0 / np.where(t > NULL, t, 1.0), 0.0)
    return np.asarray(np.linalg.solve(R, (V * inverse[:, None, :]) @ np.swapaxes(V, 1, 2) @ R))
