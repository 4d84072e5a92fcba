"""Best linear unbiased predictions of a multilevel model: the random effects of every level, and the true effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.synthesis.inference import critical
from metareview.synthesis.inputs import check_level
from metareview.synthesis.multilevel.places import Codes
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.multilevel.terms import Intercepts, Term
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class LevelEffects:
    """The random effects of one term, one a level, shape (q,): their names, estimates, errors and intervals."""

    levels: tuple[str, ...]
    estimate: Floats
    se: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False, repr=False)
class MultilevelBlups:
    """Predictions of a multilevel model, on the scale of yi.

    Attributes:
        labels: of the k effects. estimate, se, low, high: of their true effects, shape (k,): the fitted mean and the random
            effects there; the error allows for that of the mean, not for that of the variances.
        random: the random effects by term, such as "study", "study/effect" or "outcome|study". level: of the intervals.
    """

    labels: tuple[str, ...]
    estimate: Floats
    se: Floats
    low: Floats
    high: Floats
    random: dict[str, LevelEffects]
    level: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row an effect: label, estimate, se, low, high of its true effect."""
        import pandas as pd

        names = ("estimate", "se", "low", "high")
        return pd.DataFrame({"label": list(self.labels)} | {name: getattr(self, name) for name in names})

    def random_frame(self) -> pd.DataFrame:
        """Return one row a level of each term: term, level, estimate, se, low, high of its random effect."""
        import pandas as pd

        frames = [pd.DataFrame({"term": name} | _columns(found)) for name, found in self.random.items()]
        return pd.concat(frames, ignore_index=True).rename(columns={"levels": "level"})

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        random = {name: {n: to_plain(v) for n, v in vars(found).items()} for name, found in self.random.items()}
        return {n: to_plain(v) for n, v in vars(self).items() if n != "random"} | {"random": random}

    def __repr__(self) -> str:
        told = ", ".join(f"{len(found.levels)} of {name}" for name, found in self.random.items())
        return f"MultilevelBlups(k={self.estimate.size}; {told}; level={self.level:g})"

    def _repr_html_(self) -> str:
        return str(self.random_frame().to_html(index=False))


def _columns(found: LevelEffects) -> dict[str, Any]:
    return {name: list(values) for name, values in vars(found).items()}


def blup(result: MultilevelResult, level: float | None = None) -> MultilevelBlups:
    """Predict the random effects and the true effects of a multilevel model.

    With C the covariance of random effects u with the effects, W the inverse covariance of the effects and
    P = W - WX(X'WX)^-1X'W, the prediction of u is CW(y - Xb) and its error Var(u) - CPC'; the true effects add the fitted mean.

    Arguments:
        result: of `multilevel`. level: that of the result when None.

    Source: Robinson (1991), Statistical Science 6, 15-51.
    """
    level = result.level if level is None else check_level(level)
    crit = critical(level, float(result.df[0]))
    terms = result.problem.terms
    parts = result.problem.split(result.optimum.at.theta)
    w, k = result.working, result.k
    mean, squared = np.zeros((len(terms) + 1, k)), np.zeros((len(terms) + 1, k))
    for rows, weight in zip(w.members, w.weights, strict=True):
        X, r = w.X[rows], w.y[rows] - w.X[rows] @ w.beta
        each = [covariance(term, theta, rows) for term, theta in zip(terms, parts, strict=True)]
        for n, C in enumerate([*each, sum(each, start=np.zeros((rows.size, rows.size)))]):
            CW = C @ weight
            rest = (X if n == len(terms) else 0.0) - CW @ X
            mean[n, rows] = CW @ r
            squared[n, rows] = np.diag(C) - np.sum(CW * C, axis=1) + np.sum((rest @ w.bread) * rest, axis=1)
    error = np.sqrt(np.maximum(squared, 0.0))
    random: dict[str, LevelEffects] = {}
    for n, term in enumerate(terms):
        names, first = _levels(term)
        u, se = mean[n, first], error[n, first]
        random[_unique(term.name, random)] = LevelEffects(names, u, se, u - crit * se, u + crit * se)
    estimate, se = w.X @ w.beta + mean[-1], error[-1]
    return MultilevelBlups(result.labels, estimate, se, estimate - crit * se, estimate + crit * se, random, level)


def covariance(term: Term, theta: Floats, rows: Codes) -> Floats:
    """What a term adds to the covariance of some effects, shape (m, m)."""
    if isinstance(term, Intercepts):
        at = term.codes[rows]
        return theta[0] * (np.equal.outer(at, at) if term.R is None else term.R[np.ix_(at, at)])
    inner, outer = term.inner[rows], term.outer[rows]
    return term.between(theta)[0][np.ix_(inner, inner)] * np.equal.outer(outer, outer)


def _levels(term: Term) -> tuple[tuple[str, ...], Codes]:
    """The levels of a term and the first effect of each; of an inner one within an outer one, as "inner | outer"."""
    codes, first = np.unique(term.columns, return_index=True)
    if isinstance(term, Intercepts):
        return tuple(term.levels[c] for c in codes), first
    outer = term.outer_levels
    return tuple(f"{term.levels[term.inner[i]]} | {outer[term.outer[i]]}" for i in first), first


def _unique(name: str, taken: dict[str, Any]) -> str:
    return name if name not in taken else f"{name} ({sum(n.startswith(name) for n in taken) + 1})"
