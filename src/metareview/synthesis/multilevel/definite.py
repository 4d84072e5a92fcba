"""Whether a sampling covariance is one at all: no combination of effects may have a negative variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from metareview.errors import MetareviewError
from metareview.synthesis.multilevel.places import Codes
from metareview.synthesis.multilevel.stacks import blocks, stacks
from metareview.synthesis.wls import Floats

ROUNDING = 1e-8
NAMED = 5


def check_rho(rho: float, cluster: Codes, names: Sequence[Any]) -> None:
    """Refuse a correlation that no m effects can have with each other: at or below -1 / (m - 1).

    Arguments:
        rho: the assumed correlation. cluster: codes, shape (k,). names: of the clusters, by code.

    Raises:
        MetareviewError: naming the largest cluster and the limit.
    """
    sizes = np.bincount(cluster)
    m = int(sizes.max(initial=1))
    if m > 1 and rho <= -1.0 / (m - 1):
        raise MetareviewError(
            f"{m} effects cannot all correlate by {rho:g} with each other, as those of {names[int(np.argmax(sizes))]} would.",
            f"With {m} effects in a cluster rho must be above -1/{m - 1} = {-1.0 / (m - 1):.4g}; correlations of sampling errors "
            "are seldom negative.",
        )


def check_covariance(V: sparse.csr_array, labels: Sequence[str], clusters: Sequence[Any]) -> tuple[str, ...]:
    """Refuse a V with a negative eigenvalue, block by block as correlations; return a sentence where one is 0.

    Arguments:
        V: shape (k, k), with positive variances. labels: of the effects. clusters: what messages call the group of each effect.

    Raises:
        MetareviewError: naming the block.
    """
    k = V.shape[0]
    variances = V.diagonal()
    if not np.all(variances > 0):
        return ()  # said where the variances are read
    scale = sparse.diags_array(1.0 / np.sqrt(variances))
    correlations = sparse.csr_array(scale @ V @ scale)
    singular: list[str] = []
    for piece in stacks(np.zeros(k), np.zeros((k, 1)), correlations, [b for b in blocks(k, (), V) if b.size > 1]):
        for rows, real, lowest in zip(piece.rows, piece.real, _lowest(piece.V), strict=True):
            group = _named(rows[real], labels, clusters)
            if lowest < -ROUNDING:
                raise MetareviewError(
                    f"V is no covariance matrix: some combination of the effects of {group} has a negative variance "
                    f"(as correlations, their smallest eigenvalue is {lowest:.3g}).",
                    "Check the covariances of these effects; `sampling_covariance` builds a V that is possible.",
                )
            singular += [group] if lowest <= ROUNDING else []
    more = f" and {len(singular) - NAMED} more" if len(singular) > NAMED else ""
    return (
        f"V is singular: some combination of the effects of {'; '.join(singular[:NAMED])}{more} has no sampling error at all.",
    ) * bool(singular)


def _lowest(V: Floats) -> Floats:
    """The smallest eigenvalue of each padded block, shape (g,); 1 where a Cholesky factor shows that it is above 0."""
    try:
        np.linalg.cholesky(V - 2.0 * ROUNDING * np.eye(V.shape[1]))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.eigvalsh(V)[:, 0])
    return np.ones(len(V))


def _named(rows: Codes, labels: Sequence[str], clusters: Sequence[Any]) -> str:
    groups = list(dict.fromkeys(str(clusters[i]) for i in rows))
    if len(groups) == 1:
        return groups[0]
    some = ", ".join(str(labels[i]) for i in rows[:NAMED])
    return f"{some}{' and others' if rows.size > NAMED else ''}"
