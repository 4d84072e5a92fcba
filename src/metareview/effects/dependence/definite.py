"""Whether correlation matrices are positive definite, and the nearest one that is."""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Floats, Mask
from metareview.errors import MetareviewError

SMALLEST = 1e-8  # an eigenvalue below this is no information a computer could use
MOST_STEPS = 10_000


def not_definite(correlation: Floats) -> Mask:
    """Which of a stack of correlation matrices, shape (blocks, m, m), have an eigenvalue not above 0 (1e-10)."""
    return np.asarray(np.linalg.eigvalsh(correlation)[:, 0] <= 1e-10)


def nearest_correlation(matrix: Floats) -> Floats:
    """The positive definite matrix with ones on the diagonal nearest to a symmetric `matrix`, shape (m, m).

    Alternating projections onto the matrices with no eigenvalue below `SMALLEST` and onto those with a unit diagonal, with
    Dykstra's correction. Source: Higham (2002), IMA Journal of Numerical Analysis 22, algorithm 3.3.

    Raises MetareviewError when it does not settle.
    """
    found, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(MOST_STEPS):
        before = found
        raised = _raise_eigenvalues(before - correction)
        correction = raised - (before - correction)
        found = raised.copy()
        np.fill_diagonal(found, 1.0)
        if np.abs(found - before).max() < 1e-12:
            break
    else:
        raise MetareviewError("The nearest positive definite matrix was not found.", "Look at the coded correlations.")
    found = _raise_eigenvalues(found)
    scale = 1 / np.sqrt(np.diag(found))
    return np.asarray(found * scale[:, None] * scale)


def _raise_eigenvalues(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, SMALLEST)) @ vectors.T)
