"""Baujat plot: what each effect adds to heterogeneity against how far it pulls the result."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure

from metareview.errors import MetareviewError
from metareview.report.figures import Figure
from metareview.report.figures.canvas import Canvas, steady, styled, wrap
from metareview.report.figures.panel import Panel, span

FIGURE = Figure(
    "baujat",
    "Baujat plot",
    "Each effect's part in the heterogeneity against its pull on the result; the upper right corner deserves a second look.",
)
_LEFT, _EDGE, _WIDTH, _HEIGHT, _NAMED = 66.0, 14.0, 340.0, 250.0, 12


@styled
def baujat(table: Any, *, title: str | None = None, names: int = _NAMED) -> MplFigure:
    """Draw what `mr.baujat(result)` gives (Baujat et al. 2002, Statistics in Medicine 21:2641).

    Arguments:
        table: its frame. title: above the plot. names: how many effects to name at most, the furthest from the corner first.

    Raises:
        MetareviewError: a table of another kind.
    """
    x, y, labels = _data(table)
    heading = wrap(title, _LEFT + _WIDTH, 11, True) if title else []
    top = _EDGE + 16 * len(heading) + (6 if heading else 0)
    canvas = Canvas(_LEFT + _WIDTH + 34, top + _HEIGHT + 38 + _EDGE)
    for n, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * n + 6, line, size=11, bold=True)
    ok = np.isfinite(x) & np.isfinite(y)
    limits = [(0.0, span(v[ok], 0.0)[1]) for v in (x, y)]
    panel = Panel(canvas, _LEFT, top, _WIDTH, _HEIGHT, *limits)
    panel.axes("Squared standardised residual (part in heterogeneity)", "Squared standardised change of the result")
    for n in np.flatnonzero(ok).tolist():
        panel.dot(float(x[n]), float(y[n]), gid=f"point-{n}")
    panel.names([(float(x[n]), float(y[n]), labels[n]) for n in _furthest(x, y, ok)[:names]])
    return canvas.figure


def alt_text(table: Any, *, title: str | None = None) -> str:
    """Return one plain sentence that says what the Baujat plot shows; arguments as for `baujat`."""
    x, y, labels = _data(table)
    ok = np.isfinite(x) & np.isfinite(y)
    far = _furthest(x, y, ok)
    most = f"; {labels[far[0]]} stands out most" if far else ""
    return f"Baujat plot of {len(labels)} effects: part in the heterogeneity against change of the result{most}."


def _data(table: Any) -> tuple[Any, Any, list[str]]:
    if not {"label", "heterogeneity", "influence"} <= set(getattr(table, "columns", ())):
        raise MetareviewError("The Baujat plot takes what baujat(result) gives.")
    x, y = (steady(table[name].to_numpy()) for name in ("heterogeneity", "influence"))
    return np.atleast_1d(x), np.atleast_1d(y), [str(v) for v in table["label"]]


def _furthest(x: Any, y: Any, ok: Any) -> list[int]:
    """Effects by their distance from the corner, each axis against its largest value."""
    scaled = [np.where(ok, v, 0.0) / (np.max(v[ok], initial=0.0) or 1.0) for v in (x, y)]
    order = np.argsort(-np.round(np.hypot(*scaled), 9), kind="stable")
    return [int(n) for n in order if ok[n]]
