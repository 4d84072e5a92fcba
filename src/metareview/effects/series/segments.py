"""The design of an interrupted time series: trend, level and slope change, season, and periods that are left out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from metareview.effects.measure import Floats, Mask
from metareview.errors import MetareviewError

SEASONS = "None, 'dummies', 'harmonics' (two pairs) or a number of pairs"


@dataclass(frozen=True)
class Segments:
    """The periods `time` (n,) and the design matrix `X` (n, p) with `names` of its columns; `after` and `skipped` are masks (n,).

    `first`: the first whole period with the intervention, from which the horizon counts.
    """

    time: Floats
    X: Floats
    names: tuple[str, ...]
    after: Mask
    skipped: Mask
    first: float

    @property
    def interest(self) -> list[int]:
        """Positions of level change and, where it is in the model, slope change."""
        return [self.names.index(name) for name in ("level", "slope") if name in self.names]


def segments(
    time: Floats, start: float, *, trend: bool, slope: bool, season: str | int | None, cycle: int, washout: int
) -> Segments:
    """Build the design for consecutive periods `time` (n,).

    A period in which the intervention began (start 24.5: half of period 24) and `washout` periods after it get a
    term of their own each: they say nothing about the effect and leave no gap in the series.
    """
    first = math.ceil(start) + washout
    before, after = time < math.floor(start), time >= first
    skipped = ~before & ~after
    for side, mask in (("before", before), ("after", after)):
        if mask.sum() < 2 + (trend if side == "before" else slope):
            raise MetareviewError(
                f"{int(mask.sum())} periods {side} the start {start:g}: too few for these terms.",
                "Give the start in the unit of the time column, or leave out terms (slope=False, trend=False).",
            )
    since = time - first
    columns: list[tuple[str, Floats]] = [("intercept", np.ones_like(time))]
    columns += [("trend", since)] if trend else []
    columns += [("level", after.astype(float))] + ([("slope", after * since)] if slope else [])
    columns += _season(time, season, cycle)
    columns += [(f"left out {time[i]:g}", (np.arange(time.size) == i).astype(float)) for i in np.flatnonzero(skipped)]
    X = np.column_stack([values for _, values in columns])
    if np.linalg.matrix_rank(X) < X.shape[1] or X.shape[0] <= X.shape[1]:
        raise MetareviewError(
            f"{X.shape[0]} periods cannot carry {X.shape[1]} terms.",
            "Use fewer terms: season=1 or None, slope=False; or a longer series.",
        )
    return Segments(time, X, tuple(name for name, _ in columns), after, skipped, float(first))


def _season(time: Floats, season: str | int | None, cycle: int) -> list[tuple[str, Floats]]:
    if season is None:
        return []
    if season == "dummies":
        place = time % cycle
        return [(f"season {j}", (place == j).astype(float)) for j in range(1, cycle)]
    pairs = 2 if season == "harmonics" else season
    if isinstance(pairs, bool) or not isinstance(pairs, int) or not 1 <= pairs <= cycle / 2:
        raise MetareviewError(
            f"season={season!r} is not known for a cycle of {cycle}.", f"Use {SEASONS}, at most half the cycle."
        )
    angle = 2 * np.pi * time / cycle
    waves = [(f"{name} {k}", wave(k * angle)) for k in range(1, pairs + 1) for name, wave in _WAVES]
    return [(name, values) for name, values in waves if name != f"sine {cycle / 2:g}"]


_WAVES = (("sine", np.sin), ("cosine", np.cos))
