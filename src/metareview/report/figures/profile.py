"""Profile likelihood plot of a variance or correlation between effects."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure

from metareview.errors import MetareviewError
from metareview.report.figures import Figure
from metareview.report.figures.canvas import MUTED, Canvas, steady, styled, wrap
from metareview.report.figures.panel import ALARM, POINT, Panel, span

FIGURE = Figure(
    "profile",
    "Profile likelihood plot",
    "How the likelihood falls as a variance between effects leaves its estimate; one peak, at the estimate, is what one wants.",
)
_LEFT, _EDGE, _WIDTH, _HEIGHT = 66.0, 14.0, 330.0, 230.0
_DEPTH = 4.0  # how many times as deep as the interval the picture goes


@styled
def profile(result: Any, *, title: str | None = None, xlabel: str | None = None) -> MplFigure:
    """Draw what `mr.profile(result)` gives.

    Arguments:
        result: a `ProfileResult`. title: above the plot. xlabel: words for the component.

    Raises:
        MetareviewError: a result of another kind.
    """
    if not hasattr(result, "loglik") or not hasattr(result, "values"):
        raise MetareviewError("The profile plot takes what profile(result) gives.")
    order = np.argsort(result.values, kind="stable")
    x, y = steady(result.values)[order], steady(result.loglik)[order]
    ok = np.isfinite(y)
    heading = wrap(title, _LEFT + _WIDTH, 11, True) if title else []
    top = _EDGE + 16 * len(heading) + (6 if heading else 0)
    canvas = Canvas(_LEFT + _WIDTH + 34, top + _HEIGHT + 56 + _EDGE)
    for n, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * n + 6, line, size=11, bold=True)
    cut = _cut(result)
    more = [v for v in (result.ci_low, result.ci_high, result.estimate) if math.isfinite(v)]
    floor = float(result.maximum) - _DEPTH * (float(result.maximum) - cut)
    shown = ok & (y >= floor)
    panel = Panel(canvas, _LEFT, top, _WIDTH, _HEIGHT, span(x[ok], *more), span(y[shown], result.maximum, cut))
    panel.path(*_above(x[ok], y[ok], panel.ylim[0]), color=POINT, width=1.1, z=2.0, gid="profile")
    for n in np.flatnonzero(shown).tolist():
        panel.dot(float(x[n]), float(y[n]), radius=1.9, gid=f"point-{n}")
    panel.across(cut, color=MUTED, width=0.8, dash=(3, 2.5), gid="cut", z=1.0)
    for end, gid in ((result.ci_low, "ci-low"), (result.ci_high, "ci-high")):
        if math.isfinite(end):
            at = panel.x(float(steady(end)))
            canvas.line((at, at), (panel.y(cut), panel.bottom), color=MUTED, width=0.8, dash=(3, 2.5), gid=gid, z=1.0)
    panel.dot(float(steady(result.estimate)), float(steady(result.maximum)), color=ALARM, radius=3.4, gid="estimate")
    kind = "Restricted log-likelihood" if result.method == "REML" else "Log-likelihood"
    panel.axes(xlabel or _words(result.component), kind)
    text = f"estimate {result.estimate:.3g}, {100 * result.level:.4g}% interval {_end(result.ci_low)} to {_end(result.ci_high)}"
    canvas.text((panel.left + panel.right) / 2, panel.bottom + 44, text, size=8, color=MUTED, align="center")
    return canvas.figure


def alt_text(result: Any, *, title: str | None = None, xlabel: str | None = None) -> str:
    """Return one plain sentence that says what the plot shows; arguments as for `profile`."""
    return (
        f"Profile likelihood of {_words(result.component)}: the estimate is {result.estimate:.3g}, with a "
        f"{100 * result.level:.4g}% interval from {_end(result.ci_low)} to {_end(result.ci_high)}."
    )


def _above(x: Any, y: Any, floor: float) -> tuple[Any, Any]:
    """The line without what lies below the floor, and the points where it crosses it."""
    xs, ys = [], []
    for n in range(x.size):
        if n and (y[n] < floor) != (y[n - 1] < floor):
            share = (floor - y[n - 1]) / (y[n] - y[n - 1])
            xs.append(float(x[n - 1] + share * (x[n] - x[n - 1])))
            ys.append(floor)
        if y[n] >= floor:
            xs.append(float(x[n]))
            ys.append(float(y[n]))
    return xs, ys


def _cut(result: Any) -> float:
    from metareview.synthesis.inference import critical

    return float(result.maximum) - 0.5 * critical(result.level, math.inf) ** 2


def _end(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "no limit"


def _words(component: str) -> str:
    head, _, rest = component.partition("[")
    name = head.replace("2", "²")
    return f"{name} of {rest.rstrip(']')}" if rest else name
