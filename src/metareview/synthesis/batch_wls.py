"""Weighted least squares of many data sets at once: `wls` with a leading axis.

Columns of designs have shape (p, b, k), so that every step is a product of arrays of shape (b, k).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False)
class QR:
    """An orthonormal basis, shape (p, b, k), and its triangle R, shape (b, p, p), with 1 for a column that vanished."""

    Q: Floats
    R: Floats


@dataclass(frozen=True, eq=False)
class Bases:
    """b data sets: y, v, keep (1 or 0) of shape (b, k); X of shape (p, b, k) with orthonormal columns over those kept."""

    y: Floats
    v: Floats
    keep: Floats
    X: Floats
    mean_only: bool

    def take(self, at: NDArray[np.intp]) -> Bases:
        """Return some of the data sets, in that order."""
        return Bases(self.y[at], self.v[at], self.keep[at], self.X[:, at], self.mean_only)

    def centred(self) -> Bases:
        """Return the same with y replaced by its unweighted residuals."""
        y = self.y
        for _ in range(2):
            y = y - np.einsum("pb,pbk->bk", np.einsum("pbk,bk->pb", self.X, y), self.X)
        return replace(self, y=y)


@dataclass(frozen=True, eq=False)
class Fits:
    """b fits: beta (b, p) and cov (b, p, p) in the basis of `Bases.X`; rss and trace = tr(P), shape (b,)."""

    beta: Floats
    cov: Floats
    rss: Floats
    trace: Floats


def orthonormal(columns: Floats, passes: int = 2) -> QR:
    """Orthonormalise columns of shape (p, b, k) by Gram-Schmidt; two passes reach machine precision."""
    p, b, _ = columns.shape
    Q, R = np.array(columns), np.zeros((b, p, p))
    for j in range(p):
        for _ in range(passes if j else 0):
            for i in range(j):
                c = np.einsum("bk,bk->b", Q[i], Q[j])
                R[:, i, j] += c
                Q[j] -= c[:, None] * Q[i]
        R[:, j, j] = np.sqrt(np.einsum("bk,bk->b", Q[j], Q[j]))
        Q[j] /= np.where(R[:, j, j] > 0, R[:, j, j], 1.0)[:, None]
    return QR(Q, R)


def _others(x: Floats) -> Floats:
    """For each entry the sum of all the others in its row without cancellation, shape (b, k)."""
    rows, top = np.arange(len(x)), np.argmax(x, axis=1)
    out = x.sum(axis=1)[:, None] - x
    rest = np.array(x)
    rest[rows, top] = 0.0
    out[rows, top] = rest.sum(axis=1)
    return out


@dataclass(frozen=True, eq=False)
class _State:
    w: Floats
    qr: QR
    resid: Floats
    free: Floats
    root_y: Floats


def _state(data: Bases, t: Floats) -> _State:
    w = data.keep / (data.v + t[:, None])
    root = np.sqrt(w)
    if data.mean_only:
        total = w.sum(axis=1)[:, None]
        Q = (root / np.sqrt(total))[None]
        qr = QR(Q, np.sqrt(total / data.keep.sum(axis=1)[:, None])[:, :, None])
        shift = (w * data.y).sum(axis=1)[:, None] / total
        resid = data.y - shift
        resid = (resid - (w * resid).sum(axis=1)[:, None] / total) * data.keep
        return _State(w, qr, resid, _others(w) / total, root * data.y)
    qr = orthonormal(root * data.X)
    z = root * data.y
    e = z
    for _ in range(2):
        e = e - np.einsum("pb,pbk->bk", np.einsum("pbk,bk->pb", qr.Q, e), qr.Q)
    resid = np.divide(e, root, out=np.zeros_like(e), where=root > 0)
    free = np.clip(1.0 - np.einsum("pbk,pbk->bk", qr.Q, qr.Q), 0.0, 1.0)
    return _State(w, qr, resid, free, z)


def fits_at(data: Bases, t: Floats) -> Fits:
    """Fit each data set at its tau2, t of shape (b,)."""
    s = _state(data, t)
    diagonal = np.einsum("bpp->bp", s.qr.R)
    safe = s.qr.R + np.einsum("bp,pq->bpq", np.where(diagonal > 0, 0.0, 1.0), np.eye(diagonal.shape[1]))
    inverse = np.linalg.inv(safe)
    beta = np.einsum("bpq,qb->bp", inverse, np.einsum("pbk,bk->pb", s.qr.Q, s.root_y))
    rss = np.sum(s.w * s.resid**2, axis=1)
    return Fits(beta, inverse @ np.swapaxes(inverse, 1, 2), rss, np.sum(s.w * s.free, axis=1))


def derivatives(data: Bases, t: Floats, restricted: bool) -> tuple[Floats, Floats]:
    """Return the first and second derivative of each log-likelihood at t, shapes (b,)."""
    s = _state(data, t)
    pull = s.w * s.resid
    u = np.sqrt(s.w) * pull
    inside = u - np.einsum("pb,pbk->bk", np.einsum("pbk,bk->pb", s.qr.Q, u), s.qr.Q)
    trace, trace2 = _traces(data, s, restricted)
    return 0.5 * (np.sum(pull**2, axis=1) - trace), 0.5 * trace2 - np.sum(inside**2, axis=1)


def _traces(data: Bases, s: _State, restricted: bool) -> tuple[Floats, Floats]:
    if not restricted:
        return s.w.sum(axis=1), np.sum(s.w**2, axis=1)
    if data.mean_only:
        spread = s.w * s.qr.Q[0] ** 2
        return np.sum(s.w * s.free, axis=1), np.sum((s.w * s.free) ** 2 + spread * _others(spread), axis=1)
    inner = np.einsum("pbk,bk,qbk->bpq", s.qr.Q, s.w, s.qr.Q)
    trace2 = np.sum(s.w**2 * (2.0 * s.free - 1.0), axis=1) + np.sum(inner**2, axis=(1, 2))
    return np.sum(s.w * s.free, axis=1), trace2


def signs(data: Bases, grid: Floats, restricted: bool) -> NDArray[np.bool_]:
    """Return whether the score is positive at grid points of shape (b, g), shape (b, g)."""
    b, g = grid.shape
    k = data.y.shape[1]
    w = data.keep[:, None, :] / (data.v[:, None, :] + grid[:, :, None])
    if data.mean_only:
        total = w.sum(axis=2)
        pull = w * (data.y[:, None, :] - (np.einsum("bgk,bk->bg", w, data.y) / total)[:, :, None])
        score = np.einsum("bgk,bgk->bg", pull, pull) - total
        return np.asarray(score + np.einsum("bgk,bgk->bg", w, w) / total > 0.0 if restricted else score > 0.0)
    root = np.sqrt(w)
    Q = orthonormal((root * data.X[:, :, None, :]).reshape(-1, b * g, k), passes=1).Q
    z = (root * data.y[:, None, :]).reshape(b * g, k)
    w = w.reshape(b * g, k)
    e = z - np.einsum("pb,pbk->bk", np.einsum("pbk,bk->pb", Q, z), Q)
    score = np.einsum("bk,bk,bk->b", w, e, e) - w.sum(axis=1)
    if restricted:
        score += np.einsum("bk,pbk,pbk->b", w, Q, Q)
    return np.asarray(score.reshape(b, g) > 0.0)


def log_likelihoods(data: Bases, t: Floats, restricted: bool) -> Floats:
    """Return the log-likelihood of each data set at t up to a constant of its own, shape (b,)."""
    s = _state(data, t)
    logs = np.sum(np.log(np.where(data.keep > 0, s.w, 1.0)), axis=1)
    value = 0.5 * logs - 0.5 * np.sum(s.w * s.resid**2, axis=1)
    if restricted:
        with np.errstate(divide="ignore"):  # a data set whose columns cannot be told apart has no likelihood
            value -= np.sum(np.log(np.abs(np.einsum("bpp->bp", s.qr.R))), axis=1)
    return np.asarray(value)
