"""The maximum of a likelihood in blocks: Fisher scoring within bounds, polished by Newton's method.

Scoring needs only first derivatives and climbs from far; Newton with the Hessian from differences of the analytic score ends
at the optimum itself, so that results do not depend on the last digits of a linear-algebra library.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from metareview.synthesis.multilevel.likelihood import At, Problem, at, score
from metareview.synthesis.wls import Floats

Mask = NDArray[np.bool_]

SCORING, POLISHING = 200, 12
CLOSE, DONE = 1e-7, 1e-11


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where a search ended: the model there, whether it converged, how many steps it took, which parameters are at a bound."""

    at: At
    converged: bool
    iterations: int
    bound: Mask
    information: Floats


def maximise(problem: Problem, starts: list[Floats], scale: float, fixed: Mask | None = None) -> Optimum | None:
    """The best maximum from several starts.

    Arguments:
        starts: values of theta, each of shape (t,). scale: a typical variance, against which steps are small.
        fixed: True for parameters that keep their starting value, shape (t,).
    """
    held = np.zeros(len(problem.parameters), dtype=bool) if fixed is None else fixed.astype(bool)
    found = [o for o in (_climb(problem, start, scale, held) for start in starts) if o is not None]
    if not found:
        return None
    best = max(found, key=lambda o: (round(o.at.loglik, 9), o.converged))
    off = [n for n in np.flatnonzero(best.bound.astype(bool) & ~held) if problem.parameters[n].kind == "variance"]
    if fixed is None and off and len(problem.parameters) > 1:
        nudged = best.at.theta + np.isin(np.arange(best.at.theta.size), off) * 0.2 * scale
        other = _climb(problem, nudged, scale, held)
        if other is not None and other.at.loglik > best.at.loglik + 1e-9:
            best = other
    return best


def limits(problem: Problem) -> tuple[Floats, Floats]:
    """The least and the largest value of each parameter that a search may take, shapes (t,)."""
    tops = {"variance": problem.ceiling, "factor": np.sqrt(problem.ceiling), "correlation": np.inf}
    low = np.array([max(p.low, -tops[p.kind]) for p in problem.parameters])
    return low, np.array([min(p.high, tops[p.kind]) for p in problem.parameters])


def _climb(problem: Problem, start: Floats, scale: float, held: Mask) -> Optimum | None:
    low, high = limits(problem)
    here = at(problem, np.clip(start, low, high))
    if here is None:
        return None
    size = _sizes(problem, scale)
    iterations = 0
    while iterations < SCORING:
        iterations += 1
        slope = score(problem, here, information=True)
        gradient = slope.gradient
        free = movable(here.theta, gradient, low, high) & ~held
        if not free.any():
            break
        step = np.zeros_like(gradient)
        among = np.ix_(free, free)
        curvature = -slope.observed[among] if problem.linear else np.full_like(slope.information[among], np.nan)
        step[free] = _newton(curvature, slope.information[among], gradient[free])
        moved = _line(problem, here, step, gradient, low, high)
        if moved is None:
            break
        change = np.max(np.abs(moved.theta - here.theta) / (np.abs(here.theta) + size))
        here = moved
        if change < CLOSE:
            break
    else:
        here = _fallback(problem, here, low, high, held)
    return _polish(problem, here, size, held, iterations)


def _sizes(problem: Problem, scale: float) -> Floats:
    """What a small step is for each parameter: variances on the scale of the data, correlations on 1."""
    sizes = {"variance": 1e-2 * scale, "factor": 0.1 * np.sqrt(scale), "correlation": 1.0}
    return np.array([sizes[p.kind] for p in problem.parameters])


def movable(theta: Floats, gradient: Floats, low: Floats, high: Floats) -> Mask:
    """Which parameters may move: not those at a bound that the likelihood pushes against."""
    return np.asarray(~(((theta <= low) & (gradient <= 0)) | ((theta >= high) & (gradient >= 0))))


def _solve(matrix: Floats, vector: Floats) -> Floats:
    size = np.abs(np.diag(matrix))
    d = np.sqrt(np.maximum(size, max(1e-24 * float(size.max(initial=0.0)), 1e-300)))  # a parameter without information
    scaled = matrix / np.outer(d, d)
    values, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
    values = np.maximum(values, 1e-8 * max(values.max(), 1e-300))
    return np.asarray((vectors @ ((vectors.T @ (vector / d)) / values)) / d)


def _line(problem: Problem, here: At, step: Floats, gradient: Floats, low: Floats, high: Floats) -> At | None:
    """Go along a step, halved until the likelihood rises; None when it rises nowhere."""
    length, rounding = 1.0, 1e-12 + 1e-14 * (problem.k + abs(here.loglik))
    for _ in range(40):
        theta = np.clip(here.theta + length * step, low, high)
        if np.array_equal(theta, here.theta):
            return None
        moved = at(problem, theta)
        if moved is not None and moved.loglik >= here.loglik + 1e-4 * float(gradient @ (theta - here.theta)) - rounding:
            return moved
        length *= 0.5
    return None


def _fallback(problem: Problem, here: At, low: Floats, high: Floats, held: Mask) -> At:
    """L-BFGS-B from where scoring stopped, with the analytic score."""

    def minus(theta: Floats) -> tuple[float, Floats]:
        there = at(problem, theta)
        return (1e100, np.zeros_like(theta)) if there is None else (-there.loglik, -score(problem, there).gradient)

    bounds = [(t, t) if h else (lo, hi) for t, h, lo, hi in zip(here.theta, held, low, high, strict=True)]
    found = optimize.minimize(minus, here.theta, jac=True, method="L-BFGS-B", bounds=bounds)
    better = at(problem, np.clip(found.x, low, high))
    return better if better is not None and better.loglik > here.loglik else here


def hessian(problem: Problem, here: At, free: Mask, size: Floats) -> Floats:
    """Second derivatives of the log-likelihood among the free parameters, by central differences of the score."""
    low, high = limits(problem)
    which = np.flatnonzero(free)
    out = np.zeros((which.size, which.size))
    for n, i in enumerate(which):
        h = 1e-4 * (np.abs(here.theta[i]) + 0.1 * size[i])
        up, down = min(h, high[i] - here.theta[i]), min(h, here.theta[i] - low[i])
        ends = []
        for move in (up, -down):
            theta = here.theta.copy()
            theta[i] += move
            there = at(problem, theta) if move else here
            ends.append(None if there is None else score(problem, there).gradient[which])
        if ends[0] is None or ends[1] is None:
            return np.full_like(out, np.nan)
        out[:, n] = (ends[0] - ends[1]) / (up + down)
    return 0.5 * (out + out.T)


def _polish(problem: Problem, here: At, size: Floats, held: Mask, iterations: int) -> Optimum:
    low, high = limits(problem)
    converged = False
    for _ in range(POLISHING):
        slope = score(problem, here, information=True)
        gradient = slope.gradient
        free = movable(here.theta, gradient, low, high) & ~held
        if not free.any():
            converged = True
            break
        among = np.ix_(free, free)
        H = -slope.observed[among] if problem.linear else hessian(problem, here, free, size)
        step = np.zeros_like(gradient)
        step[free] = _newton(H, slope.information[among], gradient[free])
        change = np.max(np.abs(step) / (np.abs(here.theta) + size))
        moved = at(problem, np.clip(here.theta + step, low, high))
        iterations += 1
        if moved is None or moved.loglik < here.loglik - 1e-7 * (1.0 + abs(here.loglik)) * max(change, 1e-4):
            moved = _line(problem, here, step, gradient, low, high)
            if moved is None:
                converged = bool(change < 1e-6)
                break
        here = moved
        if change < DONE:
            converged = True
            break
    else:
        converged = bool(change < 1e-6)
    end = score(problem, here, information=True)
    bound = ~movable(here.theta, end.gradient, low, high) | held
    return Optimum(here, converged, iterations, bound, end.information)


def _newton(H: Floats, information: Floats, gradient: Floats) -> Floats:
    """A Newton step where the likelihood is concave, else a step of scoring."""
    if np.all(np.isfinite(H)) and H.size:
        values = np.linalg.eigvalsh(-H)
        if values[0] > 1e-12 * values[-1]:
            return np.asarray(np.linalg.solve(-H, gradient))
    return _solve(information, gradient)
