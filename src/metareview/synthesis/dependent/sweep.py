"""`rho_sweep`: how much the assumed correlation of sampling errors matters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metareview.errors import MetareviewError
from metareview.synthesis.dependent.che import RHO, che
from metareview.synthesis.dependent.results import DependentResult
from metareview.synthesis.dependent.sce import sce
from metareview.synthesis.results import described_html

if TYPE_CHECKING:
    import pandas as pd

RHOS = tuple(i / 10 for i in range(10))


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult:
    """One working model at several assumed correlations.

    Attributes:
        rhos: the correlations. results: the model at each. terms: its coefficients. chosen: that of the analysis itself.
        warnings: sentences a reader must see.
    """

    rhos: tuple[float, ...]
    results: tuple[DependentResult, ...]
    terms: tuple[str, ...]
    chosen: float
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a correlation and coefficient: rho, the columns of a result's own frame, and its components."""
        import pandas as pd

        frames = [
            r.to_frame().assign(**r.components).assign(rho=rho) for rho, r in zip(self.rhos, self.results, strict=True)
        ]
        whole = pd.concat(frames, ignore_index=True)
        return whole[["rho", *[name for name in whole if name != "rho"]]]

    def to_dict(self) -> dict[str, Any]:
        """Return the frame's rows as plain JSON-ready values at full precision."""
        rows = self.to_frame().to_dict("records")
        return {"chosen": self.chosen, "rows": rows, "warnings": list(self.warnings)}

    def __repr__(self) -> str:
        ends = [r.estimate[0] for r in self.results]
        return f"SweepResult(rho {self.rhos[0]:g} to {self.rhos[-1]:g}: {self.terms[0]} {min(ends):.4f} to {max(ends):.4f})"

    def _repr_html_(self) -> str:
        return described_html(self)


def rho_sweep(
    formula: str,
    data: Any,
    vi: str = "vi",
    *,
    rhos: Sequence[float] = RHOS,
    rho: float = RHO,
    subgroup: str | None = None,
    **arguments: Any,
) -> SweepResult:
    """Fit the working model at each assumed correlation.

    Arguments:
        formula, data, vi, arguments: as in `che`, or as in `sce` when `subgroup` is given. rhos: from 0 to below 1. rho: the
            correlation of the analysis itself, which the figure marks.

    Raises:
        MetareviewError: as in `che` and `sce`; no correlations; studies of one effect each, where there is nothing to assume.

    Source: Pustejovsky & Tipton (2022), Prevention Science 23, 425-438, on sensitivity to the assumed correlation.
    """
    values = tuple(sorted({float(r) for r in rhos}))
    if not values or not all(0.0 <= r < 1.0 for r in values):
        raise MetareviewError("A sweep needs correlations from 0 to below 1.", "Leave `rhos` out for 0, .1, ..., .9.")
    extra = {} if subgroup is None else {"subgroup": subgroup}
    fit: Any = che if subgroup is None else sce
    results = tuple(fit(formula, data, vi, rho=r, **extra, **arguments) for r in values)
    if results[0].kind == "RE":
        raise MetareviewError("Every study gives one effect, so there is no correlation to assume.", "Use `che`.")
    return SweepResult(values, results, results[0].terms, rho, _warnings(values, results))


def _warnings(rhos: tuple[float, ...], results: tuple[DependentResult, ...]) -> tuple[str, ...]:
    """Coefficients whose verdict depends on the correlation."""
    out = []
    for i, term in enumerate(results[0].terms):
        p = [float(r.p_value[i]) for r in results]
        known = [value for value in p if not math.isnan(value)]
        alpha = 1.0 - results[0].level
        if known and min(known) <= alpha < max(known):
            out.append(
                f"{term}: p goes from {min(known):.3f} to {max(known):.3f} with the assumed correlation, across {alpha:.2g}."
            )
    failed = [f"{rho:g}" for rho, r in zip(rhos, results, strict=True) if not getattr(r.model, "converged", True)]
    return (*out, *([f"No convergence at rho {', '.join(failed)}."] if failed else []))
