"""What a named model of dependent effects returns."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from metareview.synthesis.linear import Asked, Linear
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.results import RegressionResult, coefficient_frame, described_html, to_plain
from metareview.synthesis.robust.bootstrap import BootstrapResult
from metareview.synthesis.robust.robust import RobustResult
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class DependentResult(Asked):
    """A working model of dependent effects with tests that do not rest on it.

    Attributes:
        kind: "CHE", "SCE" or "SCE+"; "RE" (random effects) where every study gives one effect.
        formula, study: as given. rho: the assumed correlation of sampling errors, nan for RE.
        terms, estimate, se, ci_low, ci_high, statistic, df, p_value: one a coefficient, shape (p,), on the scale of yi.
        basis: where each coefficient's p-value and interval come from: "Satterthwaite", "bootstrap" (its degrees of freedom are
            below 4), "model" (it rests on one study alone, which leaves nothing to be robust with) or "Knapp-Hartung" (RE).
        QM, QM_df, QM_df2, QM_p: joint test of all coefficients but the intercept (HTZ; Knapp-Hartung for RE).
        components: variances and correlations of the working model by name.
        studies, k, level: studies, effects, level of the intervals. warnings: sentences a reader must see.
        model, robust, bootstraps: the parts; robust is None and bootstraps are none for RE.
    """

    kind: str
    formula: str
    study: str
    rho: float
    terms: tuple[str, ...]
    estimate: Floats
    se: Floats
    ci_low: Floats
    ci_high: Floats
    statistic: Floats
    df: Floats
    p_value: Floats
    basis: tuple[str, ...]
    QM: float
    QM_df: int
    QM_df2: float
    QM_p: float
    components: dict[str, float]
    studies: int
    k: int
    level: float
    warnings: tuple[str, ...]
    model: MultilevelResult | RegressionResult
    robust: RobustResult | None
    bootstraps: tuple[BootstrapResult, ...]

    def linear(self) -> Linear:
        """Return the coefficients as contrasts and predictions take them: robust where there is a robust variance.

        Combinations have Satterthwaite's degrees of freedom; one that rests on one study alone has the model's own error.
        """
        return self.model.linear() if self.robust is None else replace(self.robust.linear(), own=True)

    def to_dict(self) -> dict[str, Any]:
        """Return every field as plain JSON-ready values at full precision; the parts as their own dictionaries."""
        plain = {f.name: to_plain(getattr(self, f.name)) for f in fields(self)[:-3]}
        robust = None if self.robust is None else self.robust.to_dict()
        return plain | {
            "model": self.model.to_dict(), "robust": robust, "bootstraps": [b.to_dict() for b in self.bootstraps],
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return one row a coefficient: term, estimate, se, ci_low, ci_high, statistic, df, p, basis."""
        return coefficient_frame(self).assign(basis=list(self.basis))

    def __repr__(self) -> str:
        first = f"{self.terms[0]} {self.estimate[0]:.4f} [{self.ci_low[0]:.4f}, {self.ci_high[0]:.4f}]"
        rho = "" if self.kind == "RE" else f", rho={self.rho:g}"
        return f"DependentResult({self.kind}{rho}; {self.studies} studies, k={self.k}: {first}, {self.basis[0]})"

    def _repr_html_(self) -> str:
        return described_html(self)
