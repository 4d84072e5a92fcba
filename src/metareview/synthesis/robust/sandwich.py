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
TINY = 1e-12


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
            hat = piece.X @ M @ np.swapaxes(piece.X, 1, 2) @ piece.W
            E = np.swapaxes(_inverse(np.eye(hat.shape[1]) - hat), 1, 2) @ WXM
        else:
            E = math.sqrt(factor) * WXM
        influence = np.einsum("gmp,gm->gp", E, piece.e)
        middle += influence.T @ influence
        estimating.append(E)
    return Sandwich(kind, middle, tuple(estimating))


def residual_covariance(piece: Piece, clusters: Clusters) -> Floats:
    """The covariance of the residuals of each cluster under the working model, shape (g, m, m)."""
    left, mid = low_rank(piece, clusters)
    return np.asarray(piece.Phi - left @ mid @ np.swapaxes(left, 1, 2))


def low_rank(piece: Piece, clusters: Clusters) -> tuple[Floats, Floats]:
    """L of each cluster, shape (g, m, 2p), and B, shape (2p, 2p), so that residuals of clusters i and j have the covariance
    (i = j) Phi_j - L_i B L_j'.
    """
    M = clusters.bread
    K = piece.Phi @ piece.W @ piece.X
    zero = np.zeros_like(M)
    return np.concatenate([piece.X, K], axis=2), np.block([[-M @ clusters.meat @ M, M], [M, zero]])


def _unbiased(piece: Piece, clusters: Clusters) -> Floats:
    """A_j = D'B^(-1/2)D with D the Cholesky factor of Phi_j (D'D = Phi_j) and B = D Cov(e_j) D'."""
    D = np.swapaxes(np.linalg.cholesky(piece.Phi), 1, 2)
    B = D @ residual_covariance(piece, clusters) @ np.swapaxes(D, 1, 2)
    values, vectors = np.linalg.eigh(0.5 * (B + np.swapaxes(B, 1, 2)))
    floor = TINY * np.maximum(values[:, -1:], 0.0)
    root = np.where(values > floor, 1.0 / np.sqrt(np.where(values > floor, values, 1.0)), 0.0)
    return np.asarray(np.swapaxes(D, 1, 2) @ ((vectors * root[:, None, :]) @ np.swapaxes(vectors, 1, 2)) @ D)


def _inverse(matrices: Floats) -> Floats:
    """Inverses, with the pseudo-inverse where a cluster alone determines a coefficient."""
    return np.asarray(np.linalg.pinv(matrices, rcond=1e-10))
