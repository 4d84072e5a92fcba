"""Weights that are at least 0 and sum to 1, by constrained least squares, exact to rounding."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from metareview.effects.measure import Floats, Mask

RIDGE = 1e-8  # of the mean squared size of a column, only where the weights are not unique


def simplex_weights(A: Floats, b: Floats) -> tuple[Floats, bool]:
    """Minimise |A w - b| over w >= 0 with sum 1; A (m, J), b (m,). Returns w (J,) and whether it is the only one.

    As the weights sum to 1, A w - b = C w with C = A - b: the shortest point in the hull of C's columns. Non-negative
    least squares on C with a row of ones added and (0, ..., 0, 1) to meet has the same direction, so its solution
    divided by its sum is exact. The equations of the weights above 0 are then solved once more. Where several sets
    of weights fit alike, a negligible ridge chooses the most even of them.
    """
    C = A - b[:, None]
    size = float(np.sqrt(np.mean(C**2))) or 1.0
    C = C / size
    w = _nearest(C)
    fitted = np.linalg.norm(C @ w)
    support = w > 0
    unique = np.linalg.matrix_rank(np.vstack([C[:, support], np.ones(support.sum())])) == support.sum()
    unique = bool(unique and fitted > 1e-9 and not _idle(C, w).any())
    if not unique:
        w = _nearest(np.vstack([C, np.sqrt(RIDGE * len(C)) * np.eye(C.shape[1])]))
    return w, unique


def _nearest(C: Floats) -> Floats:
    """The weights of the shortest point in the hull of the columns of C (m, J)."""
    stacked = np.vstack([C, np.ones(C.shape[1])])
    target = np.append(np.zeros(len(C)), 1.0)
    u, _ = optimize.nnls(stacked, target, maxiter=100 * C.shape[1])
    support = u > 1e-10 * u.max()
    polished = np.linalg.lstsq(stacked[:, support], target, rcond=None)[0]
    w = np.zeros(C.shape[1])
    w[support] = polished if (polished > 0).all() else u[support]
    return np.asarray(w / w.sum())


def _idle(C: Floats, w: Floats) -> Mask:
    """Weights that are 0 but could be raised without loss: their gradient equals that of the weights in use."""
    gradient = C.T @ (C @ w)
    level = float(gradient @ w)
    return np.asarray((w == 0) & (gradient - level < 1e-9 * max(abs(level), 1e-12)))
