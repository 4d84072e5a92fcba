"""Profile-likelihood intervals and likelihood-ratio tests of the variance components of a multilevel model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize

from metareview.errors import MetareviewError
from metareview.synthesis import inference
from metareview.synthesis.inputs import check_level
from metareview.synthesis.multilevel import describe
from metareview.synthesis.multilevel.likelihood import Problem, at, score
from metareview.synthesis.multilevel.optimise import maximise
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.multilevel.structures import EDGE
from metareview.synthesis.multilevel.terms import Structured
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

REACH = 60


@dataclass(frozen=True, eq=False, repr=False)
class ComponentIntervals:
    """Intervals of variances and correlations, one each, shape (t,).

    Attributes:
        components: their names. estimate, ci_low, ci_high: profile-likelihood intervals, within what a component can be.
        statistic: of the likelihood-ratio test that it is 0. p_value: at the boundary (see `component_intervals`). p_plain: from
            chi-squared with 1 df, which is too large for a variance.
        level: of the intervals. left_out: components without an interval, and why. warnings: sentences a reader must see.
    """

    components: tuple[str, ...]
    estimate: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    p_value: Floats
    p_plain: Floats
    level: float
    left_out: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {f.name: to_plain(getattr(self, f.name)) for f in fields(self)}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a component: component, estimate, ci_low, ci_high, statistic, p, p_plain."""
        import pandas as pd

        names = ("estimate", "ci_low", "ci_high", "statistic")
        columns: dict[str, Any] = {"component": list(self.components)} | {n: getattr(self, n) for n in names}
        return pd.DataFrame(columns | {"p": self.p_value, "p_plain": self.p_plain})

    def __repr__(self) -> str:
        rows = zip(self.components, self.estimate, self.ci_low, self.ci_high, strict=True)
        return f"ComponentIntervals({'; '.join(f'{n} {e:.4f} [{a:.4f}, {b:.4f}]' for n, e, a, b in rows)})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(repr(self))}</p>{self.to_frame().to_html(index=False)}"


def component_intervals(result: MultilevelResult, level: float = 0.95) -> ComponentIntervals:
    """Profile-likelihood intervals and likelihood-ratio tests of variances and correlations.

    The interval holds the values of a component that the likelihood ratio does not reject, with the others at their best for each
    (of the restricted likelihood for REML). A variance of 0 is at the edge of what is possible: its statistic is then 0 half of
    the time, and its p-value that of the mixture of chi-squared with 0 and 1 df; where a correlation vanishes with it, of 1 and
    2. A correlation is tested by chi-squared with 1 df.

    Arguments:
        result: what `multilevel` returned. level: of the intervals.

    Raises:
        MetareviewError: another result, or a fit that did not converge.

    UN has intervals for two levels, where it is HCS; for more they are left out, and said so.

    Source: Stram & Lee (1994), Biometrics 50, 1171-1177 (tests); Venzon & Moolgavkar (1988), Applied Statistics 37, 87-94.
    """
    if not isinstance(result, MultilevelResult):
        raise MetareviewError(
            "Variance components are those of a multilevel model.", "Give what `multilevel` returned."
        )
    if not result.converged:
        raise MetareviewError("The search for the variance components did not converge.", "Simplify the model first.")
    level = check_level(level)
    problem, theta, names, left_out = _searchable(result)
    which = [i for i, p in enumerate(problem.parameters) if p.kind != "factor" and names[i] not in result.fixed]
    profiles = [_Profile(problem, theta, result.loglik, i) for i in which]
    threshold = inference.critical(level, math.inf) ** 2
    ends = [profile.interval(threshold) for profile in profiles]
    tests = [profile.test() for profile in profiles]
    open_ended = [names[p.which] for p, (_, high) in zip(profiles, ends, strict=True) if math.isinf(high)]
    return ComponentIntervals(
        tuple(names[p.which] for p in profiles),
        np.array([theta[p.which] for p in profiles]),
        np.array([low for low, _ in ends]),
        np.array([high for _, high in ends]),
        np.array([t[0] for t in tests]),
        np.array([t[1] for t in tests]),
        np.array([t[2] for t in tests]),
        level,
        left_out,
        tuple(f"{name}: the data set no upper end to it." for name in open_ended),
    )


def _searchable(result: MultilevelResult) -> tuple[Problem, Floats, list[str], tuple[tuple[str, str], ...]]:
    """The problem with UN of two levels as HCS, which is the same, its theta, their names, and what has no interval."""
    problem = result.problem
    terms, parts, names, left_out = [], [], list[str](), []
    for term, theta in zip(problem.terms, problem.split(result.optimum.at.theta), strict=True):
        found = describe.renamed(term, term.report(theta), len(problem.terms))
        own = list(found)
        if isinstance(term, Structured) and term.structure == "UN":
            if len(term.levels) == 2 and not math.isnan(list(found.values())[2]):
                term, theta = replace(term, structure="HCS"), np.array(list(found.values()))
            else:
                own = [p.name for p in term.parameters]
                left_out += [(name, "UN is searched for by its Cholesky factor") for name in found]
        names += own
        terms.append(term)
        parts.append(theta)
    limits = [(p.low, p.high) for term in terms for p in term.parameters]
    theta = np.clip(np.concatenate(parts), *np.array(limits).T)
    return replace(problem, terms=tuple(terms)), theta, names, tuple(left_out)


class _Profile:
    """Twice the fall of the log-likelihood from its maximum as a function of one parameter."""

    def __init__(self, problem: Problem, theta: Floats, top: float, which: int) -> None:
        self.problem, self.theta, self.top, self.which = problem, theta, top, which
        self.parameter = problem.parameters[which]
        self.scale = float(np.max(np.where([p.kind == "variance" for p in problem.parameters], theta, 0.0)))
        here = at(problem, theta)
        curve = 0.0 if here is None else float(score(problem, here, information=True).information[which, which])
        self.step = 1.0 / math.sqrt(curve) if curve > 0 else max(self.scale, 1e-8)
        self.last = theta
        self.known: dict[float, float] = {}

    def fall(self, value: float) -> float:
        """2 (maximum - profile) at a value; inf where the model cannot be computed."""
        if value not in self.known:
            self.known[value] = self._fall(value)
        return self.known[value]

    def _fall(self, value: float) -> float:
        """From the last point, and from the maximum too when that one ends at a bound, where a search can be caught."""
        held = np.arange(self.theta.size) == self.which
        scale = self.scale or 1e-8
        found = maximise(self.problem, [np.where(held, value, self.last)], scale, held)
        if found is None or not found.converged or np.any(found.bound & ~held):
            other = maximise(self.problem, [np.where(held, value, self.theta)], scale, held)
            if found is None or (other is not None and other.at.loglik > found.at.loglik):
                found = other
        if found is None:
            return math.inf
        self.last = found.at.theta
        return 2.0 * (self.top - found.at.loglik)

    def interval(self, threshold: float) -> tuple[float, float]:
        """Where the fall is the threshold, on both sides, or the bounds of the parameter."""
        return self._end(-1, self.parameter.low, threshold), self._end(1, self.parameter.high, threshold)

    def _end(self, sign: int, bound: float, threshold: float) -> float:
        def above(value: float) -> float:
            return self.fall(value) - threshold

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
        plain = inference.chi2_tail(statistic, 1)
        if self.parameter.kind != "variance":
            return statistic, plain, plain
        if self._with_correlation():
            return statistic, 0.5 * plain + 0.5 * inference.chi2_tail(statistic, 2), plain
        return statistic, 0.5 * plain if statistic > 0 else 1.0, plain

    def _with_correlation(self) -> bool:
        """Whether a correlation vanishes with this variance."""
        first = 0
        for term in self.problem.terms:
            last = first + len(term.parameters)
            if first <= self.which < last:
                return any(p.kind == "correlation" for p in term.parameters)
            first = last
        return False


def _root(above: Callable[[float], float], inside: float, outside: float) -> float:
    if not math.isfinite(above(outside)):
        while abs(outside - inside) > 1e-12 * abs(outside) and not math.isfinite(above(outside)):
            outside = 0.5 * (inside + outside)
        if above(outside) < 0:
            return outside
    return float(optimize.brentq(above, inside, outside, xtol=1e-14, rtol=1e-12))
