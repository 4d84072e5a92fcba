"""Profile likelihood: how fast the likelihood falls as a variance between effects leaves its estimate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special
from scipy.optimize import brentq

from metareview.errors import MetareviewError
from metareview.parallel import Progress, spread
from metareview.synthesis.diagnostics.refit import Basis, basis
from metareview.synthesis.multilevel.likelihood import Problem
from metareview.synthesis.multilevel.optimise import maximise
from metareview.synthesis.multilevel.terms import Structured
from metareview.synthesis.results import to_plain
from metareview.synthesis.tau2.likelihood import log_likelihood
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("ML", "REML")
FLAT = 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class ProfileResult:
    """The profile of one component.

    Attributes:
        component: its name. values: where it is held, shape (n,), on the squared scale of yi for a variance. loglik:
            the (restricted) log-likelihood there, the rest of the model at its best, shape (n,); -inf where the
            model cannot be fitted.
        estimate, maximum: the component and the log-likelihood of the result. ci_low, ci_high: where the
            log-likelihood is half a chi-squared quantile below the maximum; a bound of the parameter where it does
            not fall so far, inf where it never does.
        level, method: of the interval, and "REML" or "ML". warnings: sentences a reader must see.
    """

    component: str
    values: Floats
    loglik: Floats
    estimate: float
    maximum: float
    ci_low: float
    ci_high: float
    level: float
    method: str
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a value: the component, loglik, and drop (how far below the maximum)."""
        import pandas as pd

        return pd.DataFrame({self.component: self.values, "loglik": self.loglik, "drop": self.maximum - self.loglik})

    def __repr__(self) -> str:
        return f"ProfileResult({self.component}={self.estimate:.4f} [{self.ci_low:.4f}, {self.ci_high:.4f}], {self.method})"

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


@dataclass(frozen=True, eq=False)
class _Univariate:
    """The likelihood of tau2."""

    basis: Basis

    def __call__(self, value: float) -> float:
        b = self.basis
        restricted = b.method == "REML"
        constant = 0.5 * float(np.linalg.slogdet(b.X.T @ b.X)[1]) if restricted else 0.0
        return log_likelihood(value, b.yi, b.vi, b.X, restricted=restricted) + constant


@dataclass(frozen=True, eq=False)
class _Component:
    """The likelihood of parameter number `place` of a multilevel model."""

    problem: Problem
    place: int
    theta: Floats
    scale: float

    def __call__(self, value: float) -> float:
        held = np.arange(self.theta.size) == self.place
        other = np.concatenate([term.start(self.scale / len(self.problem.terms)) for term in self.problem.terms])
        starts = [np.where(held, value, start) for start in (self.theta, other)]
        found = maximise(self.problem, starts, self.scale, held)
        return -math.inf if found is None else found.at.loglik


@dataclass(frozen=True, eq=False)
class _Piece:
    likelihood: Callable[[float], float]
    value: float


def work(piece: _Piece) -> float:
    """The profile likelihood at one value."""
    return piece.likelihood(piece.value)


def profile(
    result: Any,
    component: str | None = None,
    *,
    values: Any = None,
    n: int = 41,
    level: float | None = None,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> ProfileResult:
    """Hold a variance (or correlation) between effects at each of several values and let the rest of the model be at
    its best.

    Arguments:
        result: of `pool`, `regress` (tau2 by REML or ML) or `multilevel`. component: of `multilevel`, a name in its
            `components`; not needed where there is one.
        values: where to hold it; when None, `n` values over the interval and beyond. level: of the interval; that of
        the result when None. workers, cluster, progress: as in `parallel.spread`, a piece a value; the result does
        not depend on them.

    Raises:
        MetareviewError: tau2 by another method, an unknown component, one that is not a parameter of the search
            (those of UN), values out of bounds, fewer than two effects beyond the coefficients.

    Source: Hardy & Thompson (1996), Statistics in Medicine 15, 619-629.
    """
    level = result.level if level is None else level
    name, estimate, low, high, likelihood, scale = _target(result, component)
    top = likelihood(estimate)
    drop = 0.5 * float(special.chdtri(1, 1.0 - level))
    ends = (
        _end(likelihood, estimate, low, top - drop, scale, -1),
        _end(likelihood, estimate, high, top - drop, scale, 1),
    )
    grid = _values(values, n, ends, estimate, low, high, scale)
    pieces = [_Piece(likelihood, float(v)) for v in grid]
    found = np.array(list(spread(work, pieces, workers=workers, cluster=cluster, progress=progress)))
    warnings = _warnings(found, top, ends[1], high)
    return ProfileResult(name, grid, found, estimate, top, *ends, level, result.method, warnings)


def _target(result: Any, component: str | None) -> tuple[str, float, float, float, Callable[[float], float], float]:
    """The component's name, estimate and bounds, its likelihood, and a scale of steps."""
    if not hasattr(result, "problem"):
        b = basis(result)
        if b.method not in METHODS:
            raise MetareviewError(f"tau2 by {b.method} has no likelihood.", "Fit with tau2='REML' or 'ML'.")
        if component not in (None, "tau2"):
            raise MetareviewError(f"There is no component {component!r}.", "It is tau2.")
        if b.yi.size <= b.X.shape[1]:
            raise MetareviewError("No degree of freedom is left to profile tau2 with.")
        return "tau2", b.tau2, 0.0, math.inf, _Univariate(b), max(b.tau2, 0.1 * float(np.median(b.vi)))
    names = tuple(result.components)
    if component is None and len(names) == 1:
        component = names[0]
    if component is None or component not in names:
        raise MetareviewError(f"There is no component {component!r}.", f"Choose one of {', '.join(names)}.")
    problem, place = result.problem, _place(result, component)
    parameter, theta = problem.parameters[place], result.optimum.at.theta
    scale = max(float(np.max(np.abs(theta))), 0.1 * float(np.median(result.vi)))
    step = scale if parameter.kind == "variance" else 0.1
    likelihood = _Component(problem, place, theta, scale)
    return component, float(theta[place]), parameter.low, parameter.high, likelihood, step


def _place(result: Any, component: str) -> int:
    """Where a component stands among the parameters that are searched for."""
    at, place = list(result.components).index(component), 0
    for term, part in zip(result.problem.terms, result.problem.split(result.optimum.at.theta), strict=True):
        count = len(term.report(part))
        if at < count:
            direct = count == len(part) and all(p.kind != "factor" for p in term.parameters)
            if not direct:
                kind = term.structure if isinstance(term, Structured) else "this"
                raise MetareviewError(
                    f"{component} of the structure {kind} is not a parameter by itself.",
                    "Profile a model with HCS or DIAG.",
                )
            return place + at
        at, place = at - count, place + len(part)
    raise AssertionError(component)


def _end(f: Callable[[float], float], estimate: float, bound: float, target: float, scale: float, side: int) -> float:
    """Where the profile falls to the target on one side; the bound where it does not."""
    step, inner = 0.25 * scale, estimate
    for _ in range(200):
        outer = max(bound, estimate - step) if side < 0 else min(bound, estimate + step)
        if f(outer) < target:
            root = brentq(lambda v: max(f(v), -1e300) - target, inner, outer, xtol=1e-12 * scale, rtol=1e-12)
            return float(root)
        if outer == bound:
            return bound
        inner, step = outer, 2.0 * step
    return math.inf * side


def _values(
    values: Any, n: int, ends: tuple[float, float], estimate: float, low: float, high: float, scale: float
) -> Floats:
    if values is not None:
        given = np.asarray(values, dtype=float)
        if given.ndim != 1 or not given.size or not np.all((given >= low) & (given <= high) & np.isfinite(given)):
            raise MetareviewError(
                "A value to hold the component at is out of bounds.", f"They lie from {low:g} to {high:g}."
            )
        return given
    reach = (ends[1] if math.isfinite(ends[1]) else estimate + 10.0 * scale) - max(ends[0], low)
    first, last = max(low, ends[0] - 0.15 * reach), min(high, ends[1] + 0.15 * reach)
    last = last if math.isfinite(last) else estimate + 10.0 * scale
    return np.unique(np.append(np.linspace(first, last, max(2, n - 1)), estimate))


def _warnings(found: Floats, top: float, high: float, bound: float) -> tuple[str, ...]:
    out = []
    if math.isinf(high) and math.isinf(bound):
        out.append("The likelihood never falls far enough above the estimate: the component has no upper bound.")
    if np.ptp(found[np.isfinite(found)]) < FLAT:
        out.append("The profile is flat: the data do not tell this component.")
    if np.max(found) > top + 1e-6:
        out.append("The profile has a higher point than the estimate: the search ended at a lesser maximum.")
    if not np.all(np.isfinite(found)):
        out.append("At some values the model cannot be fitted.")
    return tuple(out)
