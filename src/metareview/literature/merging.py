"""One record of several copies: for each field the value, the rule that chose it, the copy that gave it, and what differs.

The copies keep their ids and their values; a merged record is what people read, never what is stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from .dedupe.names import surnames
from .dedupe.places import journal_forms, journal_likeness
from .printed import line_of, plain_key
from .records import Record

# docs/verbs/dedupe.md tells the rules in full.
RULES = {
    "standing": "the standing record has it",
    "filled": "the standing record has none",
    "longest": "the longest abstract that is not cut off",
    "cut_off": "the longest abstract; each is cut off",
    "agree": "every copy that has a DOI has this one",
    "majority": "more than half of the copies that have a DOI have this one",
    "disagree": "the copies have different DOIs, and no majority has the same: none is taken",
    "full_name": "the full name of the journal, not its abbreviation",
    "most_authors": "the fullest list of authors",
    "page_range": "first and last page, where the standing record has the first only",
    "united": "the keywords of all copies, each once",
}
FIELDS = tuple(f.name for f in fields(Record) if f.name not in ("record_id", "line", "raw"))
_CUT_OFF = re.compile(r"(?:…|\.\.\.|\[\s*truncated\s*\]|\(?abstract truncated[^()]*\)?)[\s\])]*$", re.IGNORECASE)


class Copy(NamedTuple):
    """One copy of a work: its record, and the source and export it came in."""

    record: Record
    source: str
    file: str


@dataclass(frozen=True)
class Given:
    """A value that a copy holds, and where it is printed: the export and its 1-based line."""

    record_id: str
    source: str
    file: str
    line: int
    value: Any

    def __str__(self) -> str:
        return f"{self.record_id} ({self.source}), {self.file} line {self.line}"


@dataclass(frozen=True)
class MergedField:
    """One field of a merged record.

    Attributes:
        value: the value chosen, as `Record` holds it; empty (None for the year) where the copies disagree and none is taken.
        rule: the name of the rule that chose it, a key of `RULES`.
        given_by: the copies that hold this value, the one it was taken from first; of a united list all that add to it.
        others: the other values that copies hold.
    """

    name: str
    value: Any
    rule: str
    given_by: tuple[Given, ...]
    others: tuple[Given, ...]

    @property
    def why(self) -> str:
        """The rule in words."""
        return RULES[self.rule]

    @property
    def differences(self) -> tuple[Given, ...]:
        """Return the other values that differ in more than capitals, spaces and punctuation."""
        return tuple(g for g in self.others if _key(g.value) != _key(self.value))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "value": _plain(self.value),
            "rule": self.rule,
            "why": self.why,
            "given_by": [_given(g) for g in self.given_by],
            "others": [_given(g) for g in self.others],
        }


@dataclass(frozen=True, repr=False)
class MergedRecord:
    """What the copies of one work say together.

    Attributes:
        record: the merged values under the id, line and raw fields of the standing record.
        record_ids: of the copies, the standing record first.
        fields: every field that a copy has, in the order of `Record`.
    """

    record: Record
    record_ids: tuple[str, ...]
    fields: tuple[MergedField, ...]

    def field(self, name: str) -> MergedField | None:
        """Return one field, or None where no copy has it."""
        return next((f for f in self.fields if f.name == name), None)

    @property
    def borrowed(self) -> tuple[MergedField, ...]:
        """Return the fields whose value another copy than the standing record gave, or added to."""
        own = self.record.record_id
        return tuple(f for f in self.fields if f.given_by and (f.rule == "united" or f.given_by[0].record_id != own))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values: each field with its rule, the copies that gave it, and the other values."""
        return {"record_ids": list(self.record_ids), "fields": {f.name: f.to_dict() for f in self.fields}}

    def to_frame(self) -> Any:
        """Return a row for each field and copy that has it: field, value, record, source, file, line, rule, taken."""
        import pandas as pd

        columns = ("field", "value", "record", "source", "file", "line", "rule", "taken")
        rows = [
            (f.name, g.value, g.record_id, g.source, g.file, g.line, f.rule, g in f.given_by)
            for f in self.fields
            for g in (*f.given_by, *f.others)
        ]
        return pd.DataFrame(rows, columns=list(columns))

    def __repr__(self) -> str:
        differ = sum(bool(f.differences) for f in self.fields)
        return f"MergedRecord({self.record.record_id}, {len(self.record_ids)} copies, {differ} fields differ)"


def merge(copies: Iterable[Copy], standing: str) -> MergedRecord:
    """Return what the copies of one work say together; their order makes no difference.

    Arguments:
        copies: the records of a cluster, each with its source and export; one alone gives itself.
        standing: id of the copy that stands for the others.

    Raises:
        ValueError: no copy has the id `standing`.
    """
    ordered = sorted(copies, key=lambda c: (c.record.record_id != standing, c.record.record_id))
    if not ordered or ordered[0].record.record_id != standing:
        raise ValueError(f"no copy is called {standing}")
    found = tuple(f for f in (_field(name, ordered) for name in FIELDS) if f is not None)
    values = {f.name: f.value for f in found}
    return MergedRecord(replace(_own(ordered[0].record), **values), tuple(c.record.record_id for c in ordered), found)


class _Chosen(NamedTuple):
    """A value, its rule, and the copies it was taken from."""

    value: Any
    rule: str
    copies: list[Copy]


def _field(name: str, copies: list[Copy]) -> MergedField | None:
    """Return one merged field; None where no copy has it."""
    having = [c for c in copies if getattr(c.record, name)]
    if not having:
        return None
    value, rule, taken = _CHOICES.get(name, _first)(name, having, copies[0])
    giving = taken + [c for c in having if c not in taken and getattr(c.record, name) == value]
    rest = [c for c in having if c not in giving and name != "keywords"]  # keywords are all in the united list
    given, others = (tuple(_as_given(name, c) for c in part) for part in (giving, rest))
    return MergedField(name, value, rule, given, others)


def _first(name: str, having: list[Copy], standing: Copy) -> _Chosen:
    return _Chosen(getattr(having[0].record, name), "standing" if having[0] is standing else "filled", having[:1])


def _best(name: str, having: list[Copy], standing: Copy, rule: str, rank: Callable[[Copy], Any]) -> _Chosen:
    """Choose the copy of the highest rank, the standing record where it is as good as any."""
    best = max(having, key=rank)  # the first of equals, and the standing record comes first
    return (
        _Chosen(getattr(best.record, name), rule, [best]) if best is not having[0] else _first(name, having, standing)
    )


def _abstract(name: str, having: list[Copy], standing: Copy) -> _Chosen:
    whole = [c for c in having if not _CUT_OFF.search(c.record.abstract)]
    among = whole or having
    best = max(among, key=lambda c: len(plain_key(c.record.abstract)))
    if best is standing or len(having) == 1:
        return _first(name, [best], standing)
    return _Chosen(best.record.abstract, "longest" if whole else "cut_off", [best])


def _doi(name: str, having: list[Copy], standing: Copy) -> _Chosen:
    counts = {c.record.doi: sum(x.record.doi == c.record.doi for x in having) for c in having}
    doi = max(counts, key=lambda d: counts[d])
    if len(counts) > 1 and 2 * counts[doi] <= len(having):
        return _Chosen("", "disagree", [])
    return _Chosen(doi, "agree" if len(counts) == 1 else "majority", [c for c in having if c.record.doi == doi])


def _journal(name: str, having: list[Copy], standing: Copy) -> _Chosen:
    own = having[0].record.journal
    same = [c for c in having if c is having[0] or _spelled_out(own, c.record.journal)]
    return _best(name, same, standing, "full_name", lambda c: len(plain_key(c.record.journal)))


def _spelled_out(short: str, long: str) -> bool:
    """Tell whether two names are of one journal and the second is no mere respelling of the first."""
    alike = journal_likeness(*sorted((short, long))) == 1
    return alike and not set(journal_forms(short)) & set(journal_forms(long))


def _authors(name: str, having: list[Copy], standing: Copy) -> _Chosen:
    def rank(copy: Copy) -> tuple[int, int]:
        named = [s for s in surnames(copy.record.authors) if len(s) > 1]  # a list split at its commas holds initials
        return len(named), len(plain_key("".join(copy.record.authors)))

    return _best(name, having, standing, "most_authors", rank)


def _pages(name: str, having: list[Copy], standing: Copy) -> _Chosen:
    chosen = _first(name, having, standing)
    ranges = [c for c in having if c.record.pages.startswith(f"{chosen.value}-")]
    return _Chosen(ranges[0].record.pages, "page_range", ranges[:1]) if ranges else chosen


def _keywords(name: str, having: list[Copy], standing: Copy) -> _Chosen:
    words: dict[str, str] = {}
    adding = []
    for copy in having:
        known = len(words)
        for word in copy.record.keywords:
            words.setdefault(word.casefold(), word)
        adding += [copy] if len(words) > known else []
    if len(adding) == 1:
        return _first(name, adding, standing)
    return _Chosen(tuple(words.values()), "united", adding)


_CHOICES: dict[str, Callable[[str, list[Copy], Copy], _Chosen]] = {
    "abstract": _abstract,
    "authors": _authors,
    "doi": _doi,
    "journal": _journal,
    "keywords": _keywords,
    "pages": _pages,
}


def _own(record: Record) -> Record:
    """Return a record as a plain `Record`, whatever way its reader fills it."""
    return Record(**{f.name: getattr(record, f.name) for f in fields(Record)})


def _as_given(name: str, copy: Copy) -> Given:
    value = getattr(copy.record, name)
    return Given(copy.record.record_id, copy.source, copy.file, line_of(copy.record, name), value)


def _given(given: Given) -> dict[str, Any]:
    return {
        "record": given.record_id,
        "source": given.source,
        "file": given.file,
        "line": given.line,
        "value": _plain(given.value),
    }


def _key(value: Any) -> str:
    return plain_key("".join(value) if isinstance(value, tuple) else str(value))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
