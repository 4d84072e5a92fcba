"""The working model of a fit: what robust variances, resampling and diagnostics need of any linear meta-analytic model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class Working:
    """A generalised least squares fit of y on X whose effects are independent between blocks.

    Attributes:
        y: effects, shape (k,). X: full-rank design, shape (k, p). terms: names of its columns. labels: one an effect.
        members: the rows of each block, each of shape (m,); together every row once.
        covariances: the marginal covariance of each block under the model (sampling and between), each of shape (m, m).
        weights: the weight matrix of each block; the inverse of its covariance unless the user chose others.
        WX: the weights times the design, shape (k, p); no block has to be written out for it.
        beta: coefficients, shape (p,). bread: (X'WX)^-1, shape (p, p).
    """

    y: Floats
    X: Floats
    terms: tuple[str, ...]
    labels: tuple[str, ...]
    members: tuple[NDArray[np.intp], ...]
    covariances: Sequence[Floats]
    weights: Sequence[Floats]
    WX: Floats
    beta: Floats
    bread: Floats

    @property
    def residuals(self) -> Floats:
        """y - X beta, shape (k,)."""
        return np.asarray(self.y - self.X @ self.beta)


def diagonal(
    y: Floats, variances: Floats, X: Floats, terms: Sequence[str], labels: Sequence[str], weights: Floats | None = None
) -> Working:
    """The working model of independent effects, a block each.

    Arguments:
        y: shape (k,). variances: sampling plus between-study variance, shape (k,). X: shape (k, p). weights: shape
            (k,); inverse variances when None.
    """
    w = 1.0 / variances if weights is None else weights
    bread = np.asarray(np.linalg.inv(X.T @ (w[:, None] * X)), dtype=np.float64)
    beta = bread @ (X.T @ (w * y))
    return Working(
        y,
        X,
        tuple(terms),
        tuple(labels),
        tuple(np.array([i]) for i in range(y.size)),
        tuple(np.array([[v]]) for v in variances),
        tuple(np.array([[x]]) for x in w),
        w[:, None] * X,
        beta,
        bread,
    )
