"""What the fields of tagged exports mean: the normalised record each format gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from metareview.literature.reading import read_records

HERE = Path(__file__).parent
CLEAN = {
    "title": "Street wardens in district 1",
    "authors": ["Vermeer, Anna", "Bakker, Bram B."],
    "year": 2011,
    "journal": "Journal of invented places",
    "volume": "12",
    "number": "3",
    "pages": "343-355",
    "doi": "10.5555/wardens.1",
    "type": "JOUR",
}

# file, record: what it must give; every other field is empty
RECORDS: dict[tuple[str, int], dict[str, Any]] = {
    ("medline/clean.nbib", 0): CLEAN
    | {
        "title": "Street wardens in district 1.",
        "authors": ["Vermeer, Anna", "Bakker, Bram B"],
        "pages": "343-55",
        "abstract": "Wardens walked the streets of one district.",
        "keywords": ["*Cities", "Residence Characteristics/statistics & numerical data", "street wardens"],
        "issn": "1234-567X; 8765-4321",
        "language": "eng",
    },
    ("medline/names.nbib", 0): {
        "title": "Full and short names",
        "authors": ["Vermeer, Anna", "Bakker BB", "Warden Study Group", "Jansen, Carla"],
    },
    ("medline/names.nbib", 1): {"title": "Full names first", "authors": ["Vermeer, Anna", "Jansen, Carla"]},
    ("medline/book.nbib", 0): {
        "title": "Wardens by night",
        "authors": ["Vermeer, Anna"],
        "year": 2020,
        "journal": "A handbook of streets",
        "isbn": "9781234567897",
        "type": "CHAP",
    },
    ("medline/book.nbib", 1): {
        "title": "A handbook of squares",
        "authors": ["Bakker, Bram"],
        "year": 2021,
        "isbn": "9781234567897",
        "type": "BOOK",
    },
    ("medline/vernacular.nbib", 0): {"title": "Buurtwachten in wijk 1.", "language": "dut"},
    ("medline/vernacular.nbib", 1): {"title": "[Neighbourhood wardens in district 2].", "abstract": "In English."},
    ("medline/doi_places.nbib", 0): {"title": "In AID", "doi": "10.5555/a.1"},
    ("medline/doi_places.nbib", 1): {"title": "In LID over two lines", "doi": "10.5555/b.2"},
    ("medline/doi_places.nbib", 2): {"title": "In SO", "doi": "10.5555/c.3"},
    ("medline/doi_places.nbib", 3): {"title": "No DOI"},
    ("isi/clean.ciw", 0): CLEAN
    | {
        "authors": ["Vermeer, A", "Bakker, BB"],
        "journal": "JOURNAL OF INVENTED PLACES",
        "abstract": "Wardens walked the streets. They were seen.",
        "keywords": ["street wardens", "public space", "CRIME", "DISORDER"],
        "issn": "1234-567X; 8765-4321",
        "language": "English",
    },
    ("isi/zoological.ciw", 0): {
        "title": "Nests of city birds",
        "authors": ["Vermeer, Anna", "Bakker, Bram"],
        "year": 2019,
        "journal": "Invented Condor",
        "volume": "121",
        "number": "3",
        "pages": "duz039",
        "issn": "1234-567X",
        "url": "http://www.example.org/birds",
        "language": "English",
        "type": "JOUR",
    },
    ("isi/kinds.ciw", 0): {
        "title": "A chapter",
        "authors": ["Vermeer, A"],
        "year": 2019,
        "journal": "A BOOK OF STREETS",
        "pages": "1-139",
        "doi": "10.5555/ch.1",
        "isbn": "9781234567897; 9781234567804",
        "type": "CHAP",
    },
    ("isi/kinds.ciw", 1): {
        "title": "A BOOK OF STREETS",
        "authors": ["Bakker, B"],
        "year": 2019,
        "doi": "10.5555/book",
        "isbn": "9781234567897",
        "type": "BOOK",
    },
    ("isi/kinds.ciw", 2): {
        "title": "A paper",
        "authors": ["Vermeer, A"],
        "year": 2018,
        "journal": "PROCEEDINGS OF STREETS",
        "pages": "107892D",
        "type": "CPAPER",
    },
    ("isi/kinds.ciw", 3): {"title": "Street sweeping machine", "authors": ["VERMEER A"], "type": "PAT"},
    ("isi/kinds.ciw", 4): {
        "title": "By a group",
        "authors": ["Warden Study Grp"],
        "year": 2022,
        "journal": "JOURNAL OF INVENTED PLACES",
        "pages": "2150051",
        "type": "JOUR",
    },
    ("cochrane/clean.txt", 0): CLEAN
    | {
        "title": "Street wardens in district 1: a trial",
        "authors": ["Vermeer A", "Bakker BB"],
        "abstract": "BACKGROUND: Wardens walked. AIM: To see whether they did. RESULTS: They did.",
        "keywords": ["Adult", "*Street wardens", "Female"],
        "url": "https://www.cochranelibrary.com/central/doi/10.1002/central/CN-00000001/full",
    },
    ("cochrane/clean.txt", 1): {
        "title": "Street wardens in district 2",
        "authors": ["Jansen C", "Smit D"],
        "year": 2012,
        "journal": "Cochrane Database of Systematic Reviews",
        "number": "4",
        "doi": "10.1002/14651858.cd000002",
        "issn": "1465-1858",
        "url": "https://www.cochranelibrary.com/cdsr/doi/10.1002/14651858.CD000002/full",
        "type": "JOUR",
    },
    ("enw/endnote.enw", 0): CLEAN
    | {
        "abstract": "Wardens walked the streets. They were seen by 50% %of the people.",
        "keywords": ["street wardens", "public space"],
        "issn": "1234-567X",
        "url": "https://example.org/a",
        "language": "English",
    },
    ("enw/endnote.enw", 1): {
        "title": "Street wardens in district 2",
        "authors": ["Jansen, Carla"],
        "year": 2012,
        "journal": "A book of streets",
        "pages": "1-9",
        "isbn": "9781234567897",
        "type": "CHAP",
    },
    ("enw/cnki.enw", 0): {
        "title": "街道守望员",
        "authors": ["蔡岐", "李明", "王五"],
        "year": 2005,
        "journal": "地理发明",
        "number": "05",
        "pages": "81-89",
        "keywords": ["街道", "守望", "社区"],
        "issn": "1234-567X",
        "type": "JOUR",
    },
    ("enw/refer.enw", 0): {
        "title": "Street wardens in district 1",
        "authors": ["Anna Vermeer", "Bram Bakker"],
        "year": 2011,
        "journal": "Journal of invented places",
    },
    ("ovid/embase.ovd", 0): CLEAN
    | {
        "title": "Street wardens in district 1.",
        "authors": ["Vermeer A.", "Bakker B.B."],
        "year": 2018,
        "journal": "Invented Proceedings",
        "number": "Supplement 3",
        "pages": "12-20",
        "abstract": "Background: Wardens walked. Method(s): They were seen.",
        "keywords": ["adult", "*street warden"],
        "issn": "1234-567X",
        "language": "English",
        "type": "CONF",
    },
    ("ovid/embase.ovd", 1): {
        "title": "Street wardens in district 2.",
        "authors": ["Jansen, Carla"],
        "year": 2004,
        "journal": "Invented Places",
        "volume": "201",
        "number": "2-3",
        "pages": "327-334",
        "isbn": "3540202226",
        "type": "JOUR",
    },
    ("ovid/psycinfo.txt", 0): {
        "title": "Street wardens in district 1. [References].",
        "authors": ["Vermeer, Anna"],
        "year": 2015,
        "journal": "Invented Psychotherapy",
        "volume": "43",
        "number": "5",
        "pages": "623-634",
        "doi": "10.5555/s1",
        "type": "JOUR",
    },
    ("ovid/book.ovd", 0): {"title": "A chapter.", "authors": ["Jansen, C."], "year": 2004, "type": "CHAP"},
    ("ovid-text/clean.txt", 0): CLEAN
    | {
        "title": "Street wardens in district 1.",
        "authors": ["Vermeer A", "Bakker BB"],
        "pages": "343-55",
        "abstract": "Wardens walked the streets of one district. They were seen.",
        "keywords": ["*Cities", "Residence Characteristics/sn [Statistics & Numerical Data]"],
        "issn": "8765-4321",
        "language": "English",
    },
    ("ovid-text/clean.txt", 1): {
        "title": "Street wardens in district 2.",
        "authors": ["Jansen C", "Smit D"],
        "type": "CHAP",
    },
}


@pytest.mark.parametrize(("name", "number"), RECORDS)
def test_normalised(name: str, number: int) -> None:
    record = read_records(HERE / name).records[number].to_dict()
    found = {key: value for key, value in record.items() if value and key not in ("record_id", "line")}
    assert found == RECORDS[name, number]


def test_types_of_endnote() -> None:
    kinds = read_records(HERE / "enw/kinds.enw").records
    assert [r.type for r in kinds] == ["BOOK", "THES", "RPRT", "CPAPER", "ELEC", "Podcast"]
    assert {r.pages for r in kinds} == {"2150051"}
    assert {r.year for r in kinds} == {2011}
    assert {r.authors for r in kinds} == {("Smit, Dirk",)}
