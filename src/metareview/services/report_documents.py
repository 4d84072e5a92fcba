"""The report as files: tables (CSV, Markdown, HTML), figures (SVG, PDF, PNG), and the documents that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..coding.events import CodedRow
from ..folder import ReviewFolder
from ..protocol.models import Protocol
from ..report.documents import Picture, Section, write_document
from ..report.numbers import plural
from ..report.prisma import FlowCounts, IdentityCheck, to_rows, to_template_rows
from ..report.tables import Table
from ..tabular import write_csv
from . import lesson_tables
from . import report_tables as tables
from .analyze import AnalysisResult, marked
from .dedupe import waiting_pairs
from .lessons import Finding, Lessons, certainty_text
from .selection import better
from .state import ReviewState

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything a report tells: the state, the effects, their syntheses, the flow and the lessons."""

    state: ReviewState
    effects: pd.DataFrame
    phi: pd.DataFrame
    results: Mapping[str, AnalysisResult]
    counts: FlowCounts
    checks: list[IdentityCheck]
    lessons: Lessons
    protocol_sha256: str


def write(folder: ReviewFolder, evidence: Evidence, out: Path) -> list[Path]:
    """Write the whole report into `out` and return what was written."""
    written = _prisma(evidence, out)
    pictures = _figures(folder.protocol, evidence, out)
    written += [p for _, paths in pictures.values() for p in paths]
    found = _tables(folder, evidence)
    for each in found.values():
        written += each.write(out / "tables")
    shown = {name: picture for name, (picture, _) in pictures.items()}
    title, limits = folder.protocol.title, folder.protocol.limits
    lead = (folder.protocol.note,) if folder.protocol.note else ()
    written += write_document(out / "report", title, lead, _report(folder.protocol, evidence, found, shown, limits))
    written += write_document(
        out / "lessons", f"Lessons: {title}", lead, _lessons(folder.protocol, evidence, found, limits)
    )
    return written


def study_labels(state: ReviewState, frame: pd.DataFrame) -> dict[str, str]:
    """Return effect id -> how a figure names it: first author and year, and the outcome where a study has several."""
    studies = state.included_studies()
    found = {}
    several = frame["study_id"].duplicated(keep=False)
    what = frame.get("outcome_label", frame["effect_id"])
    for effect, study, more, outcome in zip(frame["effect_id"], frame["study_id"], several, what, strict=True):
        record = state.records[studies[study][0]] if study in studies else None
        place = state.coding.rows["study"].get(study)
        city = str(place.values.get("city", "")) if place else ""
        who = f"{record.authors[0].split(',')[0]} {record.year or ''}".strip() if record and record.authors else study
        named = f"{who}, {city}" if city else who
        found[effect] = f"{named}: {outcome}" if more else named
    return found


def _tables(folder: ReviewFolder, evidence: Evidence) -> dict[str, Table]:
    results = list(evidence.results.values())
    apart = [r for r in results if r.analysis.flag or r.standing.new]
    main = [r for r in results if r not in apart]
    labels = {s.name: s.label or s.name for s in folder.protocol.sensitivity}
    found = [
        tables.searches(evidence.state, folder),
        tables.included(evidence.state, folder),
        tables.excluded(evidence.state, folder),
        tables.effects(evidence.effects),
        tables.overdispersion(evidence.phi),
        tables.pooled(main),
        tables.pooled(apart, "pooled_apart", "Pooled results kept apart from the main ones"),
        tables.between_groups(results),
        tables.regressions(results),
        tables.sensitivity(results, labels),
        tables.leave_one_out(results),
        tables.left_out(results),
        tables.identities(evidence.checks),
        tables.flow_ids(evidence.counts, evidence.state),
        lesson_tables.findings(evidence.lessons),
        lesson_tables.coded_lessons(evidence.lessons, evidence.state, folder),
        lesson_tables.themes(evidence.lessons, evidence.state, folder.protocol.lessons),
        lesson_tables.practice(evidence.lessons, evidence.state, folder),
    ]
    return {t.name: t for t in found}


def _prisma(evidence: Evidence, out: Path) -> list[Path]:
    rows = to_rows(evidence.counts)
    template = to_template_rows(evidence.counts)
    return [
        write_csv(out / "prisma" / "flow.csv", list(rows[0]), [list(r.values()) for r in rows]),
        write_csv(
            out / "prisma" / "prisma2020_template.csv",
            list(template[0]),
            [list(r.values()) for r in template],
        ),
    ]


def _figures(protocol: Protocol, evidence: Evidence, out: Path) -> dict[str, tuple[Picture, list[Path]]]:
    from ..report.figures.flow import alt_text as flow_alt
    from ..report.figures.flow import flow
    from ..report.figures.save import save

    folder = out / "figures"
    found: dict[str, tuple[Picture, list[Path]]] = {}
    picture = Picture(
        "figures/prisma_flow.svg", "PRISMA 2020 flow diagram (Page et al. 2021).", flow_alt(evidence.counts)
    )
    found["prisma_flow"] = (picture, save(flow(evidence.counts), folder / "prisma_flow"))
    for result in evidence.results.values():
        found |= draw(protocol, evidence.state, result, folder)
    return found


def draw(
    protocol: Protocol, state: ReviewState, result: AnalysisResult, folder: Path
) -> dict[str, tuple[Picture, list[Path]]]:
    """Draw the forest and funnel plot of one analysis into `folder`; none when nothing was pooled."""
    from ..report.figures.save import save

    found: dict[str, tuple[Picture, list[Path]]] = {}
    for kind, drawn in (("forest", _forest), ("funnel", _funnel)) if result.pooled is not None else ():
        if kind == "funnel" and result.pooled is not None and result.pooled.k < 3:
            continue
        figure, caption, alt = drawn(protocol, state, result)
        stem = f"{kind}_{result.analysis.name}"
        found[stem] = (Picture(f"figures/{stem}.svg", caption, alt), save(figure, folder / stem))
    return found


def _forest(protocol: Protocol, state: ReviewState, result: AnalysisResult) -> tuple[Any, str, str]:
    from ..report.figures.forest import alt_text, forest

    analysis = result.analysis
    groups = None
    if result.subgroups is not None and sum(g.k for g in result.subgroups.groups) == (
        result.pooled and result.pooled.k
    ):
        names = tuple(protocol.category_label(analysis.subgroup, name) for name in result.subgroups.names)
        groups = replace(result.subgroups, names=names, warnings=())
    new_groups = "post hoc subgroups" if result.standing.of_part("subgroup") else ""
    figure = forest(
        result.pooled,
        subgroups=groups,
        labels=study_labels(state, result.selection.frame),
        scale=analysis.scale,
        favours=_favours(protocol, result),
        title=marked(analysis.label, result.flag or (new_groups if groups is not None else "")),
        xlabel="Ratio" if analysis.scale == "log" else "Standardised mean difference",
    )
    caption = f"{result.label}: effects, pooled estimate (diamond) and {100 * analysis.level:g}% prediction interval."
    return figure, caption, alt_text(result.pooled, subgroups=groups, scale=analysis.scale)


def _funnel(protocol: Protocol, state: ReviewState, result: AnalysisResult) -> tuple[Any, str, str]:
    from ..report.figures.funnel import alt_text, funnel

    analysis = result.analysis
    figure = funnel(result.pooled, scale=analysis.scale, title=result.label)
    return (
        figure,
        f"{result.label}: funnel plot of standard error against effect.",
        alt_text(result.pooled, scale=analysis.scale),
    )


def _favours(protocol: Protocol, result: AnalysisResult) -> tuple[str, str]:
    lower = better(result.selection.frame, protocol) == "lower_is_better"
    sides = ("favours the approach", "favours no approach")
    return sides if lower else (sides[1], sides[0])


def _report(
    protocol: Protocol,
    evidence: Evidence,
    found: Mapping[str, Table],
    pictures: Mapping[str, Picture],
    limits: tuple[str, ...],
) -> list[Section]:
    question = protocol.question
    pico = (
        ("Population", question.population), ("Intervention", question.intervention), ("Comparison", question.comparison),
        ("Outcome", question.outcome), ("Study design", question.study_design), ("Timeframe", question.timeframe),
    )  # fmt: skip
    reasons = tuple(f"{r.label} ({r.code})" for r in protocol.exclusion_reasons)
    sections = [
        Section("Question", (question.text,), tuple(f"{name}: {text}" for name, text in pico if text)),
        Section("Limits", ("What this review is not, and what weakens it:",) if limits else (), limits),
        Section("Eligibility", ("Included:",), protocol.eligibility.include),
        Section("Excluded", ("One reason each, the first that applies in this order:",), reasons, level=3),
        Section("Protocol", tuple(_registration(evidence))),
        Section("Searches", tables=(found["searches"],)),
        Section(
            "Flow of records and reports",
            (*_updated(evidence), *_open_work(evidence.state)),
            tables=(found["prisma_identities"],),
            pictures=(pictures["prisma_flow"],),
        ),
        Section("Included studies", tables=(found["included_studies"],)),
        Section("Reports left out", tables=(found["excluded_reports"],)),
        Section("Effects", tables=(found["effects"], found["overdispersion"])),
        Section("Pooled results", tables=(found["pooled"], found["between_groups"], found["meta_regression"])),
        *_analyses(evidence, pictures),
        Section("Kept apart", tables=(found["pooled_apart"],)),
        Section("Sensitivity", tables=(found["sensitivity"], found["leave_one_out"])),
        Section("Effects left out of analyses", tables=(found["left_out_effects"],)),
    ]
    return sections


def _analyses(evidence: Evidence, pictures: Mapping[str, Picture]) -> list[Section]:
    return [
        Section(
            result.analysis.label + (f" ({result.flag})" if result.flag else ""),
            tuple(f"Note: {w}" for w in (*(result.pooled.warnings if result.pooled else ()), *result.notes)),
            pictures=tuple(pictures[f"{kind}_{name}"] for kind in ("forest", "funnel") if f"{kind}_{name}" in pictures),
            level=3,
        )
        for name, result in evidence.results.items()
    ]


def _updated(evidence: Evidence) -> list[str]:
    """Say that the review updates an earlier version, and which reports of that one are no longer included."""
    state, counts = evidence.state, evidence.counts
    if not state.updates:
        return []
    last = state.updates[-1]
    studies = plural(counts.n("previous_studies"), "study", "studies")
    told = (
        f"This is version {last.version} of the review, updated with searches from {last.date} ({last.reason}). The version "
        f"before included {studies} in {plural(counts.n('previous_reports'), 'report')}."
    )
    if counts.n("carried_over") or counts.n("other_carried_over"):
        told += (
            " Records that it left open, and records on which its decision no longer stands, pass through the flow again; "
            "they are counted apart from those that the new searches identified."
        )
    gone = [state.records[r].cite() if r in state.records else r for r in counts.of("dropped_reports")]
    return [told, f"No longer included: {'; '.join(gone)}."] if gone else [told]


def _open_work(state: ReviewState) -> list[str]:
    """Return what the counts do not tell: duplicates that were not looked for, or not judged."""
    if state.literature.stale:
        return ["Duplicates were not looked for since the last export came in, so the counts are provisional."]
    waiting = len(waiting_pairs(state))
    return [f"{plural(waiting, 'pair')} of possible duplicates still to be judged."] if waiting else []


def _registration(evidence: Evidence) -> list[str]:
    known = evidence.state.registrations
    if not known:
        return ["The protocol was not registered."]
    told = [
        f"Version {r.version} registered on {r.date} (SHA-256 {r.sha256[:12]}…)"
        + (f": {r.reason}" if r.reason else ".")
        for r in known
    ]
    if known[-1].sha256 != evidence.protocol_sha256:
        told.append(
            "The protocol was changed after that, and this report is made with a change that is not registered."
        )
    return told


def _lessons(
    protocol: Protocol, evidence: Evidence, found: Mapping[str, Table], limits: tuple[str, ...]
) -> list[Section]:
    themes = lesson_tables.by_theme(evidence.lessons, protocol.lessons)
    across = [
        Section(
            theme.replace("_", " ").capitalize(),
            tables=(lesson_tables.lessons_of(coded, evidence.lessons, evidence.state, theme),),
            level=3,
        )
        for theme, coded in themes.items()
    ]
    return [
        Section("How to read this", _reading(), limits),
        Section("What was found, per approach and outcome", tables=(found["findings"],)),
        *_approaches(protocol, evidence),
        Section("What the studies tell across approaches", tables=(found["themes"],)),
        *across,
        Section("Practice knowledge, beside the studies", tables=(found["practice"],)),
    ]


def _approaches(protocol: Protocol, evidence: Evidence) -> list[Section]:
    """Return a section an approach: its pooled effects in words, the effects behind them, its coded lessons."""
    variable = protocol.lessons.approach
    findings: dict[str, list[Finding]] = {}
    for f in evidence.lessons.findings:
        findings.setdefault(f.approach, []).append(f)
    coded: dict[str, list[CodedRow]] = {}
    for row in evidence.lessons.coded:
        if variable in row.values:
            coded.setdefault(str(row.values[variable]), []).append(row)
    names = sorted({*findings, *coded}, key=lambda name: protocol.category_label(variable, name).casefold())
    return [_approach(protocol, evidence, name, findings.get(name, []), coded.get(name, [])) for name in names]


def _approach(
    protocol: Protocol, evidence: Evidence, name: str, findings: list[Finding], coded: list[CodedRow]
) -> Section:
    rules = protocol.lessons
    shown = [lesson_tables.effects_of(findings, evidence.results, rules, name)] if findings else []
    shown += [lesson_tables.lessons_of(coded, evidence.lessons, evidence.state, name)] if coded else []
    none = () if findings else ("No effect was pooled for this approach.",)
    title = _capital(protocol.category_label(rules.approach, name))
    return Section(title, none, tuple(_told(f) for f in findings), tuple(shown), level=3)


def _told(finding: Finding) -> str:
    doubts = " ".join(f"{doubt.rstrip('.')}." for doubt in finding.doubts)
    kinds = f" Change in: {', '.join(finding.kinds)}." if finding.kinds else ""
    said = f"{finding.sentence}{kinds} {doubts}".rstrip()
    return f"{said} Certainty: {certainty_text(finding.judgements)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _reading() -> tuple[str, ...]:
    return (
        "A percentage tells how much lower or higher a rate, risk or odds is with the approach than in comparison: −20% of a "
        "rate means a fifth fewer events than would have been expected. Of odds it is not a change in events: the more common "
        "the outcome, the more odds overstate it. The confidence interval tells how sure the average is, and the prediction "
        "interval what the true effect in one new area may be; with fewer than five effects, or where they differ no more than "
        "by chance, it is not told. Intervals of single studies are derived from their standard errors. Certainty is a "
        "person's judgement, with name and date; where nobody judged, it says so.",
        "Two tracks stand side by side and are never mixed: validated studies, which are pooled, and practice knowledge of "
        "residents and professionals, which is told in their own terms and enters no number.",
    )
