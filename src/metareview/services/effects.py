"""effects: yi and vi of every coded effect, each with its formula, orientation, inputs and the way it was reached."""

from __future__ import annotations

import dataclasses
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
    import pandas as pd

    from ..effects.explain import Explanation

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

    _assumed(protocol)  # one error for a name that is not there, not one a measure
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
        for one in explained(measure, **_arguments(measure, given, folder.protocol)):
            note = _noted([one.note], measure, given, folder.protocol)[0]
            found.append((dataclasses.replace(one, note=note), float(sense.iloc[0])))
    return found


def only(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the effects of one measure.

    Raises:
        MetareviewError: there is no such measure.
    """
    from ..effects.registry import find_measure

    return frame[frame[MEASURE].str.upper() == find_measure(measure).name.upper()] if MEASURE in frame else frame


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
        note=_noted(frame["note"], measure, given, protocol),
        phi=frame["phi"] if "phi" in frame else float("nan"),
        phi_source=frame.get("phi_source", ""),
        inputs=[_used(names, row.values) for row in rows],
    )


def _noted(notes: Iterable[str], measure: str, given: pd.DataFrame, protocol: Protocol) -> list[str]:
    """The notes of effects of one measure, with the name of the phi that was assumed."""
    from ..effects.registry import find_measure

    told = _assumed(protocol)[1] if "phi" in find_measure(measure).input_names else ""
    return [
        "; ".join(filter(None, (note, told if none else ""))) for note, none in zip(notes, _no_phi(given), strict=True)
    ]


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
    return {"data": inputs_of(given).assign(**extra), "labels": "effect_id", **zero_rule(measure, protocol)}


def zero_rule(measure: str, protocol: Protocol) -> dict[str, Any]:
    """The protocol's zero-cell rule for a measure, as `effect_size` takes it."""
    from ..effects.registry import find_measure

    needs = find_measure(measure).zero_rule != "none"
    return {"add": protocol.effects.add, "to": protocol.effects.zero_cells if needs else None}


def inputs_of(frame: pd.DataFrame) -> pd.DataFrame:
    """What was coded of effects, without what was computed."""
    return frame.drop(columns=[c for c in (*COMPUTED, MEASURE) if c in frame])


def _phi(given: pd.DataFrame, protocol: Protocol) -> dict[str, Any]:
    value, _ = _assumed(protocol)
    source = given["phi_source"] if "phi_source" in given else given["effect_id"].map(lambda _: None)
    none = _no_phi(given)
    coded = given.get("phi", none)
    phi = [value if n else float(v) for v, n in zip(coded, none, strict=True)]
    told = [
        (protocol.effects.phi_source if n else "given") if s is None or s != s else s
        for n, s in zip(none, source, strict=True)
    ]
    return {"phi": phi, "phi_source": told}


def _no_phi(given: pd.DataFrame) -> pd.Series[bool]:
    """Effects without a phi of their own, which take that of the protocol."""
    return given["phi"].isna() if "phi" in given else given["effect_id"].map(lambda _: True)


def _assumed(protocol: Protocol) -> tuple[float, str]:
    """The protocol's phi, and what to tell beside an effect where it is a named default."""
    from ..effects.overdispersion import find_default

    if not isinstance(name := protocol.effects.phi, str):
        return name, ""
    phi, counts = find_default(name)
    return phi, f"phi {phi:g} assumed: {name} ({counts})"


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
