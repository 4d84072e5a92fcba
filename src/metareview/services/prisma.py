"""prisma: the flow of records and reports, counted from events only, and every identity between its boxes checked."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

from ..errors import MetareviewError, MetareviewWarning
from ..folder import ReviewFolder
from ..report.prisma import (
    DATABASES_REGISTERS,
    OTHER_METHODS,
    FlowCounts,
    FlowRecord,
    FlowReport,
    flow_counts,
)
from ..screening.decisions import DECIDED
from .carrying import carry
from .state import ReviewState, load_state
from .versions import at, before, warn_of_older_searches


def run(
    folder: ReviewFolder,
    state: ReviewState | None = None,
    synthesised: Iterable[str] | None = None,
    version: int | None = None,
) -> FlowCounts:
    """Count the flow of the track of studies; in an updated review, of its last searches.

    Arguments:
        synthesised: ids of the studies that have an effect in a planned synthesis; None finds them.
        version: a version that is closed, counted as it was then; None is the one in the making.

    Raises:
        MetareviewError: the review has no such version.
    """
    if version is not None:
        folder, state = at(folder, version), None
    state = state or load_state(folder)
    warn_of_older_searches(state)
    protocol = folder.protocol
    if synthesised is None:
        synthesised = _synthesised(folder, state)
    titles = {s.name: s.title for s in protocol.sources}
    then = before(folder, state)
    carried = carry(then, state) if then else None
    again = carried.again if carried else frozenset()
    earlier = set(then.records) if then else set()
    studies = [r for r in state.records if state.origin[r].track == "studies"]
    return flow_counts(
        [_record(state, r, titles, r in again) for r in studies if r not in earlier or r in again],
        [_report(folder, state, r) for r in state.sought() if r not in earlier or r in again],
        previous=carried.previous if carried else None,
        kept=carried.kept if carried else None,
        earlier=earlier,
        synthesised_studies=synthesised,
        reason_order=[r.label for r in protocol.exclusion_reasons],
    )


def _synthesised(folder: ReviewFolder, state: ReviewState) -> list[str] | None:
    """Return the studies with an effect in a planned analysis; None when there are no effects to plan with yet."""
    from .analyze import plan

    if not folder.protocol.analyses or not state.coding.rows["effect"]:
        return None
    try:
        selections = plan(folder, state=state)
    except MetareviewError as error:
        warnings.warn(f"the studies in a synthesis are not counted: {error.message}", MetareviewWarning, stacklevel=3)
        return None
    return sorted({study for s in selections.values() for study in s.frame["study_id"]})


def boxes(counts: FlowCounts, state: ReviewState, box: str) -> list[tuple[str, str]]:
    """Return (id, citation) of everything behind a box.

    Raises:
        MetareviewError: there is no such box; the message lists them.
    """
    return [(i, state.records[i].cite() if i in state.records else "") for i in counts.of(box)]


def _lane(state: ReviewState, record: str) -> str:
    return DATABASES_REGISTERS if state.origin[record].kind in ("database", "register") else OTHER_METHODS


def _record(state: ReviewState, record: str, titles: dict[str, str], carried: bool) -> FlowRecord:
    kept = state.literature.stands_for(record)
    imported = state.origin[record]
    duplicate = kept if kept != record else None
    decision = state.decision("title", record) if duplicate is None else None
    decided = decision is not None and decision.status == DECIDED
    return FlowRecord(
        record_id=record,
        lane=_lane(state, record),  # type: ignore[arg-type]
        source=titles.get(imported.source, imported.source),
        source_kind=imported.kind,  # type: ignore[arg-type]
        duplicate_of=duplicate,
        title_decision=decision.decision if decision and decided else "",  # type: ignore[arg-type]
        decided_by="human" if decided else "",
        report_id=record if decision and decided and decision.decision == "include" else None,
        carried=carried,
    )


def _report(folder: ReviewFolder, state: ReviewState, report: str) -> FlowReport:
    decision = state.decision("fulltext", report)
    retrieved = state.retrieved(report)
    decided = decision.status == DECIDED
    outcomes = state.screening.retrievals.get(report, ())
    return FlowReport(
        report_id=report,
        lane=_lane(state, report),  # type: ignore[arg-type]
        sought=True,
        retrieved=retrieved,
        not_retrieved_reason=outcomes[-1].reason if outcomes and retrieved is False else "",
        decision=decision.decision if decided else "",  # type: ignore[arg-type]
        reason=folder.protocol.reason_label(decision.reason) if decided and decision.reason else "",
        study_id=state.study_of(report),
    )


def draw(counts: FlowCounts, out: Path) -> list[Path]:
    """Draw the flow diagram to `out`.svg, .pdf and .png, and write its counts to `out`.csv."""
    from ..report.figures.flow import flow
    from ..report.figures.save import save
    from ..report.prisma import to_rows
    from ..tabular import write_csv

    rows = to_rows(counts)
    table = write_csv(out.with_name(f"{out.name}.csv"), list(rows[0]), [list(r.values()) for r in rows])
    return [*save(flow(counts), out), table]
