"""The BibTeX format (and BibLaTeX): `@type{key, name = {value}, ...}`, as databases and reference managers write it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from metareview.literature.formats.bibtex_entry import content, normalise
from metareview.literature.formats.bibtex_parse import Part, body, parts
from metareview.literature.formats.bibtex_write import write
from metareview.literature.formats.format import Account, Entry, FieldEntry, Format
from metareview.literature.records import Field
from metareview.literature.source import Source

_ENTRY = re.compile(
    r"^[ \t]*@[ \t]*[A-Za-z][\w-]*[ \t]*[{(][ \t]*\n?[^\n={}]*(?:,|\n)\s*[A-Za-z][\w .-]*=[ \t]*[{\"\w]", re.MULTILINE
)
_SPECIAL = re.compile(r"^[ \t]*@(?:string|preamble|comment)[ \t]*[{(]", re.MULTILINE | re.IGNORECASE)
_COMMON = re.compile(
    r"^[ \t]*@(?:article|book|inproceedings|misc|phdthesis|incollection|inbook|techreport|conference)[ \t]*[{(]",
    re.MULTILINE | re.IGNORECASE,
)
_OTHER = re.compile(r"\A\s*(?:TY {1,4}- ?[A-Z]|PMID- |FN |PT [JBSPC]\s*$|%0 |<|\{\s*[\"}])", re.MULTILINE)
_HEADER = re.compile(r"\s*(?:%.*|Scopus|EXPORT DATE:.*|@comment\b.*)", re.IGNORECASE)
_NOT_RECORDS = frozenset(("string", "preamble", "comment"))
_LONGEST_MACRO = 10_000
_WORD = re.compile(r"[A-Za-z][\w:.+-]*")
_STRING = re.compile(r"\s*([^\s={},\"#]+)\s*=\s*(.*)", re.DOTALL)
_CROSSREF = re.compile(r"[ \t,]*crossref\s*=\s*[{\"]?\s*([^\s{}\",]+)", re.IGNORECASE)
_DEFINED = """
abstract address afterword annotation annotator annote archiveprefix author bookauthor booktitle chapter comment
commentator copyright crossref date doi edition editor editora editorb eid eprint eprintclass eprinttype
eventdate eventtitle file foreword holder howpublished institution introduction isbn issn issue issuetitle
journal journalsubtitle journaltitle key keyword keywords langid language location mainsubtitle maintitle month
note number organization origdate pages pagetotal part primaryclass publisher pubstate school series shortauthor
shortjournal shorttitle subtitle timestamp title titleaddon translator type url urldate venue version volume
volumes year
"""
KNOWN = frozenset(_DEFINED.split())


def recognises(head: str) -> float:
    """Return how surely a text is BibTeX: an entry with a key and a field, or a macro and an entry."""
    if "@" not in head or _OTHER.match(head):
        return 0.0
    if _ENTRY.search(head):
        return 0.95
    return 0.6 if _COMMON.search(head) or _SPECIAL.match(head.lstrip()) else 0.0


class _Reader:
    """The state of one file: its macros, the entries others refer to, and which lines are accounted for."""

    def __init__(self, account: Account, parents: Mapping[str, tuple[Field, ...]]) -> None:
        self.account, self.parents = account, parents
        self.macros: dict[str, Field] = {}
        self._last, self._idle = 0, False

    def settle(self, first: int, last: int, held: set[int]) -> None:
        """Count the lines of a part that hold no field and are not set aside, each line once."""
        start = max(first, self._last + 1)
        if first <= self._last and self._idle and self._last in held:
            self.account.structure -= 1
            self._idle = False
        if start > last:
            return
        self.account.structure += start - self._last - 1  # blank lines between the parts
        self.account.structure += sum(1 for line in range(start, last + 1) if line not in held)
        self._last, self._idle = last, last not in held

    def close(self, n_lines: int) -> None:
        """Count the lines after the last part."""
        self.account.structure += n_lines - self._last

    def between(self, part: Part) -> None:
        """Account for text between entries: headers and comments are known, other text is set aside."""
        held = set()
        if not part.text.strip("}) \t,"):
            self.account.repair(part.line, "a closing brace without an entry")
        elif not _HEADER.fullmatch(part.text):
            self.account.quarantine(part.line, part.text, "text outside any entry")
            held.add(part.line)
        self.settle(part.line, part.last, held)

    def special(self, part: Part) -> None:
        """Take a macro, preamble or comment: none of them is a record."""
        if part.kind.lower() == "string" and (match := _STRING.fullmatch(part.text)):
            value = match[2].strip(" \t\n,")
            if "#" in value or value[:1] not in ("{", '"'):  # it uses macros itself
                known = {name: content(f.value) for name, f in self.macros.items() if name in value.lower()}
                text = content(value, known)
                value = f"{{{text}}}" if len(text) <= _LONGEST_MACRO else value
            self.macros[match[1].lower()] = Field(f"@string:{match[1]}", value, part.line)
        if not part.closed:
            self.account.repair(part.line, f"@{part.kind} is not closed: it ends here")
        self.settle(part.line, part.last, set())

    def entry(self, part: Part) -> FieldEntry | None:
        """Return the record of an entry, or None where it holds nothing."""
        found, account = body(part), self.account
        if len(found.fields) == 2 and not found.fields[1].value:
            self._lose(part)
            return None
        if not part.closed:
            account.repair(part.line, "the entry is not closed: it ends before the next one, or with the file")
        for line, what in found.repairs:
            account.repair(line, what)
        for line, text in found.strays:
            account.quarantine(line, text, "text in an entry that is no field")
        known = [f.tag for f in found.fields if f.tag[0] != "@"]
        account.unknown.update(tag for tag in known if tag.lower() not in KNOWN)
        self.settle(part.line, part.last, found.held | {line for line, _ in found.strays})
        fields = (*found.fields, *self._inherited(found.fields))
        return FieldEntry(part.line, part.last, (*fields, *self._used(fields)), normalise)

    def _lose(self, part: Part) -> None:
        lines = [(i, t) for i, t in enumerate(part.text.split("\n"), part.line) if t.strip() or i == part.line]
        for number, text in lines:
            shown = f"@{part.kind}{{{text}" if number == part.line else text
            self.account.quarantine(number, shown, "an entry without key and fields", record=number == part.line)
        self.settle(part.line, part.last, {number for number, _ in lines})

    def _inherited(self, fields: list[Field]) -> list[Field]:
        for f in fields:
            if f.tag.lower() == "crossref":
                parent = self.parents.get(f.value.strip('{}" \n').lower(), ())
                return [Field(f"@parent:{p.tag}", p.value, p.line) for p in parent if p.tag[0] != "@"]
        return []

    def _used(self, fields: tuple[Field, ...]) -> list[Field]:
        """Return the macros that values outside braces and quotes use."""
        if not self.macros:
            return []
        bare = [f.value for f in fields if f.value[:1] not in ("{", '"') or "#" in f.value]
        words = {word.lower() for value in bare for word in _WORD.findall(value)}
        return [self.macros[word] for word in sorted(words) if word in self.macros]


def read(source: Source, account: Account) -> Iterator[Entry]:
    """Yield the entries of a BibTeX file."""
    reader = _Reader(account, _parents(source))
    for part in parts(source.lines()):
        if not part.kind:
            reader.between(part)
        elif part.kind.lower() in _NOT_RECORDS:
            reader.special(part)
        elif (found := reader.entry(part)) is not None:
            yield found
    reader.close(source.n_lines)


def _parents(source: Source) -> dict[str, tuple[Field, ...]]:
    """Return the entries that others refer to by `crossref`: they may stand anywhere in the file."""
    again = Source(source.path)
    keys = {match[1].lower() for line in again.lines() if (match := _CROSSREF.match(line))}
    if not keys:
        return {}
    found = {}
    for part in parts(Source(source.path).lines()):
        key = part.text.split(",", 1)[0].strip().lower()
        if part.kind and key in keys:
            found[key] = tuple(body(part).fields)
    return found


_SYSTEMS = (
    ("Rayyan", r"^@\w+\{rayyan-\d+"),
    (
        "JabRef",
        r"jabref-meta|^% Encoding: |^[ \t]*(?:readstatus|__markedentry)[ \t]*="
        r"|^[ \t]*groups[ \t]*=.*\n(?:.*\n){0,30}?[ \t]*timestamp",
    ),
    ("Mendeley", r"^[ \t]*mendeley-(?:groups|tags)\s*=|^Automatically generated by Mendeley"),
    ("EndNote", r"^\ufeff?@\w+\{RN\d+,"),
    ("BASE", r"^@\w+\{[0-9a-f]{64},"),
    ("Scopus", r"^Scopus$|\bsource ?= ?\{Scopus\}|^[ \t]*url ?= ?\{https?://www\.scopus\.com/inward/record"),
    ("Web of Science", r"^@\w+\{ ?(?:WOS|ISI|MEDLINE|BCI|ZOOREC|CCC|SCIELO|KJD|RSCI|CABI|FSTA|INSPEC):|^Unique-ID = "),
    ("Zotero", r"^@\w+\{[^,\n]{0,80},\n\t\w+ = |zotero://|^[ \t]*file = \{.*[Zz]otero"),
    ("ScienceDirect", r"^[ \t]*url = \{https?://www\.sciencedirect\.com/science/article"),
    ("EBSCO", r"(?i)^[ \t]*url\s*=\s*\{https?://(?:search\.ebscohost\.com|\w+\.ebsco\.com)"),
    ("ProQuest", r"(?i)^[ \t]*url\s*=\s*\{https?://(?:www|search)\.proquest\.com"),
    ("IEEE", r"^@(?:ARTICLE|INPROCEEDINGS|BOOK|INBOOK|STANDARD)\{\d{5,9},"),
    ("ACM", r"^@\w+\{10\.1145/"),
    ("JSTOR", r"^@\w+\{10\.2307/|^[ \t]*URL = \{https?://www\.jstor\.org"),
    ("Lens", r"^[ \t]*url\s*=\s*\{https?://(?:www\.)?lens\.org"),
    ("Dimensions", r"^@\w+\{pub\.\d+,"),
    ("OpenAlex", r"^@\w+\{(?:https://openalex\.org/)?W\d{6,},"),
    ("Springer", r"^[ \t]*url ?= ?[{\"]https?://(?:link\.springer\.com|doi\.org/10\.1007)"),
    (
        "Zotero",
        r"^@\w+\{[a-z]+_[a-z0-9]+_\d{4},|^  langid = \{.*\n(?:  .*\n){0,30}?  (?:pagetotal|keywords|annotation) = ",
    ),
    ("Google Scholar", r"^@\w+\{[a-z]+\d{4}[a-z]+,\n  title=\{"),
)

FORMAT = Format(
    name="bibtex",
    title="BibTeX",
    recognises=recognises,
    read=read,
    write=write,
    extensions=("bib", "bibtex", "txt"),
    systems=_SYSTEMS,
)
