"""The (restricted) likelihood of a linear mixed model in blocks, with its score and expected information.

With S the covariance, W its inverse and P = W - WX(X'WX)^-1X'W, the restricted score of a parameter with derivative D of S
is -(tr(PD) - y'PDPy) / 2, and the expected information of two of them tr(P D P D') / 2 (Searle, Casella & McCulloch 1992,
Variance Components, section 6.6); for the likelihood itself W stands for P in the traces.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from metareview.synthesis.multilevel.stacks import Stack
from metareview.synthesis.multilevel.structures import Parameter
from metareview.synthesis.multilevel.terms import Term
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class At:
    """The model at one theta: beta of shape (p,), bread (X'WX)^-1, the log-likelihood, and W of each stack."""

    theta: Floats
    beta: Floats
    bread: Floats
    loglik: float
    weights: tuple[Floats, ...]


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be maximised: stacks of blocks, terms, k effects, p coefficients, restricted or not.

    `ceiling` is a variance that no data of this spread can mean: a component that reaches it cannot be told from the data.
    """

    stacks: tuple[Stack, ...]
    terms: tuple[Term, ...]
    k: int
    p: int
    restricted: bool
    log_det_xx: float
    ceiling: float

    @cached_property
    def prepared(self) -> list[list[Any]]:
        """What each term makes of each stack once and for all."""
        return [[term.prepare(stack) for term in self.terms] for stack in self.stacks]

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

    def covariances(self, theta: Floats) -> list[Floats]:
        """The covariance of the effects in each stack, shapes (g, m, m)."""
        parts = self.split(theta)
        return [
            sum((t.covariance(x, c)[0] for t, x, c in zip(self.terms, parts, cache, strict=True)), start=stack.V)
            for stack, cache in zip(self.stacks, self.prepared, strict=True)
        ]


def at(problem: Problem, theta: Floats) -> At | None:
    """The model at theta, or None where the covariance is not positive definite."""
    p = problem.p
    xwx, xwy, log_det = np.zeros((p, p)), np.zeros(p), 0.0
    weights = []
    for stack, S in zip(problem.stacks, problem.covariances(theta), strict=True):
        try:
            factor = np.linalg.cholesky(S)
        except np.linalg.LinAlgError:
            return None
        log_det += 2.0 * float(np.sum(np.log(np.diagonal(factor, axis1=1, axis2=2))))
        inverse = np.linalg.inv(S)
        W: Floats = np.asarray(0.5 * (inverse + np.swapaxes(inverse, 1, 2)), dtype=np.float64)
        WX = W @ stack.X
        xwx += np.einsum("gmp,gmq->pq", stack.X, WX)
        xwy += np.einsum("gmp,gm->p", WX, stack.y)
        weights.append(W)
    try:
        inner = np.linalg.inv(xwx)
    except np.linalg.LinAlgError:
        return None
    bread: Floats = np.asarray(0.5 * (inner + inner.T), dtype=np.float64)
    beta = bread @ xwy
    beta = beta + bread @ _gradient(problem, weights, beta)
    rss = sum(float(np.einsum("gm,gmn,gn->", r, W, r)) for r, W in zip(_residuals(problem, beta), weights, strict=True))
    sign, log_det_bread = np.linalg.slogdet(bread)
    if not (sign > 0 and math.isfinite(log_det) and math.isfinite(rss)):
        return None
    n = problem.k - (p if problem.restricted else 0)
    loglik = -0.5 * (n * math.log(2.0 * math.pi) + log_det + rss)
    if problem.restricted:
        loglik += 0.5 * (problem.log_det_xx + float(log_det_bread))
    return At(np.asarray(theta, dtype=float), beta, bread, loglik, tuple(weights))


def _residuals(problem: Problem, beta: Floats) -> list[Floats]:
    return [stack.y - stack.X @ beta for stack in problem.stacks]


def _gradient(problem: Problem, weights: Sequence[Floats], beta: Floats) -> Floats:
    """X'W(y - X beta): one step of refinement for the coefficients."""
    out = np.zeros(problem.p)
    for stack, W, r in zip(problem.stacks, weights, _residuals(problem, beta), strict=True):
        out += np.einsum("gmp,gmn,gn->p", stack.X, W, r)
    return out


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
    gradient, crossed, curved = np.zeros(t), np.zeros((t, t)), np.zeros((t, t))
    outer, middle, ends = np.zeros((t, p, p)), np.zeros((t, t, p, p)), np.zeros((t, p))
    parts = problem.split(here.theta)
    residuals = _residuals(problem, here.beta)
    for stack, cache, W, r in zip(problem.stacks, problem.prepared, here.weights, residuals, strict=True):
        D = [d for term, x, c in zip(problem.terms, parts, cache, strict=True) for d in term.covariance(x, c)[1]]
        Wr, WX = (W @ r[:, :, None])[:, :, 0], W @ stack.X
        DWr = [(d @ Wr[:, :, None])[:, :, 0] for d in D]
        DWX = [d @ WX for d in D]
        for i, d in enumerate(D):
            gradient[i] += float(np.sum(Wr * DWr[i])) - float(np.sum(W * d))
            outer[i] += _product(WX, DWX[i])
        if information:
            for i in range(t):
                ends[i] += np.einsum("gmp,gm->p", WX, DWr[i])
            _add_information(crossed, middle, W, D, DWX)
            _add_curvature(curved, W, DWr)
    if problem.restricted:
        gradient += np.einsum("pq,tqp->t", here.bread, outer)
    if not information:
        return Slope(0.5 * gradient, crossed, curved)
    if problem.restricted:
        crossed -= 2.0 * np.einsum("pq,stqp->st", here.bread, middle)
        both = here.bread @ outer
        crossed += np.einsum("spq,tqp->st", both, both)
    curved -= ends @ here.bread @ ends.T
    return Slope(0.5 * gradient, 0.5 * crossed, curved - 0.5 * crossed)


def _product(left: Floats, right: Floats) -> Floats:
    """Sum over blocks of left' right, shapes (g, m, p) to (p, p)."""
    p = left.shape[2]
    return np.asarray(left.reshape(-1, p).T @ right.reshape(-1, p))


def _add_information(crossed: Floats, middle: Floats, W: Floats, D: list[Floats], DWX: list[Floats]) -> None:
    WD = [W @ d for d in D]
    for i in range(len(D)):
        for j in range(i + 1):
            crossed[i, j] += float(np.sum(WD[i] * np.swapaxes(WD[j], 1, 2)))
            crossed[j, i] = crossed[i, j]
            middle[i, j] += _product(DWX[i], W @ DWX[j])
            middle[j, i] = middle[i, j].T


def _add_curvature(curved: Floats, W: Floats, DWr: list[Floats]) -> None:
    """Add r'W D W D' W r, which the projection on X is still to be taken from."""
    WDWr = [(W @ d[:, :, None])[:, :, 0] for d in DWr]
    for i in range(len(DWr)):
        for j in range(i + 1):
            curved[i, j] += float(np.sum(DWr[i] * WDWr[j]))
            curved[j, i] = curved[i, j]
