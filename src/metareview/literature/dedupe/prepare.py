"""Records as columns that can be compared: folded titles, surnames, journals, first pages, DOIs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.literature.dedupe import names, places, titles
from metareview.literature.records import Record

COLUMNS = (
    "record_id",
    "title",
    "author",
    "year",
    "journal",
    "volume",
    "number",
    "pages",
    "doi",
    "abstract",
    "isbn",
)
_ABSTRACT_CHARACTERS = 600
_LABEL = re.compile(
    r"\b(?:unlabelled|background|introduction|purpose of review|purpose|objectives?|aims?|methods?|results?|"
    r"conclusions?|abstract|hypothesis|and|recent findings)\b"
)


@dataclass(frozen=True)
class Prepared:
    """The comparable parts of n records, in the order of their record ids; an empty value means not known.

    Attributes:
        ids: record ids, sorted.
        words: the title's folded words; `title` and `compact` are the same words with and without spaces.
        notice: True where the title announces something about another work.
        repeats: True where a work may have several notices with this title: errata, replies, but one protocol.
        numbers: the title's digits in order; `counts` are the numbers that are words of their own.
        surnames: authors' surnames in order.
        year: year of publication, 0 where unknown.
        parts: words of all names, given names too.
        journal, volume, number, pages, doi: the venue as printed and its normalised parts; `page` is the
            first page.
        isbns, issns: sets of codes.
        abstract: the first 600 characters of the folded abstract without section labels.
        genre: `preprint`, `thesis`, `meeting`, `journal` or empty.
        living: True for a Cochrane review, whose updates keep its article number.
        filled: how much of each record is filled in, to choose the copy to keep.
    """

    ids: tuple[str, ...]
    words: list[tuple[str, ...]]
    title: list[str]
    compact: list[str]
    notice: NDArray[np.bool_]
    repeats: NDArray[np.bool_]
    numbers: list[str]
    counts: list[str]
    surnames: list[tuple[str, ...]]
    parts: list[frozenset[str]]
    year: NDArray[np.int64]
    journal: list[str]
    volume: list[str]
    number: list[str]
    pages: list[places.Span | None]
    page: list[str]
    doi: list[str]
    isbns: list[frozenset[str]]
    issns: list[frozenset[str]]
    abstract: list[str]
    genre: list[str]
    living: NDArray[np.bool_]
    filled: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def prepare(records: Sequence[Record] | pd.DataFrame) -> Prepared:
    """Return the comparable parts of records, whatever the order they come in.

    Arguments:
        records: `Record`s, or a frame with a `record_id` and any of title, author, year, journal, volume,
            number, pages, doi, abstract, isbn (also booktitle, issn, type); what is missing is empty.

    Raises:
        MetareviewError: where the frame has no record_id, or a record id is empty or stands twice.
    """
    rows = sorted(_rows(records), key=lambda row: row["record_id"])
    _check_ids([row["record_id"] for row in rows])
    title = [titles.title_words(row["title"]) for row in rows]
    notice = np.array([titles.is_notice(row["title"]) for row in rows], dtype=bool)
    year = np.array([_year(row["year"]) for row in rows], dtype=np.int64)
    journal = [row["journal"] or row["booktitle"] for row in rows]
    pages = [places.pages_of(row["pages"]) for row in rows]
    doi = [places.doi_of(row["doi"]) for row in rows]
    codes = [places.serial_numbers(f"{row['isbn']} {row['issn']}") for row in rows]
    return Prepared(
        ids=tuple(row["record_id"] for row in rows),
        words=title,
        title=[" ".join(w) for w in title],
        compact=["".join(w) for w in title],
        notice=notice,
        repeats=notice & np.array([w[-1:] != ("protocol",) for w in title], dtype=bool),
        numbers=[titles.numbers(w) for w in title],
        counts=[titles.counts(w) for w in title],
        parts=[names.name_parts(row["authors"]) for row in rows],
        surnames=[names.surnames(row["authors"]) for row in rows],
        year=year,
        journal=journal,
        volume=[places.volume_of(row["volume"], int(y)) for row, y in zip(rows, year, strict=True)],
        number=[places.number_of(row["number"]) for row in rows],
        pages=pages,
        page=[str(s.first) if s else "" for s in pages],
        doi=doi,
        isbns=[isbn for isbn, _ in codes],
        issns=[issn for _, issn in codes],
        abstract=[_abstract(row["abstract"]) for row in rows],
        genre=[places.genre_of(row["type"], j, row["volume"], d) for row, j, d in zip(rows, journal, doi, strict=True)],
        living=np.array([places.is_living(s, d) for s, d in zip(pages, doi, strict=True)], dtype=bool),
        filled=np.array([_filled(row) for row in rows], dtype=np.int64),
    )


def _rows(records: Sequence[Record] | pd.DataFrame) -> list[dict[str, Any]]:
    if isinstance(records, pd.DataFrame):
        return _frame_rows(records)
    return [
        {
            **{k: getattr(r, k) for k in ("record_id", "title", "journal", "volume", "number", "pages", "doi")},
            **{k: getattr(r, k) for k in ("abstract", "isbn", "issn", "type")},
            "authors": names.each_author(r.authors),
            "year": str(r.year or ""),
            "booktitle": "",
        }
        for r in records
    ]


def _frame_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    if "record_id" not in frame.columns:
        raise MetareviewError("The frame of records has no column record_id.", f"Columns read: {', '.join(COLUMNS)}.")
    columns: dict[str, list[str]] = {}
    for name in (*COLUMNS, "booktitle", "issn", "type"):
        source = "entrytype" if name == "type" and name not in frame.columns else name
        present = source in frame.columns
        columns[name] = [_text(v) for v in frame[source]] if present else [""] * len(frame)
    columns["authors"] = [tuple(names.split_authors(a)) for a in columns["author"]]  # type: ignore[misc]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _check_ids(ids: list[str]) -> None:
    if "" in ids:
        raise MetareviewError("A record has no record_id.", "Give every record an id of its own.")
    twice = sorted({a for a, b in pairwise(ids) if a == b})
    if twice:
        raise MetareviewError(f"Record id {twice[0]} stands for more than one record.", "Ids must be unique.")


def _year(text: str) -> int:
    found = re.search(r"(?:1[5-9]|20)\d\d", text)
    return int(found.group()) if found else 0


def _abstract(text: str) -> str:
    if len(text) < 100:
        return ""
    return " ".join(titles.words(_LABEL.sub(" ", titles.fold(text[: 2 * _ABSTRACT_CHARACTERS]))))[:_ABSTRACT_CHARACTERS]


def _filled(row: Mapping[str, Any]) -> int:
    parts = ("title", "authors", "year", "journal", "volume", "number", "pages", "doi", "abstract")
    return 1000 * sum(bool(row[p]) for p in parts) + min(len(row["abstract"]) // 10, 900)
