"""What a synthesis returns: frozen facts at full precision; rounding happens in renderers only."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


@dataclass(frozen=True, eq=False, repr=False)
class PooledResult:
    """A random- or equal-effects pooled estimate.

    Attributes:
        estimate, se, ci_low, ci_high: pooled effect on the scale of yi (log scale for ratios) with the interval of `test`.
        wald_se, wald_ci_low, wald_ci_high: the normal-theory interval beside it.
        pi_low, pi_high: prediction interval for the true effect in a new setting; nan when k < 3.
        statistic, p, df: test of estimate = 0; `df` is k - 1 for Knapp-Hartung, inf for the z test.
        tau2, tau2_se, tau2_ci: between-study variance, its standard error and its Q-profile interval (low, high).
        I2, H2: from tau2 and the typical sampling variance; `I2` in percent.
        Q, Q_df, Q_p: Cochran's heterogeneity test.
        k: number of effects pooled. yi, vi, weights: shape (k,); weights in percent, summing to 100.
        labels: one label per effect, shape (k,).
        excluded: (label, reason) of every effect that was offered and not pooled.
        method: tau2 estimator id; test: "knha" or "z"; level: e.g. 0.95.
        crosscheck: relative differences to the second engine, by quantity; empty when not run.
        warnings: sentences a reader must see.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    wald_se: float
    wald_ci_low: float
    wald_ci_high: float
    pi_low: float
    pi_high: float
    statistic: float
    p: float
    df: float
    tau2: float
    tau2_se: float
    tau2_ci: tuple[float, float]
    I2: float
    H2: float
    Q: float
    Q_df: int
    Q_p: float
    k: int
    yi: Floats
    vi: Floats
    weights: Floats
    labels: tuple[str, ...]
    method: str = "REML"
    test: str = "knha"
    level: float = 0.95
    converged: bool = True
    excluded: tuple[tuple[str, str], ...] = ()
    crosscheck: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    def to_frame(self) -> pd.DataFrame:
        """Return one row with the scalar results."""
        import pandas as pd

        skip = {"yi", "vi", "weights", "labels", "excluded", "crosscheck", "warnings", "tau2_ci"}
        row = {name: value for name, value in self.to_dict().items() if name not in skip}
        row["tau2_ci_low"], row["tau2_ci_high"] = self.tau2_ci
        return pd.DataFrame([row])

    def __repr__(self) -> str:
        return (
            f"PooledResult(k={self.k}, {self.method}/{self.test}: {self.estimate:.4f} "
            f"[{self.ci_low:.4f}, {self.ci_high:.4f}], tau2={self.tau2:.4f}, I2={self.I2:.1f}%)"
        )

    def _repr_html_(self) -> str:
        return self.to_frame().T.rename(columns={0: "value"}).to_html()
