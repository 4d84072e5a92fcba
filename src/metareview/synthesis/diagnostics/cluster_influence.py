"""Influence of whole clusters: the result, and how it comes about for a pooled or regression result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.synthesis import wls
from metareview.synthesis.diagnostics.influence import deleted_errors, distance, lost
from metareview.synthesis.diagnostics.refit import Basis, delete, factor, refit, usable
from metareview.synthesis.inference import chi2_tail
from metareview.synthesis.results import to_plain
from metareview.synthesis.wls import Floats


@dataclass(frozen=True, eq=False, repr=False)
class ClusterInfluence:
    """The diagnostics of c clusters of k effects in a model with p coefficients.

    Attributes:
        labels: one an effect. cluster: its cluster, one an effect. clusters: their names in order of appearance,
        length c. sizes: effects of each, shape (c,). terms: names of the coefficients. components: names of the
        variances between effects. rstandard, rstudent: residuals of the effects, shape (k,), internally
            standardised, and against the model without their cluster. X2_standard, X2: the same of each cluster as a
            whole, chi-squared with `sizes` df under the model, shape (c,); p: its upper tail for X2.
        cook: Cook's distance, shape (c,). cov_r: generalised variance of the coefficients without over with the
        cluster, (c,). dfbetas: how many standard errors each coefficient moves, shape (c, p). estimate_deleted,
            se_deleted: coefficients without the cluster, shape (c, p). components_deleted: shape (c, t). Q_deleted:
                shape (c,).
        warnings: sentences a reader must see.

    What cannot be computed because the other clusters do not tell the coefficients apart is nan.
    """

    labels: tuple[str, ...]
    cluster: tuple[str, ...]
    clusters: tuple[str, ...]
    sizes: NDArray[np.intp]
    terms: tuple[str, ...]
    components: tuple[str, ...]
    rstandard: Floats
    rstudent: Floats
    X2_standard: Floats
    X2: Floats
    p: Floats
    cook: Floats
    cov_r: Floats
    dfbetas: Floats
    estimate_deleted: Floats
    se_deleted: Floats
    components_deleted: Floats
    Q_deleted: Floats
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {name: to_plain(value) for name, value in vars(self).items()}

    def to_frame(self) -> pd.DataFrame:
        """Return one row a cluster: cluster, effects, X2, p, cook, cov_r, dfbetas, what is left without it."""
        columns: dict[str, Any] = {"cluster": list(self.clusters), "effects": self.sizes}
        columns |= {name: getattr(self, name) for name in ("X2", "p", "cook", "cov_r", "Q_deleted")}
        for name, values in (
            ("dfbetas", self.dfbetas),
            ("estimate", self.estimate_deleted),
            ("se", self.se_deleted),
        ):
            columns |= {f"{name} {term}": values[:, j] for j, term in enumerate(self.terms)}
        return pd.DataFrame(columns | {name: self.components_deleted[:, j] for j, name in enumerate(self.components)})

    @property
    def effects(self) -> pd.DataFrame:
        """One row an effect: label, cluster, rstandard, rstudent."""
        return pd.DataFrame(
            {"label": self.labels, "cluster": self.cluster, "rstandard": self.rstandard, "rstudent": self.rstudent}
        )

    def __repr__(self) -> str:
        n = int(np.nanargmax(self.cook)) if np.isfinite(self.cook).any() else 0
        return (
            f"ClusterInfluence({len(self.clusters)} clusters, k={len(self.labels)}, p={len(self.terms)}: "
            f"largest Cook's distance {self.cook[n]:.2f} for {self.clusters[n]})"
        )

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)


def codes(cluster: Sequence[Any], k: int) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """The number of each effect's cluster, shape (k,), and the names of the clusters.

    Raises:
        MetareviewError: not one value an effect, one that is empty, or a single cluster.
    """
    values = pd.Series(list(cluster), dtype=object)
    if len(values) != k:
        raise MetareviewError(
            f"There are {len(values)} cluster values for {k} effects.", "Give one of each per effect."
        )
    if values.isna().any():
        raise MetareviewError("An effect has no cluster.", "Name a cluster for every effect.")
    found, names = pd.factorize(values.astype(str))
    if len(names) < 2:
        raise MetareviewError("Leaving one cluster out needs at least two clusters.")
    return np.asarray(found, dtype=np.intp), tuple(str(name) for name in names)


def quadratic(resid: Floats, S: Floats) -> float:
    """r' S^- r with the generalised inverse: S loses rank where a moderator belongs to the cluster alone."""
    d = np.sqrt(np.maximum(np.diag(S), 1e-300))
    values, vectors = np.linalg.eigh(S / np.outer(d, d))
    keep = values > 1e-10 * max(float(values[-1]), 1e-300)
    turned = vectors[:, keep].T @ (resid / d)
    return float(np.sum(turned**2 / values[keep]))


def cluster_influence(b: Basis, cluster: Sequence[Any]) -> ClusterInfluence:
    """The diagnostics of clusters of independent effects; arguments as for `influence`."""
    k = b.yi.size
    of, names = codes(cluster, k)
    full, gone = refit(b), delete(b, of)
    f = wls.fit(b.yi, 1.0 / (b.vi + full.tau2[0]), b.X)
    scale, scales = factor(full, b.test)[0], factor(gone, b.test)
    vb, vbs = full.cov[0] * scale, gone.cov * scales[:, None, None]
    moved = full.beta - gone.beta
    with np.errstate(divide="ignore", invalid="ignore"):
        rstandard = f.resid / np.sqrt(np.where(f.free > 1e-14, (b.vi + full.tau2[0]) * f.free, np.nan))
        dfbetas = moved / np.sqrt(scales[:, None] * deleted_errors(b, gone))
        cov_r = np.exp(np.linalg.slogdet(vbs)[1] - np.linalg.slogdet(vb)[1])
    rstudent, standard, student = np.full(k, np.nan), np.zeros(len(names)), np.full(len(names), np.nan)
    for c in range(len(names)):
        rows = np.flatnonzero(of == c)
        X = b.X[rows]
        standard[c] = quadratic(f.resid[rows], np.diag(b.vi[rows] + full.tau2[0]) - X @ full.cov[0] @ X.T)
        if usable(gone)[c]:
            S = scales[c] * (np.diag(b.vi[rows] + gone.tau2[c]) + X @ gone.cov[c] @ X.T)
            resid = b.yi[rows] - X @ gone.beta[c]
            rstudent[rows] = resid / np.sqrt(np.diag(S))
            student[c] = quadratic(resid, S)
    sizes = np.bincount(of)
    return ClusterInfluence(
        b.labels, tuple(names[c] for c in of), names, sizes, b.terms, ("tau2",), rstandard, rstudent, standard, student,
        tails(student, sizes), distance(moved, vb), cov_r, dfbetas, gone.beta, np.sqrt(np.einsum("cpp->cp", vbs)),
        gone.tau2[:, None], gone.Q, lost(usable(gone), names),
    )  # fmt: skip


def tails(X2: Floats, sizes: NDArray[np.intp]) -> Floats:
    """Upper chi-squared tails; nan stays nan."""
    return np.array(
        [chi2_tail(x, n) if np.isfinite(x) else np.nan for x, n in zip(X2.tolist(), sizes.tolist(), strict=True)]
    )
