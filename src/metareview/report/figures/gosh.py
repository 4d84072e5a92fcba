"""GOSH plot: the results of all subsets of the effects, as a map of how many lie where."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure

from metareview.errors import MetareviewError
from metareview.report.figures import Figure
from metareview.report.figures.axis import effect_axis
from metareview.report.figures.canvas import MUTED, Canvas, steady, styled, text_width, wrap
from metareview.report.figures.panel import POINT, Panel

FIGURE = Figure(
    "gosh",
    "GOSH plot",
    "Pooled effect and I² of every subset of the effects; several clouds mean several results in one.",
)
_LEFT, _EDGE, _WIDTH, _HEIGHT, _HIST = 66.0, 14.0, 340.0, 250.0, 56.0
_CELLS = (68, 50)
_COLORS = ("#33689c", "#c8792a", "#4b8b4b", "#8a5aa3", "#a33a3a", "#6b6b6b")
_WITHOUT, _WITH = (51, 104, 156), (179, 64, 47)


@styled
def gosh(
    result: Any,
    *,
    clusters: Any = None,
    highlight: str | None = None,
    scale: str = "log",
    transform: str | None = None,
    title: str | None = None,
    xlabel: str | None = None,
) -> MplFigure:
    """Draw what `mr.gosh(result)` gives (Olkin, Dahabreh & Trikalinos 2012, Research Synthesis Methods 3:214).

    A cell is the darker the more subsets lie in it.

    Arguments:
        result: a `GoshResult` of a pooled result. clusters: what its `clusters()` gives, each in a colour.
        highlight: label of an effect: cells of subsets with it are red, without it blue.
        scale, transform, xlabel: as for `forest.forest`. title: above the plot.

    Raises:
        MetareviewError: a result of another kind, an unknown label, or both clusters and highlight.
    """
    axis = effect_axis(scale, transform)
    _check(result, clusters, highlight)
    x, y = axis.place(steady(result.estimate)), steady(result.I2)
    heading = wrap(title, _LEFT + _WIDTH, 11, True) if title else []
    top = _EDGE + 16 * len(heading) + (6 if heading else 0)
    canvas = Canvas(_LEFT + _WIDTH + 34, top + _HIST + _HEIGHT + 60 + _EDGE)
    for n, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * n + 6, line, size=11, bold=True)
    xlim = _limits(x)
    panel = Panel(canvas, _LEFT, top + _HIST, _WIDTH, _HEIGHT, xlim, (0.0, 100.0))
    column = np.clip(np.floor((x - xlim[0]) / (xlim[1] - xlim[0]) * _CELLS[0]), 0, _CELLS[0] - 1).astype(int)
    row = np.clip(np.floor(y / 100.0 * _CELLS[1]), 0, _CELLS[1] - 1).astype(int)
    _histogram(panel, column, top)
    key = _cells(panel, result, column, row, clusters, highlight)
    if result.whole.size == 1:
        at = float(axis.place(steady(result.whole[0])))
        canvas.line((panel.x(at),) * 2, (top, panel.bottom), width=0.9, dash=(3, 2.5), gid="pooled-line", z=5)
    logged = axis.transform is not None and axis.scale == "log"
    words = axis.title if xlabel is None else f"{xlabel} (log scale)" if logged else xlabel
    panel.axes(words, "I² (%)", axis)
    _legend(canvas, panel, result, key)
    return canvas.figure


def alt_text(
    result: Any,
    *,
    clusters: Any = None,
    highlight: str | None = None,
    scale: str = "log",
    transform: str | None = None,
) -> str:
    """Return one plain sentence that says what the GOSH plot shows; arguments as for `gosh`."""
    axis = effect_axis(scale, transform)
    digits = axis.digits(result.estimate)
    low, high = (axis.number(float(v), digits) for v in np.percentile(result.estimate, [2.5, 97.5]))
    unit = "%" if axis.transform == "percent" else ""
    found = f", in {len(clusters.names)} clusters" if clusters is not None else ""
    return (
        f"GOSH plot of {result.sizes.size} subsets of {len(result.labels)} effects{found}: "
        f"95% of the pooled {axis.name.lower()}s lie from {low}{unit} to {high}{unit}, "
        f"and half of I² from {np.percentile(result.I2, 25):.0f}% to {np.percentile(result.I2, 75):.0f}%."
    )


def _check(result: Any, clusters: Any, highlight: str | None) -> None:
    if not hasattr(result, "members") or result.estimate.ndim != 1:
        raise MetareviewError("The GOSH plot takes what gosh(result) gives of a pooled result.")
    if clusters is not None and highlight is not None:
        raise MetareviewError("The GOSH plot shows clusters or one effect, not both.")
    if highlight is not None and highlight not in result.labels:
        raise MetareviewError(f"There is no effect {highlight!r}.", f"There are {', '.join(result.labels[:8])}.")


def _limits(x: Any) -> tuple[float, float]:
    """Limits that leave out what less than one subset in a thousand gives on each side when it lies far off."""
    low, high = np.percentile(x, [0.1, 99.9])
    reach = float(high - low) or 1.0
    first, last = max(float(x.min()), low - 0.5 * reach), min(float(x.max()), high + 0.5 * reach)
    return first - 0.03 * reach, last + 0.03 * reach


def _histogram(panel: Panel, column: Any, top: float) -> None:
    counts = np.bincount(column, minlength=_CELLS[0])
    step = (panel.right - panel.left) / _CELLS[0]
    for n, count in enumerate(counts):
        if count:
            high = (_HIST - 8) * count / counts.max()
            panel.canvas.box(
                panel.left + n * step, top + _HIST - 4 - high, step, high, fill="#c9d5e1", gid=f"bar-{n}", z=1.0
            )


def _cells(
    panel: Panel, result: Any, column: Any, row: Any, clusters: Any, highlight: str | None
) -> list[tuple[str, str]]:
    """Draw the cells and return the entries of the legend as (words, colour)."""
    where = row * _CELLS[0] + column
    counts = np.bincount(where, minlength=_CELLS[0] * _CELLS[1])
    most = math.log1p(counts.max())
    colors, key = _paint(result, where, clusters, highlight)
    width, height = (panel.right - panel.left) / _CELLS[0], (panel.bottom - panel.top) / _CELLS[1]
    for cell in np.flatnonzero(counts):
        share = 0.25 + 0.75 * math.log1p(counts[cell]) / most
        r, c = divmod(int(cell), _CELLS[0])
        fill = _mixed((255, 255, 255), _rgb(colors[cell]), share)
        panel.canvas.box(
            panel.left + c * width, panel.bottom - (r + 1) * height, width, height, fill=fill, gid=f"cell-{cell}", z=2.0
        )
    return key


def _paint(result: Any, where: Any, clusters: Any, highlight: str | None) -> tuple[list[str], list[tuple[str, str]]]:
    cells = _CELLS[0] * _CELLS[1]
    if highlight is not None:
        has = result.members[:, result.labels.index(highlight)].astype(float)
        share = np.bincount(where, has, cells) / np.maximum(np.bincount(where, minlength=cells), 1)
        name = f"with {highlight}", f"without {highlight}"
        return [_mixed(_WITHOUT, _WITH, float(s)) for s in share], [(name[0], _hex(_WITH)), (name[1], _hex(_WITHOUT))]
    if clusters is None:
        return [POINT] * cells, []
    votes = np.stack(
        [np.bincount(where[clusters.subsets[clusters.assigned == n]], minlength=cells) for n in clusters.names]
    )
    best = np.argmax(votes, axis=0)
    color = [_COLORS[n % len(_COLORS)] for n in range(len(clusters.names))]
    key = [(f"cluster {name}", c) for name, c in zip(clusters.names, color, strict=True)][:6]
    return [color[n] if votes[n, i] else "#b8b8b8" for i, n in enumerate(best)], key


def _legend(canvas: Canvas, panel: Panel, result: Any, key: list[tuple[str, str]]) -> None:
    how = "all" if result.exact else "sampled"
    y = panel.bottom + 46
    x = panel.left
    for words, color in key:
        if x + 17 + text_width(words, 8) > panel.right + 26:
            break
        canvas.box(x, y - 4, 12, 8, fill=color)
        canvas.text(x + 17, y, words, size=8)
        x += 29 + text_width(words, 8)
    note = f"{result.sizes.size:,} subsets ({how}); dashed: all effects together"
    canvas.text(panel.left, y + 14 if key else y, note, size=8, color=MUTED)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _hex(color: tuple[int, int, int]) -> str:
    return "#" + "".join(f"{v:02x}" for v in color)


def _mixed(a: tuple[int, int, int], b: tuple[int, int, int], share: float) -> str:
    r, g, bl = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return _hex((r, g, bl))
