"""Where the Q of fixed weights is as extreme as at hand: the confidence distribution of tau2 that it gives."""

from __future__ import annotations

import math

from scipy.optimize import brentq

from metareview.synthesis.quadratic_form import form, tails
from metareview.synthesis.wls import Fit, Floats


def probability_above(tau2: float, f: Fit, vi: Floats) -> float:
    """Return P(Q > the Q at hand; tau2), which rises with tau2 from the p-value of Q to 1.

    Arguments:
        tau2: >= 0. f: a fit of k effects with any fixed positive weights. vi: their sampling variances, shape (k,).

    Source: Jackson (2013), Research Synthesis Methods 4, 220-229.
    """
    scale = float(f.w.max())  # Q and its weights in units of their own
    return tails(f.rss / scale, form(f.scaled(1.0 / scale), vi + tau2))[1]


def tau2_where(probability: float, f: Fit, vi: Floats) -> tuple[float, int]:
    """Return the tau2 >= 0 at which P(Q > the Q at hand) takes this value (0 when it is above it already at 0) and the
    number of times the distribution was computed.

    Arguments:
        probability: between 0 and 1. f, vi: as in `probability_above`.
    """

    def gap(tau2: float) -> float:
        return _logit(probability_above(tau2, f, vi)) - _logit(probability)

    if f.rss <= 0.0 or probability_above(0.0, f, vi) >= probability:
        return 0.0, 1
    low, high, used = 0.0, f.rss / f.trace_p, 2
    while gap(high) < 0.0:
        low, high, used = high, 4.0 * high, used + 1
    root, report = brentq(gap, low, high, xtol=1e-15 * high, rtol=1e-14, maxiter=200, full_output=True)
    return float(root), used + int(report.function_calls)


def _logit(p: float) -> float:
    p = min(max(p, 1e-300), 1.0 - 1e-16)
    return math.log(p) - math.log1p(-p)
