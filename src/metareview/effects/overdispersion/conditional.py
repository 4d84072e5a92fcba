"""The Poisson model with an effect for every place, fitted given each place's total.

Given its total, the counts of a place are multinomial, and the place effects are gone: only the few coefficients are left,
however many places there are. Estimates and fitted counts are those of the model with all place effects in it.

Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition, section 6.4; Cameron & Trivedi (2013),
Regression Analysis of Count Data, 2nd edition, chapter 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metareview.effects.measure import Floats
from metareview.effects.overdispersion.series import ARMS, Series
from metareview.errors import MetareviewError

_STEPS = 100
_SMALL = 1e-12


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients, shape (p,); fitted counts, shape (n,); and the Poisson covariance of the coefficients, (p, p)."""

    beta: Floats
    mu: Floats
    covariance: Floats


@dataclass(frozen=True, eq=False)
class Pearson:
    """X2 of a fit by row, shape (n,), the residuals, shape (n,), and the residual degrees of freedom."""

    parts: Floats
    residuals: Floats
    df: int

    @property
    def phi(self) -> float:
        """X2 / df; nan without degrees of freedom."""
        return float(self.parts.sum()) / self.df if self.df > 0 else float("nan")


def fit(series: Series, x: Floats) -> Fit:
    """Maximum conditional likelihood for covariates x, shape (n, p), by Newton's method.

    Raises MetareviewError where the coefficients do not exist.
    """
    beta = np.zeros(x.shape[1])
    mu, gradient, information = _slopes(series, x, beta)
    for _ in range(_STEPS):
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            break
        size = min(1.0, 5.0 / max(np.abs(step).max(), 1e-300))
        beta = beta + size * step
        mu, gradient, information = _slopes(series, x, beta)
        if np.abs(step).max() < _SMALL:
            return Fit(beta, mu, np.asarray(np.linalg.inv(information), dtype=float))
    raise MetareviewError("The counts do not tell the changes apart: phi cannot be estimated.")


def changes(series: Series) -> Floats:
    """The covariates of a before-after change for each arm that is there, shape (n, arms)."""
    arms = np.unique(series.arm)
    return np.asarray(series.after[:, None] * (series.arm[series.codes][:, None] == arms))


def fit_changes(series: Series) -> Fit:
    """The model of a before-after change an arm; every place must be usable.

    The changes depend on the totals before and after only. Raises MetareviewError for an arm without events in a phase.
    """
    totals = series.by_phase(series.y)
    for arm in np.unique(series.arm):
        if (totals[:, series.arm == arm].sum(axis=1) == 0).any():
            word = ARMS[int(arm)]
            raise MetareviewError(f"The {word} places have no events before, or none after: phi needs both.")
    coarse = series.totals()
    found = fit(coarse, changes(coarse))
    return Fit(found.beta, fitted(series, changes(series) @ found.beta), found.covariance)


def fitted(series: Series, eta: Floats) -> Floats:
    """Fitted counts for a log-linear predictor without place effects, shape (n,)."""
    weight = series.t * np.exp(eta)
    return np.asarray((series.total(series.y) / series.total(weight))[series.codes] * weight)


def pearson(series: Series, mu: Floats, coefficients: int) -> Pearson:
    """Pearson's X2 of fitted counts; the place effects count as coefficients too."""
    residuals = (series.y - mu) / np.sqrt(mu)
    return Pearson(residuals**2, residuals, len(mu) - len(series.arm) - coefficients)


def _slopes(series: Series, x: Floats, beta: Floats) -> tuple[Floats, Floats, Floats]:
    mu = fitted(series, x @ beta)
    within = np.array([series.total(mu * column) for column in x.T])
    information = (x * mu[:, None]).T @ x - (within / series.total(series.y)) @ within.T
    return mu, x.T @ (series.y - mu), information
