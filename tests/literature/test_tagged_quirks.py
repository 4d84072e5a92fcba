"""One fixture a quirk of tagged exports: what it must give, what is repaired, what is set aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from metareview.literature.reading import ReadResult, read_records

HERE = Path(__file__).parent
FOLDERS = ("medline", "isi", "cochrane", "enw", "ovid", "ovid-text")
BOTH = ["Street wardens in district 1", "Street wardens in district 2"]
DOTTED = [f"{title}." for title in BOTH]
TRIAL = ["Street wardens in district 1: a trial", BOTH[1]]
OUTSIDE = "text outside any record"
LOOSE = "text that is not indented: kept with the {} before it"
PT, PERCENT = "no PT: the record starts here", "no %0: the record starts here"
RECORD, NUMBER = "no Record line: the record starts here", "no number: the record starts here"
ONE_END = "1 end of record without a record, the first here"
CUT = "no {}, as the records before have: the file may be cut short"

# file: titles, (line, record, repair), (line, text, why)
QUIRKS: dict[str, tuple[list[str], list[tuple[int, str, str]], list[tuple[int, str, str]]]] = {
    "medline/clean.nbib": (DOTTED, [], []),
    "medline/crlf.nbib": (DOTTED, [], []),
    "medline/no_blank_lines.nbib": (DOTTED, [], []),
    "medline/odd_indentation.nbib": (DOTTED, [], []),
    "medline/unindented.nbib": (DOTTED[:1], [(4, "x:0001", LOOSE.format("TI")), (6, "x:0001", LOOSE.format("AB"))], []),
    "medline/lost_pmid.nbib": (DOTTED[::-1], [(12, "x:0002", "no PMID: the record starts here")], []),
    "medline/blank_inside.nbib": (DOTTED, [], []),
    "medline/stray_text.nbib": (DOTTED, [], [(1, "PubMed results 1-2", OUTSIDE), (6, "next page", OUTSIDE)]),
    "medline/field_before_first.nbib": (DOTTED[:1], [], [(1, "VI 7", "field before the first record")]),
    "medline/truncated.nbib": (DOTTED[::-1], [(28, "x:0002", CUT.format("SO"))], []),
    "medline/ends.nbib": (DOTTED, [(7, "", ONE_END)], []),
    "medline/names.nbib": (["Full and short names", "Full names first", "A group", "Nobody"], [], []),
    "medline/book.nbib": (["Wardens by night", "A handbook of squares"], [], []),
    "medline/vernacular.nbib": (["Buurtwachten in wijk 1.", "[Neighbourhood wardens in district 2]."], [], []),
    "medline/doi_places.nbib": (["In AID", "In LID over two lines", "In SO", "No DOI"], [], []),
    "medline/unknown_tags.nbib": (DOTTED[:1], [], []),
    "medline/latin1.nbib": (
        ["Café terraces"],
        [(2, "x:0001", "line 2 is not valid UTF-8: read as Windows-1252, as 1 later lines")],
        [],
    ),
    "isi/clean.ciw": (BOTH, [], []),
    "isi/bom.ciw": (BOTH, [], []),
    "isi/no_header.ciw": (BOTH, [], []),
    "isi/bad_header.ciw": (BOTH, [(1, "", "'XX' begins no record: read as a heading of the file")], []),
    "isi/missing_er.ciw": (
        BOTH,
        [
            (34, "x:0001", "no ER: the record ends before the PT in line 36"),
            (41, "x:0002", "no ER: the record ends before the EF in line 43"),
        ],
        [],
    ),
    "isi/missing_pt.ciw": (BOTH, [(3, "x:0001", PT), (37, "x:0002", PT)], []),
    "isi/missing_both.ciw": (
        BOTH,
        [
            (3, "x:0001", PT),
            (33, "x:0001", "no ER: the record ends before the AU in line 35"),
            (35, "x:0002", PT),
        ],
        [],
    ),
    "isi/truncated.ciw": (BOTH[::-1], [(23, "x:0002", "no ER: the record ends before the end of the file")], []),
    "isi/concatenated.ciw": (BOTH, [], []),
    "isi/unindented.ciw": (
        BOTH[:1],
        [(line, "x:0001", LOOSE.format(tag)) for line, tag in ((5, "AU"), (7, "TI"), (9, "AB"))],
        [],
    ),
    "isi/stray_text.ciw": (
        BOTH,
        [(46, "x:0002", "VL after the record: kept with it")],
        [(38, "saved by hand", OUTSIDE)],
    ),
    "isi/ends.ciw": (BOTH, [(35, "", ONE_END)], [(34, "ER 17", "text on an end of record")]),
    "isi/blank_inside.ciw": (BOTH[:1], [(9, "x:0001", LOOSE.format("AB"))], []),
    "isi/zoological.ciw": (["Nests of city birds"], [], []),
    "isi/kinds.ciw": (["A chapter", "A BOOK OF STREETS", "A paper", "Street sweeping machine", "By a group"], [], []),
    "isi/unknown_tags.ciw": (BOTH[1:], [], []),
    "cochrane/clean.txt": (TRIAL, [], []),
    "cochrane/no_blank_lines.txt": (TRIAL, [], []),
    "cochrane/lost_start.txt": (TRIAL, [(1, "x:0001", RECORD)], []),
    "cochrane/no_starts.txt": (TRIAL, [(1, "x:0001", RECORD), (23, "x:0002", RECORD)], []),
    "cochrane/truncated.txt": ([TRIAL[0], "Street wardens in"], [(26, "x:0002", CUT.format("US"))], []),
    "cochrane/stray_text.txt": (TRIAL, [], [(1, "Cochrane Library export", OUTSIDE)]),
    "enw/endnote.enw": (BOTH, [], []),
    "enw/no_blank_lines.enw": (["Street wardens in district 2", "Street wardens in district 3"], [], []),
    "enw/google_scholar.enw": (BOTH[:1], [], []),
    "enw/jstor.enw": (BOTH[:1], [], []),
    "enw/cnki.enw": (["街道守望员"], [], []),
    "enw/refer.enw": (BOTH, [(1, "x:0001", PERCENT), (8, "x:0002", PERCENT)], []),
    "enw/lost_start.enw": (BOTH[::-1], [(13, "x:0002", PERCENT)], []),
    "enw/blank_inside.enw": (BOTH[:1], [], []),
    "enw/truncated.enw": (["Street wardens in district 2", "Street wardens in distri"], [], []),
    "enw/stray_text.enw": (BOTH[1:], [], [(1, "Bibliography", OUTSIDE)]),
    "enw/kinds.enw": (["Book", "Thesis", "Report", "Conference Paper", "Web Page", "Podcast"], [], []),
    "ovid/embase.ovd": (DOTTED, [], []),
    "ovid/psycinfo.txt": (["Street wardens in district 1. [References]."], [], []),
    "ovid/book.ovd": (["A chapter."], [], []),
    "ovid/no_numbers.ovd": (DOTTED, [(1, "x:0001", NUMBER), (6, "x:0002", NUMBER)], []),
    "ovid-text/clean.txt": (DOTTED, [], []),
    "ovid-text/header.txt": (
        DOTTED,
        [(3, "", LOOSE.format("Search Strategy")), (12, "x:0001", LOOSE.format("Authors"))],
        [
            (1, "Database: Invented Index <1946 to May 2011>", OUTSIDE),
            (3, "-" * 80, "field before the first record"),
            (4, "1     wardens.tw. (2)", "field before the first record"),
            (6, "***************************", OUTSIDE),
        ],
    ),
}


def read(name: str) -> ReadResult:
    return read_records(HERE / name, prefix="x")


def raw(result: ReadResult, record: int, tag: str) -> list[str]:
    return [f.value for f in result.records[record].raw if f.tag == tag]


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk(name: str) -> None:
    titles, repairs, quarantined = QUIRKS[name]
    result = read(name)
    assert result.format == name.split("/")[0]
    assert [r.title for r in result] == titles
    assert [tuple(r) for r in result.repairs] == repairs
    assert [q[:3] for q in result.quarantined] == quarantined
    in_fields = sum(1 + f.value.count("\n") for r in result for f in r.raw)
    assert in_fields + result.structure + len(result.quarantined) == result.n_lines


def test_every_fixture_is_asserted() -> None:
    assert {f"{folder}/{path.name}" for folder in FOLDERS for path in (HERE / folder).iterdir()} == set(QUIRKS)


def test_values_keep_their_lines_in_raw_only() -> None:
    pubmed, wos = read("medline/clean.nbib"), read("isi/clean.ciw")
    assert raw(pubmed, 0, "AB") == ["Wardens walked the streets\nof one district."]
    assert pubmed.records[0].abstract == "Wardens walked the streets of one district."
    assert raw(wos, 0, "AU") == ["Vermeer, A", "Bakker, BB"]
    assert len(raw(wos, 0, "CR")) == 2
    assert raw(wos, 0, "C1") == [
        "[Vermeer, Anna] Inst Streets, Utrecht,\nNetherlands.\n[Bakker, Bram B.] Inst Squares, Delft, Netherlands."
    ]
    assert raw(read("medline/blank_inside.nbib"), 0, "AB") == ["First paragraph.\n\nSecond paragraph."]
    assert raw(read("isi/blank_inside.ciw"), 0, "AB") == ["First paragraph.\n\nSecond paragraph.\n\nThird paragraph."]
    assert raw(read("medline/unindented.nbib"), 0, "AB") == ["Wardens walked\nthe streets\nDNA - of one district."]
    assert raw(read("isi/unindented.ciw"), 0, "AU") == ["Vermeer, A", "Bakker, BB"]
    assert raw(read("cochrane/clean.txt"), 0, "AB") == [
        "BACKGROUND: Wardens walked.\nAIM: To see whether they did.\n\nRESULTS: They did."
    ]
    assert raw(read("enw/endnote.enw"), 0, "%X") == [
        "Wardens walked\nthe streets.\n\nThey were seen by 50%\n%of the people."
    ]
    assert raw(read("ovid/embase.ovd"), 0, "IN") == [
        "(Vermeer) Institute of Streets, Utrecht\n(Bakker) Institute of Squares, Delft"
    ]


def test_numbers_of_records_are_kept() -> None:
    assert raw(read("cochrane/clean.txt"), 1, "Record") == ["#2 of 2"]
    assert raw(read("ovid/psycinfo.txt"), 0, "<") == ["7. >"]

    assert raw(read("ovid-text/clean.txt"), 1, "<") == ["2>"]


def test_unknown_tags_are_kept() -> None:
    assert read("medline/unknown_tags.nbib").unknown_tags == {"Q1": 1, "XYZ": 2}
    assert raw(read("medline/unknown_tags.nbib"), 0, "XYZ") == ["odd one", "odd two"]
    assert read("isi/unknown_tags.ciw").unknown_tags == {"QQ": 2}
    assert read("cochrane/clean.txt").unknown_tags == {"ZZ": 1}
    assert read("ovid/embase.ovd").unknown_tags == {"QQ": 1}
    assert read("ovid-text/clean.txt").unknown_tags == {"Invented Field": 1}


def test_a_value_below_its_label_has_its_own_line() -> None:
    fields = read("ovid-text/clean.txt").records[0].raw
    assert ("Unique Identifier", "90000001", 3) in fields
    assert ("Comments", "", 26) in fields
    assert ("Abstract", "Wardens walked the streets\nof one district.\n\nThey were seen.", 18) in fields


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("medline/clean.nbib", "PubMed"),
        ("isi/no_header.ciw", "Web of Science"),
        ("cochrane/no_starts.txt", "Cochrane"),
        ("enw/endnote.enw", "EndNote"),
        ("enw/google_scholar.enw", "Google Scholar"),
        ("enw/jstor.enw", "JSTOR"),
        ("enw/cnki.enw", "CNKI"),
        ("enw/refer.enw", ""),
        ("ovid/psycinfo.txt", "Ovid"),
        ("ovid-text/clean.txt", "Ovid"),
    ],
)
def test_systems(name: str, system: str) -> None:
    assert read(name).system == system
