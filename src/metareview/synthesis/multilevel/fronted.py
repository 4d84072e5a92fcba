"""A fitted UN term rearranged so that one of its variances or correlations is a parameter of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from metareview.synthesis.multilevel.structures import EDGE, STRUCTURES
from metareview.synthesis.multilevel.terms import Structured
from metareview.synthesis.multilevel.unstructured import CORRELATION, VARIANCE
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class Fronted:
    """A UN term with one component in front.

    Attributes:
        term: of the same covariances. theta: where they are those of the fit, shape (t,). inside: the same, drawn away from where
            correlations are 1 or -1, which a search cannot leave. which: the place of the component in theta. lost: the
            places of what has no meaning where the component is 0.
    """

    term: Structured
    theta: Floats
    inside: Floats
    which: int
    lost: tuple[int, ...]


def fronted(term: Structured, theta: Floats, first: tuple[int, ...], scale: float) -> Fronted:
    """A UN term with the variance of one level in front, or the correlation of two.

    Arguments:
        theta: the Cholesky factor of the fit. first: the level, or the two. scale: a typical variance, above 0.
    """
    q = len(term.levels)
    order = np.array([*first, *(i for i in range(q) if i not in first)])
    G = STRUCTURES["UN"].value(theta, np.zeros(q))[0][np.ix_(order, order)]
    form = VARIANCE if len(first) == 1 else CORRELATION
    moved = replace(
        term, structure=form, inner=np.argsort(order)[term.inner], levels=tuple(term.levels[i] for i in order.tolist())
    )
    size = np.diag(G)
    drawn = 0.9 * G + np.diag(np.maximum(0.1 * size, 0.01 * scale))
    column = np.tril_indices(q)[1]
    lost = tuple(np.flatnonzero(column == 0)[1:].tolist()) if form == VARIANCE else ()
    return Fronted(moved, _from(G, form), _from(drawn, form), len(first) - 1, lost)


def _from(G: Floats, form: str) -> Floats:
    """Theta of a covariance matrix, which may be singular."""
    values, vectors = np.linalg.eigh(G)
    L = np.linalg.qr((vectors * np.sqrt(np.maximum(values, 0.0))).T)[1].T
    L = L * np.where(np.diag(L) < 0, -1.0, 1.0)
    theta = L[np.tril_indices(G.shape[0])]
    if form == VARIANCE:
        theta[0] = G[0, 0]
    else:
        s1, s2 = np.sqrt(np.diag(G)[:2])
        theta[:3] = s1, np.clip(G[0, 1] / (s1 * s2), -EDGE, EDGE) if s1 * s2 > 0 else 0.0, s2
    return np.asarray(theta)
