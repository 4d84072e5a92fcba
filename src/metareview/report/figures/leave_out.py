"""Leave-one-out and cumulative forest: the pooled result of each row of such a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure

from metareview.errors import MetareviewError
from metareview.report.figures import Figure
from metareview.report.figures.axis import EffectAxis, effect_axis
from metareview.report.figures.canvas import MUTED, Canvas, shorten, steady, styled, widest, wrap
from metareview.report.figures.panel import POINT, Panel, span

FIGURE = Figure(
    "leave_out",
    "Leave-one-out or cumulative forest plot",
    "The pooled effect without each effect or cluster in turn, or as the effects come in one after the other.",
)
_ROW, _PLOT, _EDGE, _GAP = 15.5, 230.0, 14.0, 12.0
_HEADS = {"omitted": "Left out", "added": "Added"}


@styled
def leave_out(
    table: Any,
    *,
    result: Any = None,
    scale: str = "log",
    transform: str | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    null: float = 0.0,
) -> MplFigure:
    """Draw the table of `leave_one_out`, `leave_one_cluster_out` or `cumulative`, a row a result.

    Arguments:
        table: with omitted or added, estimate, ci_low and ci_high. result: the pooled result of all, drawn as a dashed line.
        scale, transform: as for `forest.forest`. title: above the plot. xlabel: the measure's name. null: no effect, on the
            scale of yi.

    Raises:
        MetareviewError: a table of another kind, or scale and transform that do not fit.
    """
    axis, head = effect_axis(scale, transform), _head(table)
    names = [str(name) for name in table[head]]
    values = {name: steady(table[name].to_numpy()) for name in ("estimate", "ci_low", "ci_high")}
    digits = axis.digits(values["estimate"])
    texts = _texts(axis, values, digits)
    label = min(max(widest([*names, _HEADS[head]], 8.5, True), 60.0), 190.0)
    left = _EDGE + label + _GAP
    right = left + _PLOT + _GAP
    level = "" if result is None else f"{100 * result.level:.4g}% "
    words = f"{xlabel or axis.name} [{level}CI]"
    width = right + max(widest(texts, 8.5), widest([words], 8.5, True)) + _EDGE
    heading = wrap(title, width - 2 * _EDGE, 11, True) if title else []
    top = _EDGE + 16 * len(heading) + 22
    bottom = top + _ROW * len(names) + 4
    canvas = Canvas(width, bottom + 38 + _EDGE)
    for n, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * n + 6, line, size=11, bold=True)
    canvas.text(_EDGE, top - 10, _HEADS[head], size=8.5, bold=True)
    canvas.text(width - _EDGE, top - 10, words, size=8.5, bold=True, align="right")
    panel = Panel(canvas, left, top, _PLOT, bottom - top, _limits(axis, values, result, null), (len(names) + 0.25, 0))
    _rows(panel, axis, values, names, texts, label, width)
    _frame(panel, axis, result, null, axis.title if xlabel is None else _axis_words(axis, xlabel))
    return canvas.figure


def alt_text(table: Any, *, result: Any = None, scale: str = "log", transform: str | None = None) -> str:
    """Return one plain sentence that says what the plot shows; arguments as for `leave_out`."""
    axis, head = effect_axis(scale, transform), _head(table)
    values = steady(table["estimate"].to_numpy())
    digits = axis.digits(values)
    low, high = (axis.number(float(f(values)), digits) for f in (np.nanmin, np.nanmax))
    unit = "%" if axis.transform == "percent" else ""
    how = "without each in turn" if head == "omitted" else "as they come in"
    return (
        f"Forest plot of {len(table)} pooled results, {how}: "
        f"the {axis.name.lower()} goes from {low}{unit} to {high}{unit}."
    )


def _head(table: Any) -> str:
    found = [name for name in _HEADS if name in getattr(table, "columns", ())]
    if not found or not {"estimate", "ci_low", "ci_high"} <= set(table.columns):
        raise MetareviewError("This figure takes what leave_one_out, leave_one_cluster_out or cumulative give of pool.")
    return found[0]


def _texts(axis: EffectAxis, values: dict[str, Any], digits: int) -> list[str]:
    return [
        f"{axis.number(e, digits)} {axis.interval(a, b, digits)}" if np.isfinite(e) else "not a number"
        for e, a, b in zip(*(map(float, values[name]) for name in ("estimate", "ci_low", "ci_high")), strict=True)
    ]


def _limits(axis: EffectAxis, values: dict[str, Any], result: Any, null: float) -> tuple[float, float]:
    """Limits that hold every estimate, and the intervals unless they are far longer than most."""
    points, lows, highs = (axis.place(values[name]) for name in ("estimate", "ci_low", "ci_high"))
    half = 2.5 * float(np.nanmedian(highs - lows)) + float(np.nanmax(points) - np.nanmin(points))
    centre = float(np.nanmedian(points))
    ends = [np.clip(lows, centre - half, None), np.clip(highs, None, centre + half)]
    more = [] if result is None else [float(axis.place(result.estimate))]
    at = float(axis.place(null))
    more += [at] if abs(at - centre) <= half else []
    return span(np.concatenate([points, *ends]), *more)


def _rows(
    panel: Panel,
    axis: EffectAxis,
    values: dict[str, Any],
    names: list[str],
    texts: list[str],
    label: float,
    width: float,
) -> None:
    points, lows, highs = (axis.place(values[name]) for name in ("estimate", "ci_low", "ci_high"))
    canvas = panel.canvas
    for n, name in enumerate(names):
        y = panel.y(n + 0.5)
        canvas.text(_EDGE, y, shorten(name, label, 8.5), size=8.5)
        canvas.text(width - _EDGE, y, texts[n], size=8.5, align="right")
        if not np.isfinite(points[n]):
            continue
        ends = panel.x(float(lows[n])), panel.x(float(highs[n]))
        canvas.line(ends, (y, y), width=1.1, gid=f"interval-{n}")
        for end, limit, way in ((lows[n], panel.xlim[0], 1), (highs[n], panel.xlim[1], -1)):
            if (end - limit) * way < 0:
                x = panel.x(float(end))
                canvas.shape([(x - 2 * way, y), (x + 4 * way, y - 3), (x + 4 * way, y + 3)], fill="#1a1a1a")
        x = panel.x(float(points[n]))
        canvas.box(x - 2.8, y - 2.8, 5.6, 5.6, fill=POINT, gid=f"point-{n}", z=4)


def _frame(panel: Panel, axis: EffectAxis, result: Any, null: float, words: str) -> None:
    at = float(axis.place(null))
    if panel.xlim[0] < at < panel.xlim[1]:
        panel.down(at, color=MUTED, width=0.8, gid="no-effect", z=1.0)
    if result is not None:
        panel.down(float(axis.place(steady(result.estimate))), width=0.9, dash=(3, 2.5), gid="pooled-line", z=1.1)
    panel.canvas.line((panel.left, panel.right), (panel.bottom, panel.bottom), width=0.8)
    panel.ticks(axis)
    panel.canvas.text((panel.left + panel.right) / 2, panel.bottom + 25, words, align="center")


def _axis_words(axis: EffectAxis, xlabel: str) -> str:
    return f"{xlabel} (log scale)" if axis.transform and axis.scale == "log" else xlabel
