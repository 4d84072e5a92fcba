"""What the second engine says of a fitted multilevel model: its log-likelihood, its score, and what a search of its own finds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from metareview.synthesis.multilevel.full_matrix import Codes, Dense, dense
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    from metareview.synthesis.multilevel.results import MultilevelResult

Mask = NDArray[np.bool_]
LARGEST = 500
BETTER = 1e-6
FLAT = 1e-7
NEAR = 1e-6


def compare(result: MultilevelResult) -> dict[str, float]:
    """How far the second engine is from a fit, by quantity; {} for more than LARGEST effects or a fit that did not converge.

    "loglik": the difference of the log-likelihoods at the fit, relative to the larger of 1 and its size. "score": the
    largest slope of the dense log-likelihood at the fit, by central differences, times the standard error that its own
    curvature gives. "gain": by how much a search from another start ends higher. "components": the largest difference of a
    variance or covariance to where that search ends, relative to the larger of itself and the typical sampling variance; left
    out where the likelihood is so flat that components cannot be told from each other.
    """
    if result.k > LARGEST or not result.converged:
        return {}
    with np.errstate(all="ignore"):
        model = dense(result.yi, result.working.X, result.V, result.problem.terms, result.method == "REML")
        fit, held = _roots(result, model)
        found = {
            "loglik": abs(model.loglik(fit) - result.loglik) / max(1.0, abs(result.loglik)),
            "score": _score(model, fit, held),
        }
        other = _search(model, np.where(held, fit, _start(model)), held)
        if model.loglik(other) < result.loglik - BETTER:
            other = _search(model, np.where(held, fit, 1.1 * fit + np.where(fit == 0.0, 0.1, 0.0)), held)
        other, told = _polished(model, other, held)
    found["gain"] = max(0.0, model.loglik(other) - result.loglik)
    if told:
        found["components"] = _apart(model, fit, other, float(np.median(result.vi)))
    return found


def _roots(result: MultilevelResult, model: Dense) -> tuple[Floats, Mask]:
    """The fit in the terms of the second engine, and which of it was given."""
    names, own, held = list(result.components), [], list[bool]()
    for piece in model.pieces:
        mine, names = names[: piece.size], names[piece.size :]
        told = np.array([result.components[name] for name in mine])
        told[: piece.variances] /= model.unit**2
        own.append(piece.roots(told))
        held += [name in result.fixed for name in mine]
    return np.concatenate(own), np.array(held)


def _limits(model: Dense) -> tuple[Floats, Floats]:
    low, high = zip(*(limit for piece in model.pieces for limit in piece.bounds()), strict=True)
    return np.array(low), np.array(high)


def _start(model: Dense) -> Floats:
    """Half of the spread, shared by the terms, with correlations of .2."""
    found = []
    for piece in model.pieces:
        told = np.full(piece.size, 0.2)
        told[: piece.variances] = 0.5 / len(model.pieces)
        found.append(piece.roots(told))
    return np.concatenate(found)


def _inward(roots: Floats, slope: Floats, low: Floats, high: Floats) -> Mask:
    """Which roots can still move uphill."""
    return np.asarray(~(((roots <= low + NEAR) & (slope <= 0.0)) | ((roots >= high - NEAR) & (slope >= 0.0))))


def _score(model: Dense, fit: Floats, held: Mask) -> float:
    """The largest slope at the fit in standard errors, by central differences of the log-likelihood alone."""
    low, high = _limits(model)
    here = model.loglik(fit)
    slopes, curves = np.zeros(fit.size), np.ones(fit.size)
    for a in np.flatnonzero(~held & (fit < high - NEAR) & ~((fit > low) & (fit < low + NEAR))):
        move = np.zeros(fit.size)
        move[a] = 1e-4 * max(abs(fit[a]), 0.1)
        up, down, far, back = (model.loglik(fit + n * move) for n in (1, -1, 2, -2))
        slopes[a] = (8.0 * (up - down) - (far - back)) / (12.0 * move[a])
        curves[a] = abs(far - 2.0 * here + back) / (2.0 * move[a]) ** 2
    curves = np.maximum(curves, max(1.0, 1e-6 * float(np.max(curves))))
    return float(np.max(np.abs(slopes / np.sqrt(curves)) * _inward(fit, slopes, low, high), initial=0.0))


def _search(model: Dense, start: Floats, held: Mask) -> Floats:
    """L-BFGS-B from a start."""

    def minus(roots: Floats) -> tuple[float, Floats]:
        value, slope = model.slope(roots)
        return (-value, -slope) if math.isfinite(value) else (1e100, slope)

    low, high = _limits(model)
    bounds = [(s, s) if h else (a, b) for s, h, a, b in zip(np.clip(start, low, high), held, low, high, strict=True)]
    options: Any = {"maxiter": 500, "ftol": 1e-15, "gtol": 1e-8, "maxcor": 20}
    return np.asarray(optimize.minimize(minus, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x)


def _polished(model: Dense, roots: Floats, held: Mask) -> tuple[Floats, bool]:
    """Newton steps with the Hessian from differences of the slope, and whether it tells the roots from each other."""
    low, high = _limits(model)
    told = True
    for _ in range(4):
        value, slope = model.slope(roots)
        free = np.flatnonzero(_inward(roots, slope, low, high) & ~held)
        H = _hessian(model, roots, free)
        size = np.sqrt(np.maximum(np.abs(np.diag(H)), 1e-12))
        if not free.size or not np.all(np.isfinite(H)):
            break
        values, vectors = np.linalg.eigh(-H / np.outer(size, size))
        told = bool(values[0] > FLAT)
        if not told:
            break
        step = vectors @ ((vectors.T @ (slope[free] / size)) / values) / size
        moved = roots.copy()
        moved[free] = np.clip(roots[free] + step, low[free], high[free])
        if not model.loglik(moved) >= value - 1e-9 * (1.0 + abs(value)):
            break
        roots = moved
        if np.max(np.abs(step), initial=0.0) < 1e-9:
            break
    return roots, told


def _hessian(model: Dense, roots: Floats, free: Codes) -> Floats:
    H = np.zeros((free.size, free.size))
    for n, a in enumerate(free):
        move = np.zeros(roots.size)
        move[a] = 1e-5 * max(abs(roots[a]), 0.1)
        H[n] = (model.slope(roots + move)[1] - model.slope(roots - move)[1])[free] / (2.0 * move[a])
    return 0.5 * (H + H.T)


def _apart(model: Dense, fit: Floats, other: Floats, typical: float) -> float:
    """The largest difference of an entry of G between two points."""
    found = [0.0]
    for one, two in zip(model.betweens(fit), model.betweens(other), strict=True):
        sd = np.sqrt(np.diag(two))
        found.append(float(np.max(np.abs(one - two) / np.maximum(np.outer(sd, sd), typical))))
    return max(found)
