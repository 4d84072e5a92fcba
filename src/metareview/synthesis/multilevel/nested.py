"""Whether one multilevel model is another with restrictions, and the likelihood-ratio test of them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.synthesis.inference import chi2_tail
from metareview.synthesis.likelihood_ratio import LikelihoodRatio, inside
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.multilevel.terms import Intercepts, Structured, Term

WITHIN = {
    "ID": ("ID", "DIAG", "CS", "HCS", "AR", "HAR", "CAR", "UN"),
    "DIAG": ("DIAG", "HCS", "HAR", "UN"),
    "CS": ("CS", "HCS", "UN"),
    "HCS": ("HCS", "UN"),
    "AR": ("AR", "HAR", "UN"),
    "HAR": ("HAR", "UN"),
    "CAR": ("CAR", "UN"),
    "UN": ("UN",),
}
ROUNDING = 1e-6


def compare(full: MultilevelResult, reduced: MultilevelResult) -> LikelihoodRatio:
    """The likelihood-ratio test of two multilevel models.

    Raises:
        MetareviewError: other methods, other effects or sampling covariances, REML with other moderators, or models of which one
            is not the other with restrictions.
    """
    _check(full, reduced)
    df = full.parameters - reduced.parameters
    if df < 1:
        raise MetareviewError(
            "The full model has no parameter more than the reduced one.", "Give the larger one first."
        )
    difference = 2.0 * (full.loglik - reduced.loglik)
    if not (full.converged and reduced.converged) or difference < -ROUNDING:
        raise MetareviewError(
            "One of the models is not at the peak of its likelihood, so there is no ratio to compare.",
            "See the warnings of both.",
        )
    chi2 = max(0.0, difference)
    return LikelihoodRatio(
        chi2, df, chi2_tail(chi2, df), (full.loglik, reduced.loglik), (full.parameters, reduced.parameters),
        (full.AIC, reduced.AIC), (full.AICc, reduced.AICc), full.method, _edge(full, reduced),
    )  # fmt: skip


def _check(full: MultilevelResult, reduced: MultilevelResult) -> None:
    if full.method != reduced.method:
        raise MetareviewError(
            f"The models are fitted by {full.method} and {reduced.method}, which have no common likelihood.",
            "Fit both with the same method.",
        )
    same = np.array_equal(full.rows, reduced.rows) and np.array_equal(full.yi, reduced.yi)
    if not same:
        raise MetareviewError(
            "The models are fitted to different effects.", "Leave out rows that lack what the larger model needs."
        )
    if abs(full.V - reduced.V).max() > 1e-12 * abs(full.V).max():
        raise MetareviewError("The models have different sampling covariances.", "Give both the same V or rho.")
    wide, narrow = full.working.X, reduced.working.X
    if not inside(narrow, wide):
        raise MetareviewError("The models are not nested: the reduced one has moderators the full one has not.")
    if full.method == "REML" and not inside(wide, narrow):
        raise MetareviewError("REML cannot compare models with other moderators.", 'Fit both with method="ML".')
    fixed = {name: value for name, value in full.fixed.items() if reduced.components.get(name) != value}
    if fixed or not _reaches(full.problem.terms, reduced.problem.terms):
        raise MetareviewError(
            "The models are not nested: the reduced one lets effects differ in ways the full one cannot.",
            "Keep its random effects in the full model, or take structures of which one holds the other.",
        )


def _reaches(full: tuple[Term, ...], reduced: tuple[Term, ...]) -> bool:
    """Whether every term of the reduced model has a term of the full one that can be it, each another."""
    if len(reduced) > len(full):
        return len(full) == 1 and len(reduced) == 2 and _compound(full[0], reduced)
    return any(
        all(_can_be(a, b) for a, b in zip(chosen, reduced, strict=True)) for chosen in permutations(full, len(reduced))
    )


def _can_be(wide: Term, narrow: Term) -> bool:
    if isinstance(wide, Intercepts) or isinstance(narrow, Intercepts):
        return _intercepts(wide, narrow)
    same = _same(wide.outer, narrow.outer) and _same(wide.inner, narrow.inner)
    return same and narrow.structure in WITHIN and wide.structure in WITHIN[narrow.structure]


def _intercepts(wide: Term, narrow: Term) -> bool:
    """Intercepts in intercepts, or in a structure: each cell (no correlation) or the outer level (a correlation of 1)."""
    if isinstance(wide, Structured):
        assert isinstance(narrow, Intercepts)
        whole = wide.structure not in ("ID", "DIAG") and _same(wide.outer, narrow.codes)
        return narrow.R is None and (whole or _same(wide.columns, narrow.codes))
    if isinstance(narrow, Structured):
        return False
    if wide.R is None or narrow.R is None:
        return wide.R is None and narrow.R is None and _same(wide.codes, narrow.codes)
    return wide.levels == narrow.levels and _same(wide.codes, narrow.codes) and np.allclose(wide.R, narrow.R)


def _compound(wide: Term, narrow: tuple[Term, ...]) -> bool:
    """Whether an intercept of the outer level and one of each cell are the compound symmetry of the full model."""
    return (
        isinstance(wide, Structured)
        and wide.structure in WITHIN["CS"]
        and all(isinstance(term, Intercepts) and _intercepts(wide, term) for term in narrow)
        and not _same(narrow[0].columns, narrow[1].columns)
    )


def _same(one: NDArray[np.intp], other: NDArray[np.intp]) -> bool:
    """Whether two codes divide the effects alike."""
    pairs = np.unique(np.stack([one, other]), axis=1).shape[1]
    return bool(pairs == np.unique(one).size == np.unique(other).size)


def _edge(full: MultilevelResult, reduced: MultilevelResult) -> tuple[str, ...]:
    """A warning where a variance is 0, or a correlation 1, in the reduced model."""
    wide, narrow = full.problem.terms, reduced.problem.terms
    zero = any(v == 0.0 and "rho" not in n and n not in full.fixed for n, v in reduced.fixed.items())
    structured = [sum(isinstance(term, Structured) for term in terms) for terms in (wide, narrow)]
    if not (zero or len(wide) > len(narrow) or structured[0] > structured[1]):
        return ()
    return (
        "The reduced model stands on the edge of what is possible (a variance of 0 or a correlation of 1): the p-value is too "
        "large, by up to half for one variance (see `component_intervals`).",
    )
