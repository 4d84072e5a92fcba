"""Means of many subsets in closed form: equal effects and DerSimonian-Laird from sums over the members."""

from __future__ import annotations

import numpy as np

from metareview.synthesis.batch import Mask
from metareview.synthesis.diagnostics.refit import Basis, refit
from metareview.synthesis.wls import Floats

METHODS = ("FE", "DL")
CANCELLED = 1e-6
Figures = tuple[Floats, Floats, Floats, Floats, Floats]


def subset_sums(b: Basis, members: Mask) -> Figures:
    """The mean (n, 1), tau2, I2, H2 and Q (n,) of each non-empty subset, as `refit` gives them.

    Q and tr(P) are differences of sums; a subset in which six digits of one of them are lost is fitted by `refit` instead.

    Arguments:
        b: of a pooled result by one of `METHODS`. members: shape (n, k).

    Source: DerSimonian & Laird (1986), Controlled Clinical Trials 7, 177-188.
    """
    w = 1.0 / b.vi
    centre = float(np.sum(w * b.yi) / np.sum(w))
    y = b.yi - centre
    keep = members.astype(np.float64)
    W, Wy, Wyy, WW = np.einsum("nk,ck->cn", keep, np.stack([w, w * y, w * y**2, w**2]))
    df = keep.sum(axis=1) - 1.0
    mean = Wy / W
    Q, trace = np.maximum(Wyy - Wy * mean, 0.0), W - WW / W
    some = df > 0
    lost = np.flatnonzero(some & ((CANCELLED * Wyy > Q) | (trace < CANCELLED * W)))
    free, trace = np.where(some, df, 1.0), np.where(some & (trace > 0), trace, 1.0)
    tau2 = np.zeros_like(W)
    if b.method == "DL":
        tau2 = np.where(some, np.maximum(0.0, (Q - free) / trace), 0.0)
        weights = keep / (b.vi + tau2[:, None])
        mean = np.einsum("nk,k->n", weights, y) / weights.sum(axis=1)
        typical = free / trace
        I2, H2 = 100.0 * tau2 / (tau2 + typical), 1.0 + tau2 / typical
    else:
        I2, H2 = 100.0 * np.maximum(0.0, 1.0 - free / np.where(Q > 0, Q, 1e-300)), Q / free
    figures = (
        (centre + mean)[:, None],
        tau2,
        np.where(some, I2, 0.0),
        np.where(some, H2, 1.0),
        np.where(some, Q, 0.0),
    )
    if lost.size:
        again = refit(b, members[lost])
        for found, exact in zip(figures, (again.beta, again.tau2, again.I2, again.H2, again.Q), strict=True):
            found[lost] = exact
    return figures
