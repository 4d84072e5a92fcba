"""People's decisions, input forms, strictness, and the result object."""

from __future__ import annotations

import pandas as pd
import pytest

from metareview.errors import SAYS_NO, MetareviewError
from metareview.literature.dedupe.cluster import Link, group_links
from metareview.literature.dedupe.deduplicate import deduplicate
from metareview.literature.records import Record

TITLE = "Neighbourhood renewal and the health of residents in post-industrial cities"


def record(record_id: str, **change: object) -> Record:
    values = {
        "title": TITLE,
        "authors": ("Visser, A. M.", "de Boer, J."),
        "year": 2014,
        "journal": "Urban Policy",
        "volume": "12",
        "number": "3",
        "pages": "221-238",
        **change,
    }
    return Record(record_id=record_id, **values)  # type: ignore[arg-type]


OTHER = record("z", title="Jobs subsidies and who gets them in the end", pages="5-9", volume="2")


def test_decided_same_always_joins_and_says_so() -> None:
    result = deduplicate([record("a"), OTHER], decided_same={("z", "a")})
    assert result.clusters == (("a", "z"),)
    assert result.merges[0].rule == "decided"
    assert "person" in result.merges[0].reason


def test_decided_same_overrules_a_never_rule() -> None:
    erratum = record("b", title="Erratum: " + TITLE, pages="9")
    assert deduplicate([record("a"), erratum]).clusters == ()
    assert deduplicate([record("a"), erratum], decided_same={("a", "b")}).clusters == (("a", "b"),)


def test_decided_different_is_never_joined_nor_asked_again() -> None:
    result = deduplicate([record("a"), record("b")], decided_different={("b", "a")})
    assert result.clusters == ()
    assert result.unsure == ()


def test_decided_different_cuts_the_weakest_link_of_a_chain() -> None:
    weaker = record("c", pages="", title=TITLE.replace("health", "healths"))
    records = [record("a"), record("b"), weaker]
    assert deduplicate([record("a"), record("b"), record("c", pages="")]).clusters == (("a", "b", "c"),)
    result = deduplicate([record("a"), record("b"), record("c", pages="")], decided_different={("a", "c")})
    assert result.clusters == (("a", "b"),)
    assert [(u.record_a, u.record_b, u.rule) for u in result.unsure] == [("b", "c", "cut")]
    assert "a person decided are different" in result.unsure[0].why
    assert deduplicate(records, decided_different={("a", "b")}).clusters != (("a", "b", "c"),)


def test_a_rule_that_keeps_two_apart_also_works_through_a_third() -> None:
    part = {"title": "Neighbourhood renewal and health", "pages": ""}
    records = [
        record("a", **{**part, "title": part["title"] + ", part I"}),
        record("b", **{**part, "title": part["title"] + ", part II"}),
        record("c", **part),
    ]
    result = deduplicate(records, decided_same={("a", "c")})
    assert result.clusters == (("a", "c"),)


def test_contradictory_decisions_are_refused() -> None:
    records = [record("a"), record("b"), record("c")]
    with pytest.raises(MetareviewError, match="contradict") as caught:
        deduplicate(records, decided_same={("a", "b"), ("b", "c")}, decided_different={("a", "c")})
    assert caught.value.exit_code == SAYS_NO


def test_decisions_on_absent_records_are_left_aside() -> None:
    result = deduplicate([record("a")], decided_same={("a", "gone")}, decided_different={("gone", "lost")})
    assert result.clusters == () and result.kept == ("a",)


def test_frame_gives_what_records_give() -> None:
    records = [record("a", doi="10.1/x"), record("b", doi="10.1/X"), OTHER]
    frame = pd.DataFrame([{**r.to_dict(), "author": "; ".join(r.authors)} for r in records]).drop(columns="authors")
    spelled = frame.assign(author=[" and ".join(r.authors) for r in records], year=[2014.0, 2014.0, float("nan")])
    expected = deduplicate(records)
    assert deduplicate(frame) == expected
    assert deduplicate(spelled).clusters == expected.clusters == (("a", "b"),)


def test_frame_with_missing_columns_and_values() -> None:
    frame = pd.DataFrame({"record_id": [1, 2, 3], "title": [TITLE, TITLE, None], "doi": ["10.1/x", "10.1/x", None]})
    assert deduplicate(frame).clusters == (("1", "2"),)
    assert deduplicate(frame[["record_id"]]).clusters == ()
    assert deduplicate(frame.iloc[:0]).kept == ()
    assert deduplicate([]).clusters == ()


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (pd.DataFrame({"title": ["x"]}), "record_id"),
        ([record("a"), record("a")], "a stands for more than one"),
        ([record("")], "no record_id"),
    ],
)
def test_mistakes_in_the_input_are_told(records: object, message: str) -> None:
    with pytest.raises(MetareviewError, match=message):
        deduplicate(records)  # type: ignore[arg-type]


def test_strictness() -> None:
    same = [record("a", doi="10.1/x"), record("b", doi="10.1/x", pages=""), record("c", title=TITLE.upper())]
    assert deduplicate(same).clusters == (("a", "b", "c"),)
    assert deduplicate(same, strictness="doi").clusters == (("a", "b"),)
    assert deduplicate(same, strictness="exact").clusters == (("a", "c"),)
    with pytest.raises(MetareviewError, match="strictness"):
        deduplicate(same, strictness="loose")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"title": f"{TITLE} in men"},
        {"year": 2015},
        {"journal": "Cities"},
        {"volume": "13"},
        {"pages": "3-9"},
        {"pages": ""},
    ],
)
def test_exact_refuses_what_differs_in_one_part(change: dict[str, object]) -> None:
    assert deduplicate([record("a"), record("b")], strictness="exact").clusters == (("a", "b"),)
    assert deduplicate([record("a"), record("b", **change)], strictness="exact").clusters == ()


@pytest.mark.parametrize("change", [{"doi": ""}, {"doi": "10.1/y"}, {"title": f"{TITLE}, part 2"}, {"title": "Jobs"}])
def test_doi_refuses_another_doi_or_title(change: dict[str, object]) -> None:
    one = record("a", doi="10.1/x")
    assert deduplicate([one, record("b", doi="10.1/X", journal="Cities")], strictness="doi").clusters == (("a", "b"),)
    assert deduplicate([one, record("b", **{"doi": "10.1/x", **change})], strictness="doi").clusters == ()


def test_result_tells_its_story() -> None:
    result = deduplicate(
        [
            record("a", abstract="x" * 200),
            record("b"),
            OTHER,
            record("p", journal="medRxiv", volume="", pages=""),
        ]
    )
    assert repr(result) == "DedupeResult(4 records, 1 groups, 1 duplicates, 1 unsure)"
    assert result.kept == ("a", "p", "z")
    frame = result.to_frame()
    assert frame.columns.tolist() == ["record_id", "cluster", "kept"]
    assert frame.cluster.tolist() == ["a", "a", "p", "z"]
    assert frame.kept.sum() == 3
    assert result.merges[0].similarity["title"] == 1.0
    assert "preprint" in result._repr_html_() and "same_citation" in result._repr_html_()


def test_the_weakest_link_is_cut_whatever_the_order() -> None:
    links = [Link(1, 0.0, 0, 1), Link(2, 0.1, 1, 2), Link(1, 0.2, 2, 3)]
    for order in (links, links[::-1], [links[1], links[0], links[2]]):
        found = group_links(5, order, apart=[(0, 3)])
        assert found.groups == ((0, 1), (2, 3))
        assert found.refused == ((links[1], (0, 3)),)
