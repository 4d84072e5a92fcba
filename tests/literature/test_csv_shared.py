"""Every real table at hand is read whole, as the same search in other formats is."""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cache

import pytest
from shared_exports import EXPORTS, sources

from metareview.literature.formats.registry import formats
from metareview.literature.reading import ReadResult, read_records
from metareview.literature.records import Record
from metareview.literature.source import Source

# This export has no header, and SOURCES.csv took its first record for one.
HEADERLESS = "rayyan/ukb_sr__04_csv.csv"
SYSTEMS = {
    "asreview": "ASReview",
    "cochrane": "Cochrane",
    "embase_com": "Embase",
    "openalex": "OpenAlex",
    "publish_or_perish": "Publish or Perish",
    "pubmed": "PubMed",
    "rayyan": "Rayyan",
    "scopus": "Scopus",
    "springer": "Springer",
    "zotero": "Zotero",
}


def tables() -> list[dict[str, str]]:
    return [row for row in sources() if row["format"] == "csv"]


@cache
def read(name: str) -> ReadResult:
    return read_records(EXPORTS / name, prefix="x")


def test_number_of_records_and_system() -> None:
    assert len(tables()) == 17
    for row in tables():
        result = read(row["file"])
        assert len(result) == int(row["n_records"]) + (row["file"] == HEADERLESS), row["file"]
        assert (result.format, result.system) == ("csv", SYSTEMS[row["producing_system"]]), row["file"]


def test_no_line_and_no_cell_is_lost() -> None:
    for row in tables():
        result = read(row["file"])
        spans = sum(r._entry.last - r._entry.line + 1 for r in result.records)  # type: ignore[attr-defined]
        assert spans + result.structure + len(result.quarantined) == result.n_lines, row["file"]
        with (EXPORTS / row["file"]).open(encoding="utf-8-sig", newline="") as file:
            printed = list(csv.reader(file))[row["file"] != HEADERLESS :]
        cells = Counter(cell.replace("\r\n", "\n") for line in printed for cell in line if cell.strip())
        assert Counter(f.value for r in result for f in r.raw) == cells, row["file"]
        assert result.quarantined == (), row["file"]


def test_what_is_repaired() -> None:
    repaired = {row["file"]: {r.what for r in read(row["file"]).repairs} for row in tables()}
    assert {name: what for name, what in repaired.items() if what} == {
        # its header lost a column that its rows have
        "scopus/litstudy__scopus.csv": {
            "46 cells under 45 columns: what is too many before References is kept as column 46 on"
        }
    }
    assert {r.language for r in read("scopus/litstudy__scopus.csv")} == {"English"}


def test_fields_are_filled() -> None:
    records = [r for row in tables() for r in read(row["file"])]
    filled = {name: sum(1 for r in records if getattr(r, name)) / len(records) for name in ("title", "authors", "year")}
    assert min(filled.values()) > 0.98
    assert all(re.fullmatch(r"10\.\d{4,9}[\d.]*/\S+", r.doi) for r in records if r.doi)
    assert sum(1 for r in records if r.journal) / len(records) > 0.93


def test_every_other_file_is_of_another_format() -> None:
    others = [row["file"] for row in sources() if row["format"] != "csv"]
    claimed = [name for name in others if formats()["csv"].recognises(Source(EXPORTS / name).head) > 0]
    assert len(others) > 120
    assert claimed == []


def _by_doi(result: ReadResult) -> dict[str, Record]:
    once = Counter(r.doi for r in result)
    return {r.doi: r for r in result if r.doi and once[r.doi] == 1}


@pytest.mark.parametrize(
    ("table", "ris", "n", "fields"),
    [
        (
            "scopus/UmbrellaReview_PFAS_pilo__scopus.csv",
            "scopus/UmbrellaReview_PFAS_pilo__scopus.ris",
            8,
            "title authors year journal volume number pages abstract isbn issn url language type",
        ),
        (
            "scopus/merge-systematic-review__scopus.csv",
            "scopus/merge-systematic-review__scopus.ris",
            110,
            "title authors year volume number pages isbn issn language",
        ),
        (
            "zotero/SLR-automatic-screening-__Exported_Items.csv",
            "zotero/SLR-automatic-screening-__Exported_Items.ris",
            463,
            "title authors year volume number pages abstract keywords isbn issn language type",
        ),
        (
            "embase_com/asreview__embase.csv",
            "embase_com/asreview__embase.ris",
            6,
            "title year journal volume number pages abstract isbn",
        ),
    ],
)
def test_fields_agree_with_the_same_search_in_ris(table: str, ris: str, n: int, fields: str) -> None:
    tables()
    ours, theirs = _by_doi(read(table)), _by_doi(read(ris))
    both = ours.keys() & theirs.keys()
    assert len(both) >= n
    differ = Counter(
        name for doi in both for name in fields.split() if getattr(ours[doi], name) != getattr(theirs[doi], name)
    )
    assert sum(differ.values()) <= 0.01 * len(both) * len(fields.split()), differ
    if "scopus" in table:
        words = [({w.lower() for w in ours[d].keywords}, {w.lower() for w in theirs[d].keywords}) for d in both]
        assert sum(a == b for a, b in words) >= 0.98 * len(both)
