"""The tables of each system: told by their header, and each field found where the system puts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metareview.literature.formats.table_dialects import DIALECTS
from metareview.literature.formats.table_names import SPLITTERS
from metareview.literature.reading import ReadResult, read_records

FILES = Path(__file__).parent / "csv"
BOTH = ["Street wardens in district 1", "Street wardens in district 2"]
FULL = {"year": 2011, "journal": "Places", "volume": "3", "number": "2", "pages": "10-19", "doi": "10.5555/one"}
NAMES, GIVEN = ("Vermeer, Anna", "Bos, Kim"), ("Anna Vermeer", "Kim Bos")
INITIALS = ("Vermeer, A.", "Bos, K.")
KEYWORDS = ("wardens", "streets", "Police")
TEXT = {"abstract": "Text."}
URL = {"url": "https://example.org/1"}
ISSN = {"issn": "1234-567X"}

# file: system, fields of the first record, fields of the second
SYSTEMS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "scopus": (
        "Scopus",
        FULL
        | TEXT
        | {"authors": ("Vermeer, A.", "de Bos, K.-J.", "Smith, J.B., Jr."), "journal": "Journal of Places"}
        | {"keywords": ("wardens", "districts", "Police"), "issn": "1234-5678", "url": "https://www.scopus.com/1"}
        | {"language": "English", "type": "JOUR"},
        {"authors": (), "abstract": "", "isbn": "9780306406157", "issn": "1234-5678", "type": "CONF"},
    ),
    "scopus_2023": (
        "Scopus",
        {"authors": NAMES, "year": 2025, "journal": "Places", "pages": "1-9", "type": "JOUR"},
        {"authors": ("Jansen, P.",), "pages": "10", "type": "CHAP"},
    ),
    "web_of_science": (
        "Web of Science",
        FULL
        | ISSN
        | {"authors": ("Vermeer, A", "Bos, K"), "journal": "PLACES", "abstract": 'Some "text'}
        | {"keywords": ("wardens", "streets", "POLICE"), "language": "English", "type": "JOUR"},
        {"authors": ("Jansen, P",), "year": 2012, "pages": "1", "type": "CPAPER"},
    ),
    "web_of_science_excel": (
        "Web of Science",
        {"authors": ("Vermeer, A", "Bos, K"), "journal": "PLACES", "pages": "10-19", "doi": "10.5555/one"}
        | {"keywords": ("wardens", "streets"), "type": "JOUR"},
        {"authors": ("Jansen, P",), "year": 2012, "volume": "4"},
    ),
    "covidence": ("Covidence", FULL | TEXT | {"authors": INITIALS}, {"year": 2012}),
    "rayyan": (
        "Rayyan",
        FULL
        | TEXT
        | URL
        | ISSN
        | {"authors": INITIALS, "keywords": ("wardens", "streets", "police"), "language": "eng"},
        {"authors": ("Jansen, P.",), "journal": "Places"},
    ),
    "asreview": (
        "ASReview",
        TEXT | {"authors": ("Vermeer", "Bos", "Jansen"), "year": 2011, "doi": "10.5555/one"},
        {"authors": ("Jansen, P.",), "year": 2012},
    ),
    "openalex": (
        "OpenAlex",
        FULL
        | TEXT
        | URL
        | ISSN
        | {"authors": GIVEN, "keywords": ("Police", "Wardens"), "language": "en", "type": "JOUR"},
        {"url": "https://openalex.org/W2", "type": "CHAP"},
    ),
    "lens": (
        "Lens",
        FULL | TEXT | URL | {"authors": GIVEN, "keywords": KEYWORDS, "issn": "1234-5678; 1234-567X", "type": "JOUR"},
        {"authors": ("Piet Jansen",), "type": "THES"},
    ),
    "ieee": (
        "IEEE",
        FULL | TEXT | ISSN | {"authors": ("A. Vermeer", "K. Bos"), "keywords": KEYWORDS, "type": "JOUR"},
        {"journal": "2012 Conference on Places", "pages": "1-4", "type": "CONF"},
    ),
    "springer": (
        "Springer",
        {"authors": ("Anna Vermeer", "Kim McBos", "Jan de Vries"), "journal": "Places", "number": "2", "type": "JOUR"}
        | {"doi": "10.5555/one", "url": "http://link.springer.com/1"},
        {"authors": ("Piet Jansen",), "type": "CHAP"},
    ),
    "cochrane": (
        "Cochrane",
        FULL
        | TEXT
        | {"authors": ("Vermeer, A", "Bos, K"), "keywords": ("*Police [organization & administration]", "Streets")},
        {"authors": ("Jansen, P",), "type": "JOUR"},
    ),
    "embase": (
        "Embase",
        FULL
        | TEXT
        | ISSN
        | {"authors": ("Vermeer, A.", "Bos, K.-J."), "keywords": ("wardens", "streets (urban, rural)", "police")},
        {"title": "Straatwachten", "year": 2012},
    ),
    "embase_source": (
        "Embase",
        FULL
        | TEXT
        | {"authors": INITIALS, "journal": "Journal of Places"}
        | {"keywords": ("article", "police (prevention, therapy)", "street")},
        {"journal": "Places", "year": 2012, "volume": "4", "pages": ""},
    ),
    "embase_rows": (
        "Embase",
        FULL
        | {"authors": ("Vermeer, A.", "Bos, K.-J."), "journal": "Journal of Places", "abstract": "One. Two."}
        | {"keywords": ("police", "street")},
        {"authors": ("Jansen, P.",), "year": 2012},
    ),
    "zotero": (
        "Zotero",
        FULL | TEXT | URL | {"authors": NAMES, "keywords": KEYWORDS, "issn": "1234-567X; 8765-4321", "type": "JOUR"},
        {"authors": ("Jansen, Piet",), "year": 2012, "isbn": "9780306406157", "type": "CHAP"},
    ),
    "pubmed": (
        "PubMed",
        FULL | {"authors": ("Vermeer, AB", "de Bos, K, Jr")},
        {"authors": ("Jansen, P",), "volume": "17", "number": "", "pages": "e320"},
    ),
    "publish_or_perish": (
        "Publish or Perish",
        FULL | URL | {"authors": ("A Vermeer", "K Bos"), "journal": "Journal of …"},
        {"authors": ("P Jansen",), "type": "CITATION"},
    ),
    "dimensions": (
        "Dimensions",
        FULL | TEXT | {"authors": NAMES, "keywords": ("Police", "Humans"), "type": "JOUR"},
        {"authors": ("Jansen, Piet",), "journal": "A Book of Places", "type": "CHAP"},
    ),
    "eppi_reviewer": (
        "EPPI-Reviewer",
        FULL | TEXT | ISSN | {"authors": ("Vermeer, A", "Bos, K"), "type": "JOUR"},
        {"authors": ("Jansen, P",), "type": "RPRT"},
    ),
    "ebsco": (
        "EBSCO",
        TEXT
        | ISSN
        | {"authors": NAMES, "year": 2011, "journal": "Places", "keywords": ("wardens", "Police", "Streets")}
        | {"pages": "10", "url": "https://search.ebscohost.com/1", "type": "JOUR"},
        {"authors": ("Jansen, Piet",), "year": 2012},
    ),
    "proquest": (
        "ProQuest",
        FULL | TEXT | ISSN | {"authors": NAMES, "keywords": KEYWORDS, "language": "ENG", "type": "JOUR"},
        {"authors": ("Jansen, Piet",), "year": 2012, "type": "THES"},
    ),
    "google_scholar": (
        "Google Scholar",
        {"authors": NAMES, "year": 2011, "number": "2", "pages": "10-19"},
        {"year": 2012},
    ),
    "scispace": ("SciSpace", TEXT | {"authors": GIVEN, "journal": "Places", "doi": "10.5555/one"}, {"year": 2012}),
    "endnote_headerless": (
        "",
        FULL
        | TEXT
        | URL
        | {"authors": ("A. Vermeer", "K. Bos", "P. Jansen"), "keywords": ("Police", "*Streets")}
        | {"issn": "1234-567X; 8765-4321"},
        {"authors": ("P. Jansen",), "year": 2012, "journal": "Places"},
    ),
    "metareview": (
        "metareview",
        FULL
        | URL
        | ISSN
        | {"authors": NAMES, "abstract": "=Text.", "keywords": ("wardens", "streets"), "type": "JOUR"},
        {"authors": ("Jansen; Piet",), "year": 2012},
    ),
}


def read(name: str) -> ReadResult:
    return read_records(FILES / f"system_{name}.csv", prefix="x")


@pytest.mark.parametrize("name", SYSTEMS)
def test_system(name: str) -> None:
    system, first, second = SYSTEMS[name]
    result = read(name)
    assert (result.format, result.system, len(result)) == ("csv", system, 2)
    for record, title, expected in zip(result.records, BOTH, (first, second), strict=True):
        found = {field: getattr(record, field) for field in expected}
        assert found == expected
        assert record.title == expected.get("title", title)
    assert result.quarantined == ()


def test_every_system_is_asserted() -> None:
    assert {path.stem.removeprefix("system_") for path in FILES.glob("system_*.csv")} == set(SYSTEMS)
    assert {d.system for d in DIALECTS} - {system for system, _, _ in SYSTEMS.values()} == {"JabRef"}


def test_labels_and_decisions_stay_in_raw() -> None:
    tags = {f.tag: f.value for f in read("asreview").records[0].raw}
    assert (tags["included"], tags["asreview_ranking"], tags["asreview_label"]) == ("1", "1", "1")
    notes = [f.value for f in read("rayyan").records[0].raw if f.tag == "notes"]
    assert notes == ['RAYYAN-INCLUSION: {"Kim"=>"Included"}']


def test_rows_that_lost_a_column_are_counted_from_the_end() -> None:
    result = read("scopus")
    tags = {f.tag: f.value for f in result.records[1].raw}
    assert (tags["column 23"], tags["ISSN"], tags["ISBN"]) == ("one more", "12345678", "9780306406157")
    assert (tags["Language of Original Document"], tags["EID"]) == ("English", "2-s2.0-2")
    assert [r.what for r in result.repairs] == [
        "23 cells under 22 columns: what is too many before References is kept as column 23 on"
    ]


def test_rows_for_each_field_keep_every_value() -> None:
    record = read("embase_rows").records[0]
    assert [(f.tag, f.value, f.line) for f in record.raw][:4] == [
        ("TITLE", BOTH[0], 1),
        ("AUTHOR NAMES", "Vermeer A.", 2),
        ("AUTHOR NAMES", "Bos K.-J.", 2),
        ("SOURCE", "Journal of Places (2011) 3:2 (10-19). Date of Publication: May 2011", 3),
    ]
    assert [f.value for f in record.raw if f.tag == "ABSTRACT"] == ["One.\nTwo."]


@pytest.mark.parametrize(
    ("splitter", "text", "names"),
    [
        ("any", "Smith, John", ("Smith, John",)),
        ("any", "Smith, J., Jones, K.", ("Smith, J.", "Jones, K.")),
        ("any", "Smith, J. and Jones, K.", ("Smith, J.", "Jones, K.")),
        ("any", "A. Smith and K. Jones", ("A. Smith", "K. Jones")),
        ("any", "A. B. Smith, K. Jones and J. Brown", ("A. B. Smith", "K. Jones", "J. Brown")),
        ("any", "Smith, Jones & Brown", ("Smith", "Jones", "Brown")),
        ("any", "Smith, Jones, Brown", ("Smith", "Jones", "Brown")),
        ("any", "Smith J.A., Jones K.", ("Smith, J.A.", "Jones, K.")),
        ("any", "Ann de Vries, Bob Jansen", ("Ann de Vries", "Bob Jansen")),
        ("any", "Smith, J.///Jones, K.", ("Smith, J.", "Jones, K.")),
        ("any", "Smith, J.\nJones, K.", ("Smith, J.", "Jones, K.")),
        ("any", "Jansen, P. en de Vries, A.", ("Jansen, P.", "de Vries, A.")),
        ("any", "Smith J.Jones K. A.", ("Smith, J.", "Jones, K. A.")),
        ("any", "", ()),
        ("scopus", "Guo J., Guo B.", ("Guo, J.", "Guo, B.")),
        ("scopus", "Murata T.", ("Murata, T.",)),
        ("scopus", "Smith J.; Jones K.", ("Smith, J.", "Jones, K.")),
        ("scopus", "Quinonez Y.Calvo-Manzano J.Rocha A.", ("Quinonez, Y.", "Calvo-Manzano, J.", "Rocha, A.")),
        ("initials", "Smith J.B., Jr., Jones K.", ("Smith, J.B., Jr.", "Jones, K.")),
        ("comma", "A Smith, K Jones, ...", ("A Smith", "K Jones")),
        (
            "glued",
            "Prof. Ann SmithKim McDonaldJo De VriesDr. Al Bo",
            ("Ann Smith", "Kim McDonald", "Jo De Vries", "Al Bo"),
        ),
    ],
)
def test_names(splitter: str, text: str, names: tuple[str, ...]) -> None:
    assert SPLITTERS[splitter](text) == names
