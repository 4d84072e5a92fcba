"""The generalised Q statistic, Q(tau2) = sum of (yi - fitted)^2 / (vi + tau2), and where it takes a given
value.

Source: DerSimonian & Kacker (2007), Contemporary Clinical Trials 28, 105-114; Viechtbauer (2007), Statistics
in Medicine 26, 37-52.
"""

from __future__ import annotations

from scipy.optimize import brentq

from metareview.synthesis import wls
from metareview.synthesis.wls import Floats


def q_statistic(tau2: float, yi: Floats, vi: Floats, X: Floats) -> float:
    """Return Q at tau2; at 0 it is Cochran's Q (the residual QE with moderators)."""
    return wls.fit(yi, 1.0 / (vi + tau2), X).rss


def solve_q(target: float, yi: Floats, vi: Floats, X: Floats) -> tuple[float, int]:
    """Return the tau2 >= 0 at which Q equals `target` (0 when Q(0) is already below it) and the iterations
    used.

    Q falls strictly in tau2, and Q(tau2) <= RSS / tau2 with RSS the unweighted residual sum of squares, so
    RSS / target bounds the root from above for any data: no bracket has to be searched for.

    Arguments:
        target: positive. yi, vi: shape (k,). X: shape (k, p).
    """
    if q_statistic(0.0, yi, vi, X) <= target:
        return 0.0, 0
    top = 1.0001 * wls.fit(yi, vi**0.0, X).rss / target
    root, report = brentq(
        lambda t: q_statistic(t, yi, vi, X) - target,
        0.0,
        top,
        xtol=1e-18 * top,
        rtol=1e-15,
        maxiter=500,
        full_output=True,
    )
    return float(root), int(report.iterations)
