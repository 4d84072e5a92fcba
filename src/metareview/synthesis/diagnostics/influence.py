"""How much each effect, or each cluster of effects, matters to a fit, and how far it lies from what the others say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.batch import BatchFit, Mask
from metareview.synthesis.diagnostics.refit import Basis, basis, delete, factor, refit, usable
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

    from metareview.synthesis.diagnostics.cluster_influence import ClusterInfluence

MEASURES = (
    "rstandard", "rstudent", "dffits", "cook", "cov_r", "tau2_deleted", "Q_deleted", "hat", "weight",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class InfluenceResult:
    """The diagnostics of k effects in a model with p coefficients.

    Attributes:
        labels: one an effect. terms: names of the coefficients, length p.
        rstandard: internally standardised residuals. rstudent: externally standardised (deleted) residuals; both
        shape (k,). dffits: how many standard errors the fitted effect moves when the effect is left out. cook:
            Cook's distance. cov_r: the generalised variance of the coefficients without the effect over that with
            it; below 1, leaving it out makes them more precise. tau2_deleted, Q_deleted: tau2 and the test of
            heterogeneity without it. hat: leverage. weight: in percent.
        dfbetas: how many standard errors each coefficient moves, shape (k, p).
        influential: |dffits| > 3 sqrt(p / (k - p)), or Cook's distance beyond the median of chi-squared with p, or
            hat > 3 p / k, or any |dfbetas| > 1 (conventions). warnings: sentences a reader must see.

    Under the Knapp-Hartung test its factor enters as in metafor: that of the rest in rstudent, dffits and dfbetas.

    What cannot be computed because the rest of the effects does not tell the coefficients apart is nan.
    """

    labels: tuple[str, ...]
    terms: tuple[str, ...]
    rstandard: Floats
    rstudent: Floats
    dffits: Floats
    cook: Floats
    cov_r: Floats
    tau2_deleted: Floats
    Q_deleted: Floats
    hat: Floats
    weight: Floats
    dfbetas: Floats
    influential: tuple[bool, ...]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row an effect: label, the measures, dfbetas a coefficient, influential."""
        import pandas as pd

        betas = {f"dfbetas {term}": self.dfbetas[:, j] for j, term in enumerate(self.terms)}
        measures = {name: getattr(self, name) for name in MEASURES}
        columns: dict[str, Any] = {"label": list(self.labels)} | measures | betas
        return pd.DataFrame(columns | {"influential": list(self.influential)})

    def __repr__(self) -> str:
        names = [label for label, flag in zip(self.labels, self.influential, strict=True) if flag]
        found = f"influential: {', '.join(names)}" if names else "none influential"
        return f"InfluenceResult(k={len(self.labels)}, p={len(self.terms)}: {found})"

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


def influence(
    result: Any, *, cluster: Sequence[Any] | None = None, reestimate: bool = True
) -> InfluenceResult | ClusterInfluence:
    """Leave out each effect, or each cluster, and see what changes.

    Arguments:
        result: of `pool`, `regress` or `multilevel`.
        cluster: one value an effect, shape (k,), in the order of the result: clusters are left out whole. For
            `multilevel` None takes the first factor of its random effects; for the others None is each effect by
            itself.
        reestimate: whether the variances between effects are estimated again each time (`multilevel` only; False is
            faster).

    Returns an `InfluenceResult` by effect, or a `ClusterInfluence`.

    Raises:
        MetareviewError: fewer than two effects or clusters, a `cluster` of another length, or a result of another kind.

    Source: Viechtbauer & Cheung (2010), Research Synthesis Methods 1, 112-125; Cook & Weisberg (1982), Residuals and
    Influence in Regression.
    """
    if hasattr(result, "problem"):
        from metareview.synthesis.diagnostics.multilevel_influence import multilevel_influence

        return multilevel_influence(result, cluster, reestimate=reestimate)
    b = basis(result)
    if cluster is not None:
        from metareview.synthesis.diagnostics.cluster_influence import cluster_influence

        return cluster_influence(b, cluster)
    if b.yi.size < 2:
        raise MetareviewError("Leaving one effect out needs at least two effects.")
    return _by_effect(b)


def _by_effect(b: Basis) -> InfluenceResult:
    k, p = b.X.shape
    full, gone = refit(b), delete(b)
    f = wls.fit(b.yi, 1.0 / (b.vi + full.tau2[0]), b.X)
    hat = 1.0 - f.free
    scale, scales = factor(full, b.test)[0], factor(gone, b.test)
    vb, vbs = full.cov[0] * scale, gone.cov * scales[:, None, None]
    moved = full.beta - gone.beta
    spread = b.vi + gone.tau2
    with np.errstate(divide="ignore", invalid="ignore"):
        rstandard = f.resid / np.sqrt(np.where(f.free > 1e-14, (b.vi + full.tau2[0]) * f.free, np.nan))
        deleted = b.yi - np.sum(b.X * gone.beta, axis=1)
        rstudent = deleted / np.sqrt(scales * (spread + np.einsum("kp,kpq,kq->k", b.X, gone.cov, b.X)))
        dffits = np.sum(b.X * moved, axis=1) / np.sqrt(scales * hat * spread)
        cook = distance(moved, vb)
        cov_r = np.exp(np.linalg.slogdet(vbs)[1] - np.linalg.slogdet(vb)[1]) if p else np.ones(k)
        dfbetas = moved / np.sqrt(scales[:, None] * deleted_errors(b, gone))
    flags = _flags(dffits, cook, hat, dfbetas, k, p)
    return InfluenceResult(
        b.labels, b.terms, rstandard, rstudent, dffits, cook, cov_r, gone.tau2, gone.Q, hat, 100.0 * f.w / f.w.sum(), dfbetas,
        tuple(bool(x) for x in flags), lost(usable(gone), b.labels),
    )  # fmt: skip


def distance(moved: Floats, vb: Floats) -> Floats:
    """(b - b(-i))' vb^-1 (b - b(-i)), shape (n,), of moves of shape (n, p)."""
    d = np.sqrt(np.diag(vb))
    scaled = moved / d
    ok = np.isfinite(scaled).all(axis=1)
    out = np.full(moved.shape[0], np.nan)
    out[ok] = np.sum(scaled[ok] * np.linalg.solve(vb / np.outer(d, d), scaled[ok].T).T, axis=1)
    return out


def deleted_errors(b: Basis, gone: BatchFit) -> Floats:
    """The variances of the coefficients of all effects at each deleted tau2, shape (n, p)."""
    tau2 = np.where(usable(gone), gone.tau2, 0.0)
    out = np.stack([np.diag(wls.fit(b.yi, 1.0 / (b.vi + t), b.X).cov) for t in tau2])
    out[~usable(gone)] = np.nan
    return out


def _flags(dffits: Floats, cook: Floats, hat: Floats, dfbetas: Floats, k: int, p: int) -> Any:
    far = np.abs(dffits) > 3.0 * np.sqrt(p / (k - p)) if k > p else np.zeros(k, dtype=bool)
    moved = special.chdtr(p, np.where(np.isfinite(cook), cook, 0.0)) > 0.5
    return far | moved | (hat > 3.0 * p / k) | (np.abs(dfbetas) > 1.0).any(axis=1)


def lost(ok: Mask, labels: Sequence[str]) -> tuple[str, ...]:
    """A sentence that names what cannot be left out."""
    names = [label for label, ok in zip(labels, ok, strict=True) if not ok]
    if not names:
        return ()
    return (
        f"Without {', '.join(names)} the coefficients cannot be told apart; what rests on leaving it out is not a number.",
    )
