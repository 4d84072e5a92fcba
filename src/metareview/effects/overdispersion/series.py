"""A series of counts by place and period, checked, and as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metareview.effects.measure import Floats, Mask
from metareview.effects.series import columns

ARMS = ("control", "treated")


@dataclass(frozen=True, eq=False)
class Series:
    """Counts of n rows in m places.

    Attributes:
        codes: place of each row, 0 to m - 1, shape (n,). y, after, t: count, 0 or 1, and exposure, shape (n,).
        arm: 1 for treated places, shape (m,). names: what the places are called, shape (m,).
    """

    codes: NDArray[np.intp]
    y: Floats
    after: Floats
    t: Floats
    arm: Floats
    names: NDArray[Any]

    def total(self, values: Floats) -> Floats:
        """Sums of row values by place, shape (m,)."""
        return np.asarray(np.bincount(self.codes, values, len(self.arm)), dtype=float)

    def by_phase(self, values: Floats) -> Floats:
        """Sums of row values by place, before and after, shape (2, m)."""
        return np.array([self.total(values * (self.after == side)) for side in (0, 1)])

    def usable(self) -> Mask:
        """Places with events that are seen before and after, shape (m,)."""
        return np.asarray((self.total(self.y) > 0) & (self.by_phase(self.t) > 0).all(axis=0))

    def only(self, places: Mask) -> Series:
        """The rows of some of the places, renumbered."""
        rows = places[self.codes]
        codes = (np.cumsum(places) - 1)[self.codes[rows]]
        kept = replace(self, codes=codes, y=self.y[rows], after=self.after[rows], t=self.t[rows])
        return replace(kept, arm=self.arm[places], names=self.names[places])

    def totals(self) -> Series:
        """One row a place and phase: the sums before and the sums after."""
        m = len(self.arm)
        y, t = (self.by_phase(values).ravel() for values in (self.y, self.t))
        return replace(self, codes=np.tile(np.arange(m), 2), y=y, t=t, after=np.repeat([0.0, 1.0], m))


def read_series(counts: pd.DataFrame, place: str, after: str, treated: str, count: str, exposure: str | None) -> Series:
    """The series of a frame with one row a place and period.

    Raises MetareviewError for missing columns or cells, impossible values, and a place with a changing `treated`.
    """
    columns.check_columns(counts, [place, after, treated, count, exposure])
    columns.present(counts, place, [])
    codes, names = pd.factorize(counts[place])
    y = columns.counts(counts, count, [place])
    post, arm = (columns.zero_one(counts, name, [place]) for name in (after, treated))
    t = np.ones_like(y) if exposure is None else columns.exposures(counts, exposure, [place])
    group = np.zeros(len(names))
    group[codes] = arm
    changing = group[codes] != arm
    columns.refuse(counts, treated, [place], changing, lambda v: f"{v!r} is not what other rows of the place have")
    return Series(codes, y, post, t, group, np.asarray(names))
