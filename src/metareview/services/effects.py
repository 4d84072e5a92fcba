"""effects: yi and vi of every coded effect, each with its formula, orientation, inputs and the way it was reached."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..coding.events import CodedRow
from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..protocol.crosschecks import MEASURE
from ..protocol.models import Protocol
from .selection import INCLUDED
from .state import ReviewState, load_state, require_agreed

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from ..effects.explain import Explanation
    from ..effects.overdispersion import Dispersion

COMPUTED = (
    "yi", "vi", "sei", "yi_printed", "sense_applied", "formula_id", "scale", "orientation", "method", "rule", "note", "phi",
    "phi_source", "inputs",
)  # fmt: skip


def run(folder: ReviewFolder, state: ReviewState | None = None) -> pd.DataFrame:
    """Compute every coded effect of the review.

    Returns:
        One row an effect in the order coded: `effect_id`, `study_id`, `study_included` (whether its study still is), the
        columns of `COMPUTED`, then the codebook's
        effect variables and (prefixed `study_` where both levels have the name) study variables. `yi` has the sense of
        the protocol applied; `yi_printed` is as printed.

    Raises:
        MetareviewError: coders contradict each other, or an effect cannot be computed (naming effect and variable).
    """
    state = state or load_state(folder)
    require_agreed(state)
    rows = list(state.coding.rows["effect"].values())
    frame = compute(rows, folder.protocol)
    return _beside_study(frame, state)


def compute(rows: Iterable[CodedRow] | Iterable[Any], protocol: Protocol) -> pd.DataFrame:
    """Compute effects of coded rows (anything with `row_id`, `study_id` and `values`).

    Raises:
        MetareviewError: naming each effect and variable that cannot be computed.
    """
    import pandas as pd

    coded = list(rows)
    by_measure: dict[str, list[Any]] = {}
    for row in coded:
        by_measure.setdefault(str(row.values.get(MEASURE, "")), []).append(row)
    parts, problems = [], []
    for measure, group in by_measure.items():
        try:
            parts.append(_of_measure(measure, group, protocol))
        except MetareviewError as error:
            problems.append(error.message)
    if problems:
        raise MetareviewError("\n".join(problems), "Mend the coded values (`metareview code export`, `code import`).")
    if not parts:
        return pd.DataFrame(columns=["effect_id", "study_id", *COMPUTED])
    frame = pd.concat(parts).set_index("effect_id", drop=False)
    return frame.loc[[row.row_id for row in coded]].reset_index(drop=True)


def explain(folder: ReviewFolder, name: str) -> list[tuple[Explanation, float]]:
    """Return how the effects of a study, or one effect, were reached, each with the sense the protocol gives it.

    Arguments:
        name: a study_id or an effect_id.

    Raises:
        MetareviewError: nothing is coded under that name, or the effect cannot be computed.
    """
    from ..effects.explain import explain as explained

    state = load_state(folder)
    require_agreed(state)
    coded = list(state.coding.rows["effect"].values())
    rows = [row for row in coded if name in (row.row_id, row.study_id)]
    if not rows:
        known = [known for row in coded for known in (row.study_id, row.row_id)]
        close = difflib.get_close_matches(name, dict.fromkeys(known), n=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`metareview effects` lists the effects and studies."
        raise MetareviewError(f"no effect is coded under `{name}`", hint)
    found = []
    for row in rows:
        measure, given = str(row.values.get(MEASURE, "")), _given([row])
        sense = _sense(given, folder.protocol.effects.sense)
        found += [(e, float(sense.iloc[0])) for e in explained(measure, **_arguments(measure, given, folder.protocol))]
    return found


def only(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the effects of one measure.

    Raises:
        MetareviewError: there is no such measure.
    """
    from ..effects.registry import find_measure

    return frame[frame[MEASURE].str.upper() == find_measure(measure).name.upper()] if MEASURE in frame else frame


def of_table(path: Path, measure: str) -> pd.DataFrame:
    """Compute a measure for each row of a table whose columns are called as its inputs, beside the table's columns.

    Raises:
        MetareviewError: the table is not readable, or naming the row and column that no effect can come from.
    """
    import pandas as pd

    from ..effects.compute import effect_size
    from ..effects.registry import find_measure
    from ..tabular import read_table

    table = read_table(path)
    named = next((c for c in table.columns if c not in find_measure(measure).input_names), None)
    labels = [f"{row[named]} (row {n})" if named else f"row {n}" for n, row in table.rows]
    given = pd.DataFrame([row for _, row in table.rows], columns=list(table.columns))
    frame = effect_size(measure, given, labels=labels)
    inputs = [entry.name for entry in find_measure(measure).inputs if not entry.choices and entry.name in given]
    return frame.assign(**{name: pd.to_numeric(frame[name]) for name in inputs})


def phi_table(folder: ReviewFolder, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return every effect from before-after counts at overdispersion phi 1, 2 and 4, whatever was assumed.

    Columns: effect_id, phi, yi, se, ci_low, ci_high (95%, log scale), in_use (the phi of the analysis).
    """
    import pandas as pd

    from ..effects.compute import effect_size

    frame = run(folder) if frame is None else frame
    if MEASURE not in frame or frame.empty:
        return pd.DataFrame(columns=["effect_id", "phi", "yi", "se", "ci_low", "ci_high", "in_use"])
    counts = frame[frame["phi"].notna()]
    found = []
    for measure, part in counts.groupby(MEASURE, sort=False):
        for phi in (1.0, 2.0, 4.0):
            again = effect_size(str(measure), _inputs(part), phi=phi, **_zero_rule(str(measure), folder.protocol))
            half = 1.959963984540054 * again["sei"]
            sense = part["sense_applied"]
            yi = again["yi"] * sense
            found.append(
                pd.DataFrame(
                    {"effect_id": part["effect_id"], "phi": phi, "yi": yi, "se": again["sei"], "ci_low": yi - half,
                     "ci_high": yi + half, "in_use": part["phi"] == phi}
                )
            )  # fmt: skip
    if not found:
        return pd.DataFrame(columns=["effect_id", "phi", "yi", "se", "ci_low", "ci_high", "in_use"])
    return pd.concat(found).sort_values(["effect_id", "phi"], kind="stable").reset_index(drop=True)


def estimate_phi(path: Path) -> Dispersion:
    """Estimate overdispersion from a count series in a table: columns place, after, treated, count and maybe exposure.

    Raises:
        MetareviewError: the table is not readable, lacks a column, or cannot give an estimate.
    """
    import pandas as pd

    from ..effects.overdispersion import estimate_phi as estimate
    from ..tabular import read_table

    table = read_table(path)
    counts = pd.DataFrame([row for _, row in table.rows], columns=list(table.columns))
    return estimate(counts.replace("", None), exposure="exposure" if "exposure" in counts else None)


def _of_measure(measure: str, rows: list[Any], protocol: Protocol) -> pd.DataFrame:
    from ..effects.compute import effect_size
    from ..effects.registry import find_measure

    given = _given(rows)
    frame = effect_size(measure, **_arguments(measure, given, protocol))
    sense = _sense(given, protocol.effects.sense)
    names = find_measure(measure).input_names
    return given.assign(
        yi=frame["yi"] * sense,
        vi=frame["vi"],
        sei=frame["sei"],
        yi_printed=frame["yi"],
        sense_applied=sense,
        formula_id=frame["formula_id"],
        scale=frame["scale"],
        orientation=frame["orientation"],
        method=frame["method"],
        rule=frame["rule"],
        note=frame["note"],
        phi=frame["phi"] if "phi" in frame else float("nan"),
        phi_source=frame.get("phi_source", ""),
        inputs=[_used(names, row.values) for row in rows],
    )


def _given(rows: list[Any]) -> pd.DataFrame:
    """What was coded of some effects, one row each."""
    import pandas as pd

    given = pd.DataFrame([dict(row.values) for row in rows])
    given.insert(0, "effect_id", [row.row_id for row in rows])
    given.insert(1, "study_id", [row.study_id for row in rows])
    return given


def _arguments(measure: str, given: pd.DataFrame, protocol: Protocol) -> dict[str, Any]:
    """What `effect_size` and `explain` get for coded effects of one measure."""
    from ..effects.registry import find_measure

    found = find_measure(measure)
    extra = _phi(given, protocol) if "phi" in found.input_names else {}
    # A variable that no row fills in is missing in each of them, which is told effect by effect.
    extra |= {i.name: float("nan") for i in found.inputs if i.required and i.name not in given}
    return {"data": _inputs(given).assign(**extra), "labels": "effect_id", **_zero_rule(measure, protocol)}


def _zero_rule(measure: str, protocol: Protocol) -> dict[str, Any]:
    """The protocol's zero-cell rule, for measures that need one."""
    from ..effects.registry import find_measure

    needs = find_measure(measure).zero_rule != "none"
    return {"add": protocol.effects.add, "to": protocol.effects.zero_cells if needs else None}


def _inputs(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=[c for c in (*COMPUTED, MEASURE) if c in frame])


def _phi(given: pd.DataFrame, protocol: Protocol) -> dict[str, Any]:
    rules = protocol.effects
    coded = given["phi"] if "phi" in given else given["effect_id"].map(lambda _: None)
    source = given["phi_source"] if "phi_source" in given else given["effect_id"].map(lambda _: None)
    phi = [rules.phi if v is None or v != v else float(v) for v in coded]
    told = [
        (rules.phi_source if v is None or v != v else "given") if s is None or s != s else s
        for v, s in zip(coded, source, strict=True)
    ]
    return {"phi": phi, "phi_source": told}


def _sense(given: pd.DataFrame, variable: str) -> Any:
    if not variable or variable not in given:
        return given["effect_id"].map(lambda _: 1.0)
    sense = given[variable].map(lambda v: 1.0 if v is None or v != v else float(v))
    wrong = [str(e) for e, s in zip(given["effect_id"], sense, strict=True) if s not in (1, -1)]
    if wrong:
        raise MetareviewError(
            f"`{variable}` is neither 1 nor -1 for {', '.join(wrong)}",
            "Code 1, or -1 for an effect to be turned round.",
        )
    return sense


def _used(names: Iterable[str], values: Mapping[str, Any]) -> str:
    return "; ".join(f"{name}={_short(values[name])}" for name in names if name in values)


def _short(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _beside_study(frame: pd.DataFrame, state: ReviewState) -> pd.DataFrame:
    studies = {row.row_id: row.values for row in state.coding.rows["study"].values()}
    names = list(dict.fromkeys(name for values in studies.values() for name in values))
    included = state.included_studies()
    added: dict[str, list[Any]] = {INCLUDED: [s in included for s in frame["study_id"]]}
    for name in names:
        column = f"study_{name}" if name in frame else name
        added[column] = [studies.get(s, {}).get(name) for s in frame["study_id"]]
    return frame.assign(**added)
