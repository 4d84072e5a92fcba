"""The sweep of the assumed correlation: a coefficient and its interval, and the variances, at each value."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from matplotlib.figure import Figure as MplFigure

from metareview.errors import MetareviewError
from metareview.report.figures import Figure
from metareview.report.figures.axis import EffectAxis, effect_axis
from metareview.report.figures.canvas import FAINT, INK, MUTED, Canvas, steady, styled, text_width, widest, wrap

FIGURE = Figure(
    "rho_sweep",
    "Sweep of the assumed correlation",
    "A coefficient and its interval at each assumed correlation of sampling errors, above the heterogeneity at each.",
)
POINT = "#33689c"
_CORRELATION = re.compile(r"(^| )rho(\[|$)")
HUES = ("#b5651d", "#4d7c4d", "#7a5195", "#8c2d2d", "#3f7f93", "#6b6b2f")
_WIDTH, _HEIGHT, _LOWER, _GAP, _EDGE = 330.0, 160.0, 90.0, 34.0, 14.0


class _Panel:
    """A plotting region: `x` of a correlation, `y` of a position between low and high, in points."""

    def __init__(
        self, left: float, top: float, height: float, xs: tuple[float, float], ys: tuple[float, float]
    ) -> None:
        self.left, self.top, self.right, self.bottom = left, top, left + _WIDTH, top + height
        self.xs, self.ys = xs, ys

    def x(self, rho: float) -> float:
        low, high = self.xs
        return self.left + (rho - low) / (high - low) * _WIDTH

    def y(self, value: float) -> float:
        low, high = self.ys
        share = min(max((value - low) / (high - low), 0.0), 1.0)
        return self.bottom - share * (self.bottom - self.top)


@styled
def rho_sweep(
    result: Any,
    *,
    term: str | None = None,
    scale: str = "linear",
    transform: str | None = None,
    title: str | None = None,
    ylabel: str | None = None,
    null: float = 0.0,
) -> MplFigure:
    """Draw a sweep of the assumed correlation.

    Arguments:
        result: a `SweepResult`. term: a coefficient; the first when None. scale, transform: of the effects, as for `forest`.
        title: above the plot. ylabel: the coefficient's name on the axis. null: no effect, on the scale of yi.

    Raises:
        MetareviewError: there is no such coefficient, or scale and transform do not fit.
    """
    rows, chosen = _rows(result, term)
    axis = effect_axis(scale, transform)
    values = [axis.place(steady(rows[name].to_numpy())) for name in ("estimate", "ci_low", "ci_high")]
    spreads = _spreads(result)
    heading = wrap(title, _WIDTH + 60, 11, True) if title else []
    top = _EDGE + 16 * len(heading) + (8 if heading else 4)
    ys = _limits(values, float(axis.place(null)))
    ticks = axis.ticks(*ys, _HEIGHT)
    most = max([float(np.max(v)) for v in spreads.values()], default=0.0) * 1.08 or 1.0
    below = EffectAxis("linear", None).ticks(0.0, most, _LOWER)
    left = 38 + widest([label for _, label in (*ticks, *below)], 8)
    rhos = rows["rho"].to_numpy()
    span = (float(rhos[0]), float(rhos[-1])) if len(rhos) > 1 else (float(rhos[0]) - 0.1, float(rhos[0]) + 0.1)
    upper = _Panel(left, top, _HEIGHT, (span[0] - 0.02, span[1] + 0.02), ys)
    lower = _Panel(left, upper.bottom + _GAP, _LOWER, upper.xs, (0.0, most))
    legend = list(spreads)
    canvas = Canvas(left + _WIDTH + 24, lower.bottom + 44 + 13 * len(legend) + _EDGE)
    for index, line in enumerate(heading):
        canvas.text(_EDGE, _EDGE + 16 * index + 6, line, size=11, bold=True)
    _frame(canvas, upper, ticks, rhos, ylabel or chosen)
    _frame(canvas, lower, below, rhos, "Heterogeneity (SD)")
    _effects(canvas, upper, rhos, values, float(axis.place(null)))
    _heterogeneity(canvas, lower, rhos, spreads)
    for panel in (upper, lower):
        if span[0] <= result.chosen <= span[1]:
            x = panel.x(result.chosen)
            canvas.line([x, x], [panel.top, panel.bottom], color=FAINT, dash=(2, 2), z=1.0)
    canvas.text(
        left + _WIDTH / 2, lower.bottom + 28, "Assumed correlation of sampling errors in a study", align="center"
    )
    return canvas.figure


def alt_text(result: Any, *, term: str | None = None, scale: str = "linear", transform: str | None = None) -> str:
    """Return one plain sentence that says what the sweep shows; arguments as for `rho_sweep`."""
    rows, chosen = _rows(result, term)
    axis = effect_axis(scale, transform)
    digits = max(axis.digits(rows["estimate"].to_numpy()), 2)
    least, most = (axis.number(float(steady(v)), digits) for v in (rows["estimate"].min(), rows["estimate"].max()))
    first, last = rows["rho"].iloc[0], rows["rho"].iloc[-1]
    return (
        f"Sweep of the assumed correlation from {first:g} to {last:g}: {chosen} lies between {least} and {most}, "
        f"and its p-value between {rows['p'].min():.3f} and {rows['p'].max():.3f}."
    )


def _rows(result: Any, term: str | None) -> tuple[Any, str]:
    chosen = result.terms[0] if term is None else term
    if chosen not in result.terms:
        raise MetareviewError(f"There is no coefficient {chosen!r}.", f"There are: {', '.join(result.terms)}.")
    frame = result.to_frame()
    return frame[frame["term"] == chosen].sort_values("rho"), chosen


def _spreads(result: Any) -> dict[str, Any]:
    """The square root of each variance by name, one value a correlation; the first six that are not 0 throughout."""
    names = [name for name in result.results[0].components if not _CORRELATION.search(name)]
    found = {name: np.sqrt([r.components[name] for r in result.results]) for name in names}
    shown = {name: steady(value) for name, value in found.items() if np.max(value) > 0}
    return dict(list(shown.items())[: len(HUES)])


def _limits(values: list[Any], null: float) -> tuple[float, float]:
    finite = np.concatenate([np.ravel(v)[np.isfinite(np.ravel(v))] for v in values])
    low, high = min(float(finite.min()), null), max(float(finite.max()), null)
    margin = 0.06 * (high - low or 1.0)
    return low - margin, high + margin


def _frame(canvas: Canvas, panel: _Panel, ticks: list[tuple[float, str]], rhos: Any, label: str) -> None:
    canvas.line([panel.left, panel.left], [panel.top, panel.bottom], color=MUTED)
    canvas.line([panel.left, panel.right], [panel.bottom, panel.bottom], color=MUTED)
    for value, text in ticks:
        y = panel.y(value)
        canvas.line([panel.left - 3, panel.left], [y, y], color=MUTED)
        canvas.text(panel.left - 6, y, text, size=8, align="right", color=MUTED)
    step = max(1, int(np.ceil(len(rhos) / 10)))
    for rho in rhos[::step]:
        x = panel.x(float(rho))
        canvas.line([x, x], [panel.bottom, panel.bottom + 3], color=MUTED)
        canvas.text(x, panel.bottom + 11, f"{rho:g}", size=8, align="center", color=MUTED)
    height = panel.bottom - panel.top
    words = (
        label
        if text_width(label) <= height
        else label[: max(1, int(len(label) * height / text_width(label)) - 1)] + "…"
    )
    canvas.text(_EDGE, (panel.top + panel.bottom) / 2, words, rotation=90, align="center")


def _effects(canvas: Canvas, panel: _Panel, rhos: Any, values: list[Any], null: float) -> None:
    y = panel.y(null)
    canvas.line([panel.left, panel.right], [y, y], color=FAINT, z=1.0)
    xs = [panel.x(float(rho)) for rho in rhos]
    middle, low, high = (
        [panel.y(float(np.nan_to_num(v, posinf=1e300, neginf=-1e300))) for v in side] for side in values
    )
    canvas.line(xs, middle, color=POINT, width=1.2)
    for x, m, lo, hi in zip(xs, middle, low, high, strict=True):
        canvas.line([x, x], [lo, hi], color=POINT, width=1.1)
        canvas.box(x - 2.5, m - 2.5, 5, 5, fill=POINT, z=3.0)


def _heterogeneity(canvas: Canvas, panel: _Panel, rhos: Any, spreads: dict[str, Any]) -> None:
    xs = [panel.x(float(rho)) for rho in rhos]
    for n, (name, spread) in enumerate(spreads.items()):
        canvas.line(xs, [panel.y(float(v)) for v in spread], color=HUES[n], width=1.4)
        y = panel.bottom + 46 + 13 * n
        canvas.line([panel.left, panel.left + 16], [y, y], color=HUES[n], width=1.4)
        canvas.text(panel.left + 22, y, name, size=8, color=INK)
