"""PRISMA 2020 flow diagram, for new and updated reviews, with one or two lanes; boxes fit their text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure as MplFigure

from metareview.report.figures import Figure
from metareview.report.figures.canvas import INK, MUTED, Canvas, styled, wrap
from metareview.report.figures.flow_words import Boxes, boxes, describe, notes
from metareview.report.prisma import FlowCounts

FIGURE = Figure(
    "flow",
    "PRISMA 2020 flow diagram",
    "How many records were found, screened and excluded, and how many reports and studies are included.",
)
_SIZE, _LEADING, _PAD, _GAP, _RISE, _EDGE, _PHASE = 8.5, 11.5, 7.0, 26.0, 20.0, 14.0, 20.0
_MAIN, _SIDE, _PREVIOUS = 172.0, 192.0, 150.0
_YELLOW, _GREY, _BLUE = "#f5c242", "#d9d9d9", "#a8c6e5"
_ROWS = (
    ("previous", "identified", "removed", "other_identified"),
    ("screened", "excluded"),
    ("sought", "not_retrieved", "other_sought", "other_not_retrieved"),
    ("assessed", "excluded_reports", "other_assessed", "other_excluded_reports"),
    ("included",),
    ("total",),
    ("meta_analysis",),
)
_PHASES = (("Identification", (0,)), ("Screening", (1, 2, 3)), ("Included", (4, 5, 6)))
_COLUMN = {
    "previous": "previous",
    "other_identified": "other",
    "other_sought": "other",
    "other_assessed": "other",
    "other_not_retrieved": "other_side",
    "other_excluded_reports": "other_side",
    "removed": "side",
    "excluded": "side",
    "not_retrieved": "side",
    "excluded_reports": "side",
}
_DOWN = (
    ("identified", "screened"),
    ("screened", "sought"),
    ("sought", "assessed"),
    ("assessed", "included"),
    ("other_identified", "other_sought"),
    ("other_sought", "other_assessed"),
    ("included", "total"),
)
_ACROSS = (
    ("identified", "removed"),
    ("screened", "excluded"),
    ("sought", "not_retrieved"),
    ("assessed", "excluded_reports"),
    ("other_sought", "other_not_retrieved"),
    ("other_assessed", "other_excluded_reports"),
)

_ABREAST = frozenset(name for row in _ROWS for name in row if not name.endswith("excluded_reports"))


@dataclass(frozen=True)
class _Box:
    """A box in points, with its wrapped lines as (text, indent)."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[tuple[str, float], ...]

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def centre(self) -> float:
        return self.y + self.height / 2


@styled
def flow(
    counts: FlowCounts,
    *,
    reason_labels: Mapping[str, str] | None = None,
    sources: bool = True,
    title: str | None = None,
) -> MplFigure:
    """Draw the PRISMA 2020 flow diagram of a review.

    Arguments:
        counts: from `metareview.report.prisma.flow_counts`; the lane of other methods is drawn when it has
            records, and the previous version and totals when the review is an update.
        reason_labels: exclusion reason -> the words to print for it.
        sources: list what each database, register, website and organisation gave inside its box; otherwise
            the databases and registers are listed in a note.
        title: above the diagram.
    """
    words = boxes(counts, reason_labels or {}, sources)
    columns = _columns(words)
    width = max(x + w for x, w in columns.values()) + _EDGE
    heading = wrap(title, width - 2 * _EDGE, 11, True) if title else []
    lanes = _lanes(counts, columns)
    bar = 8 + _LEADING * max(len(lines) for _, _, _, lines in lanes)
    top = _EDGE + 16 * len(heading) + (4 if heading else 0)
    placed, bands, bottom = _place(words, columns, top + bar + 12)
    under = [line for note in notes(counts, sources) for line in wrap(note, width - 2 * _EDGE, 7.5)]
    canvas = Canvas(width, bottom + 14 + 10.5 * len(under) + _EDGE)
    for index, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * index + 6, line, size=11, bold=True)
    for x, w, fill, lines in lanes:
        canvas.box(x, top, w, bar, fill=fill, edge=INK)
        _write(canvas, x + w / 2, top + bar / 2, lines, bold=True)
    _phases(canvas, bands)
    for name, box in placed.items():
        _draw(canvas, name, box)
    _arrows(canvas, placed)
    for index, line in enumerate(under):
        canvas.text(_EDGE, bottom + 14 + 10.5 * (index + 0.5), line, size=7.5, color=MUTED, gid=f"note-{index}")
    return canvas.figure


def alt_text(counts: FlowCounts) -> str:
    """Return one plain sentence that says what the flow diagram of `counts` shows."""
    return describe(counts)


def _columns(words: Boxes) -> dict[str, tuple[float, float]]:
    """Return column -> (left edge, width), for the columns this review needs."""
    wanted = [("previous", _PREVIOUS)] if "previous" in words else []
    wanted += [("main", _MAIN), ("side", _SIDE)]
    wanted += [("other", _MAIN), ("other_side", _SIDE)] if "other_identified" in words else []
    x = _EDGE + _PHASE + 10
    found = {}
    for name, width in wanted:
        found[name] = (x, width)
        x += width + _GAP
    return found


def _lanes(counts: FlowCounts, columns: dict[str, tuple[float, float]]) -> list[tuple[float, float, str, list[str]]]:
    """Return (left edge, width, colour, lines) of each title bar."""
    new = "new " if counts.updated else ""
    spans = [("previous", "previous", _GREY, "Previous studies")]
    spans += [("main", "side", _YELLOW, f"Identification of {new}studies via databases and registers")]
    spans += [("other", "other_side", _GREY, f"Identification of {new}studies via other methods")]
    bars = []
    for first, last, fill, text in spans:
        if first in columns:
            x = columns[first][0]
            width = sum(columns[last]) - x
            bars.append((x, width, fill, wrap(text, width - 2 * _PAD, _SIZE, True)))
    return bars


def _lines(words: Boxes, name: str, width: float) -> tuple[tuple[str, float], ...]:
    lines = []
    for line in words[name]:
        indent = 9.0 * line.level
        broken = wrap(line.text, width - 2 * _PAD - indent - 6, _SIZE)
        lines += [(text, indent + (6 if index and line.level else 0)) for index, text in enumerate(broken)]
    return tuple(lines)


def _place(
    words: Boxes, columns: dict[str, tuple[float, float]], top: float
) -> tuple[dict[str, _Box], list[tuple[str, float, float]], float]:
    """Return the boxes, the (name, top, bottom) of each phase, and the lowest point."""
    placed: dict[str, _Box] = {}
    edges: dict[int, tuple[float, float]] = {}
    y = top
    for number, row in enumerate(_ROWS):
        shown = [name for name in row if name in words]
        if not shown:
            continue
        spots = {name: columns[_COLUMN.get(name, "main")] for name in shown}
        lines = {name: _lines(words, name, spots[name][1]) for name in shown}
        least = _LEADING * max(len(lines[name]) for name in shown if name in _ABREAST) + 2 * _PAD
        heights = {name: max(_LEADING * len(lines[name]) + 2 * _PAD, least) for name in shown}
        for name in shown:
            placed[name] = _Box(spots[name][0], y, spots[name][1], heights[name], lines[name])
        edges[number] = (y, y + max(heights.values()))
        y = edges[number][1] + _RISE
    bands = []
    for phase, numbers in _PHASES:
        own = [edges[number] for number in numbers if number in edges]
        bands.append((phase, own[0][0], own[-1][1]))
    return placed, bands, y - _RISE


def _phases(canvas: Canvas, bands: list[tuple[str, float, float]]) -> None:
    for name, top, bottom in bands:
        canvas.box(_EDGE, top, _PHASE, bottom - top, fill=_BLUE, edge=INK, gid=f"phase-{name.lower()}")
        room = bottom - top - 4
        size = next((s for s in (_SIZE, 8.0, 7.5, 7.0, 6.5) if len(wrap(name, room, s, True)) == 1), 6.0)
        x = _EDGE + _PHASE / 2
        canvas.text(x, (top + bottom) / 2, name, size=size, bold=True, align="center", rotation=90)


def _write(canvas: Canvas, x: float, y: float, lines: list[str], bold: bool) -> None:
    first = y - _LEADING * (len(lines) - 1) / 2
    for index, line in enumerate(lines):
        canvas.text(x, first + _LEADING * index, line, size=_SIZE, bold=bold, align="center")


def _draw(canvas: Canvas, name: str, box: _Box) -> None:
    canvas.box(box.x, box.y, box.width, box.height, fill="white", edge=INK, gid=f"box-{name}")
    first = box.centre - _LEADING * (len(box.lines) - 1) / 2
    for index, (text, indent) in enumerate(box.lines):
        canvas.text(box.x + _PAD + indent, first + _LEADING * index, text, size=_SIZE)


def _arrows(canvas: Canvas, placed: dict[str, _Box]) -> None:
    for upper, lower in _DOWN:
        if upper in placed and lower in placed:
            a, b = placed[upper], placed[lower]
            canvas.arrow([(a.middle, a.y + a.height), (a.middle, b.y)])
    for left, right in _ACROSS:
        if left in placed and right in placed:
            a, b = placed[left], placed[right]
            y = min(a.centre, b.y + b.height / 2) if b.height < a.height else a.centre
            canvas.arrow([(a.x + a.width, y), (b.x, y)])
    if "other_assessed" in placed:
        a, b = placed["other_assessed"], placed["included"]
        canvas.arrow([(a.middle, a.y + a.height), (a.middle, b.centre), (b.x + b.width, b.centre)])
    if "previous" in placed and "total" in placed:
        a, b = placed["previous"], placed["total"]
        canvas.arrow([(a.middle, a.y + a.height), (a.middle, b.centre), (b.x, b.centre)])
    if "meta_analysis" in placed:
        a, b = placed.get("total", placed["included"]), placed["meta_analysis"]
        canvas.arrow([(a.middle, a.y + a.height), (a.middle, b.y)])
