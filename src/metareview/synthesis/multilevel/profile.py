"""The profile of a likelihood in one variance or correlation: how far the maximum falls when it is held at a value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import optimize

from metareview.synthesis import inference
from metareview.synthesis.multilevel.likelihood import Problem, at, score
from metareview.synthesis.multilevel.newton import curved
from metareview.synthesis.multilevel.optimise import Mask, Optimum, maximise
from metareview.synthesis.multilevel.structures import EDGE, Parameter
from metareview.synthesis.wls import Floats

REACH, SMALL = 60, 1e-3
COLLAPSED = 1e-3  # of a standard deviation: a diagonal of L that a search may not leave


@dataclass(eq=False)
class Profile:
    """Twice the fall of the log-likelihood from its maximum as a function of one parameter.

    Attributes:
        problem, theta, which: the model, its maximum, shape (t,), and the place of the parameter. top: the log-likelihood there.
        inside: another start, for where the search from the last point may be caught. scale: a typical variance, above 0.
        given: the places of theta that are known. lost: the correlations that vanish with the variance. meaningless: the places
            that do nothing where it is 0. highest: the largest log-likelihood that was found.
    """

    problem: Problem
    theta: Floats
    which: int
    top: float
    inside: Floats
    scale: float
    given: tuple[int, ...] = ()
    lost: int = 0
    meaningless: tuple[int, ...] = ()
    highest: float = -math.inf
    known: dict[float, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        here = at(self.problem, self.theta)
        own = (self.which, self.which)
        curve = 0.0 if here is None else float(score(self.problem, here, information=True).information[own])
        least = SMALL * (1.0 if self.parameter.kind == "correlation" else self.scale)
        self.step = max(1.0 / math.sqrt(curve), least) if curve > 0 else self.scale
        self.last = self.theta
        self.curved = curved(self.problem)

    @property
    def parameter(self) -> Parameter:
        """The one that is profiled."""
        return self.problem.parameters[self.which]

    def fall(self, value: float) -> float:
        """2 (maximum - profile) at a value; inf where the model cannot be computed."""
        if value not in self.known:
            self.known[value] = self._fall(value)
        return self.known[value]

    def _fall(self, value: float) -> float:
        """From the last point, and from inside too where that search may have been caught."""
        found = self._search(value, self.last)
        if found is None or self._caught(found):
            other = self._search(value, self.inside)
            if found is None or (other is not None and other.at.loglik > found.at.loglik):
                found = other
        if found is None:
            return math.inf
        self.last = found.at.theta
        self.highest = max(self.highest, found.at.loglik)
        return 2.0 * (self.top - found.at.loglik)

    def _search(self, value: float, start: Floats) -> Optimum | None:
        none = list(self.meaningless) if value == 0.0 else []
        first = start.copy()
        first[self.which] = value
        first[none] = 0.0
        if self.curved is not None:
            return self.curved.maximise(first, self._held(none))
        return maximise(self.problem, [first], self.scale, self._held(none))

    def _held(self, more: list[int]) -> Mask:
        return np.isin(np.arange(self.theta.size), [self.which, *self.given, *more])

    def _caught(self, found: Optimum) -> bool:
        """Whether a search ended without converging, at a bound, or where a diagonal of L is 0 and its slope with it."""
        small = np.abs(found.at.theta) < COLLAPSED * math.sqrt(self.scale)
        flat = small & np.array([p.diagonal for p in self.problem.parameters])
        return not found.converged or bool(np.any((flat | found.bound) & ~self._held([])))

    def interval(self, threshold: float) -> tuple[float, float]:
        """Where the fall is the threshold, on both sides, or the bounds of the parameter."""
        return self._end(-1, self.parameter.low, threshold), self._end(1, self.parameter.high, threshold)

    def _end(self, sign: int, bound: float, threshold: float) -> float:
        def above(value: float) -> float:
            return math.sqrt(max(self.fall(value), 0.0)) - math.sqrt(threshold)

        self.last = self.theta
        inside, step = float(self.theta[self.which]), self.step
        for _ in range(REACH):
            outside = inside + sign * step
            if sign * (outside - bound) >= 0:
                outside = bound
            if above(outside) >= 0:
                return _root(above, inside, outside) if above(inside) < 0 else inside
            if outside == bound:
                return bound / EDGE if self.parameter.kind == "correlation" else bound
            inside, step = outside, 2.0 * step
        return math.inf * sign

    def test(self) -> tuple[float, float, float]:
        """The likelihood-ratio statistic of 0, its p-value at the boundary, and the plain one."""
        if not self.parameter.low <= 0.0 <= self.parameter.high:
            return math.nan, math.nan, math.nan
        self.last = self.theta
        statistic = max(self.fall(0.0), 0.0)
        plain = inference.chi2_tail(statistic, 1 + self.lost)
        if self.parameter.kind != "variance":
            return statistic, plain, plain
        fewer = inference.chi2_tail(statistic, self.lost) if self.lost else float(statistic == 0)
        return statistic, 0.5 * plain + 0.5 * fewer, plain


def _root(above: Callable[[float], float], inside: float, outside: float) -> float:
    if not math.isfinite(above(outside)):
        while abs(outside - inside) > 1e-12 * abs(outside) and not math.isfinite(above(outside)):
            outside = 0.5 * (inside + outside)
        if above(outside) < 0:
            return outside
    size = max(abs(inside), abs(outside))
    return float(optimize.brentq(above, inside, outside, xtol=max(1e-14 * size, 1e-300), rtol=1e-12))
