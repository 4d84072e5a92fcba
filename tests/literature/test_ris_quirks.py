"""One fixture a quirk of real exports: what it must give, what is repaired, what is set aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from metareview.literature.reading import ReadResult, read_records

FILES = Path(__file__).parent / "ris"
BOTH = ["Street wardens in district 1", "Street wardens in district 2"]
ONE = BOTH[:1]
NO_TY = "no TY: the record starts here"
OUTSIDE = "text outside any record"

# file: titles, (line, record, repair), (line, text, why)
QUIRKS: dict[str, tuple[list[str], list[tuple[int, str, str]], list[tuple[int, str, str]]]] = {
    "clean": (BOTH, [], []),
    "missing_er": (BOTH, [(4, "x:0001", "no ER: the record ends before the TY in line 6")], []),
    "missing_last_er": (BOTH, [(10, "x:0002", "no ER: the record ends with the file")], []),
    "missing_ty": (BOTH, [(1, "x:0001", NO_TY), (5, "x:0002", NO_TY)], []),
    "one_missing_ty": (BOTH, [(2, "x:0001", NO_TY)], [(1, "NA", OUTSIDE)]),
    "double_space_type": (BOTH, [], []),
    "bare_er": (
        BOTH,
        [(8, "x:0001", "'ER' read as 'ER  -'"), (14, "x:0002", "'ER' read as 'ER  -'")],
        [],
    ),
    "er_without_blank": (BOTH, [], []),
    "er_with_text": (
        BOTH,
        [(6, "x:0001", "'ER' with text inside a record: kept as text")],
        [(7, "ER  - 17", "text on an end of record")],
    ),
    "ends_only": ([], [(1, "", "3 ends of record without a record, the first here")], []),
    "single_spaces": (
        BOTH,
        [(1, "x:0001", "tags are not written as 'TY  - ' in this file: read by their letters and dash")],
        [],
    ),
    "indented_tags": (
        BOTH,
        [(1, "x:0001", "tags are not written as 'TY  - ' in this file: read by their letters and dash")],
        [],
    ),
    "odd_marks": (
        BOTH,
        [(5, "x:0001", "'ER -' read as 'ER  -'"), (6, "x:0002", "'TY - RPRT' read as 'TY  - RPRT'")],
        [],
    ),
    "empty_tags": (BOTH, [], []),
    "continuation_unindented": (BOTH, [], []),
    "continuation_indented": (BOTH, [], []),
    "blank_lines": (BOTH, [], []),
    "ovid": (BOTH, [(16, "x:0002", "NL after ER: kept with the record before")], []),
    "ovid_missing_er": (BOTH, [(5, "x:0001", "no ER: the record ends before the TY in line 10")], []),
    "cochrane": (BOTH, [], []),
    "jstor": (BOTH, [], []),
    "web_of_science": (BOTH, [], []),
    "references": (
        BOTH,
        [
            (407, "x:0001", "'AB  -' amid text: kept as text"),
            (409, "x:0001", "'US  -' amid text: kept as text"),
        ],
        [],
    ),
    "repeated_tags": (BOTH, [], []),
    "url_semicolon": (ONE, [], []),
    "odd_types": ([*BOTH, "Street wardens in district 3"], [], []),
    "years": ([f"Year {i}" for i in range(1, 8)], [], []),
    "copyright_abstract": (BOTH, [], []),
    "entities": (["Wardens & watchers: H2O"], [], []),
    "stray_text": (
        BOTH,
        [],
        [
            (1, "This file was made by hand", OUTSIDE),
            (7, "exported on Monday", OUTSIDE),
            (14, "end of file", OUTSIDE),
        ],
    ),
    "field_before_first": (
        ONE,
        [],
        [(1, "DB  - Invented Index", "field before the first record"), (2, "more of it", OUTSIDE)],
    ),
    "latin1": (ONE, [(5, "x:0001", "line 5 is not valid UTF-8: read as Windows-1252, as 1 later lines")], []),
    "latin1_in_utf8": (BOTH, [(11, "x:0002", "line 11 is not valid UTF-8: read as Windows-1252")], []),
    "cr_only": (BOTH, [], []),
    "crlf": (BOTH, [], []),
    "mixed_ends": (BOTH, [], []),
    "bom": (ONE, [], []),
    "two_boms": (BOTH, [(6, "x:0002", "byte order mark inside the file removed")], []),
    "utf16": (ONE, [], []),
    "utf16_without_bom": (ONE, [], []),
    "control_characters": (
        ONE,
        [(5, "x:0001", "2 control characters removed"), (6, "x:0001", "2 control characters removed")],
        [],
    ),
    "separators": (ONE, [], []),
    "list_values": (["Lists", "Lists again"], [], []),
    "only_editors": (["A book of squares", "A chapter"], [], []),
    "translated_title": (["Buurtwachten"], [], []),
    "doi_places": ([f"Doi {i}" for i in range(1, 10)], [], []),
    "pages": ([f"Pages {i}" for i in range(1, 9)], [], []),
}


def read(name: str) -> ReadResult:
    return read_records(FILES / f"{name}.ris", prefix="x")


def raw(result: ReadResult, record: int, tag: str) -> list[str]:
    return [f.value for f in result.records[record].raw if f.tag == tag]


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk(name: str) -> None:
    titles, repairs, quarantined = QUIRKS[name]
    result = read(name)
    assert [r.title for r in result] == titles
    assert [tuple(r) for r in result.repairs] == repairs
    assert [q[:3] for q in result.quarantined] == quarantined
    assert [r.record_id for r in result] == [f"x:{i:04d}" for i in range(1, len(titles) + 1)]
    in_fields = sum(1 + f.value.count("\n") for r in result for f in r.raw)
    assert in_fields + result.structure + len(result.quarantined) == result.n_lines


def test_every_fixture_is_asserted() -> None:
    assert {path.stem for path in FILES.glob("*.ris")} == set(QUIRKS)


def test_continuation_lines_keep_their_breaks_in_raw_only() -> None:
    for name in ("continuation_unindented", "continuation_indented"):
        result = read(name)
        assert raw(result, 0, "AB") == ["Wardens walked\nthe streets of one\ndistrict."]
        assert raw(result, 0, "AD") == ["Institute of Streets"]
        assert result.records[0].abstract == "Wardens walked the streets of one district."
    assert raw(read("blank_lines"), 0, "AB") == ["First paragraph.\n\nSecond paragraph."]


def test_a_bare_er_in_a_list_is_a_value() -> None:
    assert read("bare_er").records[0].keywords == ("emergency rooms", "ER", "drop-in centres")
    assert raw(read("er_with_text"), 0, "N1") == ["One note\nER  - emergency response areas"]


def test_ovid_lines_between_records() -> None:
    result = read("ovid")
    assert raw(result, 1, "NL") == ["J Invent Places"]
    assert result.unknown_tags == {"NL": 1}
    assert raw(read("ovid_missing_er"), 0, "PY") == ["2011"]


def test_tags_amid_references_are_text() -> None:
    record = read("references").records[0]
    notes = [f.value for f in record.raw if f.tag == "N1"]
    assert len(notes) == 1
    assert notes[0].count("\n") == 404
    assert "\nAB  - Brown, Areas and bricks, (2003)\n" in notes[0]
    assert "\nUS  - Department of Places, A report, (2004)\n" in notes[0]
    assert record.abstract == "The abstract."
    assert record.doi == ""
    assert read("references").unknown_tags == {}


def test_repeated_and_unknown_tags_are_all_kept() -> None:
    result = read("repeated_tags")
    assert raw(result, 0, "AB") == ["Short.", "The longer of both abstracts."]
    assert raw(result, 0, "DO") == ["10.5555/first", "10.5555/second"]
    assert raw(result, 0, "TI") == ["Street wardens in district 1", "Another title"]
    assert raw(result, 0, "UR") == ["https://example.org/a", "https://example.org/b"]
    assert raw(result, 0, "XX") == ["odd one", "odd two"]
    assert result.unknown_tags == {"XX": 2}
    assert result.records[0].abstract == "The longer of both abstracts."
    assert result.records[0].doi == "10.5555/first"


def test_url_is_verbatim() -> None:
    url = "https://example.org/a;jsessionid=1?x=2;y=3"
    assert raw(read("url_semicolon"), 0, "UR") == [url]
    assert read("url_semicolon").records[0].url == url


def test_types_are_verbatim() -> None:
    assert [r.type for r in read("odd_types")] == ["Scholarly Journals", "CITATION", ""]
    assert [r.type for r in read("double_space_type")] == ["JOUR", "RPRT"]


def test_web_of_science_groups_and_continuations() -> None:
    result = read("web_of_science")
    assert result.records[0].authors == ("Vermeer, A. 1",)
    assert raw(result, 0, "A1") == ["Warden Study Grp"]
    assert raw(result, 0, "FX") == ["Paid by one city\nand by another."]
    assert result.records[0].issn == "1234-567X; 8765-4321"
    assert result.unknown_tags == {"FX": 1, "J9": 1, "PI": 1, "PU": 1, "WE": 1}


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("clean", "utf-8"),
        ("bom", "utf-8-sig"),
        ("latin1", "cp1252"),
        ("latin1_in_utf8", "utf-8+cp1252"),
        ("utf16", "utf-16"),
        ("utf16_without_bom", "utf-16-le"),
    ],
)
def test_encodings(name: str, encoding: str) -> None:
    result = read(name)
    assert result.encoding == encoding
    assert all(r.abstract in ("", "Café terraces", "One plain abstract.") for r in result)
    assert raw(result, 0, "TY") == ["JOUR"]


def test_line_numbers_are_those_of_an_editor() -> None:
    for name in ("cr_only", "crlf"):
        assert [r.line for r in read(name)] == [1, 7]
    mixed = read("mixed_ends")
    assert raw(mixed, 0, "AB") == ["One\nline feed and one\nreturn"]
    assert [r.line for r in mixed] == [1, 9]


def test_characters_that_look_like_line_ends_split_nothing() -> None:
    assert raw(read("separators"), 0, "AB") == ["one\u2028two\x85three\u2029four"]
    assert read("separators").records[0].abstract == "one two three four"
    assert raw(read("control_characters"), 0, "AB") == ["Nul and bell"]
    assert raw(read("control_characters"), 0, "AD") == ["form feed and separator"]
