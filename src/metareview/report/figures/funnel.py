"""Funnel plot: the standard error of each study against its effect, with the region chance would fill."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure

from metareview.errors import MetareviewError
from metareview.report.figures import Figure
from metareview.report.figures.axis import EffectAxis, effect_axis
from metareview.report.figures.canvas import INK, MUTED, Canvas, steady, styled, text_width, wrap
from metareview.synthesis.dependent.pooled import DependentPooled
from metareview.synthesis.dependent.view import pooled_view

FIGURE = Figure(
    "funnel",
    "Funnel plot",
    "Each study's standard error against its effect; small studies missing on one side make it lopsided.",
)
POINT = "#33689c"
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _EDGE = 330.0, 250.0, 62.0, 32.0, 14.0
_OUTSIDE = "#f4f4f4"
_CONTOURS = (
    (0.01, "0.01 < p ≤ 0.05", "#cfcfcf"),
    (0.05, "0.05 < p ≤ 0.10", "#a9a9a9"),
    (0.10, "p > 0.10", "#ffffff"),
)


class _Frame:
    """The plotting region: `x` and `y` give points for an effect yi and a standard error."""

    def __init__(self, axis: EffectAxis, low: float, high: float, top: float, largest: float) -> None:
        self.axis, self.top, self.bottom, self.largest = axis, top, top + _HEIGHT, largest
        self.left, self.right = _LEFT, _LEFT + _WIDTH
        self.low, self.high = (float(v) for v in axis.place([low, high]))

    def x(self, yi: float) -> float:
        share = (float(self.axis.place(yi)) - self.low) / (self.high - self.low)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def y(self, se: float) -> float:
        return self.top + se / self.largest * (self.bottom - self.top)


@styled
def funnel(
    result: Any,
    *,
    scale: str = "log",
    transform: str | None = None,
    contours: bool = False,
    title: str | None = None,
    xlabel: str | None = None,
    null: float = 0.0,
) -> MplFigure:
    """Draw a funnel plot of a pooled result (Sterne & Egger 2001, J Clin Epidemiol 54:1046).

    Arguments:
        result: a `PooledResult`, or what `multilevel`, `che` or `sce` returned for one mean; its yi, vi, estimate and level
            are used.
        scale, transform: as for `forest.forest`.
        contours: shade where a study's own two-sided p against `null` is above .10, .05 and .01 (Peters et
            al. 2008, J Clin Epidemiol 61:991); the region around the pooled effect then is only outlined.
        title: above the plot. xlabel: the measure's name. null: no effect, on the scale of yi.

    Raises:
        MetareviewError: the result has no studies or has moderators, or scale and transform do not fit.
    """
    result = pooled_view(result, "A funnel plot")
    if result.k < 1:
        raise MetareviewError("A funnel plot needs at least one study.", "Pool at least one effect first.")
    axis = effect_axis(scale, transform)
    yi, se, centre = steady(result.yi), steady(np.sqrt(result.vi)), steady(result.estimate)
    z = NormalDist().inv_cdf(0.5 + result.level / 2)
    largest = float(np.max(se)) * 1.06
    heading = wrap(title, _LEFT + _WIDTH, 11, True) if title else []
    top = _EDGE + 16 * len(heading) + (6 if heading else 0)
    frame = _Frame(axis, *_limits(yi, centre, z * largest, null if contours else None), top, largest)
    key = _key(contours, result.level)
    canvas = Canvas(_LEFT + _WIDTH + _RIGHT, frame.bottom + 38 + 15 * len(key) + _EDGE)
    for index, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * index + 6, line, size=11, bold=True)
    _regions(canvas, frame, centre, z, null, contours)
    for index, (effect, error) in enumerate(zip(yi, se, strict=True)):
        _circle(canvas, frame.x(float(effect)), frame.y(float(error)), index)
    _axes(canvas, frame, xlabel)
    _legend(canvas, frame.bottom + 44, key)
    return canvas.figure


def alt_text(result: Any, *, scale: str = "log", transform: str | None = None) -> str:
    """Return one plain sentence that says what the funnel plot shows; arguments as for `funnel`."""
    result = pooled_view(result, "A funnel plot")
    axis = effect_axis(scale, transform)
    digits = axis.digits(result.yi)
    z = NormalDist().inv_cdf(0.5 + result.level / 2)
    se = np.sqrt(result.vi)
    inside = int(np.sum(np.abs(steady(result.yi) - steady(result.estimate)) <= z * se))
    unit = "%" if axis.transform == "percent" else ""
    low, high = (f"{steady(float(v)):.3g}" for v in (np.min(se), np.max(se)))
    count = "1 study" if result.k == 1 else f"{result.k} studies"
    count = f"{result.k} effects in {result.studies} studies" if isinstance(result, DependentPooled) else count
    return (
        f"Funnel plot of {count} with standard errors from {low} to {high}, around a pooled "
        f"{axis.name.lower()} of {axis.number(steady(result.estimate), digits)}{unit}; "
        f"{inside} of {result.k} lie within the {100 * result.level:.4g}% region."
    )


def _limits(yi: Any, centre: float, half: float, null: float | None) -> tuple[float, float]:
    extra = [] if null is None else [null - half, null + half]
    points = [*yi.tolist(), centre - half, centre + half, *extra]
    margin = 0.03 * (max(points) - min(points) or 1.0)
    return min(points) - margin, max(points) + margin


def _edge(frame: _Frame, at: float, z: float) -> list[tuple[float, float]]:
    """Return points along the line yi = at + z se from top to bottom, bent where the axis is not in yi."""
    return [(frame.x(at + z * s), frame.y(s)) for s in np.linspace(0, frame.largest, 2 if z == 0 else 41)]


def _cone(canvas: Canvas, frame: _Frame, at: float, z: float, fill: str, gid: str, layer: float) -> None:
    corners = [*_edge(frame, at, -z), *reversed(_edge(frame, at, z))]
    canvas.shape(corners, fill=fill, gid=gid, z=layer)


def _regions(canvas: Canvas, frame: _Frame, centre: float, z: float, null: float, contours: bool) -> None:
    size = (frame.right - frame.left, frame.bottom - frame.top)
    canvas.box(frame.left, frame.top, *size, fill=_OUTSIDE, z=0.1)
    if contours:
        for number, (p, _, shade) in enumerate(_CONTOURS):
            half = NormalDist().inv_cdf(1 - p / 2)
            _cone(canvas, frame, null, half, shade, f"contour-{p:g}", 0.3 + 0.1 * number)
    else:
        _cone(canvas, frame, centre, z, "#ffffff", "funnel", 0.5)
        x = frame.x(null)
        if frame.left < x < frame.right:
            canvas.line((x, x), (frame.top, frame.bottom), color=MUTED, width=0.8, gid="no-effect", z=1.1)
    for side in (-z, z):
        xs, ys = zip(*_edge(frame, centre, side), strict=True)
        canvas.line(xs, ys, color=INK, width=0.8, dash=(4, 3), z=1.2)
    x = frame.x(centre)
    canvas.line((x, x), (frame.top, frame.bottom), width=0.9, dash=(1.5, 2.5), gid="pooled-line", z=1.2)


def _circle(canvas: Canvas, x: float, y: float, index: int) -> None:
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    points = [(x + 3.1 * math.cos(a), y + 3.1 * math.sin(a)) for a in turn]
    canvas.shape(points, fill=POINT, edge="white", line=0.5, gid=f"point-{index}", z=4)


def _axes(canvas: Canvas, frame: _Frame, xlabel: str | None) -> None:
    canvas.line((frame.left, frame.left, frame.right), (frame.top, frame.bottom, frame.bottom), width=0.8)
    for at, label in frame.axis.ticks(frame.low, frame.high, frame.right - frame.left):
        x = frame.left + (at - frame.low) / (frame.high - frame.low) * (frame.right - frame.left)
        canvas.line((x, x), (frame.bottom, frame.bottom + 3.5), width=0.8)
        canvas.text(x, frame.bottom + 10.5, label, size=8, align="center")
    for at, label in effect_axis("linear", None).ticks(0.0, frame.largest, 4 * _HEIGHT):
        canvas.line((frame.left - 3.5, frame.left), (frame.y(at),) * 2, width=0.8)
        canvas.text(frame.left - 6, frame.y(at), label, size=8, align="right")
    logged = frame.axis.transform is not None and frame.axis.scale == "log"
    text = frame.axis.title if xlabel is None else f"{xlabel} (log scale)" if logged else xlabel
    canvas.text((frame.left + frame.right) / 2, frame.bottom + 25, text, size=9, align="center")
    canvas.text(_EDGE + 4, (frame.top + frame.bottom) / 2, "Standard error", size=9, align="center", rotation=90)


def _key(contours: bool, level: float) -> list[list[tuple[str, str]]]:
    """Return the rows of the legend as (words, shade); a shade of "" is a dashed line."""
    lines = [(f"{100 * level:.4g}% region around the pooled effect", "")]
    shades = [(words, shade) for _, words, shade in reversed(_CONTOURS)]
    return [lines, [*shades, ("p ≤ 0.01", _OUTSIDE)]] if contours else [lines]


def _legend(canvas: Canvas, y: float, key: list[list[tuple[str, str]]]) -> None:
    for row, entries in enumerate(key):
        x, at = _LEFT, y + 15 * row
        for words, shade in entries:
            if shade:
                canvas.box(x, at - 4, 12, 8, fill=shade, edge=MUTED, line=0.5)
            else:
                canvas.line((x, x + 16), (at, at), dash=(4, 3), width=0.8)
            x += 17 if shade else 21
            canvas.text(x, at, words, size=8)
            x += text_width(words, 8) + 12
