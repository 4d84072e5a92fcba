"""Writing and reading again gives the same records; no bytes at all break the reader or lose a line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metareview.errors import MetareviewError
from metareview.literature.formats.format import Account
from metareview.literature.formats.ris_lines import _Ledger
from metareview.literature.formats.ris_table import line_table
from metareview.literature.formats.ris_write import write
from metareview.literature.reading import ReadResult, read_records, write_records
from metareview.literature.records import Field, Record

FILES = Path(__file__).parent / "ris"
QUICK = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)

_safe = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff")
_line = st.one_of(
    st.text(_safe, max_size=20).map(lambda t: t.strip(" \t")),
    st.sampled_from(["TY  - JOUR", "ER  -", "ER", "AB  - text", "1.", "TY - JOUR", "Record #1 of 2", "a;b", "\u2028"]),
)
_value = st.lists(_line, min_size=1, max_size=4).map("\n".join).map(lambda t: t.rstrip("\n"))
_tag = st.from_regex(r"[A-Z][A-Z0-9]", fullmatch=True).filter(lambda t: t not in ("TY", "ER"))
_raw = st.tuples(
    st.sampled_from(["JOUR", "Scholarly Journals", ""]),
    st.lists(st.tuples(st.one_of(_tag, st.sampled_from(["AU", "TI", "AB", "KW", "N1"])), _value), max_size=6),
)


def printed(records: ReadResult | list[Record]) -> list[list[tuple[str, str]]]:
    return [[(f.tag, f.value) for f in r.raw] for r in records]


def accounted(result: ReadResult) -> bool:
    in_fields = sum(1 + f.value.count("\n") for r in result for f in r.raw)
    return in_fields + result.structure + len(result.quarantined) == result.n_lines


@QUICK
@given(st.lists(_raw, min_size=1, max_size=4))
def test_raw_fields_survive(tmp_path: Path, raws: list[tuple[str, list[tuple[str, str]]]]) -> None:
    records = [
        Record(f"x:{i}", raw=(Field("TY", kind, 0), *(Field(tag, value, 0) for tag, value in pairs)))
        for i, (kind, pairs) in enumerate(raws)
    ]
    write_records(records, tmp_path / "out.ris")
    result = read_records(tmp_path / "out.ris")
    assert printed(result) == printed(records)
    assert not result.repairs and not result.quarantined and accounted(result)


_word = st.text(st.characters(whitelist_categories=("L", "N")), min_size=1, max_size=10)
_words = st.lists(_word, max_size=5).map(" ".join)


@QUICK
@given(
    st.builds(
        Record,
        record_id=st.just("out:0001"),
        title=_words,
        authors=st.lists(_word, max_size=4).map(tuple),
        year=st.one_of(st.none(), st.integers(1000, 2100)),
        journal=_words,
        volume=_word,
        number=_word,
        pages=st.sampled_from(["", "1", "1-9", "e12", "S1-S9", "12-12"]),
        doi=st.sampled_from(["", "10.5555/abc(1)"]),
        abstract=_words,
        keywords=st.lists(_word, max_size=4).map(tuple),
        isbn=st.sampled_from(["", "9780306406157"]),
        issn=st.sampled_from(["", "1234-567X", "1234-567X; 8765-4321"]),
        url=st.sampled_from(["", "https://example.org/a;b"]),
        language=_word,
        type=st.sampled_from(["", "JOUR", "BOOK", "CHAP", "THES", "CITATION"]),
    )
)
def test_normalised_fields_survive(tmp_path: Path, record: Record) -> None:
    write_records([record], tmp_path / "out.ris")
    again = read_records(tmp_path / "out.ris").records[0].to_dict()
    assert again == record.to_dict() | {"line": 1}


@pytest.mark.parametrize("path", sorted(FILES.glob("*.ris")), ids=lambda p: p.stem)
def test_fixtures_survive(tmp_path: Path, path: Path) -> None:
    result = read_records(path, prefix="x")
    if not result.records:
        return
    write_records(result, tmp_path / "out.ris")
    again = read_records(tmp_path / "out.ris", prefix="x")
    with_type = [[f for f in fields if f != ("TY", "")] for fields in printed(again)]
    assert with_type == [[f for f in fields if f != ("TY", "")] for fields in printed(result)]
    assert [r.to_dict() | {"line": 0} for r in again] == [r.to_dict() | {"line": 0} for r in result]
    assert not again.repairs and not again.quarantined


def test_other_raw_fields_are_not_taken_for_ris() -> None:
    record = Record("x:0001", title="Wardens", raw=(Field("PT", "J", 1), Field("TI", "Other", 2)))
    assert write([record]) == "TY  - \nTI  - Wardens\nER  - \n\n"
    record = Record("x:0001", title="Wardens", raw=(Field("author", "Vermeer", 1),))
    assert "TI  - Wardens" in write([record])
    assert write([]) == ""
    with pytest.raises(MetareviewError, match="raw field ER"):
        write([Record("x:0001", raw=(Field("TY", "JOUR", 1), Field("ER", "x", 2)))])


_pieces = st.sampled_from(
    [
        *(b"TY  - JOUR", b"ER  - ", b"ER  -", b"ER", b"ER  - x", b"TI  - a", b"AB  - b", b"AB  - c"),
        *(b"NL  - d", b"XX  - e", b"text", b"  text", b"", b" ", b"1. ", b"Record #1 of 2", b"TY - JOUR"),
        *(b"ER -", b"\xe9", b"\xc3\xa9", b"\x00", b"\xef\xbb\xbfTY  - JOUR", b"\x0c", b"\xe2\x80\xa8"),
        *(b" TY  - JOUR", b"PT J", b"TYPE", b"N1  -; x", b"NA"),
    ]
)
_ends = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"])


@settings(QUICK, max_examples=300)
@given(st.lists(st.tuples(_pieces, _ends), max_size=30))
def test_any_order_of_lines_is_accounted_for(tmp_path: Path, parts: list[tuple[bytes, bytes]]) -> None:
    check(tmp_path / "any.ris", b"".join(piece + end for piece, end in parts))


@QUICK
@given(st.binary(max_size=300))
@example(b"\xff\xfeT\x00Y\x00 \x00 \x00-\x00\n")
@example(b"TY  - JOUR\xff\x81")
def test_any_bytes_are_accounted_for(tmp_path: Path, data: bytes) -> None:
    check(tmp_path / "any.ris", data)
    check(tmp_path / "any.ris", b"TY  - JOUR\n" + data)


@QUICK
@given(st.data())
def test_mutated_fixtures_are_accounted_for(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(sorted(FILES.glob("*.ris")))).read_bytes()[:2000])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=6))
    check(tmp_path / "any.ris", bytes(content))


def check(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        result = read_records(path)
    except MetareviewError:
        return
    assert accounted(result)
    assert all(1 <= r.line <= max(1, result.n_lines) for r in (*result.repairs, *result.quarantined))
    assert all(r.record_id for r in result)
    assert len(result.to_frame()) == len(result)


def seconds(lines: list[str]) -> float:
    start = time.perf_counter()
    for entry in _Ledger(line_table("\n".join(lines).encode(), 1), Account(), []).records():
        entry.values()
        entry.raw()
    return time.perf_counter() - start


@pytest.mark.parametrize(
    "make",
    [
        lambda n: ["TY  - JOUR", "AB  - " + "p<0.05 &amp; 10.5555/(a" * n, "ER  - "],
        lambda n: [
            "TY  - JOUR",
            "DO  - 10.5555/" + ")" * 20 * n,
            "AU  - " + "Vermeer, A.; " * 2 * n,
            "ER  - ",
        ],
        lambda n: ["TY  - JOUR", "N1  - x", *["a reference", "AB  - text"] * n, "end", "ER  - "],
        lambda n: ["ER  - x", ""] * n + ["1."] * n + ["ER", "1."] * n,
        lambda n: ["TY  - JOUR", "TI  - a"] * n + [""] * n,
        lambda n: ["TY  - JOUR", "AB  - a", *[""] * n, "text", *[""] * n],
    ],
)
def test_time_is_linear_in_size(make: object) -> None:
    small, large = (min(seconds(make(n)) for _ in range(3)) for n in (2_000, 16_000))  # type: ignore[operator]
    assert large < 40 * small + 0.05
