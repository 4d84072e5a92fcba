"""The parametric-bootstrap prediction interval: tau2 drawn from its exact confidence distribution.

A draw of tau2 solves P(Q <= the Q at hand; tau2) = U for Cochran's Q and a uniform U (0 where there is none); with
weights 1 / (vi + tau2) it gives a mean and Hartung's variance of it; and mean + Z tau - T se, with Z normal and T from t
with k - 1 df, is a draw of the effect of a new setting. The bounds are quantiles of the draws.

Source: Nagashima, Noma & Furukawa (2019), Statistical Methods in Medical Research 28, 1689-1702, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special
from scipy.interpolate import PchipInterpolator

from metareview.errors import MetareviewError
from metareview.parallel import spread
from metareview.synthesis import wls
from metareview.synthesis.generalised_q import probability_above, tau2_where
from metareview.synthesis.prediction import PredictionInterval
from metareview.synthesis.results import PooledResult
from metareview.synthesis.wls import Fit, Floats

FEWEST, PIECE = 1000, 5000
KNOTS = 200
FURTHEST = 1e-7  # the probability beyond which tau2 is not followed further

Piece = tuple[Floats, Floats, Floats, Floats, np.random.SeedSequence, int]


def bootstrap(
    result: PooledResult,
    level: float,
    draws: int,
    seed: int,
    *,
    workers: int = 1,
    cluster: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PredictionInterval:
    """Return the interval; the arguments are those of `prediction.prediction_interval`.

    Raises:
        MetareviewError: fewer than `FEWEST` draws, or weights of the user's.
    """
    if result.weighting != "inverse variance":
        raise MetareviewError(
            "The bootstrap prediction interval needs inverse-variance weights.", "Pool without weights."
        )
    if draws < FEWEST:
        raise MetareviewError(f"{draws} draws do not tell the ends of an interval.", f"Give {FEWEST} or more.")
    knots, heights = confidence_distribution(wls.fit(result.yi, 1.0 / result.vi, wls.ones(result.k)), result.vi)
    sizes = [min(PIECE, draws - at) for at in range(0, draws, PIECE)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    pieces: list[Piece] = [(result.yi, result.vi, knots, heights, s, n) for s, n in zip(seeds, sizes, strict=True)]
    drawn = np.concatenate(list(spread(new_effects, pieces, workers=workers, cluster=cluster, progress=progress)))
    low, high = np.quantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return PredictionInterval(float(low), float(high), "bootstrap", level, float("nan"), draws, seed)


def confidence_distribution(f: Fit, vi: Floats) -> tuple[Floats, Floats]:
    """Return `KNOTS` values of tau2 and the normal quantiles of P(Q > the Q at hand) at them, both increasing.

    The knots reach from 0 to where Q would hardly ever be smaller; between them the curve is followed to about six
    digits of tau2, far closer than the draws need.

    Arguments:
        f: of the effects with fixed weights. vi: their sampling variances, shape (k,).
    """
    top, _ = tau2_where(1.0 - FURTHEST, f, vi)
    bottom = float(np.min(vi)) * 1e-3
    if top <= bottom:
        return np.array([0.0, 1.0]), np.array([special.ndtri(1.0 - FURTHEST)] * 2)
    knots = np.concatenate([[0.0], np.geomspace(bottom, top, KNOTS - 1)])
    heights = np.array([special.ndtri(probability_above(float(t), f, vi)) for t in knots])
    rising = np.concatenate([[True], np.diff(np.maximum.accumulate(heights)) > 0.0])
    return knots[rising], heights[rising]


def draw_tau2(uniform: Floats, knots: Floats, heights: Floats) -> Floats:
    """Return the tau2 at which P(Q > the Q at hand) is each of these, 0 where it is more already at 0; shape (b,)."""
    if heights[0] >= heights[-1]:
        return np.zeros_like(uniform)
    wanted = np.clip(special.ndtri(uniform), heights[0], heights[-1])
    return np.asarray(np.maximum(PchipInterpolator(heights, knots)(wanted), 0.0), dtype=np.float64)


def new_effects(piece: Piece) -> Floats:
    """Return draws of the effect of a new setting, shape (b,): yi, vi, the confidence distribution, a seed and b."""
    yi, vi, knots, heights, seed, b = piece
    rng = np.random.default_rng(seed)
    tau2 = draw_tau2(rng.uniform(size=b), knots, heights)
    z, t = rng.standard_normal(b), rng.standard_t(yi.size - 1, size=b)
    w = 1.0 / (vi + tau2[:, None])
    total = w.sum(axis=1)
    mean = (w @ yi) / total
    variance = np.sum(w * (yi - mean[:, None]) ** 2, axis=1) / total / (yi.size - 1)
    return np.asarray(mean + z * np.sqrt(tau2) - t * np.sqrt(variance))
