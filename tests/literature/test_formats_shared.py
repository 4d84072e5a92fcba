"""Every real export at hand is read in its own format, whatever its name, and most show the system that wrote them."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from shared_exports import EXPORTS, sources

from metareview.literature.formats.registry import formats
from metareview.literature.reading import read_records
from metareview.literature.source import Source

READ_AS = {"xml": ("pubmed-xml", "endnote-xml", "dublin-core"), "medline": ("medline",)}
# folder -> the system its files show; what a manager passed on, or bears no mark, is left out
SYSTEMS = {
    "scopus": "Scopus", "wos_ris": "Web of Science", "wos_ciw": "Web of Science", "wos_bib": "Web of Science",
    "ovid": "Ovid", "ebsco": "EBSCO", "proquest": "ProQuest", "embase_com": "Embase", "cochrane": "Cochrane",
    "eppi_reviewer": "EPPI-Reviewer", "zotero": "Zotero", "jstor": "JSTOR", "sciencedirect": "ScienceDirect",
    "springer": "Springer", "openalex": "OpenAlex", "publish_or_perish": "Publish or Perish", "rayyan": "Rayyan",
    "jabref": "JabRef", "trid": "TRID", "lilacs_bvs": "LILACS (BVS)", "base": "BASE",
}  # fmt: skip


def test_each_file_is_claimed_most_surely_by_its_own_format() -> None:
    wrong = {}
    for row in sources():
        head = Source(EXPORTS / row["file"]).head
        scores = {name: f.recognises(head) for name, f in formats().items() if not f.magic}
        best = max(scores, key=lambda name: scores[name])
        if best not in READ_AS.get(row["format"], (row["format"],)) or scores[best] <= 0:
            wrong[row["file"]] = (row["format"], best, scores[best])
        rivals = [name for name, score in scores.items() if score == scores[best] and name != best]
        assert not rivals, (row["file"], rivals)
    # an export of Web of Science whose folder of test files calls it RIS
    assert set(wrong) <= {"rispy_tests/rispy__example_wos.ris"}


def test_the_name_of_the_file_decides_nothing(tmp_path: Path) -> None:
    for row in sources()[::9]:
        path = tmp_path / "export.dat"
        shutil.copy(EXPORTS / row["file"], path)
        assert read_records(path).format == read_records(EXPORTS / row["file"]).format


def test_the_system_is_told_by_its_marks() -> None:
    told = Counter[bool]()
    for row in sources():
        wanted = SYSTEMS.get(row["file"].split("/")[0])
        if wanted is not None:
            found = read_records(EXPORTS / row["file"]).system
            told[found == wanted] += 1
            assert found in (wanted, "") or told[False] < 6, (row["file"], found)
    assert told[True] >= 80 and told[False] <= 5
