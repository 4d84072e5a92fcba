"""Decisions outlive what happens around them: withdrawn exports, other computers, new votes, a name respelt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_review import (
    DATE,
    JOOST,
    MARA,
    MEETING,
    NOT_FOUND,
    PROTOCOL,
    REPORTS,
    A,
    B,
    computer,
    copy,
    hashes,
    lay_out,
    ris,
    run,
)  # fmt: skip

from metareview.errors import MetareviewError
from metareview.folder import ReviewFolder
from metareview.services import dedupe, duplicates, imports, retrieve, screen
from metareview.services.state import load_state

LAMPS, LAMPS_TOO = f"{A}:0001", f"{B}:0001"


def bring(source: ReviewFolder, target: ReviewFolder, *parts: str) -> None:
    """Bring the logs of one copy, and files of its data, to another, as git does."""
    for path in sorted((source.root / "data").rglob("*")):
        name = path.relative_to(source.root).as_posix()
        if path.is_file() and (path.suffix == ".jsonl" or any(part in name for part in parts)):
            there = target.root / name
            there.parent.mkdir(parents=True, exist_ok=True)
            if not there.exists() or there.stat().st_size < path.stat().st_size:
                there.write_bytes(path.read_bytes())


def decided(folder: ReviewFolder, record: str) -> tuple[str, ...]:
    state = load_state(folder)
    return tuple(state.decision(stage, record).decision for stage in ("title", "fulltext"))


def test_votes_outlive_the_export_of_the_record_they_were_cast_on(review: ReviewFolder) -> None:
    before = load_state(review)
    assert before.literature.stands_for(LAMPS_TOO) == LAMPS and before.study_of(LAMPS) == "berg2014"
    first = before.screening.votes["title", LAMPS]
    imports.withdraw(review, A, "wrong search", MARA)
    for again in (False, True):  # before and after duplicates are found anew
        if again:
            dedupe.run(review, MARA)
        state = load_state(review)
        assert LAMPS not in state.records and state.literature.stands_for(LAMPS_TOO) == LAMPS_TOO
        assert [v.event_id for v in state.screening.votes["title", LAMPS_TOO]] == [v.event_id for v in first]
        assert decided(review, LAMPS_TOO) == ("include", "include")
        assert state.retrieved(LAMPS_TOO) and state.study_of(LAMPS_TOO) == "berg2014"
        assert set(state.screening.first_votes["title", LAMPS_TOO]) == {MARA, JOOST}
    assert run("prisma", "--review", review.root).code == 0
    export = next(i for i in before.literature.imports if i.prefix == A)
    imports.run(review, [review.root / export.file], export.source, export.date, by=MARA)
    dedupe.run(review, MARA)
    state = load_state(review)
    kept = state.literature.place(LAMPS)
    assert state.literature.stands_for(LAMPS) == kept == state.literature.stands_for(LAMPS_TOO)
    assert [v.event_id for v in state.screening.votes["title", kept]] == [v.event_id for v in first]


def test_the_same_export_imported_on_two_computers_is_one_under_either_name(tmp_path: Path) -> None:
    laptop = lay_out(tmp_path / "laptop")
    desktop = copy(laptop.root, tmp_path / "desktop")
    export = tmp_path / "lamps.ris"
    export.write_text(ris([("Berg, N.", "Brighter lamps", "2014", "Street Life", "1", "2", "", "")]), encoding="utf-8")
    names = []
    for name, folder, source, person in (("laptop", laptop, "alpha", MARA), ("desktop", desktop, "beta", JOOST)):
        with computer(name):
            names.append(f"{imports.run(folder, [export], source, DATE, by=person)[0].prefix}:0001")
            dedupe.run(folder, person)
            screen.cast(folder, "title", [(names[-1], "include", "", "")], person)
    assert names == [LAMPS, LAMPS_TOO]
    bring(desktop, laptop, "searches/")
    state = load_state(laptop)
    (only,) = state.literature.imports
    (later, kept), *more = state.literature.aliases.items()
    assert not more and {later, kept} == {A, B} and only.prefix == kept
    assert list(state.records) == [f"{kept}:0001"] and state.literature.place(f"{later}:0001") == f"{kept}:0001"
    decision = state.decision("title", f"{kept}:0001")
    assert (decision.decision, set(decision.by)) == ("include", {MARA, JOOST})


def test_a_resolution_falls_with_the_votes_it_settled(review: ReviewFolder) -> None:
    doubt = f"{A}:0005"  # Mara said include, Joost maybe, and it was resolved
    assert load_state(review).decision("title", doubt).decision == "include"
    screen.cast(review, "title", [(doubt, "exclude", "not_empirical", "")], JOOST)
    ran = run("screen", "conflicts", "--stage", "title", "--json", "--review", review.root)
    assert ran.code == 1 and [c["record"] for c in json.loads(ran.out)] == [doubt]
    assert screen.resolve(review, "title", doubt, "exclude", by=MARA).decision == "exclude"
    screen.undo(review, "title", doubt, JOOST)
    assert load_state(review).decision("title", doubt).status == "pending"
    session = screen.Session(review, "title", JOOST)
    shown = session.next()
    assert shown is not None and shown.record_id == doubt, "a record whose resolution fell waits for its voter"
    session.vote("include")
    assert load_state(review).decision("title", doubt).decision == "include"


def test_contrary_judgements_of_a_pair_are_asked_first(review: ReviewFolder, tmp_path: Path) -> None:
    pair = (f"{A}:0002", NOT_FOUND)
    desktop = copy(review.root, tmp_path / "desktop")
    with computer("laptop"):
        dedupe.judge(review, [(*pair, True)], MARA)
    with computer("desktop"):
        dedupe.judge(desktop, [(*pair, False)], JOOST)
    bring(desktop, review)
    literature = load_state(review).literature
    assert list(literature.contested) == [pair] and not {*literature.same, *literature.different} & {pair}
    dedupe.run(review, MARA)
    assert load_state(review).literature.stands_for(NOT_FOUND) == NOT_FOUND
    assert "1 pair to judge" in run("status", "--review", review.root).out
    (a, b, why), *_ = dedupe.unsure_pairs(review)
    assert (a.record_id, b.record_id) == pair and why.startswith("judged both ways, by ")
    assert MARA in why and JOOST in why
    ran = run("dedupe", "review", "--as", JOOST, "--review", review.root, stdin="S\n")  # a capital is an answer too
    assert ran.code == 0, ran.err
    state = load_state(review)
    assert state.literature.contested == {} and list(state.literature.same) == [pair]
    assert state.literature.stands_for(NOT_FOUND) == pair[0] and not state.literature.stale


def test_each_judgement_is_on_disk_before_the_next_pair(review: ReviewFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {(f"{A}:000{i}", NOT_FOUND): "asked" for i in (2, 6)}
    monkeypatch.setattr(duplicates, "waiting_pairs", lambda _: asked)
    ran = run("dedupe", "review", "--as", MARA, "--review", review.root, stdin="d\n")  # the input ends at the second
    assert ran.code == 130 and "what was acknowledged is on disk" in ran.err
    state = load_state(review).literature
    assert (f"{A}:0002", NOT_FOUND) in state.different and (f"{A}:0006", NOT_FOUND) not in state.different
    assert not state.stale


def test_a_reviewer_respelt_in_the_protocol_is_one_person(review: ReviewFolder) -> None:
    text = PROTOCOL.replace(f"name: {MARA}", "name: Mara DEKKER")
    review.protocol_path.write_text(text, encoding="utf-8")
    state = load_state(review)
    assert set(state.decision("title", LAMPS).by) == {"Mara DEKKER", JOOST}
    screen.cast(review, "title", [(LAMPS, "exclude", "", "")], "mara dekker")
    votes = load_state(review).screening.votes["title", LAMPS]
    assert {(v.by, v.decision) for v in votes} == {("Mara DEKKER", "exclude"), (JOOST, "include")}
    assert not load_state(review).coding.conflicts


def test_two_reviewers_of_one_name_are_a_mistake(review: ReviewFolder) -> None:
    text = PROTOCOL.replace("{name: Joost Vink}", "{name: mara-dekker}")
    review.protocol_path.write_text(text, encoding="utf-8")
    ran = run("protocol", "check", "--review", review.root)
    assert ran.code == 2 and "`mara-dekker` is named twice" in ran.err


def test_a_report_with_votes_on_its_full_text_was_retrieved(review: ReviewFolder) -> None:
    before = hashes(review.root)
    for report in (LAMPS, LAMPS_TOO):
        with pytest.raises(MetareviewError, match="has votes on its full text, so it was retrieved"):
            retrieve.close(review, [(report, False, "lost")], MARA)
    assert hashes(review.root) == before
    for person in (MARA, JOOST):
        screen.undo(review, "fulltext", LAMPS, person)
    assert retrieve.close(review, [(LAMPS, False, "lost")], MARA) == 1


def test_reports_decided_both_ways_are_listed_and_settled(review: ReviewFolder, tmp_path: Path) -> None:
    desktop = copy(review.root, tmp_path / "desktop")
    new = ("ferrari2016b", "ferrari2016c")
    for folder, name, person, study in ((review, "laptop", MARA, new[0]), (desktop, "desktop", JOOST, new[1])):
        with computer(name):
            retrieve.close(folder, [(NOT_FOUND, name == "laptop", "" if name == "laptop" else "lost")], person)
            retrieve.link(folder, [(f"{A}:0002", study)], person)
    bring(desktop, review)
    found = {r.record.record_id: r for r in retrieve.reports(review)}
    assert found[NOT_FOUND].retrieved is None and found[f"{A}:0002"].study is None
    assert {f"{MARA}: retrieved", f"{JOOST}: not retrieved"} == set(found[NOT_FOUND].contradiction.split(", "))
    assert new[0] in found[f"{A}:0002"].contradiction and new[1] in found[f"{A}:0002"].contradiction
    listed = json.loads(run("retrieve", "--json", "--review", review.root).out)
    assert {r["report"] for r in listed if r["status"] == "contradiction"} == {NOT_FOUND, f"{A}:0002"}
    assert "(1 decided both ways)" in run("status", "--review", review.root).out
    retrieve.close(review, [(NOT_FOUND, False, "lost")], MARA)
    retrieve.link(review, [(f"{A}:0002", "ferrari2016")], MARA)
    assert not any(r.contradiction for r in retrieve.reports(review))


def test_a_report_stands_once_in_a_table(review: ReviewFolder, tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_text(f"report,study\n{LAMPS},s1\n{MEETING},s2\n{LAMPS},s3\n", encoding="utf-8")
    with pytest.raises(MetareviewError, match=f"row 4: `{LAMPS}` stands in row 2 already"):
        retrieve.link_from(review, path, MARA)
    assert load_state(review).study_of(LAMPS) == REPORTS[LAMPS]


def test_screening_on_duplicates_out_of_date_is_warned_of(review: ReviewFolder) -> None:
    imports.withdraw(review, B, "wrong search", MARA)
    ran = run("screen", "--as", MARA, "--review", review.root, stdin="q\n")
    assert "warning: the duplicates are out of date" in ran.err


def test_a_vote_that_stands_is_said_to_stand(review: ReviewFolder) -> None:
    ran = run("screen", "record", LAMPS, "include", "--as", MARA, "--review", review.root)
    assert ran.code == 0 and "this vote stands already" in ran.out
