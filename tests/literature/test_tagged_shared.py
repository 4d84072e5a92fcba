"""Every real tagged export at hand is read whole, and no other format takes one for its own."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from shared_exports import EXPORTS, sources

from metareview.literature.formats.registry import formats
from metareview.literature.reading import ReadResult, read_records
from metareview.literature.source import Source

TAGGED = ("medline", "isi", "cochrane", "enw", "ovid", "ovid-text")
TAGS = {"medline": re.compile(r"([A-Z][A-Z0-9]{1,3}) *- "), "isi": re.compile(r"([A-Z][A-Z0-9])(?: |$)")}
NOT_FIELDS = ("FN", "VR", "ER", "EF", "XX")
# in one file FN has become XX
REPAIRED = {
    "wos_ciw/refsplitr__BadHeader.txt": [(1, "'XX' begins no record: read as a heading of the file")],
}


@cache
def read(name: str) -> ReadResult:
    return read_records(EXPORTS / name, prefix="x")


def tagged() -> list[dict[str, str]]:
    return [row for row in sources() if row["format"] in TAGGED]


def test_number_of_records_and_their_system() -> None:
    assert len(tagged()) > 15
    for row in tagged():
        result = read(row["file"])
        assert len(result) == int(row["n_records"]), row["file"]
        assert result.format == row["format"]
        assert result.system == {"medline": "PubMed", "isi": "Web of Science"}[row["format"]], row["file"]


def test_no_line_and_no_repeated_value_is_lost() -> None:
    for row in tagged():
        result = read(row["file"])
        data = (EXPORTS / row["file"]).read_bytes().decode("utf-8-sig")
        lines = re.sub(r"\r\n?", "\n", data).split("\n")
        printed = Counter(m[1] for m in map(TAGS[row["format"]].match, lines) if m)
        for tag in NOT_FIELDS:
            del printed[tag]
        starts = Counter(f.tag for r in result for f in r.raw if lines[f.line - 1].startswith(f.tag))
        assert starts == printed, row["file"]
        assert all(f.value.split("\n")[0] in lines[f.line - 1] for r in result for f in r.raw), row["file"]
        in_fields = sum(1 + f.value.count("\n") for r in result for f in r.raw)
        assert in_fields + result.structure == result.n_lines, row["file"]
        assert [(r.line, r.what) for r in result.repairs] == REPAIRED.get(row["file"], []), row["file"]
        assert not result.quarantined and not result.unknown_tags, row["file"]


def test_fields_are_filled() -> None:
    records = [r for row in tagged() for r in read(row["file"])]
    assert all(r.title and r.authors and r.year and r.journal and r.type for r in records)
    assert sum(1 for r in records if r.pages) / len(records) > 0.95
    assert sum(1 for r in records if r.doi) / len(records) > 0.8
    assert all(re.fullmatch(r"10\.\d{4,9}[\d.]*/\S+", r.doi) for r in records if r.doi)


def test_web_of_science_gives_what_its_ris_gives() -> None:
    both = ("wos_ciw/merge-systematic-review__wos.txt", "wos_ris/merge-systematic-review__wos.ris")
    text, ris = ({r.doi: r.to_dict() for r in read(name) if r.doi} for name in both)
    same = text.keys() & ris.keys()
    assert len(same) == 48
    for doi in same:
        for name, value in ris[doi].items():
            if name not in ("record_id", "line") and value:
                assert text[doi][name] == value, (doi, name)


def test_each_export_is_claimed_by_its_own_format() -> None:
    known = [f for f in formats().values() if not f.magic]
    for row in sources():
        head = Source(EXPORTS / row["file"]).head
        claims = {f.name: score for f in known if (score := f.recognises(head))}
        if row["format"] in TAGGED:
            assert max(claims, key=lambda name: claims[name]) == row["format"], row["file"]
        else:
            assert not claims.keys() & set(TAGGED), row["file"]
