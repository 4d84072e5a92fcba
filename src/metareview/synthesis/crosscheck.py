"""Cross-checks of a result by the other engines: relative differences, by quantity."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from metareview.synthesis import pymare_engine, statsmodels_engine, tau2, wls
from metareview.synthesis.heterogeneity import heterogeneity
from metareview.synthesis.results import PooledResult, RegressionResult
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    from metareview.synthesis.multilevel.results import MultilevelResult

TOLERANCE = 1e-5


def crosscheck(result: PooledResult) -> dict[str, float]:
    """Return how far the other engine is from a result, as relative differences of "estimate", "se" and
    "tau2".

    A relative difference loses its meaning for a value near zero, so each is measured on a scale that cannot
    vanish: the estimate by |a - b| / max(|b|, se), se by |a - b| / se, and tau2 by |a - b| / max(b, typical
    sampling variance).

    PyMARE has no twin for the other estimators and a known tau2: there the estimate and its standard error are checked
    with tau2 given, and "tau2" is left out. A single effect has nothing to check, and weights of the user's are beyond
    PyMARE: both give {}.
    """
    if result.k < 2 or result.weighting != "inverse variance":
        return {}
    yi, vi = result.yi, result.vi
    if result.engine == pymare_engine.ENGINE:
        return _against_own(result)
    twin_method = result.method in pymare_engine.METHODS
    known = None if twin_method else result.tau2
    twin = pymare_engine.fit(yi, vi, result.method, result.test, known=known)
    out = _differences(result, twin.estimate, twin.se)
    if twin_method:
        out["tau2"] = _tau2_difference(result, twin.tau2)
    return out


def crosscheck_regression(result: RegressionResult) -> dict[str, float]:
    """Return how far the other engines are from a meta-regression: see `crosscheck_coefficients`; {} with the user's weights."""
    if result.weighting != "inverse variance":
        return {}
    fitted = result.estimate, result.se, result.tau2
    return crosscheck_coefficients(result.yi, result.vi, result.X, fitted, result.method, result.test)


def crosscheck_coefficients(
    yi: Floats, vi: Floats, X: Floats, fitted: tuple[Floats, Floats, float], method: str, test: str
) -> dict[str, float]:
    """Return how far the other engines are from coefficients, their errors and tau2: the largest difference of each.

    "estimate", "se" and "tau2" are PyMARE's, measured as in `crosscheck`; "wls_estimate" and "wls_se" those of
    statsmodels' weighted least squares at the same weights. Without residual degrees of freedom it gives {}.
    """
    estimate, se, between = fitted
    if X.shape[0] <= X.shape[1]:
        return {}
    known = None if method in pymare_engine.METHODS else between
    twin = pymare_engine.fit_regression(yi, vi, X, method, test, known=known)
    out = _of_coefficients(estimate, se, twin.estimate, twin.se)
    if known is None:
        typical = heterogeneity(yi, vi, X, between, level=0.95).typical_variance
        out["tau2"] = _relative(between - twin.tau2, max(twin.tau2, typical))
    found = _of_coefficients(estimate, se, *statsmodels_engine.weighted(yi, X, 1.0 / (vi + between), test))
    return out | {f"wls_{name}": value for name, value in found.items()}


def crosscheck_multilevel(result: MultilevelResult) -> dict[str, float]:
    """Return how far the other engines are from a multilevel model, by quantity.

    "estimate" and "se" are statsmodels' by generalised least squares, given the variance components; a model of more effects than
    a dense covariance should hold gives {}. "loglik", "score", "gain" and "components" are those of a second engine of our
    own, a dense likelihood with a search of its own, for up to 500 effects (see `multilevel.second.compare`): statsmodels'
    MixedLM cannot hold known sampling variances, and no other Python engine does.
    """
    from metareview.synthesis.multilevel.second import compare

    if result.k > statsmodels_engine.LARGEST_DENSE:
        return {}
    fitted = result.estimate, result.se
    return _of_coefficients(*fitted, *statsmodels_engine.generalised(result.working)) | compare(result)


def checked_multilevel(result: MultilevelResult) -> MultilevelResult:
    """Return a multilevel model with the differences to the other engines, and a warning where they say more than a number."""
    from metareview.synthesis.multilevel.second import BETTER, LARGEST

    found = crosscheck_multilevel(result)
    said = []
    if result.k > LARGEST:
        said.append(f"More than {LARGEST} effects: no second engine estimated the variance components.")
    elif "loglik" in found and "components" not in found:
        said.append("The likelihood is flat: the variance components can hardly be told from each other.")
    if found.get("gain", 0.0) > BETTER:
        said.append(f"A second search found a log-likelihood higher by {found['gain']:.2g}; do not use this result.")
    return replace(result, crosscheck=found, warnings=(*result.warnings, *said))


def _of_coefficients(estimate: Floats, se: Floats, other: Floats, other_se: Floats) -> dict[str, float]:
    scales = np.maximum(np.abs(other), other_se)
    return {
        "estimate": max(_relative(float(a - b), float(s)) for a, b, s in zip(estimate, other, scales, strict=True)),
        "se": max(_relative(float(a - b), float(b)) for a, b in zip(se, other_se, strict=True)),
    }


def _against_own(result: PooledResult) -> dict[str, float]:
    from metareview.synthesis.pooling import pool

    method = result.tau2 if result.method == tau2.KNOWN else result.method
    own = pool(result.yi, result.vi, tau2=method, test=result.test, level=result.level)
    out = _differences(result, own.estimate, own.se)
    if result.method != tau2.KNOWN:
        out["tau2"] = _tau2_difference(result, own.tau2)
    return out


def _differences(result: PooledResult, estimate: float, se: float) -> dict[str, float]:
    return {
        "estimate": _relative(result.estimate - estimate, max(abs(estimate), se)),
        "se": _relative(result.se - se, se),
    }


def _tau2_difference(result: PooledResult, other: float) -> float:
    X = wls.ones(result.k)
    typical = heterogeneity(result.yi, result.vi, X, result.tau2, level=result.level).typical_variance
    return _relative(result.tau2 - other, max(other, typical))


def _relative(difference: float, scale: float) -> float:
    if difference == 0.0:
        return 0.0
    return abs(difference) / scale if scale > 0.0 else math.inf


def failed(differences: dict[str, float], tolerance: float = TOLERANCE) -> list[str]:
    """Return the quantities whose relative difference exceeds the tolerance (or is not a number)."""
    return [name for name, value in differences.items() if not value <= tolerance]
