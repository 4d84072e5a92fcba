"""What a forest plot says, row by row, before anything is drawn."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

from metareview.errors import MetareviewError
from metareview.report.figures.axis import EffectAxis
from metareview.report.figures.canvas import steady
from metareview.synthesis.dependent.pooled import DependentPooled
from metareview.synthesis.dependent.view import pooled_view

EQUAL_EFFECTS = frozenset({"EE", "FE", "CE", "MH", "PETO"})
_NAN = float("nan")
_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Row:
    """One row: study, group, subtotal, overall, prediction or gap; numbers on the scale of yi, or nan."""

    kind: str
    text: str = ""
    index: int = 0
    estimate: float = _NAN
    low: float = _NAN
    high: float = _NAN
    weight: float = _NAN
    cells: tuple[str, ...] = ()
    indented: bool = False


@dataclass(frozen=True)
class Table:
    """The rows of a forest plot from top to bottom, and the results behind them."""

    rows: tuple[Row, ...]
    headings: tuple[str, ...]
    overall: Any
    groups: tuple[tuple[str, Any], ...]
    between: tuple[float, ...]
    weights_within: bool
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> float:
        """Letter size in points: smaller when there are many studies."""
        return 9.0 if len(self.rows) <= 45 else 8.0

    @property
    def heaviest(self) -> float:
        """The largest weight of a study, in percent."""
        return max((row.weight for row in self.rows if row.kind == "study"), default=1.0) or 1.0

    def column(self, index: int) -> list[str]:
        """Return the texts of one extra column."""
        return [row.cells[index] for row in self.rows if row.cells]


def table(
    result: Any,
    subgroups: Any,
    labels: Sequence[str] | Mapping[str, str] | None,
    columns: Mapping[str, Sequence[str] | Mapping[str, str]],
    sort: str | None,
) -> Table:
    """Arrange a result, and its subgroups if any, as rows; arguments as for `forest.forest`."""
    result = pooled_view(result, "A forest plot")
    overall, groups, between = _parts(result, subgroups)
    if overall.k < 1 or any(group.k < 1 for _, group in groups):
        raise MetareviewError("A forest plot needs at least one study.", "Leave out empty subgroups.")
    weights, within = _weights(overall, groups)
    studies = _studies(groups or (("", overall),), weights, labels, columns)
    rows: list[Row] = []
    for number, (name, group) in enumerate(groups or (("", overall),)):
        members = _sorted(studies[number], sort)
        if groups:
            rows += [Row("group", name), *(replace(row, indented=True) for row in members)]
            rows += [_subtotal(group, number), Row("gap")]
        else:
            rows += members
    rows.append(_overall(overall, len(groups)))
    if math.isfinite(overall.pi_low) and math.isfinite(overall.pi_high):
        low, high = steady(overall.pi_low), steady(overall.pi_high)
        text = f"{100 * overall.level:.4g}% prediction interval"
        rows.append(Row("prediction", text, estimate=steady(overall.estimate), low=low, high=high))
    warnings = tuple(dict.fromkeys(w for r in (overall, result, subgroups) for w in getattr(r, "warnings", ())))
    return Table(tuple(rows), tuple(columns), overall, groups, between, within, warnings)


def _parts(result: Any, subgroups: Any) -> tuple[Any, tuple[tuple[str, Any], ...], tuple[float, ...]]:
    source = subgroups if hasattr(subgroups, "groups") else result if hasattr(result, "groups") else None
    overall = result.overall if hasattr(result, "overall") else result
    pairs = source.groups if source is not None else subgroups or ()
    if source is not None and hasattr(source, "names"):
        pairs = zip(source.names, pairs, strict=True)
    elif isinstance(pairs, Mapping):
        pairs = pairs.items()
    between = tuple(float(getattr(source, name, math.nan)) for name in ("QM", "QM_df", "QM_df2", "QM_p"))
    return overall, tuple((str(name), pooled_view(group, "A forest plot")) for name, group in pairs), between


def _weights(overall: Any, groups: tuple[tuple[str, Any], ...]) -> tuple[list[list[float]], bool]:
    """Return each study's weight in the overall model; in its own group when the two cannot be matched."""
    if not groups:
        return [[float(w) for w in overall.weights]], False
    waiting: dict[tuple[str, float, float], list[float]] = defaultdict(list)
    for label, yi, vi, weight in zip(overall.labels, overall.yi, overall.vi, overall.weights, strict=True):
        waiting[str(label), steady(yi), steady(vi)].append(float(weight))
    found: list[list[float]] = []
    for _, group in groups:
        keys = [(str(a), steady(y), steady(v)) for a, y, v in zip(group.labels, group.yi, group.vi, strict=True)]
        found.append([waiting[key].pop(0) if waiting.get(key) else _NAN for key in keys])
    if any(math.isnan(weight) for weights in found for weight in weights):
        return [[float(w) for w in group.weights] for _, group in groups], True
    return found, False


def _studies(
    groups: Sequence[tuple[str, Any]],
    weights: list[list[float]],
    labels: Sequence[str] | Mapping[str, str] | None,
    columns: Mapping[str, Sequence[str] | Mapping[str, str]],
) -> list[list[Row]]:
    given = [str(label) for _, group in groups for label in group.labels]
    names = given if labels is None else _per_study(labels, given, "labels")
    cells = list(zip(*(_per_study(v, given, f"column {h!r}") for h, v in columns.items()), strict=True))
    out: list[list[Row]] = []
    index = 0
    for (_, group), own in zip(groups, weights, strict=True):
        z = NormalDist().inv_cdf(0.5 + group.level / 2)
        rows = []
        for yi, vi, weight in zip(group.yi, group.vi, own, strict=True):
            half = z * math.sqrt(float(vi))
            numbers = (steady(yi), steady(yi - half), steady(yi + half), steady(weight))
            rows.append(Row("study", names[index], index, *numbers, cells[index] if cells else ()))
            index += 1
        out.append(rows)
    return out


def _per_study(values: Sequence[str] | Mapping[str, str], given: list[str], what: str) -> list[str]:
    if isinstance(values, Mapping):
        return [str(values.get(label, label if what == "labels" else "")) for label in given]
    if len(values) != len(given):
        raise MetareviewError(
            f"The forest plot got {len(values)} texts for {what} and has {len(given)} studies.",
            "Give one text a study, in the order drawn, or a mapping by study label.",
        )
    return [str(value) for value in values]


def _sorted(rows: list[Row], sort: str | None) -> list[Row]:
    if sort is None:
        return rows
    keys: dict[str, Any] = {
        "effect": lambda row: (row.estimate, row.text),
        "weight": lambda row: (-row.weight, row.text),
        "label": lambda row: (row.text.casefold(), row.index),
    }
    if sort not in keys:
        raise MetareviewError(f"A forest plot cannot be sorted by {sort!r}.", f"Use {', '.join(keys)}, or nothing.")
    return sorted(rows, key=keys[sort])


def _subtotal(group: Any, number: int) -> Row:
    spread = f", I² = {number_text(group.I2, 0)}%" if math.isfinite(group.I2) and group.k > 1 else ""
    text = f"Subtotal (k = {_counted(group)}{spread})"
    numbers = (steady(group.estimate), steady(group.ci_low), steady(group.ci_high))
    return Row("subtotal", text, number, *numbers, indented=True)


def _overall(result: Any, number: int) -> Row:
    numbers = (steady(result.estimate), steady(result.ci_low), steady(result.ci_high))
    return Row("overall", f"Pooled effect (k = {_counted(result)})", number, *numbers, 100.0)


def _counted(result: Any) -> str:
    """The effects of a result; with the studies that gave them where these are fewer."""
    return f"{result.k} in {result.studies} studies" if isinstance(result, DependentPooled) else str(result.k)


def number_text(value: float, digits: int) -> str:
    """Write a number with a true minus sign and no negative zero."""
    text = f"{steady(value):.{digits}f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", _MINUS)


def p_text(p: float) -> str:
    """Write a p-value, as in "p = 0.03" or "p < 0.001"."""
    return "p < 0.001" if p < 0.001 else f"p = {number_text(p, 3 if p < 0.1 else 2)}"


def heterogeneity(data: Table) -> list[str]:
    """Return the sentences under the plot: heterogeneity, subgroup test, model and test, warnings."""
    r = data.overall
    lines = [_model(r)]
    if r.k > 1 and math.isfinite(r.Q):
        parts = [
            *([f"I² = {number_text(r.I2, 0)}%"] if math.isfinite(r.I2) else []),
            f"Q = {number_text(r.Q, 2)} (df = {r.Q_df}, {p_text(r.Q_p)})",
        ]
        if r.method not in EQUAL_EFFECTS:
            parts.insert(0, _variances(r))
        lines.insert(0, f"Heterogeneity: {', '.join(parts)}")
    else:
        lines.insert(0, "Heterogeneity: cannot be estimated from one study")
    q, df, df2, p = data.between
    if math.isfinite(p) and df:
        test = f"F({df:g}, {df2:g})" if math.isfinite(df2) else f"χ²({df:g})"
        lines.insert(1, f"Subgroup differences: {test} = {number_text(q, 2)}, {p_text(p)}; one τ² for all subgroups")
    if data.weights_within:
        lines.append("Weights are those within each subgroup.")
    return [*lines, *(f"Note: {warning}" for warning in data.warnings)]


def _variances(r: Any) -> str:
    if not isinstance(r, DependentPooled):
        return f"τ² = {_tau2(r.tau2)}"
    parts = ", ".join(
        f"{name.removeprefix('sigma2[').removesuffix(']')} {_tau2(value)}" for name, value in r.components.items()
    )
    return f"τ² = {_tau2(r.tau2)} ({parts})" if math.isfinite(r.tau2) else parts


def _tau2(value: float) -> str:
    if steady(value) == 0:
        return "0"
    return number_text(value, 3) if value >= 0.001 else f"{steady(value, 3):.1e}".replace("-", _MINUS)


def _model(r: Any) -> str:
    kind = "equal effects" if r.method in EQUAL_EFFECTS else "random effects"
    name = {"knha": "Knapp-Hartung", "adhoc": "Knapp-Hartung (never narrower than z)"}.get(r.test, str(r.test))
    statistic = ""
    if math.isfinite(r.statistic) and math.isfinite(r.p):
        letter = f"t({r.df:.4g})" if math.isfinite(r.df) else "z"
        statistic = f", {letter} = {number_text(r.statistic, 2)}, {p_text(r.p)}"
    kind = r.model if isinstance(r, DependentPooled) else kind
    return f"Model: {kind}, {r.method}, k = {_counted(r)}; {name} test{statistic}"


def describe(axis: EffectAxis, data: Table) -> str:
    """Return one plain sentence that says what the plot shows."""
    r = data.overall
    digits = axis.digits(r.yi)
    unit = "%" if axis.transform == "percent" else ""
    level = f"{100 * r.level:.4g}%"

    def say(value: float) -> str:
        return axis.number(steady(value), digits) + unit

    count = len(data.groups)
    groups = f" in {count} subgroup{'s' if count > 1 else ''}" if count else ""
    studies = "1 study" if r.k == 1 else f"{r.k} studies"
    studies = f"{r.k} effects in {r.studies} studies" if isinstance(r, DependentPooled) else studies
    text = f"Forest plot of {studies}{groups}: pooled {axis.name.lower()} {say(r.estimate)}"
    text += f" ({level} confidence interval {say(r.ci_low)} to {say(r.ci_high)}"
    if math.isfinite(r.pi_low):
        text += f"; {level} prediction interval {say(r.pi_low)} to {say(r.pi_high)}"
    if r.k > 1 and math.isfinite(r.I2):
        text += f"; I² {number_text(r.I2, 0)}%"
    return text + ")."
