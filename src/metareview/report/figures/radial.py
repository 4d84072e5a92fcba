"""Radial (Galbraith) plot: standardised effects against precision, with an arc that reads effects off."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure

from metareview.errors import MetareviewError
from metareview.report.figures import Figure
from metareview.report.figures.axis import EffectAxis, effect_axis
from metareview.report.figures.canvas import MUTED, Canvas, steady, styled, wrap
from metareview.report.figures.panel import ALARM, POINT, SHADE, Panel

FIGURE = Figure(
    "radial",
    "Radial (Galbraith) plot",
    "Each effect in standard errors against its precision; a ray from the origin to the arc reads its size.",
)
_LEFT, _EDGE, _WIDTH, _HEIGHT, _ARC = 66.0, 14.0, 300.0, 280.0, 66.0


@styled
def radial(
    result: Any,
    *,
    scale: str = "log",
    transform: str | None = None,
    title: str | None = None,
    xlabel: str | None = None,
    names: int = 8,
) -> MplFigure:
    """Draw a radial plot of a pooled result (Galbraith 1988, Technometrics 30:271).

    The band is the ray of the pooled effect plus and minus the critical value of `level`; effects outside it are in colour.

    Arguments:
        result: a `PooledResult`. scale, transform, xlabel: of the numbers along the arc, as for `forest.forest`.
        title: above the plot. names: how many of the effects outside the band to name at most.

    Raises:
        MetareviewError: a result of another kind, or scale and transform that do not fit.
    """
    axis = effect_axis(scale, transform)
    x, z, outside, labels = _data(result)
    half = NormalDist().inv_cdf(0.5 + result.level / 2)
    centre = float(steady(result.estimate))
    heading = wrap(title, _LEFT + _WIDTH, 11, True) if title else []
    top = _EDGE + 16 * len(heading) + (6 if heading else 0)
    words = xlabel or axis.name
    canvas = Canvas(_LEFT + _WIDTH + _ARC + _EDGE, top + _HEIGHT + 38 + _EDGE)
    for n, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * n + 6, line, size=11, bold=True)
    far = 1.1 * float(x.max())
    ends = [*z.tolist(), -half, half, centre * far - half, centre * far + half]
    reach = max(ends) - min(ends)
    limits = (min(ends) - 0.06 * reach, max(ends) + 0.06 * reach)
    panel = Panel(canvas, _LEFT, top, _WIDTH, _HEIGHT, (0.0, far / 0.97), limits)
    band = [(0.0, half), (far, centre * far + half), (far, centre * far - half), (0.0, -half)]
    canvas.shape([(panel.x(a), panel.y(b)) for a, b in band], fill=SHADE, gid="band", z=0.5)
    panel.path((0, far), (0, centre * far), width=0.9, dash=(3, 2.5), gid="pooled-line", z=1.2)
    for n in range(x.size):
        panel.dot(float(x[n]), float(z[n]), color=ALARM if outside[n] else POINT, gid=f"point-{n}")
    order = [n for n in np.argsort(-np.abs(z - centre * x), kind="stable").tolist() if outside[n]]
    panel.names([(float(x[n]), float(z[n]), labels[n]) for n in order[:names]])
    panel.axes("Precision, 1 / √(vi + tau²)", "Effect in standard errors (z)")
    _arc(panel, axis, far, words)
    return canvas.figure


def alt_text(result: Any, *, scale: str = "log", transform: str | None = None) -> str:
    """Return one plain sentence that says what the radial plot shows; arguments as for `radial`."""
    axis = effect_axis(scale, transform)
    _, _, outside, labels = _data(result)
    digits = axis.digits(result.yi)
    unit = "%" if axis.transform == "percent" else ""
    return (
        f"Radial plot of {len(labels)} effects around a pooled {axis.name.lower()} of "
        f"{axis.number(steady(result.estimate), digits)}{unit}; {int(np.sum(outside))} lie outside the "
        f"{100 * result.level:.4g}% band."
    )


def _data(result: Any) -> tuple[Any, Any, list[bool], list[str]]:
    from metareview.synthesis.diagnostics.radial import radial as coordinates

    if not hasattr(result, "yi"):
        raise MetareviewError("The radial plot takes a pooled result.", "Give what pool gives.")
    found = coordinates(result)
    x, z = (np.atleast_1d(steady(found[name].to_numpy())) for name in ("precision", "z"))
    return x, z, [bool(v) for v in found["outside"]], [str(v) for v in found["label"]]


def _arc(panel: Panel, axis: EffectAxis, far: float, words: str) -> None:
    """An arc around the origin, in points, from the lowest slope to the highest that the panel shows."""
    x0, y0 = panel.x(0.0), panel.y(0.0)
    radius = panel.right - x0
    per_x = radius / (panel.xlim[1] - panel.xlim[0])
    per_z = (panel.bottom - panel.top) / (panel.ylim[1] - panel.ylim[0])

    def angle(effect: float) -> float:
        return math.atan2(effect * per_z, per_x)

    def point(effect: float, extra: float = 0.0) -> tuple[float, float]:
        a = angle(effect)
        return x0 + (radius + extra) * math.cos(a), y0 - (radius + extra) * math.sin(a)

    low, high = (end / far for end in panel.ylim)
    inside = [e for e in np.linspace(low, high, 161).tolist() if panel.top <= point(e)[1] <= panel.bottom]
    xs, ys = zip(*(point(e) for e in inside), strict=True)
    panel.canvas.line(xs, ys, width=0.8, gid="arc", z=1.5)
    ends = sorted(float(v) for v in axis.place([inside[0], inside[-1]]))
    last = math.inf
    for at, label in axis.ticks(ends[0], ends[1], abs(ys[0] - ys[-1]) * 2.0):
        effect = _back(axis, at)
        (xa, ya), (xb, yb), (xc, yc) = point(effect), point(effect, 4), point(effect, 8)
        panel.canvas.line((xa, xb), (ya, yb), width=0.8)
        if abs(last - yc) > 10:
            panel.canvas.text(xc, yc, label, size=8)
            last = yc
    panel.canvas.text(
        panel.right + _ARC - 6, (panel.top + panel.bottom) / 2, words, align="center", rotation=90, color=MUTED
    )


def _back(axis: EffectAxis, at: float) -> float:
    """The effect yi at a place along its axis."""
    if axis.scale == "log" or axis.transform is None:
        return at
    return math.log(at) if axis.transform == "ratio" else math.log1p(at / 100)
