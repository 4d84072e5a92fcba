"""The tables of the report, from the state of a review and its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..folder import ReviewFolder
from ..report.numbers import agreement, effect, fixed, interval, p_value, pooled_cells, signed_percent
from ..report.prisma import FlowCounts, IdentityCheck, to_id_rows
from ..report.tables import Table, table
from ..synthesis.dependent.pooled import DependentPooled
from ..synthesis.intervals.qp import INTERVAL as QP
from .analyze import AnalysisResult, marked, named_groups
from .fitting import differences
from .state import ReviewState

if TYPE_CHECKING:
    import pandas as pd

DENSE = " (those of dependent effects: a dense likelihood and statsmodels)"
POOLED_HEADS = (
    ("analysis", "Analysis"), ("group", "Group"), ("k", "k"), ("level", "Level"), ("estimate", "Estimate"), ("ci", "CI"),
    ("wald", "CI (Wald)"), ("pi", "PI"), ("p", "p"), ("tau2", "τ²"), ("tau2_ci", "τ² CI"),
    ("I2", "I²"), ("H2", "H²"), ("Q", "Q (df), p"), ("agreement", "Second engine"), ("notes", "Notes"),
)  # fmt: skip


def searches(state: ReviewState, folder: ReviewFolder) -> Table:
    """Return the search log: PRISMA-S's source, date, query and yield per export."""
    titles = {s.name: s.title for s in folder.protocol.sources}
    rows = [
        {
            "source": titles.get(i.source, i.source), "kind": i.kind, "track": i.track, "date": i.date, "query": i.query,
            "hits": "not noted" if i.hits is None else i.hits, "records": i.records, "repaired": i.repaired,
            "quarantined": i.quarantined, "file": i.file,
        }
        for i in state.literature.imports
    ]  # fmt: skip
    heads = ("source", "kind", "track", "date", "query", "hits", "records", "repaired", "quarantined", "file")
    return table("searches", "Searches", [(h, h.capitalize()) for h in heads], rows)


def included(state: ReviewState, folder: ReviewFolder) -> Table:
    """Return the characteristics of the included studies: citation, reports and every coded study variable."""
    coded = state.coding.rows["study"]
    filled = {name for row in coded.values() for name in row.values}
    used = [v.name for v in folder.protocol.codebook.study if v.name in filled]
    effects = Counter(row.study_id for row in state.coding.rows["effect"].values())
    lessons = Counter(row.study_id for row in state.coding.rows["lesson"].values())
    rows = []
    for study, reports in sorted(state.included_studies().items()):
        values = dict(coded[study].values) if study in coded else {}
        cites = "; ".join(state.records[r].cite() for r in reports)
        counts = {"effects": effects[study], "lessons": lessons[study]}
        rows.append({"study_id": study, "reports": reports, "citation": cites, **values, **counts})
    heads = [("study_id", "Study"), ("citation", "Report"), *((v, v.replace("_", " ")) for v in used)]
    heads += [("effects", "Effects"), ("lessons", "Lessons"), ("reports", "Record ids")]
    return table("included_studies", f"Characteristics of the {len(rows)} included studies", heads, rows)


def excluded(state: ReviewState, folder: ReviewFolder) -> Table:
    """Return the reports excluded after full text and those not retrieved, each with its reason and who decided."""
    rows = []
    for report in state.sought():
        decision = state.decision("fulltext", report)
        outcome = state.screening.retrievals.get(report, ())
        base = {"record": report, "citation": state.records[report].cite()}
        if state.retrieved(report) is False:
            rows.append({**base, "outcome": "not retrieved", "reason": outcome[-1].reason, "by": outcome[-1].by})
        elif decision.decision == "exclude":
            note = next((v.note for v in decision.votes if v.note), "")
            reason = folder.protocol.reason_label(decision.reason)
            rows.append({**base, "outcome": "excluded", "reason": reason, "note": note, "by": ", ".join(decision.by)})
    heads = [
        ("record", "Record"),
        ("citation", "Report"),
        ("outcome", "Outcome"),
        ("reason", "Reason"),
        ("note", "Ground"),
        ("by", "By"),
    ]
    return table("excluded_reports", f"The {len(rows)} reports not retrieved or excluded after full text", heads, rows)


def effects(frame: pd.DataFrame) -> Table:
    """Return every coded effect with yi, its standard error, the inputs used and how it was reached."""
    keys = (
        "effect_id", "study_id", "outcome_domain", "outcome_label", "area_role", "measure", "formula_id", "inputs", "yi",
        "sei", "vi", "recorded_yi", "recorded_se", "sense_applied", "scale", "orientation",
        "method", "rule", "phi", "phi_source", "note", "locator",
    )  # fmt: skip
    present = [k for k in keys if k in frame]
    rows = [{str(k): v for k, v in row.items()} for row in frame[present].to_dict("records")]
    heads = [(k, k.replace("_", " ")) for k in present]
    notes = (
        "yi is on the log scale for ratios; where sense_applied is −1 the printed effect was turned round, because the "
        "intervention removed a control."
    )
    return table("effects", f"The {len(frame)} coded effects", heads, rows, notes)


def overdispersion(frame: pd.DataFrame) -> Table:
    """Return effects from before-after counts at overdispersion phi 1, 2 and 4."""
    rows = [
        {
            "effect_id": r["effect_id"], "phi": r["phi"], "yi": r["yi"], "se": r["se"], "change": signed_percent(r["yi"], 1),
            "ci": f"{signed_percent(r['ci_low'], 1)} to {signed_percent(r['ci_high'], 1)}", "in_use": bool(r["in_use"]),
        }
        for r in frame.to_dict("records")
    ]  # fmt: skip
    heads = [
        ("effect_id", "Effect"),
        ("phi", "φ"),
        ("yi", "log ratio"),
        ("se", "SE"),
        ("change", "Change"),
        ("ci", "95% CI"),
        ("in_use", "In use"),
    ]
    return table("overdispersion", "Effects from counts at overdispersion φ of 1, 2 and 4", heads, rows)


def pooled(results: Iterable[AnalysisResult], name: str = "pooled", title: str = "Pooled results") -> Table:
    """Return one row an analysis and one a subgroup, with both intervals, heterogeneity and the second engine."""
    rows = []
    results = list(results)
    for r in results:
        scale = r.analysis.scale
        label = marked(r.analysis.label, r.flag)
        if r.pooled is None:
            rows.append({"analysis": label, "group": "all", "k": "0", "notes": "; ".join(r.notes)})
            continue
        notes = "; ".join((*r.pooled.warnings, *r.notes))
        rows.append({"analysis": label, "group": "all", **pooled_cells(r.pooled, scale), "notes": notes})
        if r.subgroups is not None:
            flag = r.standing.of_part("subgroup")
            for group, p in named_groups(r.subgroups):
                cells = pooled_cells(p, scale)
                rows.append({"analysis": label, "group": marked(group, flag), **cells, "notes": "; ".join(p.warnings)})
    note = (
        "Estimates are ratios for effects on the log scale (below 1: fewer events with the approach) and SDs for "
        "standardised mean differences. The test of the interval is Knapp-Hartung's t, or z where the notes say so."
    )
    dependent = any(isinstance(r.pooled, DependentPooled) for r in results)
    engine = (
        f"Second engine: PyMARE fits each model again{DENSE if dependent else ''}; the largest relative difference lies below "
        "the decade shown, and one above 1e-5 stops the run."
    )
    return table(name, title, _heads_with_interval(rows), rows, note, engine)


def _heads_with_interval(rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Name the interval of tau2 in its head, or in every cell where the rows have different ones."""
    shown = [row for row in rows if row.get("tau2_ci", "–") != "–"]
    names = {row["tau2_ci_by"] for row in shown} or {QP.title}
    if len(names) > 1:
        for row in shown:
            row["tau2_ci"] += f" ({row['tau2_ci_by']})"
        return list(POOLED_HEADS)
    return [(key, f"{head} ({names.pop()})" if key == "tau2_ci" else head) for key, head in POOLED_HEADS]


def between_groups(results: Iterable[AnalysisResult]) -> Table:
    """Return the test between subgroups of each analysis, with one tau2 for all subgroups."""
    rows = [
        {
            "analysis": r.label, "subgroup": marked(r.analysis.subgroup, r.standing.of_part("subgroup")), "groups": len(s.names),
            "QM": f"χ² = {fixed(s.QM)}" if s.QM_df2 == float("inf") else fixed(s.QM),
            "df": f"{s.QM_df}, {s.QM_df2:g}".removesuffix(", inf") if s.QM_df else "–",
            "p": p_value(s.QM_p), "agreement": agreement(s.crosscheck), "notes": "; ".join(s.warnings),
        }
        for r in results
        if (s := r.subgroups) is not None
    ]  # fmt: skip
    heads = [
        ("analysis", "Analysis"),
        ("subgroup", "Subgroup"),
        ("groups", "Groups"),
        ("QM", "F"),
        ("df", "df"),
        ("p", "p"),
    ]
    note = "A meta-regression on the subgroup with one τ² for all; the test of the analysis (Knapp-Hartung: F)."
    heads += [("agreement", "Second engine"), ("notes", "Notes")]
    return table("between_groups", "Tests between subgroups", heads, rows, note)


def sensitivity(results: Iterable[AnalysisResult], labels: Mapping[str, str]) -> Table:
    """Return each analysis beside its sensitivity analyses."""
    rows = []
    for r in results:
        variants = [("main analysis", r.pooled)] + [
            (r.variant_label(n, labels), p) for n, (p, _) in r.sensitivity.items()
        ]
        for variant, p in variants if r.sensitivity else []:
            cells = pooled_cells(p, r.analysis.scale) if p is not None else {"k": "0"}
            rows.append({"analysis": r.label, "variant": variant, **cells})
    heads = [
        ("analysis", "Analysis"),
        ("variant", "Variant"),
        ("k", "k"),
        ("level", "Level"),
        ("estimate", "Estimate"),
        ("ci", "CI"),
        ("pi", "PI"),
        ("tau2", "τ²"),
        ("I2", "I²"),
        ("agreement", "Second engine"),
    ]
    return table("sensitivity", "Sensitivity analyses", heads, rows)


def leave_one_out(results: Iterable[AnalysisResult]) -> Table:
    """Return each analysis with each effect left out in turn."""
    rows = []
    for r in results:
        if r.leave_one_out is None:
            continue
        for row in r.leave_one_out.to_dict("records"):
            scale = r.analysis.scale
            shown = {
                "estimate": effect(row["estimate"], scale), "ci": interval(row["ci_low"], row["ci_high"], scale),
                "tau2": fixed(row["tau2"], 4), "I2": fixed(row["I2"], 0) + "%", "Q": fixed(row["Q"], 2),
            }  # fmt: skip
            rows.append({"analysis": r.label, "omitted": row["omitted"], "k": row["k"], **shown, "test": row["test"]})
    heads = [
        ("analysis", "Analysis"),
        ("omitted", "Without"),
        ("k", "k"),
        ("estimate", "Estimate"),
        ("ci", "CI"),
        ("tau2", "τ²"),
        ("I2", "I²"),
        ("Q", "Q"),
        ("test", "Test"),
    ]
    return table("leave_one_out", "Leave-one-out", heads, rows)


def regressions(results: Iterable[AnalysisResult]) -> Table:
    """Return the coefficients of every planned meta-regression."""
    rows = []
    for r in results:
        for reg in r.regressions:
            test = f"{fixed(reg.QM)} ({reg.QM_df}), p {p_value(reg.QM_p)}"
            for c in reg.to_frame().to_dict("records"):
                base = {
                    "analysis": r.label,
                    "level": f"{100 * reg.level:g}%",
                    "model": r.formula(reg),
                    "k": reg.k,
                    "term": c["term"],
                }
                numbers = {
                    "estimate": fixed(c["estimate"], 3),
                    "ci": f"{fixed(c['ci_low'], 3)} to {fixed(c['ci_high'], 3)}",
                    "p": p_value(c["p"]),
                }
                told = {"QM": test, "R2": fixed(getattr(reg, "R2", None), 0), "agreement": agreement(differences(reg))}
                rows.append({**base, **numbers, **told, "notes": "; ".join(reg.warnings)})
    heads = [
        ("analysis", "Analysis"),
        ("model", "Model"),
        ("k", "k"),
        ("level", "Level"),
        ("term", "Term"),
        ("estimate", "Coefficient"),
        ("ci", "CI"),
        ("p", "p"),
        ("QM", "Omnibus test"),
        ("R2", "R² %"),
        ("agreement", "Second engine"),
        ("notes", "Notes"),
    ]
    note = (
        "Second engine: PyMARE fits each model again, and statsmodels its weighted least squares; the largest relative "
        "difference lies below the decade shown, and one above 1e-5 stops the run."
    )
    return table("meta_regression", "Meta-regressions", heads, rows, note)


def left_out(results: Iterable[AnalysisResult]) -> Table:
    """Return every effect offered to an analysis and left out of it, with the reason."""
    rows = [
        {
            "analysis": r.name,
            "effect_id": item.effect_id,
            "study_id": item.study_id,
            "reason": item.reason,
        }
        for r in results
        for item in r.selection.left_out
    ]
    heads = [("analysis", "Analysis"), ("effect_id", "Effect"), ("study_id", "Study"), ("reason", "Reason")]
    return table("left_out_effects", "Effects left out of each analysis", heads, rows)


def identities(checks: Iterable[IdentityCheck]) -> Table:
    """Return the identities between the boxes of the flow diagram."""
    rows = [
        {
            "id": c.id, "rule": c.rule, "left": c.left, "right": c.right, "pending": c.pending,
            "holds": "holds" if c.holds else ("warns" if c.severity == "warn" else "fails"), "note": c.note,
        }
        for c in checks
    ]  # fmt: skip
    heads = [
        ("id", "Id"),
        ("rule", "Identity"),
        ("left", "Left"),
        ("right", "Right"),
        ("pending", "Pending"),
        ("holds", "Result"),
        ("note", "Note"),
    ]
    return table("prisma_identities", "Identities between the boxes of the flow diagram", heads, rows)


def flow_ids(counts: FlowCounts, state: ReviewState) -> Table:
    """Return the ids behind every box of the flow diagram."""
    cite = {name: record.cite() for name, record in state.records.items()}
    rows = [{**row, "citation": cite.get(row["id"], "")} for row in to_id_rows(counts)]
    heads = [("r_key", "Box"), ("detail", "Of which"), ("id", "Id"), ("citation", "Citation")]
    return table("prisma_ids", "What stands behind each box", heads, rows)
