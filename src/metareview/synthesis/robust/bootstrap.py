"""The cluster wild bootstrap of one coefficient or of several, with the null hypothesis imposed.

Residuals under the null keep their clusters, and each cluster's are multiplied by one random weight. For a fixed working model
everything is linear in the effects: what each cluster adds is computed once, and a replication is a few products.

With r_j = X_j'W_j e0_j, s = sum of w_j r_j and E_j the estimating functions of the robust variance, replication w has the
estimate C M s and the variance sum over clusters of (w_j b_j - H_j s)(...)'; there b_j = C E_j'e0_j and H_j = C E_j'X_j M. For
one coefficient the null value c enters e0 linearly, so that a replication is five numbers whatever c is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.parallel import Progress, spread
from metareview.synthesis.inputs import check_level
from metareview.synthesis.results import described_html, to_plain
from metareview.synthesis.robust.clusters import Clusters, by_cluster
from metareview.synthesis.robust.robust import contrast_matrix, working_of
from metareview.synthesis.robust.sandwich import Sandwich, sandwich
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

WEIGHTS = {
    "Rademacher": np.array([-1.0, 1.0]),
    "Webb": np.sqrt([1.5, 1.0, 0.5])[[0, 1, 2, 2, 1, 0]] * np.array([-1, -1, -1, 1, 1, 1]),
}
PIECE = 500
TIE = 1e-9
ROUNDING = 1e-12
FEW, VERY_FEW = 8, 5
REACH = 60


@dataclass(frozen=True, eq=False)
class Parts:
    """What clusters add under the null, with e0 = first + c times second: a = C M r, shape (2, J, q); r, (2, J, p); b, (2, J, q);
    H, (J, q, p). The second is 0 for a joint test.
    """

    a: Floats
    r: Floats
    b: Floats
    H: Floats


@dataclass(frozen=True, eq=False)
class Piece:
    """Some replications: parts of the clusters, how many, of which weights, from which seed or which number on."""

    parts: Parts
    count: int
    weights: str
    seed: np.random.SeedSequence | None
    first: int


@dataclass(frozen=True, eq=False, repr=False)
class BootstrapResult:
    """A cluster wild bootstrap.

    Attributes:
        tested: what is 0 under the null. df: how many contrasts. statistic: the data's robust Wald statistic (chi-squared).
        p_value: share of replications with a statistic as large; (1 + number) / (1 + replications) when they are drawn.
        estimate, ci_low, ci_high: of one coefficient, the values that the test does not reject; nan for several.
        clusters, replications, weights, vcov, level, seed: of the bootstrap. exact: whether every combination of signs was used.
        warnings: sentences a reader must see.
    """

    tested: str
    statistic: float
    df: int
    p_value: float
    estimate: float
    ci_low: float
    ci_high: float
    clusters: int
    replications: int
    weights: str
    exact: bool
    vcov: str
    level: float
    seed: int
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {f.name: to_plain(getattr(self, f.name)) for f in fields(self)}

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        import pandas as pd

        return pd.DataFrame([{k: v for k, v in self.to_dict().items() if k != "warnings"}])

    def __repr__(self) -> str:
        how = "all combinations" if self.exact else f"{self.replications} replications"
        return f"BootstrapResult({self.tested}: p={self.p_value:.4f}; {self.weights}, {how}, {self.clusters} clusters)"

    def _repr_html_(self) -> str:
        return described_html(self)


def wild_bootstrap(
    result: Any,
    cluster: Sequence[Any],
    contrasts: Any,
    *,
    replications: int = 1999,
    weights: str = "auto",
    vcov: str = "CR0",
    level: float = 0.95,
    seed: int = 1,
    workers: int = 1,
    cluster_address: str | None = None,
    progress: Progress | None = None,
) -> BootstrapResult:
    """Test coefficients by the cluster wild bootstrap; its working model stays that of the fit.

    Arguments:
        result, cluster: as in `robust`. contrasts: a coefficient's name, several names (joint test), or a matrix (q, p).
        replications: how many are drawn; when all 2^(J - 1) signs are no more than these, each is used once instead.
        weights: "Rademacher" (signs), "Webb" (six points), or "auto": Webb where fewer than 8 clusters inform the contrasts, as
            signs then allow few p-values. vcov: of the statistic; CR1 and its kin give the p-value of CR0.
        seed: of the draws, which do not depend on the number of workers. workers, progress: as in `parallel.spread`, and
            cluster_address its `cluster`.

    Raises:
        MetareviewError: as in `robust`; more contrasts than clusters allow; unknown weights; no replications.

    Source: Joshi, Pustejovsky & Beretvas (2022), Research Synthesis Methods 13, 457-477; Cameron, Gelbach & Miller (2008), Review
    of Economics and Statistics 90, 414-427; Webb (2023), Canadian Journal of Economics 56, 839-858, for the six points.
    """
    working = working_of(result)
    level = check_level(level)
    if weights not in (*WEIGHTS, "auto"):
        raise MetareviewError(f"There are no weights {weights!r}.", f"Choose one of auto, {', '.join(WEIGHTS)}.")
    if replications < 1:
        raise MetareviewError("A bootstrap needs replications.", "Give 1999 or more.")
    clusters = by_cluster(working, cluster)
    C = contrast_matrix(contrasts, working.terms)
    J, q = clusters.count, C.shape[0]
    if q >= J:
        raise MetareviewError(f"{q} contrasts cannot be tested with {J} clusters.", "Test fewer at a time.")
    informed = _informed(clusters, C)
    if weights == "auto":
        weights = "Webb" if informed < FEW else "Rademacher"
    parts, beta = _parts(clusters, sandwich(clusters, vcov), C, working.beta), C @ working.beta
    exact = weights == "Rademacher" and 2 ** min(J - 1, 62) <= replications
    total = 2 ** (J - 1) if exact else replications
    pieces = _pieces(parts, total, weights, None if exact else seed)
    spreading = spread(_replicate, pieces, workers=workers, cluster=cluster_address, progress=progress)
    drawn = np.concatenate(list(spreading))
    own = _replicate(Piece(parts, 1, "Rademacher", None, 0))[0]
    test = _Test(own, drawn, 0 if exact else 1)
    low, high = test.interval(float(beta[0]), 1.0 - level) if q == 1 else (math.nan, math.nan)
    return BootstrapResult(
        tested=_words(C, working.terms),
        statistic=float(test.statistics(own[None], 0.0)[0]),
        df=q,
        p_value=test.p(0.0),
        estimate=float(beta[0]) if q == 1 else math.nan,
        ci_low=low,
        ci_high=high,
        clusters=J,
        replications=total,
        weights=weights,
        exact=exact,
        vcov=vcov,
        level=level,
        seed=seed,
        warnings=_warnings(informed, weights, level, clusters, C, working.terms),
    )


@dataclass(frozen=True, eq=False)
class _Test:
    """The statistic of the data and of the replications, (n, 5) for one coefficient or (n, 1), and what to add to both counts."""

    own: Floats
    drawn: Floats
    add: int

    def statistics(self, found: Floats, c: float) -> Floats:
        """Wald statistics of replications at the null value c, shape (n,)."""
        if found.shape[1] == 1:
            return found[:, 0]
        n0, n1, d0, d1, d2 = found.T
        below = d0 + c * d1 + c * c * d2
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(below > 0, (n0 + c * n1) ** 2 / below, math.inf))

    def p(self, c: float) -> float:
        """The p-value of the null value c."""
        own = self.statistics(self.own[None], c)[0]
        larger = int(np.sum(self.statistics(self.drawn, c) >= own * (1.0 - TIE)))
        return (self.add + larger) / (self.add + self.drawn.shape[0])

    def interval(self, estimate: float, alpha: float) -> tuple[float, float]:
        """The values that are not rejected at level alpha, around the estimate."""
        d0, d1, d2 = self.own[2:]
        step = math.sqrt(max(d0 + estimate * d1 + estimate**2 * d2, 0.0)) or abs(estimate) or 1.0
        return self._end(estimate, -step, alpha), self._end(estimate, step, alpha)

    def _end(self, estimate: float, step: float, alpha: float) -> float:
        if (self.add + np.sum(~np.isfinite(self.drawn).all(axis=1))) / (self.add + len(self.drawn)) > alpha:
            return math.copysign(math.inf, step)
        inside, outside = estimate, estimate + step
        for _ in range(REACH):
            if self.p(outside) <= alpha:
                break
            inside, step = outside, 1.5 * step
            outside = inside + step
        else:
            return math.copysign(math.inf, step)
        while abs(outside - inside) > 1e-10 * max(abs(inside), abs(outside), 1e-300):
            middle = 0.5 * (inside + outside)
            if middle in (inside, outside):
                break
            inside, outside = (inside, middle) if self.p(middle) <= alpha else (middle, outside)
        return inside


def _parts(clusters: Clusters, robust: Sandwich, C: Floats, beta: Floats) -> Parts:
    """What each cluster adds; the restricted fit is beta - M C'(C M C')^-1 (C beta - c)."""
    M = clusters.bread
    toward = M @ C.T @ np.linalg.inv(C @ M @ C.T)
    moves = (toward @ (C @ beta), -toward.sum(axis=1) if C.shape[0] == 1 else np.zeros(clusters.p))
    r, b, H = [], [], []
    for piece, E in zip(clusters.pieces, robust.estimating, strict=True):
        XW = np.swapaxes(piece.X, 1, 2) @ piece.W
        residuals = (piece.e + piece.X @ moves[0], piece.X @ moves[1])
        CE = C @ np.swapaxes(E, 1, 2)
        r.append([np.einsum("gpm,gm->gp", XW, e) for e in residuals])
        b.append([np.einsum("gqm,gm->gq", CE, e) for e in residuals])
        H.append(CE @ piece.X @ M)
    order = np.argsort([clusters.codes[i] for piece in clusters.pieces for i in piece.rows[:, 0]])
    R = np.array([np.concatenate([x[i] for x in r])[order] for i in range(2)])
    B = np.array([np.concatenate([x[i] for x in b])[order] for i in range(2)])
    return Parts(R @ M @ C.T, R, B, np.concatenate(H)[order])


def _informed(clusters: Clusters, C: Floats) -> int:
    """How many clusters have effects that the contrasts depend on."""
    sizes = [
        np.abs(C @ clusters.bread @ np.swapaxes(piece.X, 1, 2) @ piece.W).max(axis=(1, 2)) for piece in clusters.pieces
    ]
    found = np.concatenate(sizes)
    return int(np.sum(found > 1e-8 * found.max()))


def _pieces(parts: Parts, total: int, weights: str, seed: int | None) -> list[Piece]:
    starts = range(0, total, PIECE)
    seeds: Sequence[np.random.SeedSequence | None] = (
        [None] * len(starts) if seed is None else np.random.SeedSequence(seed).spawn(len(starts))
    )
    return [Piece(parts, min(PIECE, total - s), weights, child, s) for s, child in zip(starts, seeds, strict=True)]


def _replicate(piece: Piece) -> Floats:
    """Replications: five numbers each, shape (n, 5), for one coefficient, or the statistic, shape (n, 1)."""
    parts = piece.parts
    J, q = parts.H.shape[:2]
    if piece.seed is None:
        bits = (np.arange(piece.first, piece.first + piece.count)[:, None] >> np.arange(J)) & 1
        w = 1.0 - 2.0 * bits
    else:
        w = np.random.default_rng(piece.seed).choice(WEIGHTS[piece.weights], size=(piece.count, J))
    if q == 1:
        return _single(parts, np.asarray(w, dtype=np.float64))
    s, left = w @ parts.r[0], w @ parts.a[0]
    parted = w[:, :, None] * parts.b[0] - np.einsum("jqp,np->njq", parts.H, s)
    middle = np.swapaxes(parted, 1, 2) @ parted
    values, vectors = np.linalg.eigh(middle)
    ok = values[:, 0] > 1e-13 * values[:, -1]
    along = np.einsum("nqi,nq->ni", vectors, left) ** 2 / np.where(ok[:, None], values, 1.0)
    return np.asarray(np.where(ok, along.sum(axis=1), math.inf)[:, None])


def _single(parts: Parts, w: Floats) -> Floats:
    """For one coefficient: n0, n1 of the numerator n0 + c n1, and d0, d1, d2 of the variance d0 + c d1 + c^2 d2."""
    H = parts.H[:, 0]
    n0, n1 = (w @ a[:, 0] for a in parts.a)
    u0, u1 = (w * b[:, 0] - (w @ r) @ H.T for b, r in zip(parts.b, parts.r, strict=True))
    size = np.abs(w) @ np.abs(parts.r[1]) @ np.abs(H).T + np.abs(w * parts.b[1][:, 0])
    u1 = np.where(np.abs(u1) > ROUNDING * size, u1, 0.0)  # c may be large
    return np.stack([n0, n1, np.sum(u0 * u0, 1), 2.0 * np.sum(u0 * u1, 1), np.sum(u1 * u1, 1)], axis=1)


def _words(C: Floats, terms: tuple[str, ...]) -> str:
    if np.array_equal(C.sum(axis=1), np.ones(len(C))) and np.all((C == 0) | (C == 1)):
        return ", ".join(terms[int(np.argmax(row))] for row in C)
    rows = [" ".join(f"{x:+g} {t}" for x, t in zip(row, terms, strict=True) if x) for row in C]
    return "; ".join(rows)


def _warnings(
    informed: int, weights: str, level: float, clusters: Clusters, C: Floats, terms: tuple[str, ...]
) -> tuple[str, ...]:
    out = [
        f"{terms[c]} rests on cluster {name} alone: the bootstrap cannot count how clusters differ there."
        for c, name in clusters.alone
        if np.any(C[:, c])
    ]
    name = _words(C, terms)
    if weights == "Rademacher" and 1.0 - level < 2.0 ** (2 - informed):
        out.append(f"{informed} clusters inform {name}: sign weights give few p-values; Webb weights give more.")
    if informed < VERY_FEW:
        out.append(f"{informed} clusters inform {name}: no test of it can be trusted, and this one rejects too seldom.")
    return tuple(out)
