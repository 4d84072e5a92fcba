"""Thousands of random-effects fits at once, in plain array algebra: for permutations, bootstrap, GOSH and leave-one-out.

    fits = fit_batch(yi, vi)                         # yi of shape (b, k): b data sets, pooled
    fits = fit_batch(yi, vi, X)                      # X of shape (k, p), or (b, k, p): b regressions
    fits = fit_batch(yi, vi, mask=keep)              # yi, vi of shape (k,), keep of shape (b, k): b subsets (GOSH)
    fits.tau2, fits.beta, fits.rss, fits.Q, fits.I2  # shapes (b,), (b, p), (b,), (b,), (b,)
    fits.se("knha"), fits.joint([1, 2], "knha")      # as in `pool` and `regress`

Each fit is the one `pool` or `regress` gives, tau2 at the global maximum of its likelihood included. A column of X is
handled as one array of shape (b, k), and orthonormal bases are built by Gram-Schmidt done twice, so nothing loops over
data sets or effects. REML, ML, DL, FE and a known tau2 are vectorised; other estimators are called one data set at a
time. Nothing here is random: give each piece of a resampling its own seed and let `parallel.spread` carry the pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.synthesis.batch_wls import Bases, Fits, derivatives, fits_at, log_likelihoods, orthonormal, signs
from metareview.synthesis.collinearity import COLLINEAR
from metareview.synthesis.tau2 import KNOWN, between_variance, estimator
from metareview.synthesis.tau2.likelihood import MAX_NEWTON, SMALL_STEP
from metareview.synthesis.wls import Floats

CELLS = 1_000_000
VECTORISED = ("REML", "ML", "DL", "FE", KNOWN)
Mask = NDArray[np.bool_]
_ARRAYS = ("tau2", "beta", "cov", "rss", "k", "df", "Q", "I2", "H2", "converged")


@dataclass(frozen=True, eq=False)
class BatchFit:
    """b fits of p coefficients each.

    Attributes:
        tau2, rss: shape (b,); rss is the weighted residual sum of squares at 1 / (vi + tau2).
        beta: shape (b, p). cov: normal-theory covariance (X'WX)^-1, shape (b, p, p).
        k, df: effects of each data set and k - p, shape (b,). Q, I2, H2: residual heterogeneity as in `pool`, shape (b,).
        converged: False where Newton's method did not settle, or where the design lost its rank in a subset (all figures of
            that fit are nan then), shape (b,).
        method: estimator id, or "fixed".
    """

    tau2: Floats
    beta: Floats
    cov: Floats
    rss: Floats
    k: NDArray[np.intp]
    df: NDArray[np.intp]
    Q: Floats
    I2: Floats
    H2: Floats
    converged: Mask
    method: str

    def factor(self, test: str) -> Floats:
        """What the normal-theory variances are multiplied by under a test, shape (b,); 1 where `pool` falls back to z."""
        if test == "z" or self.method == "FE":
            return np.ones_like(self.rss)
        usable = self.df > 1
        ratio = np.where(usable, self.rss / np.where(usable, self.df, 1), 1.0)
        return np.maximum(1.0, ratio) if test == "adhoc" else ratio

    def se(self, test: str = "knha") -> Floats:
        """Standard errors of the coefficients, shape (b, p)."""
        return np.asarray(np.sqrt(np.einsum("bpp->bp", self.cov) * self.factor(test)[:, None]))

    def joint(self, which: list[int], test: str = "knha") -> Floats:
        """The statistic that the coefficients `which` are all 0, shape (b,): F, or chi-squared for z and FE."""
        beta, cov = self.beta[:, which], self.cov[:, which][:, :, which]
        q = np.einsum("bp,bp->b", beta, np.linalg.solve(cov, beta[:, :, None])[:, :, 0])
        return np.asarray(q if test == "z" or self.method == "FE" else q / (self.factor(test) * len(which)))


def fit_batch(yi: Any, vi: Any, X: Any = None, *, tau2: str | float = "REML", mask: Mask | None = None) -> BatchFit:
    """Fit b data sets.

    Arguments:
        yi, vi: effects and positive sampling variances, shape (b, k), or (k,) when all data sets share them.
        X: design, shape (k, p) or (b, k, p); a column of ones when None. tau2: an estimator's id or a known number.
        mask: shape (b, k), the effects that belong to each data set; all when None.

    Raises:
        MetareviewError: shapes that do not fit, or an unknown estimator.

    Source: as `tau2.likelihood`: the sign of the score on a doubling grid brackets every maximum, Newton polishes each.
    """
    y, v, columns, member = _shapes(yi, vi, X, mask)
    if isinstance(tau2, str):
        method, known = estimator(tau2).id, 0.0
    else:
        method, known = KNOWN, between_variance(tau2, y[0], v[0], y[:1].T)[1].value
    p, b, k = columns.shape
    parts = [_fit_part(y[at], v[at], columns[:, at], member[at], method, known) for at in _chunks(b, k * p, method)]
    joined = {name: np.concatenate([part[i] for part in parts]) for i, name in enumerate(_ARRAYS)}
    return BatchFit(**joined, method=method)


def _chunks(b: int, cells: int, method: str) -> Iterator[slice]:
    size = max(1, CELLS // (cells * (24 if method in ("REML", "ML") else 1)))
    return (slice(at, min(b, at + size)) for at in range(0, b, size))


def _shapes(yi: Any, vi: Any, X: Any, mask: Mask | None) -> tuple[Floats, Floats, Floats, Mask]:
    """Return yi, vi and mask of shape (b, k) and X as columns of shape (p, b, k), without copying what is shared."""
    y, v = np.asarray(yi, dtype=np.float64), np.asarray(vi, dtype=np.float64)
    design = np.ones((y.shape[-1], 1)) if X is None else np.asarray(X, dtype=np.float64)
    member = np.ones(y.shape[-1], dtype=bool) if mask is None else np.asarray(mask, dtype=bool)
    try:
        b, k = np.broadcast_shapes(y.shape, v.shape, member.shape, design.shape[:-1], (1, 1))
        columns = np.broadcast_to(np.moveaxis(design, -1, 0).reshape(design.shape[-1], -1, k), (design.shape[-1], b, k))
        return np.broadcast_to(y, (b, k)), np.broadcast_to(v, (b, k)), columns, np.broadcast_to(member, (b, k))
    except ValueError as error:
        raise MetareviewError(f"The shapes of the data sets do not fit: {error}.") from error


def _fit_part(y: Floats, v: Floats, columns: Floats, member: Mask, method: str, known: float) -> tuple[Any, ...]:
    keep = member.astype(np.float64)
    v = np.where(member, v, 1.0)
    start = orthonormal(columns * keep)
    sizes = np.sqrt(np.einsum("pbk,pbk->pb", columns * keep, columns * keep))
    full = np.all(np.einsum("bpp->pb", start.R) > COLLINEAR * sizes, axis=0) & (sizes > 0).all(axis=0)
    mean_only = columns.shape[0] == 1 and bool(np.all(columns == 1.0))
    data = Bases(np.where(member, y, 0.0), v, keep, start.Q, mean_only)
    count = member.sum(axis=1)
    df = count - columns.shape[0]
    t, settled = _between(data, df, method, known)
    f, zero = fits_at(data, t), fits_at(data, np.zeros_like(t))
    inverse = np.linalg.inv(np.where(full[:, None, None], start.R, np.eye(start.R.shape[1])))
    beta = np.einsum("bpq,bq->bp", inverse, f.beta)
    cov = inverse @ f.cov @ np.swapaxes(inverse, 1, 2)
    het = _heterogeneity(zero, df, t, method)
    lost = ~full
    for figures in (t, beta, cov, f.rss, *het):
        figures[lost] = math.nan
    return t, beta, cov, f.rss, count, df, *het, settled & full


def _heterogeneity(zero: Fits, df: NDArray[np.intp], t: Floats, method: str) -> tuple[Floats, Floats, Floats]:
    free = np.maximum(df, 1)
    typical = free / np.where(df > 0, zero.trace, 1.0)
    if method == "FE":
        i2, h2 = 100.0 * np.maximum(0.0, 1.0 - free / np.where(zero.rss > 0, zero.rss, 1e-300)), zero.rss / free
    else:
        i2, h2 = 100.0 * t / (t + typical), 1.0 + t / typical
    none = df < 1
    return np.where(none, 0.0, zero.rss), np.where(none, 0.0, i2), np.where(none, 1.0, h2)


def _between(data: Bases, df: NDArray[np.intp], method: str, known: float) -> tuple[Floats, Mask]:
    """Return tau2 and whether it converged, each of shape (b,); 0 without residual degrees of freedom."""
    b = df.size
    some = df > 0
    if method not in VECTORISED:
        values = [_one(data, i, method) if some[i] else (0.0, True) for i in range(b)]
        return np.array([t for t, _ in values]), np.array([c for _, c in values])
    if method in ("FE", KNOWN):
        return np.full(b, known), np.ones(b, dtype=bool)
    if method == "DL":
        f = fits_at(data, np.zeros(b))
        return np.where(some, np.maximum(0.0, (f.rss - df) / np.where(some, f.trace, 1.0)), 0.0), np.ones(b, dtype=bool)
    t, settled = np.zeros(b), np.ones(b, dtype=bool)
    which = np.flatnonzero(some)
    if which.size:
        t[which], settled[which] = _maximise(data.take(which), df[which], method == "REML")
    return t, settled


def _one(data: Bases, i: int, method: str) -> tuple[float, bool]:
    rows = data.keep[i] > 0
    X = np.ones((int(rows.sum()), 1)) if data.mean_only else data.X[:, i, rows].T
    found = estimator(method)(data.y[i, rows], data.v[i, rows], X)
    return found.value, found.converged


def _maximise(data: Bases, df: NDArray[np.intp], restricted: bool) -> tuple[Floats, Mask]:
    data = data.centred()
    low, high, owner = _brackets(data, df if restricted else df + data.X.shape[0], restricted)
    b = df.size
    t, settled = _polish(data.take(owner), low, high, restricted)
    single = np.bincount(owner, minlength=b) == 1
    best, converged = np.zeros(b), np.ones(b, dtype=bool)
    alone = single[owner]
    best[owner[alone]], converged[owner[alone]] = t[alone], settled[alone]
    rest = np.flatnonzero(~alone)
    if rest.size:
        height = log_likelihoods(data.take(owner[rest]), t[rest], restricted)
        order = rest[np.argsort(height, kind="stable")]  # the highest is written last
        best[owner[order]], converged[owner[order]] = t[order], settled[order]
    return best, converged


def _brackets(data: Bases, df: NDArray[np.intp], restricted: bool) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return the lower and upper end of every bracket of a maximum and the data set it belongs to; both ends 0 for 0."""
    rss = np.sum(data.y**2, axis=1)
    most = np.max(np.where(data.keep > 0, data.v, 0.0), axis=1)
    bottom = 1e-3 * np.min(np.where(data.keep > 0, data.v, np.inf), axis=1)
    top = np.maximum((rss + np.sqrt(rss * rss + 4.0 * df * rss * most)) / df, 2.0 * bottom)
    steps = min(400, 2 + math.ceil(math.log2(float(np.max(top / bottom)))))
    ladder = bottom[:, None] * (top / bottom)[:, None] ** np.linspace(0.0, 1.0, steps)
    grid = np.concatenate([np.zeros((rss.size, 1)), ladder], axis=1)
    rising = signs(data, grid, restricted)
    rising[:, -1] = False
    zero = np.flatnonzero(~rising[:, 0])
    owner, at = np.nonzero(rising[:, :-1] & ~rising[:, 1:])
    ends = np.zeros(zero.size)
    return (
        np.concatenate([ends, grid[owner, at]]),
        np.concatenate([ends, grid[owner, at + 1]]),
        np.concatenate([zero, owner]),
    )


def _polish(data: Bases, low: Floats, high: Floats, restricted: bool) -> tuple[Floats, Mask]:
    """Newton kept inside its bracket for every data set at once, each until it has settled (see `tau2.likelihood`)."""
    t = np.where(low > 0, np.sqrt(low * high), 0.5 * high)
    last, settled = high - low, high == 0.0
    low, high = low.copy(), high.copy()
    for _ in range(MAX_NEWTON):
        at = np.flatnonzero(~settled)
        if at.size == 0:
            break
        slope, curvature = derivatives(data.take(at), t[at], restricted)
        low[at] = np.where(slope > 0, t[at], low[at])
        high[at] = np.where(slope > 0, high[at], t[at])
        step = np.where(curvature < 0, -slope / np.where(curvature < 0, curvature, 1.0), np.inf)
        good = (np.abs(step) <= 0.5 * last[at]) & (low[at] <= t[at] + step) & (t[at] + step <= high[at])
        half = 0.5 * (high[at] - low[at])
        t[at] = np.where(good, t[at] + np.where(good, step, 0.0), 0.5 * (low[at] + high[at]))
        last[at] = np.where(good, np.abs(step), half)
        settled[at] = last[at] <= np.where(good, SMALL_STEP, np.finfo(float).eps) * t[at]
    return t, settled
