"""Cross-check of a pooled result by the other engine: relative differences, by quantity."""

from __future__ import annotations

import math

from metareview.synthesis import pymare_engine, tau2, wls
from metareview.synthesis.heterogeneity import heterogeneity
from metareview.synthesis.results import PooledResult

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
