"""Coefficients with cluster-robust errors: combinations of them, and joint tests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.synthesis import inference
from metareview.synthesis.linear import Linear
from metareview.synthesis.robust.clusters import Clusters
from metareview.synthesis.robust.degrees import hotelling, satterthwaite
from metareview.synthesis.robust.sandwich import Sandwich
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

FEW_DF = 4.0
NOTHING = 1e-8


@dataclass(frozen=True, eq=False)
class RobustLinear(Linear):
    """Coefficients with their clusters.

    Attributes:
        clusters, sandwich: of the robust fit. base: the model's own coefficients, None where they are not held.
        own: combinations that rest on one cluster alone take the model's own errors.
    """

    clusters: Clusters
    sandwich: Sandwich
    base: Linear | None = None
    own: bool = False

    def errors(self, L: Floats) -> Floats:
        """Robust errors; nan where nothing is left to estimate them from."""
        se = Linear.errors(self, L)
        model = np.sqrt(np.einsum("mp,pq,mq->m", L, self.clusters.bread, L))
        se = np.where(se > NOTHING * model, se, math.nan)
        return np.where(self._alone(L), model, se)

    def freedom(self, L: Floats) -> float | Floats:
        """Satterthwaite's degrees of freedom, J - 1 (naive), or inf (z); the model's own for what rests on one cluster."""
        found = degrees(self.clusters, self.sandwich, L, self.test)
        found = np.where(np.isfinite(self.errors(L)), found, math.nan)
        alone = self._alone(L)
        return found if self.base is None else np.where(alone, self.base.freedom(L), found)

    def joint(self, L: Floats, estimate: Floats) -> dict[str, Any]:
        """HTZ, or the naive F or chi-squared test."""
        tested = together(estimate, self.cov, L, self.clusters, self.sandwich, self.test)
        return {"QM": tested["F"], "QM_df": int(tested["df"]), "QM_df2": tested["df2"], "QM_p": tested["p"]}

    def between(self, frame: pd.DataFrame | None, n: int) -> tuple[Floats, tuple[str, ...]]:
        """That of the model itself."""
        return (np.full(n, self.tau2), ()) if self.base is None else self.base.between(frame, n)

    def notes(self, L: Floats) -> tuple[str, ...]:
        """Combinations with too few degrees of freedom, and those that rest on one cluster."""
        few = int(np.sum(np.broadcast_to(self.freedom(L), len(L)) < FEW_DF))
        out = []
        if few:
            out.append(
                f"{few} of {len(L)} combinations have fewer than {FEW_DF:g} degrees of freedom: the test can be wrong; use "
                "`wild_bootstrap`."
            )
        for name in dict.fromkeys(name for _, name in self.clusters.resting(L)):
            end = "it has the model's own error." if self.own else "its robust error is too small."
            out.append(f"A combination rests on cluster {name} alone: {end}")
        return tuple(out)

    def _alone(self, L: Floats) -> Any:
        found = np.zeros(len(L), dtype=bool)
        if self.own and self.base is not None:
            found[[row for row, _ in self.clusters.resting(L)]] = True
        return found


def degrees(clusters: Clusters, found: Sandwich, C: Floats, test: str) -> Floats:
    """The degrees of freedom of the contrasts C, shape (q, p)."""
    if test == "z":
        return np.full(len(C), math.inf)
    if test == "naive":
        return np.full(len(C), float(clusters.count - 1))
    return satterthwaite(clusters, found, C)


def together(
    estimate: Floats, cov: Floats, C: Floats, clusters: Clusters, found: Sandwich, test: str
) -> dict[str, float]:
    """The robust joint test that the contrasts C, shape (q, p), with these estimates, shape (q,), are 0."""
    q = C.shape[0]
    nothing = {"F": math.nan, "df": float(q), "df2": math.nan, "p": math.nan}
    size = np.sqrt(np.diag(C @ clusters.bread @ C.T))  # moderators come in all units
    C = C / size[:, None]
    left, middle = estimate / size, C @ cov @ C.T
    if q >= clusters.count or np.linalg.eigvalsh(middle)[0] <= NOTHING**2 or np.linalg.cond(middle) > 1e14:
        return nothing
    Q = float(left @ np.linalg.solve(middle, left))
    if test == "z":
        return {"F": Q, "df": float(q), "df2": math.inf, "p": inference.chi2_tail(Q, q)}
    if test == "naive":
        df2 = float(clusters.count - 1)
        return {"F": Q / q, "df": float(q), "df2": df2, "p": inference.f_tail(Q / q, q, df2)}
    eta = hotelling(clusters, found, C)
    df2 = eta - q + 1
    if not df2 > 0:
        return nothing
    F = Q * df2 / (eta * q)
    return {"F": F, "df": float(q), "df2": df2, "p": inference.f_tail(F, q, df2)}
