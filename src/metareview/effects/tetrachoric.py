"""The correlation of a bivariate normal cut into a 2x2 table: its probability, and the correlation behind one."""

from __future__ import annotations

import numpy as np
from scipy import special

from metareview.effects.measure import Floats

_ROUNDS = 100
_SETTLED = 1e-10  # Newton's error after a step is of the order of the step squared


def lower_quadrant(h: Floats, k: Floats, rho: Floats) -> Floats:
    """P(X < h, Y < k) of standard normals with correlation rho, for h and k at or below 0; shapes (k,).

    By Owen's T function: Owen (1956), Annals of Mathematical Statistics 27, pages 1075-1090.
    """
    s = np.sqrt((1 - rho) * (1 + rho))
    with np.errstate(all="ignore"):
        a = np.where(h == 0, np.inf, (k - rho * h) / (h * s))
        b = np.where(k == 0, np.inf, (h - rho * k) / (k * s))
        middle = np.where((h == 0) & (k == 0), np.sqrt((1 - rho) / (1 + rho)), np.nan)
    a, b = (np.where(np.isnan(middle), slope, middle) for slope in (a, b))
    tails = special.owens_t(h, a) + special.owens_t(k, b)
    return np.asarray((special.ndtr(h) + special.ndtr(k)) / 2 - tails)


def density(h: Floats, k: Floats, rho: Floats) -> Floats:
    """Density of standard normals with correlation rho at (h, k); shapes (k,)."""
    s2 = (1 - rho) * (1 + rho)
    return np.asarray(np.exp(-(h**2 - 2 * rho * h * k + k**2) / (2 * s2)) / (2 * np.pi * np.sqrt(s2)))


def correlation(h: Floats, k: Floats, p: Floats) -> Floats:
    """The rho for which P(X < h, Y < k) is p, each of shape (k,); nan where p is not strictly between its bounds."""
    flip = np.where((h > 0) == (k > 0), 1.0, -1.0)
    p = np.where(k > 0, special.ndtr(h) - p, p)  # the quadrant on the other side of k
    k = -np.abs(k)
    p = np.where(h > 0, special.ndtr(k) - p, p)
    h = -np.abs(h)
    exists = (p > 0) & (p < np.minimum(special.ndtr(h), special.ndtr(k)))
    rho = np.full(len(p), np.nan)
    rho[exists] = np.sin(_angle(h[exists], k[exists], p[exists]))
    return flip * rho


def _angle(h: Floats, k: Floats, p: Floats) -> Floats:
    """asin(rho) by Newton steps, halved back into the bracket where they leave it; only unsettled rows go on."""
    found = np.zeros(len(p))
    low, high, rows = np.full(len(p), -np.pi / 2), np.full(len(p), np.pi / 2), np.arange(len(p))
    for _ in range(_ROUNDS):
        angle = found[rows]
        miss = lower_quadrant(h, k, np.sin(angle)) - p
        low, high = np.where(miss <= 0, angle, low), np.where(miss >= 0, angle, high)
        with np.errstate(all="ignore"):
            step = angle - miss / (density(h, k, np.sin(angle)) * np.cos(angle))
        found[rows] = np.where((step > low) & (step < high), step, (low + high) / 2)
        on = np.abs(found[rows] - angle) > _SETTLED
        if not on.any():
            break
        rows = rows[on]
        h, k, p, low, high = (values[on] for values in (h, k, p, low, high))
    return found
