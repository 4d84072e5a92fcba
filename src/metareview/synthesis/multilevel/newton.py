"""Newton's method with the exact Hessian, for models whose covariance is linear but for UN terms.

In the entries of G the covariance is linear, so that its first derivatives give all of the Hessian there; the chain rule leads to
theta. One pass over the blocks then does for a step, and the search does not crawl where G loses its rank, as scoring does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from metareview.synthesis.multilevel.likelihood import At, Problem, at, score
from metareview.synthesis.multilevel.optimise import Mask, Optimum, limits, movable
from metareview.synthesis.multilevel.terms import Structured, Term
from metareview.synthesis.multilevel.unstructured import ENTRIES, FORMS
from metareview.synthesis.wls import Floats

STEPS, HALVINGS = 100, 40
GAIN = 1e-13


@dataclass(frozen=True, eq=False)
class Curved:
    """A problem, and the same with its UN terms in the entries of G."""

    problem: Problem
    flat: Problem

    def slopes(self, here: At) -> tuple[Floats, Floats]:
        """The gradient, shape (t,), and the Hessian, shape (t, t), of the log-likelihood."""
        parts = self.problem.split(here.theta)
        told = [_chain(term, theta) for term, theta in zip(self.problem.terms, parts, strict=True)]
        there = at(self.flat, np.concatenate([t[0] for t in told]))
        assert there is not None  # the covariance is that of `here`
        flat = score(self.flat, there, information=True)
        own = self.flat.split(flat.gradient)
        J = np.zeros((flat.gradient.size, here.theta.size))
        bent = np.zeros((here.theta.size, here.theta.size))
        row = column = 0
        for (_, first, second), A in zip(told, own, strict=True):
            rows, columns = slice(row, row + first.shape[1]), slice(column, column + first.shape[0])
            J[rows, columns] = first.T
            bent[columns, columns] = second @ A
            row, column = rows.stop, columns.stop
        return J.T @ flat.gradient, bent - J.T @ flat.observed @ J

    def maximise(self, start: Floats, held: Mask) -> Optimum | None:
        """The maximum from a start, shape (t,), with the held parameters as they are; None where there is no likelihood."""
        low, high = limits(self.problem)
        here = at(self.problem, np.clip(start, low, high))
        if here is None:
            return None
        for n in range(STEPS):
            gradient, H = self.slopes(here)
            may = movable(here.theta, gradient, low, high) & ~held
            step = np.zeros_like(gradient)
            step[may] = _uphill(H[np.ix_(may, may)], gradient[may])
            gain = float(gradient @ step)
            moved = None if gain < GAIN * (1.0 + abs(here.loglik)) else self._along(here, step, gradient, low, high)
            if moved is None:
                return Optimum(here, gain < 1e-9 * (1.0 + abs(here.loglik)), n, ~may, H)
            here = moved
        return Optimum(here, False, STEPS, ~may, H)

    def _along(self, here: At, step: Floats, gradient: Floats, low: Floats, high: Floats) -> At | None:
        """Along a step, halved until the likelihood rises; None where it does nowhere."""
        for n in range(HALVINGS):
            theta = np.clip(here.theta + 0.5**n * step, low, high)
            moved = at(self.problem, theta)
            if moved is not None and moved.loglik > here.loglik + 1e-4 * float(gradient @ (theta - here.theta)):
                return moved
        return None


def curved(problem: Problem) -> Curved | None:
    """A problem with its exact Hessian; None where a term is neither linear nor UN."""
    if not all(term.linear or _is_un(term) for term in problem.terms):
        return None
    terms = tuple(
        replace(t, structure=ENTRIES) if isinstance(t, Structured) and _is_un(t) else t for t in problem.terms
    )
    return Curved(problem, replace(problem, terms=terms))


def _is_un(term: Term) -> bool:
    return isinstance(term, Structured) and (term.structure == "UN" or term.structure in FORMS)


def _chain(term: Term, theta: Floats) -> tuple[Floats, Floats, Floats]:
    """What the flat problem has for theta, its derivative, shape (t, n), and its second derivatives, shape (t, t, n)."""
    t = theta.size
    if not (isinstance(term, Structured) and _is_un(term)):
        return theta, np.eye(t), np.zeros((t, t, t))
    low = np.tril_indices(len(term.levels))
    G, dG = term.between(theta)
    second = np.zeros((t, t, t))
    for a in range(t):
        h = 1e-5 * (max(abs(theta[a]), 1e-3 * float(np.max(np.abs(theta)))) or 1.0)
        move = np.zeros(t)
        move[a] = h
        ends = term.between(theta + move)[1], term.between(theta - move)[1]
        second[a] = (ends[0] - ends[1])[:, low[0], low[1]] / (2.0 * h)
    return G[low], dG[:, low[0], low[1]], second


def _uphill(H: Floats, gradient: Floats) -> Floats:
    """Newton's step with the signs of upward curvatures turned, so that it climbs from anywhere."""
    size = np.sqrt(np.maximum(np.abs(np.diag(H)), 1e-12 * np.max(np.abs(np.diag(H)), initial=1e-300)))
    values, vectors = np.linalg.eigh(H / np.outer(size, size))
    values = np.maximum(np.abs(values), 1e-10 * np.max(np.abs(values), initial=1e-300))
    return np.asarray(vectors @ ((vectors.T @ (gradient / size)) / values) / size)
