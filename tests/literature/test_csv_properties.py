"""Whatever is in a table, reading it ends, accounts for every line, and what is written reads back the same."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metareview.errors import MetareviewError
from metareview.literature.formats.delimited_rows import Shape, rows_of
from metareview.literature.formats.registry import formats
from metareview.literature.formats.table_columns import FIELDS
from metareview.literature.reading import ReadResult, read_records
from metareview.literature.records import Record

FILES = sorted((Path(__file__).parent / "csv").glob("*.csv"))
QUIETLY = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
MARKS = st.text(alphabet="\",;\t\n\\ab1='|é", max_size=80)
LINE = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=30).map(
    lambda t: " ".join(t.split())
)
NAMES = st.lists(LINE.filter(bool), max_size=3).map(tuple)


def accounts(result: ReadResult) -> None:
    spans = sum(r._entry.last - r._entry.line + 1 for r in result.records)  # type: ignore[attr-defined]
    assert spans + result.structure + len(result.quarantined) == result.n_lines
    for record in result.records:
        entry = record._entry  # type: ignore[attr-defined]
        assert all(entry.line <= f.line <= entry.last for f in record.raw)
        assert set(record.to_dict()) >= set(FIELDS)


@QUIETLY
@given(text=MARKS)
def test_any_rows_under_a_header(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"title,authors,year,journal\n{text}", encoding="utf-8", newline="")
    accounts(read_records(path))


@QUIETLY
@given(seed=st.integers(0, 10**6), name=st.sampled_from(FILES))
def test_mutated_fixtures(tmp_path: Path, seed: int, name: Path) -> None:
    data, chance = bytearray(name.read_bytes()), random.Random(seed)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(data))
        data[at : at + chance.choice((0, 1, 1, 9))] = chance.choice((b"", b'"', b"\n", b",", b"\xff", b"\x00", b'""'))
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    try:
        result = read_records(path)
    except MetareviewError:
        return
    if result.format == "csv":
        accounts(result)


@QUIETLY
@given(lines=st.lists(st.text(alphabet='",ab', max_size=12), max_size=12), width=st.integers(0, 4))
def test_rows_cover_the_lines(lines: list[str], width: int) -> None:
    spans = [(row.line, row.last) for row in rows_of(lines, Shape(), width)]
    assert [line for start, last in spans for line in range(start, last + 1)] == list(range(1, len(lines) + 1))


@st.composite
def records(draw: st.DrawFn) -> Record:
    plain = {name: draw(LINE) for name in FIELDS if name not in ("authors", "keywords", "year")}
    year = draw(st.one_of(st.none(), st.integers(1000, 2100)))
    return Record(record_id="a:0001", authors=draw(NAMES), keywords=draw(NAMES), year=year, **plain)


@QUIETLY
@given(written=st.lists(records(), min_size=1, max_size=4))
def test_what_is_written_reads_back(tmp_path: Path, written: list[Record]) -> None:
    write = formats()["csv"].write
    assert write is not None
    path = tmp_path / "a.csv"
    path.write_text(write(written), encoding="utf-8", newline="")
    result = read_records(path)
    accounts(result)
    assert result.system == "metareview"
    for before, after in zip(written, result.records, strict=True):
        assert {name: getattr(after, name) for name in FIELDS} == {name: getattr(before, name) for name in FIELDS}


@pytest.mark.parametrize("start", ["=1+1", "+cation", "-omics", "@home", "'=x", "'t Hooft"])
def test_written_cells_are_no_formulas(tmp_path: Path, start: str) -> None:
    write = formats()["csv"].write
    assert write is not None
    text = write([Record("a:0001", title=start, authors=(start, "b; c"))])
    assert text.split("\n")[1].startswith("a:0001,'" if start != "'t Hooft" else "a:0001,'t Hooft")
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8", newline="")
    record = read_records(path).records[0]
    assert (record.title, record.authors) == (start, (start, "b; c"))
