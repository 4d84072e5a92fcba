"""One fixture a quirk of XML exports; hostile XML is refused at once; a fault in one record does not reach the next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_exports import EXPORTS, sources

from metareview.errors import MetareviewError
from metareview.literature.formats import xml_stream
from metareview.literature.formats.format import Account
from metareview.literature.formats.registry import detect, formats
from metareview.literature.reading import ReadResult, read_records
from metareview.literature.source import Source

FILES = Path(__file__).parent / "xml"
XML = ("pubmed-xml", "endnote-xml", "dublin-core")
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)

# file: format, titles, (line, record, repair), (line, text, why)
QUIRKS: dict[str, tuple[str, list[str], list[tuple[int, str, str]], list[tuple[int, str, str]]]] = {
    "cdata": (
        "endnote-xml",
        ["Wardens <record> & more", "Street wardens in district 2"],
        [],
        [],
    ),
    "dublin_core": (
        "dublin-core",
        ["Street wardens in district 1"],
        [],
        [],
    ),
    "endnote": (
        "endnote-xml",
        ["Street wardens in district 1", "Street wardens in district 2"],
        [],
        [],
    ),
    "endnote_7": (
        "endnote-xml",
        ["Street wardens in district 1"],
        [],
        [],
    ),
    "endnote_lines": (
        "endnote-xml",
        ["Street wardens in district 1", "Street wardens in district 2"],
        [],
        [],
    ),
    "latin1_declared": (
        "endnote-xml",
        ["Café wardens"],
        [(2, "x:0001", "line 2 is not valid UTF-8: read as Windows-1252")],
        [],
    ),
    "no_end_tag": (
        "endnote-xml",
        ["Street wardens in district 1", "Street wardens in district 2"],
        [(2, "x:0001", "no </record> before the next record")],
        [],
    ),
    "no_records": (
        "endnote-xml",
        [],
        [],
        [],
    ),
    "oai_dc": (
        "dublin-core",
        ["Street wardens in district 1"],
        [],
        [],
    ),
    "prefixed": (
        "endnote-xml",
        ["Street wardens in district 1"],
        [],
        [],
    ),
    "pubmed": (
        "pubmed-xml",
        ["Street wardens in H2O district 1.", "Street wardens in district 2"],
        [],
        [(65, "90000003", "DeleteCitation is no record")],
    ),
    "refman": (
        "endnote-xml",
        ["Street wardens in district 1"],
        [],
        [],
    ),
    "self_closing": (
        "endnote-xml",
        ["Street wardens in district 1"],
        [],
        [(2, "<record>", "a record without fields")],
    ),
    "stray_closing_tag": (
        "endnote-xml",
        ["Street wardens in district 2"],
        [],
        [
            (
                2,
                "my.enl EndNote 1 17 Vermeer, A. Boer, J. Street wardens in district 1 J Inv Plac",
                "the record is set aside: line 2: mismatched tag",
            )
        ],
    ),
    "text_between": (
        "endnote-xml",
        ["Street wardens in district 1", "Street wardens in district 2"],
        [],
        [
            (2, "Made by hand", "text outside any record"),
            (
                4,
                "<!-- no record: my.enl EndNote 9 17 Vermeer, A. Boer, J. Street wardens in distr",
                "elements in a comment",
            ),
        ],
    ),
    "truncated": (
        "endnote-xml",
        ["Street wardens in district 1"],
        [],
        [
            (
                3,
                "my.enl EndNote 2 17 Vermeer, A. Boer, J. <t",
                "the record is set aside: the file ends amid the record: no </record>; line 3: not well-formed (invalid token)",
            )
        ],
    ),
    "unclosed_comment": (
        "endnote-xml",
        ["Street wardens in district 1", "Street wardens in district 2"],
        [],
        [(3, "<!-- never closed", "text outside any record")],
    ),
    "unescaped_ampersand": (
        "endnote-xml",
        ["Street & wardens in café 1", "Street wardens in district 2"],
        [
            (2, "x:0001", "1 entities of HTML read as characters"),
            (2, "x:0001", "1 references to characters that XML does not have removed"),
            (2, "x:0001", "1 unescaped ampersands read as such"),
        ],
        [],
    ),
    "utf16": (
        "endnote-xml",
        ["Street wardens in district 1"],
        [],
        [],
    ),
}


def read(name: str) -> ReadResult:
    return read_records(FILES / f"{name}.xml", prefix="x")


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk(name: str) -> None:
    format_, titles, repairs, quarantined = QUIRKS[name]
    result = read(name)
    assert result.format == format_
    assert [r.title for r in result] == titles
    assert [tuple(r) for r in result.repairs] == repairs
    assert [q[:3] for q in result.quarantined] == quarantined


def test_every_fixture_is_asserted() -> None:
    assert {p.stem for p in FILES.iterdir() if not p.stem.startswith("hostile_")} == set(QUIRKS)


@pytest.mark.parametrize(
    ("name", "line"), [("billion_laughs", 2), ("external_entity", 2), ("parameter_entity", 1), ("bare_entity", 2)]
)
def test_entities_are_refused_at_once(name: str, line: int) -> None:
    with pytest.raises(MetareviewError, match=f"line {line} defines a document type or entities of its own") as caught:
        read(f"hostile_{name}")
    assert caught.value.hint


def test_pubmed() -> None:
    article, chapter = read("pubmed")
    assert article.authors == ("Vermeer, Anna B Jr", "Warden Study Group")
    assert (article.year, article.volume, article.number, article.pages) == (2011, "3", "2", "123-30")
    assert article.abstract == "BACKGROUND: Wardens walked. RESULTS: Crime fell (p < 0.05). It stayed low."
    assert (article.doi, article.issn, article.language) == ("10.5555/one", "1234-567X; 8765-4321", "eng")
    assert article.keywords == ("wardens", "Humans")
    raw = [(f.tag, f.value, f.line) for f in article.raw]
    assert ("MedlineCitation/Article/ArticleTitle", "Street <i>wardens</i> in H<sub>2</sub>O district 1.", 18) in raw
    assert ("MedlineCitation/Article/ELocationID@EIdType", "doi", 21) in raw
    assert ("PubmedData/ReferenceList/Reference/ArticleIdList/ArticleId", "10.5555/other", 45) in raw
    assert (chapter.authors, chapter.journal, chapter.type) == (("Smit, Bea",), "Handbook of Wardens", "CHAP")
    assert (chapter.doi, chapter.isbn, chapter.year) == ("10.5555/two", "9780306406157", 2012)


def test_endnote() -> None:
    result = read("endnote")
    record = result.records[0]
    assert (record.journal, record.pages, record.doi, record.type) == (
        *("Journal of Invented Places", "10-19", "10.5555/n1", "JOUR"),
    )
    assert record.issn == "1234-567X; 8765-4321"
    assert record.url == "https://example.org/a?x=1&y=2"
    raw = [(f.tag, f.value) for f in record.raw]
    assert ("ref-type@name", "Journal Article") in raw
    assert ("titles/title/style@face", "italic") in raw
    assert ("custom2", "PMC1") in raw and ("caption", "A caption") in raw and ("odd-one@a", "b") in raw
    assert result.unknown_tags == {"odd-one": 1}
    assert (result.system, read("refman").system) == ("EndNote", "Reference Manager")


def test_lines_are_those_of_an_editor() -> None:
    result = read("endnote_lines")
    lines = (FILES / "endnote_lines.xml").read_text(encoding="utf-8").split("\n")
    for record in result:
        assert lines[record.line - 1] == "<record>"
        for f in record.raw:
            assert f"<{f.tag.split('@')[0].rsplit('/', 1)[-1]}" in lines[f.line - 1], f


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("name", ["pubmed", "endnote", "cdata", "text_between", "unclosed_comment", "no_end_tag"])
def test_the_cut_of_the_blocks_changes_nothing(name: str, size: int) -> None:
    found, account = [], Account()
    for entry in formats()[QUIRKS[name][0]].read(Source(FILES / f"{name}.xml", block=size), account):
        found.append((entry.line, entry.raw()))
    result = read(name)
    assert found == [(r.line, r.raw) for r in result]
    assert sorted(account.quarantined) == list(result.quarantined)
    assert account.structure == result.structure


def test_too_long_too_deep_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_stream, "LONGEST_RECORD", 5000)
    good = "<record><titles><title>Wardens</title></titles></record>"
    for bad, why in (
        (f"<abstract>{'x' * 20000}</abstract>", "longer than"),
        ("<a>" * 70 + "</a>" * 70, "deep"),
        ("<!--" + "x" * 20000, "longer than"),
    ):
        path = tmp_path / "any.xml"
        path.write_text(f"<xml><records>{good}<record>{bad}</record>\n{good}</records></xml>")
        for block in (1 << 20, 1000):
            account = Account()
            entries = list(formats()["endnote-xml"].read(Source(path, block=block), account))
            assert [e.values()["title"] for e in entries] == ["Wardens"] * 2
            assert account.lost == 1 and any(why in q.why for q in account.quarantined)


def starts(text: str) -> int:
    return len(re.findall(r"<(?:record|PubmedArticle|dublin_core)(?=[\s/>])", text))


_pieces = st.sampled_from(
    [
        *("<record>", "</record>", "<record/>", "<titles>", "</titles>", "<title>", "</title>", "T", "&", "&amp;"),
        *("<!--", "-->", "<![CDATA[", "]]>", "<", ">", '"', "<?pi x?>", "\n", "<a b='c'>", "</a>", "&#0;", "é"),
        *("<!DOCTYPE x>", "<records>", "</records>", "<record", "<record><title>A</title></record>"),
    ]
)


@settings(QUICK, max_examples=100)
@given(st.lists(_pieces, max_size=30), st.integers(1, 40))
def test_any_order_of_pieces_is_read(tmp_path: Path, pieces: list[str], block: int) -> None:
    path = tmp_path / "any.xml"
    path.write_text("".join(["<xml><records><record><titles/></record>", *pieces]), encoding="utf-8")
    result = read_records(path)
    account = Account()
    entries = list(formats()["endnote-xml"].read(Source(path, block=block), account))
    assert [e.raw() for e in entries] == [r.raw for r in result]
    assert len(result.to_frame()) == len(result)
    inside = {n for e in entries for n in range(e.line, e.last + 1)} | {q.line for q in result.quarantined}
    assert 0 <= result.structure <= result.n_lines
    assert len(inside) + result.structure <= result.n_lines or "<!--" in pieces
    if not any(sign in "".join(pieces) for sign in ("<!", "<record\n", "<record<")):
        assert result.n_seen == starts(path.read_text(encoding="utf-8"))


@QUICK
@given(st.data())
def test_mutated_fixtures_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(sorted(FILES.iterdir()))).read_bytes()[:3000])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=6))
    path = tmp_path / "any.xml"
    path.write_bytes(bytes(content))
    try:
        result = read_records(path)
    except MetareviewError:
        return
    assert len(result.to_frame()) == len(result)


def test_real_exports_are_read_whole() -> None:
    rows = [row for row in sources() if row["format"] == "xml"]
    systems = {"pubmed": "PubMed", "endnote": "EndNote", "refman": "Reference Manager", "opengrey": "OpenGrey"}
    assert len(rows) == 4
    records = []
    for row in rows:
        result = read_records(EXPORTS / row["file"])
        assert len(result) == int(row["n_records"] or 1), row["file"]
        assert result.format in XML and result.system == systems[row["producing_system"]]
        assert not result.repairs and not result.quarantined and not result.unknown_tags, row["file"]
        text = (EXPORTS / row["file"]).read_text(encoding="utf-8")
        for tag in ("author", "keyword", "url", "style", "Author", "AbstractText", "ArticleId", "dcvalue"):
            printed = len(re.findall(rf"<{tag}(?=[\s>])[^>]*[^>/]>(?!</)|<{tag}>(?!<)", text)) if tag != "style" else 0
            kept = sum(1 for r in result for f in r.raw if re.search(rf"(?:^|/){tag}$", f.tag) and f.value)
            assert kept >= (printed if tag in ("AbstractText", "ArticleId", "dcvalue") else 0), (row["file"], tag)
        records += list(result)
    for name in ("title", "authors", "year"):
        assert sum(1 for r in records if getattr(r, name)) > 0.98 * len(records), name


def test_other_files_are_not_claimed() -> None:
    for row in sources():
        found = detect((EXPORTS / row["file"]).read_bytes()[: 1 << 18].decode("latin-1"))
        assert row["format"] == "xml" or found is None or found.name not in XML, row["file"]
