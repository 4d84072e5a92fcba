"""The words of a PRISMA 2020 flow diagram: what stands in each box, and the notes below.

Wording after Page MJ, et al. The PRISMA 2020 statement. BMJ 2021;372:n71 (CC BY 4.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metareview.report.prisma import DATABASES_REGISTERS, OTHER_METHODS, FlowCounts, box_lines, check

CITATION = "Flow diagram after Page MJ, et al. The PRISMA 2020 statement. BMJ 2021;372:n71 (CC BY 4.0)."
NO_REASON = "No reason recorded"
_LISTS = {
    "identified": ("database_results", "register_results", "carried_over"),
    "removed": ("duplicates", "excluded_automatic", "excluded_other"),
    "other_identified": ("website_results", "organisation_results", "citations_results", "other_carried_over"),
    "previous": ("previous_studies", "previous_reports"),
    "included": ("new_studies", "new_reports", "new_reports_of_previous"),
    "total": ("total_studies", "total_reports"),
    "meta_analysis": ("total_studies_ma", "total_reports_ma"),
}
_SINGLE = (
    ("screened", "records_screened"),
    ("excluded", "records_excluded"),
    ("sought", "dbr_sought_reports"),
    ("not_retrieved", "dbr_notretrieved_reports"),
    ("assessed", "dbr_assessed"),
    ("other_sought", "other_sought_reports"),
    ("other_not_retrieved", "other_notretrieved_reports"),
    ("other_assessed", "other_assessed"),
)
_ONE = {"studies": "study", "reports": "report"}
_HEADED = ("identified", "removed", "other_identified")


@dataclass(frozen=True)
class Line:
    """One line of a box before wrapping; `level` is how far it is indented."""

    text: str
    level: int = 0


Boxes = dict[str, tuple[Line, ...]]


def n_text(n: int) -> str:
    """Write "(n = 1,234)" so that it is never broken over two lines."""
    return f"(n = {n:,})".replace(" ", "\N{NO-BREAK SPACE}")


def boxes(counts: FlowCounts, labels: Mapping[str, str], sources: bool) -> Boxes:
    """Return the lines of every box this review shows.

    Arguments:
        counts: from `flow_counts`. labels: exclusion reason -> words. sources: list each under its kind.
    """
    words = {row["r_key"]: row for row in box_lines(counts)}
    found: Boxes = {}
    for name, keys in _LISTS.items():
        shown = [key for key in keys if key in words]
        if not shown:
            continue
        lines = [Line(words[shown[0]]["box"])] if name in _HEADED else []
        for key in shown:
            lines += _counted(counts, words[key]["line"], key, name in _HEADED, sources)
        found[name] = tuple(lines)
    if sources or not counts.sources:
        found["identified"] = (Line(found["identified"][0].text.replace("*", "")), *found["identified"][1:])
    for name, key in _SINGLE:
        if key in words:
            stars = "**" if key == "records_excluded" and counts.n("excluded_by_automation") else ""
            found[name] = (Line(words[key]["line"] + stars), Line(n_text(counts.n(key))))
    found["excluded_reports"] = _reasons(counts, DATABASES_REGISTERS, "dbr_excluded", labels)
    if counts.has_other_methods:
        found["other_excluded_reports"] = _reasons(counts, OTHER_METHODS, "other_excluded", labels)
    return found


def _counted(counts: FlowCounts, line: str, key: str, indented: bool, sources: bool) -> list[Line]:
    named = [s for s in counts.sources if sources and s.ids and set(s.ids) <= set(counts.of(key))]
    if not indented:
        return [Line(line), Line(n_text(counts.n(key)))]
    lines = [Line(f"{line} {n_text(counts.n(key))}", 1)]
    if key == "citations_results" and len(named) < 2:
        return lines
    return lines + [Line(f"{source.name} {n_text(len(source.ids))}", 2) for source in named]


def _reasons(counts: FlowCounts, lane: str, key: str, labels: Mapping[str, str]) -> tuple[Line, ...]:
    listed = [(labels.get(name, name), len(ids)) for name, ids in counts.reasons.get(lane, ())]
    given = {ident for _, ids in counts.reasons.get(lane, ()) for ident in ids}
    missing = len(set(counts.of(key)) - given)
    if missing:
        listed.append((NO_REASON, missing))
    if not listed:
        return (Line(f"Reports excluded: {n_text(0)}"),)
    return (Line("Reports excluded:"), *(Line(f"{name} {n_text(n)}", 1) for name, n in listed))


def notes(counts: FlowCounts, sources: bool) -> list[str]:
    """Return the notes under the diagram: sources, automation, residuals, work left, failed checks."""
    found = []
    if counts.sources and not sources:
        named = [s for s in counts.sources if s.lane == DATABASES_REGISTERS]
        found.append("* " + "; ".join(f"{s.name} {n_text(len(s.ids))}" for s in named) + ".")
    if counts.n("excluded_by_automation"):
        human, tool = counts.n("excluded_by_human"), counts.n("excluded_by_automation")
        found.append(f"** {human:,} excluded by a human and {tool:,} by automation tools.")
    found += [*_residuals(counts), *_unfinished(counts)]
    failed = [c.id for c in check(counts) if not c.holds and c.severity == "error"]
    if failed:
        found.append(f"The counts do not add up: {', '.join(failed)} of the flow checks fail.")
    return [*found, CITATION]


def _residuals(counts: FlowCounts) -> list[str]:
    found = []
    shared = len(counts.record_reports) - len(set(counts.record_reports.values()))
    if shared:
        found.append(f"{_are(shared, 'included record')} another record of a report already counted.")
    parts = [
        ("duplicates_other", "duplicates"),
        ("removed_other", "removed"),
        ("screened_out_other", "screened out"),
    ]
    told = [f"{counts.n(key):,} {what}" for key, what in parts if counts.n(key)]
    residual = next(c for c in check(counts) if c.id == "I5")
    rest = residual.left - residual.pending - residual.right
    if rest > 0:
        told.append(f"{rest:,} of a report that is counted elsewhere")
    if told and counts.has_other_methods:
        found.append(f"Records from other methods that led to no report here: {', '.join(told)}.")
    if counts.n("awaiting"):
        found.append(f"{_are(counts.n('awaiting'), 'report assessed')} awaiting classification.")
    if counts.n("ongoing"):
        found.append(f"{_are(counts.n('ongoing'), 'report assessed')} of an ongoing study.")
    gone = [(len(counts.ids.get(f"dropped_{what}", ())), what) for what in ("studies", "reports")]
    told = [f"{n:,} {_ONE[what] if n == 1 else what}" for n, what in gone if n]
    if told:
        found.append(f"No longer included, of the previous version: {' and '.join(told)}.")
    return found


def _are(n: int, what: str) -> str:
    first, _, rest = what.partition(" ")
    if n == 1:
        return f"1 {what} is"
    plural = f"{first}s {rest}" if rest == "assessed" else f"{what}s"
    return f"{n:,} {plural} are"


def _unfinished(counts: FlowCounts) -> list[str]:
    steps = (
        (("to_screen",), "record(s) to screen"),
        (("to_seek", "other_to_seek"), "record(s) whose report is to be sought"),
        (("dbr_to_assess", "other_to_assess"), "report(s) to retrieve or assess"),
    )
    left = [(sum(counts.n(key) for key in keys), what) for keys, what in steps]
    told = [f"{n:,} {what.replace('(s)', '' if n == 1 else 's')}" for n, what in left if n]
    return [f"Work in progress; still open: {', '.join(told)}."] if told else []


def describe(counts: FlowCounts) -> str:
    """Return one plain sentence that says what the diagram shows."""
    found = counts.n("database_results") + counts.n("register_results")
    text = f"PRISMA 2020 flow diagram: {found:,} records from databases and registers"
    if counts.has_other_methods:
        other = sum(len(counts.ids.get(key, ())) for key in _LISTS["other_identified"])
        text += f" and {other:,} from other methods"
    assessed = counts.n("dbr_assessed") + counts.n("other_assessed")
    text += f"; {counts.n('records_screened'):,} records screened, {assessed:,} reports assessed, "
    text += f"{counts.n('new_studies'):,} {'new ' if counts.updated else ''}studies"
    text += f" in {counts.n('new_reports'):,} reports included"
    if counts.updated:
        text += f"; {counts.n('total_studies'):,} studies in total"
    return text + "."
