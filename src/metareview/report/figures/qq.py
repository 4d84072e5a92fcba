"""Normal quantile plot of the residuals with a simulated envelope."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure

from metareview.errors import MetareviewError
from metareview.report.figures import Figure
from metareview.report.figures.canvas import MUTED, Canvas, steady, styled, wrap
from metareview.report.figures.panel import ALARM, POINT, SHADE, Panel, span

FIGURE = Figure(
    "qq",
    "Normal quantile plot",
    "Standardised residuals against normal quantiles; points outside the band are rare where the model holds.",
)
_LEFT, _EDGE, _SIDE = 66.0, 14.0, 290.0
_WORDS = {"rstandard": "Standardised residual", "rstudent": "Deleted residual (standardised)"}


@styled
def qq(result: Any, *, title: str | None = None) -> MplFigure:
    """Draw what `mr.qq(result)` gives (Wang & Bushman 1998, Psychological Methods 3:46).

    Arguments:
        result: a `QQResult`. title: above the plot.

    Raises:
        MetareviewError: a result of another kind.
    """
    if not hasattr(result, "normal"):
        raise MetareviewError("The normal quantile plot takes what qq(result) gives.")
    x, y, low, high = (steady(getattr(result, name)) for name in ("normal", "residual", "low", "high"))
    heading = wrap(title, _LEFT + _SIDE, 11, True) if title else []
    top = _EDGE + 16 * len(heading) + (6 if heading else 0)
    canvas = Canvas(_LEFT + _SIDE + 34, top + _SIDE + 58 + _EDGE)
    for n, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * n + 6, line, size=11, bold=True)
    panel = Panel(canvas, _LEFT, top, _SIDE, _SIDE, span(x), span(np.concatenate([y, low, high])))
    edge = [(panel.x(a), panel.y(b)) for a, b in [*zip(x, high, strict=True), *zip(x[::-1], low[::-1], strict=True)]]
    canvas.shape(edge, fill=SHADE, gid="envelope", z=0.5)
    for side in (low, high):
        panel.path(x, side, color=MUTED, width=0.7, z=1.0)
    first, last = max(panel.xlim[0], panel.ylim[0]), min(panel.xlim[1], panel.ylim[1])
    panel.path((first, last), (first, last), width=0.9, dash=(3, 2.5), gid="identity", z=1.2)
    out = (y < low) | (y > high)
    for n in range(x.size):
        panel.dot(float(x[n]), float(y[n]), color=ALARM if out[n] else POINT, gid=f"point-{n}")
    panel.names([(float(x[n]), float(y[n]), result.labels[n]) for n in np.flatnonzero(out)])
    panel.axes("Normal quantile", _WORDS[result.kind])
    share = f"{100 * result.level:.4g}% of {result.simulations:,} simulated data sets, each point by itself"
    canvas.box(_LEFT, panel.bottom + 42, 12, 8, fill=SHADE, edge=MUTED, line=0.5)
    canvas.text(_LEFT + 17, panel.bottom + 46, share, size=8)
    return canvas.figure


def alt_text(result: Any, *, title: str | None = None) -> str:
    """Return one plain sentence that says what the plot shows; arguments as for `qq`."""
    return (
        f"Normal quantile plot of {len(result.labels)} residuals; {len(result.outside)} lie outside the "
        f"{100 * result.level:.4g}% envelope."
    )
