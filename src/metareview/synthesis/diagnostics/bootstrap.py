"""Bootstrap of the mean or the coefficients and of tau2: from the model, or from the effects themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.parallel import Progress, spread
from metareview.synthesis.diagnostics.refit import Basis, basis, refit
from metareview.synthesis.inputs import check_level
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("parametric", "nonparametric")
PIECE = 500


@dataclass(frozen=True, eq=False, repr=False)
class BootstrapResult:
    """n bootstrap fits.

    Attributes:
        estimate: coefficients of each fit, shape (n, p). tau2: shape (n,). terms: names of the coefficients.
        original, original_tau2: those of the result, shape (p,) and a number.
        se: standard deviation of the fits, shape (p,). ci_low, ci_high: percentile intervals, shape (p,). tau2_se,
        tau2_ci: of tau2. bias: mean of the fits less the original, shape (p,). at_zero: share of the fits with tau2
        at 0. kind, level, n, seed: as asked for; n counts the fits that could be made. warnings: sentences a reader
        must see.
    """

    estimate: Floats
    tau2: Floats
    terms: tuple[str, ...]
    original: Floats
    original_tau2: float
    se: Floats
    ci_low: Floats
    ci_high: Floats
    tau2_se: float
    tau2_ci: tuple[float, float]
    bias: Floats
    at_zero: float
    kind: str
    level: float
    n: int
    seed: int
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient and a last row tau2: term, estimate, se, ci_low, ci_high, bias."""
        import pandas as pd

        bias = float(np.mean(self.tau2)) - self.original_tau2
        return pd.DataFrame(
            {
                "term": [*self.terms, "tau2"],
                "estimate": [*self.original, self.original_tau2],
                "se": [*self.se, self.tau2_se],
                "ci_low": [*self.ci_low, self.tau2_ci[0]],
                "ci_high": [*self.ci_high, self.tau2_ci[1]],
                "bias": [*self.bias, bias],
            }
        )

    def __repr__(self) -> str:
        return (
            f"BootstrapResult({self.kind}, n={self.n}: {self.terms[0]} in [{self.ci_low[0]:.4f}, {self.ci_high[0]:.4f}], "
            f"tau2 in [{self.tau2_ci[0]:.4f}, {self.tau2_ci[1]:.4f}])"
        )

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


@dataclass(frozen=True, eq=False)
class _Piece:
    basis: Basis
    kind: str
    n: int
    seed: np.random.SeedSequence


def bootstrap(
    result: Any,
    *,
    n: int = 10_000,
    kind: str = "parametric",
    seed: int = 1,
    level: float | None = None,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> BootstrapResult:
    """Fit the model of a result to n bootstrap samples.

    Arguments:
        result: of `pool` or `regress`. n: samples. kind: "parametric" draws effects from the model, normal with
            variance vi + tau2 around the fit; "nonparametric" draws the effects with their variances and moderators,
            with replacement.
        seed: of the draws. level: of the percentile intervals; that of the result when None.
        workers, cluster, progress: as in `parallel.spread`; the result does not depend on them.

    Raises:
        MetareviewError: no effect more than coefficients, fewer than two samples, an unknown kind, or a result of
            another kind.

    Source: Davison & Hinkley (1997), Bootstrap Methods and their Application, chapters 2 and 5.
    """
    b = basis(result)
    level = check_level(b.level if level is None else level)
    if kind not in KINDS:
        raise MetareviewError(f"There is no bootstrap {kind!r}.", f"Choose one of {', '.join(KINDS)}.")
    if n < 2 or b.yi.size <= b.X.shape[1]:
        raise MetareviewError("A bootstrap needs more effects than coefficients, and at least two samples.")
    sizes = [PIECE] * (n // PIECE) + ([n % PIECE] if n % PIECE else [])
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))
    pieces = [_Piece(b, kind, size, s) for size, s in zip(sizes, seeds, strict=True)]
    parts = list(spread(work, pieces, workers=workers, cluster=cluster, progress=progress))
    beta, tau2 = (np.concatenate(each) for each in zip(*parts, strict=True))
    return _summary(b, np.atleast_1d(result.estimate), beta, tau2, kind, level, seed)


def work(piece: _Piece) -> tuple[Floats, Floats]:
    """The coefficients, shape (n, p), and tau2, shape (n,), of the samples of a piece."""
    b, k = piece.basis, piece.basis.yi.size
    rng = np.random.default_rng(piece.seed)
    if piece.kind == "parametric":
        centre = b.X @ refit(b).beta[0]
        found = refit(b, y=centre + np.sqrt(b.vi + b.tau2) * rng.standard_normal((piece.n, k)))
    else:
        rows = rng.integers(0, k, (piece.n, k))
        found = refit(b, y=b.yi[rows], v=b.vi[rows], X=None if b.mean_only else b.X[rows])
    return found.beta, found.tau2


def _summary(
    b: Basis, original: Floats, beta: Floats, tau2: Floats, kind: str, level: float, seed: int
) -> BootstrapResult:
    ok = np.isfinite(tau2)
    if ok.sum() < 2:
        raise MetareviewError("No bootstrap sample could be fitted.", "Use kind='parametric', or fewer moderators.")
    warnings = []
    if not ok.all():
        warnings.append(f"{int(np.sum(~ok))} samples do not tell the coefficients apart and are left out.")
    if kind == "nonparametric" and b.yi.size < 10:
        warnings.append(f"{b.yi.size} effects are few to draw from: the nonparametric intervals are too narrow.")
    beta, tau2 = beta[ok], tau2[ok]
    tails = [(1.0 - level) / 2.0, (1.0 + level) / 2.0]
    low, high = np.quantile(beta, tails, axis=0)
    t_low, t_high = np.quantile(tau2, tails)
    return BootstrapResult(
        beta, tau2, b.terms, original, b.tau2, beta.std(axis=0, ddof=1), low, high, float(tau2.std(ddof=1)),
        (float(t_low), float(t_high)), beta.mean(axis=0) - original, float(np.mean(tau2 == 0.0)), kind, level, int(ok.sum()),
        seed, tuple(warnings),
    )  # fmt: skip
