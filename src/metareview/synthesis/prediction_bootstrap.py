"""The parametric-bootstrap prediction interval: tau2 drawn from its exact confidence distribution.

A draw of tau2 solves P(Q <= the Q at hand; tau2) = U for Cochran's Q and a uniform U (0 where there is none); with
weights 1 / (vi + tau2) it gives a mean and Hartung's variance of it; and mean + Z tau - T se, with Z normal and T from t
with k - 1 df, is a draw of the effect of a new setting. The bounds are quantiles of the draws.

That equation needs no solving. With A = diag(1 / vi), M = I - UU' the projection beside A^(1/2)1, and x standard normal,
Q has under tau2 the distribution of e'(I + tau2 A)e where e = Mx: linear and rising in tau2 for each x. So
(Q at hand - e'e) / e'Ae, not below 0, is such a draw.

Source: Nagashima, Noma & Furukawa (2019), Statistical Methods in Medical Research 28, 1689-1702, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from metareview.errors import MetareviewError
from metareview.parallel import spread
from metareview.synthesis import wls
from metareview.synthesis.prediction import PredictionInterval
from metareview.synthesis.results import PooledResult
from metareview.synthesis.wls import Fit, Floats

FEWEST, PIECE = 1000, 5000
CELLS = 500_000  # what a piece holds in memory, draws by effects

Piece = tuple[Floats, Floats, np.random.SeedSequence, int]


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
    most = max(1, min(PIECE, CELLS // result.k))
    sizes = [min(most, draws - at) for at in range(0, draws, most)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    pieces: list[Piece] = [(result.yi, result.vi, s, n) for s, n in zip(seeds, sizes, strict=True)]
    drawn = np.concatenate(list(spread(new_effects, pieces, workers=workers, cluster=cluster, progress=progress)))
    low, high = np.quantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return PredictionInterval(float(low), float(high), "bootstrap", level, float("nan"), draws, seed)


def draw_tau2(f: Fit, x: Floats) -> Floats:
    """Return draws of tau2, shape (b,), from standard normals x, shape (b, k).

    Arguments:
        f: the mean of k effects, fitted with weights 1 / vi.
    """
    e = x - np.outer(x @ f.basis[:, 0], f.basis[:, 0])
    squares = e * e
    return np.asarray(np.maximum(f.rss - squares.sum(axis=1), 0.0) / (squares @ f.w))


def new_effects(piece: Piece) -> Floats:
    """Return draws of the effect of a new setting, shape (b,): of yi and vi, shape (k,), a seed and b."""
    yi, vi, seed, b = piece
    rng = np.random.default_rng(seed)
    tau2 = draw_tau2(wls.fit(yi, 1.0 / vi, wls.ones(yi.size)), rng.standard_normal((b, yi.size)))
    z, t = rng.standard_normal(b), rng.standard_t(yi.size - 1, size=b)
    w = 1.0 / (vi + tau2[:, None])
    total = w.sum(axis=1)
    mean = (w @ yi) / total
    variance = np.sum(w * (yi - mean[:, None]) ** 2, axis=1) / total / (yi.size - 1)
    return np.asarray(mean + z * np.sqrt(tau2) - t * np.sqrt(variance))
