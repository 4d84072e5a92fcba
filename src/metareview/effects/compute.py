"""`effect_size`: any registered measure, from a frame or arrays, with what was done beside each."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Literal

import numpy as np
import pandas as pd

from metareview.effects import zeros
from metareview.effects.inputs import Table, pick, read_inputs
from metareview.effects.measure import Columns, Computed, Mask, Measure, Problem, Texts, flag_rows, texts
from metareview.effects.registry import find_measure
from metareview.errors import MetareviewError

SHOWN = 20
PHI_SOURCES = ("given", "estimated", "assumed", "none")
OUTPUTS = ("yi", "vi", "sei", "measure", "formula_id", "scale", "orientation", "method", "rule", "note")


def effect_size(
    measure: str | Measure,
    data: pd.DataFrame | None = None,
    *,
    labels: Any = None,
    add: float = 0.5,
    to: zeros.To = "only0",
    phi: Any = None,
    phi_source: Any = None,
    problems: Literal["error", "nan"] = "error",
    **inputs: Any,
) -> pd.DataFrame:
    """Effects and sampling variances, with their method and doubts, beside the input.

    Arguments:
        measure: a name from `measures()`, such as "RIRR".
        data: one row an effect, or None to give inputs as numbers and arrays of one length.
        labels: column name or k names that messages call the rows by; default the index.
        add, to: zero-cell rule for counts, see `metareview.effects.zeros`.
        phi: overdispersion of count measures: number, array or column; missing is 1.
        phi_source: "given", "estimated", "assumed" or "none", or a column of these; by default "given" where
            phi is.
        problems: "error" refuses input that no effect can come from; "nan" keeps such rows with nan and the
            reason.
        **inputs: the measure's inputs: column names when `data` is given, else numbers or arrays. An input
            that is not named takes the column of `data` with its own name; pass None to prevent that.

    Returns a frame with the rows and columns of `data` (or the inputs), index kept, and the columns of
    `OUTPUTS`; yi and vi on the scale in `scale`. Columns of `data` in the way of these are kept as
    NAME_input, unless they come from an earlier `effect_size`. Count measures also get phi and phi_source.

    Raises MetareviewError for an unknown measure, input or column, and, naming rows and columns, for missing,
    non-numeric or impossible values (all at once, the first 20 shown).
    """
    found = find_measure(measure)
    zeros.check_rule(add, to)
    if problems not in ("error", "nan"):
        raise MetareviewError(f"problems={problems!r} is unknown.", "Use 'error' or 'nan'.")
    if phi is not None:
        inputs["phi"] = phi
    table = read_inputs(found, data, inputs, labels)
    sources, wrong = _phi_sources(found, table, data, phi, phi_source)
    wrong += table.problems
    computed, notes, more = _compute(found, table.columns, add, to, {problem.row for problem in wrong})
    wrong += more
    if wrong and problems == "error":
        raise MetareviewError(
            _tell(found, table, wrong), "Correct these rows, or use problems='nan' to set them aside."
        )
    return _beside(found, table, data, _results(found, table, computed, notes, wrong), sources)


def _compute(
    measure: Measure, given: Columns, add: float, to: zeros.To, known: set[int]
) -> tuple[Computed, Texts, list[Problem]]:
    """The measure on prepared and corrected columns, with notes, shape (k,), and the problems met.

    `known`: rows that have a problem already; a value missing there is its consequence.
    """
    with np.errstate(all="ignore"):
        columns = measure.prepare(given)
        wrong = [p for p in measure.check(columns) if not (p.row in known and p.text.startswith("is missing"))]
        wrong += zeros.empty_margins(measure, columns)
        zero = zeros.any_zero(measure, columns)
        columns, notes = zeros.correct(measure, columns, add, to)
        computed = measure.compute(columns)
        useless = ~(np.isfinite(computed.yi) & np.isfinite(computed.vi) & (computed.vi > 0))
    wrong += _unusable(measure, columns, useless, zero, known | {p.row for p in wrong})
    if computed.note is not None:
        notes = _joined(notes, computed.note)
    return computed, notes, wrong


def _unusable(measure: Measure, columns: Columns, useless: Mask, zero: Mask, known: set[int]) -> list[Problem]:
    """Problems for rows without a finite effect and positive variance that no check has named yet."""
    found = flag_rows(useless & ~zero, measure.input_names[0], "gives no finite effect with a variance above 0")
    text = "is 0 and nothing is added: the effect or its variance does not exist"
    for name in measure.cells:
        found += flag_rows(useless & zero & (columns[name] == 0), name, text)
    return [problem for problem in found if problem.row not in known]


def _joined(first: Texts, second: Texts) -> Texts:
    return np.where(first == "", second, np.where(second == "", first, first + "; " + second)).astype(object)


def _phi_sources(
    measure: Measure, table: Table, data: pd.DataFrame | None, phi: Any, phi_source: Any
) -> tuple[Texts | None, list[Problem]]:
    """Where each row's phi comes from, shape (k,); None for measures without phi."""
    if "phi" not in measure.input_names:
        if phi_source is not None:
            raise MetareviewError(f"{measure.name} has no overdispersion phi.", "Leave phi_source out.")
        return None, []
    from_data = phi_source is None and (phi is None or isinstance(phi, str))
    value, _ = pick("phi_source", phi_source, from_data, data, PHI_SOURCES)
    length = len(table.index)
    has_phi = _spread(table.raw.get("phi"), length).notna()
    told = _spread(value, length)
    sources = told.where(told.notna(), "given").where(has_phi, "none").to_numpy(dtype=object)
    unknown = np.flatnonzero(~np.isin(sources.astype(str), PHI_SOURCES))
    found = [Problem(int(i), "phi_source", f"{sources[i]!r} is not one of {', '.join(PHI_SOURCES)}") for i in unknown]
    without = has_phi.to_numpy(dtype=bool) & (sources == "none") & (table.columns["phi"] != 1)
    return sources, found + flag_rows(without, "phi_source", "is 'none' while phi is {:g}", table.columns["phi"])


def _spread(value: Any, length: int) -> pd.Series[Any]:
    """A number or array as a column of `length` cells."""
    return pd.Series(np.broadcast_to(np.asarray(value, dtype=object).ravel(), (length,)), dtype=object)


def _tell(measure: Measure, table: Table, wrong: list[Problem]) -> str:
    ordered = sorted(dict.fromkeys(wrong), key=lambda p: p.row)
    lines = [f"  row {table.labels[p.row]!r}, column {_column(table, p)}: {p.text}" for p in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        lines.append(f"  and {len(ordered) - SHOWN} more")
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    return "\n".join([f"{measure.name} cannot be computed: {count} in the input.", *lines])


def _column(table: Table, problem: Problem) -> str:
    name = table.named.get(problem.column, problem.column)
    return f"{name!r}" if name == problem.column else f"{name!r} ({problem.column})"


def _results(measure: Measure, table: Table, computed: Computed, notes: Texts, wrong: list[Problem]) -> dict[str, Any]:
    """The output columns, with nan and the reason in rows that have a problem."""
    length = len(table.index)
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    for problem in dict.fromkeys(wrong):
        reasons[problem.row].append(f"{_column(table, problem)} {problem.text}")
    bad = np.zeros(length, dtype=bool)
    bad[list(reasons)] = True
    note = notes.copy()
    for row, told in reasons.items():
        note[row] = "no effect: " + "; ".join(told)
    method = texts(length, "computed") if computed.method is None else computed.method
    rule = texts(length, measure.formula) if computed.rule is None else computed.rule
    vi = np.where(bad, np.nan, computed.vi)
    return {
        "yi": np.where(bad, np.nan, computed.yi),
        "vi": vi,
        "sei": np.sqrt(vi),
        "measure": measure.name,
        "formula_id": measure.formula_id,
        "scale": measure.scale if computed.scale is None else computed.scale,
        "orientation": measure.orientation,
        "method": np.where(bad, "", method),
        "rule": np.where(bad, "", rule),
        "note": note,
    }


def _beside(
    measure: Measure, table: Table, data: pd.DataFrame | None, results: dict[str, Any], sources: Texts | None
) -> pd.DataFrame:
    """The result columns beside the data, or beside the inputs."""
    if data is None:
        frame = pd.DataFrame(index=table.index)
        for name, value in table.raw.items():
            frame[name] = np.broadcast_to(np.asarray(value).ravel(), (len(table.index),)).copy()
    elif {"formula_id", "yi", "vi"} <= set(data.columns):
        frame = data.drop(columns=[name for name in OUTPUTS if name in data.columns])
    else:
        frame = data.rename(columns={name: f"{name}_input" for name in OUTPUTS})
    if sources is not None:
        results = results | {"phi": table.columns["phi"], "phi_source": sources}
        frame = frame.drop(columns=[name for name in ("phi", "phi_source") if name in frame.columns])
    return frame.assign(**results)
