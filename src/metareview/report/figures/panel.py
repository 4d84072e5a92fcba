"""A panel of a figure: a rectangle with two axes, in points, and names beside its marks that do not touch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from metareview.report.figures.axis import EffectAxis, effect_axis
from metareview.report.figures.canvas import MUTED, Canvas, shorten, text_width

POINT, ALARM, SHADE = "#33689c", "#b3402f", "#eef2f6"
PLAIN = effect_axis("linear", None)
Box = tuple[float, float, float, float]


def span(values: Any, *more: float, margin: float = 0.05) -> tuple[float, float]:
    """Limits that hold every finite value, with a margin; never empty."""
    found = np.concatenate([np.ravel(np.asarray(values, dtype=float)), np.asarray(more, dtype=float)])
    found = found[np.isfinite(found)]
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 1.0)
    reach = (high - low) or abs(high) or 1.0
    return low - margin * reach, high + margin * reach


class Panel:
    """A plotting region with corners in points and limits in the units of the data."""

    def __init__(
        self,
        canvas: Canvas,
        left: float,
        top: float,
        width: float,
        height: float,
        x: Sequence[float],
        y: Sequence[float],
    ) -> None:
        self.canvas, self.left, self.top = canvas, left, top
        self.right, self.bottom = left + width, top + height
        self.xlim, self.ylim = (float(x[0]), float(x[1])), (float(y[0]), float(y[1]))
        self.taken: list[Box] = []

    def x(self, value: float) -> float:
        """The place of a value along the panel, kept inside it."""
        share = (value - self.xlim[0]) / (self.xlim[1] - self.xlim[0])
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def y(self, value: float) -> float:
        """The place of a value down the panel, kept inside it."""
        share = (value - self.ylim[0]) / (self.ylim[1] - self.ylim[0])
        return self.bottom - min(max(share, 0.0), 1.0) * (self.bottom - self.top)

    def axes(self, xlabel: str, ylabel: str, axis: EffectAxis = PLAIN) -> None:
        """Draw both axes with ticks and words; `axis` writes the numbers along the bottom."""
        c = self.canvas
        c.line((self.left, self.left, self.right), (self.top, self.bottom, self.bottom), width=0.8)
        self.ticks(axis)
        high = self.bottom - self.top
        for at, label in PLAIN.ticks(*self.ylim, high * 2.2):
            c.line((self.left - 3.5, self.left), (self.y(at),) * 2, width=0.8)
            c.text(self.left - 6, self.y(at), label, size=8, align="right")
        c.text((self.left + self.right) / 2, self.bottom + 25, xlabel, align="center")
        c.text(self.left - 44, (self.top + self.bottom) / 2, ylabel, align="center", rotation=90)

    def ticks(self, axis: EffectAxis = PLAIN, size: float = 8.0) -> None:
        """Draw the ticks of the bottom axis."""
        for at, label in axis.ticks(*self.xlim, self.right - self.left, size):
            self.canvas.line((self.x(at), self.x(at)), (self.bottom, self.bottom + 3.5), width=0.8)
            self.canvas.text(self.x(at), self.bottom + 10.5, label, size=size, align="center")

    def dot(self, x: float, y: float, *, color: str = POINT, radius: float = 3.1, gid: str | None = None) -> None:
        """Draw a point; names keep off it."""
        px, py = self.x(x), self.y(y)
        turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
        corners = [(px + radius * math.cos(a), py + radius * math.sin(a)) for a in turn]
        self.canvas.shape(corners, fill=color, edge="white", line=0.5, gid=gid, z=4)
        self.taken.append((px - radius, py - radius, px + radius, py + radius))

    def path(self, xs: Any, ys: Any, **options: Any) -> None:
        """Draw a line through data points; what lies outside runs along the edge."""
        self.canvas.line([self.x(float(v)) for v in xs], [self.y(float(v)) for v in ys], **options)

    def across(self, y: float, **options: Any) -> None:
        """Draw a line over the whole width."""
        self.canvas.line((self.left, self.right), (self.y(y),) * 2, **options)

    def down(self, x: float, **options: Any) -> None:
        """Draw a line over the whole height."""
        self.canvas.line((self.x(x),) * 2, (self.top, self.bottom), **options)

    def names(self, marks: Sequence[tuple[float, float, str]], size: float = 7.5, width: float = 120.0) -> int:
        """Write names beside marks (x, y, name), the first first; return how many found no room and are left out."""
        lost = 0
        for x, y, name in marks:
            text = shorten(name, width, size)
            place = next((b for b in self._places(self.x(x), self.y(y), text, size) if self._free(b)), None)
            if place is None:
                lost += 1
                continue
            self.taken.append(place)
            self.canvas.text(place[0] + 1, (place[1] + place[3]) / 2, text, size=size, color=MUTED)
        return lost

    def _places(self, x: float, y: float, text: str, size: float) -> list[Box]:
        w, h = text_width(text, size) + 2, size + 1.5
        right, left, middle = x + 4.5, x - 4.5 - w, x - w / 2
        levels = (y - h / 2, y - h - 2, y + 2, y - h - 4, y + 4)
        sides = [(at, level) for level in levels for at in (right, left)] + [(middle, y - h - 4.5), (middle, y + 4.5)]
        return [(a, b, a + w, b + h) for a, b in sides]

    def _free(self, box: Box) -> bool:
        a, b, c, d = box
        inside = a >= self.left + 1 and c <= self.right + 26 and b >= self.top - 4 and d <= self.bottom - 1
        return inside and all(c <= p or r <= a or d <= q or s <= b for p, q, r, s in self.taken)
