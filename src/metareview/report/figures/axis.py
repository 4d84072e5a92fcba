"""The effect axis: from the scale of yi to the numbers shown, with limits no giant interval can stretch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from metareview.errors import MetareviewError
from metareview.report.figures.canvas import text_width

Scale = Literal["log", "linear"]
Transform = Literal["ratio", "percent"] | None
Floats = NDArray[np.float64]

MINUS = "\N{MINUS SIGN}"
_MOST_TICKS = 8
_NARROW = math.log(4.0)


@dataclass(frozen=True)
class EffectAxis:
    """How effects yi are placed along an axis and written.

    Attributes:
        scale: "log" spaces the axis evenly in yi, as for log ratios; "linear" evenly in the numbers shown.
        transform: "ratio" shows exp(yi), "percent" shows 100 (exp(yi) - 1), None shows yi itself.
    """

    scale: Scale
    transform: Transform

    @property
    def name(self) -> str:
        """The words for the axis when none are given."""
        return {"ratio": "Ratio", "percent": "Percent change", None: "Effect"}[self.transform]

    @property
    def title(self) -> str:
        """The axis label when none is given."""
        return f"{self.name} (log scale)" if self.transform and self.scale == "log" else self.name

    def shown(self, yi: ArrayLike) -> Floats:
        """Return the numbers to show for yi, any shape."""
        values = np.clip(np.asarray(yi, dtype=float), -300, 300) if self.transform else np.asarray(yi, dtype=float)
        if self.transform == "ratio":
            return np.asarray(np.exp(values))
        return np.asarray(100 * np.expm1(values)) if self.transform == "percent" else values

    def place(self, yi: ArrayLike) -> Floats:
        """Return positions along the axis for yi, any shape."""
        return np.asarray(yi, dtype=float) if self.scale == "log" else self.shown(yi)

    def ticks(self, low: float, high: float, points: float, size: float = 8.0) -> list[tuple[float, str]]:
        """Return (position, label) of the ticks between positions low and high, `points` apart."""
        if self.scale == "linear" or self.transform is None:
            values = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
            found = [(float(v), self.tick_label(float(v))) for v in values if low <= v <= high]
            return _thinned(found, low, high, points, size)
        best: list[tuple[float, str]] = []
        for numbers in _candidates(math.exp(max(low, -300)), math.exp(min(high, 300)), self.transform):
            ratios = [v if self.transform == "ratio" else 1 + v / 100 for v in numbers]
            pairs = [(math.log(r), self.tick_label(v)) for r, v in zip(ratios, numbers, strict=True) if r > 0]
            inside = [pair for pair in pairs if low <= pair[0] <= high]
            kept = _spaced(inside, low, high, points, size)
            whole = self.transform == "ratio" or high - low < _NARROW
            if len(best) < len(kept) <= _MOST_TICKS and (len(kept) == len(inside) or not whole):
                best = kept
        return best

    def tick_label(self, value: float) -> str:
        """Write a round number shown at a tick."""
        text = f"{round(value, 10) + 0.0:.10g}".replace("-", MINUS)
        if self.transform != "percent":
            return text
        return f"+{text}%" if value > 0 else f"{text}%"

    def digits(self, yi: ArrayLike) -> int:
        """Return how many decimals the effects yi deserve in a table."""
        shown = np.abs(self.shown(yi) - (1.0 if self.transform == "ratio" else 0.0))
        size = float(np.percentile(shown, 75)) if np.size(shown) else 1.0
        if self.transform == "percent":
            return 0 if size >= 10 else 1 if size >= 0.5 else 2
        if size >= 100 or size < 1e-9:
            return 0 if size >= 100 else 2
        return 2 if size >= 0.03 else min(6, 1 - math.floor(math.log10(size)))

    def number(self, yi: float, digits: int) -> str:
        """Write the number shown for one effect."""
        value = float(self.shown(yi))
        if self.transform == "ratio" and 0 <= value < 0.5 * 10.0**-digits:
            return f"<{10.0**-digits:g}"
        if abs(value) >= 1e5:
            return f"{value:.0e}".replace("e+0", "e").replace("e+", "e").replace("-", MINUS)
        text = f"{value:.{0 if abs(value) >= 1000 else digits}f}"
        return (text[1:] if float(text) == 0 and text.startswith("-") else text).replace("-", MINUS)

    def interval(self, low: float, high: float, digits: int) -> str:
        """Write an interval, as in "[0.37, 1.17]"."""
        return f"[{self.number(low, digits)}, {self.number(high, digits)}]"


def effect_axis(scale: str, transform: str | None) -> EffectAxis:
    """Return the axis for a scale and transform; on a log scale ratios are shown unless told otherwise."""
    if scale not in ("log", "linear") or transform not in ("ratio", "percent", None):
        raise MetareviewError(
            f"A figure has no scale {scale!r} with transform {transform!r}.",
            "scale is log or linear; transform is ratio, percent or none.",
        )
    chosen = transform or ("ratio" if scale == "log" else None)
    return EffectAxis("log" if scale == "log" else "linear", chosen)  # type: ignore[arg-type]


def limits(
    points: Floats,
    lows: Floats,
    highs: Floats,
    pooled: Sequence[float],
    wide: Sequence[float],
    null: float,
) -> tuple[float, float]:
    """Return axis limits that show the points and most intervals whole; the longest are to be cut.

    Arguments:
        points, lows, highs: positions along the axis, shape (k,).
        pooled: ends of the pooled interval, shown unless they are very far.
        wide: ends of other intervals, treated as those of studies.
        null: position of no effect, shown unless the effects are far from it.
    """
    half = float(np.median(highs - lows)) / 2
    centre = float(np.median(points))
    quarter, three = np.percentile(points, [25, 75])
    spread = max(float(three - quarter), half, 1e-9)
    near = [float(p) for p in points if abs(p - centre) <= 5 * spread]
    near += [p for p in pooled if math.isfinite(p) and abs(p - centre) <= 12 * spread]
    near += [null] if abs(null - centre) <= 8 * spread else []
    core_low, core_high = min(near), max(near)
    reach = max(2 * half, 0.5 * (core_high - core_low))
    low = min(core_low, max(min([float(np.min(lows)), *wide]), core_low - reach))
    high = max(core_high, min(max([float(np.max(highs)), *wide]), core_high + reach))
    margin = 0.04 * max(high - low, 1e-6)
    return low - margin, high + margin


def _candidates(low: float, high: float, transform: Transform) -> list[list[float]]:
    """Return tick sets for ratios between low and high; in each, a number gives way to those before it."""
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    if transform == "percent":
        far = [round(100 * (10.0**n - 1), 6) for n in range(first, last + 1)]
        sets: list[list[float]] = [
            [0, *far],
            [0, -50, 100, *far, 300, -75, 50, -25, 200, -95],
            [0, -50, 100, -80, 400, -20, 25],
        ]
        if math.log(high / low) >= _NARROW:
            return sets
        return [*sets, *(_even(s, 100 * (low - 1), 100 * (high - 1)) for s in (50, 25, 20, 10, 5, 2, 1, 0.5))]
    decades = range(first, last + 1)
    jumps = [[10.0**n for n in decades if n % jump == 0] for jump in (64, 32, 16, 8, 4, 3, 2, 1)]
    parts = ((1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
    shares = [[float(f"{m * 10.0**n:.6g}") for n in decades for m in part] for part in parts]
    halves = [2.0**n for n in range(math.floor(math.log2(low)) - 1, math.ceil(math.log2(high)) + 2)]
    if math.log(high / low) >= _NARROW:
        return [*jumps, *shares, *([halves] if low > 0.2 and high < 20 else [])]
    steps = (0.5, 0.25, 0.2, 0.1, 0.05, 0.02, 0.01)
    return [*jumps, *shares, halves, *(_even(step, low, high, 1.0) for step in steps)]


def _even(step: float, low: float, high: float, origin: float = 0.0) -> list[float]:
    first, last = math.floor((low - origin) / step), math.ceil((high - origin) / step)
    if last - first > 60:
        return []
    return [round(origin + n * step, 6) for n in sorted(range(first, last + 1), key=abs)]


def _spaced(
    ticks: list[tuple[float, str]], low: float, high: float, points: float, size: float
) -> list[tuple[float, str]]:
    """Keep the ticks whose labels do not touch those of the ticks before them."""
    kept: list[tuple[float, str]] = []
    for tick in ticks:
        tried = sorted({*kept, tick})
        if _fits(tried, low, high, points, size):
            kept = tried
    return kept


def _fits(ticks: list[tuple[float, str]], low: float, high: float, points: float, size: float) -> bool:
    unit = points / (high - low)
    return all(
        (b - a) * unit > (text_width(left, size) + text_width(right, size)) / 2 + 6
        for (a, left), (b, right) in pairwise(ticks)
    )


def _thinned(
    ticks: list[tuple[float, str]], low: float, high: float, points: float, size: float
) -> list[tuple[float, str]]:
    while len(ticks) > 2 and not _fits(ticks, low, high, points, size):
        ticks = ticks[::2]
    return ticks
