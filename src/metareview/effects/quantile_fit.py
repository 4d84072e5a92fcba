"""Distributions fitted to quantiles by least squares, many rows at once: the engine of the quantile estimation method.

All but the beta have a scale (or location and scale) in which their quantiles are linear, so that only a shape is left
to search: a grid finds the basin, regula falsi on the derivative of the profile sum of squares the optimum, to
the last digits. The beta has two shapes and is fitted row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from metareview.effects.measure import Floats, Mask

DISTRIBUTIONS = ("normal", "log-normal", "gamma", "Weibull", "beta")
_GRID = np.linspace(-7.0, 7.0, 57)
_HALVINGS, _SECANTS = 5, 15
Base = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Fit:
    """One distribution fitted to k rows: mean, SD and sum of squared distances, each of shape (k,)."""

    mean: Floats
    sd: Floats
    squares: Floats


def fit_all(quantiles: Floats, p: Floats) -> list[Fit]:
    """Every distribution of `DISTRIBUTIONS` fitted; sums of squares are infinite where one does not apply.

    Arguments: quantiles, in order, and their probabilities, both of shape (k, m). Distributions of positive numbers
    apply where no quantile is negative, the beta where all lie between 0 and 1.
    """
    every = np.ones(len(quantiles), dtype=bool)
    positive = quantiles[:, 0] >= 0
    shares = (quantiles[:, 0] > 0) & (quantiles[:, -1] < 1)
    fits = ((every, _normal), (positive, _log_normal), (positive, _gamma), (positive, _weibull), (shares, _beta))
    with np.errstate(all="ignore"):
        return [_where(apply, fit, quantiles, p) for apply, fit in fits]


def _where(apply: Mask, fit: Callable[[Floats, Floats], Fit], q: Floats, p: Floats) -> Fit:
    length = len(q)
    out = Fit(np.full(length, np.nan), np.full(length, np.nan), np.full(length, np.inf))
    if apply.any():
        found = fit(q[apply], p[apply])
        out.mean[apply], out.sd[apply] = found.mean, found.sd
        out.squares[apply] = np.where(np.isfinite(found.mean + found.sd), found.squares, np.inf)
    return out


def _normal(q: Floats, p: Floats) -> Fit:
    z = special.ndtri(p)
    centred = z - z.mean(axis=1, keepdims=True)
    sd = np.sum(centred * q, axis=1) / np.sum(centred**2, axis=1)
    mean = q.mean(axis=1) - sd * z.mean(axis=1)
    return Fit(mean, sd, np.sum((q - mean[:, None] - sd[:, None] * z) ** 2, axis=1))


def _log_normal(q: Floats, p: Floats) -> Fit:
    shape, scale, squares = _exponential(q, special.ndtri(p))
    mean = scale * np.exp(shape**2 / 2)
    return Fit(mean, mean * np.sqrt(np.expm1(shape**2)), squares)


def _weibull(q: Floats, p: Floats) -> Fit:
    shape, scale, squares = _exponential(q, np.log(-np.log1p(-p)))
    first, second = special.gamma(1 + shape), special.gamma(1 + 2 * shape)
    return Fit(scale * first, scale * np.sqrt(second - first**2), squares)


def _exponential(q: Floats, w: Floats) -> tuple[Floats, Floats, Floats]:
    """Quantiles c * exp(s * w): the best s and c, and the sum of squares."""

    def base(log_shape: Floats) -> Floats:
        return np.asarray(np.exp(np.exp(log_shape)[:, None] * w))

    return _profile(q, base, lambda log_shape: base(log_shape) * w)


def _gamma(q: Floats, p: Floats) -> Fit:
    """With shape 1/s^2, so that s is the coefficient of variation; the scale is then the mean."""

    def base(log_cv: Floats) -> Floats:
        alpha = np.exp(-2 * log_cv)[:, None]
        return np.asarray(special.gammaincinv(alpha, p) / alpha)

    def change(log_cv: Floats) -> Floats:
        step = 1e-4
        near, far = (base(log_cv + k * step) - base(log_cv - k * step) for k in (1, 2))
        return np.asarray(8 * near - far)

    cv, mean, squares = _profile(q, base, change)
    return Fit(mean, mean * cv, squares)


def _profile(q: Floats, base: Base, change: Base) -> tuple[Floats, Floats, Floats]:
    """The shape and scale minimising sum (q - scale * base(ln shape))^2, and that sum; shapes (k,).

    `change` is the derivative of `base` by the shape times anything positive: only its sign in the slope matters.
    """

    def fitted(log_shape: Floats) -> tuple[Floats, Floats]:
        b = base(log_shape)
        scale = np.sum(q * b, axis=1) / np.sum(b**2, axis=1)
        return scale, q - scale[:, None] * b

    tried = np.array([np.sum(fitted(np.full(len(q), value))[1] ** 2, axis=1) for value in _GRID])
    best = np.clip(np.argmin(np.where(np.isfinite(tried), tried, np.inf), axis=0), 1, len(_GRID) - 2)
    shape = _root(lambda x: np.sum(fitted(x)[1] * change(x), axis=1), _GRID[best - 1], _GRID[best + 1])
    scale, rest = fitted(shape)
    return np.exp(shape), scale, np.sum(rest**2, axis=1)


def _root(f: Base, low: Floats, high: Floats) -> Floats:
    """Where f changes from positive to negative, by halving and then regula falsi (Illinois); shapes (k,)."""
    at_low, at_high = f(low), f(high)
    x = low
    side = np.zeros(len(low))
    for i in range(_HALVINGS + _SECANTS):
        falsi = (low * at_high - high * at_low) / (at_high - at_low)
        x = np.where((i >= _HALVINGS) & (falsi >= low) & (falsi <= high), falsi, (low + high) / 2)
        at_x = f(x)
        left = at_x > 0
        at_high = np.where(left, np.where(side > 0, at_high / 2, at_high), at_x)
        at_low = np.where(left, at_x, np.where(side < 0, at_low / 2, at_low))
        low, high = np.where(left, x, low), np.where(left, high, x)
        side = np.where(i < _HALVINGS, 0.0, np.where(left, 1.0, -1.0))
    return x


def _beta(q: Floats, p: Floats) -> Fit:
    found = np.array([_beta_of_row(*row) for row in zip(q, p, strict=True)])
    a, b, squares = found.T
    return Fit(a / (a + b), np.sqrt(a * b / (a + b + 1)) / (a + b), squares)


def _beta_of_row(q: Floats, p: Floats) -> tuple[float, float, float]:
    start = _normal(q[None], p[None])
    mean = float(np.clip(start.mean[0], 0.01, 0.99))
    size = max(mean * (1 - mean) / max(float(start.sd[0]), 1e-6) ** 2 - 1, 0.5)

    def rest(logs: Floats) -> Floats:
        return np.asarray(special.betaincinv(np.exp(logs[0]), np.exp(logs[1]), p) - q)

    first = np.log([mean * size, (1 - mean) * size])
    done = optimize.least_squares(rest, first, jac="3-point", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    return float(np.exp(done.x[0])), float(np.exp(done.x[1])), float(2 * done.cost)
