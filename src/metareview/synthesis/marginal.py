"""Estimated marginal means of a meta-regression: predictions averaged over a reference grid of the other moderators."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metareview.errors import MetareviewError
from metareview.synthesis.contrasts import WaldResult, combine
from metareview.synthesis.linear import Linear, designed
from metareview.synthesis.wls import Floats

if TYPE_CHECKING:
    import pandas as pd

    from metareview.synthesis.design import Design

WEIGHTS = ("equal", "proportional")


@dataclass(frozen=True, eq=False, repr=False)
class MarginalMeans:
    """Marginal means, one a combination of the levels asked for.

    Attributes:
        levels: the combinations, one row each. means: the averages as combinations of coefficients (estimate, se, interval,
            test against 0), in the same order. result: the model they come from. weights: how the grid was averaged.
    """

    levels: pd.DataFrame
    means: WaldResult
    result: Linear
    weights: str

    def differences(self) -> WaldResult:
        """Return every pairwise difference of the means, not adjusted for their number."""
        L, names = self.means.matrix, self.means.names
        pairs = list(itertools.combinations(range(len(L)), 2))
        if not pairs:
            raise MetareviewError("There is one marginal mean, and nothing to compare it with.")
        rows = np.array([L[i] - L[j] for i, j in pairs])
        return combine(self.result, rows, [f"{names[i]} - {names[j]}" for i, j in pairs], joint=False)

    def to_dict(self) -> dict[str, Any]:
        """Return levels and means as plain JSON-ready values at full precision."""
        return {"levels": self.levels.to_dict(orient="list"), "means": self.means.to_dict(), "weights": self.weights}

    def to_frame(self) -> pd.DataFrame:
        """Return the levels with estimate, se, ci_low, ci_high, statistic, df, p_value beside them."""
        import pandas as pd

        return pd.concat([self.levels, self.means.to_frame().drop(columns="contrast")], axis=1)

    def __repr__(self) -> str:
        return f"MarginalMeans({', '.join(self.levels.columns)}: {len(self.levels)} means, {self.weights} weights)"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


def marginal_means(
    result: Any,
    by: str | Sequence[str],
    *,
    at: Mapping[str, Any] | None = None,
    weights: str = "equal",
) -> MarginalMeans:
    """Average the model's predictions over all levels of the other categorical moderators, numbers held at their mean.

    Arguments:
        by: one or more moderators; a categorical one gives a mean a level, a numeric one a mean at its mean or at the values
            `at` gives it. at: values of moderators to hold or to run through instead. weights: "equal", or "proportional"
            to how often the studies have each combination of the levels that are averaged over.

    Raises:
        MetareviewError: a moderator the model does not have, a level it has not seen, unknown weights.

    Source: Searle, Speed & Milliken (1980), The American Statistician 34, 216-221.
    """
    names = [by] if isinstance(by, str) else list(by)
    model, design = designed(result, "Take marginal means of")
    values = _values(design, names, dict(at or {}))
    if weights not in WEIGHTS:
        raise MetareviewError(f"There are no weights {weights!r}.", f"Choose one of {', '.join(WEIGHTS)}.")
    import pandas as pd

    grid = pd.DataFrame(list(itertools.product(*values.values())), columns=list(values))
    X = design.evaluate(grid)
    averaged = [name for name in design.levels if name not in names and name not in (at or {})]
    share = _shares(design, grid, averaged) if weights == "proportional" else np.ones(len(grid))
    levels = grid[names].drop_duplicates(ignore_index=True)
    rows = np.zeros((len(levels), model.p))
    for i, level in enumerate(levels.itertuples(index=False)):
        here = (grid[names] == list(level)).all(axis=1).to_numpy()
        rows[i] = np.average(X[here], axis=0, weights=share[here])
    labels = [", ".join(map(str, level)) for level in levels.itertuples(index=False)]
    return MarginalMeans(levels, combine(model, rows, labels, joint=False), model, weights)


def _values(design: Design, by: Sequence[str], at: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the values each moderator takes in the grid."""
    frame = design.moderators
    unknown = [name for name in [*by, *at] if name not in frame.columns]
    if unknown:
        raise MetareviewError(
            f"The model has no moderator {', '.join(unknown)}.", f"It has {', '.join(frame.columns) or 'none'}."
        )
    out = {}
    for name in frame.columns:
        given = at.get(name, design.levels.get(name))
        if given is None:
            given = [frame[name].mean()]
        out[name] = list(given) if np.ndim(given) else [given]
    return out


def _shares(design: Design, grid: pd.DataFrame, averaged: list[str]) -> Floats:
    if not averaged:
        return np.ones(len(grid))
    counts = design.moderators.groupby(averaged, observed=True).size()
    keys = grid[averaged].itertuples(index=False, name=None)
    return np.array([float(counts.get(key if len(averaged) > 1 else key[0], 0)) for key in keys])
