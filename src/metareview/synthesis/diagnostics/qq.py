"""Normal quantiles of the residuals, with an envelope simulated under the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from metareview.errors import MetareviewError
from metareview.parallel import Progress, spread
from metareview.synthesis import wls
from metareview.synthesis.diagnostics.influence import InfluenceResult, influence
from metareview.synthesis.diagnostics.refit import Basis, basis
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("rstandard", "rstudent")
PIECE = 250


@dataclass(frozen=True, eq=False, repr=False)
class QQResult:
    """Residuals of k effects in the order of their size.

    Attributes:
        labels: sorted as the residuals. normal: normal quantiles; residual: standardised residuals; low, high: the
            envelope, in which each residual lies with probability `level` by itself where the model holds; all shape
            (k,).
        kind: "rstandard" or "rstudent". level, simulations, seed: of the envelope. outside: labels beyond it.
    """

    labels: tuple[str, ...]
    normal: Floats
    residual: Floats
    low: Floats
    high: Floats
    kind: str
    level: float
    simulations: int
    seed: int
    outside: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row an effect, from the lowest residual to the highest: label, normal, residual, low, high."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in ("normal", "residual", "low", "high")}
        return pd.DataFrame({"label": list(self.labels)} | columns)

    def __repr__(self) -> str:
        return f"QQResult(k={len(self.labels)}, {self.kind}: {len(self.outside)} outside the {100 * self.level:g}% envelope)"

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


@dataclass(frozen=True, eq=False)
class _Piece:
    basis: Basis
    n: int
    seed: np.random.SeedSequence


def qq(
    result: Any,
    *,
    kind: str = "rstandard",
    n: int = 1000,
    seed: int = 1,
    level: float | None = None,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> QQResult:
    """Set the residuals against the quantiles of a normal distribution.

    Arguments:
        result: of `pool` or `regress`. kind: "rstandard" or "rstudent", as in `influence`.
        n: simulated data sets of the envelope: effects normal with variance vi + tau2 around the fit, tau2 held at
            its estimate (with that, both kinds of residual have one distribution). seed: of them. level: of the
            envelope; that of the result when None.
        workers, cluster, progress: as in `parallel.spread`; the result does not depend on them.

    Raises:
        MetareviewError: fewer than three effects, fewer than 20 simulations, an unknown kind, or a result of another
            kind.

    Source: Wang & Bushman (1998), Psychological Methods 3, 46-54; envelope: Cook & Weisberg (1982), section 2.3.4.
    """
    b = basis(result)
    k, level = b.yi.size, b.level if level is None else level
    if kind not in KINDS:
        raise MetareviewError(f"There is no residual {kind!r}.", f"Choose one of {', '.join(KINDS)}.")
    if k < 3 or n < 20:
        raise MetareviewError("Normal quantiles need at least three effects, and an envelope at least 20 simulations.")
    found = influence(result)
    assert isinstance(found, InfluenceResult)
    values = getattr(found, kind)
    order = np.argsort(values, kind="stable")
    sizes = [PIECE] * (n // PIECE) + ([n % PIECE] if n % PIECE else [])
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    pieces = [_Piece(b, size, s) for size, s in zip(sizes, seeds, strict=True)]
    drawn = np.concatenate(list(spread(work, pieces, workers=workers, cluster=cluster, progress=progress)))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    residual, labels = values[order], tuple(b.labels[i] for i in order)
    far = (residual < low) | (residual > high)
    outside = tuple(label for label, out in zip(labels, far, strict=True) if out)
    return QQResult(labels, special.ndtri(positions(k)), residual, low, high, kind, level, n, seed, outside)


def positions(k: int) -> Floats:
    """Plotting positions: (i - 3/8) / (k + 1/4) up to ten values, (i - 1/2) / k beyond (Blom 1958)."""
    a = 0.375 if k <= 10 else 0.5
    return np.asarray((np.arange(1, k + 1) - a) / (k + 1 - 2 * a))


def work(piece: _Piece) -> Floats:
    """Sorted standardised residuals of the simulated data sets of a piece, shape (n, k)."""
    b = piece.basis
    sd = np.sqrt(b.vi + b.tau2)
    f = wls.fit(b.yi, 1.0 / sd**2, b.X)
    z = np.random.default_rng(piece.seed).standard_normal((piece.n, b.yi.size))
    left = z - np.einsum("np,kp->nk", np.einsum("nk,kp->np", z, f.basis), f.basis)
    return np.sort(left / np.sqrt(np.where(f.free > 1e-14, f.free, np.nan)), axis=1)
