"""Profile-likelihood intervals and likelihood-ratio tests of the variance components of a multilevel model."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis import inference
from metareview.synthesis.inputs import check_level
from metareview.synthesis.multilevel import describe
from metareview.synthesis.multilevel.fronted import Fronted, fronted
from metareview.synthesis.multilevel.profile import Profile
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.multilevel.structures import EDGE
from metareview.synthesis.multilevel.terms import Structured, Term
from metareview.synthesis.results import described_html, to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

HIGHER = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class ComponentIntervals:
    """Intervals of variances and correlations, one each, shape (t,).

    Attributes:
        components: their names. estimate, ci_low, ci_high: profile-likelihood intervals, within what a component can be.
        statistic: of the likelihood-ratio test that it is 0. p_value: at the boundary (see `component_intervals`). p_plain: from
            chi-squared with as many df as parameters vanish with it, which is too large for a variance.
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
        return described_html(self)


def component_intervals(result: MultilevelResult, level: float = 0.95) -> ComponentIntervals:
    """Profile-likelihood intervals, which are those of the likelihood-ratio test, of variances and correlations.

    The interval holds the values of a component that the likelihood ratio does not reject (by chi-squared with 1 df), with the
    others at their best for each (of the restricted likelihood for REML). One that reaches the edge of what is possible, a
    variance of 0 or a correlation of 1 or -1, is named in `warnings`. A variance of 0 is at that edge: the statistic of its
    test is 0 half of the time, and its p-value that of the mixture of chi-squared with m and m + 1 df, where m correlations
    vanish with the variance. A correlation is tested by chi-squared with 1 df.

    UN is written anew for each component, with that one a parameter of its own and the others as a Cholesky factor, so that
    the search stays among covariance matrices. A correlation of a level whose variance is 0 is left out.

    Arguments:
        result: what `multilevel` returned. level: of the intervals.

    Raises:
        MetareviewError: another result, or a fit that did not converge.

    Source: Stram & Lee (1994), Biometrics 50, 1171-1177 (tests); Venzon & Moolgavkar (1988), Applied Statistics 37, 87-94.
    """
    if not isinstance(result, MultilevelResult):
        raise MetareviewError(
            "Variance components are those of a multilevel model.", "Give what `multilevel` returned."
        )
    if not result.converged:
        raise MetareviewError("The search for the variance components did not converge.", "Simplify the model first.")
    level = check_level(level)
    profiles, left_out = _profiles(result)
    threshold = inference.critical(level, math.inf) ** 2
    with np.errstate(all="ignore"):
        ends = [profile.interval(threshold) for profile in profiles.values()]
        tests = [profile.test() for profile in profiles.values()]
    return ComponentIntervals(
        tuple(profiles),
        np.array([result.components[name] for name in profiles]),
        np.array([low for low, _ in ends]),
        np.array([high for _, high in ends]),
        np.array([t[0] for t in tests]),
        np.array([t[1] for t in tests]),
        np.array([t[2] for t in tests]),
        level,
        left_out,
        tuple(sentence for (n, p), e in zip(profiles.items(), ends, strict=True) for sentence in _warnings(n, p, e)),
    )


def _profiles(result: MultilevelResult) -> tuple[dict[str, Profile], tuple[tuple[str, str], ...]]:
    """The profile of each component by its name, and what has none, with the reason."""
    problem, found, left_out = result.problem, dict[str, Profile](), []
    parts = problem.split(result.optimum.at.theta)
    scale = _scale(result)
    given, first = _given(result), 0
    for n, (term, theta) in enumerate(zip(problem.terms, parts, strict=True)):
        names = list(describe.renamed(term, term.report(theta), len(problem.terms)))
        if isinstance(term, Structured) and term.structure == "UN":
            for name, levels in zip(names, _fronts(len(term.levels)), strict=True):
                if any(names[i] in result.singular for i in levels) and len(levels) == 2:
                    left_out.append((name, "a variance of 0 leaves no correlation"))
                else:
                    found[name] = _unstructured(result, n, fronted(term, theta, levels, scale), scale, given)
        else:
            full = np.clip(result.optimum.at.theta, *np.array([(p.low, p.high) for p in problem.parameters]).T)
            for i, name in enumerate(names):
                if name not in result.fixed:
                    lost = _lost(term) if term.parameters[i].kind == "variance" else 0
                    found[name] = Profile(problem, full, first + i, result.loglik, full, scale, given, lost)
        first += theta.size
    return found, tuple(left_out)


def _unstructured(result: MultilevelResult, n: int, front: Fronted, scale: float, given: tuple[int, ...]) -> Profile:
    """The profile of a component of the n-th term, which is UN."""
    problem = result.problem
    parts = problem.split(result.optimum.at.theta)
    terms = (*problem.terms[:n], front.term, *problem.terms[n + 1 :])
    first = sum(part.size for part in parts[:n])
    theta, inside = (np.concatenate([*parts[:n], own, *parts[n + 1 :]]) for own in (front.theta, front.inside))
    lost = len(front.term.levels) - 1 if front.lost else 0
    return Profile(
        replace(problem, terms=terms), theta, first + front.which, result.loglik, inside, scale, given, lost,
        tuple(first + i for i in front.lost),
    )  # fmt: skip


def _fronts(q: int) -> list[tuple[int, ...]]:
    """The levels of each variance and each correlation of UN, in the order of their names."""
    return [*((i,) for i in range(q)), *((j, i) for i in range(q) for j in range(i))]


def _given(result: MultilevelResult) -> tuple[int, ...]:
    """The places in theta of the components that were given."""
    problem = result.problem
    names = [
        name
        for term in problem.terms
        for p in term.parameters
        for name in describe.renamed(term, {p.name: 0.0}, len(problem.terms))
    ]
    return tuple(i for i, name in enumerate(names) if name in result.fixed)


def _scale(result: MultilevelResult) -> float:
    """A typical variance, above 0."""
    problem = result.problem
    parts = problem.split(result.optimum.at.theta)
    told = [term.report(theta) for term, theta in zip(problem.terms, parts, strict=True)]
    variances = [value for each in told for name, value in each.items() if not name.startswith("rho")]
    return max([*variances, 0.1 * float(np.median(result.vi)), 1e-300])


def _lost(term: Term) -> int:
    """How many correlations vanish with a variance of a term that is not UN."""
    correlations = sum(p.kind == "correlation" for p in term.parameters)
    variances = len(term.parameters) - correlations
    return correlations if variances == 1 or len(term.levels) == 2 else 0


def _warnings(name: str, profile: Profile, ends: tuple[float, float]) -> list[str]:
    """What is to be said of an interval that does not end within what is possible, or of a maximum that was none."""
    own, (low, high) = profile.parameter, ends
    found = [f"{name}: the data set no upper end to it."] if math.isinf(high) else []
    if own.kind == "variance" and low == 0.0:
        found.append(f"{name}: its interval reaches 0, the edge of what a variance can be.")
    if own.kind == "correlation":
        limits = zip(ends, (own.low, own.high), strict=True)
        edges = [f"{end:.4g}" for end, bound in limits if abs(end - bound) <= 1.0 - EDGE + abs(bound / EDGE - bound)]
        if edges:
            found.append(
                f"{name}: its interval reaches {' and '.join(edges)}, the edge of what this correlation can be."
            )
    higher = profile.highest - profile.top
    if higher > HIGHER:
        found.append(f"{name}: its profile rises {higher:.2g} above the maximum that was fitted; do not use this fit.")
    return found
