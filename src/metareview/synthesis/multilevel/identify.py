"""Whether the effects can tell the variances and correlations that a model asks for.

The expected information of the parameters, at a point inside their bounds, has a null direction where other values give the
same covariance of these effects. A variance or correlation that changes along it cannot be told, whatever the estimate says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse.csgraph import connected_components

from metareview.errors import MetareviewError
from metareview.synthesis.multilevel import describe
from metareview.synthesis.multilevel.likelihood import Problem, at, score
from metareview.synthesis.multilevel.terms import Structured, Term
from metareview.synthesis.wls import Floats

NULL, MOVES, STEP = 1e-10, 1e-5, 1e-6
LARGE = 100
SIMPLER = "Use struct='CS', 'HCS' or 'DIAG', or join levels."


def check_unstructured(terms: Sequence[Term]) -> tuple[str, ...]:
    """Refuse UN of more levels than its clusters can span, and warn of more parameters than clusters.

    A q x q covariance estimated from the deviations of J clusters from their mean has rank J - 1 at most: with J <= q it is
    singular whatever the effects are. Above `LARGE` parameters, more of them than clusters are refused too: their search is long
    and ends nowhere.

    Raises:
        MetareviewError: naming the term, its levels and its clusters.
    """
    said = []
    for term in terms:
        if not (isinstance(term, Structured) and term.structure == "UN" and len(term.levels) > 1):
            continue
        q, J = len(term.levels), int(np.unique(term.outer).size)
        t, outer = q * (q + 1) // 2, term.name.split("|")[1]
        if q >= J:
            raise MetareviewError(
                f"UN of {term.name} has {t} variances and covariances of {q} levels, and {J} of {outer} cannot tell them: a "
                f"covariance of {q} levels takes at least {q + 1}.",
                SIMPLER,
            )
        if t > max(J, LARGE):
            raise MetareviewError(f"UN of {term.name} has {t} variances and covariances, for {J} of {outer}.", SIMPLER)
        if t > J:
            said.append(
                f"UN of {term.name} has {t} variances and correlations for {J} of {outer}: they are known poorly, and CS or HCS "
                "may say as much."
            )
    return tuple(said)


def confounded(problem: Problem, scale: float, held: Floats, known: Sequence[str]) -> tuple[str, ...]:
    """Sentences on variances and correlations that these effects cannot tell, or cannot tell apart.

    Arguments:
        scale: a typical variance between effects. held: values of parameters that are given, nan for the others, shape (t,).
        known: names of which it is said already.
    """
    theta, sizes = _inside(problem, scale, held)
    here = at(problem, theta)
    free = np.isnan(held)
    if here is None or not free.any():
        return ()
    J = score(problem, here, information=True).information * np.outer(sizes, sizes)
    null = _null(J[np.ix_(free, free)])
    if not null.shape[1]:
        return ()
    names, slopes = _slopes(problem, theta, sizes)
    moved = slopes[:, free] @ null
    length = np.linalg.norm(moved, axis=1)
    found = np.flatnonzero(length > MOVES * np.linalg.norm(slopes, axis=1))
    found = np.array([i for i in found if names[i] not in known], dtype=np.intp)
    unit = moved[found] / length[found][:, None]
    count, group = connected_components(np.abs(unit @ unit.T) > MOVES, directed=False)
    return tuple(_sentence([names[i] for i in found[group == g]]) for g in range(count))


def _inside(problem: Problem, scale: float, held: Floats) -> tuple[Floats, Floats]:
    """A point inside the bounds where no two parameters are alike, and the size of a step for each."""
    start = np.concatenate([term.start(scale) for term in problem.terms])
    kinds = [p.kind for p in problem.parameters]
    generic = start * (1.0 + 0.37 * np.modf(0.618034 * np.arange(1, start.size + 1))[0])
    for i, p in enumerate(problem.parameters):
        if p.kind == "correlation":
            generic[i] = p.low + 0.6 * (p.high - p.low)
    sizes = {"variance": scale, "factor": np.sqrt(scale), "correlation": 1.0}
    return np.where(np.isnan(held), generic, held), np.array([sizes[kind] for kind in kinds])


def _null(J: Floats) -> Floats:
    """An orthonormal basis of the directions without information, shape (t, n)."""
    size = np.sqrt(np.maximum(np.diag(J), 0.0))
    silent = size**2 < NULL * max(float(np.max(size**2, initial=0.0)), 1e-300)
    d = np.where(silent, 1.0, size)
    scaled = np.where(silent[:, None] | silent[None, :], 0.0, J / np.outer(d, d))
    values, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
    basis = vectors[:, values < NULL * max(float(values[-1]), 1.0)] / d[:, None]
    return np.linalg.qr(basis)[0]


def _slopes(problem: Problem, theta: Floats, sizes: Floats) -> tuple[list[str], Floats]:
    """Each variance and correlation by name, and how it changes with every parameter, shape (n, t)."""
    names, rows, first, terms = list[str](), list[Floats](), 0, problem.terms
    for term, own in zip(terms, problem.split(theta), strict=True):
        last = first + own.size
        names += describe.renamed(term, term.report(own), len(terms))
        slope = np.zeros((len(term.report(own)), theta.size))
        for j in range(own.size):
            move = np.zeros(own.size)
            move[j] = STEP * sizes[first + j]
            ends = [np.array(list(term.report(own + sign * move).values())) for sign in (1.0, -1.0)]
            slope[:, first + j] = (ends[0] - ends[1]) / (2.0 * STEP)
        rows.append(slope)
        first = last
    return names, np.concatenate(rows)


def _sentence(names: list[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} cannot be told from these effects: other values fit them as well. Leave it out."
    return (
        f"{', '.join(names[:-1])} and {names[-1]} cannot be told apart from these effects: other values fit them as well, and "
        "those shown are one choice. Leave one of them out."
    )
