"""One fixture a quirk of BibTeX exports; no text at all breaks the reader; what is written reads back."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shared_exports import EXPORTS, sources

from metareview.errors import MetareviewError
from metareview.literature.formats.bibtex_write import write
from metareview.literature.formats.latex import from_text, to_text
from metareview.literature.formats.registry import detect
from metareview.literature.reading import ReadResult, read_records
from metareview.literature.records import Record

FILES = Path(__file__).parent / "bibtex"
QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)

# file: titles, (line, record, repair), (line, text, why)
QUIRKS = {
    "accents": (["Łódź & Straße: 5% of α-wardens, H2O – in situ"], [], []),
    "backslash_brace": (["Street wardens in district 1", "Sets { and more in district 2"], [], []),
    "brace_too_many": (
        ["Street wardens in district 1", "Street wardens in district 2"],
        [
            (2, "x:0001", "a closing brace too many"),
            (9, "x:0002", "a closing brace amid abstract: it goes on"),
            (12, "x:0002", "a closing brace without an entry"),
        ],
        [],
    ),
    "clean": (["Street wardens in district 1", "Street wardens in district 2"], [], []),
    "commented_out": (
        ["Street wardens in district 1"],
        [(1, "", "@comment is not closed: it ends here"), (5, "x:0001", "a closing brace without an entry")],
        [],
    ),
    "crlf": (["Street wardens in district 1", "Street wardens in district 2"], [], []),
    "crossref": (["Street wardens in district 1", "Proceedings of Invented Places"], [], []),
    "jabref": (["Street wardens in district 1: A square"], [], []),
    "latin1": (
        ["Street wardens in district 1", "Street wardens in district 2"],
        [(11, "x:0001", "line 11 is not valid UTF-8: read as Windows-1252")],
        [],
    ),
    "macros": (["Street wardens in City 1", "Street wardens (and others) in district 2"], [], []),
    "missing_brace": (
        ["Street wardens in district 1", "Street wardens in district 2"],
        [
            (1, "x:0001", "the entry is not closed: it ends before the next one, or with the file"),
            (2, "x:0001", "title is not closed: it ends before the next field"),
        ],
        [],
    ),
    "missing_commas": (
        ["Street wardens in district 1", 'The "best" wardens', "Keyless"],
        [(1, "x:0001", "no comma after the key"), (3, "x:0001", "no comma before year"), (7, "x:0003", "no key")],
        [],
    ),
    "odd_keys": (["Street wardens in district 1", "Street wardens in district 2", "Third"], [], []),
    "repeated_fields": (["Street wardens in district 1"], [], []),
    "sciencedirect": (["Street wardens in district 1"], [], []),
    "scopus": (["Street wardens in district 1", "Street wardens in district 2"], [], []),
    "stray_text": (
        ["Street wardens in district 1"],
        [],
        [
            (1, "This file was made by hand.", "text outside any entry"),
            (4, "of the town", "text in an entry that is no field"),
            (7, "some words@example.org between", "text outside any entry"),
            (8, "@article{", "an entry without key and fields"),
        ],
    ),
    "truncated": (
        ["Street wardens in district 1", "Street wardens in district 2"],
        [
            (6, "x:0002", "the entry is not closed: it ends before the next one, or with the file"),
            (8, "x:0002", "abstract is not closed: it ends before the next field"),
        ],
        [],
    ),
    "web_of_science": (["Street wardens in district 1", "Street wardens in district 2"], [], []),
}


def read(name: str) -> ReadResult:
    return read_records(FILES / f"{name}.bib", prefix="x")


def accounted(result: ReadResult) -> bool:
    """Every line holds a field, is set aside, or is structure; several fields may share a line."""
    held = {q.line for q in result.quarantined}
    for record in result:
        for f in record.raw:
            if f.tag[0] != "@":
                held.update(range(f.line, f.line + 1 + f.value.count("\n")))
    return len(held) + result.structure == result.n_lines


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk(name: str) -> None:
    titles, repairs, quarantined = QUIRKS[name]
    result = read(name)
    assert result.format == "bibtex"
    assert [r.title for r in result] == titles
    assert [tuple(r) for r in result.repairs] == repairs
    assert [q[:3] for q in result.quarantined] == quarantined
    assert accounted(result)


def test_every_fixture_is_asserted() -> None:
    assert {path.stem for path in FILES.iterdir()} == set(QUIRKS)


def test_web_of_science() -> None:
    first, second = read("web_of_science")
    assert first.authors == ("Vermeer, Anna", "Boer, Jan")
    assert first.keywords == ("wardens", "streets", "CITIES")
    assert (first.journal, first.year, first.type) == ("PROCEEDINGS OF INVENTED PLACES", 2011, "CONF")
    assert first.issn == "1234-567X; 8765-4321"
    assert (second.authors, second.year) == (("Warden Study Grp",), 2012)
    assert first.raw[:2] == (("@type", "inproceedings", 2), ("@key", "WOS:000111111100001", 2))
    assert ("Web-of-Science-Categories", "{{Urban Studies}}", 13) in first.raw


def test_scopus() -> None:
    result = read("scopus")
    assert result.system == "Scopus"
    record = result.records[0]
    assert record.doi == "10.5555/one"
    assert record.keywords == ("wardens", "streets", "city", "guard")
    assert [f.tag for f in record.raw if f.tag.startswith("funding")] == ["funding_text\u00a01", "funding_text\u00a02"]


def test_given_names_first_are_turned() -> None:
    record = read("sciencedirect").records[0]
    assert record.authors == ("Vermeer, Anna", "van der Boer, Jan", "World Health Organization")
    assert record.keywords == ("Street wardens", "Cities (large, old)", "Safety")


def test_macros_are_replaced_and_kept() -> None:
    first, second = read("macros")
    assert (first.journal, first.year) == ("Journal of Invented Places", 2011)
    assert second.journal == "Journal of Invented Places, Part B"
    assert ("journal", "jip", 7) in first.raw
    assert ("@string:jip", '"Journal of Invented Places"', 2) in first.raw


def test_crossref_reaches_an_entry_below() -> None:
    first = read("crossref").records[0]
    assert (first.journal, first.year, first.isbn) == ("Proceedings of Invented Places", 2011, "9780306406157")
    assert first.authors == ("Vermeer, A",)


def test_repeated_fields_are_all_kept() -> None:
    result = read("repeated_fields")
    assert [f.value for f in result.records[0].raw if f.tag.lower() == "url"] == [
        "{https://example.org/a}",
        "{https://example.org/b}",
    ]
    assert result.records[0].keywords == ("a", "b", "c")
    assert result.unknown_tags == {"xx-odd": 1}


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"{\"o}\'{e}{\'{e}}\'\i{}\'{\i}", "öééíí"),
        (r"{\c c}{\~a}o \v{S}\v s \k{a} \H{o} \r{a}", "ção Šš ą ő å"),
        (r"Stra{\ss}e \ss \o re \O{}x {\AA} \L{}\'od\'z", "Straße ßøre Øx Å Łódź"),
        (r"a\&b 5\% \$3 \{x\} a\_b \#1", "a&b 5% $3 {x} a_b #1"),
        (r"$\alpha$-x H$_{2}$O $10^{-3}$ p$\leq$0.05 $\beta$H", "α-x H2O 10-3 p≤0.05 βH"),
        ("$5 and $10, ~50 kg, Fig.~1", "$5 and $10, ~50 kg, Fig. 1"),
        (r"\textendash\ \textquotesingle{}s \textless", "– 's <"),
        (r"\"ISO\" is \"Best\"", '"ISO" is "Best"'),
        (r"\emph{one} \textit{two} \url{http://a_b}", "one two http://a_b"),
        (r"C:\papers\one", r"C:\papers\one"),
        ("``q'' {{Under}} My", "“q” Under My"),
    ],
)
def test_latex(latex: str, text: str) -> None:
    assert to_text(latex) == text


_safe = st.characters(blacklist_categories=("Cs", "Cc", "Co"))


@QUICK
@given(st.text(_safe, max_size=60))
@example("\\'e {x} $a$ ~ ^ _ `` '' --- \\\\ \\textquotesingle{}")
def test_escaped_text_reads_back(text: str) -> None:
    assert to_text(from_text(text)) == text


@QUICK
@given(st.text(st.sampled_from("\\{}$\"'`~^cvi aeu_&%"), max_size=60))
def test_any_latex_gives_text(latex: str) -> None:
    to_text(latex)


_word = st.text(
    st.one_of(st.characters(whitelist_categories=("L", "N")), st.sampled_from("\\{}$~^_%#@\"'`-")), min_size=1
)
_words = st.lists(_word, max_size=5).map(" ".join)
_name = st.one_of(
    _word.filter(lambda w: w.lower() != "others"),
    st.sampled_from(["Boer, Jan", "Zand and Sons, Ltd", "a b c", "Klei, R., Jr"]),
)
_listed = st.one_of(_word, st.sampled_from(["a, b", "a; b", "46,XX", "(x, y)"]))


@QUICK
@given(
    st.builds(
        Record,
        record_id=st.just("out:0001"),
        title=_words,
        authors=st.lists(_name, max_size=3).map(tuple),
        year=st.one_of(st.none(), st.integers(1000, 2100)),
        journal=_words,
        volume=_word,
        number=_word,
        pages=st.sampled_from(["", "1", "1-9", "e12", "S1-S9", "12-12"]),
        doi=st.sampled_from(["", "10.5555/abc(1)_x"]),
        abstract=_words,
        keywords=st.lists(_listed, max_size=3).map(tuple),
        isbn=st.sampled_from(["", "9780306406157"]),
        issn=st.sampled_from(["", "1234-567X; 8765-4321"]),
        url=st.sampled_from(["", "https://example.org/a_b?x=1&y=%20~z#k"]),
        language=_word,
        type=st.sampled_from(["JOUR", "BOOK", "CHAP", "CONF", "THES", "RPRT", "GEN", "CITATION"]),
    )
)
def test_normalised_fields_survive(tmp_path: Path, record: Record) -> None:
    (tmp_path / "out.bib").write_text(write([record]), encoding="utf-8", newline="")
    result = read_records(tmp_path / "out.bib")
    assert result.records[0].to_dict() == record.to_dict() | {"line": 1}
    assert not result.repairs and not result.quarantined


@pytest.mark.parametrize("name", QUIRKS)
def test_fixtures_survive(tmp_path: Path, name: str) -> None:
    result = read(name)
    (tmp_path / "out.bib").write_text(write(result), encoding="utf-8", newline="")
    again = read_records(tmp_path / "out.bib", prefix="x")
    assert [r.to_dict() | {"line": 0} for r in again] == [r.to_dict() | {"line": 0} for r in result]
    assert not again.quarantined
    assert [r for r in again.repairs if "no key" not in r.what] == []


_pieces = st.sampled_from(
    [
        *("@article{a,", "@article{", "@book(b,", ")", "title = {", "}", "{", '"', "year = 2011,", "year = 2011", "x"),
        *("},", "@string{j = {J}}", "@comment{", "@preamble{", "note = j # ", "\\", "=", "#", ",", "@", "% text"),
        *("crossref = {a},", 'note = "a', "  author = {Boer, J and", "@misc{k, title={T}}", "\n", "\n\n", " ", "é"),
    ]
)


@settings(QUICK, max_examples=120)
@given(st.lists(_pieces, max_size=40), st.booleans())
def test_any_order_of_pieces_is_accounted_for(tmp_path: Path, pieces: list[str], lines: bool) -> None:
    check(tmp_path / "any.bib", ("\n" if lines else "").join(["@misc{k, title={T}}\n", *pieces]).encode())


@QUICK
@given(st.data())
def test_mutated_fixtures_are_accounted_for(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(sorted(FILES.iterdir()))).read_bytes()[:2000])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=6))
    check(tmp_path / "any.bib", bytes(content))


def check(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    try:
        result = read_records(path)
    except MetareviewError:
        return
    if result.format == "bibtex":
        assert accounted(result)
    assert len(result.to_frame()) == len(result)
    write(result)


FIELD = re.compile(r"^\s*([A-Za-z][\w-]*)\s*=\s*\{", re.MULTILINE)
# value lines of these files begin with `name = {` in no field
SYSTEMS = {
    **{"scopus": "Scopus", "wos_bib": "Web of Science", "zotero": "Zotero", "jabref": "JabRef", "base": "BASE"},
    **{"rayyan": "Rayyan", "sciencedirect": "ScienceDirect", "ebsco": "EBSCO", "endnote": "EndNote"},
}


def test_real_exports_are_read_whole() -> None:
    rows = [row for row in sources() if row["format"] == "bibtex"]
    assert len(rows) == 17
    records = []
    for row in rows:
        path = EXPORTS / row["file"]
        result = read_records(path)
        assert (result.format, len(result)) == ("bibtex", int(row["n_records"])), row["file"]
        assert result.system == SYSTEMS[row["producing_system"]], row["file"]
        assert accounted(result) and not result.quarantined, row["file"]
        printed = Counter(FIELD.findall(path.read_bytes().decode("utf-8-sig")))
        kept = Counter(f.tag for r in result for f in r.raw if f.value.startswith("{"))
        assert printed == Counter({tag: n for tag, n in kept.items() if tag in printed}), row["file"]
        records += list(result)
    for name in ("title", "authors", "year"):
        assert sum(1 for r in records if getattr(r, name)) > 0.98 * len(records), name


def test_other_files_are_not_claimed() -> None:
    for row in sources():
        if row["format"] != "bibtex":
            found = detect((EXPORTS / row["file"]).read_bytes()[: 1 << 18].decode("latin-1"))
            assert found is None or found.name != "bibtex", row["file"]


@pytest.mark.parametrize(
    ("bib", "ris"),
    [
        ("scopus/UmbrellaReview_PFAS_pilo__scopus.bib", "scopus/UmbrellaReview_PFAS_pilo__scopus.ris"),
        ("zotero/ASySD__zotero_export.bib", "zotero/ASySD__zotero_export.ris"),
    ],
)
def test_the_same_search_in_ris_says_the_same(bib: str, ris: str) -> None:
    sources()
    by_doi = {r.doi: r for r in read_records(EXPORTS / ris) if r.doi}
    pairs = [(r, by_doi[r.doi]) for r in read_records(EXPORTS / bib) if r.doi in by_doi]
    assert len(pairs) in (8, 718)
    for name in ("title", "authors", "year", "volume", "number", "pages", "abstract", "issn", "type"):
        assert all(getattr(a, name) == getattr(b, name) for a, b in pairs), name
