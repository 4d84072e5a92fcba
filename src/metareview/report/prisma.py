"""PRISMA 2020 flow counts, derived from what happened to each record and report, as pure functions.

Every number is the length of a tuple of ids, so a box of the diagram can always be opened. Box wording and
keys follow Page MJ, et al. The PRISMA 2020 statement. BMJ 2021;372:n71 (CC BY 4.0): `data/flow_boxes.csv`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from metareview.errors import MetareviewError
from metareview.report.prisma_checks import IdentityCheck, check
from metareview.report.prisma_rows import box_lines, to_id_rows, to_rows, to_template_rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DATABASES_REGISTERS",
    "OTHER_METHODS",
    "FlowCounts",
    "FlowRecord",
    "FlowReport",
    "IdentityCheck",
    "Source",
    "box_lines",
    "check",
    "flow_counts",
    "to_id_rows",
    "to_rows",
    "to_template_rows",
]

Lane = Literal["databases_registers", "other_methods"]
Kind = Literal["database", "register", "website", "organisation", "citation"]
Ids = tuple[str, ...]

DATABASES_REGISTERS: Lane = "databases_registers"
OTHER_METHODS: Lane = "other_methods"
KIND_KEYS: dict[str, str] = {
    "database": "database_results",
    "register": "register_results",
    "website": "website_results",
    "organisation": "organisation_results",
    "citation": "citations_results",
}
LANE_KINDS: dict[str, tuple[str, ...]] = {
    DATABASES_REGISTERS: ("database", "register"),
    OTHER_METHODS: ("website", "organisation", "citation"),
}


@dataclass(frozen=True)
class FlowRecord:
    """One record as it was found, and what became of it before its report was sought.

    Attributes:
        record_id: unique id. lane: column of the diagram. source, source_kind: where it was found.
        duplicate_of: the record kept in its place, or None.
        removed: why it was taken out before screening; "" when it was not.
        title_decision: final decision on title and abstract; "" when there is none yet.
        decided_by: who took that decision; "" when there is none.
        report_id: the report it leads to, once it is known.
        carried: it was found by the previous version, which left it open or whose decision on it no longer stands.
    """

    record_id: str
    lane: Lane
    source: str
    source_kind: Kind
    duplicate_of: str | None = None
    removed: Literal["", "automatic", "other"] = ""
    title_decision: Literal["", "include", "exclude"] = ""
    decided_by: Literal["", "human", "automation"] = ""
    report_id: str | None = None
    carried: bool = False


@dataclass(frozen=True)
class FlowReport:
    """One report (full text) and what became of it.

    Attributes:
        report_id: unique id. lane: the lane that led to it first.
        sought: whether it was asked for. retrieved: True, False, or None while it is still awaited.
        not_retrieved_reason: why it could not be had.
        decision: final full-text decision, "" when there is none. reason: the one primary reason to exclude.
        study_id: the study it reports. awaiting: awaits classification. ongoing: reports an ongoing study.
    """

    report_id: str
    lane: Lane
    sought: bool = False
    retrieved: bool | None = None
    not_retrieved_reason: str = ""
    decision: Literal["", "include", "exclude"] = ""
    reason: str = ""
    study_id: str | None = None
    awaiting: bool = False
    ongoing: bool = False


@dataclass(frozen=True)
class Source:
    """What one database, register, website, organisation or citation search yielded."""

    lane: str
    kind: str
    name: str
    ids: Ids


@dataclass(frozen=True, repr=False)
class FlowCounts:
    """Every box of the flow diagram as the ids behind it.

    Attributes:
        ids: r_key -> ids, for each r_key of `data/flow_boxes.csv`, and for these beside them:
            excluded_by_human, excluded_by_automation, duplicates_other, removed_other, screened_out_other,
            awaiting, ongoing, new_reports_of_previous (reports found now of studies already in the previous
            version), and the work left: to_screen, to_seek, dbr_to_assess, other_to_seek, other_to_assess. In an
            update also carried_over and other_carried_over (records of the previous version that pass through this
            flow), dropped_studies and dropped_reports (of the previous version, no longer included).
        sources: one entry a named source, largest first within its kind.
        reasons: lane -> ordered (reason, report ids) of reports excluded; one without a reason is in none.
        record_reports: record id -> report id of each record of databases and registers that passed the
            screening and leads to a report that was sought.
        study_reports: study id -> ids of its included reports found in this search.
        faults: (identity id, sentence) for what counts alone cannot show, as a duplicate of nothing.
        updated: the review updates a previous version. synthesised: studies in a meta-analysis were given.
    """

    ids: Mapping[str, Ids]
    sources: tuple[Source, ...] = ()
    reasons: Mapping[str, tuple[tuple[str, Ids], ...]] = field(default_factory=dict)
    record_reports: Mapping[str, str] = field(default_factory=dict)
    study_reports: Mapping[str, Ids] = field(default_factory=dict)
    faults: tuple[tuple[str, str], ...] = ()
    updated: bool = False
    synthesised: bool = False

    def n(self, key: str) -> int:
        """Return the number in box `key`."""
        return len(self.of(key))

    def of(self, key: str) -> Ids:
        """Return the ids behind box `key`; an unknown key is a user's mistake and lists the known ones."""
        if key not in self.ids:
            raise MetareviewError(f"No flow box is called {key!r}.", f"Known boxes: {', '.join(self.ids)}.")
        return self.ids[key]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a line of the flow diagram, with its count."""
        import pandas as pd

        return pd.DataFrame(to_rows(self))

    def __repr__(self) -> str:
        found = sum(self.n(key) for key in KIND_KEYS.values())
        return f"FlowCounts({found} records identified, {self.n('new_studies')} studies included)"

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)

    @property
    def has_other_methods(self) -> bool:
        """Whether the other-methods lane has anything to show."""
        keys = ("website_results", "organisation_results", "citations_results", "other_sought_reports")
        return any(self.ids.get(key) for key in (*keys, "other_assessed", "other_carried_over"))


def flow_counts(
    records: Sequence[FlowRecord],
    reports: Sequence[FlowReport],
    *,
    previous: Mapping[str, Sequence[str]] | None = None,
    kept: Mapping[str, Sequence[str]] | None = None,
    earlier: Iterable[str] = (),
    synthesised_studies: Iterable[str] | None = None,
    reason_order: Sequence[str] = (),
) -> FlowCounts:
    """Derive every box of the PRISMA 2020 flow diagram.

    Arguments:
        records: every record found, duplicates and removed ones too; of an update, those that its searches found, and
            those carried over.
        reports: every report a record led to.
        previous: study id -> report ids of the previous version of an updated review; None if new.
        kept: those of `previous` that the review still includes; None means all.
        earlier: ids of the records that the previous version found, of which new ones may be duplicates.
        synthesised_studies: ids of the studies with an effect in a meta-analysis; None when there is none.
        reason_order: exclusion reasons in the order to list them; others follow, most frequent first.

    Raises:
        MetareviewError: a record's source kind does not belong to its lane, or a record id occurs twice.

    Nothing is repaired: a record that is both a duplicate and screened is counted in both boxes, and `check`
    says so.
    """
    _refuse_bad_records(records)
    ids: dict[str, Ids] = {}
    ids |= _record_boxes(records, reports)
    for prefix, lane in (("dbr", DATABASES_REGISTERS), ("other", OTHER_METHODS)):
        ids |= _report_boxes(prefix, [r for r in reports if r.lane == lane])
    included = [r for r in reports if r.decision == "include"]
    study_reports = _grouped((r.study_id, r.report_id) for r in included if r.study_id)
    standing = (previous or {}) if kept is None else kept
    ids |= _included_boxes(reports, study_reports, previous or {}, standing, synthesised_studies)
    if previous is not None:
        ids |= _update_boxes(records, study_reports, previous, standing)
    sought = {r.report_id for r in reports if r.sought}
    passed = [r for r in records if r.lane == DATABASES_REGISTERS and r.title_decision == "include"]
    return FlowCounts(
        ids=ids,
        sources=_sources([r for r in records if not r.carried]),
        reasons={lane: _reasons(reports, lane, reason_order) for lane in LANE_KINDS},
        record_reports={r.record_id: r.report_id for r in passed if r.report_id and r.report_id in sought},
        study_reports=study_reports,
        faults=_faults(records, reports, set(earlier)),
        updated=previous is not None,
        synthesised=synthesised_studies is not None,
    )


def _refuse_bad_records(records: Sequence[FlowRecord]) -> None:
    seen: set[str] = set()
    for record in records:
        if record.source_kind not in LANE_KINDS.get(record.lane, ()):
            raise MetareviewError(
                f"Record {record.record_id}: a {record.source_kind} does not belong to lane {record.lane}.",
                "databases_registers: database, register; other_methods: website, organisation, citation.",
            )
        if record.record_id in seen:
            raise MetareviewError(f"Record {record.record_id} is counted twice.", "Give each record once.")
        seen.add(record.record_id)


def _ids(items: Iterable[str]) -> Ids:
    return tuple(sorted(set(items)))


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, Ids]:
    groups: dict[str, list[str]] = defaultdict(list)
    for key, ident in pairs:
        groups[key].append(ident)
    return {key: _ids(groups[key]) for key in sorted(groups)}


def _record_boxes(records: Sequence[FlowRecord], reports: Sequence[FlowReport]) -> dict[str, Ids]:
    sought = {r.report_id for r in reports if r.sought}
    dbr = [r for r in records if r.lane == DATABASES_REGISTERS]
    other = [r for r in records if r.lane == OTHER_METHODS]
    excluded = [r for r in dbr if r.title_decision == "exclude"]
    found = [r for r in records if not r.carried]
    boxes = {key: [r for r in found if r.source_kind == kind] for kind, key in KIND_KEYS.items()} | {
        "duplicates": [r for r in dbr if r.duplicate_of is not None],
        "excluded_automatic": [r for r in dbr if r.removed == "automatic"],
        "excluded_other": [r for r in dbr if r.removed == "other"],
        "records_screened": [r for r in dbr if r.title_decision],
        "records_excluded": excluded,
        "excluded_by_human": [r for r in excluded if r.decided_by == "human"],
        "excluded_by_automation": [r for r in excluded if r.decided_by == "automation"],
        "to_screen": [r for r in dbr if _open(r)],
        "to_seek": [r for r in dbr if r.title_decision == "include" and r.report_id not in sought],
        "duplicates_other": [r for r in other if r.duplicate_of is not None],
        "removed_other": [r for r in other if r.removed],
        "screened_out_other": [r for r in other if r.title_decision == "exclude"],
        "other_to_seek": [
            r for r in other if (_open(r) or r.title_decision == "include") and r.report_id not in sought
        ],
    }
    return {key: _ids(r.record_id for r in members) for key, members in boxes.items()}


def _open(record: FlowRecord) -> bool:
    return record.duplicate_of is None and not record.removed and not record.title_decision


def _assessed(report: FlowReport) -> bool:
    """Whether the full text has an outcome; one that could not be had but awaits classification has none."""
    return bool(report.decision) or ((report.awaiting or report.ongoing) and report.retrieved is not False)


def _report_boxes(prefix: str, reports: Sequence[FlowReport]) -> dict[str, Ids]:
    boxes = {
        "sought_reports": [r for r in reports if r.sought],
        "notretrieved_reports": [r for r in reports if r.sought and r.retrieved is False],
        "assessed": [r for r in reports if _assessed(r)],
        "excluded": [r for r in reports if r.decision == "exclude"],
        "to_assess": [r for r in reports if r.sought and r.retrieved is not False and not _assessed(r)],
    }
    return {f"{prefix}_{key}": _ids(r.report_id for r in members) for key, members in boxes.items()}


def _included_boxes(
    reports: Sequence[FlowReport],
    study_reports: Mapping[str, Ids],
    previous: Mapping[str, Sequence[str]],
    standing: Mapping[str, Sequence[str]],
    synthesised: Iterable[str] | None,
) -> dict[str, Ids]:
    new_reports = _ids(r.report_id for r in reports if r.decision == "include")
    previous_reports = _ids(ident for idents in previous.values() for ident in idents)
    pooled = _ids(synthesised or ())
    again = [ident for study, idents in study_reports.items() if study in previous for ident in idents]
    return {
        "awaiting": _ids(r.report_id for r in reports if r.awaiting and _assessed(r)),
        "ongoing": _ids(r.report_id for r in reports if r.ongoing and _assessed(r)),
        "previous_studies": _ids(previous),
        "previous_reports": previous_reports,
        "new_studies": _ids(study for study in study_reports if study not in previous),
        "new_reports": new_reports,
        "new_reports_of_previous": _ids(again),
        "total_studies": _ids((*standing, *study_reports)),
        "total_reports": _ids((*(ident for idents in standing.values() for ident in idents), *new_reports)),
        "total_studies_ma": pooled,
        "total_reports_ma": _ids(
            ident for study in pooled for ident in (*study_reports.get(study, ()), *standing.get(study, ()))
        ),
    }


def _update_boxes(
    records: Sequence[FlowRecord],
    study_reports: Mapping[str, Ids],
    previous: Mapping[str, Sequence[str]],
    standing: Mapping[str, Sequence[str]],
) -> dict[str, Ids]:
    still = {ident for idents in standing.values() for ident in idents}
    return {
        "carried_over": _ids(r.record_id for r in records if r.carried and r.lane == DATABASES_REGISTERS),
        "other_carried_over": _ids(r.record_id for r in records if r.carried and r.lane == OTHER_METHODS),
        "dropped_studies": _ids(s for s in previous if s not in standing and s not in study_reports),
        "dropped_reports": _ids(ident for idents in previous.values() for ident in idents if ident not in still),
    }


def _sources(records: Sequence[FlowRecord]) -> tuple[Source, ...]:
    members: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for record in records:
        if record.source.strip():
            members[record.lane, record.source_kind, record.source.strip()].append(record.record_id)
    kinds = list(KIND_KEYS)
    order = sorted(members, key=lambda key: (kinds.index(key[1]), -len(members[key]), key[2]))
    return tuple(Source(*key, _ids(members[key])) for key in order)


def _reasons(reports: Sequence[FlowReport], lane: str, order: Sequence[str]) -> tuple[tuple[str, Ids], ...]:
    excluded = [r for r in reports if r.lane == lane and r.decision == "exclude" and r.reason]
    groups = _grouped((r.reason, r.report_id) for r in excluded)
    rank = {reason: position for position, reason in enumerate(order)}
    names = sorted(groups, key=lambda name: (rank.get(name, len(rank)), -len(groups[name]), name))
    return tuple((name, groups[name]) for name in names)


def _faults(
    records: Sequence[FlowRecord], reports: Sequence[FlowReport], earlier: set[str]
) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    kept = {r.record_id: r.duplicate_of for r in records}
    for record in records:
        seen, at = {record.record_id}, record.duplicate_of
        while at is not None and at in kept and at not in seen:
            seen.add(at)
            at = kept[at]
        if at is not None and at not in earlier:
            what = "only duplicates of each other" if at in kept else f"{at}, which is unknown"
            found.append(("I14", f"record {record.record_id} is a duplicate of {what}"))
    known = {r.report_id for r in reports}
    for record in records:
        if record.report_id and record.report_id not in known:
            found.append(("I2", f"record {record.record_id} leads to the unknown report {record.report_id}"))
    studies: dict[str, set[str]] = defaultdict(set)
    for report in reports:
        if report.decision == "include":
            studies[report.report_id].add(report.study_id or "")
    for ident in sorted(studies):
        if "" in studies[ident] or len(studies[ident]) > 1:
            n = len(studies[ident] - {""})
            found.append(("I8", f"included report {ident} belongs to {n} studies, not 1"))
    return tuple(found)
