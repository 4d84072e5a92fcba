"""Small invented records for each trap: what merges, what does not, and what is left to a person."""

from __future__ import annotations

from typing import Any

import pytest

from metareview.literature.dedupe.deduplicate import deduplicate
from metareview.literature.dedupe.result import DedupeResult
from metareview.literature.records import Record

BASE: dict[str, Any] = {
    "title": "Neighbourhood renewal and the health of residents in post-industrial cities",
    "authors": ("Visser, A. M.", "de Boer, Jan", "Okafor, Chidi"),
    "year": 2014,
    "journal": "Journal of Urban Policy",
    "volume": "12",
    "number": "3",
    "pages": "221-238",
}
ABSTRACT = (
    "We followed twelve thousand residents of renewed and other neighbourhoods in six cities for nine years "
    "and compared their self-rated health, moves and income. Health improved slightly where housing was "
    "rebuilt, and not where only jobs were subsidised. The gains went mostly to people who moved in later."
)


def run(*changes: dict[str, Any], **options: Any) -> DedupeResult:
    """Deduplicate the base record and its changed copies, called a, b, c, ..."""
    records = [Record(record_id="abcdefgh"[i], **{**BASE, **c}) for i, c in enumerate(({}, *changes))]
    return deduplicate(records, **options)


def outcome(*changes: dict[str, Any]) -> str:
    result = run(*changes)
    return "merged" if result.clusters else ("unsure" if result.unsure else "apart")


MERGED = {
    "identical": {},
    "case, marks and initials": {
        "title": "NEIGHBOURHOOD RENEWAL and the Health of Residents in Post-Industrial Cities.",
        "authors": ("Visser AM", "de Boer J", "Okafor C"),
        "journal": "J. Urban Pol.",
        "pages": "221-38",
    },
    "database remarks": {"title": BASE["title"] + ". [Review] [57 refs]"},
    "erratum remark": {
        "title": BASE["title"] + ".[Erratum appears in J Urban Policy 2015;13(1):9 Note: Okafor, C [added]]"
    },
    "spelled apart": {"title": BASE["title"].replace("post-industrial", "postindustrial")},
    "page lost": {"pages": ""},
    "last page given": {"pages": "238"},
    "online first": {"year": 2013, "volume": "", "number": "", "pages": ""},
    "counted from 1": {"pages": "1-18"},
    "article number": {"pages": "e10432"},
    "year mistaken": {"year": 2007},
    "subtitle only here": {"title": BASE["title"] + ": evidence from twelve thousand lives"},
    "given name first": {"authors": ("Anna Visser", "Jan de Boer", "Chidi Okafor")},
    "journal by acronym and same pages": {"journal": "JOURNAL OF URBAN POLICY (JUP)"},
    "group author": {"authors": ("Urban Health Group",)},
}


@pytest.mark.parametrize("change", MERGED.values(), ids=MERGED)
def test_same_article_merges(change: dict[str, Any]) -> None:
    result = run(change)
    assert result.clusters == (("a", "b"),)
    assert len(result.merges) == 1
    assert result.merges[0].reason.endswith(".")
    assert result.n_duplicates == 1


NOT_MERGED = {
    "erratum": ({"title": "Erratum: " + BASE["title"], "volume": "13", "pages": "9"}, "apart"),
    "correction after": ({"title": BASE["title"] + ": Correction", "volume": "13", "pages": "9"}, "apart"),
    "erratum on the same page": ({"title": "Erratum to: " + BASE["title"]}, "apart"),
    "comment": ({"title": "Comment on: " + BASE["title"], "pages": "239"}, "apart"),
    "reply": ({"title": BASE["title"] + ": a reply", "pages": "240"}, "apart"),
    "protocol": (
        {"title": BASE["title"] + ": study protocol", "year": 2013, "volume": "11", "pages": "5"},
        "apart",
    ),
    "book review": (
        {"title": "Review of " + BASE["title"], "authors": ("Reader, X.",), "pages": "300"},
        "apart",
    ),
    "other authors and place": ({"authors": ("Reader, X.",), "volume": "9", "pages": "4"}, "apart"),
    "later in another volume": ({"year": 2016, "volume": "14", "pages": "8"}, "apart"),
    "meeting abstract": (
        {"journal": "Conference on Cities and Health", "volume": "", "number": "", "pages": "", "year": 2013},
        "unsure",
    ),
    "other journal": ({"journal": "Health and Place Review", "volume": "", "pages": ""}, "unsure"),
    "preprint": ({"journal": "SocArXiv", "volume": "", "number": "", "pages": "", "year": 2013}, "unsure"),
    "preprint by doi": (
        {"journal": "", "volume": "", "number": "", "pages": "", "doi": "10.31235/osf.io/ab3de"},
        "unsure",
    ),
    "thesis": ({"journal": "", "volume": "Ph.D.", "number": "", "pages": "", "type": "THES"}, "unsure"),
    "second edition": ({"title": BASE["title"] + ", second edition"}, "unsure"),
    "update": ({"title": BASE["title"] + ": an update", "year": 2016, "volume": "", "pages": ""}, "unsure"),
    "other number on the same page": ({"title": BASE["title"].replace("cities", "cities 1990")}, "unsure"),
    "translated": (
        {"title": "Wijkvernieuwing en de gezondheid van bewoners in oude industriesteden"},
        "unsure",
    ),
    "other group studied": ({"title": BASE["title"].replace("residents", "children")}, "unsure"),
}


@pytest.mark.parametrize(("change", "expected"), NOT_MERGED.values(), ids=NOT_MERGED)
def test_other_work_never_merges_silently(change: dict[str, Any], expected: str) -> None:
    assert outcome(change) == expected


def pair(left: dict[str, Any], right: dict[str, Any]) -> DedupeResult:
    return deduplicate([Record(record_id="a", **left), Record(record_id="b", **right)])


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Urban renewal and health, part I", "Urban renewal and health, part II"),
        ("Urban renewal and health: first report", "Urban renewal and health: second report"),
        ("Annual report on urban renewal 2010", "Annual report on urban renewal 2011"),
        ("Urban renewal in Dutch cities 1", "Urban renewal in Dutch cities 2"),
        ("Handbook of urban renewal studies, 2nd edition", "Handbook of urban renewal studies, 3rd edition"),
    ],
)
def test_numbered_titles_stay_apart_also_on_one_doi(one: str, two: str) -> None:
    place = {"authors": ("Visser, A.",), "year": 2011, "journal": "Urban Reports", "volume": "4"}
    assert pair({"title": one, **place}, {"title": two, **place}).clusters == ()
    with_doi = pair({"title": one, "doi": "10.1000/x1", **place}, {"title": two, "doi": "10.1000/x1", **place})
    assert with_doi.clusters == ()
    assert with_doi.unsure[0].rule == "doi_other_number"


def test_yearly_report_with_one_title_stays_apart() -> None:
    report = {"title": "Report on the state of the renewed neighbourhoods", "authors": ("City Office",)}
    assert pair({**report, "year": 2010}, {**report, "year": 2011}).clusters == ()


def test_chapters_sharing_a_book_doi_stay_apart() -> None:
    book = {"doi": "10.1000/book", "year": 2012, "journal": "Handbook of Cities", "authors": ("Visser, A.",)}
    result = pair(
        {**book, "title": "Housing and its renewal", "pages": "11-30"},
        {**book, "title": "Jobs and who gets them", "pages": "31-52"},
    )
    assert result.clusters == ()
    assert result.unsure[0].rule == "doi_other_title"


@pytest.mark.parametrize("title", ["Editorial", "Introduction", "Book reviews"])
def test_short_titles_need_strong_agreement(title: str) -> None:
    place = {
        "title": title,
        "authors": ("Visser, A.",),
        "year": 2012,
        "journal": "Urban Policy",
        "volume": "3",
    }
    assert pair(place, place).clusters == ()
    assert pair({**place, "pages": "7"}, {**place, "pages": "7-8"}).clusters == (("a", "b"),)
    assert pair({**place, "pages": "7"}, {**place, "pages": "97"}).clusters == ()
    book = {**place, "doi": "10.1000/book"}
    assert pair({**book, "pages": "7"}, {**book, "pages": "97"}).clusters == ()


def test_columns_of_one_volume_need_the_same_issue() -> None:
    place = {"title": "Message from the president", "authors": ("Visser, A.",), "year": 2012, "volume": "3"}
    column = {**place, "journal": "Urban Policy"}
    assert pair({**column, "number": "1"}, {**column, "number": "2"}).clusters == ()
    assert pair({**column, "number": "1"}, {**column, "number": "1"}).clusters == (("a", "b"),)


def test_two_abstracts_under_one_supplement_doi_stay_apart() -> None:
    place = {
        "doi": "10.1000/suppl",
        "journal": "Urban Policy",
        "year": 2012,
        "volume": "3",
        "authors": ("Visser, A.",),
    }
    other = "Objective. " + "Interviews with forty officials show how plans were made and unmade over a decade. " * 5
    result = pair(
        {**place, "title": "The renewal of old neighbourhoods", "pages": "51", "abstract": ABSTRACT},
        {**place, "title": "Renewal of old neighbourhoods", "pages": "52", "abstract": other},
    )
    assert result.clusters == ()
    assert result.unsure[0].rule == "doi_other_page"


def test_other_isbn_is_another_edition() -> None:
    book = {"title": "Planning the renewal of the older city", "authors": ("Visser, A.",), "year": 2012}
    assert pair({**book, "isbn": "978-90-1234-567-8"}, {**book, "isbn": "978-90-7654-321-0"}).clusters == ()
    assert pair({**book, "isbn": "978-90-1234-567-8"}, {**book, "isbn": "978-90-7654-321-0"}).unsure


def test_versions_with_their_own_doi_are_for_a_person() -> None:
    place = {"volume": "", "pages": ""}
    result = run({"doi": "10.1000/f.1", **place}, {"doi": "10.1000/f.2", **place})
    assert result.clusters == (("a", "b"),)
    assert [(u.record_a, u.record_b) for u in result.unsure] == [("a", "c")]
    assert "DOIs differ" in result.unsure[0].why
    assert pair({**BASE, "doi": "10.1000/work.1"}, {**BASE, "doi": "10.1000/work.2"}).clusters == ()
    unplaced = pair({**BASE, **place, "doi": "10.1000/f.1"}, {**BASE, **place, "doi": "10.1000/g.22"})
    assert unplaced.unsure[0].rule == "other_doi"


def test_an_update_that_keeps_its_article_number_is_for_a_person() -> None:
    review = {**BASE, "journal": "Cochrane Database Syst Rev", "pages": "CD004080", "number": ""}
    result = pair({**review, "year": 2018, "volume": "10"}, {**review, "year": 2019, "volume": "7"})
    assert result.clusters == ()
    assert result.unsure


def test_same_abstract_carries_records_without_a_venue() -> None:
    bare = {"journal": "", "volume": "", "number": "", "pages": "", "abstract": ABSTRACT}
    assert run({**bare, "year": 2014}).clusters == ()  # the first has no abstract to compare
    records = [Record(record_id=i, **{**BASE, **bare}) for i in "ab"]
    assert deduplicate(records).clusters == (("a", "b"),)


def test_a_typing_error_in_one_doi_does_not_hide_a_duplicate() -> None:
    result = pair({**BASE, "doi": "10.1016/j.cell.2018.02.001"}, {**BASE, "doi": "10.1018/j.cell.2018.02.001"})
    assert result.clusters == (("a", "b"),)


def test_titles_in_another_script_are_not_reduced_to_their_latin_words() -> None:
    place = {"authors": ("Wang, L.",), "year": 2014, "journal": "Chinese Planning", "volume": "4"}
    result = pair(
        {"title": "北京市旧城更新与居民健康 MRI 研究", **place},
        {"title": "上海工业区就业补贴的评估 MRI 方法", **place},
    )
    assert result.clusters == ()
    same = {"title": "北京市旧城更新与居民健康研究", "pages": "3-9", **place}
    assert pair(same, same).clusters == (("a", "b"),)
