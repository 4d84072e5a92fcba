"""People read a record as its copies tell it together, and see which copy gave what; ids, decisions and counts stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_review import DATE, MARA, A, B, hashes, lay_out, ris, run

from metareview.errors import MetareviewError
from metareview.folder import ReviewFolder
from metareview.review import Review
from metareview.services import dedupe, imports, screen
from metareview.services.state import load_state

FIRST, SECOND = f"{A}:0001", f"{B}:0001"
BARE = (
    "Berg, N.",
    "Brighter lamps and recorded crime in six northern streets",
    "2014",
    "J. Street Life",
    "12",
    "31",
    "",
    "",
)
FULL = (
    "Berg, N.",
    BARE[1],
    "2014",
    "Journal of Street Life",
    "12",
    "31",
    "10.5555/lamps",
    "Lamps in six streets were replaced.",
)


@pytest.fixture
def two(tmp_path: Path) -> ReviewFolder:
    """A review of two copies: the first, which stands, has no abstract and no DOI."""
    folder = lay_out(tmp_path / "review")
    for name, record in (("alpha", BARE), ("beta", FULL)):
        path = tmp_path / f"{name}.ris"
        path.write_text(ris([record]).replace("AB  - \n", ""), encoding="utf-8")
        imports.run(folder, [path], name, DATE, by=MARA)
    dedupe.run(folder, MARA)
    assert load_state(folder).literature.copies(SECOND) == (FIRST, SECOND)
    return folder


def test_screening_shows_the_abstract_of_another_copy_and_names_it(two: ReviewFolder) -> None:
    done = run("screen", "--as", MARA, "--review", two.root, stdin="i\n")
    said = " ".join(done.out.split())
    assert f"{FIRST} (1 of 1)" in said and "Lamps in six streets were replaced." in said and "(no abstract)" not in said
    line = (two.searches / f"beta-{DATE}.ris").read_text(encoding="utf-8").splitlines().index(f"AB  - {FULL[7]}") + 1
    assert (
        f"abstract: from {SECOND} (beta), data/searches/beta-{DATE}.ris line {line} (the standing record has none"
        in said
    )
    assert f"doi: from {SECOND}" in said and f"journal: from {SECOND}" in said and "title: from" not in said
    (vote,) = load_state(two).screening.votes["title", FIRST]
    assert (vote.record, vote.decision) == (FIRST, "include")
    assert load_state(two).records[FIRST].abstract == "", "what the copy itself has is not touched"


def test_a_vote_taken_back_shows_the_merged_record_again(two: ReviewFolder) -> None:
    session = screen.Session(two, "title", MARA)
    session.vote("include")
    assert session.next() is None and session.borrowed() == ()
    again = session.undo()
    assert again is not None and again == session.next() and again.abstract == FULL[7] and again.record_id == FIRST


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_show_tells_which_source_gave_which_value(two: ReviewFolder, name: str) -> None:
    facts = [(f["what"], f["value"]) for f in json.loads(run("show", name, "--json", "--review", two.root).out)]
    told = dict(facts)
    assert told["copies"] == f"{FIRST}, {SECOND}"
    assert told["merged abstract"] == FULL[7]
    assert told["merged abstract from"].startswith(f"{SECOND} (beta), data/searches/beta-{DATE}.ris line ")
    assert told["merged title from"].startswith(f"{FIRST} (alpha), data/searches/alpha-{DATE}.ris line 3: ")
    assert told["merged journal"] == "Journal of Street Life" and told["merged journal from"].endswith(
        "not its abbreviation"
    )
    assert told["merged journal differs"] == f"J. Street Life in {FIRST} (alpha), data/searches/alpha-{DATE}.ris line 5"
    assert run("show", name, "--review", two.root).out.count("\n") == len([v for _, v in facts if v != ""])


def test_a_record_without_copies_has_nothing_merged(review: ReviewFolder) -> None:
    facts = json.loads(run("show", f"{A}:0002", "--json", "--review", review.root).out)
    assert not [f for f in facts if f["what"].startswith(("merged", "copies"))]


def test_records_list_what_copies_give_together(two: ReviewFolder) -> None:
    plain = json.loads(run("records", "--json", "--review", two.root).out)
    assert [(r["record_id"], r["abstract"], "merged" in r) for r in plain] == [
        (FIRST, "", True),
        (SECOND, FULL[7], False),
    ]
    field = plain[0]["merged"]["fields"]["abstract"]
    assert (field["value"], field["rule"], field["given_by"][0]["record"]) == (FULL[7], "filled", SECOND)
    (one,) = json.loads(run("records", "--merged", "--json", "--review", two.root).out)
    assert (one["record_id"], one["abstract"], one["doi"]) == (FIRST, FULL[7], "10.5555/lamps")
    listed = run("records", "--merged", "--review", two.root).out
    assert f"journal: {SECOND}, doi: {SECOND}, abstract: {SECOND}" in listed


def test_the_library_gives_the_merged_record(two: ReviewFolder) -> None:
    before = hashes(two.root)
    found = Review(two).merged(SECOND)
    assert found.record.abstract == FULL[7] and found.record_ids == (FIRST, SECOND)
    assert Review(two).merged(FIRST) == found and hashes(two.root) == before
    with pytest.raises(MetareviewError, match="there is no record"):
        Review(two).merged("nothing:0001")
    dedupe.judge(two, [(FIRST, SECOND, False)], MARA)
    assert Review(two).merged(FIRST).record.abstract == "" and Review(two).merged(SECOND).record.journal == FULL[3]
