"""Multimodel inference: every subset of moderators fitted by ML, weighed by AICc, and averaged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis.batch import fit_batch
from metareview.synthesis.design import INTERCEPT, Design, build_design
from metareview.synthesis.inference import critical
from metareview.synthesis.inputs import check_level
from metareview.synthesis.likelihood_ratio import corrected_aic
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

MOST_MODELS = 65_536


@dataclass(frozen=True, eq=False, repr=False)
class SelectionResult:
    """m models of subsets of the terms, best first, and their average over p coefficients.

    Attributes:
        models: the terms of each model, length m; () is the model without moderators.
        log_likelihood, parameters, AICc, delta, weight, tau2: one a model, shape (m,); delta is AICc above the best, weights
            are Akaike's and sum to 1.
        terms: names of the coefficients, length p. estimate, se, ci_low, ci_high: their averages over all models, 0 where
            a model has not the coefficient, with unconditional errors, shape (p,). importance: the summed weight of the
            models that have the coefficient, shape (p,).
        importance_by_term: the same by term of the formula. k: effects. level, excluded, warnings: as in `regress`.
    """

    models: tuple[tuple[str, ...], ...]
    log_likelihood: Floats
    parameters: Floats
    AICc: Floats
    delta: Floats
    weight: Floats
    tau2: Floats
    terms: tuple[str, ...]
    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    importance: Floats
    importance_by_term: dict[str, float]
    k: int
    level: float
    excluded: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a model, best first."""
        import pandas as pd

        names = ("parameters", "log_likelihood", "AICc", "delta", "weight", "tau2")
        models = [" + ".join(model) or "1" for model in self.models]
        return pd.DataFrame({"model": models} | {name: getattr(self, name) for name in names})

    @property
    def coefficients(self) -> pd.DataFrame:
        """Return one row a coefficient: the average over all models, its error and interval, and its importance."""
        import pandas as pd

        names = ("estimate", "se", "ci_low", "ci_high", "importance")
        return pd.DataFrame({"term": self.terms} | {name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        best = " + ".join(self.models[0]) or "no moderators"
        return f"SelectionResult({len(self.models)} models, k={self.k}; best: {best}, weight={self.weight[0]:.3f})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False)) + str(self.coefficients.to_html(index=False))


def select_models(
    formula: str,
    data: Any,
    vi: str = "vi",
    *,
    level: float = 0.95,
    labels: str | Sequence[Any] | None = None,
) -> SelectionResult:
    """Fit every subset of a formula's terms to the same effects by ML, and weigh the models by AICc.

    An interaction enters only together with the terms it is made of. All models keep the intercept and are fitted to
    the effects that have every moderator.

    Arguments:
        formula, data, vi, level, labels: as in `regress`; the formula is the largest model.

    Raises:
        MetareviewError: as `regress`, a formula without an intercept or moderators, or too many models.

    Source: Burnham & Anderson (2002), Model Selection and Multimodel Inference, 2nd ed.: weights sec. 2.9, averages and
    unconditional variance (squared form) sec. 4.3.
    """
    level = check_level(level)
    design = build_design(formula, data, vi, labels)
    subsets = _subsets(design)
    beta, variance, tau2, logs, counts = _fit(design, subsets)
    k = len(design.X)
    aicc = corrected_aic(logs, counts, k)
    order = np.lexsort((np.arange(len(subsets)), aicc))
    delta = aicc - aicc.min()
    weight = np.exp(-0.5 * delta) / np.sum(np.exp(-0.5 * delta))
    mean = weight @ beta
    se = np.sqrt(weight @ (variance + (beta - mean) ** 2))
    half = critical(level, math.inf) * se
    has = {term: np.array([term in subset for subset in subsets]) for term in design.blocks}
    by_term = {term: float(weight[inside].sum()) for term, inside in has.items() if term != INTERCEPT}
    importance = np.ones(design.X.shape[1])
    for term, share in by_term.items():
        importance[design.blocks[term]] = share
    return SelectionResult(
        tuple(tuple(t for t in subsets[i] if t != INTERCEPT) for i in order), logs[order], counts[order], aicc[order],
        delta[order], weight[order], tau2[order], design.terms, mean, se, mean - half, mean + half, importance, by_term,
        k, level, design.excluded, (*_warnings(k, counts), *design.warnings),
    )  # fmt: skip


def _subsets(design: Design) -> list[tuple[str, ...]]:
    """Return every set of terms that keeps the intercept and, with an interaction, what it is made of."""
    if INTERCEPT not in design.blocks:
        raise MetareviewError("Models are compared with their intercept.", "Leave out the 0 + of the formula.")
    terms = [term for term in design.blocks if term != INTERCEPT]
    if not terms:
        raise MetareviewError("The formula has no moderators to choose from.")
    if len(terms) > 16:
        raise MetareviewError(
            f"{len(terms)} terms make more than {MOST_MODELS} models.", "Choose fewer, by theory rather than by AICc."
        )
    parts = {term: set(term.split(":")) for term in terms}
    needs = {term: {other for other in terms if parts[other] < parts[term]} for term in terms}
    chosen = ([t for i, t in enumerate(terms) if code >> i & 1] for code in range(2 ** len(terms)))
    return [(INTERCEPT, *names) for names in chosen if all(needs[t] <= set(names) for t in names)]


def _fit(design: Design, subsets: list[tuple[str, ...]]) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return coefficients and variances, shape (m, p), 0 where absent; tau2, log-likelihoods and parameters, shape (m,)."""
    y, v, X = design.effects.yi, design.effects.vi, design.X
    columns = [sorted(i for term in subset for i in design.blocks[term]) for subset in subsets]
    m, (k, p) = len(subsets), X.shape
    beta, variance = np.zeros((m, p)), np.zeros((m, p))
    tau2, logs = np.zeros(m), np.zeros(m)
    sizes = np.array([len(c) for c in columns])
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        at = np.array([columns[i] for i in which])
        fits = fit_batch(y, v, np.moveaxis(X[:, at], 0, 1), tau2="ML")
        beta[which[:, None], at] = fits.beta
        variance[which[:, None], at] = np.einsum("bpp->bp", fits.cov)
        tau2[which] = fits.tau2
        spread = np.sum(np.log(v + fits.tau2[:, None]), axis=1)
        logs[which] = -0.5 * (k * math.log(2.0 * math.pi) + spread + fits.rss)
    return beta, variance, tau2, logs, sizes + 1


def _warnings(k: int, counts: Floats) -> tuple[str, ...]:
    out = ["The intervals of averaged coefficients know that the models compete, but moderators that were searched for "
           "need new studies to be confirmed."]  # fmt: skip
    if k < 10 * (int(counts.max()) - 2):
        out.append(f"{k} effects for {int(counts.max()) - 2} moderator coefficients: with fewer than 10 effects each, "
                   "the best model is often so by chance.")  # fmt: skip
    return tuple(out)
