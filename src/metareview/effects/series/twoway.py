"""Poisson regression with an effect for every area and every period, the area effects concentrated out.

Given its total, an area's events fall over the periods as a multinomial, so the area effects never have to be
estimated: the cost grows with periods and terms, not with areas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metareview.effects.measure import Floats, Mask
from metareview.effects.series.panel_data import Panel
from metareview.errors import MetareviewError

STEP = 1e-12
MOST = 200


@dataclass(frozen=True)
class TwoWay:
    """A fit of `terms` (q, G, T) and period effects: `beta` (q,), `gamma` (T,; the first 0), `mu` (G, T).

    `bread` ((q+T-1), (q+T-1)): inverse information of beta and gamma[1:]; `scores` (G, q+T-1): one row an area.
    """

    beta: Floats
    gamma: Floats
    mu: Floats
    bread: Floats
    scores: Floats

    @property
    def influence(self) -> Floats:
        """What each area adds to beta and gamma[1:], shape (G, q+T-1)."""
        return self.scores @ self.bread


def fit(panel: Panel, terms: Floats, rows: Mask | None = None) -> TwoWay:
    """Fit log E(y) = offset + area + period + terms beta by Newton's method on the conditional likelihood.

    Arguments: terms (q, G, T). rows (G, T): area-periods to use; all without.

    Raises MetareviewError where no finite estimate exists.
    Source: Hausman, Hall & Griliches (1984), Econometrica 52, 909-938; robust to other than Poisson variance:
    Wooldridge (1999), Journal of Econometrics 90, 77-97.
    """
    present = panel.present if rows is None else panel.present & rows
    y = np.where(present, panel.y, 0.0)
    q, T = terms.shape[0], panel.periods.size
    theta = np.zeros(q + T - 1)

    def loglik(theta: Floats) -> tuple[float, Floats]:
        eta = panel.offset + np.tensordot(theta[:q], terms, 1) + np.append(0.0, theta[q:])
        eta = np.where(present, eta, -np.inf)
        top = eta.max(axis=1, keepdims=True)
        top[~np.isfinite(top)] = 0.0
        weight = np.exp(eta - top)
        total = weight.sum(axis=1, keepdims=True)
        share = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
        return float(np.sum(y[y > 0] * np.log(np.maximum(share[y > 0], 1e-300)))), share

    value, share = loglik(theta)
    for _ in range(MOST):
        mu = share * y.sum(axis=1, keepdims=True)
        scores, information = _derivatives(y, mu, share, terms)
        try:
            step = np.linalg.solve(information, scores.sum(axis=0))
        except np.linalg.LinAlgError:
            break
        if not np.isfinite(step).all() or np.abs(theta).max() > 50:
            break
        if np.abs(step).max() <= STEP * (1 + np.abs(theta).max()):
            size = np.sqrt(np.diag(information))
            if size.size and np.linalg.cond(information / np.outer(size, size)) > 1e11:
                break
            bread = np.asarray(np.linalg.inv(information), dtype=float)
            return TwoWay(theta[:q], np.append(0.0, theta[q:]), mu, bread, scores)
        new, share = loglik(theta + step)
        while new < value - 1e-9 * abs(value) and np.abs(step).max() > STEP:
            step = step / 2
            new, share = loglik(theta + step)
        theta, value = theta + step, new
    raise MetareviewError(
        "The two-way Poisson model has no finite estimate: an arm or a cohort has no events in some stretch of time, or "
        "the terms cannot be told apart from the effects of areas and periods.",
        "Join periods, or leave out areas that are treated in (almost) all of theirs.",
    )


def _derivatives(y: Floats, mu: Floats, share: Floats, terms: Floats) -> tuple[Floats, Floats]:
    """Scores by area (G, q+T-1) and information of (beta, gamma[1:])."""
    residual = y - mu
    centred = terms - (share * terms).sum(axis=2, keepdims=True)
    scores = np.hstack([np.einsum("gt,qgt->gq", residual, terms), residual[:, 1:]])
    by_term = np.einsum("gt,qgt,rgt->qr", mu, centred, centred, optimize=True)
    mixed = np.einsum("gt,qgt->qt", mu, centred)[:, 1:]
    by_period = (np.diag(mu.sum(axis=0)) - share.T @ mu)[1:, 1:]
    return scores, np.block([[by_term, mixed], [mixed.T, by_period]])


def by_cluster(values: Floats, cluster: Floats) -> Floats:
    """Sums of the rows of `values` (G, ...) within clusters."""
    _, codes = np.unique(cluster, return_inverse=True)
    out = np.zeros((codes.max() + 1, *values.shape[1:]))
    np.add.at(out, codes, values)
    return out


def robust(influence: Floats, cluster: Floats, rows: int, parameters: int) -> Floats:
    """CR1 covariance from the influence of areas (G, p): G/(G-1) (N-1)/(N-K), K without the effects of areas.

    Source: Cameron & Miller (2015), Journal of Human Resources 50, 317-372.
    """
    sums = by_cluster(influence, cluster)
    G = len(sums)
    return np.asarray(sums.T @ sums * G / (G - 1) * (rows - 1) / max(1, rows - parameters))


def robust_by_arm(influence: Floats, cluster: Floats, treated: Mask) -> tuple[float, float] | None:
    """Variance and degrees of freedom from the influence of areas (G,), corrected and combined arm by arm.

    Each arm's sum of squares is multiplied by G_a/(G_a - 1), and the degrees of freedom are Satterthwaite's, as in
    Welch's comparison of two means: a few treated areas are not taken for as many as all areas. None where clusters
    hold both arms, or an arm has a single cluster.

    Source: Welch (1947), Biometrika 34, 28-35, applied to the influence of clusters.
    """
    sums = by_cluster(influence, cluster)
    arm = by_cluster(np.column_stack([treated, ~treated]).astype(float), cluster) > 0
    if arm.all(axis=1).any() or (arm.sum(axis=0) < 2).any():
        return None
    n = arm.sum(axis=0)
    parts = np.array([np.sum(sums[arm[:, a]] ** 2) for a in (0, 1)]) * n / (n - 1)
    return float(parts.sum()), float(parts.sum() ** 2 / np.sum(parts**2 / (n - 1)))
