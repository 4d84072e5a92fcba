"""Estimators of the between-study variance tau2: one a file, each exposing ESTIMATOR; no list to edit."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING

from metareview.errors import MetareviewError

if TYPE_CHECKING:
    from metareview.synthesis.tau2.base import Estimator, Tau2
    from metareview.synthesis.wls import Floats

KNOWN = "fixed"
FALLBACKS = {"GENQM": ("GENQ",)}
USUAL_FALLBACKS = ("PM", "DL")


@cache
def estimators() -> dict[str, Estimator]:
    """Return every estimator by id, in alphabetical order."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        item = getattr(importlib.import_module(f"{__name__}.{module.name}"), "ESTIMATOR", None)
        if item is not None:
            found[item.id] = item
    return dict(sorted(found.items()))


def estimator(name: str) -> Estimator:
    """Return the estimator with this id or alias, whatever the case.

    Raises:
        MetareviewError: there is none; the hint lists what there is.
    """
    wanted, table = str(name).strip().upper(), estimators()
    if wanted in table:
        return table[wanted]
    for item in table.values():
        if wanted == item.id.upper() or wanted in item.aliases:
            return item
    raise MetareviewError(
        f"There is no tau2 estimator {name!r}.",
        f"Choose one of {', '.join(estimators())}, or give tau2 as a number.",
    )


def between_variance(
    tau2: str | float, yi: Floats, vi: Floats, X: Floats, weights: Floats | None = None
) -> tuple[str, Tau2]:
    """Return (method id, tau2): estimated when `tau2` names an estimator, taken as known when it is a number.

    Arguments:
        tau2: an estimator's id or alias, or a known variance >= 0. yi, vi: shape (k,). X: shape (k, p).
        weights: for the estimators that take them (GENQ, GENQM), shape (k,).

    Raises:
        MetareviewError: an unknown name, or a number that is negative or not finite.
    """
    from metareview.synthesis.tau2.base import Tau2

    if isinstance(tau2, str):
        item = estimator(tau2)
        return item.id, item(yi, vi, X, weights)
    if isinstance(tau2, bool) or not isinstance(tau2, Real):
        raise MetareviewError(
            f"tau2 must be the id of an estimator or a number, and is {tau2!r}.",
            f"Choose one of {', '.join(estimators())}.",
        )
    value = float(tau2)
    if not 0.0 <= value < float("inf"):
        raise MetareviewError(
            f"A known tau2 must be 0 or a positive number, and is {tau2!r}.",
            "Give a variance, on the squared scale of yi.",
        )
    return KNOWN, Tau2(value, float("nan"), converged=True, iterations=0)


def estimate_between(
    tau2: str | float, yi: Floats, vi: Floats, X: Floats, weights: Floats | None = None
) -> tuple[str, Tau2, tuple[str, ...]]:
    """Return as `between_variance` does, or from the first fallback that converges, with a sentence that says so.

    The fallbacks are PM and then DL; for GENQM it is GENQ with the same weights. Where none converges, the estimate
    that was asked for comes back, not converged.
    """
    method, between, why = _attempt(tau2, yi, vi, X, weights)
    if between is not None and between.converged:
        return method, between, ()
    for other in FALLBACKS.get(method, USUAL_FALLBACKS):
        _, found, _ = _attempt(other, yi, vi, X, weights) if other != method else (other, None, "")
        if found is not None and found.converged:
            return other, found, (f"The {method} estimate of tau2 failed ({why}); the {other} estimate is used.",)
    if between is None:
        raise MetareviewError(f"tau2 cannot be estimated by {method}: {why}.", "Give tau2 as a number, or use FE.")
    return method, between, ()


def _attempt(
    tau2: str | float, yi: Floats, vi: Floats, X: Floats, weights: Floats | None
) -> tuple[str, Tau2 | None, str]:
    """Return (method id, the estimate or None, why it is not one to use)."""
    from metareview.synthesis.quadratic_form import NotComputableError

    try:
        method, between = between_variance(tau2, yi, vi, X, weights)
    except NotComputableError as error:
        return estimator(str(tau2)).id, None, error.message.rstrip(".")
    if between.value < float("inf"):
        return method, between, "" if between.converged else f"no convergence in {between.iterations} steps"
    return method, None, "it is not a finite number"
