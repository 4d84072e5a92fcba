"""One odds-ratio-like effect of several tables of counts: Mantel-Haenszel, inverse variance, and what they let one expect.

A stratum is a table of a, b (treated, before and after) and c, d (control); `offset` is what exposures alone make of its
(b * c) / (a * d), 1 where windows and areas are equal. All arrays are of shape (k,), k strata; `says` marks those that count.
"""

from __future__ import annotations

import numpy as np

from metareview.effects.measure import Floats, Mask


def mantel_haenszel(
    a: Floats, b: Floats, c: Floats, d: Floats, offset: Floats, says: Mask
) -> tuple[float, float, Floats]:
    """Log RIRR, its Poisson variance (Robins, Breslow & Greenland, with the offset in), and weights, shape (k,)."""
    n = np.where(says, a + b + c + d, np.inf)
    gain, base = b * c / n, offset * a * d / n
    ratio = gain.sum() / base.sum()
    variance = np.sum((gain + ratio * base) * ((b + c) / n + ratio * offset * (a + d) / n)) / (2 * gain.sum() ** 2)
    return float(np.log(ratio)), float(variance), base / base.sum()


def inverse_variance(yi: Floats, vi: Floats, says: Mask) -> tuple[float, float, Floats]:
    """Weighted mean, its Poisson variance, and weights, shape (k,)."""
    w = np.where(says, 1 / np.where(says, vi, 1.0), 0.0)
    return float(np.sum(w * np.where(says, yi, 0.0)) / w.sum()), float(1 / w.sum()), w / w.sum()


def fitted_after(a: Floats, b: Floats, c: Floats, d: Floats, odds: Floats) -> Floats:
    """Treated after, given all four margins and the odds ratio, shape (k,): the root of a quadratic."""
    treated, after, control = a + b, b + d, c + d
    middle = control - after + odds * (treated + after)
    root = np.sqrt(np.maximum(middle**2 + 4 * (1 - odds) * odds * treated * after, 0.0))
    with np.errstate(all="ignore"):
        found = np.where(middle > 0, 2 * odds * treated * after / (middle + root), (root - middle) / (2 * (1 - odds)))
    return np.asarray(found)
