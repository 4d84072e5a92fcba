"""The tables of lessons: pooled effects in plain terms, coded lessons, themes, and (apart) practice knowledge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import Any

from ..coding.events import CodedRow
from ..folder import ReviewFolder
from ..lessons.plain import change
from ..lessons.plain import value as cells
from ..protocol.models import LessonRules
from ..report.numbers import plural
from ..report.tables import Table, table
from .analyze import AnalysisResult
from .lessons import Finding, Lessons, certainty_text, designs_text
from .state import ReviewState

NO_THEME = "without a theme"


def findings(lessons: Lessons) -> Table:
    """Return the findings per approach and outcome in plain terms."""
    rows = []
    for f in lessons.findings:
        estimate, ci, pi = change(f.pooled, f.scale)
        rows.append(
            {
                "approach": f.approach_label, "outcome": f.outcome, "change": estimate, "ci": ci, "pi": pi,
                "k": f.pooled.k, "level": f"{100 * f.pooled.level:g}%",
                "designs": designs_text(f.designs), "doubts": " ".join(f.doubts),
                "kinds": f.kinds,
                "certainty": certainty_text(f.judgements),
                "studies": f.studies, "key": f.key,
            }
        )  # fmt: skip
    heads = [
        ("approach", "Approach"),
        ("outcome", "Outcome"),
        ("kinds", "Change in"),
        ("level", "Level"),
        ("change", "Change"),
        ("ci", "CI"),
        ("pi", "PI"),
        ("k", "k"),
        ("designs", "Designs"),
        ("doubts", "Doubts"),
        ("certainty", "Certainty"),
        ("studies", "Studies"),
        ("key", "Key"),
    ]
    return table("findings", "Pooled effects per approach and outcome, in plain terms", heads, rows)


def effects_of(
    findings: Iterable[Finding], results: Mapping[str, AnalysisResult], rules: LessonRules, name: str
) -> Table:
    """Return the effects behind the findings of an approach, each once, with what its coding doubts."""
    rows: dict[str, dict[str, Any]] = {}
    for f in findings:
        frame = results[f.analysis].selection.frame.set_index("effect_id", drop=False)
        for label in f.pooled.labels:
            row = frame.loc[label].to_dict()
            yi, half = float(row["yi"]), NormalDist().inv_cdf(0.975) * float(row["sei"])
            doubts = [str(row[d]) for d in (*rules.doubts, "note") if d in row and row[d] == row[d] and row[d]]
            rows.setdefault(
                label,
                {
                    "effect": label,
                    "study": row["study_id"],
                    "what": row.get("outcome_label", ""),
                    "change": cells(yi, f.scale),
                    "ci": f"{cells(yi - half, f.scale)} to {cells(yi + half, f.scale)}",
                    "doubts": "; ".join(doubts),
                },
            )
    heads = [("effect", "Effect"), ("study", "Study"), ("what", "Outcome as measured"), ("change", "Change")]
    heads += [("ci", "95% CI (from its SE)"), ("doubts", "Doubts in the coding")]
    return table(f"effects_{name}", f"{plural(len(rows), 'effect')} behind these numbers", heads, rows.values())


def coded_lessons(lessons: Lessons, state: ReviewState, folder: ReviewFolder) -> Table:
    """Return every coded lesson of the studies' track with its source, locator and judged certainty."""
    rows = _lessons(lessons.coded, lessons, state)
    used = [v.name for v in folder.protocol.codebook.lesson]
    heads = [("lesson_id", "Id"), ("study_id", "Study"), ("citation", "Source")]
    heads += [*((v, v.replace("_", " ")) for v in used), ("certainty", "Certainty")]
    return table("lessons", f"The {len(rows)} coded lessons", heads, rows)


def lessons_of(coded: Iterable[CodedRow], lessons: Lessons, state: ReviewState, name: str) -> Table:
    """Return some coded lessons as a short table for a document."""
    rows = _lessons(coded, lessons, state)
    for row in rows:
        row["what"] = ", ".join(str(row[k]) for k in ("emmie", "kind") if row.get(k))
    heads = [
        ("text", "Lesson"),
        ("what", "Kind"),
        ("citation", "Source"),
        ("locator", "Where"),
        ("certainty", "Certainty"),
    ]
    heads += [("lesson_id", "Id")]
    return table(f"lessons_{name}", f"Coded lessons ({len(rows)})", heads, rows)


def themes(lessons: Lessons, state: ReviewState, rules: LessonRules) -> Table:
    """Return per theme how many lessons say helped, hindered or mixed, and from how many independent sources."""
    studies = state.coding.rows["study"]
    rows = []
    for theme, coded in by_theme(lessons, rules).items():
        kinds = Counter(str(row.values.get("kind", "")) for row in coded)
        clusters = set()
        for row in coded:
            study = studies.get(row.study_id)
            clusters.add(study.values.get(rules.cluster, row.study_id) if study else row.study_id)
        counts = {kind: kinds[kind] for kind in ("helped", "hindered", "mixed")}
        rows.append({"theme": theme.replace("_", " "), "lessons": len(coded), **counts, "sources": len(clusters)})
    heads = [
        ("theme", "Theme"),
        ("lessons", "Lessons"),
        ("helped", "Helped"),
        ("hindered", "Hindered"),
        ("mixed", "Mixed"),
    ]
    note = "Sources of one programme or research group count once."
    return table("themes", "Lessons by theme", [*heads, ("sources", "Independent sources")], rows, note)


def by_theme(lessons: Lessons, rules: LessonRules) -> dict[str, list[CodedRow]]:
    """Return the coded lessons by theme, the theme with most first; those told at their approach need no theme."""
    found: dict[str, list[CodedRow]] = {}
    for row in lessons.coded:
        theme = row.values.get(rules.theme) if rules.theme else None
        if theme or rules.approach not in row.values:
            found.setdefault(str(theme or NO_THEME), []).append(row)
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def practice(lessons: Lessons, state: ReviewState, folder: ReviewFolder) -> Table:
    """Return the principles of residents and professionals; they are listed and never pooled."""
    rows = [{"practice_id": row.row_id, **row.values} for row in lessons.practice]
    for row in rows:
        source = state.records.get(str(row.get("source_record", "")))
        row["citation"] = source.cite() if source else ""
    used = [v.name for v in folder.protocol.codebook.practice]
    heads = [("practice_id", "Id"), *((v, v.replace("_", " ")) for v in used), ("citation", "Source")]
    note = "Practice knowledge stands beside the studies and enters no pooled number."
    return table("practice", "Practice knowledge of residents and professionals", heads, rows, note)


def _lessons(coded: Iterable[CodedRow], lessons: Lessons, state: ReviewState) -> list[dict[str, Any]]:
    studies = state.included_studies()
    cite = {study: "; ".join(state.records[r].cite() for r in reports) for study, reports in studies.items()}
    return [
        {
            "lesson_id": row.row_id,
            "study_id": row.study_id,
            "citation": cite.get(row.study_id, ""),
            **row.values,
            "certainty": certainty_text(lessons.judgements.get(row.row_id, ())),
        }
        for row in coded
    ]
