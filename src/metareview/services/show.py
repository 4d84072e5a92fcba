"""show: walk anything back to its source: a record to its export line, an effect to its cell, a study to both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..coding.codebook import to_cell
from ..coding.events import ID_COLUMN, CodedRow
from ..errors import MetareviewError
from ..folder import PROTOCOL, ReviewFolder
from ..literature.events import WITHDRAWN
from ..parallel import Progress
from .state import ReviewState, load_state

Fact = tuple[str, Any]


def run(folder: ReviewFolder, name: str, progress: Callable[[str], Progress] | None = None) -> list[Fact]:
    """Return what is known of a record, study, effect, lesson or principle, from its source to its use.

    `progress` is that of `analyze.run`.

    Raises:
        MetareviewError: nothing has this id.
    """
    state = load_state(folder)
    if name in state.records:
        return _record(state, name)
    for level, rows in state.coding.rows.items():
        if level != "study" and name in rows:
            return _coded(folder, state, rows[name])
    if name in state.included_studies() or name in state.coding.rows["study"]:
        return _study(folder, state, name)
    if name.rpartition("/")[2] in {a.name for a in folder.protocol.analyses}:
        return _pooled(folder, name, progress)
    gone = [e for e in folder.events() if e.kind == WITHDRAWN and e.data["prefix"] == name.rpartition(":")[0]]
    if gone:
        d = gone[-1].data
        return [("record", name), ("left", f"its import was taken back by {d['by']}, {gone[-1].time}: {d['reason']}")]
    raise MetareviewError(
        f"nothing here is called `{name}`",
        "Give the id of a record, study, effect, lesson or principle, an analysis, or APPROACH/ANALYSIS.",
    )


def _pooled(folder: ReviewFolder, name: str, progress: Callable[[str], Progress] | None) -> list[Fact]:
    """Tell a pooled number by the effects it is made of, each of which `show` walks further back."""
    from ..report.numbers import engine_of
    from .analyze import named_groups
    from .analyze import run as analyze

    group, _, analysis = name.rpartition("/")
    result = analyze(folder, [analysis], progress=progress)[analysis]
    groups = dict(named_groups(result.subgroups)) if result.subgroups is not None else {}
    if group and group not in groups:
        raise MetareviewError(f"{analysis} has no group `{group}`", f"Its groups: {', '.join(groups) or 'none'}.")
    pooled = groups[group] if group else result.pooled
    facts: list[Fact] = [("analysis", analysis), ("label", result.analysis.label)]
    facts += (
        [("named in", PROTOCOL), ("standing", result.standing.flag)]
        if result.standing.flag
        else [("planned in", PROTOCOL)]
    )
    facts += [("group", group)] if group else []
    if pooled is None:
        return [*facts, *(("note", note) for note in result.notes)]
    for key in ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "I2", "Q", "k", "method", "test"):
        facts.append((key, getattr(pooled, key)))
    facts += [("component", f"{name} {value:.6g}") for name, value in getattr(pooled, "components", {}).items()]
    facts += [
        (f"{engine_of(pooled)} differs in {what}, relatively", f"{value:.1e}")
        for what, value in pooled.crosscheck.items()
    ]
    facts += [
        ("effect", f"{label}: yi {yi:.6g}, vi {vi:.6g}, weight {weight:.1f}%")
        for label, yi, vi, weight in zip(pooled.labels, pooled.yi, pooled.vi, pooled.weights, strict=True)
    ]
    if not group:
        facts += [("left out", f"{x.effect_id}: {x.reason}") for x in result.selection.left_out]
    return facts + [("note", w) for w in pooled.warnings]


def _record(state: ReviewState, record_id: str) -> list[Fact]:
    record, origin = state.records[record_id], state.origin[record_id]
    kept = state.literature.stands_for(record_id)
    facts: list[Fact] = [
        ("record", record_id), ("citation", record.cite()), ("journal", record.journal), ("doi", record.doi),
        ("export", f"{origin.file} line {record.line}"), ("export SHA-256", origin.sha256),
        ("search", f"{origin.source}, {origin.date}: {origin.query or 'no query noted'}"),
    ]  # fmt: skip
    if kept != record_id:
        facts.append(("duplicate of", kept))
    facts += _merged(state, record_id)
    facts += [
        ("merged", f"{m['a']} = {m['b']}: {m['rule']} ({m['reason']})")
        for m in state.literature.duplicates.merges
        if record_id in (m["a"], m["b"])
    ]
    for stage in ("title", "fulltext"):
        decision = state.decision(stage, kept)
        for vote in decision.votes:
            said = f"{vote.decision} {vote.reason}".strip()
            facts.append((f"{stage} vote", f"{said} by {vote.by}, {vote.time} ({vote.event_id}) {vote.note}".strip()))
        if decision.votes:
            facts.append((f"{stage} decision", decision.decision or f"{decision.status} {decision.why}".strip()))
    for outcome in state.screening.retrievals.get(kept, ()):
        facts.append(
            (
                "retrieval",
                f"{'retrieved' if outcome.retrieved else 'not retrieved: ' + outcome.reason} ({outcome.by}, {outcome.time})",
            )
        )
    study = state.study_of(kept)
    return facts + ([("study", study)] if study else [])


def _merged(state: ReviewState, record_id: str) -> list[Fact]:
    """Tell what the copies of a work say together: each field, who gave it by which rule, and what others have."""
    merged = state.merged(record_id)
    if len(merged.record_ids) == 1:
        return []
    facts: list[Fact] = [("copies", ", ".join(merged.record_ids))]
    for field in merged.fields:
        what, taken = f"merged {field.name}", field.given_by if field.rule == "united" else field.given_by[:1]
        facts.append((what, to_cell(field.value) if taken else f"none: {field.why}"))
        facts += [(f"{what} from", f"{given}: {field.why}") for given in taken]
        facts += [(f"{what} differs", f"{to_cell(other.value)} in {other}") for other in field.differences]
    return facts


def _study(folder: ReviewFolder, state: ReviewState, study: str) -> list[Fact]:
    facts: list[Fact] = [("study", study)]
    facts += [("report", f"{r}: {state.records[r].cite()}") for r in state.included_studies().get(study, ())]
    row = state.coding.rows["study"].get(study)
    facts += _values(row) if row else []
    for level in ("effect", "lesson"):
        facts += [(level, r.row_id) for r in state.coding.of_study(level, study)]
    return facts


def _coded(folder: ReviewFolder, state: ReviewState, row: CodedRow) -> list[Fact]:
    facts: list[Fact] = [(row.level, row.row_id)]
    facts += [("study", row.study_id)] if row.study_id else []
    facts += _values(row)
    if row.level == "effect":
        facts += _effect(folder, row)
    return facts + [
        ("report", f"{r}: {state.records[r].cite()}") for r in state.included_studies().get(row.study_id, ())
    ]


def _effect(folder: ReviewFolder, row: CodedRow) -> list[Fact]:
    from .effects import compute
    from .selection import select

    frame = compute([row], folder.protocol)
    computed = frame.iloc[0]
    facts = [
        (k, computed[k])
        for k in (
            "formula_id",
            "inputs",
            "rule",
            "phi",
            "phi_source",
            "method",
            "orientation",
            "yi_printed",
            "sense_applied",
            "yi",
            "vi",
            "sei",
            "note",
        )
    ]
    from .effects import run as all_effects

    effects = all_effects(folder)
    for analysis in folder.protocol.analyses:
        if row.row_id in set(select(effects, analysis).frame["effect_id"]):
            facts.append(("analysis", analysis.name))
    return facts


def _values(row: CodedRow) -> list[Fact]:
    where = f"{row.form} row {row.cell_row}" if row.form else "no form"
    facts: list[Fact] = [("coded in", f"{where}, by {row.by}, {row.time} ({row.event_id})")]
    return facts + [(k, to_cell(v)) for k, v in row.values.items() if k != ID_COLUMN[row.level]]
