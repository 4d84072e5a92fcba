"""What a fitted model says beyond its coefficients: heterogeneity, correlations within levels, fit, and what to be warned of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import sparse

from metareview.synthesis.design import INTERCEPT, Design
from metareview.synthesis.multilevel.likelihood import At
from metareview.synthesis.multilevel.optimise import Optimum
from metareview.synthesis.multilevel.stacks import blocks, stacks
from metareview.synthesis.multilevel.terms import Intercepts, Structured, Term
from metareview.synthesis.wls import Floats

FEW_LEVELS = 5
SILENT = 1e-10


@dataclass(frozen=True)
class Residual:
    """Q of the effects around the model with sampling errors only, and the typical sampling variance, (k - p) / tr(P)."""

    Q: float
    typical: float


def residual(design: Design, V: sparse.csr_array) -> Residual:
    """Q and the typical sampling variance; nan where V is singular. V has shape (k, k)."""
    X, y = design.X, design.effects.yi
    k, p = X.shape
    pieces = stacks(y, X, V, blocks(k, (), V))
    try:
        inverses = [np.linalg.inv(piece.V) for piece in pieces]
    except np.linalg.LinAlgError:
        return Residual(math.nan, math.nan)
    trace, xvx, xvy, middle = 0.0, np.zeros((p, p)), np.zeros(p), np.zeros((p, p))
    for piece, W in zip(pieces, inverses, strict=True):
        WX = (W @ piece.X).reshape(-1, p)
        xvx += piece.X.reshape(-1, p).T @ WX
        xvy += WX.T @ piece.y.ravel()
        middle += WX.T @ WX
        trace += float(np.sum(np.diagonal(W, axis1=1, axis2=2)[piece.real]))
    bread = np.linalg.inv(xvx)
    beta = bread @ xvy
    rest = [piece.y - piece.X @ beta for piece in pieces]
    Q = sum(float(np.sum(r * (W @ r[:, :, None])[:, :, 0])) for r, W in zip(rest, inverses, strict=True))
    free = trace - float(np.sum(bread * middle))
    return Residual(Q, (k - p) / free if k > p and free > 0 else math.nan)


def renamed(term: Term, found: dict[str, float], terms: int) -> dict[str, float]:
    """The components of a term by name; a structured term among several has its own name in front."""
    if isinstance(term, Structured) and terms > 1:
        return {f"{term.name} {name}": value for name, value in found.items()}
    return found


def levels(terms: tuple[Term, ...]) -> dict[str, int]:
    """The number of levels of each factor."""
    found = {}
    for term in terms:
        if isinstance(term, Intercepts):
            found[term.name] = len(term.levels)
        else:
            inner, outer = term.name.split("|")
            found[outer], found[inner] = int(np.unique(term.outer).size), len(term.levels)
    return found


def i_squared(terms: tuple[Term, ...], parts: list[Floats], typical: float) -> dict[str, float]:
    """Percent of the total variance at each level and in all, beside the typical sampling variance.

    Source: Nakagawa & Santos (2012), Evolutionary Ecology 26, 1253-1274.
    """
    if not all(isinstance(term, Intercepts) for term in terms) or not math.isfinite(typical):
        return {}
    variances = {term.name: float(theta[0]) for term, theta in zip(terms, parts, strict=True)}
    total = sum(variances.values()) + typical
    return {name: 100.0 * v / total for name, v in variances.items()} | {"total": 100.0 * (total - typical) / total}


def icc(terms: tuple[Term, ...], parts: list[Floats]) -> dict[str, float]:
    """The correlation of true effects that share a level of each factor, for nested random intercepts."""
    nested = all(isinstance(t, Intercepts) for t in terms)
    if not nested or any(not _within(b, a) for a, b in pairwise(terms)):
        return {}
    variances = np.array([float(theta[0]) for theta in parts])
    if variances.sum() == 0:
        return {}
    return {t.name: float(c) for t, c in zip(terms, np.cumsum(variances) / variances.sum(), strict=True)}


def _within(inner: Term, outer: Term) -> bool:
    assert isinstance(inner, Intercepts) and isinstance(outer, Intercepts)
    pairs = np.unique(np.stack([inner.codes, outer.codes]), axis=1)
    return bool(pairs.shape[1] == np.unique(inner.codes).size)


def prediction(
    terms: tuple[Term, ...], parts: list[Floats], design: Design, here: At, critical: float
) -> tuple[float, float]:
    """The prediction interval of a new true effect; nan with moderators or several variances of a term."""
    alone = all(isinstance(t, Intercepts) or t.structure in ("ID", "CS", "AR", "CAR") for t in terms)
    if design.terms != (INTERCEPT,) or not alone:
        return math.nan, math.nan
    total = sum(float(theta[0]) for theta in parts)
    half = critical * math.sqrt(float(here.bread[0, 0]) + total)
    return float(here.beta[0]) - half, float(here.beta[0]) + half


def fit_statistics(loglik: float, k: int, p: int, t: int, restricted: bool) -> dict[str, Any]:
    """AIC, AICc and BIC of the (restricted) likelihood with p coefficients and t covariance parameters."""
    parameters, n = p + t, k - p if restricted else k
    safe = max(n, parameters + 2)
    return {
        "loglik": loglik,
        "AIC": -2.0 * loglik + 2.0 * parameters,
        "AICc": -2.0 * loglik + 2.0 * parameters * safe / (safe - parameters - 1),
        "BIC": -2.0 * loglik + parameters * math.log(n) if n > 0 else math.nan,
        "parameters": parameters,
    }


def singular(terms: tuple[Term, ...], parts: list[Floats], found: Optimum, typical: float) -> tuple[str, ...]:
    """The components that stand at the edge of what they can be."""
    names: list[str] = []
    at = 0
    for term, theta in zip(terms, parts, strict=True):
        if isinstance(term, Structured) and term.structure == "UN":
            own = _flat(term, theta, typical)
        else:
            zero = [p.kind == "variance" and x <= 1e-9 * typical for p, x in zip(term.parameters, theta, strict=True)]
            edge = [p.kind == "correlation" and bool(found.bound[at + n]) for n, p in enumerate(term.parameters)]
            own = [p.name for p, z, e in zip(term.parameters, zero, edge, strict=True) if z or e]
        names += renamed(term, dict.fromkeys(own, 0.0), len(terms))
        at += len(theta)
    return tuple(names)


def _flat(term: Structured, theta: Floats, typical: float) -> list[str]:
    """The variances and correlations of UN that are 0 or 1 (or -1)."""
    found = []
    for name, value in term.report(theta).items():
        if (name.startswith("tau2") and value <= 1e-9 * typical) or (
            name.startswith("rho") and not abs(value) < 1.0 - 1e-6
        ):
            found.append(name)
    return found


def untold(
    terms: tuple[Term, ...], parts: list[Floats], ceiling: float, information: Floats, typical: float
) -> tuple[str, ...]:
    """The variances that the effects say nothing about, or whose estimate ran to the ceiling of the search."""
    found: list[str] = []
    at = 0
    for term, theta in zip(terms, parts, strict=True):
        told = renamed(term, term.report(theta), len(terms))
        found += [name for name, value in told.items() if "rho" not in name and value >= 0.5 * ceiling]
        for n, p in enumerate(term.parameters):
            silent = p.kind == "variance" and information[at + n, at + n] * typical**2 < SILENT
            found += list(renamed(term, {p.name: 0.0}, len(terms))) if silent else []
        at += len(theta)
    return tuple(dict.fromkeys(found))


def warnings(
    terms: tuple[Term, ...], design: Design, found: Optimum, edge: tuple[str, ...], silent: tuple[str, ...]
) -> tuple[str, ...]:
    """Sentences a reader must see."""
    out = [
        f"{name} cannot be told from these effects. Do not use this result; leave the component out, or give several effects "
        "the same one."
        for name in silent
    ]
    if not found.converged:
        out.append("The search for the variance components did not converge; do not use this result.")
    if edge:
        out.append(
            f"The fit is singular: {', '.join(edge)} at the edge of what is possible; a simpler model may say as much."
        )
    inner = {t.name.split("|")[0] for t in terms if isinstance(t, Structured)}
    for name, n in levels(terms).items():
        if name not in inner and n < FEW_LEVELS:
            what = "is known poorly" if n > 1 else "cannot be told from the mean"
            out.append(f"{name} has {n} level{'s' if n > 1 else ''}: its variance {what}.")
    if design.excluded:
        lost = len(design.excluded)
        out.append(f"{lost} of {lost + design.effects.yi.size} effects lack a moderator or a level and were left out.")
    return (*out, *design.warnings)
