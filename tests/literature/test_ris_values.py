"""From RIS fields as printed to the normalised fields of a record."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path

import pytest

from metareview.literature.formats import values
from metareview.literature.formats.ris_entry import normalise
from metareview.literature.reading import read_records
from metareview.literature.records import Record

FILES = Path(__file__).parent / "ris"


def test_clean_record() -> None:
    record = read_records(FILES / "clean.ris").records[0]
    assert record.to_dict() == {
        "record_id": "clean:0001",
        "title": "Street wardens in district 1",
        "authors": ["Vermeer, A. 1"],
        "year": 2011,
        "journal": "Journal of Invented Places",
        "volume": "4",
        "number": "2",
        "pages": "10-19",
        "doi": "10.5555/place.1",
        "abstract": "One plain abstract.",
        "keywords": ["wardens", "burglary"],
        "isbn": "",
        "issn": "1234-567X",
        "url": "https://example.org/1",
        "language": "English",
        "type": "JOUR",
        "line": 1,
    }
    assert record.raw[3] == ("PY", "2011", 4)


@pytest.mark.parametrize(
    ("name", "field", "expected"),
    [
        ("years", "year", [2016, 2016, 2016, 2016, None, None, 2016]),
        ("pages", "pages", ["10-19", "10-19", "10-19", "10", "e5", "", "10-19", "100"]),
        (
            "doi_places",
            "doi",
            [
                *(f"10.5555/abc.{i}" for i in range(1, 8)),
                "",
                "10.5555/(sici)1097-4679(1994)50:4<502::aid-x>3.0.co;2-j",
            ],
        ),
        ("list_values", "authors", [("Vermeer, A.", "Brug, C.")] * 2),
        ("list_values", "keywords", [("wardens", "burglary", "fear"), ("wardens", "burglary")]),
        ("only_editors", "authors", [("Brug, C.",), ("Vermeer, A.",)]),
        ("only_editors", "journal", ["", "A book of squares"]),
        ("only_editors", "isbn", ["9780306406157", "0306406152"]),
        ("translated_title", "journal", ["Journal of Invented Places"]),
        ("entities", "journal", ["Places & Spaces"]),
        ("entities", "abstract", ["Crime fell (p < 0.05). Fear did not (p<0.10)."]),
        (
            "copyright_abstract",
            "abstract",
            ["A short abstract.", "Copyright law in district courts is studied."],
        ),
    ],
)
def test_field(name: str, field: str, expected: list[object]) -> None:
    assert [getattr(r, field) for r in read_records(FILES / f"{name}.ris")] == expected


def test_entities_stay_in_raw() -> None:
    record = read_records(FILES / "entities.ris").records[0]
    assert record.raw[1].value == "Wardens &amp; <i>watchers</i>: H<sub>2</sub>O"


@pytest.mark.parametrize(
    ("value", "address", "doi"),
    [
        ("10.5555/Abc", False, "10.5555/abc"),
        ("HTTPS://DOI.ORG/10.5555/ABC).", False, "10.5555/abc"),
        ("10.5555/abc(1)", False, "10.5555/abc(1)"),
        ("10.5555/abc%2528x%2529", False, "10.5555/abc(x)"),
        ("https://example.org/doi/10.5555/abc.pdf#page=3", True, "10.5555/abc"),
        ("no doi, version 10.2/3", False, ""),
        ("10.5555/", False, ""),
        ("10.5555/...", False, ""),
        ("10.5555/" + "a" * 1000, False, ""),
    ],
)
def test_doi(value: str, address: bool, doi: str) -> None:
    assert values.doi_of(value, address) == doi


def test_serials() -> None:
    assert values.serials_of(["0932-0814 (Print)\\r1678-4596"]) == ("", "0932-0814; 1678-4596")
    assert values.serials_of(["12345678 (ISSN); 9780306406157 (ISBN)"]) == ("9780306406157", "1234-5678")
    assert values.serials_of(["978 0 306 40615 7", "NA", "****"]) == ("9780306406157", "")


def test_a_publisher_or_group_is_no_author_beside_authors() -> None:
    assert normalise([("A1", "A group"), ("AU", "Vermeer, A.")])["authors"] == ("Vermeer, A.",)
    assert normalise([("AU", ""), ("A1", "Brug, C. &amp; Co")])["authors"] == ("Brug, C. & Co",)


def test_records_read_are_records() -> None:
    record = read_records(FILES / "clean.ris").records[0]
    plain = Record(**{f.name: getattr(record, f.name) for f in dataclasses.fields(Record)})
    assert record == plain and plain == record and hash(record) == hash(plain)
    assert repr(record) == repr(plain) and repr(record).startswith("Record(record_id='clean:0001'")
    assert pickle.loads(pickle.dumps(record)) == plain
    assert copy.deepcopy(record) == plain
    assert dataclasses.replace(record, title="Other").title == "Other"
    assert record != dataclasses.replace(plain, title="Other")
    assert record != "clean:0001"
    with pytest.raises(AttributeError):
        record.nothing  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.title = "Other"  # type: ignore[misc]


def test_result_for_a_reader() -> None:
    result = read_records(FILES / "ovid.ris", prefix="ovid-2026")
    assert repr(result) == "ReadResult('ovid.ris': 2 records, 1 repairs, 0 lines quarantined, ris, utf-8)"
    assert "line 16 (ovid-2026:0002): NL after ER" in result.summary()
    assert "tags outside the format, kept: NL (1)" in result.summary()
    assert "<td>ovid-2026:0001</td>" in result._repr_html_()
    assert "set aside, line 7: 'exported on Monday'" in read_records(FILES / "stray_text.ris").summary()


def test_frame() -> None:
    frame = read_records(FILES / "clean.ris").to_frame()
    assert list(frame.columns[:4]) == ["record_id", "title", "author", "year"]
    assert list(frame["year"]) == [2011, 2011]
    assert frame.loc[0, "keywords"] == "wardens; burglary"
    empty = read_records(FILES / "ends_only.ris").to_frame()
    assert empty.shape == (0, frame.shape[1])
