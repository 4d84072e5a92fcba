"""The identities between the boxes of a flow diagram; rules are worded in `data/flow_identities.csv`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metareview.report.prisma_rows import data_rows

if TYPE_CHECKING:
    from metareview.report.prisma import FlowCounts


@dataclass(frozen=True)
class IdentityCheck:
    """One identity, whether it holds, and by how much not.

    Attributes:
        id, rule, severity: as in `data/flow_identities.csv`; a "warn" may fail for a reason in `note`.
        left, right: the two sides. holds: `left - pending` equals `right` (I8, I13: is at most `right`).
        pending: how many records or reports still await a step between the two sides; 0 in a finished review.
        note: what is pending or wrong, with ids; empty when there is nothing to tell.
    """

    id: str
    rule: str
    holds: bool
    left: int
    right: int
    severity: str
    note: str = ""
    pending: int = 0


@dataclass(frozen=True)
class _Sides:
    left: int
    right: int
    pending: int = 0
    todo: str = ""
    notes: tuple[str, ...] = ()
    at_most: bool = False
    fails: bool = False


def check(counts: FlowCounts) -> list[IdentityCheck]:
    """Check every identity I1..I14 on `counts`, in that order; arithmetic only, nothing is repaired."""
    checks = []
    for row in data_rows("flow_identities.csv"):
        sides = _RULES[row["id"]](counts)
        faults = tuple(text for ident, text in counts.faults if ident == row["id"])
        reached = sides.left - sides.pending
        equal = reached <= sides.right if sides.at_most else reached == sides.right
        holds = equal and not faults and not sides.fails
        notes = [*sides.notes, *faults]
        if not equal:
            notes.insert(0, f"the sides differ by {reached - sides.right:+d}")
        if sides.pending:
            notes.insert(0, f"{sides.pending} {sides.todo}")
        note = "; ".join(notes)
        rule = (counts.updated and row["rule_updated"]) or row["rule"]
        checks.append(
            IdentityCheck(row["id"], rule, holds, sides.left, sides.right, row["severity"], note, sides.pending)
        )
    return checks


def _update(c: FlowCounts, key: str) -> tuple[str, ...]:
    """Return the ids of a box that only updated reviews have."""
    return c.ids.get(key, ())


def _some(ids: list[str] | set[str]) -> str:
    listed = sorted(ids)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")


def _screened(c: FlowCounts) -> _Sides:
    found = c.n("database_results") + c.n("register_results") + len(_update(c, "carried_over"))
    removed = [c.of(key) for key in ("duplicates", "excluded_automatic", "excluded_other")]
    left = found - sum(len(ids) for ids in removed)
    both = Counter(ident for ids in (*removed, c.of("records_screened")) for ident in ids)
    twice = {ident for ident, times in both.items() if times > 1}
    notes = (f"removed or screened more than once: {_some(twice)}",) if twice else ()
    return _Sides(left, c.n("records_screened"), c.n("to_screen"), "still to screen", notes)


def _sought(c: FlowCounts) -> _Sides:
    left = c.n("records_screened") - c.n("records_excluded")
    shared = len(c.record_reports) - len(set(c.record_reports.values()))
    targets = set(c.record_reports.values())
    sought = set(c.of("dbr_sought_reports"))
    notes = []
    if shared:
        notes.append(f"{shared} records share a report with another record")
    if targets - sought:
        notes.append(f"reports counted in the other lane: {_some(targets - sought)}")
    if sought - targets:
        notes.append(f"reports sought without a record that was included: {_some(sought - targets)}")
    return _Sides(left, len(sought), c.n("to_seek"), "still to be sought", tuple(notes))


def _retrieved(prefix: str) -> Callable[[FlowCounts], _Sides]:
    def sides(c: FlowCounts) -> _Sides:
        left = c.n(f"{prefix}_sought_reports") - c.n(f"{prefix}_notretrieved_reports")
        odd = set(c.of(f"{prefix}_assessed")) & set(c.of(f"{prefix}_notretrieved_reports"))
        odd |= set(c.of(f"{prefix}_assessed")) - set(c.of(f"{prefix}_sought_reports"))
        notes = (f"assessed but not sought or not retrieved: {_some(odd)}",) if odd else ()
        todo = "still to be retrieved or assessed"
        return _Sides(left, c.n(f"{prefix}_assessed"), c.n(f"{prefix}_to_assess"), todo, notes)

    return sides


def _one_reason(c: FlowCounts) -> _Sides:
    given = Counter(ident for lane in c.reasons.values() for _, ids in lane for ident in ids)
    excluded = {*c.of("dbr_excluded"), *c.of("other_excluded")}
    notes = []
    if excluded - set(given):
        notes.append(f"excluded without a reason: {_some(excluded - set(given))}")
    several = {ident for ident, times in given.items() if times > 1}
    if several:
        notes.append(f"more than one primary reason: {_some(several)}")
    right = c.n("dbr_excluded") + c.n("other_excluded")
    return _Sides(sum(given.values()), right, notes=tuple(notes), fails=bool(notes))


def _other_sought(c: FlowCounts) -> _Sides:
    found = sum(c.n(key) for key in ("website_results", "organisation_results", "citations_results"))
    found += len(_update(c, "other_carried_over"))
    left = found - c.n("duplicates_other") - c.n("removed_other") - c.n("screened_out_other")
    right = c.n("other_sought_reports")
    rest = left - c.n("other_to_seek") - right
    notes = (f"{rest} records share a report, or lead to one counted in the other lane",) if rest > 0 else ()
    return _Sides(left, right, c.n("other_to_seek"), "still to be sought", notes)


def _included(c: FlowCounts) -> _Sides:
    assessed = c.n("dbr_assessed") + c.n("other_assessed")
    left = assessed - c.n("dbr_excluded") - c.n("other_excluded") - c.n("awaiting") - c.n("ongoing")
    return _Sides(left, c.n("new_reports"))


def _studies(c: FlowCounts) -> _Sides:
    linked = {ident for ids in c.study_reports.values() for ident in ids}
    loose = set(c.of("new_reports")) ^ linked
    notes = [f"included reports not tied to one study: {_some(loose)}"] if loose else []
    empty = {s for s in c.of("new_studies") if not c.study_reports.get(s)}
    if empty:
        notes.append(f"included studies without an included report: {_some(empty)}")
    return _Sides(c.n("new_studies"), c.n("new_reports"), notes=tuple(notes), at_most=True, fails=bool(notes))


def _total_studies(c: FlowCounts) -> _Sides:
    kept = set(c.of("previous_studies")) - set(_update(c, "dropped_studies"))
    left = len({*kept, *c.study_reports})
    right = c.n("previous_studies") - len(_update(c, "dropped_studies")) + c.n("new_studies")
    wrong = set(c.of("total_studies")) ^ {*kept, *c.of("new_studies")}
    notes = (f"not in both the total and its parts: {_some(wrong)}",) if wrong else ()
    return _Sides(left, right, notes=notes, fails=bool(notes))


def _total_reports(c: FlowCounts) -> _Sides:
    kept = set(c.of("previous_reports")) - set(_update(c, "dropped_reports"))
    both = kept & set(c.of("new_reports"))
    notes = (f"reports of the previous version found again as new: {_some(both)}",) if both else ()
    left = c.n("previous_reports") - len(_update(c, "dropped_reports")) + c.n("new_reports")
    return _Sides(left, c.n("total_reports"), notes=notes)


def _decided(c: FlowCounts) -> _Sides:
    split = c.of("excluded_by_human") + c.of("excluded_by_automation")
    unknown = set(c.of("records_excluded")) - set(split)
    notes = (f"excluded by nobody known: {_some(unknown)}",) if unknown else ()
    return _Sides(c.n("records_excluded"), len(split), notes=notes)


def _per_source(c: FlowCounts) -> _Sides:
    keys = ("database_results", "register_results")
    named = [ident for s in c.sources if s.kind in ("database", "register") for ident in s.ids]
    found = [ident for key in keys for ident in c.of(key)]
    nameless = set(found) - set(named)
    notes = (f"from a source without a name: {_some(nameless)}",) if nameless else ()
    return _Sides(len(named), len(found), notes=notes)


def _synthesised(c: FlowCounts) -> _Sides:
    notes = []
    for what in ("studies", "reports"):
        stray = set(c.of(f"total_{what}_ma")) - set(c.of(f"total_{what}"))
        if stray:
            notes.append(f"{what} in a meta-analysis but not in the review: {_some(stray)}")
    left, right = c.n("total_studies_ma"), c.n("total_studies")
    return _Sides(left, right, notes=tuple(notes), at_most=True, fails=bool(notes))


_RECORD_ENDS = ("duplicates", "excluded_automatic", "excluded_other", "records_excluded")
_OTHER_ENDS = ("duplicates_other", "removed_other", "screened_out_other")
_REPORT_ENDS = ("dbr_notretrieved_reports", "other_notretrieved_reports", "dbr_excluded", "other_excluded")


def _one_end(c: FlowCounts) -> _Sides:
    records = Counter(i for key in (*_RECORD_ENDS, *_OTHER_ENDS) for i in c.of(key))
    reports = Counter(i for key in (*_REPORT_ENDS, "new_reports", "awaiting", "ongoing") for i in c.of(key))
    wrong = {i for ends in (records, reports) for i, times in ends.items() if times > 1}
    for lane in ("dbr", "other"):
        reached = {*c.of(f"{lane}_sought_reports"), *c.of(f"{lane}_assessed")}
        wrong |= reached - set(reports) - set(c.of(f"{lane}_to_assess"))
    repeated = {key for key, ids in c.ids.items() if len(set(ids)) < len(ids)}
    notes = [f"not in exactly one terminal table: {_some(wrong)}"] if wrong else []
    if repeated:
        notes.append(f"boxes that list an id twice: {_some(repeated)}")
    return _Sides(len(wrong) + len(repeated), 0, notes=tuple(notes))


_RULES: dict[str, Callable[[FlowCounts], _Sides]] = {
    "I1": _screened,
    "I2": _sought,
    "I3": _retrieved("dbr"),
    "I4": _one_reason,
    "I5": _other_sought,
    "I6": _retrieved("other"),
    "I7": _included,
    "I8": _studies,
    "I9": _total_studies,
    "I10": _total_reports,
    "I11": _decided,
    "I12": _per_source,
    "I13": _synthesised,
    "I14": _one_end,
}
