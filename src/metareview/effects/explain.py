"""`explain`: the formula of a measure with one study's numbers put in, in text and LaTeX."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects import formula as language
from metareview.effects.compute import Work, work_out
from metareview.effects.measure import Input, Measure
from metareview.effects.registry import find_measure
from metareview.effects.telling import refuse


@dataclass(frozen=True)
class Line:
    """One step of a formula: in symbols, with numbers, and what it gives, as text and as LaTeX."""

    name: str
    symbols: str
    numbers: str
    value: float
    latex_symbols: str
    latex_numbers: str


@dataclass(frozen=True)
class Explanation:
    """How one effect was reached.

    Attributes:
        label: the row. measure, title, formula_id, orientation, source: of the measure.
        inputs: (name, value, meaning) of what went in, after the zero-cell rule, whose meaning then tells what was printed;
            and the options that are not at their default, the value of a choice being its position.
        lines: the steps of the formula. yi, vi: as computed. method, rule, note: as in `effect_size`.
    """

    label: str
    measure: str
    title: str
    formula_id: str
    orientation: str
    source: str
    inputs: tuple[tuple[str, float, str], ...]
    lines: tuple[Line, ...]
    yi: float
    vi: float
    method: str
    rule: str
    note: str

    @property
    def text(self) -> str:
        """Everything as plain text."""
        head = [f"{self.label}: {self.title} ({self.formula_id}), {self.method}", f"Source: {self.source}", ""]
        width = max(len(name) for name, _, _ in self.inputs)
        shown = [f"  {name:<{width}} = {_number(value)}  ({meaning})" for name, value, meaning in self.inputs]
        worked = []
        for line in self.lines:
            left = " " * len(line.name)
            worked += ["", f"  {line.name} = {line.symbols}", f"  {left} = {line.numbers}"]
            worked += [f"  {left} = {line.value:.10g}"] if line.numbers != f"{line.value:.10g}" else []
        tail = ["", f"  SE = sqrt(vi) = {self.vi**0.5:.10g}", "", self.orientation]
        formula = "; ".join(f"{line.name} = {line.symbols}" for line in self.lines)
        tail += [f"Rule: {self.rule}"] if _bare(self.rule) not in ("", _bare(formula)) else []
        tail += [f"Note: {self.note}"] if self.note else []
        return "\n".join([*head, *shown, *worked, *tail])

    @property
    def latex(self) -> str:
        """The formula in symbols and numbers as a LaTeX `align*` environment."""
        rows = []
        for line in self.lines:
            rows += [f"{language.symbol(line.name)} &= {line.latex_symbols}", f"&= {line.latex_numbers}"]
            rows += [f"&= {line.value:.6g}"]
        return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"

    def to_dict(self) -> dict[str, Any]:
        """Every attribute, with `text` and `latex`."""
        return asdict(self) | {"text": self.text, "latex": self.latex}

    def __repr__(self) -> str:
        return f"Explanation({self.label}: {self.measure}, yi={self.yi:.4f}, vi={self.vi:.4g})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(self.text)}</pre>"


def explain(measure: str | Measure, data: pd.DataFrame | None = None, **inputs: Any) -> list[Explanation]:
    """How `effect_size` reaches the effect of each row: the formula with the row's numbers put in.

    Arguments: as for `effect_size`, without `problems`.

    Raises MetareviewError as `effect_size` does.
    """
    found = find_measure(measure)
    work = work_out(found, data, **inputs)
    refuse(found, work.table, work.problems)
    return [_explanation(found, work, i) for i in range(len(work.table.index))]


def row_values(measure: Measure, work: Work, row: int) -> dict[str, float]:
    """What one row's formula is computed from: its prepared and corrected inputs by name."""
    return {name: float(values[row]) for name, values in work.columns.items()}


def row_formula(measure: Measure, values: dict[str, float]) -> str:
    """The formula of a row with these values."""
    return measure.formula if measure.formula_of is None else measure.formula_of(values)


def _explanation(measure: Measure, work: Work, row: int) -> Explanation:
    values = row_values(measure, work, row)
    formula = row_formula(measure, values)
    computed = work.computed
    return Explanation(
        work.table.label(row),
        measure.name,
        measure.title,
        measure.formula_id,
        measure.orientation,
        str(measure.source),
        _used(measure, work, values, row, formula),
        _lines(measure, values, formula),
        float(computed.yi[row]),
        float(computed.vi[row]),
        "computed" if computed.method is None else str(computed.method[row]),
        "" if computed.rule is None else str(computed.rule[row]),
        str(work.notes[row]),
    )


def _used(
    measure: Measure, work: Work, values: dict[str, float], row: int, formula: str
) -> tuple[tuple[str, float, str], ...]:
    """The inputs in the formula, and the options that are not at their default, in the measure's order."""
    inside = language.names(formula)
    used = []
    for entry in measure.inputs:
        value = values[entry.name]
        chosen = entry.kind in ("choice", "flag") and entry.default is not None and value != entry.default
        if np.isfinite(value) and (entry.name in inside or chosen):
            used.append(
                (entry.name, value, _meaning(measure, entry, value, float(work.table.columns[entry.name][row])))
            )
    return tuple(used)


def _meaning(measure: Measure, entry: Input, value: float, given: float) -> str:
    """What an input is, in words: its unit, what was printed where something was added, and which choice it is."""
    told = f"{entry.description}, {entry.unit}" if entry.unit else entry.description
    if entry.choices:
        return f"{entry.choices[int(value)]}: {told}"
    added = value - given
    if entry.name in measure.cells and np.isfinite(given) and added != 0:
        return f"{_number(given)}, plus {_number(added)}; {told}"
    return told


def _lines(measure: Measure, values: dict[str, float], formula: str) -> tuple[Line, ...]:
    given = language.evaluate(formula, values, measure.functions)
    known = values | given

    def number(name: str) -> str:
        return _number(known[name]) if name in known else name

    def latex_number(name: str) -> str:
        return _number(known[name]) if name in known else language.symbol(name)

    return tuple(
        Line(
            name,
            language.text(expression),
            language.text(expression, number),
            given[name],
            language.latex(expression),
            language.latex(expression, latex_number),
        )
        for name, expression in language.steps(formula)
    )


def _bare(text: str) -> str:
    """A formula without spaces and brackets, to see whether two say the same."""
    return text.translate(str.maketrans("", "", " ()"))


def _number(value: float) -> str:
    return f"{value:.7g}"
