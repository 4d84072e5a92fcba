"""A figure laid out in points from its top left corner, so every text is measured before it is placed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text
from matplotlib.textpath import TextToPath

FONT = "DejaVu Sans"
INK = "#1a1a1a"
MUTED = "#5a5a5a"
FAINT = "#b8b8b8"
STYLE: dict[str, Any] = {
    "font.family": [FONT],
    "font.size": 9.0,
    "text.hinting": "none",
    "text.usetex": False,
    "text.color": INK,
    "axes.unicode_minus": True,
    "path.simplify": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "metareview",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "savefig.bbox": None,
    "savefig.dpi": "figure",
    "savefig.facecolor": "white",
    "savefig.transparent": False,
}
_NOT_STYLE = ("backend", "interactive", "toolbar", "webagg", "keymap", "datapath", "backend_fallback")

P = ParamSpec("P")
R = TypeVar("R")


def style() -> Any:
    """Return matplotlib's own defaults with the house style on top, whatever a user's matplotlibrc says."""
    defaults: dict[Any, Any] = {k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith(_NOT_STYLE)}
    return {**defaults, **STYLE}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a drawing function run in the house style and leave the caller's settings as they were."""

    @wraps(draw)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(style()):
            return draw(*args, **kwargs)

    return inner


def steady(values: Any, digits: int = 9) -> Any:
    """Round to `digits` significant digits, any shape, and what is below 1e-12 to 0: noise moves no mark."""
    array = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(np.log10(np.abs(array)))
    ok = np.isfinite(size) & (np.abs(array) > 1e-12)
    step = 10.0 ** np.where(ok, digits - 1 - np.where(ok, size, 0), 0)
    rounded = np.where(ok, np.round(array * step) / step, np.where(np.isfinite(array), 0.0, array))
    return float(rounded) if rounded.ndim == 0 else rounded


@cache
def _font(size: float, bold: bool, italic: bool) -> FontProperties:
    weight = "bold" if bold else "normal"
    return FontProperties(family=[FONT], size=size, weight=weight, style="italic" if italic else "normal")


@cache
def text_width(text: str, size: float = 9.0, bold: bool = False) -> float:
    """Return the width of one line of text in points."""
    if not text:
        return 0.0
    with mpl.rc_context({"text.usetex": False}):
        width, _, _ = TextToPath().get_text_width_height_descent(text, _font(size, bold, False), False)
    return float(width) * 1.01


def widest(texts: Iterable[str], size: float = 9.0, bold: bool = False) -> float:
    """Return the width in points of the widest of `texts`."""
    return max((text_width(text, size, bold) for text in texts), default=0.0)


def wrap(text: str, width: float, size: float = 9.0, bold: bool = False) -> list[str]:
    """Break text into lines of at most `width` points, at spaces, and inside a word longer than a line."""
    lines: list[str] = []
    line = ""
    for word in filter(None, re.split(r"[ \t\n]+", text)):
        joined = f"{line} {word}" if line else word
        if text_width(joined, size, bold) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while text_width(word, size, bold) > width and len(word) > 1:
            head = _fitting(word, width, size, bold)
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line] if line else lines


def _fitting(word: str, width: float, size: float, bold: bool) -> str:
    end = next((n for n in range(len(word), 1, -1) if text_width(word[:n], size, bold) <= width), 1)
    return word[:end]


def shorten(text: str, width: float, size: float = 9.0, bold: bool = False) -> str:
    """Shorten text to `width` points with an ellipsis; a year at the end, as in study names, is kept."""
    if text_width(text, size, bold) <= width:
        return text
    year = re.search(r"[\s,]*\(?\b(1[6-9]|20)\d\d[a-z]?\)?$", text)
    tail = f" {year.group().strip(' ,')}" if year else ""
    head = text[: year.start()] if year else text
    while head and text_width(f"{head.rstrip(' ,;')}…{tail}", size, bold) > width:
        head = head[:-1]
    return f"{head.rstrip(' ,;')}…{tail}"


class Canvas:
    """An open figure of `width` by `height` points with the origin at its top left; y grows downward."""

    def __init__(self, width: float, height: float, dpi: float = 150.0) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=dpi, facecolor="white")
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)
        self.axes.set_axis_off()

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 9.0,
        bold: bool = False,
        italic: bool = False,
        align: str = "left",
        color: str = INK,
        rotation: float = 0.0,
        gid: str | None = None,
    ) -> Text:
        """Write one line centred on `y`; dollar signs are only dollar signs."""
        return self.axes.text(
            _at(x),
            _at(y),
            text,
            fontproperties=_font(size, bold, italic),
            ha=align,
            va="center_baseline" if not rotation else "center",
            color=color,
            rotation=rotation,
            parse_math=False,
            gid=gid,
        )

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        color: str = INK,
        width: float = 0.9,
        dash: Sequence[float] | None = None,
        gid: str | None = None,
        z: float = 2.0,
    ) -> Line2D:
        """Draw a line through the points (xs, ys)."""
        line = Line2D([_at(x) for x in xs], [_at(y) for y in ys], color=color, lw=width, gid=gid, zorder=z)
        line.set_solid_capstyle("butt")
        if dash:
            line.set_linestyle((0, tuple(dash)))
        self.axes.add_line(line)
        return line

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str | None = None,
        edge: str | None = None,
        line: float = 0.8,
        gid: str | None = None,
        z: float = 1.0,
    ) -> Rectangle:
        """Draw a rectangle with its top left corner at (x, y)."""
        return self._patch(
            Rectangle((_at(x), _at(y)), _at(width), _at(height)),
            fill=fill,
            edge=edge,
            line=line,
            gid=gid,
            z=z,
        )

    def shape(
        self,
        points: Sequence[tuple[float, float]],
        *,
        fill: str | None = None,
        edge: str | None = None,
        line: float = 0.8,
        gid: str | None = None,
        z: float = 3.0,
    ) -> Polygon:
        """Draw a closed polygon through `points`."""
        corners = [(_at(x), _at(y)) for x, y in points]
        return self._patch(Polygon(corners, closed=True), fill=fill, edge=edge, line=line, gid=gid, z=z)

    def _patch(self, patch: Any, *, fill: str | None, edge: str | None, line: float, gid: str | None, z: float) -> Any:
        patch.set(facecolor=fill or "none", edgecolor=edge or "none", linewidth=line if edge else 0.0, zorder=z)
        patch.set_joinstyle("miter")
        if gid:
            patch.set_gid(gid)
        self.axes.add_patch(patch)
        return patch

    def arrow(self, points: Sequence[tuple[float, float]], *, color: str = INK, width: float = 0.9) -> None:
        """Draw a line through `points`, each run straight across or down, with a head at the last."""
        (x0, y0), (x1, y1) = points[-2:]
        dx, dy = float(np.sign(x1 - x0)), float(np.sign(y1 - y0))
        ends = [*points[:-1], (x1 - 4 * dx, y1 - 4 * dy)]
        self.line([x for x, _ in ends], [y for _, y in ends], color=color, width=width)
        base = (x1 - 6 * dx, y1 - 6 * dy)
        corners = [(base[0] - 3 * dy, base[1] - 3 * dx), (base[0] + 3 * dy, base[1] + 3 * dx)]
        self.shape([(x1, y1), *corners], fill=color)


def _at(value: float) -> float:
    return round(float(value), 4) + 0.0
