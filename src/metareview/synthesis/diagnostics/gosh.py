"""GOSH: the pooled result of every subset of the effects, or of many of them, to see whether it is one result or
several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.parallel import Progress, spread
from metareview.synthesis.batch import Mask
from metareview.synthesis.diagnostics.refit import Basis, basis, refit
from metareview.synthesis.diagnostics.subset_sums import METHODS as CLOSED
from metareview.synthesis.diagnostics.subset_sums import subset_sums
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

    from metareview.synthesis.diagnostics.gosh_clusters import GoshClusters

MOST = 2**16 - 1
PIECE = 8192


@dataclass(frozen=True, eq=False, repr=False)
class GoshResult:
    """The results of n subsets of k effects.

    Attributes:
        members: which effects each subset holds, shape (n, k). sizes: how many, shape (n,).
        estimate: the mean, shape (n,), or the coefficients of a regression, shape (n, p). tau2, I2, H2, Q: shape (n,).
        labels: one an effect. terms: names of the coefficients. method: of tau2. exact: every subset is there. seed:
        of the draw. whole: the coefficients of all effects together, shape (p,). warnings: sentences a reader must see.

    Subsets that do not tell the coefficients apart are left out, with a warning.
    """

    members: Mask
    sizes: NDArray[np.intp]
    estimate: Floats
    tau2: Floats
    I2: Floats
    H2: Floats
    Q: Floats
    labels: tuple[str, ...]
    terms: tuple[str, ...]
    method: str
    exact: bool
    seed: int | None
    whole: Floats
    warnings: tuple[str, ...]

    def clusters(self, method: str = "kmeans", **options: Any) -> GoshClusters:
        """Look for clusters of subsets and the effects that drive them; arguments as for `gosh_clusters`."""
        from metareview.synthesis.diagnostics.gosh_clusters import gosh_clusters

        return gosh_clusters(self, method, **options)

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a subset: k, the estimate (a column a coefficient), tau2, I2, H2, Q, and a column an effect."""
        import pandas as pd

        wide = self.estimate.ndim == 2
        betas = {t: self.estimate[:, j] for j, t in enumerate(self.terms)} if wide else {"estimate": self.estimate}
        columns: dict[str, Any] = {"k": self.sizes} | betas | {n: getattr(self, n) for n in ("tau2", "I2", "H2", "Q")}
        return pd.concat([pd.DataFrame(columns), pd.DataFrame(self.members, columns=list(self.labels))], axis=1)

    def __repr__(self) -> str:
        how = "all" if self.exact else "sampled"
        first = self.estimate if self.estimate.ndim == 1 else self.estimate[:, 0]
        low, high = np.percentile(first, [2.5, 97.5])
        of = f"{self.sizes.size} subsets ({how}) of k={len(self.labels)}"
        return f"GoshResult({of}, {self.method}: 95% in [{low:.4f}, {high:.4f}])"

    def _repr_html_(self) -> str:
        return self.to_frame().describe().to_html()


@dataclass(frozen=True, eq=False)
class _Piece:
    """Subsets with the numbers start to stop, or so many drawn from a seed."""

    basis: Basis
    start: int
    stop: int
    seed: np.random.SeedSequence | None


def gosh(
    result: Any,
    *,
    subsets: int = MOST,
    seed: int = 1,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> GoshResult:
    """Fit the model of a result to every non-empty subset of its effects, or to a sample of the subsets.

    Arguments:
        result: of `pool` or `regress`. subsets: the most to fit; where there are more (2^k - 1), so many are drawn,
            each effect with probability a half, so that every subset is as likely. seed: of the draw.
        workers, cluster, progress: as in `parallel.spread`; the result does not depend on them.

    Raises:
        MetareviewError: one effect only, `subsets` below 1, or a result of another kind.

    Source: Olkin, Dahabreh & Trikalinos (2012), Research Synthesis Methods 3, 214-223.
    """
    b = basis(result)
    k = b.yi.size
    if k < 2 or subsets < 1:
        raise MetareviewError("GOSH needs at least two effects and one subset.")
    exact = k <= 62 and 2**k - 1 <= subsets
    n = 2**k - 1 if exact else int(subsets)
    starts = range(0, n, PIECE)
    seeds: list[np.random.SeedSequence | None] = [None] * len(starts)
    if not exact:
        seeds = list(np.random.SeedSequence(seed).spawn(len(starts)))
    pieces = [_Piece(b, at, min(n, at + PIECE), s) for at, s in zip(starts, seeds, strict=True)]
    parts = list(spread(work, pieces, workers=workers, cluster=cluster, progress=progress))
    members, beta, *others = (np.concatenate(each) for each in zip(*parts, strict=True))
    return _result(b, members, beta, others, None if exact else seed, np.atleast_1d(result.estimate))


def _result(b: Basis, members: Mask, beta: Floats, others: list[Floats], seed: int | None, whole: Floats) -> GoshResult:
    ok = np.isfinite(others[0])
    lost = int(np.sum(~ok))
    warnings = (f"{lost} subsets do not tell the coefficients apart and are left out.",) if lost else ()
    members, beta = members[ok], beta[ok]
    tau2, I2, H2, Q = (x[ok] for x in others)
    estimate = beta[:, 0] if b.mean_only else beta
    return GoshResult(
        members, members.sum(axis=1), estimate, tau2, I2, H2, Q, b.labels, b.terms, b.method, seed is None, seed, whole, warnings
    )  # fmt: skip


def work(piece: _Piece) -> tuple[Mask, Floats, Floats, Floats, Floats, Floats]:
    """The subsets of a piece and their coefficients, tau2, I2, H2 and Q."""
    k = piece.basis.yi.size
    members = (
        _numbered(piece.start, piece.stop, k) if piece.seed is None else _drawn(piece.stop - piece.start, k, piece.seed)
    )
    if piece.basis.mean_only and piece.basis.method in CLOSED:
        return members, *subset_sums(piece.basis, members)
    found = refit(piece.basis, members)
    return members, found.beta, found.tau2, found.I2, found.H2, found.Q


def _numbered(start: int, stop: int, k: int) -> Mask:
    numbers = np.arange(start + 1, stop + 1, dtype=np.int64)
    return np.asarray((numbers[:, None] >> np.arange(k)) & 1, dtype=bool)


def _drawn(n: int, k: int, seed: np.random.SeedSequence) -> Mask:
    rng = np.random.default_rng(seed)
    members = rng.random((n, k)) < 0.5
    while (empty := ~members.any(axis=1)).any():
        members[empty] = rng.random((int(empty.sum()), k)) < 0.5
    return np.asarray(members)
