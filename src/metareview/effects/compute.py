"""`effect_size`: any registered measure, from a frame or arrays, with what was done beside each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects import dispersion_source, zeros
from metareview.effects.inputs import Table, read_inputs
from metareview.effects.measure import Columns, Computed, Mask, Measure, Problem, Texts, ZeroRule, flag_rows, texts
from metareview.effects.registry import find_measure
from metareview.effects.telling import Problems, joined, refuse, require_known, set_aside

OUTPUTS = ("yi", "vi", "sei", "measure", "formula_id", "scale", "orientation", "method", "rule", "note")


@dataclass(frozen=True, eq=False)
class Work:
    """A measure at work on k rows: what was read, the columns it computed from, and what came of it."""

    table: Table
    columns: Columns
    computed: Computed
    notes: Texts
    problems: list[Problem]
    phi_sources: Texts | None


def effect_size(
    measure: str | Measure,
    data: pd.DataFrame | None = None,
    *,
    labels: Any = None,
    add: float = 0.5,
    to: ZeroRule | None = None,
    phi: Any = None,
    phi_source: Any = None,
    problems: Problems = "error",
    **inputs: Any,
) -> pd.DataFrame:
    """Effects and sampling variances, with their method and doubts, beside the input.

    Arguments:
        measure: a name from `measures()`, such as "RIRR".
        data: one row an effect, or None to give inputs as numbers and arrays of one length.
        labels: column name or k names that messages call the rows by; default the column effect_id, study_id or study,
            the first there is, else the index.
        add, to: zero-cell rule for counts, see `metareview.effects.zeros`; by default the measure's own.
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
    require_known(problems)
    work = work_out(found, data, labels=labels, add=add, to=to, phi=phi, phi_source=phi_source, **inputs)
    if problems == "error":
        refuse(found, work.table, work.problems)
    return _beside(work, data, _results(found, work))


def work_out(
    measure: Measure,
    data: pd.DataFrame | None = None,
    *,
    labels: Any = None,
    add: float = 0.5,
    to: ZeroRule | None = None,
    phi: Any = None,
    phi_source: Any = None,
    **inputs: Any,
) -> Work:
    """What `effect_size` does before it shows or refuses anything; arguments as there."""
    rule = zeros.check_rule(measure, add, to)
    if phi is not None:
        inputs["phi"] = phi
    table = read_inputs(measure, data, inputs, labels)
    sources, wrong = dispersion_source.read(measure, table, data, phi, phi_source)
    wrong += table.problems
    known = {problem.row for problem in wrong}
    with np.errstate(all="ignore"):
        columns = measure.prepare(table.columns)
        wrong += [p for p in measure.check(columns) if not (p.row in known and p.text.startswith("is missing"))]
        wrong += zeros.empty_margins(measure, columns)
        zero = zeros.any_zero(measure, columns)
        columns, notes = zeros.correct(measure, columns, add, rule)
        computed = measure.compute(columns)
        useless = ~(np.isfinite(computed.yi) & np.isfinite(computed.vi) & (computed.vi > 0))
    wrong += _unusable(measure, columns, useless, zero, known | {p.row for p in wrong})
    notes = joined(_not_whole(measure, table.columns), notes)
    return Work(table, columns, computed, joined(notes, computed.note), wrong, sources)


def _not_whole(measure: Measure, given: Columns) -> Texts:
    """A note for rows with a count that is not a whole number, shape (k,)."""
    counts = [given[entry.name] for entry in measure.inputs if entry.kind == "count"]
    notes = texts(len(next(iter(given.values()))))
    if counts:
        notes[np.any([np.isfinite(x) & (x != np.round(x)) for x in counts], axis=0)] = (
            "not whole numbers: rates or effective counts?"
        )
    return notes


def _unusable(measure: Measure, columns: Columns, useless: Mask, zero: Mask, known: set[int]) -> list[Problem]:
    """Problems for rows without a finite effect and positive variance that no check has named yet."""
    if not useless.any():
        return []
    found = flag_rows(useless & ~zero, measure.input_names[0], "gives no finite effect with a variance above 0")
    text = (
        "is 0 and nothing is added: the effect or its variance does not exist; take a measure that exists with it, "
        "or add 0.5 with to='only0'"
    )
    for name in measure.cells:
        found += flag_rows(useless & zero & (columns[name] == 0), name, text)
    if not any(p.text == text for p in found):
        found += flag_rows(useless & zero, measure.input_names[0], "gives no finite effect with a variance above 0")
    return [problem for problem in found if problem.row not in known]


def _results(measure: Measure, work: Work) -> dict[str, Any]:
    """The output columns, with nan and the reason in rows that have a problem."""
    computed = work.computed
    bad, note = set_aside(work.table, work.problems, work.notes)
    length = len(bad)
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


def _beside(work: Work, data: pd.DataFrame | None, results: dict[str, Any]) -> pd.DataFrame:
    """The result columns beside the data, or beside the inputs."""
    table = work.table
    if data is None:
        frame = table.given()
    elif {"formula_id", "yi", "vi"} <= set(data.columns):
        frame = data.drop(columns=[name for name in OUTPUTS if name in data.columns])
    else:
        frame = data.rename(columns={name: f"{name}_input" for name in OUTPUTS})
    if work.phi_sources is not None:
        results = results | {"phi": table.columns["phi"], "phi_source": work.phi_sources}
        frame = frame.drop(columns=[name for name in ("phi", "phi_source") if name in frame.columns])
    return frame.assign(**results)
