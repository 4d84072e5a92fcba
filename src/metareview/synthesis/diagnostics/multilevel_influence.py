"""Influence of clusters on a multilevel or multivariate model, refitted without each of them.

Effects that are left out become padding of the blocks they were in: the terms of the model and the search stay as
    they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metareview.synthesis.diagnostics.cluster_influence import ClusterInfluence, codes, quadratic, tails
from metareview.synthesis.diagnostics.influence import distance, lost
from metareview.synthesis.multilevel.likelihood import At, Problem, at
from metareview.synthesis.multilevel.optimise import maximise
from metareview.synthesis.multilevel.terms import Intercepts
from metareview.synthesis.wls import Floats

RANK = 1e-10


@dataclass(frozen=True, eq=False)
class _Deleted:
    """A fit without a cluster: the model there (None where it cannot be fitted), whether it converged, Q of the
    rest.
    """

    at: At | None
    converged: bool
    Q: float


def without(problem: Problem, X: Floats, gone: NDArray[np.bool_]) -> Problem | None:
    """The problem without some of its k effects, `gone` of shape (k,); None where the rest does not tell the
    coefficients apart.
    """
    left = X[~gone]
    norms = np.sqrt(np.sum(left**2, axis=0))
    values = np.linalg.svd(left / np.where(norms > 0, norms, 1.0), compute_uv=False)
    if left.shape[0] <= left.shape[1] or not (norms > 0).all() or values[-1] < RANK:
        return None
    log_det = float(np.linalg.slogdet(left.T @ left)[1])
    parts = tuple(part.without(gone) for part in problem.parts)
    return replace(problem, parts=parts, k=left.shape[0], log_det_xx=log_det)


def multilevel_influence(result: Any, cluster: Sequence[Any] | None, *, reestimate: bool) -> ClusterInfluence:
    """The diagnostics of clusters of a `MultilevelResult`; arguments as for `influence`.

    A deleted residual sets an effect against what the other clusters say of the mean; what correlation with effects
    of other clusters (crossed factors, or shared sampling errors) might tell is not used.
    """
    problem, full = result.problem, result.optimum.at
    k = result.k
    of, names = codes(_first(problem) if cluster is None else cluster, k)
    fits = [_delete(result, of == c, reestimate) for c in range(len(names))]
    rows = [np.flatnonzero(of == c) for c in range(len(names))]
    found = [_one(result, d, r) for d, r in zip(fits, rows, strict=True)]
    rstandard, X2_standard = _standard(result, rows)
    rstudent = np.full(k, np.nan)
    for r, one in zip(rows, found, strict=True):
        rstudent[r] = one["rstudent"]
    get = {
        name: np.array([one[name] for one in found])
        for name in ("X2", "estimate", "se", "errors", "cov_r", "theta", "Q")
    }
    moved = full.beta - get["estimate"]
    sizes = np.bincount(of)
    ok = np.array([d.at is not None for d in fits])
    warnings = list(lost(ok, names))
    stuck = [n for n, d in zip(names, fits, strict=True) if d.at is not None and not d.converged]
    if stuck:
        warnings.append(f"The search did not converge without {', '.join(stuck)}.")
    return ClusterInfluence(
        result.labels, tuple(names[c] for c in of), names, sizes, result.terms, tuple(result.components), rstandard, rstudent,
        X2_standard, get["X2"], tails(get["X2"], sizes), distance(moved, result.working.bread), get["cov_r"],
        moved / get["errors"], get["estimate"], get["se"], get["theta"], get["Q"], tuple(warnings),
    )  # fmt: skip


def _first(problem: Problem) -> list[str]:
    """The level of each effect in the first factor of the random effects; a number where it has no name."""
    term = problem.terms[0]
    if isinstance(term, Intercepts):
        return [term.levels[x] for x in term.codes]
    return [str(x + 1) for x in term.outer]


def _delete(result: Any, gone: NDArray[np.bool_], reestimate: bool) -> _Deleted:
    problem = without(result.problem, result.working.X, gone)
    if problem is None:
        return _Deleted(None, False, np.nan)
    start = result.optimum.at.theta
    if not reestimate:
        return _Deleted(at(problem, start), True, _q(result, gone))
    scale = max(float(np.max(np.abs(start))), 0.1 * float(np.median(result.vi)))
    found = maximise(problem, [start, *_again(problem, scale)], scale)
    return _Deleted(found.at, found.converged, _q(result, gone)) if found else _Deleted(None, False, np.nan)


def _again(problem: Problem, scale: float) -> list[Floats]:
    """A second start, because from a variance of 0 no search gets away."""
    return [np.concatenate([term.start(scale / len(problem.terms)) for term in problem.terms])]


def _q(result: Any, gone: NDArray[np.bool_]) -> float:
    """The test of heterogeneity of the rest: the residual sum of squares at the sampling covariance alone."""
    problem = without(result.problem, result.working.X, gone)
    assert problem is not None
    here = at(problem, np.zeros(len(problem.parameters)))
    return np.nan if here is None else here.rss


def _one(result: Any, d: _Deleted, rows: NDArray[np.intp]) -> dict[str, Any]:
    p, t = result.p, len(result.components)
    if d.at is None:
        lost_p = np.full(p, np.nan)
        return {"rstudent": np.full(rows.size, np.nan), "X2": np.nan, "estimate": lost_p, "se": lost_p, "errors": lost_p,
                "cov_r": np.nan, "theta": np.full(t, np.nan), "Q": np.nan}  # fmt: skip
    X = result.working.X[rows]
    whole = at(result.problem, d.at.theta)
    assert whole is not None
    S = whole.covariance(rows) + X @ d.at.bread @ X.T
    resid = result.yi[rows] - X @ d.at.beta
    bread = result.working.bread
    return {
        "rstudent": resid / np.sqrt(np.diag(S)),
        "X2": quadratic(resid, S),
        "estimate": d.at.beta,
        "se": np.sqrt(np.diag(d.at.bread)),
        "errors": np.sqrt(np.diag(whole.bread)),
        "cov_r": float(np.exp(np.linalg.slogdet(d.at.bread)[1] - np.linalg.slogdet(bread)[1])),
        "theta": components(result, d.at.theta),
        "Q": d.Q,
    }


def components(result: Any, theta: Floats) -> Floats:
    """The variances and correlations at theta, in the order of `result.components`."""
    problem = result.problem
    values = [term.report(part).values() for term, part in zip(problem.terms, problem.split(theta), strict=True)]
    return np.array([float(x) for some in values for x in some])


def _standard(result: Any, rows: list[NDArray[np.intp]]) -> tuple[Floats, Floats]:
    rstandard, X2 = np.full(result.k, np.nan), np.full(len(rows), np.nan)
    residuals = result.working.residuals
    for c, r in enumerate(rows):
        X = result.working.X[r]
        marginal = result.optimum.at.covariance(r)
        S = marginal - X @ result.working.bread @ X.T
        free = np.diag(S) > 1e-14 * np.diag(marginal)
        rstandard[r[free]] = residuals[r[free]] / np.sqrt(np.diag(S)[free])
        X2[c] = quadratic(residuals[r], S)
    return rstandard, X2
