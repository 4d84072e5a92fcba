"""A merge undone at any time: the record that left is screened, decisions on the other stand, and PRISMA is counted anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_review import DATE, JOOST, MARA, A, B, computer, copy, hashes, lay_out, ris, run

from metareview.errors import MetareviewError
from metareview.folder import ReviewFolder
from metareview.report.prisma_checks import check
from metareview.services import dedupe, duplicates, imports, prisma, retrieve, screen
from metareview.services.state import ReviewState, load_state

LAMPS, LAMPS_TOO, STUDY = f"{A}:0001", f"{B}:0001", "berg2014"
BOXES = (
    "duplicates", "records_screened", "to_screen", "dbr_sought_reports", "dbr_assessed", "dbr_excluded", "new_reports",
    "new_studies",
)  # fmt: skip


def counts(folder: ReviewFolder) -> dict[str, int]:
    """The boxes of the flow, after checking every identity between them."""
    found = prisma.run(folder)
    assert [c for c in check(found) if not c.holds] == []
    return {box: found.n(box) for box in BOXES}


def changes(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {box: after[box] - n for box, n in before.items() if after[box] != n}


def decisions(state: ReviewState, record: str) -> tuple[object, ...]:
    """Everything decided on a record: both stages with their votes, retrieval, study."""
    judged = [state.decision(stage, record) for stage in ("title", "fulltext")]
    votes = tuple(v.event_id for d in judged for v in d.votes)
    return (*(d.decision for d in judged), votes, state.retrieved(record), state.study_of(record))


def decide(folder: ReviewFolder, record: str, fulltext: str = "include", study: str = STUDY) -> None:
    """Include a record on its title, retrieve it, judge its full text and link it."""
    for person in (MARA, JOOST):
        screen.cast(folder, "title", [(record, "include", "", "")], person)
    retrieve.close(folder, [(record, True, "")], MARA)
    reason = "" if fulltext == "include" else "no_outcome"
    for person in (MARA, JOOST):
        screen.cast(folder, "fulltext", [(record, fulltext, reason, "")], person)
    retrieve.link(folder, [(record, study)], MARA)


def waits(folder: ReviewFolder) -> set[str]:
    """The records in Mara's title queue."""
    session, found = screen.Session(folder, "title", MARA), set()
    while (record := session.next()) is not None:
        found.add(record.record_id)
        session._queue.pop(0)
    return found


@pytest.mark.parametrize("how", ["split", "unmerge"])
def test_a_record_split_off_is_screened_and_the_other_keeps_all_its_decisions(review: ReviewFolder, how: str) -> None:
    before, was = counts(review), decisions(load_state(review), LAMPS)
    assert was[0] == was[1] == "include" and len(was[2]) == 4 and was[3:] == (True, STUDY)
    names = (LAMPS, LAMPS_TOO) if how == "split" else (LAMPS_TOO,)
    assert run("dedupe", how, *names, "--as", MARA, "--review", review.root).code == 0
    state = load_state(review)
    assert decisions(state, LAMPS) == was and decisions(state, LAMPS_TOO) == ("", "", (), None, None)
    assert changes(before, counts(review)) == {"duplicates": -1, "to_screen": 1}
    assert waits(review) == {LAMPS_TOO}
    assert run("dedupe", "merge", LAMPS_TOO, LAMPS, "--as", JOOST, "--review", review.root).code == 0
    assert counts(review) == before and decisions(load_state(review), LAMPS) == was and waits(review) == set()


def test_what_was_decided_after_the_split_is_there_again_when_it_is_split_again(review: ReviewFolder) -> None:
    start, was = counts(review), decisions(load_state(review), LAMPS)
    dedupe.judge(review, [(LAMPS, LAMPS_TOO, False)], MARA)
    decide(review, LAMPS_TOO, "exclude")
    apart, own = counts(review), decisions(load_state(review), LAMPS_TOO)
    assert changes(start, apart) == {
        "duplicates": -1, "records_screened": 1, "dbr_sought_reports": 1, "dbr_assessed": 1, "dbr_excluded": 1
    }  # fmt: skip
    dedupe.judge(review, [(LAMPS, LAMPS_TOO, True)], MARA)  # contrary full-text votes of the two meet: a conflict
    assert load_state(review).decision("fulltext", LAMPS).status == "conflict"
    assert changes(start, counts(review)) == {"dbr_assessed": -1, "new_reports": -1, "new_studies": -1}
    screen.resolve(review, "fulltext", LAMPS, "include", by=MARA)
    assert counts(review) == start
    dedupe.judge(review, [(LAMPS, LAMPS_TOO, False)], MARA)  # the resolution was of all four votes: it falls
    state = load_state(review)
    assert counts(review) == apart and decisions(state, LAMPS) == was and decisions(state, LAMPS_TOO) == own
    dedupe.judge(review, [(LAMPS, LAMPS_TOO, True)], MARA)
    assert counts(review) == start


def test_a_standing_record_taken_out_keeps_the_votes_cast_on_it(three: ReviewFolder) -> None:
    a, b, c = ids(three)
    decide(three, a)
    was = decisions(load_state(three), a)
    duplicates.unmerge(three, a, MARA)
    state = load_state(three)
    assert decisions(state, a) == was and state.literature.copies(b) == (b, c)
    assert waits(three) == {b} and counts(three)["duplicates"] == 1


# --- three copies and more --------------------------------------------------------------------------------------

TITLE = "Community gardens in vacant courts: a matched comparison of forty streets"
_COPY = (
    "Oduya, P.|Meyer, K.",
    TITLE,
    "2017",
    "Places and People",
    "4",
    "101",
    "",
    "Gardens were laid out in forty courts.",
)


def clustered(folder: ReviewFolder, where: Path, copies: tuple[tuple[str, ...], ...]) -> ReviewFolder:
    """A review of one export that holds these records."""
    path = where / "copies.ris"
    path.write_text(ris(copies), encoding="utf-8")
    imports.run(folder, [path], "alpha", DATE, by=MARA)
    dedupe.run(folder, MARA)
    return folder


def ids(folder: ReviewFolder) -> list[str]:
    return list(load_state(folder).records)


def clusters(folder: ReviewFolder) -> set[tuple[str, ...]]:
    return set(load_state(folder).literature.clusters.values())


@pytest.fixture
def three(tmp_path: Path) -> ReviewFolder:
    """Three copies of one record, all linked to each other by rule."""
    return clustered(lay_out(tmp_path / "three"), tmp_path, (_COPY,) * 3)


@pytest.fixture
def chain(tmp_path: Path) -> ReviewFolder:
    """Three records of which the last alone links the first two: by DOI the one, by volume and page the other."""
    bare, cited = ("", TITLE, "", "", "", "", "10.5555/courts", ""), (*_COPY[:6], "", "")
    return clustered(lay_out(tmp_path / "chain"), tmp_path, (bare, cited, (*cited[:6], "10.5555/courts", "")))


@pytest.mark.parametrize("out", [0, 1, 2])
def test_one_out_of_three_leaves_the_others_merged(three: ReviewFolder, out: int) -> None:
    names = ids(three)
    decide(three, names[0])
    before = counts(three)
    rest = tuple(n for n in names if n != names[out])
    assert run("dedupe", "unmerge", names[out], "--as", MARA, "--review", three.root).code == 0
    assert clusters(three) == {rest}
    assert changes(before, counts(three)) == {"duplicates": -1, "to_screen": 1}
    assert dedupe.waiting_pairs(load_state(three)) == {}, "nothing is asked again"
    assert not dedupe.run(three, MARA).changed and clusters(three) == {rest}
    for other in rest:  # merged again with either of the two, all three are one
        again = copy(three.root, three.root.parent / f"again-{other[-4:]}")
        dedupe.judge(again, [(other, names[out], True)], MARA)
        assert clusters(again) == {tuple(names)} and counts(again) == before
    _, pairs = duplicates.reopen(three, names[out], by=JOOST)
    assert len(pairs) == 2 and clusters(three) == {tuple(names)} and counts(three) == before


def test_a_split_of_two_of_three_leaves_the_third_with_one_of_them(three: ReviewFolder) -> None:
    a, b, c = ids(three)
    decide(three, a)
    before = counts(three)
    dedupe.judge(three, [(a, b, False)], MARA)
    assert clusters(three) == {(a, c)} and waits(three) == {b}
    assert list(dedupe.waiting_pairs(load_state(three))) == [(b, c)], "whether the third is the other's, is asked"
    assert changes(before, counts(three)) == {"duplicates": -1, "to_screen": 1}
    dedupe.judge(three, [(a, b, True)], MARA)
    assert clusters(three) == {(a, b, c)} and counts(three) == before


def test_two_that_a_third_linked_are_split_and_the_third_stays_with_one(chain: ReviewFolder) -> None:
    a, b, c = ids(chain)
    rules = {frozenset((m["a"], m["b"])): m["rule"] for m in load_state(chain).literature.duplicates.merges}
    assert rules == {frozenset((a, c)): "same_doi", frozenset((b, c)): "same_citation"}
    decide(chain, a)
    before, was = counts(chain), decisions(load_state(chain), a)
    dedupe.judge(chain, [(a, b, False)], MARA)
    assert clusters(chain) == {(a, c)} and decisions(load_state(chain), a) == was and waits(chain) == {b}
    assert changes(before, counts(chain)) == {"duplicates": -1, "to_screen": 1}
    dedupe.judge(chain, [(a, b, True)], MARA)
    assert clusters(chain) == {(a, b, c)} and counts(chain) == before


def test_the_link_taken_out_leaves_the_others_merged_and_says_so(chain: ReviewFolder) -> None:
    a, b, c = ids(chain)
    decide(chain, a)
    before = counts(chain)
    done = run("dedupe", "unmerge", c, "--as", MARA, "--review", chain.root)
    assert f"{a} and {b} were linked by {c} only; they are judged the same" in done.err
    assert clusters(chain) == {(a, b)} and changes(before, counts(chain)) == {"duplicates": -1, "to_screen": 1}
    assert waits(chain) == {c}
    dedupe.judge(chain, [(b, c, True)], JOOST)
    assert clusters(chain) == {(a, b, c)} and counts(chain) == before


def test_a_judgement_that_contradicts_others_is_refused_before_it_is_written(tmp_path: Path) -> None:
    titles = ("Lamps by the harbour at night", "A park for children of the old town", "Wardens who know the street")
    works = tuple((f"Writer{i}, A.", t, str(2010 + i), "Places", str(i), "1", "", "") for i, t in enumerate(titles))
    folder = clustered(lay_out(tmp_path / "review"), tmp_path, works)
    a, b, c = ids(folder)
    dedupe.judge(folder, [(a, c, True), (c, b, True)], MARA)
    decide(folder, a)
    before, start = hashes(folder.root), counts(folder)
    done = run("dedupe", "split", a, b, "--as", JOOST, "--review", folder.root)
    assert done.code == 1 and f"{a} = {c} = {b} the same; nothing was recorded" in done.err
    assert "metareview dedupe unmerge" in done.err and hashes(folder.root) == before
    duplicates.unmerge(folder, b, JOOST)
    assert clusters(folder) == {(a, c)} and changes(start, counts(folder)) == {"duplicates": -1, "to_screen": 1}
    with pytest.raises(MetareviewError, match="different"):
        dedupe.judge(folder, [(a, b, False), (c, b, True), (a, c, True)], MARA)
    dedupe.judge(folder, [(b, a, True)], JOOST)
    assert clusters(folder) == {(a, b, c)} and counts(folder) == start


# --- judgements taken back --------------------------------------------------------------------------------------


def test_a_pair_reopened_waits_again_unless_a_rule_decides(review: ReviewFolder) -> None:
    pair = (f"{A}:0004", f"{B}:0003")  # judged different when the review was made
    assert dedupe.waiting_pairs(load_state(review)) == {}
    done = run("dedupe", "reopen", *reversed(pair), "--as", JOOST, "--review", review.root)
    assert done.code == 0 and f"the judgement on {pair[0]} and {pair[1]} was taken back" in done.err
    state = load_state(review)
    assert list(dedupe.waiting_pairs(state)) == [pair] and not state.literature.stale
    assert state.literature.reopened == {pair: JOOST} and state.literature.judgements == {}
    assert run("dedupe", "reopen", *pair, "--as", JOOST, "--review", review.root).code == 2
    dedupe.judge(review, [(LAMPS, f"{A}:0002", True)], MARA)
    duplicates.reopen(review, LAMPS, by=MARA)  # no rule names this pair: a person is asked about it
    assert dedupe.waiting_pairs(load_state(review))[LAMPS, f"{A}:0002"] == f"the judgement was taken back by {MARA}"
    dedupe.judge(review, [(*pair, False), (LAMPS, f"{A}:0002", False)], MARA)
    assert dedupe.waiting_pairs(load_state(review)) == {} and load_state(review).literature.reopened == {}


def test_a_judgement_made_meanwhile_outlives_a_taking_back_that_did_not_see_it(
    review: ReviewFolder, tmp_path: Path
) -> None:
    pair = (f"{A}:0004", f"{B}:0003")
    desktop = copy(review.root, tmp_path / "desktop")
    with computer("laptop"):
        duplicates.reopen(review, *pair, by=MARA)
    with computer("desktop"):
        dedupe.judge(desktop, [(*pair, True)], JOOST)
    for log in desktop.journal.rglob("desktop.jsonl"):
        target = review.journal / log.relative_to(desktop.journal)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(log.read_bytes())
    literature = load_state(review).literature
    assert list(literature.same) == [pair] and literature.reopened == {} and literature.stale
    dedupe.run(review, MARA)
    assert load_state(review).literature.stands_for(pair[1]) == pair[0]


def test_a_judgement_turned_without_deduplicating_makes_the_duplicates_stale(review: ReviewFolder) -> None:
    state = load_state(review)
    dedupe.record(review, state, [(f"{A}:0004", f"{B}:0003", True)], MARA)  # as when the power goes before the run
    assert load_state(review).literature.stale
    dedupe.run(review, MARA)
    assert not load_state(review).literature.stale


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("unmerge", f"{A}:0002"), 2, "is merged with no other record"),
        (("unmerge", "nothing:0001"), 2, "there is no record"),
        (("reopen", LAMPS), 2, "no judgement stands on"),
    ],
)
def test_what_cannot_be_undone_is_said(review: ReviewFolder, words: tuple[str, ...], code: int, says: str) -> None:
    before = hashes(review.root)
    done = run("dedupe", *words, "--as", MARA, "--review", review.root)
    assert (done.code, done.out) == (code, "") and says in done.err and hashes(review.root) == before


def test_unmerge_asks_for_duplicates_that_are_up_to_date(review: ReviewFolder) -> None:
    imports.withdraw(review, A, "wrong search", MARA)
    with pytest.raises(MetareviewError, match="out of date"):
        duplicates.unmerge(review, LAMPS_TOO, MARA)
