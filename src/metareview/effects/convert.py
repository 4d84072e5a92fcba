"""`convert`: from what papers report to what measures need, with the rule beside each row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.inputs import read_inputs
from metareview.effects.measure import Columns, Conversion, Texts, flag_rows, texts
from metareview.effects.registry import find_conversion
from metareview.effects.reported import told_once
from metareview.effects.telling import Problems, joined, refuse, require_known, set_aside


def convert(
    conversion: str | Conversion,
    data: pd.DataFrame | None = None,
    *,
    labels: Any = None,
    problems: Problems = "error",
    **inputs: Any,
) -> pd.DataFrame:
    """What one of the `conversions()` gives, beside the input.

    Arguments:
        conversion: a name, such as "d_to_log_odds_ratio".
        data, labels, problems, **inputs: as for `effect_size`.

    Returns a frame with the rows of `data` (or the inputs), the outputs of the conversion, and `method` ("computed" or
    "estimated"), `rule` and `note`. Columns of `data` in the way of these are kept as NAME_input.

    Raises MetareviewError as `effect_size` does.
    """
    found = find_conversion(conversion)
    require_known(problems)
    table = read_inputs(found, data, inputs, labels)
    wrong, known = list(table.problems), {p.row for p in table.problems}
    with np.errstate(all="ignore"):
        columns = found.prepare(table.columns)
        wrong += [p for p in found.check(columns) if not (p.row in known and p.text.startswith("is missing"))]
        converted = found.compute(columns)
    first = found.input_names[0]
    for name, _ in found.outputs:
        useless = ~np.isfinite(converted.values[name])
        wrong += [
            p for p in flag_rows(useless, first, f"gives no finite {name}") if p.row not in {w.row for w in wrong}
        ]
    if problems == "error":
        refuse(found, table, wrong)
    length = len(table.index)
    bad, note = set_aside(table, wrong, joined(texts(length), converted.note))
    results: dict[str, Any] = {name: np.where(bad, np.nan, converted.values[name]) for name, _ in found.outputs}
    results["method"] = np.where(bad, "", texts(length, found.method) if converted.method is None else converted.method)
    results["rule"] = np.where(bad, "", _formulas(found, columns, length) if converted.rule is None else converted.rule)
    results["note"] = note
    frame = table.given() if data is None else data.rename(columns={name: f"{name}_input" for name in results})
    return frame.assign(**results)


def _formulas(conversion: Conversion, columns: Columns, length: int) -> Texts:
    """The formula of each row, shape (k,); it may differ by what is missing, by sign, by choices and by flags."""
    formula_of = conversion.formula_of
    if formula_of is None or not length:
        return texts(length, conversion.formula)
    kinds = {entry.name: entry.kind for entry in conversion.inputs}
    exact = ("choice", "flag")
    alike = (values if kinds.get(name) in exact else np.sign(values) for name, values in columns.items())
    return told_once(lambda row: formula_of({name: float(v[row]) for name, v in columns.items()}), *alike)
