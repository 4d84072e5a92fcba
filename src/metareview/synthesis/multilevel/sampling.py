"""The sampling covariance of dependent effects in whatever form it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from metareview.errors import MetareviewError
from metareview.synthesis.multilevel.places import Codes
from metareview.synthesis.multilevel.stacks import pairs
from metareview.synthesis.wls import Floats


def imputed(vi: Floats, cluster: Codes, rho: float) -> sparse.csr_array:
    """Sampling covariances of rho sqrt(vi vj) between effects of one cluster.

    Arguments:
        vi: sampling variances, shape (k,). cluster: codes, shape (k,). rho: the assumed correlation, -1 to 1.

    Raises:
        MetareviewError: rho is no correlation.

    Source: Pustejovsky & Tipton (2022), Prevention Science 23, 425-438, the constant-correlation working model.
    """
    if not -1.0 <= rho < 1.0:
        raise MetareviewError(
            f"rho is the correlation of sampling errors, and is {rho!r}.", "Give a number from -1 to below 1."
        )
    order = np.argsort(cluster, kind="stable")
    sizes = np.unique(cluster, return_counts=True)[1]
    rows, columns = pairs(np.split(order, np.cumsum(sizes)[:-1]))
    values = np.where(rows == columns, vi[rows], rho * np.sqrt(vi[rows] * vi[columns]))
    return sparse.csr_array((values, (rows, columns)), shape=(vi.size, vi.size))


def as_sparse(V: Any, k: int) -> sparse.csr_array:
    """A covariance matrix, dense, sparse or in blocks (an object with `members` and `matrices`), as a sparse one.

    Raises:
        MetareviewError: it has another size than the k rows of the data, is not symmetric, or has values that are not finite.
    """
    if hasattr(V, "members") and hasattr(V, "matrices"):
        values = np.concatenate([np.ravel(block) for block in V.matrices])
        matrix = sparse.csr_array((values, pairs(V.members)), shape=(k, k))
    else:
        matrix = sparse.csr_array(V)
    if matrix.shape != (k, k):
        raise MetareviewError(
            f"V has shape {matrix.shape}, and the data have {k} rows.", "Give one row and column an effect."
        )
    if not np.all(np.isfinite(matrix.data)):
        raise MetareviewError("V holds values that are not finite.")
    if abs(matrix - matrix.T).max() > 1e-10 * abs(matrix).max():
        raise MetareviewError("V is not symmetric.")
    return matrix
