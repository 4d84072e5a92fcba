"""The random effects of a model: what each adds to the covariance of the effects, and how it changes with its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metareview.synthesis.multilevel.places import Codes, Places
from metareview.synthesis.multilevel.structures import STRUCTURES, Gradient, Parameter, reported
from metareview.synthesis.multilevel.unstructured import ENTRIES, FORMS
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class Intercepts:
    """A random intercept for each level of a factor, independent or with a known correlation R between levels (q, q)."""

    name: str
    codes: Codes
    levels: tuple[str, ...]
    R: Floats | None = None

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The one variance."""
        return (Parameter(f"sigma2[{self.name}]", "variance", 0.0, np.inf),)

    linear = True

    @property
    def ties(self) -> Codes:
        """What makes effects dependent, shape (k,)."""
        return self.codes if self.R is None else np.zeros_like(self.codes)

    @property
    def columns(self) -> Codes:
        """The level of each effect, shape (k,)."""
        return self.codes

    def start(self, variance: float) -> Floats:
        """Where the search begins."""
        return np.array([variance])

    def prepare(self, places: Places) -> Floats:
        """The derivative by the variance, which does not change, shape (g, m, m)."""
        at = self.codes[places.rows]
        if self.R is not None:
            return self.R[at[:, :, None], at[:, None, :]] * places.pairs
        return (at[:, :, None] == at[:, None, :]) * places.pairs

    def covariance(self, theta: Floats, prepared: Floats) -> tuple[Floats, list[Floats]]:
        """What is added to the covariance, shape (g, m, m), and its derivative by each parameter."""
        return theta[0] * prepared, [prepared]

    def report(self, theta: Floats) -> dict[str, float]:
        """The variance by its name."""
        return {self.parameters[0].name: float(theta[0])}


@dataclass(frozen=True, eq=False)
class Structured:
    """Effects of an inner factor's levels that are correlated within each level of an outer factor."""

    name: str
    structure: str
    inner: Codes
    outer: Codes
    levels: tuple[str, ...]
    times: Floats
    outer_levels: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Variances and correlations, or the Cholesky factor of UN."""
        return (STRUCTURES | FORMS)[self.structure].parameters(self.levels)

    @property
    def linear(self) -> bool:
        """Whether G is linear in its parameters."""
        return self.structure in ("ID", "DIAG", ENTRIES)

    @property
    def ties(self) -> Codes:
        """What makes effects dependent, shape (k,)."""
        return self.outer

    @property
    def columns(self) -> Codes:
        """The inner level within the outer one of each effect, shape (k,)."""
        return np.asarray(self.outer * len(self.levels) + self.inner, dtype=np.intp)

    def start(self, variance: float) -> Floats:
        """Where the search begins: equal variances, correlation .5 (UN) or what its bounds allow."""
        if self.structure == "UN":
            q = len(self.levels)
            G = variance * (0.5 * np.eye(q) + 0.5)
            return np.asarray(np.linalg.cholesky(G)[np.tril_indices(q)])
        return np.array([variance if p.kind == "variance" else 0.5 for p in self.parameters])

    def prepare(self, places: Places) -> tuple[Floats, Codes]:
        """Whether two places share the outer level, shape (g, m, m), and each place's inner level, shape (g, m)."""
        outer = self.outer[places.rows]
        return (outer[:, :, None] == outer[:, None, :]) * places.pairs, self.inner[places.rows]

    def covariance(self, theta: Floats, prepared: tuple[Floats, Codes]) -> tuple[Floats, list[Floats]]:
        """What is added to the covariance, shape (g, m, m), and its derivative by each parameter."""
        same, at = prepared
        G, dG = self.between(theta)
        i, j = at[:, :, None], at[:, None, :]
        return G[i, j] * same, [d[i, j] * same for d in dG]

    def between(self, theta: Floats) -> Gradient:
        """The covariance between levels, shape (q, q), and its derivative by each parameter, shape (t, q, q)."""
        return (STRUCTURES | FORMS)[self.structure].value(theta, self.times)

    def report(self, theta: Floats) -> dict[str, float]:
        """Variances and correlations by name; the name of the term stands before them when it has one."""
        return {f"{name}": value for name, value in reported(self.structure, theta, self.levels).items()}


Term = Intercepts | Structured
