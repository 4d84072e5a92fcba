"""Forest plot: every study, subgroup and pooled effect with its interval, weight and heterogeneity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure as MplFigure

from metareview.report.figures import Figure
from metareview.report.figures.axis import EffectAxis, effect_axis, limits
from metareview.report.figures.canvas import (
    FAINT,
    INK,
    MUTED,
    Canvas,
    shorten,
    steady,
    styled,
    text_width,
    widest,
    wrap,
)
from metareview.report.figures.forest_rows import Row, Table, describe, heterogeneity, table

FIGURE = Figure(
    "forest",
    "Forest plot",
    "Each study's effect with its interval and weight, the pooled effects, and where a new setting may fall.",
)
SQUARE, SUBTOTAL, OVERALL, PREDICTION = "#33689c", "#8fa9c4", "#1a1a1a", "#c2571a"
_PLOT, _GAP, _EDGE = 250.0, 14.0, 14.0


@dataclass(frozen=True)
class _Layout:
    """Where columns and rows lie, in points."""

    size: float
    row: float
    label: float
    extra: tuple[float, ...]
    left: float
    right: float
    effect: float
    weight: float
    width: float
    top: float
    low: float
    high: float

    def x(self, position: float) -> float:
        share = (position - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)


@styled
def forest(
    result: Any,
    *,
    subgroups: Any = None,
    labels: Sequence[str] | Mapping[str, str] | None = None,
    columns: Mapping[str, Sequence[str] | Mapping[str, str]] | None = None,
    scale: str = "log",
    transform: str | None = None,
    favours: tuple[str, str] | None = ("fewer events with the approach", "more events with the approach"),
    title: str | None = None,
    xlabel: str | None = None,
    sort: str | None = None,
    null: float = 0.0,
) -> MplFigure:
    """Draw a forest plot of a pooled result.

    Arguments:
        result: a `PooledResult` or a `SubgroupResult`, or what `multilevel`, `che` or `sce` returned for one mean.
        subgroups: (name, PooledResult) pairs, or a `SubgroupResult`, under headings.
        labels: what to call the studies, in the order drawn without sorting, or by their label in the result.
        columns: heading -> one text a study, in that same order or by label, between the labels and the plot.
        scale: "log" when yi are log ratios (axis even in yi), "linear" for an axis even in the numbers shown.
        transform: "ratio" shows exp(yi), "percent" the change in percent; None is "ratio" on "log" and yi
            itself on "linear".
        favours: words under the two sides of no effect; None leaves them out.
        title: above the plot. xlabel: the measure's name, for the axis and the effect column.
        sort: None (as given), "effect", "weight" or "label", within subgroups.
        null: no effect, on the scale of yi.

    Raises:
        MetareviewError: nothing to draw, a model with moderators, or labels, columns, scale or sort that do not fit the result.
    """
    axis = effect_axis(scale, transform)
    data = table(result, subgroups, labels, columns or {}, sort)
    texts = _effect_texts(axis, data)
    name = xlabel or axis.name
    heading = wrap(f"{name} [{_percent(data.overall.level)} CI]", max(widest(texts, data.size), 105.0), data.size, True)
    lay = _layout(axis, data, texts, heading, title, null)
    notes = _notes(data, lay)
    sides = _sides(favours, lay, float(axis.place(null)))
    bottom = lay.top + lay.row * len(data.rows) + 6
    height = bottom + 36 + 12 * max((len(side) for side in sides), default=0) + 12 * len(notes) + _EDGE
    canvas = Canvas(lay.width, height)
    _title(canvas, lay, title)
    _headings(canvas, lay, data, heading)
    _lines(canvas, lay, data, axis, null, bottom)
    for index, row in enumerate(data.rows):
        y = lay.top + lay.row * (index + 0.5)
        _texts(canvas, lay, row, texts[index], y)
        _mark(canvas, lay, row, axis, data, y)
    _axis(canvas, lay, axis, bottom, xlabel)
    _under(canvas, lay, sides, notes, bottom, float(axis.place(null)))
    return canvas.figure


def alt_text(result: Any, *, subgroups: Any = None, scale: str = "log", transform: str | None = None) -> str:
    """Return one plain sentence that says what the forest plot shows; arguments as for `forest`."""
    axis = effect_axis(scale, transform)
    data = table(result, subgroups, None, {}, None)
    return describe(axis, data)


def _percent(level: float) -> str:
    return f"{100 * level:.4g}%"


def _effect_texts(axis: EffectAxis, data: Table) -> list[str]:
    digits = axis.digits(data.overall.yi)
    texts = []
    for row in data.rows:
        if not math.isfinite(row.low):
            texts.append("")
            continue
        interval = axis.interval(row.low, row.high, digits)
        texts.append(interval if row.kind == "prediction" else f"{axis.number(row.estimate, digits)} {interval}")
    return texts


def _layout(
    axis: EffectAxis, data: Table, texts: list[str], heading: list[str], title: str | None, null: float
) -> _Layout:
    size, row = data.size, data.size * 1.72
    label = min(max(widest(("Study", *(r.text for r in data.rows)), size, True) + 4, 90.0), 215.0)
    extra = tuple(min(widest((h, *data.column(i)), size, i >= 0) + 4, 130.0) for i, h in enumerate(data.headings))
    left = _EDGE + label + sum(w + _GAP for w in extra) + _GAP
    right = left + _PLOT
    effect = right + _GAP + max(widest(texts, size, True), widest(heading, size, True))
    weight = effect + _GAP + max(text_width("100.0%", size, True), text_width("Weight", size, True))
    width = weight + _EDGE
    lines = len(wrap(title, width - 2 * _EDGE, size + 2, True)) if title else 0
    studies = [r for r in data.rows if r.kind == "study"]
    points, lows, highs = (axis.place([getattr(r, f) for r in studies]) for f in ("estimate", "low", "high"))
    ends = {kind: _ends(axis, data, kind) for kind in ("overall", "subtotal", "prediction")}
    wide = ends["subtotal"] + ends["prediction"]
    low, high = limits(points, lows, highs, ends["overall"], wide, float(axis.place(null)))
    top = _EDGE + lines * (size + 6) + (6 if title else 0) + len(heading) * (size + 3) + 8
    return _Layout(size, row, label, extra, left, right, effect, weight, width, top, low, high)


def _ends(axis: EffectAxis, data: Table, kind: str) -> list[float]:
    return [float(axis.place(end)) for row in data.rows if row.kind == kind for end in (row.low, row.high)]


def _title(canvas: Canvas, lay: _Layout, title: str | None) -> None:
    for index, line in enumerate(wrap(title, lay.width - 2 * _EDGE, lay.size + 2, True) if title else []):
        canvas.text(_EDGE, _EDGE + (index + 0.4) * (lay.size + 6), line, size=lay.size + 2, bold=True)


def _headings(canvas: Canvas, lay: _Layout, data: Table, heading: list[str]) -> None:
    y = lay.top - 8 - (lay.size + 3) / 2
    canvas.text(_EDGE, y, "Study", size=lay.size, bold=True)
    x = _EDGE + lay.label + _GAP
    for text, width in zip(data.headings, lay.extra, strict=True):
        canvas.text(x, y, shorten(text, width, lay.size, True), size=lay.size, bold=True)
        x += width + _GAP
    for index, line in enumerate(reversed(heading)):
        canvas.text(lay.effect, y - index * (lay.size + 3), line, size=lay.size, bold=True, align="right")
    canvas.text(lay.weight, y, "Weight", size=lay.size, bold=True, align="right")
    canvas.line((_EDGE, lay.width - _EDGE), (lay.top - 4, lay.top - 4), width=0.8, gid="rule-top")


def _lines(canvas: Canvas, lay: _Layout, data: Table, axis: EffectAxis, null: float, bottom: float) -> None:
    at = float(axis.place(null))
    if lay.low < at < lay.high:
        canvas.line((lay.x(at),) * 2, (lay.top - 4, bottom), width=0.8, color=MUTED, gid="no-effect", z=1.5)
    estimate = float(axis.place(steady(data.overall.estimate)))
    last = next(i for i, row in enumerate(data.rows) if row.kind == "overall")
    if lay.low < estimate < lay.high:
        ends = (lay.top - 4, lay.top + lay.row * (last + 0.5))
        canvas.line((lay.x(estimate),) * 2, ends, width=0.8, color=MUTED, dash=(1.5, 2.5), gid="pooled-line", z=1.4)


def _texts(canvas: Canvas, lay: _Layout, row: Row, effect: str, y: float) -> None:
    indent = 8.0 if row.indented else 0.0
    bold = row.kind in ("group", "overall")
    room = lay.label - indent if row.kind == "study" else lay.left - _EDGE - _GAP - indent
    if row.kind == "overall":
        canvas.line((_EDGE, lay.width - _EDGE), (y - lay.row / 2,) * 2, width=0.5, color=FAINT, z=0.5)
    canvas.text(_EDGE + indent, y, shorten(row.text, room, lay.size, bold), size=lay.size, bold=bold)
    x = _EDGE + lay.label + _GAP
    for text, width in zip(row.cells, lay.extra, strict=False):
        canvas.text(x, y, shorten(text, width, lay.size), size=lay.size)
        x += width + _GAP
    if effect:
        canvas.text(lay.effect, y, effect, size=lay.size, bold=bold, align="right")
    if math.isfinite(row.weight):
        canvas.text(lay.weight, y, f"{row.weight:.1f}%", size=lay.size, bold=bold, align="right")


def _mark(canvas: Canvas, lay: _Layout, row: Row, axis: EffectAxis, data: Table, y: float) -> None:
    if not math.isfinite(row.low):
        return
    low, at, high = (float(v) for v in axis.place([row.low, row.estimate, row.high]))
    if row.kind == "study":
        _interval(canvas, lay, low, high, y, INK, 1.0, f"ci-{row.index}")
        side = 0.86 * lay.row * math.sqrt(max(row.weight, 0.0) / data.heaviest)
        _square(canvas, lay, at, max(side, 2.6), y, row.index)
        if lay.low <= low and high <= lay.high and lay.x(high) - lay.x(low) < side:
            canvas.line((lay.x(low), lay.x(high)), (y, y), color="white", gid=f"ci-inside-{row.index}", z=4)
    elif row.kind == "prediction":
        _interval(canvas, lay, low, high, y, PREDICTION, 3.2, "prediction", caps=True)
    else:
        fill = OVERALL if row.kind == "overall" else SUBTOTAL
        _diamond(canvas, lay, (low, at, high), y, fill, f"diamond-{row.index}")


def _square(canvas: Canvas, lay: _Layout, at: float, side: float, y: float, index: int) -> None:
    if lay.low <= at <= lay.high:
        x = lay.x(at)
        canvas.box(
            x - side / 2,
            y - side / 2,
            side,
            side,
            fill=SQUARE,
            edge="white",
            line=0.4,
            gid=f"square-{index}",
            z=3,
        )
        return
    edge, way = (lay.left, -1) if at < lay.low else (lay.right, 1)
    tip = edge + way * 5
    canvas.shape([(tip, y), (tip - way * 8, y - 4), (tip - way * 8, y + 4)], fill=SQUARE, gid=f"outside-{index}", z=4)


def _interval(
    canvas: Canvas,
    lay: _Layout,
    low: float,
    high: float,
    y: float,
    color: str,
    width: float,
    gid: str,
    caps: bool = False,
) -> None:
    start, end = max(low, lay.low), min(high, lay.high)
    if start < end:
        canvas.line((lay.x(start), lay.x(end)), (y, y), color=color, width=width, gid=gid)
    half = 2.6 + width / 4
    for value, edge, way in ((low, lay.left, -1), (high, lay.right, 1)):
        if (value < lay.low) if way < 0 else (value > lay.high):
            tip = edge + way * 4
            canvas.shape(
                [(tip, y), (tip - way * 5, y - half), (tip - way * 5, y + half)],
                fill=color,
                gid=f"{gid}-cut{way}",
            )
        elif caps:
            canvas.line((lay.x(value),) * 2, (y - 3.6, y + 3.6), color=color, width=1.4)


def _diamond(canvas: Canvas, lay: _Layout, ends: tuple[float, float, float], y: float, fill: str, gid: str) -> None:
    low, at, high = ends
    half = 0.34 * lay.row
    middle = min(max(at, lay.low), lay.high)
    upper, lower, tips = [], [], []
    for end in (low, high):
        cut = min(max(end, lay.low), lay.high)
        rest = 0.0 if math.isclose(end, at) else half * max(0.0, abs(end - cut) / abs(end - at))
        upper.append((lay.x(cut), y - rest))
        lower.append((lay.x(cut), y + rest))
        tips.append((lay.x(cut) + (5 if end > at else -5) * (rest > 0), y))
    top, under = (lay.x(middle), y - half), (lay.x(middle), y + half)
    points = [tips[0], upper[0], top, upper[1], tips[1], lower[1], under, lower[0]]
    canvas.shape(points, fill=fill, edge=INK, line=0.7, gid=gid)


def _axis(canvas: Canvas, lay: _Layout, axis: EffectAxis, y: float, xlabel: str | None) -> None:
    canvas.line((lay.left, lay.right), (y, y), width=0.8, gid="axis")
    for position, label in axis.ticks(lay.low, lay.high, lay.right - lay.left):
        x = lay.x(position)
        canvas.line((x, x), (y, y + 3.5), width=0.8)
        canvas.text(x, y + 10.5, label, size=8, align="center")
    logged = axis.transform is not None and axis.scale == "log"
    text = axis.title if xlabel is None else f"{xlabel} (log scale)" if logged else xlabel
    middle = (lay.left + lay.right) / 2
    canvas.text(middle, y + 23, shorten(text, 1.4 * _PLOT, 8.5), size=8.5, align="center")


def _sides(favours: tuple[str, str] | None, lay: _Layout, null: float) -> list[list[str]]:
    """Return the lines of the two favours labels; none when no effect lies outside the axis."""
    if favours is None or not lay.low < null < lay.high:
        return []
    x = lay.x(null)
    rooms = (x - _EDGE - 10, lay.width - _EDGE - x - 10)
    first = wrap(f"\N{LEFTWARDS ARROW} {favours[0]}", min(rooms[0], 170.0), 8)
    return [first, wrap(f"{favours[1]} \N{RIGHTWARDS ARROW}", min(rooms[1], 170.0), 8)]


def _notes(data: Table, lay: _Layout) -> list[str]:
    room = lay.width - 2 * _EDGE
    return [line for note in heterogeneity(data) for line in wrap(note, room, 8)]


def _under(canvas: Canvas, lay: _Layout, sides: list[list[str]], notes: list[str], bottom: float, null: float) -> None:
    y = bottom + 36
    for way, lines in zip((-1, 1), sides, strict=False):
        for index, line in enumerate(lines):
            x, align = lay.x(null) + way * 6, "right" if way < 0 else "left"
            canvas.text(x, y + 12 * index, line, size=8, align=align, color=MUTED)
    y += 12 * max((len(side) for side in sides), default=0) + 6
    for index, line in enumerate(notes):
        canvas.text(_EDGE, y + 12 * index, line, size=8, gid=f"note-{index}")
