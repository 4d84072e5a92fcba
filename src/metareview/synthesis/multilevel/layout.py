"""Which blocks are written out, and which large ones are kept as small pieces with few levels between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from metareview.synthesis.multilevel.lowrank import LowRank
from metareview.synthesis.multilevel.places import Codes
from metareview.synthesis.multilevel.stacks import Stack, blocks, check_size, stacks
from metareview.synthesis.multilevel.terms import Term
from metareview.synthesis.wls import Floats

SMALL = 128
SPREAD = 1e-12
PIECES, LEVELS = 20.0, 10.0


def arrange(
    y: Floats, X: Floats, V: sparse.csr_array, terms: tuple[Term, ...], members: Sequence[Codes]
) -> tuple[Stack | LowRank, ...]:
    """The blocks of a model in whichever form costs least.

    Arguments:
        y: shape (k,). X: shape (k, p). V: shape (k, k). members: the rows of each block.

    Raises:
        MetareviewError: a block is too large to write out and has no cheaper form.
    """
    large = {n: found for n, rows in enumerate(members) if (found := _low_rank(y, X, V, terms, rows)) is not None}
    rest = [rows for n, rows in enumerate(members) if n not in large]
    check_size(max((rows.size for rows in rest), default=0))
    return (*stacks(y, X, V, rest), *large.values())


def _low_rank(y: Floats, X: Floats, V: sparse.csr_array, terms: tuple[Term, ...], rows: Codes) -> LowRank | None:
    """A block as pieces and levels, or None where it is better written out."""
    if rows.size <= SMALL:
        return None
    inner = sparse.csr_array(V[rows][:, rows])
    far, pieces = _cheapest(inner, terms, rows)
    if not far.any() or not _definite(inner):
        return None
    real = np.ones((1, rows.size), dtype=bool)
    inside = tuple(stacks(y, X, V, [rows[piece] for piece in pieces]))
    return LowRank(rows[None], real, y[rows][None], X[rows][None], inside, tuple(far.tolist()))


def _cheapest(inner: sparse.csr_array, terms: tuple[Term, ...], rows: Codes) -> tuple[Codes, list[Codes]]:
    """Which terms to leave between pieces, and the pieces, by what inverting both costs: cubes of their sizes.

    The terms whose levels hold the fewest effects go into the pieces first; with all of them inside there is one piece.
    """
    n = rows.size
    largest = [int(np.bincount(term.ties[rows]).max()) for term in terms]
    levels = np.array([np.unique(term.columns[rows]).size for term in terms])
    order = np.argsort(largest, kind="stable")
    best, price = (np.zeros(len(terms), dtype=bool), [np.arange(n)]), float(n) ** 3
    for inside in range(len(terms)):
        pieces = blocks(n, [terms[i].ties[rows] for i in order[:inside]], inner)
        far = ~np.isin(np.arange(len(terms)), order[:inside])
        cost = PIECES * sum(float(piece.size) ** 3 for piece in pieces) + LEVELS * float(levels[far].sum()) ** 3
        if cost < price:
            best, price = (far, pieces), cost
    return best


def _definite(V: sparse.csr_array) -> bool:
    """Whether V is positive definite and not too uneven to be inverted by itself."""
    n = V.shape[0]
    ends = [
        np.linalg.eigvalsh(piece.V)[piece.real.any(axis=1)]
        for piece in stacks(np.zeros(n), np.zeros((n, 0)), V, blocks(n, (), V))
    ]
    low, high = min(float(e.min()) for e in ends), max(float(e.max()) for e in ends)
    return low > SPREAD * high
