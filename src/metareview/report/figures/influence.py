"""Influence panel: each measure of influence in a column, an effect or a cluster a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure
from scipy import special

from metareview.errors import MetareviewError
from metareview.report.figures import Figure
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
from metareview.report.figures.panel import ALARM, POINT, SHADE, Panel, span

FIGURE = Figure(
    "influence",
    "Influence panel",
    "What each effect or cluster does to the result: residual, Cook's distance, precision, heterogeneity, leverage.",
)
_ROW, _COLUMN, _GAP, _EDGE, _LABEL = 15.0, 66.0, 14.0, 14.0, 165.0


@dataclass(frozen=True)
class _Column:
    """A measure: words, a value a row, and the values of reference lines."""

    words: str
    values: Any
    lines: tuple[float, ...] = ()


@styled
def influence(result: Any, *, title: str | None = None) -> MplFigure:
    """Draw the influence panel of `mr.influence(result)` (Viechtbauer & Cheung 2010, Research Synthesis Methods 1:112).

    Dashed lines are the conventional limits; rows beyond one of those that mark an effect as influential are in colour.

    Arguments:
        result: an `InfluenceResult` or a `ClusterInfluence`. title: above the panel.

    Raises:
        MetareviewError: another kind of result.
    """
    names, flags, columns = _content(result)
    label = min(max(widest(names, 8.5), 50.0), _LABEL)
    width = 2 * _EDGE + label + len(columns) * (_COLUMN + _GAP) + 4
    heading = wrap(title, width - 2 * _EDGE, 11, True) if title else []
    words = [wrap(column.words, _COLUMN + _GAP - 6, 8, True) for column in columns]
    top = _EDGE + 16 * len(heading) + 11 * max(map(len, words)) + 8
    bottom = top + _ROW * len(names)
    canvas = Canvas(width, bottom + 34 + _EDGE)
    for n, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * n + 6, line, size=11, bold=True)
    for n, (name, flag) in enumerate(zip(names, flags, strict=True)):
        y = top + _ROW * (n + 0.5)
        if n % 2 == 0:
            canvas.box(_EDGE - 4, y - _ROW / 2, width - 2 * _EDGE + 8, _ROW, fill=SHADE, z=0.1)
        color = ALARM if flag else INK
        canvas.text(_EDGE, y, shorten(name, label, 8.5), size=8.5, bold=flag and label < _LABEL, color=color)
    for n, (column, lines) in enumerate(zip(columns, words, strict=True)):
        left = _EDGE + label + _GAP + n * (_COLUMN + _GAP)
        for row, line in enumerate(lines):
            at = top - 8 - 11 * (len(lines) - 1 - row)
            canvas.text(left + _COLUMN / 2, at, line, size=8, bold=True, align="center")
        _draw(canvas, column, flags, left, top, bottom)
    _key(canvas, bottom + 30, any(flags))
    return canvas.figure


def alt_text(result: Any, *, title: str | None = None) -> str:
    """Return one plain sentence that says what the influence panel shows; arguments as for `influence`."""
    names, _, columns = _content(result)
    found = influential(result)
    what = "clusters" if hasattr(result, "clusters") else "effects"
    said = f"influential: {', '.join(found)}" if found else "none is influential by the conventional limits"
    return f"Influence panel of {len(names)} {what} in {len(columns)} measures; {said}."


def influential(result: Any) -> tuple[str, ...]:
    """Return the effects or clusters that the panel shows in colour: beyond a limit that marks them as influential."""
    names, flags, _ = _content(result)
    return tuple(name for name, flag in zip(names, flags, strict=True) if flag)


def _content(result: Any) -> tuple[Sequence[str], list[bool], list[_Column]]:
    if hasattr(result, "clusters"):
        return _clusters(result)
    if not hasattr(result, "dffits"):
        raise MetareviewError("The influence panel takes what influence(result) gives.")
    k, p = result.dfbetas.shape
    far = 3.0 * float(np.sqrt(p / (k - p))) if k > p else np.nan
    columns = [
        _Column("Deleted residual", result.rstudent, (-1.96, 0.0, 1.96)),
        _Column("DFFITS", result.dffits, (-far, 0.0, far)),
        _Column("Cook's distance", result.cook, (float(special.chdtri(p, 0.5)),)),
        _Column("Covariance ratio", result.cov_r, (1.0,)),
        _Column("tau² without it", result.tau2_deleted),
        _Column("Q without it", result.Q_deleted),
        _Column("Leverage", result.hat, (p / k, 3.0 * p / k)),
        _Column("Weight (%)", result.weight, (100.0 / k,)),
    ]
    return result.labels, list(result.influential), columns


def _clusters(result: Any) -> tuple[Sequence[str], list[bool], list[_Column]]:
    p = len(result.terms)
    limit = float(special.chdtri(p, 0.5))
    flags = [bool(c > limit or np.any(np.abs(d) > 1)) for c, d in zip(result.cook, result.dfbetas, strict=True)]
    columns = [
        _Column("p of the deleted residuals", result.p, (0.05,)),
        _Column("Cook's distance", result.cook, (limit,)),
        _Column("Covariance ratio", result.cov_r, (1.0,)),
        *(_Column(f"DFBETAS {t}", result.dfbetas[:, j], (-1.0, 0.0, 1.0)) for j, t in enumerate(result.terms[:3])),
        *(
            _Column(f"{n.split('[')[0].replace('2', '²')} {n.partition('[')[2].rstrip(']')} without it", v)
            for n, v in zip(result.components[:2], result.components_deleted.T[:2], strict=True)
        ),
    ]
    return result.clusters, flags, columns


def _draw(canvas: Canvas, column: _Column, flags: list[bool], left: float, top: float, bottom: float) -> None:
    values = steady(column.values)
    finite = values[np.isfinite(values)]
    reach = float(np.ptp(finite)) if finite.size else 1.0
    near = [line for line in column.lines if finite.size and np.min(np.abs(finite - line)) <= max(reach, abs(line))]
    panel = Panel(canvas, left, top, _COLUMN, bottom - top, span(finite, *near, margin=0.08), (len(flags), 0))
    canvas.line((left, left + _COLUMN), (bottom, bottom), width=0.8)
    panel.ticks(size=7.0)
    for line in near:
        panel.down(line, color=MUTED, width=0.7, dash=None if line == 0 else (3, 2.5), z=1.0)
    rows = np.arange(len(flags)) + 0.5
    ok = np.isfinite(values)
    panel.path(values[ok], rows[ok], color=FAINT, width=0.8, z=2.0)
    for n in np.flatnonzero(ok):
        color = ALARM if flags[n] else POINT
        panel.dot(
            float(values[n]), float(rows[n]), color=color, radius=2.6, gid=f"{column.words}-{n}".replace(" ", "-")
        )
    for n in np.flatnonzero(~ok):
        canvas.text(left + _COLUMN / 2, panel.y(float(rows[n])), "not a number", size=6.5, color=MUTED, align="center")


def _key(canvas: Canvas, y: float, any_flag: bool) -> None:
    canvas.line((_EDGE, _EDGE + 16), (y, y), color=MUTED, width=0.7, dash=(3, 2.5))
    canvas.text(_EDGE + 21, y, "conventional limit or mean", size=7.5, color=MUTED)
    if any_flag:
        x = _EDGE + 21 + text_width("conventional limit or mean", 7.5) + 16
        canvas.text(x, y, "in colour: influential", size=7.5, color=ALARM)
