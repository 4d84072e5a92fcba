"""`estimate_phi`: overdispersion from a series of counts by place and period."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import pandas as pd

from metareview.effects.overdispersion import negative_binomial
from metareview.effects.overdispersion.conditional import Pearson, fit_changes, pearson
from metareview.effects.overdispersion.series import Series, read_series
from metareview.errors import MetareviewError

Method = Literal["quasi_poisson", "negative_binomial"]


@dataclass(frozen=True)
class Dispersion:
    """An estimated overdispersion.

    Attributes:
        phi: variance over the Poisson variance; below 1 is less spread than Poisson, and `used` does not go below 1.
        X2, df: Pearson statistic of the Poisson fit and its residual degrees of freedom.
        places, rows: how many were used; dropped: places without events or not seen both before and after.
        phi_source: "estimated". method: "quasi_poisson" (phi is X2 / df) or "negative_binomial".
    """

    phi: float
    X2: float
    df: int
    places: int
    rows: int
    dropped: int
    phi_source: str = "estimated"
    method: str = "quasi_poisson"

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
    method: Method = "quasi_poisson",
) -> Dispersion:
    """Overdispersion from a count series for each place, given each place's total.

    The model is log-linear with an effect for every place, a before-after change for the control places and
    another for the treated. `quasi_poisson`: phi = Pearson X2 / (n - p) over all rows of the series, p counting the
    place effects, so the variance is the same multiple of the mean everywhere. `negative_binomial`: the conditional
    model of Hausman, Hall and Griliches, in which busy places are more overdispersed than quiet ones; phi is the mean
    over the places, weighted by events. Where places differ much in size and one phi holds for all, it comes out too
    high (by a third in our simulation); where busy places are the overdispersed ones, quasi-Poisson comes out too low.

    Both take counts of one place as independent from period to period, and the change as the same in every place of an
    arm; where counts are autocorrelated, or places change differently, phi is too small for totals over the whole
    window. `diagnose_series` tells whether that is so, and its `phi_totals` is what to use then.

    Arguments:
        counts: one row a place and period. place: any id. after, treated: 0 or 1. count: events, 0 or more.
        exposure: column with a positive exposure for each row; None for equal periods.
        method: "quasi_poisson" or "negative_binomial".

    Raises MetareviewError for missing columns, impossible values, a place with a changing `treated`, too few rows, or
    an unknown method.

    Source: McCullagh & Nelder (1989), Generalized Linear Models, 2nd edition, section 6.2; Wilson (2022), Journal of
    Quantitative Criminology 38; Hausman, Hall & Griliches (1984), Econometrica 52.
    """
    if method not in get_args(Method):
        raise MetareviewError(f"method={method!r} is unknown.", f"Use {' or '.join(get_args(Method))}.")
    series = read_series(counts, place, after, treated, count, exposure)
    used = usable(series)
    poisson = fit_changes(used)
    spread = pearson(used, poisson.mu, len(poisson.beta))
    phi = spread.phi if method == "quasi_poisson" else negative_binomial.phi(used, poisson, spread.phi)
    dropped = len(series.arm) - len(used.arm)
    x2 = float(spread.parts.sum())
    return Dispersion(phi, x2, spread.df, len(used.arm), len(used.y), dropped, method=method)


def usable(series: Series) -> Series:
    """The places that say something; raises MetareviewError when there are none, or too few for phi."""
    keep = series.usable()
    if not keep.any():
        raise MetareviewError("No place has events and is seen before and after: phi cannot be estimated.")
    used = series.only(keep)
    if len(used.y) - len(used.arm) - len(set(used.arm)) < 1:
        raise MetareviewError(f"{len(used.y)} rows in {len(used.arm)} places leave no degrees of freedom for phi.")
    return used


def quasi_poisson(series: Series) -> Pearson:
    """Pearson's X2 of a usable series under a before-after change an arm."""
    found = fit_changes(series)
    return pearson(series, found.mu, len(found.beta))
