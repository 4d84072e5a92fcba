"""Every real RIS export at hand is read whole."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from shared_exports import EXPORTS, sources

from metareview.literature.reading import ReadResult, read_records

# the first record of this export has lost its TY line: 200 ER, 199 TY
MORE_THAN_TY = {"scopus/SLRbanism__scopus200-latin1.ris": 1}
TAG = re.compile(r"([A-Z][A-Z0-9])  -")


@cache
def read(name: str) -> ReadResult:
    return read_records(EXPORTS / name, prefix="x")


def ris() -> list[dict[str, str]]:
    return [row for row in sources() if row["format"] == "ris"]


def test_number_of_records() -> None:
    wrong = {}
    for row in ris():
        n = len(read(row["file"]))
        if n != int(row["n_TY"]) + MORE_THAN_TY.get(row["file"], 0):
            wrong[row["file"]] = (n, row["n_TY"])
    assert len(ris()) > 80
    assert wrong == {}


def test_no_line_and_no_repeated_value_is_lost() -> None:
    for row in ris():
        result = read(row["file"])
        data = (EXPORTS / row["file"]).read_bytes().decode("utf-8-sig", errors="replace")
        lines = re.sub(r"\r\n?", "\n", data).split("\n")
        printed = Counter(m[1] for m in map(TAG.match, lines) if m)
        del printed["ER"]
        kept = Counter(f.tag for r in result for f in r.raw)
        assert kept == printed, row["file"]
        in_fields = sum(1 + f.value.count("\n") for r in result for f in r.raw)
        assert in_fields + result.structure + len(result.quarantined) == result.n_lines, row["file"]
        for record in result.records[:50]:
            for f in record.raw:
                assert lines[f.line - 1].startswith(f"{f.tag}  -"), (row["file"], f)
                assert f.value.split("\n")[0] in lines[f.line - 1] or "\ufffd" in lines[f.line - 1]


def test_what_is_set_aside_is_explained() -> None:
    aside = {
        row["file"]: [q[:3] for q in read(row["file"]).quarantined] for row in ris() if read(row["file"]).quarantined
    }
    assert aside == {
        "scopus/SLRbanism__scopus200-latin1.ris": [(1, "NA", "text outside any record")],
    }


def test_fields_are_filled() -> None:
    records = [r for row in ris() for r in read(row["file"])]
    filled = {
        name: sum(1 for r in records if getattr(r, name)) / len(records)
        for name in ("title", "authors", "year", "journal")
    }
    assert filled["title"] > 0.99 and filled["authors"] > 0.98
    assert filled["year"] > 0.98 and filled["journal"] > 0.92
    assert all(re.fullmatch(r"10\.\d{4,9}[\d.]*/\S+", r.doi) and r.doi == r.doi.lower() for r in records if r.doi)
