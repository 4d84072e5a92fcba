"""Prediction intervals: where the true effect of a new setting would lie."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from metareview.errors import MetareviewError
from metareview.synthesis import inference
from metareview.synthesis.fitted import independent
from metareview.synthesis.inputs import check_level
from metareview.synthesis.results import PooledResult

DISTRIBUTIONS = ("k-p", "k-p-1", "normal")
METHODS = (*DISTRIBUTIONS, "bootstrap")
DRAWS = 25_000


@dataclass(frozen=True)
class PredictionInterval:
    """A prediction interval on the scale of yi.

    Attributes:
        low, high: the bounds. method: one of `METHODS`. level: e.g. 0.95. df: of the t distribution, inf for the normal
            one, nan for the bootstrap. draws, seed: of the bootstrap; 0 and 0 for the others.
        warnings: sentences a reader must see.
    """

    low: float
    high: float
    method: str
    level: float
    df: float
    draws: int = 0
    seed: int = 0
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"warnings": list(self.warnings)}

    def to_frame(self) -> Any:
        """Return one row, a pandas DataFrame, without the warnings."""
        import pandas as pd

        return pd.DataFrame([self.to_dict()]).drop(columns="warnings")

    def __repr__(self) -> str:
        return f"PredictionInterval({self.method}: [{self.low:.4f}, {self.high:.4f}], level={self.level:g})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def check_prediction(prediction: str | None) -> str | None:
    """Return the name of a reference distribution, or say which there are."""
    if prediction is None or prediction in DISTRIBUTIONS:
        return prediction
    hint = f"Choose one of {', '.join(DISTRIBUTIONS)}."
    if prediction == "bootstrap":
        hint += " The bootstrap interval: prediction_interval(result, 'bootstrap')."
    raise MetareviewError(f"There is no prediction interval {prediction!r} in pool.", hint)


def freedom(method: str, k: int, p: int) -> float:
    """Return the degrees of freedom of a reference distribution; inf for the normal one."""
    return {"k-p": float(k - p), "k-p-1": float(k - p - 1), "normal": math.inf}[method]


def half_width(method: str, se: float, tau2: float, k: int, p: int, level: float) -> float:
    """Return crit sqrt(se^2 + tau2); nan below k = p + 2.

    Arguments:
        method: one of `DISTRIBUTIONS`. se: of the fitted mean. k, p: effects and coefficients.
    """
    if k < p + 2:
        return math.nan
    return inference.critical(level, freedom(method, k, p)) * math.hypot(se, math.sqrt(tau2))


def prediction_interval(
    result: PooledResult,
    method: str = "bootstrap",
    *,
    level: float | None = None,
    draws: int = DRAWS,
    seed: int = 1,
    workers: int = 1,
    cluster: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PredictionInterval:
    """Return a prediction interval for the true effect of a new setting.

    Arguments:
        result: of `pool`, a random-effects model of at least three effects with inverse-variance weights.
        method: "k-p" (t with k - 1 df), "k-p-1" (t with k - 2 df), "normal", or "bootstrap", which allows for the
            uncertainty of tau2 by drawing it from its exact confidence distribution.
        level: that of the result when None. draws, seed: of the bootstrap; the answer depends on nothing else.
        workers, cluster, progress: as in `parallel.spread`.

    Raises:
        MetareviewError: an unknown method, too few effects or draws, or a result without a distribution of effects.

    Source: Higgins, Thompson & Spiegelhalter (2009), JRSS A 172, 137-159; bootstrap: Nagashima, Noma & Furukawa (2019),
    Statistical Methods in Medical Research 28, 1689-1702, algorithm 1.
    """
    if not isinstance(result, PooledResult) or not isinstance(independent(result, "This interval"), PooledResult):
        raise MetareviewError(
            f"A prediction interval is of one pooled mean, and {type(result).__name__} is a model with coefficients.",
            "`result.predict()` gives pi_low and pi_high at any setting.",
        )
    level = result.level if level is None else check_level(level)
    if method not in METHODS:
        raise MetareviewError(f"There is no prediction interval {method!r}.", f"Choose one of {', '.join(METHODS)}.")
    if result.method == "FE":
        raise MetareviewError("The equal-effects model has no distribution of effects to predict from.", "Use REML.")
    if result.k < 3:
        raise MetareviewError(f"A prediction interval needs at least three effects, and there are {result.k}.")
    if method == "bootstrap":
        from metareview.synthesis.prediction_bootstrap import bootstrap

        return bootstrap(result, level, draws, seed, workers=workers, cluster=cluster, progress=progress)
    half = half_width(method, result.se, result.tau2, result.k, 1, level)
    return PredictionInterval(
        result.estimate - half, result.estimate + half, method, level, freedom(method, result.k, 1)
    )
