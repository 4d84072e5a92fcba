"""Overdispersion by the negative binomial model of Hausman, Hall and Griliches, given each place's total.

Counts of place i are negative binomial with mean lambda_it * theta_i and variance (1 + theta_i) times the mean, where
lambda_it = t_it * exp(b0 + change of the arm after). Given the place's total N they are Dirichlet-multinomial with
parameters lambda_it, so theta_i is gone, and b0 and the changes are found by maximum likelihood. The variance of such
counts is (N + L) / (1 + L) times the multinomial's, with L the sum of lambda over the place; phi is the mean of this
over the places, weighted by their events. Unlike quasi-Poisson it lets busy places be more overdispersed than quiet
ones.

Source: Hausman, Hall & Griliches (1984), Econometric models for count data with an application to the patents-R&D
relationship, Econometrica 52 (the conditional negative binomial); Cameron & Trivedi (2013), Regression Analysis of
Count Data, 2nd edition, chapter 9.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, polygamma, psi

from metareview.effects.measure import Floats
from metareview.effects.overdispersion.conditional import Fit, changes
from metareview.effects.overdispersion.series import Series
from metareview.errors import MetareviewError

_POLISH = 100
# twice the log-likelihood still to be gained: below it phi is settled, also where it is near 1 and the top is flat
_FLAT = 1e-11


def phi(series: Series, poisson: Fit, phi_start: float) -> float:
    """Phi of a series whose Poisson fit of `fit_changes` is known; 1 where the likelihood falls with overdispersion.

    Raises MetareviewError where no maximum is found.
    """
    x = changes(series)
    weight = series.t * np.exp(x @ poisson.beta)
    if _gain(series, weight) <= 0:
        return 1.0
    totals = series.total(series.y)
    spread = np.sum(totals**2) / totals.sum() / max(phi_start - 1.0, 0.05)
    start = np.concatenate([[np.log(spread / np.mean(series.total(weight)))], poisson.beta])
    beta = _maximum(series, np.column_stack([np.ones_like(series.y), x]), start)
    size = series.total(series.t * np.exp(beta[0] + x @ beta[1:]))
    return float(np.sum(totals * (totals + size) / (1 + size)) / totals.sum())


def log_likelihood(series: Series, alpha: Floats) -> float:
    """Dirichlet-multinomial log-likelihood of the counts given the totals, without the constant; alpha of shape (n,)."""
    size = series.total(alpha)
    places = gammaln(size) - gammaln(size + series.total(series.y))
    return float(places.sum() + np.sum(gammaln(alpha + series.y) - gammaln(alpha)))


def _gain(series: Series, weight: Floats) -> float:
    """How the log-likelihood rises with 1 / lambda at Poisson: 0 on average for Poisson counts."""
    y, totals = series.y, series.total(series.y)
    return float(np.sum(y * (y - 1) / weight) - np.sum(totals * (totals - 1) / series.total(weight))) / 2


def _maximum(series: Series, x: Floats, start: Floats) -> Floats:
    def negative(beta: Floats) -> tuple[float, Floats]:
        alpha = series.t * np.exp(np.clip(x @ beta, -300, 300))
        return -log_likelihood(series, alpha), -_gradient(series, x, alpha)

    beta = np.asarray(minimize(negative, start, jac=True, method="BFGS").x)
    for _ in range(_POLISH):
        alpha = series.t * np.exp(x @ beta)
        gradient, curvature = _gradient(series, x, alpha), _curvature(series, x, alpha)
        step = np.linalg.solve(-curvature, gradient)
        gain = float(gradient @ step)
        if not (np.isfinite(gain) and gain >= 0):
            break
        if gain < _FLAT:
            return beta
        beta = beta + step * min(1.0, 1.0 / np.abs(step).max())
    raise MetareviewError(
        "The negative binomial model has no maximum for this series.", "Use method='quasi_poisson', and see the series."
    )


def _bend(series: Series, alpha: Floats) -> Floats:
    size = series.total(alpha)
    by_place = psi(size) - psi(size + series.total(series.y))
    return np.asarray(by_place[series.codes] + psi(alpha + series.y) - psi(alpha))


def _gradient(series: Series, x: Floats, alpha: Floats) -> Floats:
    return np.asarray(x.T @ (alpha * _bend(series, alpha)))


def _curvature(series: Series, x: Floats, alpha: Floats) -> Floats:
    size = series.total(alpha)
    own = alpha * _bend(series, alpha) + alpha**2 * (polygamma(1, alpha + series.y) - polygamma(1, alpha))
    within = np.array([series.total(alpha * column) for column in x.T])
    shared = polygamma(1, size) - polygamma(1, size + series.total(series.y))
    return np.asarray((x * own[:, None]).T @ x + (within * shared) @ within.T)
