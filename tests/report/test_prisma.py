"""The flow counts: every identity holds on consistent reviews, and one targeted inconsistency breaks it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metareview.errors import MetareviewError
from metareview.report.prisma import (
    FlowCounts,
    FlowRecord,
    FlowReport,
    IdentityCheck,
    check,
    flow_counts,
    to_id_rows,
    to_rows,
    to_template_rows,
)
from metareview.report.prisma_rows import data_rows

DB, OTHER = "databases_registers", "other_methods"


def record(ident: str, **changes: object) -> FlowRecord:
    base = FlowRecord(ident, DB, "Scopus", "database", title_decision="exclude", decided_by="human")
    return replace(base, **changes)  # type: ignore[arg-type]


def passed(ident: str, report: str | None, **changes: object) -> FlowRecord:
    return record(ident, title_decision="include", report_id=report, **changes)


def report(ident: str, **changes: object) -> FlowReport:
    base = FlowReport(ident, DB, sought=True, retrieved=True, decision="include", study_id=f"study-{ident}")
    return replace(base, **changes)  # type: ignore[arg-type]


def out(ident: str, reason: str, **changes: object) -> FlowReport:
    return report(ident, decision="exclude", reason=reason, study_id=None, **changes)


RECORDS = (
    record("r1"),
    record("r2", source="TRID", duplicate_of="r1", title_decision="", decided_by=""),
    record("r3", source="TRID", removed="automatic", title_decision="", decided_by=""),
    record("r4", source="ICTRP", source_kind="register", removed="other", title_decision="", decided_by=""),
    record("r5", decided_by="automation"),
    passed("r6", "A"),
    passed("r7", "B"),
    passed("r8", "C"),
    passed("r9", "D"),
    passed("r10", "E"),
    FlowRecord("w1", OTHER, "SWOV", "website", report_id="W"),
    FlowRecord("w2", OTHER, "SWOV", "website", duplicate_of="r6"),
    FlowRecord("c1", OTHER, "backward", "citation", title_decision="exclude", decided_by="human"),
    FlowRecord("o1", OTHER, "Ministry", "organisation", report_id="X"),
)
REPORTS = (
    report("A"),
    report("B", retrieved=False, decision="", study_id=None),
    out("C", "wrong outcome"),
    report("D", decision="", study_id=None, awaiting=True),
    report("E", decision="", study_id=None, ongoing=True),
    report("W", lane=OTHER),
    out("X", "wrong setting", lane=OTHER),
)
PREVIOUS = {"old": ("O1", "O2")}


def failing(counts: FlowCounts) -> set[str]:
    return {c.id for c in check(counts) if not c.holds}


def changed(ident: str, **changes: object) -> tuple[list[FlowRecord], list[FlowReport]]:
    records = [replace(r, **changes) if r.record_id == ident else r for r in RECORDS]  # type: ignore[arg-type]
    reports = [replace(r, **changes) if r.report_id == ident else r for r in REPORTS]  # type: ignore[arg-type]
    return records, reports


def by_id(counts: FlowCounts, ident: str) -> IdentityCheck:
    return next(c for c in check(counts) if c.id == ident)


def test_every_box_of_a_small_review() -> None:
    counts = flow_counts(RECORDS, REPORTS, previous=PREVIOUS, synthesised_studies=["study-A", "old"])
    expected = {
        "previous_studies": 1,
        "previous_reports": 2,
        "database_results": 9,
        "register_results": 1,
        "duplicates": 1,
        "excluded_automatic": 1,
        "excluded_other": 1,
        "records_screened": 7,
        "records_excluded": 2,
        "dbr_sought_reports": 5,
        "dbr_notretrieved_reports": 1,
        "dbr_assessed": 4,
        "dbr_excluded": 1,
        "website_results": 2,
        "organisation_results": 1,
        "citations_results": 1,
        "other_sought_reports": 2,
        "other_notretrieved_reports": 0,
        "other_assessed": 2,
        "other_excluded": 1,
        "new_studies": 2,
        "new_reports": 2,
        "total_studies": 3,
        "total_reports": 4,
        "total_studies_ma": 2,
        "total_reports_ma": 3,
        "carried_over": 0,
        "other_carried_over": 0,
        "dropped_studies": 0,
        "dropped_reports": 0,
        "new_reports_of_previous": 0,
    }
    assert {key: counts.n(key) for key in expected} == expected
    assert set(expected) == {row["r_key"] for row in data_rows("flow_boxes.csv")}
    assert failing(counts) == set()
    assert all(c.note == "" or c.id in {"I2", "I5"} for c in check(counts))
    assert counts.of("records_excluded") == ("r1", "r5")
    assert counts.reasons == {DB: (("wrong outcome", ("C",)),), OTHER: (("wrong setting", ("X",)),)}
    assert [(s.name, len(s.ids)) for s in counts.sources[:3]] == [("Scopus", 7), ("TRID", 2), ("ICTRP", 1)]


def test_an_unknown_box_is_told_with_the_known_ones() -> None:
    with pytest.raises(MetareviewError, match="dbr_assessed"):
        flow_counts(RECORDS, REPORTS).of("dbr_asessed")


@pytest.mark.parametrize(
    ("ident", "changes", "broken"),
    [
        ("r2", {"title_decision": "exclude", "decided_by": "human"}, "I1"),
        ("B", {"decision": "exclude", "reason": "wrong outcome"}, "I3"),
        ("C", {"reason": ""}, "I4"),
        ("W", {"sought": False}, "I6"),
        ("A", {"awaiting": True}, "I7"),
        ("A", {"study_id": None}, "I8"),
        ("r5", {"decided_by": ""}, "I11"),
        ("r3", {"source": " "}, "I12"),
        ("r3", {"removed": "other", "duplicate_of": "r1"}, "I14"),
        ("r1", {"duplicate_of": "r2"}, "I14"),
        ("r2", {"duplicate_of": "nobody"}, "I14"),
        ("r6", {"report_id": "nothing"}, "I2"),
    ],
)
def test_one_inconsistency_breaks_its_identity(ident: str, changes: dict[str, object], broken: str) -> None:
    result = by_id(flow_counts(*changed(ident, **changes)), broken)
    assert not result.holds
    assert result.note


def test_two_records_of_one_report_are_a_warning_with_the_difference() -> None:
    result = by_id(flow_counts([*RECORDS, passed("r11", "A")], REPORTS), "I2")
    assert (result.holds, result.severity, result.left, result.right) == (False, "warn", 6, 5)
    assert "1 records share a report" in result.note
    assert "+1" in result.note


def test_a_report_sought_in_the_other_lane_without_a_record_breaks_i5() -> None:
    extra = [out("Y", "wrong setting", lane=OTHER), out("Z", "wrong setting", lane=OTHER)]
    result = by_id(flow_counts(RECORDS, [*REPORTS, *extra]), "I5")
    assert (result.holds, result.left, result.right) == (False, 2, 4)


def test_totals_of_an_update_that_overlaps() -> None:
    counts = flow_counts(RECORDS, REPORTS, previous={"old": ("A",)})
    assert {"I10"} <= failing(counts)
    assert "A" in by_id(counts, "I10").note
    again = flow_counts(RECORDS, REPORTS, previous={"study-A": ("O1",)})
    assert failing(again) == set()
    assert (again.n("new_studies"), again.n("total_studies")) == (1, 2)
    assert again.of("new_reports_of_previous") == ("A",)
    total = replace(again, ids={**again.ids, "new_studies": ("study-A", "study-W")})
    assert "I9" in failing(total)


def test_an_update_that_carries_over_and_drops() -> None:
    previous = {"old": ("O1", "O2"), "gone": ("r1x",), "study-A": ("A0",)}
    kept = {"old": ("O1",)}
    again = [replace(r, carried=r.record_id in {"r9", "r10", "o1"}) for r in RECORDS]
    twin = record("r11", duplicate_of="r0", title_decision="", decided_by="")
    counts = flow_counts([*again, twin], REPORTS, previous=previous, kept=kept, earlier=["r0", "r9", "r10", "o1"])
    assert failing(counts) == set()
    assert (counts.of("carried_over"), counts.of("other_carried_over")) == (("r10", "r9"), ("o1",))
    assert (counts.n("database_results"), counts.n("organisation_results")) == (8, 0)
    assert [(s.name, len(s.ids)) for s in counts.sources[:2]] == [("Scopus", 6), ("TRID", 2)]
    assert (counts.of("dropped_studies"), counts.of("dropped_reports")) == (("gone",), ("A0", "O2", "r1x"))
    assert (counts.of("total_studies"), counts.of("total_reports")) == (("old", "study-A", "study-W"), ("A", "O1", "W"))
    assert "carried_over" in by_id(counts, "I1").rule and "dropped_studies" in by_id(counts, "I9").rule
    shown = {row["r_key"]: row["n"] for row in to_rows(counts) if not row["detail"]}
    assert {k: shown[k] for k in ("carried_over", "dropped_studies", "new_reports_of_previous")} == {
        "carried_over": 2,
        "dropped_studies": 1,
        "new_reports_of_previous": 1,
    }
    assert "I14" in failing(flow_counts([*again, twin], REPORTS, previous=previous, kept=kept))
    short = replace(counts, ids={**counts.ids, "carried_over": ("r9",), "dropped_reports": ()})
    assert {"I1", "I10"} <= failing(short)
    assert not {"carried_over", "dropped_studies"} & set(flow_counts(RECORDS, REPORTS).ids)


def test_a_synthesised_study_that_is_not_included_breaks_i13() -> None:
    result = by_id(flow_counts(RECORDS, REPORTS, synthesised_studies=["ghost"]), "I13")
    assert not result.holds
    assert "ghost" in result.note


def test_a_report_in_both_lanes_ends_twice() -> None:
    counts = flow_counts(RECORDS, [*REPORTS, out("A", "wrong setting", lane=OTHER)])
    assert {"I14"} <= failing(counts)
    doubled = replace(counts, ids={**counts.ids, "duplicates": ("r2", "r2")})
    assert "duplicates" in by_id(doubled, "I14").note


def test_an_unfinished_review_reports_what_is_left_and_does_not_fail() -> None:
    records = [
        *RECORDS,
        record("u1", title_decision="", decided_by=""),
        record("u2", title_decision="", decided_by=""),
        passed("u3", None),
        passed("u4", "F"),
        passed("u5", "G"),
        FlowRecord("u6", OTHER, "SWOV", "website"),
        FlowRecord("u7", OTHER, "SWOV", "website", report_id="H"),
    ]
    waiting = {"retrieved": None, "decision": "", "study_id": None}
    reports = [
        *REPORTS,
        report("F", **waiting),
        report("G", sought=False, **waiting),
        report("H", lane=OTHER, **waiting),
    ]
    counts = flow_counts(records, reports)
    assert failing(counts) == set()
    assert {c.id: c.pending for c in check(counts) if c.pending} == {
        "I1": 2,
        "I2": 2,
        "I3": 1,
        "I5": 1,
        "I6": 1,
    }
    assert by_id(counts, "I1").note == "2 still to screen"


def test_refusals() -> None:
    with pytest.raises(MetareviewError, match="does not belong"):
        flow_counts([record("r1", source_kind="website")], [])
    with pytest.raises(MetareviewError, match="counted twice"):
        flow_counts([record("r1"), record("r1")], [])


@st.composite
def reviews(draw: st.DrawFn) -> tuple[list[FlowRecord], list[FlowReport]]:
    """Consistent reviews, finished or not: every record and report takes one road."""
    records: list[FlowRecord] = []
    reports: list[FlowReport] = []
    for number in range(draw(st.integers(0, 25))):
        ident = f"r{number}"
        lane = draw(st.sampled_from((DB, OTHER)))
        kind = draw(
            st.sampled_from(("database", "register") if lane == DB else ("website", "organisation", "citation"))
        )
        new = FlowRecord(ident, lane, draw(st.sampled_from(("S", "T"))), kind)  # type: ignore[arg-type]
        roads = ["open", "automatic", "other", "exclude", "include", "include", "unsought"]
        road = draw(st.sampled_from(roads + ["duplicate"] * bool(number)))
        if road == "duplicate":
            new = replace(new, duplicate_of=f"r{draw(st.integers(0, number - 1))}")
        elif road in ("automatic", "other"):
            new = replace(new, removed=road)  # type: ignore[arg-type]
        elif road == "exclude":
            by = draw(st.sampled_from(("human", "automation")))
            new = replace(new, title_decision="exclude", decided_by=by)  # type: ignore[arg-type]
        elif road in ("include", "unsought"):
            sought = road == "include"
            new = replace(new, title_decision="include", decided_by="human", report_id=f"p{number}" if sought else None)
            if sought:
                reports.append(draw(ends(f"p{number}", lane)))
        records.append(new)
    return records, reports


@st.composite
def ends(draw: st.DrawFn, ident: str, lane: str) -> FlowReport:
    base = FlowReport(ident, lane, sought=True, retrieved=True)  # type: ignore[arg-type]
    study = f"s{draw(st.integers(0, 5))}"
    choices = (
        replace(base, retrieved=None),
        replace(base, retrieved=False, not_retrieved_reason="paywall"),
        base,
        replace(base, decision="exclude", reason=draw(st.sampled_from(("a", "b", "c")))),
        replace(base, decision="include", study_id=study),
        replace(base, awaiting=True),
        replace(base, ongoing=True),
    )
    return draw(st.sampled_from(choices))


@settings(max_examples=120, deadline=None)
@given(reviews(), st.booleans(), st.sets(st.integers(0, 24)), st.sets(st.sampled_from(("s0", "s9"))))
def test_identities_hold_on_every_consistent_review(
    review: tuple[list[FlowRecord], list[FlowReport]], update: bool, again: set[int], dropped: set[str]
) -> None:
    records, reports = review
    records = [replace(r, carried=update and int(r.record_id[1:]) in again) for r in records]
    previous = {"s0": ["o"], "s9": ["x", "y"]} if update else None
    kept = {study: found[:1] for study, found in (previous or {}).items() if study not in dropped}
    studies = [r.study_id for r in reports if r.decision == "include" and r.study_id]
    counts = flow_counts(records, reports, previous=previous, kept=kept, synthesised_studies=studies[:2])
    assert [c for c in check(counts) if not c.holds] == []
    assert [c.id for c in check(counts)] == [f"I{n}" for n in range(1, 15)]
    shuffled = flow_counts(
        records[::-1],
        reports[::-1],
        previous=previous,
        kept=kept,
        synthesised_studies=studies[:2],
    )
    assert to_rows(shuffled) == to_rows(counts)
    assert len(to_template_rows(counts)) == 34


def test_rows_hold_boxes_sources_and_reasons_and_ids_stand_apart() -> None:
    counts = flow_counts(RECORDS, REPORTS)
    rows = {(r["r_key"], r["detail"]): r["n"] for r in to_rows(counts)}
    assert rows["database_results", ""] == 9
    assert rows["database_results", "Scopus"] == 7
    assert rows["dbr_excluded", "wrong outcome"] == 1
    assert ("previous_studies", "") not in rows
    assert {"r_key": "dbr_excluded", "detail": "wrong outcome", "id": "C"} in to_id_rows(counts)
    lines = [r["line"] for r in to_rows(counts) if r["r_key"] == "new_studies"]
    assert lines == ["Studies included in review"]
    updated = [r["line"] for r in to_rows(flow_counts(RECORDS, REPORTS, previous={})) if r["r_key"] == "new_studies"]
    assert updated == ["New studies included in review"]


def test_template_rows_are_safe_to_read_by_position() -> None:
    reports = [*REPORTS, out("Q", "no comparison, at all; none"), out("R", "no comparison, at all; none")]
    counts = flow_counts([*RECORDS, passed("q", "Q"), passed("s", "R")], reports)
    rows = to_template_rows(counts, labels={"wrong outcome": "Outcome, wrong"})
    assert list(rows[0]) == ["data", "node", "box", "description", "boxtext", "tooltips", "url", "n"]
    cells = {row["data"]: row["n"] for row in rows}
    assert cells["dbr_excluded"] == "no comparison / at all / none, 2; Outcome / wrong, 1"
    assert cells["database_specific_results"] == "Scopus, 9; TRID, 2"
    assert cells["records_screened"] == "9"
    assert [row["data"] for row in rows][4:6] == ["database_results", "database_specific_results"]
    assert to_template_rows(flow_counts([], []))[22]["n"] == "0"


def test_reason_order_is_the_codebooks_where_given() -> None:
    reports = [out("A", "x"), out("B", "y"), out("C", "y"), out("D", "z")]
    assert [name for name, _ in flow_counts([], reports).reasons[DB]] == ["y", "x", "z"]
    assert [name for name, _ in flow_counts([], reports, reason_order=["z", "x"]).reasons[DB]] == [
        "z",
        "x",
        "y",
    ]
