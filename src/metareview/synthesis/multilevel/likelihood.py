"""The (restricted) likelihood of a linear mixed model in blocks, with its score and expected information.

With S the covariance, W its inverse and P = W - WX(X'WX)^-1X'W, the restricted score of a parameter with derivative D of S
is -(tr(PD) - y'PDPy) / 2, and the expected information of two of them tr(P D P D') / 2 (Searle, Casella & McCulloch 1992,
Variance Components, section 6.6); for the likelihood itself W stands for P in the traces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from metareview.synthesis.multilevel.dense import Dense, DenseAt, product
from metareview.synthesis.multilevel.lowrank import LowRank, Woodbury
from metareview.synthesis.multilevel.lowrank_at import LowRankAt
from metareview.synthesis.multilevel.places import Codes
from metareview.synthesis.multilevel.stacks import Stack
from metareview.synthesis.multilevel.structures import Parameter
from metareview.synthesis.multilevel.terms import Term
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class At:
    """The model at one theta: beta of shape (p,), bread (X'WX)^-1, the residual sum of squares, the log-likelihood, and the
    parts of the data there.
    """

    theta: Floats
    beta: Floats
    bread: Floats
    rss: float
    loglik: float
    parts: tuple[DenseAt | LowRankAt, ...]

    def covariance(self, rows: Codes) -> Floats:
        """The marginal covariance of some effects, shape (m, m)."""
        place = np.full(1 + max(int(part.blocks.places.rows.max()) for part in self.parts), -1)
        place[rows] = np.arange(rows.size)
        out = np.zeros((rows.size, rows.size))
        for part in self.parts:
            part.fill(out, place)
        return out


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be maximised: parts of the data that are independent of each other (stacks of blocks, or one large block),
    terms, k effects, p coefficients, restricted or not.

    `ceiling` is a variance that no data of this spread can mean: a component that reaches it cannot be told from the data.
    """

    parts: tuple[Stack | LowRank, ...]
    terms: tuple[Term, ...]
    k: int
    p: int
    restricted: bool
    log_det_xx: float
    ceiling: float

    @cached_property
    def bound(self) -> tuple[Dense | Woodbury, ...]:
        """The parts with what each term makes of them once and for all."""
        return tuple(part.bind(self.terms) for part in self.parts)

    @property
    def linear(self) -> bool:
        """Whether the covariance is linear in every parameter."""
        return all(p.kind == "variance" for p in self.parameters) and all(t.linear for t in self.terms)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter, term by term."""
        return tuple(p for term in self.terms for p in term.parameters)

    def split(self, theta: Floats) -> list[Floats]:
        """Theta as the part of each term."""
        ends = np.cumsum([len(term.parameters) for term in self.terms])
        return np.split(theta, ends[:-1])


def at(problem: Problem, theta: Floats) -> At | None:
    """The model at theta, or None where the covariance is not positive definite."""
    p = problem.p
    pieces = problem.split(theta)
    parts, gram = list[DenseAt | LowRankAt](), np.zeros((p + 1, p + 1))
    for bound, part in zip(problem.bound, problem.parts, strict=True):
        found = bound.at(pieces)
        if found is None:
            return None
        parts.append(found)
        gram += found.gram(_beside(part.X, part.y))
    try:
        inner = np.linalg.inv(gram[:p, :p])
    except np.linalg.LinAlgError:
        return None
    bread: Floats = np.asarray(0.5 * (inner + inner.T), dtype=np.float64)
    beta = bread @ gram[:p, p]
    left = _residual_gram(problem, parts, beta)
    beta, rss = beta + bread @ left[:p, p], float(left[p, p] - left[:p, p] @ bread @ left[:p, p])
    log_det = sum(part.log_det for part in parts)
    sign, log_det_bread = np.linalg.slogdet(bread)
    if not (sign > 0 and math.isfinite(log_det) and math.isfinite(rss)):
        return None
    n = problem.k - (p if problem.restricted else 0)
    loglik = -0.5 * (n * math.log(2.0 * math.pi) + log_det + rss)
    if problem.restricted:
        loglik += 0.5 * (problem.log_det_xx + float(log_det_bread))
    return At(np.asarray(theta, dtype=float), beta, bread, rss, loglik, tuple(parts))


def _beside(X: Floats, y: Floats) -> Floats:
    return np.concatenate([X, y[:, :, None]], axis=2)


def _residual_gram(problem: Problem, parts: list[DenseAt | LowRankAt], beta: Floats) -> Floats:
    """[X r]'W[X r] with the residuals r = y - X beta: X'Wr is one step of refinement for the coefficients."""
    found = (
        there.gram(_beside(part.X, part.y - part.X @ beta)) for part, there in zip(problem.parts, parts, strict=True)
    )
    return np.asarray(sum(found, start=np.zeros((problem.p + 1, problem.p + 1))))


@dataclass(frozen=True, eq=False)
class Slope:
    """Derivatives of the log-likelihood: the score, shape (t,), and, where asked for, the expected information and minus the
    part of the Hessian that the first derivatives of the covariance give, shapes (t, t); the latter is all of minus the
    Hessian where the covariance is linear in theta.
    """

    gradient: Floats
    information: Floats
    observed: Floats


def score(problem: Problem, here: At, *, information: bool = False) -> Slope:
    """The score at a point, and the information unless it is not asked for (zeros then)."""
    t, p = len(problem.parameters), problem.p
    traces, crossed = np.zeros(t), np.zeros((t, t))
    once, twice = np.zeros((t, p + 1, p + 1)), np.zeros((t, t, p + 1, p + 1))
    for part, there in zip(problem.parts, here.parts, strict=True):
        D = there.derivatives()
        WB = there.solve(_beside(part.X, part.y - part.X @ here.beta))
        DWB = [d @ WB for d in D]
        first, second = there.traces(D, second=information)
        traces += first
        crossed += second
        once += np.array([product(WB, one) for one in DWB])
        if information:
            WDWB = [there.solve(one) for one in DWB]
            twice += np.array([[product(one, other) for other in WDWB] for one in DWB])
    gradient, outer = once[:, p, p] - traces, once[:, :p, :p]
    if problem.restricted:
        gradient += np.einsum("pq,tqp->t", here.bread, outer)
    if not information:
        return Slope(0.5 * gradient, crossed, crossed)
    if problem.restricted:
        both = here.bread @ outer
        crossed += np.einsum("spq,tqp->st", both, both) - 2.0 * np.einsum(
            "pq,stqp->st", here.bread, twice[:, :, :p, :p]
        )
    ends = once[:, :p, p]
    curved = twice[:, :, p, p] - ends @ here.bread @ ends.T
    return Slope(0.5 * gradient, 0.5 * crossed, curved - 0.5 * crossed)
