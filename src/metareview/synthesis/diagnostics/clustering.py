"""Three ways to find clusters of points: k-means, density (DBSCAN) and a mixture of normals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from scipy.special import logsumexp

from metareview.synthesis.wls import Floats

Codes = NDArray[np.intp]
STARTS, STEPS = 10, 300
RIDGE = 1e-6


def kmeans(points: Floats, n: int, rng: np.random.Generator) -> Codes:
    """The best of ten runs of Lloyd's algorithm from k-means++ starts (Arthur & Vassilvitskii 2007), shape (m,)."""
    best, least = np.zeros(len(points), dtype=np.intp), np.inf
    for _ in range(STARTS):
        codes, inertia = _lloyd(points, _spread_out(points, n, rng))
        if inertia < least * (1.0 - 1e-9):
            best, least = codes, inertia
    return best


def _spread_out(points: Floats, n: int, rng: np.random.Generator) -> Floats:
    centres = [points[rng.integers(len(points))]]
    for _ in range(n - 1):
        far = np.min([np.sum((points - c) ** 2, axis=1) for c in centres], axis=0)
        total = float(far.sum())
        centres.append(points[rng.choice(len(points), p=far / total if total > 0 else None)])
    return np.array(centres)


def _lloyd(points: Floats, centres: Floats) -> tuple[Codes, float]:
    for _ in range(STEPS):
        gaps = np.stack([np.sum((points - c) ** 2, axis=1) for c in centres])
        codes = np.argmin(gaps, axis=0)
        here = [points[codes == c] for c in range(len(centres))]
        moved = np.array([x.mean(axis=0) if len(x) else old for x, old in zip(here, centres, strict=True)])
        if np.array_equal(moved, centres):
            break
        centres = moved
    return codes, float(np.sum(np.min(gaps, axis=0)))


def dbscan(points: Floats, eps: float, least: int) -> Codes:
    """Density clusters (Ester, Kriegel, Sander & Xu 1996), shape (m,), -1 for noise: core points have `least` points within
    `eps`, themselves included; cores within reach are one cluster; another point joins its nearest core
    within reach, or is noise.
    """
    m = len(points)
    pairs = cKDTree(points).query_pairs(eps, output_type="ndarray")
    core = np.bincount(pairs.ravel(), minlength=m) + 1 >= least
    both = pairs[core[pairs].all(axis=1)]
    graph = sparse.csr_array((np.ones(len(both), dtype=np.int8), (both[:, 0], both[:, 1])), shape=(m, m))
    part = connected_components(graph, directed=False)[1]
    codes = np.full(m, -1, dtype=np.intp)
    codes[core] = np.unique(part[core], return_inverse=True)[1]
    rest = np.flatnonzero(~core)
    if core.any() and rest.size:
        gap, at = cKDTree(points[core]).query(points[rest])
        codes[rest] = np.where(gap <= eps, codes[core][at], -1)
    return codes


def mixture(points: Floats, n: int, rng: np.random.Generator) -> Codes:
    """The likeliest component of a mixture of n normals with covariances of their own, by EM from k-means."""
    codes = kmeans(points, n, rng)
    share = np.eye(n)[codes]
    before = -np.inf
    for _ in range(STEPS):
        logs = _log_densities(points, share)
        whole = logsumexp(logs, axis=1)
        share = np.exp(logs - whole[:, None])
        now = float(np.mean(whole))
        if now - before < 1e-6:
            break
        before = now
    return np.asarray(np.argmax(share, axis=1), dtype=np.intp)


def _log_densities(points: Floats, share: Floats) -> Floats:
    """Log of weight times density of each point in each component, shape (m, n), by the shares."""
    size, d = share.sum(axis=0) + 1e-300, points.shape[1]
    out = np.empty_like(share)
    for c in range(share.shape[1]):
        mean = share[:, c] @ points / size[c]
        off = points - mean
        S = (share[:, c, None] * off).T @ off / size[c] + RIDGE * np.eye(d)
        q = np.sum(off * np.linalg.solve(S, off.T).T, axis=1)
        out[:, c] = np.log(size[c] / len(points)) - 0.5 * (q + np.linalg.slogdet(S)[1] + d * np.log(2.0 * np.pi))
    return out
