"""From a working model to a result: robust tests, and the bootstrap where they have too few degrees of freedom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metareview.errors import MetareviewError
from metareview.parallel import Progress
from metareview.synthesis.dependent.results import DependentResult
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.regression import regress
from metareview.synthesis.robust.bootstrap import BootstrapResult, wild_bootstrap
from metareview.synthesis.robust.coefficients import FEW_DF
from metareview.synthesis.robust.robust import RobustResult, robust

WHEN = ("auto", "always", "never")


@dataclass(frozen=True)
class Testing:
    """How coefficients are tested: the robust variance, the level, when, how often, from which seed, and where to bootstrap."""

    vcov: str = "CR2"
    level: float = 0.95
    bootstrap: str = "auto"
    replications: int = 1999
    seed: int = 1
    workers: int = 1
    cluster_address: str | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        if self.bootstrap not in WHEN:
            raise MetareviewError(f"bootstrap cannot be {self.bootstrap!r}.", f"Choose one of {', '.join(WHEN)}.")


def dependent(
    kind: str,
    study: str,
    rho: float,
    model: MultilevelResult,
    studies: Any,
    testing: Testing,
    warnings: tuple[str, ...],
) -> DependentResult:
    """The result of a working model whose effects stand in `studies`, shape (k,)."""
    sturdy = robust(model, studies, vcov=testing.vcov, level=testing.level)
    drawn = _bootstraps(model, sturdy, studies, testing)
    low, high, p = sturdy.ci_low.copy(), sturdy.ci_high.copy(), sturdy.p_value.copy()
    se, df, statistic = sturdy.se.copy(), sturdy.df.copy(), sturdy.statistic.copy()
    basis = ["Satterthwaite"] * sturdy.p
    for i, one in drawn.items():
        basis[i], p[i], low[i], high[i] = "bootstrap", one.p_value, one.ci_low, one.ci_high
    for i in {term for term, _ in sturdy.model.alone}:
        basis[i], p[i], low[i], high[i] = "model", model.p_value[i], model.ci_low[i], model.ci_high[i]
        se[i], df[i], statistic[i] = model.se[i], model.df[i], model.statistic[i]
    said = [w for w in sturdy.warnings if testing.bootstrap == "never" or not w.startswith("Fewer than")]
    if drawn:
        names = ", ".join(f"{sturdy.terms[i]} ({sturdy.df[i]:.1f})" for i in drawn)
        said.append(
            f"The cluster wild bootstrap tests {names}: fewer than {FEW_DF:g} degrees of freedom, or asked for."
        )
    if "model" in basis:
        said.append("A coefficient that rests on one study alone has the model's own error, test and interval.")
    said += [w for one in drawn.values() for w in one.warnings]
    return DependentResult(
        kind, model.formula, study, rho, sturdy.terms, sturdy.estimate, se, low, high, statistic, df, p, tuple(basis),
        sturdy.QM, sturdy.QM_df, sturdy.QM_df2, sturdy.QM_p, model.components, sturdy.clusters, sturdy.k, sturdy.level,
        tuple(dict.fromkeys((*warnings, *model.warnings, *said))), model, sturdy, tuple(drawn.values()),
    )  # fmt: skip


def _bootstraps(
    model: MultilevelResult, sturdy: RobustResult, studies: Any, testing: Testing
) -> dict[int, BootstrapResult]:
    """The bootstrap of each coefficient that needs or asks for one."""
    if testing.bootstrap == "never":
        return {}
    alone = {term for term, _ in sturdy.model.alone}
    asked = testing.bootstrap == "always"
    which = [i for i in range(sturdy.p) if i not in alone and (asked or not sturdy.df[i] >= FEW_DF)]
    return {
        i: wild_bootstrap(
            model, studies, sturdy.terms[i], replications=testing.replications, level=testing.level, seed=testing.seed,
            workers=testing.workers, cluster_address=testing.cluster_address, progress=testing.progress,
        )
        for i in which
    }  # fmt: skip


def random_effects(
    formula: str, frame: pd.DataFrame, vi: str, study: str, testing: Testing, labels: Any
) -> DependentResult:
    """Random effects with Knapp-Hartung tests, for studies that give one effect each."""
    found = regress(formula, frame, vi, level=testing.level, labels=labels)
    basis = "Knapp-Hartung" if found.test == "knha" else "model"
    said = "Every study gives one effect: this is a random-effects model, not CHE."
    return DependentResult(
        "RE", formula, study, math.nan, found.terms, found.estimate, found.se, found.ci_low, found.ci_high,
        found.statistic, np.full(found.p, float(found.df)), found.p_value, (basis,) * found.p, found.QM, found.QM_df,
        found.QM_df2, found.QM_p, {"tau2": found.tau2}, found.k, found.k, found.level, (said, *found.warnings), found, None, (),
    )  # fmt: skip
