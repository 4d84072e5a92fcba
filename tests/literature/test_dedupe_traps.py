"""Small invented records for each trap: what merges, what does not, and what is left to a person."""

from __future__ import annotations

from typing import Any

import pytest

from metareview.literature.dedupe.deduplicate import deduplicate
from metareview.literature.dedupe.places import journal_likeness
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
    "authors in one field": {"authors": ("Visser AM, de Boer J, Okafor C",)},
    "three initials": {"authors": ("Visser AMJ", "de Boer JKL", "Okafor CDEF."), "pages": "", "volume": ""},
    "page mistaken, issue the same": {"pages": "3-9"},
    "title misread, all pages the same": {
        "title": "Neighborhood renewals and health of the resident in postindustrial cities"
    },
    "venue by the year": {"journal": "Journal of Urban Policy.12 (3) (pp 221-238), 2014"},
    "catalogued": {"title": BASE["title"] + " (Structured abstract)", "pages": ""},
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
    "abstract in a supplement": ({"number": "Suppl 1", "pages": "S12"}, "unsure"),
    "abstract in a supplement, page lost": ({"number": "Suppl 3", "pages": ""}, "unsure"),
    "correction told by its place": (
        {"title": BASE["title"] + " (vol 12, pg 221, 2014)", "volume": "13", "pages": "9"},
        "apart",
    ),
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
    "subtitle or another group, page lost": ({"title": BASE["title"] + " in men", "pages": ""}, "unsure"),
    "other group studied": ({"title": BASE["title"].replace("residents", "children")}, "unsure"),
}


@pytest.mark.parametrize(("change", "expected"), NOT_MERGED.values(), ids=NOT_MERGED)
def test_other_work_never_merges_silently(change: dict[str, Any], expected: str) -> None:
    assert outcome(change) == expected


def test_a_record_without_a_place_does_not_join_an_article_and_its_abstract() -> None:
    result = run({"number": "Suppl 1", "pages": "S12"}, {"volume": "", "number": "", "pages": ""})
    assert result.clusters == (("a", "c"),)
    assert result.unsure


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("women", "men"),
        ("male residents", "female residents"),
        ("residents with hypertension", "residents with hypotension"),
        ("residents with work", "residents without work"),
        ("symptomatic residents", "asymptomatic residents"),
    ],
)
def test_opposites_are_not_spellings(one: str, two: str) -> None:
    title = "Long-term neighbourhood renewal in post-industrial cities of north-western Europe and the health of {}"
    late = {"volume": "", "number": "", "pages": ""}
    assert run({"title": title.format(one), **late}, {"title": title.format(one)}).clusters == (("b", "c"),)
    first, second = {**BASE, "title": title.format(one)}, {**BASE, "title": title.format(two)}
    assert pair({**first, **late}, second).clusters == ()
    assert pair(first, {**second, "pages": "301-309"}).clusters == ()


def test_numbers_and_roman_numerals_are_one_number() -> None:
    place = {**BASE, "pages": "221"}
    for one, two in [
        ("SHAKING HOUSES - RENEWAL IN 2 CITIES .3. COSTS", "Shaking houses: renewal in two cities. III. Costs"),
        ("The third and fourth wave of renewal", "The 3rd and 4th wave of renewal"),
    ]:
        assert pair({**place, "title": one}, {**place, "title": two}).clusters == (("a", "b"),)
    other = {**place, "title": "Shaking houses: renewal in two cities. IV. Costs"}
    assert pair({**place, "title": "Shaking houses: renewal in two cities. III. Costs"}, other).clusters == ()


def test_a_number_inside_a_name_may_be_misprinted_but_not_a_number() -> None:
    protein = {**BASE, "title": "Expression of the p16INK4a protein in residents of renewed and other cities"}
    assert pair(protein, {**protein, "title": protein["title"].replace("p16", "p6")}).clusters == (("a", "b"),)
    years = {**BASE, "title": "Expression of the protein in residents of renewed and other cities, 2010"}
    assert pair(years, {**years, "title": years["title"].replace("2010", "2011")}).clusters == ()


def test_a_second_doi_of_one_citation() -> None:
    one, two = {**BASE, "doi": "10.1892/0891-6640(2014)012"}, {**BASE, "doi": "10.1111/j.1939-1676.tb02500.x"}
    assert pair(one, two).clusters == (("a", "b"),)
    assert pair(one, {**two, "year": 2015}).clusters == ()
    assert pair(one, {**two, "pages": "301-318"}).clusters == ()
    other = "Objective. " + "Interviews with forty officials show how plans were made and unmade over a decade. " * 5
    assert pair({**one, "abstract": ABSTRACT}, {**two, "abstract": other}).clusters == ()


def test_one_thesis_in_two_catalogues_but_not_in_two_years() -> None:
    thesis = {**BASE, "authors": ("Visser, A.",), "volume": "Ph.D.", "number": "", "pages": "", "journal": ""}
    abstracts = {**thesis, "journal": "Dissertation Abstracts International", "volume": "75", "pages": "1524"}
    assert pair(thesis, abstracts).clusters == (("a", "b"),)
    assert pair(thesis, {**abstracts, "year": 2015}).clusters == ()
    assert pair(thesis, {**abstracts, "year": 2015}).unsure[0].rule == "thesis"


def test_a_high_page_number_tells_a_venue_named_in_two_ways() -> None:
    read = {**BASE, "volume": "", "number": "", "pages": "A1883"}
    named = {**read, "journal": "Urban Society International Meeting, May 14-19, San Diego"}
    assert pair(read, named).clusters == (("a", "b"),)
    assert pair(read, {**named, "pages": "A1884"}).clusters == ()
    assert pair({**read, "pages": "A12"}, {**named, "pages": "A12"}).clusters == ()


def test_a_lost_title_needs_doi_and_place() -> None:
    whole = {**BASE, "doi": "10.1000/x1"}
    assert pair(whole, {**whole, "title": ""}).clusters == (("a", "b"),)
    assert pair(whole, {**whole, "title": "", "pages": "239-244"}).clusters == ()
    assert pair(BASE, {**BASE, "title": ""}).clusters == ()


def test_corrections_of_one_work_are_several() -> None:
    first = {**BASE, "title": "Correction: " + BASE["title"], "pages": "12"}
    assert pair(first, first).clusters == (("a", "b"),)
    assert pair(first, {**first, "title": BASE["title"] + " (vol 12, pg 221, 2014)"}).clusters == (("a", "b"),)
    assert pair(first, {**first, "year": 2015, "volume": "", "number": "", "pages": ""}).clusters == ()
    shared = {"doi": "10.1000/x1"}
    assert pair({**BASE, **shared}, {**first, **shared}).clusters == ()


def test_yearly_meetings_have_no_online_copy_of_the_year_before() -> None:
    talk = {"title": "Introduction to the minitrack on cities and their renewal", "authors": ("Visser, A.",)}
    talk = {**talk, "journal": "Proceedings of the 54th Hawaii International Conference on Cities", "year": 2021}
    other = {**talk, "journal": "Hawaii International Conference on Cities"}
    assert pair(talk, {**other, "pages": "12-20"}).clusters == (("a", "b"),)
    assert pair(talk, {**other, "pages": "12-20", "year": 2022}).clusters == ()


def test_updates_of_a_living_review_without_a_volume() -> None:
    review = {**BASE, "journal": "Cochrane Database of Systematic Reviews", "pages": "CD004080", "volume": ""}
    assert pair({**review, "number": "4"}, {**review, "number": "4"}).clusters == (("a", "b"),)
    assert pair({**review, "number": "4"}, {**review, "number": "10"}).clusters == ()
    assert pair({**review, "number": "4"}, {**review, "number": "4", "year": 2015}).clusters == ()


@pytest.mark.parametrize("title", ["Reply", "In brief", "Message from the president"])
def test_columns_with_the_same_page_in_every_issue_stay_apart(title: str) -> None:
    column = {**BASE, "title": title, "pages": "3"}
    assert pair(column, column).clusters == (("a", "b"),)
    assert pair(column, {**column, "number": "4"}).clusters == ()
    assert pair(column, {**column, "volume": "13", "year": 2015}).clusters == ()


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("TAG. Theoretical and applied genetics. Theoretische und angewandte Genetik", "Theor Appl Genet", True),
        ("Proceedings of the National Academy of Sciences of the United States", "Proc Natl Acad Sci U S A", False),
        ("Proceedings of the National Academy of Sciences of the USA", "Proc. Natl. Acad. Sci. U.S.A.", True),
        ("Annali di igiene : medicina preventiva e di comunita", "Ann Ig", True),
        ("AMCIS 2003 Proceedings", "Americas Conference on Information Systems", True),
        ("British Medical Journal", "BMJ", True),
        ("J. Urban Pol.", "JAMA", False),
        ("Neurol. Res.", "Neurology", False),
        ("Clin. Cancer Res", "Cancer Research", False),
        ("Annual Review of Psychology", "Review of Psychology", False),
    ],
)
def test_names_of_a_journal(one: str, two: str, same: bool) -> None:
    assert (journal_likeness(one, two) == journal_likeness(two, one) == 1.0) == same


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


def test_a_letter_and_the_reply_to_it_on_one_page_stay_apart() -> None:
    letter = {
        "title": "Noise at night in streets of small towns",
        "authors": ("Visser, A.",),
        "pages": "222",
        "number": "4",
    }
    assert not run(letter, {**letter, "authors": ("Okafor, C.",)}).clusters
    assert run(letter, {**letter, "authors": ("Visser, Anna",)}).clusters == (("b", "c"),)


def test_reports_without_authors_that_share_their_opening_stay_apart() -> None:
    report = {"authors": (), "journal": "", "volume": "", "number": "", "pages": "", "abstract": ABSTRACT * 3}
    town = {**report, "title": BASE["title"] + " -- Reading School District, Pennsylvania"}
    assert not run({**report}, town).clusters
    signed = {"authors": BASE["authors"]}
    assert run({**report, **signed}, {**town, **signed}).clusters
