"""Records as columns that can be compared: folded titles, surnames, places, and the hashes that blocking groups by.

What only a few records need (a folded abstract, all parts of names, a genre) is worked out when two records come
close; until then `Prepared` refers to the text it was given, and copies none of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import chain, pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from metareview.errors import MetareviewError
from metareview.literature.dedupe import names, places, titles
from metareview.literature.dedupe.hashing import Codes, code_of, hash_of
from metareview.literature.records import Record
from metareview.parallel import Progress, spread

COLUMNS = ("record_id", "title", "author", "year", "journal", "volume", "number", "pages", "doi", "abstract", "isbn")
_FIELDS = (
    "title",
    "authors",
    "year",
    "journal",
    "volume",
    "number",
    "pages",
    "doi",
    "abstract",
    "isbn",
    "issn",
    "type",
)
_ABSTRACT_CHARACTERS = 600
PIECE = 4000
_LABEL = re.compile(
    r"\b(?:unlabelled|background|introduction|purpose of review|purpose|objectives?|aims?|methods?|results?|"
    r"conclusions?|abstract|hypothesis|and|recent findings)\b"
)
Raw = dict[str, list[Any]]


@dataclass(frozen=True)
class Prepared:
    """The comparable parts of n records, in the order of their record ids; an empty value means not known.

    Attributes:
        raw: the fields as given, by name: lists of n strings (`authors` may hold tuples of names).
        title: the title's folded words, separated by a space.
        surnames: authors' surnames in order, separated by a space.
        notice: True where the title announces something about another work; repeats: where a work may have several
            notices with this title: errata, replies, but one protocol.
        length, n_words: letters and spaces of `title`, and its words.
        year: year of publication, 0 where unknown.
        first, last, article, lettered: the pages, -1 where unknown, whether they are an article number, and whether
            letters stand before them. living: True for a Cochrane review, whose updates keep its article number.
        volume, doi: normalised.
        volume_code, doi_code: the same value has the same code; 0 where unknown.
        compact, head, tail, start, end, word1, word2, word3: hashes of the title without spaces, its first and last
            four words, its first and last twenty letters and its longest words; 0 where there is none.
        author1, author2, author9: hashes of the first, the second and the last surname; 0 where there is none.
        filled: how much of each record is filled in, to choose the copy to keep.
    """

    raw: Raw
    title: list[str]
    surnames: list[str]
    volume: list[str]
    doi: list[str]
    notice: NDArray[np.bool_]
    repeats: NDArray[np.bool_]
    length: NDArray[np.int32]
    n_words: NDArray[np.int32]
    year: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    article: NDArray[np.bool_]
    lettered: NDArray[np.bool_]
    living: NDArray[np.bool_]
    compact: Codes
    head: Codes
    tail: Codes
    start: Codes
    end: Codes
    word1: Codes
    word2: Codes
    word3: Codes
    author1: Codes
    author2: Codes
    author9: Codes
    filled: NDArray[np.int32]
    volume_code: Codes
    doi_code: Codes
    ids: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.title)

    def take(self, at: NDArray[np.int64]) -> Prepared:
        """Return the records at some positions, without their ids, to send to a worker."""
        where = at.tolist()
        raw = {name: [column[i] for i in where] for name, column in self.raw.items()}
        raw["abstract"] = [text[: 2 * _ABSTRACT_CHARACTERS] for text in raw["abstract"]]
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("raw", "ids")}
        chosen: dict[str, Any] = {
            name: [v[i] for i in where] if isinstance(v, list) else v[at] for name, v in values.items()
        }
        return Prepared(raw=raw, **chosen)


def prepare(
    records: Iterable[Record] | pd.DataFrame,
    *,
    workers: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
) -> Prepared:
    """Return the comparable parts of records, whatever the order they come in.

    Arguments:
        records: `Record`s, or a frame with a `record_id` and any of title, author, year, journal, volume,
            number, pages, doi, abstract, isbn (also booktitle, issn, type); what is missing is empty.
        workers, cluster: where the work is done, as in `parallel.spread`.
        progress: as in `deduplicate`; this is the first third of the work.

    Raises:
        MetareviewError: where the frame has no record_id, or a record id is empty or stands twice.
    """
    ids, raw = _frame_columns(records) if isinstance(records, pd.DataFrame) else _record_columns(records)
    order = sorted(range(len(ids)), key=ids.__getitem__)
    ids = [ids[i] for i in order]
    _check_ids(ids)
    raw = {name: [column[i] for i in order] for name, column in raw.items()}
    if len(ids) <= 2 * PIECE and not cluster:
        workers = 1  # starting others would take longer than the work
    parts: list[dict[str, Any]] = []
    for part in spread(_prepare, _pieces(raw, len(ids)), workers=workers, cluster=cluster):
        parts.append(part)
        if progress:
            progress(min(len(parts) * PIECE, len(ids)), 3 * len(ids))
    columns: dict[str, Any] = {name: _joined([part.pop(name) for part in parts]) for name in tuple(parts[0])}
    del raw["year"], raw["pages"], raw["doi"]
    columns |= {"volume_code": code_of(columns["volume"]), "doi_code": code_of(columns["doi"])}
    return Prepared(raw=raw, ids=tuple(ids), **columns)


def _joined(parts: list[Any]) -> Any:
    return list(chain.from_iterable(parts)) if isinstance(parts[0], list) else np.concatenate(parts)


def _pieces(raw: Raw, n: int) -> Iterator[Raw]:
    """Yield the records in pieces; of an abstract only its length matters here."""
    for start in range(0, max(n, 1), PIECE):
        piece = {name: column[start : start + PIECE] for name, column in raw.items()}
        piece["abstract"] = [len(text) for text in piece["abstract"]]
        yield piece


def _prepare(raw: Raw) -> dict[str, Any]:
    """Return the columns of a piece of records that stand in `Prepared`."""
    words = [titles.title_words(title) for title in raw["title"]]
    title = [" ".join(w) for w in words]
    compact = ["".join(w) for w in words]
    authors = [authors_of(a) for a in raw["authors"]]
    surnames = [names.surnames(a) for a in authors]
    year = [_year(text) for text in raw["year"]]
    pages = [places.pages_of(text) or _NO_PAGES for text in raw["pages"]]
    doi = [places.doi_of(text) for text in raw["doi"]]
    notice = np.array([titles.is_notice(*both) for both in zip(raw["title"], title, strict=True)], dtype=bool)
    longest = [sorted(sorted(set(w)), key=len, reverse=True)[:3] for w in words]
    return {
        "title": title,
        "surnames": [" ".join(s) for s in surnames],
        "volume": [places.volume_of(text, y) for text, y in zip(raw["volume"], year, strict=True)],
        "doi": doi,
        "notice": notice,
        "repeats": notice & np.array([w[-1:] != ("protocol",) for w in words], dtype=bool),
        "length": np.array([len(t) for t in title], dtype=np.int32),
        "n_words": np.array([len(w) for w in words], dtype=np.int32),
        "year": np.array(year, dtype=np.int64),
        "first": np.array([span.first for span in pages], dtype=np.int64),
        "last": np.array([span.last for span in pages], dtype=np.int64),
        "article": np.array([span.article for span in pages], dtype=bool),
        "lettered": np.array([bool(span.letters) for span in pages], dtype=bool),
        "living": np.array([places.is_living(*both) for both in zip(pages, doi, strict=True)], dtype=bool),
        "compact": hash_of(compact),
        "head": hash_of([" ".join(w[:4]) if len(w) > 3 else "" for w in words]),
        "tail": hash_of([" ".join(w[-4:]) if len(w) > 3 else "" for w in words]),
        "start": hash_of([c[:20] for c in compact]),
        "end": hash_of([c[-20:] for c in compact]),
        **{f"word{k + 1}": hash_of([w[k] if len(w) > k else "" for w in longest]) for k in range(3)},
        "author1": hash_of([s[0] if s else "" for s in surnames]),
        "author2": hash_of([s[1] if len(s) > 1 else "" for s in surnames]),
        "author9": hash_of([s[-1] if s else "" for s in surnames]),
        "filled": _filled(raw, authors),
    }


_NO_PAGES = places.Span(-1, -1, False)


def authors_of(authors: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return a record's authors one by one, which a frame holds as one string."""
    return tuple(names.split_authors(authors)) if isinstance(authors, str) else names.each_author(authors)


def folded_abstract(text: str) -> str:
    """Return the first 600 characters of an abstract's folded words without section labels; empty if it is short."""
    if len(text) < 100:
        return ""
    return " ".join(titles.words(_LABEL.sub(" ", titles.fold(text[: 2 * _ABSTRACT_CHARACTERS]))))[:_ABSTRACT_CHARACTERS]


def _record_columns(records: Iterable[Record]) -> tuple[list[str], Raw]:
    ids: list[str] = []
    raw: Raw = {name: [] for name in _FIELDS}
    rest = [name for name in _FIELDS if name != "year"]
    for record in records:
        ids.append(record.record_id)
        raw["year"].append(str(record.year or ""))
        for name in rest:
            raw[name].append(getattr(record, name))
    return ids, raw


def _frame_columns(frame: pd.DataFrame) -> tuple[list[str], Raw]:
    if "record_id" not in frame.columns:
        raise MetareviewError("The frame of records has no column record_id.", f"Columns read: {', '.join(COLUMNS)}.")
    sources = {name: name for name in _FIELDS} | {"authors": "author"}
    if "type" not in frame.columns:
        sources["type"] = "entrytype"
    raw = {name: _column(frame, source) for name, source in sources.items()}
    if "booktitle" in frame.columns:
        raw["journal"] = [a or b for a, b in zip(raw["journal"], _column(frame, "booktitle"), strict=True)]
    return _column(frame, "record_id"), raw


def _column(frame: pd.DataFrame, name: str) -> list[str]:
    if name not in frame.columns:
        return [""] * len(frame)
    return [value.strip() if type(value) is str else _text(value) for value in frame[name].tolist()]


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


def _filled(raw: Mapping[str, Sequence[Any]], authors: Sequence[tuple[str, ...]]) -> NDArray[np.int32]:
    """Return 1000 for each part that is filled in, plus something for a long abstract (whose length is given)."""
    parts = [raw[name] for name in ("title", "year", "journal", "volume", "number", "pages", "doi", "abstract")]
    filled = np.array([[bool(value) for value in part] for part in (*parts, authors)], dtype=np.int32).sum(axis=0)
    return np.asarray(1000 * filled + np.minimum(np.array(raw["abstract"], dtype=np.int32) // 10, 900), dtype=np.int32)
