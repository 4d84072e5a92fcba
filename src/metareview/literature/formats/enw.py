"""The tagged text of EndNote and of refer before it: `%T value` lines, `%0` first; also of Google Scholar and CNKI."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from metareview.literature.formats import values as v
from metareview.literature.formats.format import Account, Entry, Format
from metareview.literature.formats.tagged import Shape, collect, listed, read_tagged
from metareview.literature.source import Source

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&()*+<=>?@[]^~f"
_SHAPE = Shape(
    tag=re.compile(r"[ \t]{0,3}(%[A-Za-z0-9!#$&()*+<=>?@\[\]^~])(?:[ \t]+(.*)|$)", re.DOTALL),
    start="%0",
    known=frozenset(f"%{letter}" for letter in _LETTERS),
    once=frozenset(("%T", "%J", "%D", "%X", "%V", "%P")),
    core=frozenset(("%T", "%A", "%J", "%B")),
    paragraphs=True,
    indents=False,
)
# EndNote's reference types to those of its RIS export
_TYPES = {
    **{"aggregated database": "AGGR", "ancient text": "ANCIENT", "artwork": "ART", "audiovisual material": "ADVS"},
    **{"bill": "BILL", "blog": "BLOG", "book": "BOOK", "book chapter": "CHAP", "book section": "CHAP"},
    **{"case": "CASE", "catalog": "CTLG", "chart or table": "CHART", "classical work": "CLSWK"},
    **{"computer program": "COMP", "conference paper": "CPAPER", "conference proceedings": "CONF"},
    **{"dataset": "DATA", "dictionary": "DICT", "edited book": "EDBOOK", "electronic article": "EJOUR"},
    **{"electronic book": "EBOOK", "electronic book section": "ECHAP", "electronic source": "ELEC"},
    **{"encyclopedia": "ENCYC", "equation": "EQUA", "figure": "FIGURE", "film or broadcast": "MPCT"},
    **{"generic": "GEN", "government document": "GOVDOC", "grant": "GRNT", "hearing": "HEAR"},
    **{"journal article": "JOUR", "legal rule or regulation": "LEGAL", "magazine article": "MGZN"},
    **{"manuscript": "MANSCPT", "map": "MAP", "music": "MUSIC", "newspaper article": "NEWS"},
    **{"online database": "DBASE", "online multimedia": "MULTI", "pamphlet": "PAMP", "patent": "PAT"},
    **{"personal communication": "PCOMM", "report": "RPRT", "serial": "SER", "standard": "STAND", "statute": "STAT"},
    **{"thesis": "THES", "unpublished work": "UNPB", "web page": "ELEC"},
}
_WHOLE = frozenset(("BOOK", "EBOOK", "EDBOOK", "THES", "RPRT", "GOVDOC", "PAT", "COMP", "DATA", "MANSCPT", "UNPB"))
_NAMES = re.compile(r"[ \t;]+%[AE] ")
_START = re.compile(r"^[ \t]{0,3}%0[ \t]+[A-Za-z]", re.MULTILINE)
_REFER = re.compile(r"\A\s*%[A-Z] \S[^\n]*\n(?:%[A-Z] [^\n]*\n|[^%\n][^\n]*\n){0,60}?%[TJBDI] ")
_OTHER = re.compile(r"^(?:TY  - |PMID- |@\w+\s*\{)", re.MULTILINE)


def recognises(head: str) -> float:
    """Return how surely a text is EndNote's: 1 with a %0 line, less with the tags of refer alone."""
    start, other = _START.search(head), _OTHER.search(head)
    if start is not None:
        return 1.0 if other is None or start.start() < other.start() else 0.2
    return 0.7 if other is None and _REFER.match(head) else 0.0


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the records of an EndNote text."""
    return read_tagged(source, account, _SHAPE, normalise)


def normalise(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the normalised fields of a record."""
    got = collect(fields)
    printed = v.first(got, ("%0",))
    kind = _TYPES.get(printed.lower(), printed)
    isbn, issn = v.serials_of(got.get("%@", ()))
    return {
        "title": v.first(got, ("%T",)),
        "authors": _names(got.get("%A", ())) or _names(got.get("%E", ())),
        "year": v.year_of(value for tag in ("%D", "%8") for value in got.get(tag, ())),
        "journal": v.first(got, ("%J",) if kind in _WHOLE else ("%J", "%B")),
        "volume": v.first(got, ("%V",)),
        "number": v.first(got, ("%N",)),
        "pages": next((pages for tag in ("%P", "%]", "%&") if (pages := v.pages_of(v.first(got, (tag,)), ""))), ""),
        "doi": _doi(got),
        "abstract": v.first(got, ("%X",)),
        "keywords": _keywords(got.get("%K", [])),
        "isbn": isbn,
        "issn": issn,
        "url": next((line for value in got.get("%U", ()) for line in map(str.strip, value.split("\n")) if line), ""),
        "language": v.first(got, ("%G",)),
        "type": kind,
    }


def _names(values: Iterable[str]) -> tuple[str, ...]:
    """Return the names, one a value or a line; CNKI writes all on one line, each after its tag."""
    lines = (name for value in values for line in value.split("\n") for name in _NAMES.split(line))
    return tuple(name for line in lines for part in v.plain(line).split(";") if (name := part.strip()))


def _keywords(values: list[str]) -> tuple[str, ...]:
    """Return the keywords: one a value or a line; a single line may list them, parted by `;`."""
    lines = [line for value in values for line in value.split("\n")]
    if len(lines) == 1:
        return listed([lines[0].replace("\uff1b", ";")])
    return tuple(filter(None, map(v.plain, lines)))


def _doi(got: dict[str, list[str]]) -> str:
    """Return the DOI in its own field, else in an address."""
    found = (v.doi_of(value, address="://" in value) for tag in ("%R", "%U", "%>") for value in got.get(tag, ()))
    return next(filter(None, found), "")


FORMAT = Format(
    name="enw",
    title="EndNote tagged text (enw, refer)",
    recognises=recognises,
    read=read,
    extensions=("enw", "txt"),
    systems=(
        ("CNKI", r"^%[W~] CNKI"),
        ("JSTOR", r"^%(?:[W~] JSTOR|U https?://www\.jstor\.org/)"),
        ("PubMed", r"^%(?:W NLM|~ PubMed|U https?://(?:www\.ncbi\.nlm\.nih\.gov/pubmed|pubmed\.ncbi)\S)"),
        ("EndNote", r"^%(?:[F!~<\[] |K [^\n;]+\n[^%\n])"),
        ("Google Scholar", r"\A\s*%0 [^\n]+\n%T [^\n]+\n%A "),
    ),
)
