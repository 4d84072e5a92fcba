"""The coefficients of a multilevel model with the variance of a true effect at any setting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metareview.synthesis.linear import Linear
from metareview.synthesis.multilevel.terms import Intercepts, Structured, Term
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class MultilevelLinear(Linear):
    """Coefficients, and the random terms with their parameters."""

    random: tuple[tuple[Term, Floats], ...] = ()

    def between(self, frame: pd.DataFrame | None, n: int) -> tuple[Floats, tuple[str, ...]]:
        """The sum of the variances of the random effects; where a term has a variance a level, that of the setting's level."""
        total, said = np.zeros(n), []
        for term, theta in self.random:
            if isinstance(term, Intercepts) or len(variances(term, theta)) == 1:
                total = total + float(theta[0])
                continue
            found, why = _of_levels(term, variances(term, theta), frame)
            total = total + found
            said += [why] if why else []
        return total, tuple(said)


def variances(term: Structured, theta: Floats) -> Floats:
    """One variance for all inner levels, shape (1,), or one each, shape (q,)."""
    if term.structure in ("ID", "CS", "AR", "CAR"):
        return theta[:1]
    return np.diag(term.between(theta)[0])


def _of_levels(term: Structured, found: Floats, frame: pd.DataFrame | None) -> tuple[Floats | float, str]:
    inner = term.name.split("|")[0]
    if frame is None:
        return found[term.inner], ""
    if inner not in frame:
        return math.nan, (
            f"There is no prediction interval: {inner} has a variance a level, and the new data have no column {inner}."
        )
    names = [f"{v:g}" if term.structure == "HAR" else str(v) for v in frame[inner]]
    known = dict(zip(term.levels, found.tolist(), strict=True))
    unseen = [name for name in dict.fromkeys(names) if name not in known]
    why = f"There is no prediction interval for {inner} = {', '.join(unseen)}: the model has no variance for it."
    return np.array([known.get(name, math.nan) for name in names]), why if unseen else ""
