"""Predictions of a meta-regression: the mean effect at given moderators, and where the effect of a new study may lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.synthesis.inputs import check_level
from metareview.synthesis.linear import critical, designed
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class PredictionResult:
    """Predicted mean effects at n settings, on the scale of yi.

    Attributes:
        newdata: the settings, one row each. X: their design, shape (n, p).
        estimate, se, ci_low, ci_high: the mean effect there, shape (n,).
        pi_low, pi_high: prediction interval for the true effect of a new study there; nan for the equal-effects model, and
            where the model has several variances and the settings do not tell which.
        df: of the critical value, inf for the z test; one each, shape (n,), for robust errors. level: as used.
        warnings: sentences a reader must see, such as a setting outside the studies' range.
    """

    newdata: pd.DataFrame
    X: Floats
    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    pi_low: Floats
    pi_high: Floats
    df: float | Floats
    level: float
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision; newdata as columns."""
        return {
            name: value.to_dict(orient="list") if name == "newdata" else to_plain(value)
            for name, value in vars(self).items()
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the settings with estimate, se, ci_low, ci_high, pi_low, pi_high beside them."""
        names = ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high")
        return self.newdata.assign(**{name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        return f"PredictionResult({self.estimate.size} settings, level={self.level:g})"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def predict(result: Any, newdata: Any = None, *, level: float | None = None) -> PredictionResult:
    """Predict at new moderators, in the basis (spline knots, polynomials, centring) the model was fitted with.

    The intervals are estimate +/- crit se and estimate +/- crit sqrt(se^2 + tau2), with the critical value of the
    model's test. In a model of dependent effects tau2 is the sum of the variances of the random effects there; where a term
    has a variance a level, `newdata` with that column tells which.

    Arguments:
        newdata: a data frame with the moderators, or what makes one (one value each makes one row); the studies themselves
            when None. level: that of the
            result when None.

    Raises:
        MetareviewError: a moderator that is absent or missing, a level the model has not seen, a value beyond a spline.

    Source: Higgins, Thompson & Spiegelhalter (2009), JRSS A 172, 137-159.
    """
    from metareview.synthesis.frames import new_rows

    model, design = designed(result, "Predict from")
    own = newdata is None
    frame = design.moderators if own else new_rows(newdata)
    X = design.X if own else design.evaluate(frame)
    tau2, why = model.between(None if own else frame, len(X))
    warnings = (*(() if own else outside(design.moderators, frame)), *why, *model.notes(X))
    used = model.level if level is None else level
    return _predicted(frame, X, (X @ model.estimate, model.errors(X), tau2), model.freedom(X), used, warnings)


def intervals(
    frame: pd.DataFrame, X: Floats, beta: Floats, cov: Floats, tau2: Floats, df: float, level: float,
    warnings: tuple[str, ...],
) -> PredictionResult:  # fmt: skip
    """Return predictions for a design X, shape (n, p), where the effects have the variance tau2, shape (n,)."""
    variance = np.maximum(np.einsum("np,pq,nq->n", X, cov, X), 0.0)
    return _predicted(frame, X, (X @ beta, np.sqrt(variance), tau2), df, level, warnings)


def _predicted(
    frame: pd.DataFrame, X: Floats, told: tuple[Floats, Floats, Floats], df: float | Floats, level: float,
    warnings: tuple[str, ...],
) -> PredictionResult:  # fmt: skip
    estimate, se, tau2 = told
    crit = critical(check_level(level), df)
    half, spread = crit * se, crit * np.sqrt(se**2 + tau2)
    return PredictionResult(
        frame, X, estimate, se, estimate - half, estimate + half, estimate - spread, estimate + spread,
        df, level, warnings,
    )  # fmt: skip


def outside(seen: pd.DataFrame, new: pd.DataFrame) -> tuple[str, ...]:
    """Say which numeric moderators leave the range of the studies."""
    out = []
    for name in seen.select_dtypes("number").columns:
        low, high = seen[name].min(), seen[name].max()
        beyond = int(((new[name] < low) | (new[name] > high)).sum())
        if beyond:
            out.append(
                f"{beyond} of {len(new)} settings have {name} outside the studies' range, {low:g} to {high:g}: "
                "the model extrapolates there."
            )
    return tuple(out)
