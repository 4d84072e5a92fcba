"""A living review: next year's searches queue only what is new, old decisions stand, the updated flow fills."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from small_review import (
    ALPHA,
    BETA,
    DATE,
    JOOST,
    MARA,
    MEETING,
    NO_OUTCOME,
    NOT_FOUND,
    TITLE_EXCLUDED,
    A,
    computer,
    copy,
    ris,
    run,
)

from metareview.errors import MetareviewError, MetareviewWarning
from metareview.folder import ReviewFolder
from metareview.report.prisma import FlowCounts, check, to_template_rows
from metareview.services import analyze, dedupe, imports, prisma, retrieve, screen, status, versions
from metareview.services.state import load_state

NEXT = "2026-10-05"
A2, B2 = "alpha-2026-10", "beta-2026-10"
_SOLAR = ("Idris, M.|Vos, P.", "Solar lights along a park path and recorded robbery", "2026", "Green Towns", "14", "3",
          "10.5555/solar", "Solar lights were placed along a path; a second path waited.")  # fmt: skip
_AFTER = ("Berg, N.|Aydin, S.", "Five years on: did the effect of northern street lamps last?", "2026", "Urban Notes", "22",
          "40", "10.5555/lasting", "The streets of an earlier trial were counted again.")  # fmt: skip
_COLUMN = ("Novak, J.", "Why I still like benches", "2026", "The Town Column", "15", "2", "", "Another column.")
_SURVEY = ("Kaya, B.", "What shopkeepers say of night buses", "2025", "Port Cities", "12", "9", "10.5555/buses",
           "Shopkeepers answered a questionnaire.")  # fmt: skip
# next year's exports: last year's records again, in another order, one with a DOI and one with pages that are now known
_COURTS = (*ALPHA[2][:6], "10.5555/courts", ALPHA[2][7])
_MEETING = (*BETA[2][:4], "17", "33", *BETA[2][6:])
ALPHA2 = (_SOLAR, ALPHA[6], ALPHA[1], _COURTS, _AFTER, ALPHA[5], ALPHA[0], ALPHA[4], _COLUMN, ALPHA[3])
BETA2 = (_MEETING, _SURVEY, (*_SOLAR[:6], "", _SOLAR[7]))
SOLAR, AFTER, COLUMN, SURVEY = f"{A2}:0001", f"{A2}:0005", f"{A2}:0009", f"{B2}:0002"
BOTH = (MARA, JOOST)


def search_again(folder: ReviewFolder, given: Path, date: str = NEXT) -> None:
    """Import next year's exports and look for duplicates."""
    given.mkdir(exist_ok=True)
    for name, records in (("alpha", ALPHA2), ("beta", BETA2)):
        path = given / f"{name}-next.ris"
        path.write_text(ris(records), encoding="utf-8")
        imports.run(folder, [path], name, date, query="street* AND safe*", by=MARA)
    dedupe.run(folder, MARA)


def vote(folder: ReviewFolder, stage: str, votes: Sequence[tuple[str, str, str]], people: Sequence[str] = BOTH) -> None:
    for person in people:
        screen.cast(folder, stage, [(*v, "") for v in votes], person)  # type: ignore[arg-type]


def finish(folder: ReviewFolder) -> None:
    """Decide all that next year's searches brought: one new study, one new report of an old one."""
    found = [(r, "include", "") for r in (SOLAR, AFTER, SURVEY)]
    vote(folder, "title", [*found, (COLUMN, "exclude", "not_empirical")])
    retrieve.close(folder, [(r, True, "") for r, *_ in found], JOOST)
    vote(folder, "fulltext", [*found[:2], (SURVEY, "exclude", "no_outcome")])
    retrieve.link(folder, [(SOLAR, "idris2026"), (AFTER, "berg2014")], MARA)


def numbers(counts: FlowCounts, *keys: str) -> tuple[int, ...]:
    return tuple(counts.n(key) for key in keys)


def waiting(folder: ReviewFolder, person: str = MARA) -> list[str]:
    session = screen.Session(folder, "title", person)
    return session._queue


def all_hold(counts: FlowCounts) -> bool:
    return [c for c in check(counts) if not c.holds] == []


@pytest.fixture
def updated(review: ReviewFolder, tmp_path: Path) -> Iterator[ReviewFolder]:
    """The small review with an update begun, and next year's searches in it."""
    versions.begin(review, NEXT, "the yearly update", MARA)
    search_again(review, tmp_path / "given")
    return review


def test_next_years_search_queues_only_what_is_new_and_old_decisions_stand(
    review: ReviewFolder, tmp_path: Path
) -> None:
    before, flow = load_state(review), prisma.run(review)
    results = repr({name: r.to_dict() for name, r in analyze.run(review).items()})
    versions.begin(review, NEXT, "the yearly update", MARA)
    assert prisma.run(review, version=1).ids == flow.ids
    search_again(review, tmp_path / "given")
    now = load_state(review)
    assert waiting(review) == waiting(review, JOOST) == [SOLAR, AFTER, COLUMN, SURVEY]
    for record in before.records:
        assert now.literature.stands_for(record) == before.literature.stands_for(record)
        assert [now.decision(s, record) for s in ("title", "fulltext")] == [
            before.decision(s, record) for s in ("title", "fulltext")
        ]
    assert now.included_studies() == before.included_studies()
    assert repr({name: r.to_dict() for name, r in analyze.run(review).items()}) == results
    assert all(c[0] in before.records or c == (SOLAR, f"{B2}:0003") for c in now.literature.duplicates.clusters)
    again = imports.run(review, [tmp_path / "given" / "alpha-next.ris"], "alpha", NEXT, by=MARA)
    assert [i.new for i in again] == [False]
    assert not dedupe.run(review, MARA).changed


def test_updated_flow_is_what_a_hand_counts(updated: ReviewFolder) -> None:
    waits = prisma.run(updated)
    assert numbers(waits, "to_screen", "records_screened", "new_reports", "total_studies") == (4, 0, 0, 5)
    assert all_hold(waits)
    finish(updated)
    counts = prisma.run(updated)
    assert numbers(counts, "previous_studies", "previous_reports") == (5, 5)
    assert numbers(counts, "database_results", "duplicates", "carried_over") == (13, 9, 0)
    assert [(s.name, len(s.ids)) for s in counts.sources] == [("Alpha Index", 10), ("Beta Index", 3)]
    assert numbers(counts, "records_screened", "records_excluded", "dbr_sought_reports") == (4, 1, 3)
    assert numbers(counts, "dbr_notretrieved_reports", "dbr_assessed", "dbr_excluded") == (0, 3, 1)
    assert counts.of("new_studies") == ("idris2026",)
    assert counts.of("new_reports") == (SOLAR, AFTER)
    assert counts.of("new_reports_of_previous") == (AFTER,)
    assert numbers(counts, "total_studies", "total_reports", "dropped_studies", "dropped_reports") == (6, 7, 0, 0)
    assert numbers(counts, "total_studies_ma", "total_reports_ma") == (5, 6)
    assert all_hold(counts)
    assert versions.changed(updated) == []
    cells = {row["data"]: row["n"] for row in to_template_rows(counts) if row["data"] != "NA"}
    wanted = {"previous_studies": "5", "previous_reports": "5", "new_studies": "1", "new_reports": "2"}
    wanted |= {"total_studies": "6", "total_reports": "7", "duplicates": "9", "dbr_excluded": "No eligible outcome, 1"}
    assert {key: cells[key] for key in wanted} == wanted


def test_first_version_keeps_its_flow_whatever_the_update_decides(locked_copy: ReviewFolder, tmp_path: Path) -> None:
    folder = locked_copy
    first = run("prisma", "--out", tmp_path / "before", "--review", folder.root).out
    versions.begin(folder, NEXT, "the yearly update", MARA)
    text = folder.protocol_path.read_text(encoding="utf-8")
    text = text.replace("label: No eligible outcome", "label: Nothing we look for").replace("votes: 2", "votes: 1")
    folder.protocol_path.write_text(text, encoding="utf-8")
    search_again(folder, tmp_path / "given")
    vote(folder, "title", [(f"{A}:0006", "include", "")])
    imports.withdraw(folder, "beta-2026-03", "it was cut short", MARA)
    told = run("prisma", "--version", "1", "--out", tmp_path / "after", "--review", folder.root)
    assert told.code == 0 and first.splitlines() == told.out.splitlines()
    for ending in ("svg", "csv"):
        old, new = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("before", "after"))
        assert old == new
    listed = run("prisma", "ids", "dbr_excluded", "--version", "1", "--review", folder.root)
    assert listed.code == 0 and NO_OUTCOME in listed.out and "Rossi" in listed.out


def test_what_the_version_before_left_open_is_carried_over(built: ReviewFolder, tmp_path: Path) -> None:
    folder = copy(built.root, tmp_path / "open")
    excluded, awaited = f"{A}:0006", MEETING
    screen.undo(folder, "title", excluded, MARA)
    screen.undo(folder, "fulltext", awaited, JOOST)
    told = run("update", "begin", "--date", NEXT, "--reason", "yearly", "--as", MARA, "--review", folder.root)
    assert told.out.startswith(
        "version 1 is closed: 5 studies in 5 reports; 2 records left open, which version 2 takes up"
    )
    search_again(folder, tmp_path / "given")
    assert waiting(folder) == [excluded, SOLAR, AFTER, COLUMN, SURVEY]
    finish(folder)
    counts = prisma.run(folder)
    assert counts.of("carried_over") == (excluded, awaited)
    assert numbers(counts, "database_results", "records_screened", "to_screen", "dbr_to_assess") == (13, 5, 1, 1)
    assert all_hold(counts)
    vote(folder, "title", [(excluded, "exclude", "not_empirical")])
    vote(folder, "fulltext", [(awaited, "exclude", "duplicate_study")])
    counts = prisma.run(folder)
    assert numbers(counts, "database_results", "carried_over", "records_screened", "dbr_excluded") == (13, 2, 6, 2)
    assert all_hold(counts)
    assert numbers(prisma.run(folder, version=1), "to_screen", "dbr_to_assess", "new_reports") == (1, 1, 5)
    assert {row[0]: row[1:3] for row in versions.changed(folder)} == {
        excluded: ("open", "excluded on title and abstract"),
        awaited: ("open", "excluded at full text"),
    }


def test_decisions_that_are_changed_in_the_update_are_counted_and_told(updated: ReviewFolder) -> None:
    finish(updated)
    out, back, found = f"{A}:0002", next(iter(TITLE_EXCLUDED)), NOT_FOUND
    vote(updated, "fulltext", [(out, "exclude", "not_area_based")])
    vote(updated, "title", [(back, "include", "")])
    retrieve.close(updated, [(found, True, ""), (back, True, "")], JOOST)
    vote(updated, "fulltext", [(found, "include", ""), (back, "exclude", "no_outcome")])
    retrieve.link(updated, [(found, "popov2009")], MARA)
    counts = prisma.run(updated)
    assert counts.of("carried_over") == (out, back, found)
    assert (counts.of("dropped_studies"), counts.of("dropped_reports")) == (("ferrari2016",), (out,))
    assert counts.of("new_studies") == ("idris2026", "popov2009")
    assert numbers(counts, "previous_studies", "total_studies", "previous_reports", "total_reports") == (5, 6, 5, 7)
    assert numbers(counts, "records_screened", "dbr_assessed", "dbr_excluded", "new_reports") == (7, 6, 3, 3)
    assert all_hold(counts)
    told = run("update", "changes", "--json", "--review", updated.root)
    assert {row["id"]: (row["then"], row["now"]) for row in json.loads(told.out)} == {
        out: ("included (ferrari2016)", "excluded at full text"),
        back: ("excluded on title and abstract", "excluded at full text"),
        found: ("not retrieved", "included (popov2009)"),
    }
    shown = run("prisma", "--review", updated.root).out
    assert "no longer included" in shown and "carried_over" in shown


def test_studies_that_are_renamed_merged_and_split_keep_the_totals_true(updated: ReviewFolder) -> None:
    finish(updated)
    retrieve.link(updated, [(f"{A}:0003", "oduya2017a")], MARA)
    counts = prisma.run(updated)
    assert numbers(counts, "carried_over", "dropped_studies", "new_studies", "total_studies") == (0, 0, 1, 6)
    assert "oduya2017a" in counts.of("previous_studies") and all_hold(counts)
    retrieve.link(updated, [(f"{A}:0005", "silva2019")], MARA)
    counts = prisma.run(updated)
    assert counts.of("dropped_studies") == ("lund2021",)
    assert numbers(counts, "previous_studies", "new_studies", "total_studies", "total_reports") == (5, 1, 5, 7)
    assert all_hold(counts)


def test_records_merged_or_split_later_keep_the_identities(updated: ReviewFolder) -> None:
    finish(updated)
    one, other = f"{A}:0002", f"{A}:0005"
    dedupe.judge(updated, [(one, other, True), (f"{A}:0001", "beta-2026-03:0001", False)], MARA)
    counts = prisma.run(updated)
    assert all_hold(counts)
    assert other in counts.of("dropped_reports")
    assert counts.of("to_screen") == counts.of("carried_over") == (one, "beta-2026-03:0001")


def test_update_begun_after_its_searches_were_imported_is_the_same(review: ReviewFolder, tmp_path: Path) -> None:
    first = prisma.run(review)
    late = copy(review.root, tmp_path / "late")
    versions.begin(review, NEXT, "the yearly update", MARA)
    for folder in (review, late):
        search_again(folder, tmp_path / "given")
        finish(folder)
    assert numbers(prisma.run(late), "database_results", "records_screened") == (25, 14)
    versions.begin(late, NEXT, "the yearly update", MARA)
    assert prisma.run(late).ids == prisma.run(review).ids
    assert prisma.run(late, version=1).ids == first.ids
    versions.withdraw(late, "one version after all", MARA)
    assert numbers(prisma.run(late), "database_results", "records_screened", "new_studies") == (25, 14, 6)


def test_update_that_was_begun_withdrawn_and_begun_again_closes_the_same_version(
    review: ReviewFolder, tmp_path: Path
) -> None:
    first = prisma.run(review)
    versions.begin(review, NEXT, "the yearly update", MARA)
    path = tmp_path / "wrong.ris"
    path.write_text(ris([_SURVEY]), encoding="utf-8")
    wrong = imports.run(review, [path], "alpha", "2026-11-01", by=MARA)[0]
    search_again(review, tmp_path / "given")
    versions.withdraw(review, "a doubt", JOOST)
    imports.withdraw(review, wrong.file, "it was of another search", MARA)
    dedupe.run(review, MARA)
    versions.begin(review, NEXT, "the yearly update after all", JOOST)
    finish(review)
    assert prisma.run(review, version=1).ids == first.ids
    assert [v.records for v in versions.versions(review)] == [12, 13]
    assert numbers(prisma.run(review), "database_results", "records_screened", "new_studies") == (13, 4, 1)


def test_log_that_arrives_late_does_not_change_the_version_that_is_closed(built: ReviewFolder, tmp_path: Path) -> None:
    here, there = copy(built.root, tmp_path / "here"), copy(built.root, tmp_path / "there")
    first = prisma.run(here)
    with computer("train"):
        vote(there, "fulltext", [(NO_OUTCOME, "include", "")])
        retrieve.link(there, [(NO_OUTCOME, "rossi2020")], JOOST)
        path = tmp_path / "extra.ris"
        path.write_text(ris([_SURVEY, ALPHA[0]]), encoding="utf-8")
        imports.run(there, [path], "beta", "2026-03-03", by=JOOST)
        train = [p for p in there.journal.rglob("*.jsonl") if p.stem == "train"]
    versions.begin(here, NEXT, "the yearly update", MARA)
    search_again(here, tmp_path / "given")
    for log in train:
        target = here.journal / log.relative_to(there.journal)
        target.write_bytes(log.read_bytes())
    (here.searches / "beta-2026-03-03.ris").write_bytes((there.searches / "beta-2026-03-03.ris").read_bytes())
    dedupe.run(here, MARA)
    assert prisma.run(here, version=1).ids == first.ids
    with pytest.warns(MetareviewWarning, match=r"is a search of 2026-03-03, and version 2 begins"):
        counts = prisma.run(here)
    assert load_state(here).literature.stands_for("beta-2026-03b:0002") == f"{A}:0001"
    assert counts.of("carried_over") == (NO_OUTCOME,) and all_hold(counts)
    assert numbers(counts, "database_results", "duplicates") == (15, 11)


def test_a_log_that_is_not_here_yet_is_warned_of(updated: ReviewFolder) -> None:
    joost = next(p for p in updated.journal.rglob("*.jsonl") if "joost" in p.parent.name)
    joost.unlink()
    with pytest.warns(MetareviewWarning, match=r"version 1 rests on decisions in the log joost-vink/desk"):
        prisma.run(updated, version=1)


def test_older_search_after_the_update_began_is_told_and_counts_as_new(updated: ReviewFolder, tmp_path: Path) -> None:
    path = tmp_path / "older.ris"
    path.write_text(ris([("Zhou, Q.", "Kites over a car park", "2015", "Play", "1", "5", "", "Kites.")]), "utf-8")
    with pytest.warns(MetareviewWarning, match="search of 2026-03-01 is older than version 2"):
        imports.run(updated, [path], "beta", "2026-03-01", by=MARA)
    dedupe.run(updated, MARA)
    told = run("status", "--review", updated.root)
    assert (
        "beta-2026-03-01.ris is a search of 2026-03-01, and version 2 begins with searches from 2026-10-05" in told.err
    )
    with pytest.warns(MetareviewWarning, match="its records count as new"):
        assert prisma.run(updated).n("database_results") == 14
    assert prisma.run(updated, version=1).n("database_results") == 12


def test_status_tells_what_the_update_brought_and_what_waits(review: ReviewFolder, tmp_path: Path) -> None:
    def told() -> tuple[str, str, str]:
        step = next(s for s in status.run(review) if s.name.startswith("update"))
        return step.done, step.left, step.command.partition(" --")[0]

    assert not any(s.name.startswith("update") for s in status.run(review))
    versions.begin(review, NEXT, "the yearly update", MARA)
    assert told() == ("begun", f"import the searches from {NEXT}", "metareview import FILE")
    path = tmp_path / "alpha.ris"
    path.write_text(ris(ALPHA2), encoding="utf-8")
    imports.run(review, [path], "alpha", NEXT, by=MARA)
    assert told() == (f"10 new records since {NEXT}", "look for duplicates", "metareview dedupe")
    dedupe.run(review, MARA)
    assert told() == (f"10 new records since {NEXT}", "3 new records to screen", "metareview screen")
    vote(review, "title", [(r, "exclude", "not_empirical") for r in (SOLAR, AFTER, COLUMN)])
    assert told() == (f"10 new records since {NEXT}", "", "")


def test_third_version_stands_on_the_second(updated: ReviewFolder, tmp_path: Path) -> None:
    finish(updated)
    second = prisma.run(updated)
    versions.begin(updated, "2026-11-10", "the next yearly update", JOOST)
    path = tmp_path / "third.ris"
    path.write_text(ris([*ALPHA2[:3], _SURVEY]), encoding="utf-8")
    imports.run(updated, [path], "beta", "2026-11-10", by=MARA)
    dedupe.run(updated, MARA)
    counts = prisma.run(updated)
    assert waiting(updated) == []
    assert numbers(counts, "previous_studies", "previous_reports", "database_results", "duplicates") == (6, 7, 4, 4)
    assert numbers(counts, "new_studies", "total_studies") == (0, 6) and all_hold(counts)
    assert prisma.run(updated, version=2).ids == second.ids
    listed = json.loads(run("update", "--json", "--review", updated.root).out)
    keys = ("version", "searches", "records", "studies", "reports", "open")
    assert [tuple(v[k] for k in keys) for v in listed] == [
        (1, 2, 12, 5, 5, 0),
        (2, 2, 13, 6, 7, 0),
        (3, 1, 4, 6, 7, 0),
    ]


def test_records_are_decided_by_the_rules_of_their_own_version(updated: ReviewFolder) -> None:
    text = updated.protocol_path.read_text(encoding="utf-8")
    updated.protocol_path.write_text(text.replace("title: {votes: 2}", "title: {votes: 1}"), encoding="utf-8")
    vote(updated, "title", [(COLUMN, "exclude", "not_empirical")], [MARA])
    screen.undo(updated, "title", f"{A}:0006", JOOST)
    state = load_state(updated)
    assert state.decision("title", COLUMN).status == "decided"
    assert state.decision("title", f"{A}:0006").missing == 1
    assert waiting(updated, JOOST) == [f"{A}:0006", SOLAR, AFTER, SURVEY]


def test_updates_begun_apart_are_refused_until_one_is_taken_back(built: ReviewFolder, tmp_path: Path) -> None:
    here, there = copy(built.root, tmp_path / "here"), copy(built.root, tmp_path / "there")
    versions.begin(here, NEXT, "the yearly update", MARA)
    with computer("train"):
        versions.begin(there, "2026-09-01", "a new grant", JOOST)
    for log in (p for p in there.journal.rglob("*.jsonl") if p.stem == "train"):
        (here.journal / log.relative_to(there.journal)).write_bytes(log.read_bytes())
    told = run("prisma", "--review", here.root)
    assert told.code == 1 and "version 2 was begun twice" in told.err and "update withdraw" in told.err
    assert run("update", "withdraw", "--reason", "one is enough", "--as", JOOST, "--review", here.root).code == 0
    assert len(versions.versions(here)) == 2


@pytest.mark.parametrize(
    ("date", "reason", "message"),
    [
        ("next week", "yearly", "is not a date"),
        ("2999-01-01", "yearly", "lies in the future"),
        (NEXT, "  ", "why is the review updated"),
        (DATE, "yearly", "has no search before"),
    ],
)
def test_update_that_cannot_begin_writes_nothing(review: ReviewFolder, date: str, reason: str, message: str) -> None:
    before = len(review.events())
    with pytest.raises(MetareviewError, match=message):
        versions.begin(review, date, reason, MARA)
    assert len(review.events()) == before
    with pytest.raises(MetareviewError, match="no update of this review was begun"):
        versions.withdraw(review, "why not", MARA)
    with pytest.raises(MetareviewError, match="there is no version 2; the review has one version"):
        prisma.run(review, version=2)


def test_closed_version_takes_no_decision_and_searches_of_the_next_come_later(updated: ReviewFolder) -> None:
    with pytest.raises(MetareviewError, match="takes no decision"):
        retrieve.link(versions.at(updated, 1), [(f"{A}:0001", "other")], MARA)
    with pytest.raises(MetareviewError, match="so those of the next begin later"):
        versions.begin(updated, NEXT, "again", MARA)
    with pytest.raises(MetareviewError, match=r"version 2 has no search before 2026-10-0"):
        versions.withdraw(updated, "a mistake", MARA)
        versions.begin(updated, "2026-09-01", "again", MARA)
        versions.begin(updated, "2026-10-01", "again", MARA)


def test_updated_review_is_locked_and_reproduced(updated: ReviewFolder) -> None:
    finish(updated)
    assert run("lock", "--review", updated.root).code == 0
    with (updated.outputs / "prisma" / "prisma2020_template.csv").open(encoding="utf-8", newline="") as stream:
        cells = {row["data"]: row["n"] for row in csv.DictReader(stream)}
    assert (cells["previous_studies"], cells["total_reports"]) == ("5", "7")
    report = (updated.outputs / "report.md").read_text(encoding="utf-8")
    assert "version 2 of the review, updated with searches from 2026-10-05 (the yearly update)" in report
    told = run("reproduce", "--review", updated.root)
    assert told.code == 0, told.out + told.err


def test_what_is_decided_after_an_early_import_still_belongs_to_the_first_version(
    review: ReviewFolder, tmp_path: Path
) -> None:
    flow, said = prisma.run(review), load_state(review).decision("fulltext", MEETING)
    screen.undo(review, "fulltext", MEETING, JOOST)
    assert prisma.run(review).ids != flow.ids
    search_again(review, tmp_path / "given")
    screen.cast(review, "fulltext", [(MEETING, said.decision, said.reason, "")], JOOST)  # type: ignore[list-item]
    versions.begin(review, NEXT, "the yearly update", MARA)
    assert prisma.run(review, version=1).ids == flow.ids
    assert waiting(review) == [SOLAR, AFTER, COLUMN, SURVEY]
    finish(review)
    counts = prisma.run(review)
    assert numbers(counts, "previous_studies", "carried_over", "new_studies", "total_studies") == (5, 0, 1, 6)
    assert all_hold(counts)
