"""Which effects enter an analysis, and why each of the others does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import MetareviewError
from ..protocol.crosschecks import MEASURE, OUTCOME
from ..protocol.models import DEPENDENT, Analysis, Protocol, Sensitivity, Values

if TYPE_CHECKING:
    import pandas as pd

    from ..effects.measure import Measure

ANY = "any"
INCLUDED = "study_included"
DIRECTION = "direction"


@dataclass(frozen=True)
class LeftOut:
    """An effect that was offered to an analysis and does not enter it, with the reason."""

    effect_id: str
    study_id: str
    reason: str


@dataclass(frozen=True, eq=False)
class Selection:
    """The effects of an analysis: `frame` in coded order, and those left out."""

    frame: pd.DataFrame
    left_out: tuple[LeftOut, ...]


def variant(analysis: Analysis, change: Sensitivity) -> Analysis:
    """Return an analysis with a sensitivity analysis's changes made."""
    model = change.model or analysis.model
    unit = analysis.one_effect_per
    if (model in DEPENDENT) != (analysis.model in DEPENDENT):
        unit = "" if model in DEPENDENT else "study_id"
    return analysis.model_copy(
        update={
            "where": {**analysis.where, **change.where},
            "where_not": {**analysis.where_not, **change.where_not},
            "one_effect_per": change.one_effect_per or unit,
            "model": model,
            "rho": analysis.rho if change.rho is None else change.rho,
            "tau2": change.tau2 or analysis.tau2,
            "tau2_ci": change.tau2_ci or analysis.tau2_ci,
            "test": change.test or analysis.test,
        }
    )


def select(effects: pd.DataFrame, analysis: Analysis) -> Selection:
    """Return the effects of an analysis.

    Effects of other outcomes are not offered. Of the offered ones each either enters or is left out with the first
    reason that applies: a filter, or another effect of the same unit that goes before it.

    Raises:
        MetareviewError: the effects that are left mix scales or directions, so that pooling them would mean nothing.
    """
    offered = effects
    if analysis.outcome and OUTCOME in effects:
        offered = effects[effects[OUTCOME].isin(analysis.outcome)]
    kept: list[int] = []
    left: list[LeftOut] = []
    for index, row in zip(offered.index, _rows(offered), strict=True):
        reason = _filtered(row, analysis)
        if reason:
            left.append(LeftOut(row["effect_id"], row["study_id"], reason))
        else:
            kept.append(index)
    frame = offered.loc[kept]
    if analysis.one_effect_per and len(frame):
        frame, others = _one_each(frame, analysis.one_effect_per, analysis.prefer)
        left += others
    selection = Selection(frame, tuple(left))
    _require_comparable(selection.frame, analysis)
    return selection


def better(frame: pd.DataFrame, protocol: Protocol) -> str:
    """Return which way of yi is better: as coded for the effects, else as the protocol has it for their outcome.

    The protocol speaks of the outcome: where yi above 0 means less of it (RES, TNE), the way is the other one.
    """
    coded = list(frame[DIRECTION].dropna().unique()) if DIRECTION in frame else []
    if len(coded) == 1:
        return str(coded[0])
    named = [protocol.outcome(str(o)) for o in (frame[OUTCOME].unique() if OUTCOME in frame else ())]
    way = next((o.direction for o in named if o is not None), "lower_is_better")
    return {"lower_is_better": "higher_is_better", "higher_is_better": "lower_is_better"}[way] if _less(frame) else way


def _less(frame: pd.DataFrame) -> bool:
    """Whether yi above 0 means less of the outcome in every effect."""
    return MEASURE in frame and {_measure(row).positive for row in _rows(frame)} - {""} == {"less"}


def one_per(frame: pd.DataFrame, unit: str, prefer: str) -> dict[str, str]:
    """Return for every effect the one that stands for its unit: the first with `prefer` true, else the first coded.

    An effect whose unit is not coded has its study as its unit.
    """
    rows = _rows(frame)
    ranked = sorted(rows, key=lambda row: not _true(row.get(prefer))) if prefer else rows
    units = {row["effect_id"]: row[unit] if filled(row.get(unit)) else row["study_id"] for row in rows}
    first: dict[Any, str] = {}
    for row in ranked:
        first.setdefault(units[row["effect_id"]], row["effect_id"])
    return {effect: first[its] for effect, its in units.items()}


def filled(value: Any) -> bool:
    """Return whether a cell holds a value: it is not None, NaN or empty text."""
    return value is not None and value == value and value != ""


def _filtered(row: Mapping[str, Any], analysis: Analysis) -> str:
    if not row[INCLUDED]:
        return "its study is not included in the review"
    if analysis.measure and row.get(MEASURE) not in analysis.measure:
        return f"{MEASURE} is {_said(row.get(MEASURE))}, not {_said(analysis.measure)}"
    for name, wanted in analysis.where.items():
        if not _matches(row.get(name), wanted):
            return f"{name} is {_said(row.get(name))}, not {_said(wanted)}"
    for name, unwanted in analysis.where_not.items():
        if _matches(row.get(name), unwanted):
            return f"{name}: {_said(row.get(name))}"
    return ""


def _one_each(frame: pd.DataFrame, unit: str, prefer: str) -> tuple[pd.DataFrame, list[LeftOut]]:
    stands = one_per(frame, unit, prefer)
    chosen = [stands[e] == e for e in frame["effect_id"]]
    left = [
        LeftOut(effect, study, f"one effect per {unit.replace('_id', '')}: {stands[effect]} stands for it")
        for effect, study in zip(frame["effect_id"], frame["study_id"], strict=True)
        if stands[effect] != effect
    ]
    return frame[chosen], left


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _require_comparable(frame: pd.DataFrame, analysis: Analysis) -> None:
    where = f"analysis `{analysis.name}`"
    others = frame[frame["scale"] != analysis.scale] if len(frame) else frame
    if len(others):
        named = ", ".join(others["effect_id"].head(5))
        raise MetareviewError(
            f"{where} is on the {analysis.scale} scale, but {named} {'is' if len(others) == 1 else 'are'} not",
            "Narrow `where`, or analyse them apart.",
        )
    _require_poolable(frame, where)
    if DIRECTION in frame and frame[DIRECTION].dropna().nunique() > 1:
        groups = frame.groupby(DIRECTION)["effect_id"].apply(lambda ids: ", ".join(ids.head(3)))
        raise MetareviewError(
            f"{where} mixes directions: " + "; ".join(f"{d}: {ids}" for d, ids in groups.items()),
            f"Add `{DIRECTION}` to `where`, so that a fall means the same in every effect.",
        )


def _require_poolable(frame: pd.DataFrame, where: str) -> None:
    """Refuse measures that are never pooled, and measures whose yi above 0 means more beside those where it means less.

    The protocol's `sense` turns contrasts round, not measures, and does not count.
    """
    rows = _rows(frame) if MEASURE in frame else []
    told = [(f"{row['effect_id']} ({row[MEASURE]})", _measure(row)) for row in rows]
    never = [name for name, measure in told if not measure.pooled]
    if never:
        raise MetareviewError(
            f"{where} has effects of a measure that is never pooled: {', '.join(never[:5])}",
            "Leave them out with `where_not`, and show them one by one.",
        )
    sides = {side: [name for name, m in told if m.positive == side] for side in ("more", "less")}
    if all(sides.values()):
        said = "; ".join(f"above 0 is {side} of the outcome in {', '.join(names[:3])}" for side, names in sides.items())
        raise MetareviewError(
            f"{where} has a mixed orientation: {said}",
            "Compute one measure for all: RIRR for RES, from the same counts; a printed RES is GEN with `inverted`.",
        )


def _measure(row: Mapping[str, Any]) -> Measure:
    from ..effects.registry import find_measure

    return find_measure(row[MEASURE])


def _matches(value: Any, wanted: Values) -> bool:
    if wanted == ANY:
        return filled(value)
    values = wanted if isinstance(wanted, tuple) else (wanted,)
    return filled(value) and any(_equal(value, w) for w in values)


def _equal(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(value, bool):
        return _true(value) == _true(wanted)
    if isinstance(value, list | tuple):
        return wanted in value
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return float(value) == float(wanted)
    return str(value) == str(wanted)


def _true(value: Any) -> bool:
    return value is not None and value == value and bool(value)


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " or ".join(str(v) for v in value)
    return str(value) if filled(value) else "empty"
