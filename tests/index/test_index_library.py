"""The index behind a review: it finds records by their words, and deleting it changes no answer."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from metareview.errors import STALE, USAGE, MetareviewError
from metareview.folder import ReviewFolder
from metareview.services.imports import run as import_records
from metareview.services.records import listing
from metareview.services.state import load_state

PLAN = """
title: A review
question: {text: What works}
eligibility: {include: [Evaluations]}
exclusion_reasons: [{code: no_text, label: No text}]
sources: [{name: scopus, title: Scopus, kind: database}, {name: wos, title: Web of Science, kind: database}]
reviewers: [{name: Anna}]
"""
FIRST = """TY  - JOUR
TI  - Hot spots policing in Rotterdam
AU  - Vermeer, A.
PY  - 2011
AB  - Patrols at places with much crime.
KW  - policing
ER  -
TY  - JOUR
TI  - Street lighting and burglary
AU  - de Boer, C.
AB  - Lamps, and fewer burglaries in the café district.
ER  -
"""
SECOND = """TY  - JOUR
TI  - Greening vacant lots
AB  - Lots were cleaned; residents felt safer.
ER  -
"""


@pytest.fixture
def folder(tmp_path: Path) -> ReviewFolder:
    found = ReviewFolder(tmp_path / "review")
    found.protocol_path.parent.mkdir(parents=True)
    found.protocol_path.write_text(PLAN, encoding="utf-8")
    for name, text in (("scopus", FIRST), ("wos", SECOND)):
        (tmp_path / f"{name}.ris").write_text(text, encoding="utf-8")
        import_records(found, [tmp_path / f"{name}.ris"], name, "2026-11-01")
    return found


def ids(folder: ReviewFolder, search: str = "") -> list[str]:
    return [item.record.record_id for item in listing(folder, search)]


def titles(folder: ReviewFolder, search: str) -> list[str]:
    return [item.record.title for item in listing(folder, search)]


def test_records_come_in_the_order_of_import(folder: ReviewFolder) -> None:
    assert titles(folder, "") == [
        "Hot spots policing in Rotterdam", "Street lighting and burglary", "Greening vacant lots",
    ]  # fmt: skip
    assert len(set(ids(folder))) == 3


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("policing", ["Hot spots policing in Rotterdam"]),
        ("POLICING", ["Hot spots policing in Rotterdam"]),
        ('"vacant lots"', ["Greening vacant lots"]),
        ("burglar*", ["Street lighting and burglary"]),
        ("cafe", ["Street lighting and burglary"]),
        ("title: lighting", ["Street lighting and burglary"]),
        ("abstract: lighting", []),
        ("authors: vermeer", ["Hot spots policing in Rotterdam"]),
        ("lamps NOT patrols", ["Street lighting and burglary"]),
        ("nowhere", []),
        ("caf\u00e9-district", ["Street lighting and burglary"]),
        ("burglaries-in", ["Street lighting and burglary"]),
        ("in-burglaries", []),
        ("no-such: x", []),
        ('"open', []),
    ],
)
def test_full_text_search(folder: ReviewFolder, search: str, found: list[str]) -> None:
    assert titles(folder, search) == found


def test_a_search_that_is_not_one_is_told(folder: ReviewFolder) -> None:
    for words in ("AND", "nofield:x", "lamps NOT", "(lots", "title:"):
        with pytest.raises(MetareviewError, match="is not a search SQLite understands") as caught:
            listing(folder, words)
        assert caught.value.exit_code == USAGE


def test_a_review_without_records_finds_nothing(tmp_path: Path) -> None:
    empty = ReviewFolder(tmp_path / "empty")
    empty.protocol_path.parent.mkdir(parents=True)
    empty.protocol_path.write_text(PLAN, encoding="utf-8")
    assert listing(empty) == listing(empty, "policing") == []


def everything(folder: ReviewFolder) -> list[object]:
    searches = ["", "policing", "lots OR lamps", "residents"]
    return [[item.to_dict() for item in listing(folder, words)] for words in searches] + [load_state(folder).records]


def test_deleting_the_index_changes_no_answer(folder: ReviewFolder) -> None:
    before = everything(folder)
    shutil.rmtree(folder.index.parent)
    assert everything(folder) == before
    assert folder.index.is_file()


@pytest.mark.parametrize("damage", ["replaced", "emptied", "cut", "zeroed"])
def test_a_damaged_index_changes_no_answer(folder: ReviewFolder, damage: str) -> None:
    before = everything(folder)
    content = folder.index.read_bytes()
    hurt = {
        "replaced": b"no database" * 1000,
        "emptied": b"",
        "cut": content[: len(content) // 2],
        "zeroed": content[:4096] + bytes(len(content) - 4096),
    }
    folder.index.write_bytes(hurt[damage])
    assert everything(folder) == before


def test_a_damaged_search_table_changes_no_answer(folder: ReviewFolder) -> None:
    before = everything(folder)
    with sqlite3.connect(folder.index) as connection:
        connection.execute("UPDATE records_fts_data SET block = x'ffffffffffffffffffffffff'")
    connection.close()
    assert everything(folder) == before


def test_an_index_of_another_review_is_replaced(folder: ReviewFolder, tmp_path: Path) -> None:
    before = everything(folder)
    other = ReviewFolder(tmp_path / "other")
    other.protocol_path.parent.mkdir(parents=True)
    other.protocol_path.write_text(PLAN, encoding="utf-8")
    import_records(other, [tmp_path / "wos.ris"], "scopus", "2026-11-01")
    assert len(listing(other)) == 1
    shutil.copy(other.index, folder.index)
    assert everything(folder) == before


def test_an_edited_or_missing_export_is_never_answered_from_the_index(folder: ReviewFolder) -> None:
    export = next(folder.searches.glob("wos-*.ris"))
    original = export.read_bytes()
    listing(folder)
    export.write_bytes(original + b"\n")
    with pytest.raises(MetareviewError, match="was edited after it was imported") as caught:
        listing(folder)
    assert caught.value.exit_code == STALE
    export.unlink()
    with pytest.raises(MetareviewError, match="is missing"):
        listing(folder, "lots")
    export.write_bytes(original)
    assert len(listing(folder)) == 3
