"""Overdispersion of crime and similar counts: how much larger their variance is than Poisson's."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from metareview.effects.measure import Floats, Mask
from metareview.errors import MetareviewError


@dataclass(frozen=True)
class Dispersion:
    """An estimated overdispersion.

    Attributes:
        phi: Pearson X2 / df; below 1 is less spread than Poisson, and `used` does not go below 1.
        X2, df: Pearson statistic and its residual degrees of freedom.
        places, rows: how many were used; dropped: places without events or not seen both before and after.
        phi_source: "estimated".
    """

    phi: float
    X2: float
    df: int
    places: int
    rows: int
    dropped: int
    phi_source: str = "estimated"

    @property
    def used(self) -> float:
        """Phi for a variance: never below 1."""
        return max(1.0, self.phi)

    def to_dict(self) -> dict[str, Any]:
        """All attributes, and `used`."""
        return asdict(self) | {"used": self.used}


def estimate_phi(
    counts: pd.DataFrame,
    *,
    place: str = "place",
    after: str = "after",
    treated: str = "treated",
    count: str = "count",
    exposure: str | None = None,
) -> Dispersion:
    """Quasi-Poisson overdispersion from a count series for each place, given each place's total.

    The model is log-linear with an effect for every place, a before-after change for the control places and
    another for the treated. Given its total, a place's split over before and after is binomial, so the two
    changes come from a binomial GLM on one row a place, however many places there are; phi = Pearson X2 / (n
    - p) over all rows of the series, p counting the place effects. Counts of one place are taken as
    independent from period to period, and the change as the same in every place of an arm; where counts are
    autocorrelated, or places change differently, phi is too small for totals over the whole window.

    Arguments:
        counts: one row a place and period. place: any id. after, treated: 0 or 1. count: events, 0 or more.
        exposure: column with a positive exposure for each row; None for equal periods.

    Raises MetareviewError for missing columns, impossible values, a place with a changing `treated`, or too
    few rows.

    Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition, section 6.2; Wilson (2022),
    Journal of Quantitative Criminology 38.
    """
    _check(counts, [place, after, treated, count, *([exposure] if exposure else [])])
    codes, _ = pd.factorize(counts[place])
    y, post, arm = (counts[name].to_numpy(dtype=float) for name in (count, after, treated))
    t = np.ones_like(y) if exposure is None else counts[exposure].to_numpy(dtype=float)
    good = {count: y >= 0, after: np.isin(post, (0, 1)), treated: np.isin(arm, (0, 1))}
    _check_values(counts, place, good | ({exposure: t > 0} if exposure else {}))
    group = np.zeros(len(np.unique(codes)))
    group[codes] = arm
    _check_values(counts, place, {treated: group[codes] == arm})
    return _dispersion(codes, y, post, t, group)


def _dispersion(codes: NDArray[np.intp], y: Floats, post: Floats, t: Floats, group: Floats) -> Dispersion:
    """Phi from rows (place code, count, after, exposure; shapes (n,)) and the arm of each place."""
    totals = np.array([np.bincount(codes, y * (post == side), len(group)) for side in (0, 1)])
    seen = np.array([np.bincount(codes, t * (post == side), len(group)) for side in (0, 1)])
    keep = (totals.sum(axis=0) > 0) & (seen > 0).all(axis=0)
    if not keep.any():
        raise MetareviewError("No place has events and is seen before and after: phi cannot be estimated.")
    rows = keep[codes]
    df = int(rows.sum() - keep.sum() - len(np.unique(group[keep])))
    if df < 1:
        raise MetareviewError(f"{rows.sum()} rows in {keep.sum()} places leave no degrees of freedom for phi.")
    change = _changes(totals, seen, group, keep)
    weight = t * np.exp(change[codes] * post)
    mu = totals.sum(axis=0)[codes] * weight / np.bincount(codes, weight, len(group))[codes]
    x2 = float(np.sum((y[rows] - mu[rows]) ** 2 / mu[rows]))
    return Dispersion(x2 / df, x2, df, int(keep.sum()), int(rows.sum()), int((~keep).sum()))


def _changes(totals: Floats, seen: Floats, group: Floats, keep: Mask) -> Floats:
    """Log before-after change of each place's group, shape (places,)."""
    import statsmodels.api as sm

    arms = np.unique(group[keep])
    for arm in arms:
        if (totals[:, keep & (group == arm)].sum(axis=1) == 0).any():
            word = "treated" if arm else "control"
            raise MetareviewError(f"The {word} places have no events before, or none after: phi needs both.")
    design = (group[:, None] == arms[None, :]).astype(float)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # one place an arm fits exactly, which statsmodels warns of and we mean
        fit = sm.GLM(
            totals[::-1, keep].T,
            design[keep],
            family=sm.families.Binomial(),
            offset=np.log(seen[1, keep] / seen[0, keep]),
        ).fit(tol=1e-12)
    return np.asarray(design @ fit.params)


def phi_table(
    a: float, b: float, c: float, d: float, phis: Sequence[float] = (1, 2, 4), level: float = 0.95
) -> pd.DataFrame:
    """What overdispersion does to one relative incident rate ratio.

    Arguments: a, b treated before and after; c, d control before and after, events; phis; level of the
        interval.

    Returns a frame indexed by phi: yi, sei, ci_low, ci_high (log scale), ratio, ratio_low, ratio_high.
    Raises MetareviewError for counts that RIRR cannot be computed from.
    """
    from metareview.effects.compute import effect_size

    if not 0 < level < 1:
        raise MetareviewError(f"level={level!r} is not between 0 and 1.", "Use a share such as 0.95.")
    values = np.asarray(phis, dtype=float)
    effect = effect_size("RIRR", a=a, b=b, c=c, d=d, phi=values)
    half = stats.norm.isf((1 - level) / 2) * effect["sei"]
    table = effect[["yi", "sei"]].assign(ci_low=effect["yi"] - half, ci_high=effect["yi"] + half)
    ratios = table[["yi", "ci_low", "ci_high"]].apply(np.exp).set_axis(["ratio", "ratio_low", "ratio_high"], axis=1)
    both = pd.concat([table, ratios], axis=1)
    both.index = pd.Index(values, name="phi")
    return both


def _check(counts: pd.DataFrame, names: list[str]) -> None:
    for name in names:
        if name not in counts.columns:
            columns = ", ".join(map(str, counts.columns))
            raise MetareviewError(f"The counts have no column {name!r}.", f"Columns: {columns}.")
        if counts[name].isna().any():
            row = counts.index[counts[name].isna()][0]
            raise MetareviewError(f"Row {row!r}, column {name!r} is missing.")


def _check_values(counts: pd.DataFrame, place: str, good: dict[str, Mask]) -> None:
    for name, mask in good.items():
        if not mask.all():
            row = int(np.flatnonzero(~mask)[0])
            where, value = counts[place].iloc[row], counts[name].iloc[row]
            raise MetareviewError(
                f"Place {where!r}, column {name!r}: {value!r} is not possible there.",
                f"{name} is the same 0 or 1 for a place, counts are 0 or more, exposures above 0.",
            )
