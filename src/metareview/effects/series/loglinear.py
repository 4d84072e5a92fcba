"""A log-linear model of one series of counts, with the errors a time series needs.

Every fit ends in a weighted least-squares problem, from whose design and residuals the covariances follow: as modelled,
with autoregressive errors, or consistent under heteroskedasticity and autocorrelation; also between two series.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from metareview.effects.measure import Floats
from metareview.errors import MetareviewError

STEP = 1e-12  # the last step of every iteration, relative: results repeat far beyond 1e-8
MOST = 500
LOWEST, HIGHEST = 0.0, 0.8  # autocorrelation: below 0 is not used, and beyond 0.8 a short series cannot tell its level


@dataclass(frozen=True)
class Fit:
    """A fitted series: `coef` (p,), `mu` (n,), weighted design `Xw` (n, p) and Pearson residuals `ew` (n,).

    `alpha`: negative binomial variance mu + alpha mu^2.
    """

    coef: Floats
    mu: Floats
    Xw: Floats
    ew: Floats
    alpha: float = 0.0

    @property
    def bread(self) -> Floats:
        """(Xw'Xw)^-1, shape (p, p)."""
        return np.asarray(np.linalg.inv(self.Xw.T @ self.Xw))

    @property
    def influence(self) -> Floats:
        """What each period adds to the coefficients, shape (n, p)."""
        return (self.Xw * self.ew[:, None]) @ self.bread


def fit(y: Floats, X: Floats, offset: Floats, *, negative_binomial: bool = False) -> Fit:
    """Fit log E(y) = offset + X coef; y and offset (n,), X (n, p).

    Poisson, or negative binomial with alpha by maximum likelihood.

    Raises MetareviewError where no finite estimate exists.
    Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition, section 2.5.
    """
    start = np.asarray(np.linalg.lstsq(X, np.log(y + 0.5) - offset, rcond=None)[0], dtype=float)
    coef, alpha = _weighted(y, X, offset, start, 0.0), 0.0
    if negative_binomial:
        coef, alpha = _with_alpha(y, X, offset, coef)
    mu = np.exp(offset + X @ coef)
    root = np.sqrt(mu / (1 + alpha * mu))
    return Fit(coef, mu, X * root[:, None], (y - mu) / mu * root, alpha)


def _iterate(step: Callable[[Floats], Floats], coef: Floats) -> Floats:
    for _ in range(MOST):
        with np.errstate(all="ignore"):
            try:
                new = step(coef)
            except np.linalg.LinAlgError:
                break
        if not np.isfinite(new).all() or np.abs(new).max() > 50:
            break
        if np.abs(new - coef).max() <= STEP * (1 + np.abs(coef).max()):
            return new
        coef = new
    raise MetareviewError(
        "The log-linear model has no finite estimate: some part of the series (a season, or one side of the start) has "
        "no events, or too few for this many terms.",
        "Use fewer terms (season=None or fewer harmonics, slope=False), longer periods, or counts for RIRR.",
    )


def _weighted(y: Floats, X: Floats, offset: Floats, coef: Floats, alpha: float) -> Floats:
    def step(coef: Floats) -> Floats:
        mu = np.exp(np.minimum(offset + X @ coef, 100))
        root = np.sqrt(mu / (1 + alpha * mu))
        return np.asarray(coef + np.linalg.lstsq(X * root[:, None], (y - mu) / mu * root, rcond=None)[0])

    return _iterate(step, coef)


def _with_alpha(y: Floats, X: Floats, offset: Floats, coef: Floats) -> tuple[Floats, float]:
    """Coefficients and alpha in turn, both by maximum likelihood; alpha 0 where the counts vary less than Poisson's."""
    alpha = 0.0
    for _ in range(MOST):
        new = _alpha(y, np.exp(offset + X @ coef))
        coef = _weighted(y, X, offset, coef, new)
        if abs(new - alpha) <= STEP * (1 + alpha):
            break
        alpha = new
    return coef, alpha


def _alpha(y: Floats, mu: Floats) -> float:
    def score(log_alpha: float) -> float:
        size = math.exp(-log_alpha)
        terms = special.digamma(y + size) - special.digamma(size) + np.log(size / (size + mu))
        return float(np.sum(terms + 1 - (y + size) / (size + mu)))

    low, high = -14.0, 6.0
    if score(low) * score(high) >= 0 or np.sum((y - mu) ** 2 - y) <= 0:
        return 0.0
    return math.exp(float(optimize.brentq(score, low, high, xtol=1e-14, rtol=1e-14)))


def exact(e: Floats) -> bool:
    """Whether residuals (n,) are nothing but rounding: the model goes through every count."""
    return float(np.abs(e).max()) < 1e-8


def autoregressive(one: Fit) -> tuple[float, float, Floats]:
    """Rho and variance of first-order autoregressive errors, and the innovations (n,) standardised to that variance.

    Restricted maximum likelihood of the linear model that the fit ends in, its weights taken as known: unlike the
    correlation of neighbouring residuals it is not pulled down by the terms that were fitted. Rho is the root of
    the derivative, within 0 and 0.8.

    Source: Harville (1977), JASA 72, 320-338.
    """
    X, z = one.Xw, one.ew
    n, p = X.shape
    if exact(z):
        return 0.0, 0.0, z

    def precision(A: Floats, B: Floats, one: float, neighbour: float, inner: float) -> Floats:
        """A' (one I + neighbour N + inner C) B, N pairing neighbours and C without the two ends."""
        pairs = A[1:].T @ B[:-1] + A[:-1].T @ B[1:]
        return np.asarray(one * A.T @ B + neighbour * pairs + inner * A[1:-1].T @ B[1:-1])

    def slope(rho: float) -> float:
        XQX = precision(X, X, 1, -rho, rho**2)
        e = z - X @ np.linalg.solve(XQX, precision(X, z, 1, -rho, rho**2))
        trace = np.trace(np.linalg.solve(XQX, precision(X, X, 0, -1, 2 * rho)))
        spread = precision(e, e, 0, -1, 2 * rho) / precision(e, e, 1, -rho, rho**2)
        return float(2 * rho / (1 - rho**2) + trace + (n - p) * spread)

    if slope(LOWEST) >= 0:
        rho = LOWEST
    elif slope(HIGHEST) <= 0:
        rho = HIGHEST
    else:
        rho = float(optimize.brentq(slope, LOWEST, HIGHEST, xtol=1e-15, rtol=1e-14))
    A, b = _whiten(X, rho), _whiten(z, rho)
    e = b - A @ np.linalg.lstsq(A, b, rcond=None)[0]
    return rho, float(e @ e) / (n - p), e


def _whiten(A: Floats, rho: float) -> Floats:
    """Rows of A freed of first-order autocorrelation, of variance as before."""
    out = A.astype(float).copy()
    out[1:] = (A[1:] - rho * A[:-1]) / math.sqrt(1 - rho**2)
    return out


def default_lags(n: int) -> int:
    """Lags of the Newey-West covariance: the whole part of 4 (n/100)^(2/9) (Newey & West 1994)."""
    return int(4 * (n / 100) ** (2 / 9))


def newey_west(influence: Floats, lags: int) -> Floats:
    """Long-run covariance of sums of `influence` (n, q) with Bartlett weights, shape (q, q).

    Source: Newey & West (1987), Econometrica 55, 703-708.
    """
    total = influence.T @ influence
    for lag in range(1, min(lags, len(influence) - 1) + 1):
        cross = influence[lag:].T @ influence[:-lag]
        total = total + (1 - lag / (lags + 1)) * (cross + cross.T)
    return np.asarray(total)


def model_covariance(one: Fit, other: Fit, shared: float, rho: tuple[float, float]) -> Floats:
    """Covariance between the coefficients of two series (or of one with itself), shape (p, p).

    `shared`: covariance of their errors within a period; that between periods falls off by `rho`, the autocorrelation
    of the series that is looked at later.

    Source: Zeger (1988), Biometrika 75, 621-629, for coefficients estimated as if periods were
    independent; two series: Zellner (1962), JASA 57, 348-368.
    """
    lag = np.subtract.outer(np.arange(one.mu.size), np.arange(one.mu.size))
    errors = np.where(lag >= 0, rho[0] ** np.abs(lag), rho[1] ** np.abs(lag))
    return np.asarray(shared * one.bread @ (one.Xw.T @ errors @ other.Xw) @ other.bread)
