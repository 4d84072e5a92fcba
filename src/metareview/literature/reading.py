"""Reading and writing files of literature records, losing nothing."""

from __future__ import annotations

import hashlib
import html
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from metareview.errors import MetareviewError
from metareview.literature.formats.foreign import foreign_bytes, foreign_text
from metareview.literature.formats.format import Entry, Parsed, Quarantined, Repair
from metareview.literature.formats.lazy import lazy_record
from metareview.literature.formats.registry import detect, formats
from metareview.literature.records import Record
from metareview.literature.text import Text, decode

if TYPE_CHECKING:
    import pandas as pd

_EMPTY = "Export the search again; a search without hits needs no import."
_COLUMNS = (
    *("record_id", "title", "author", "year", "journal", "volume", "number", "pages", "doi", "abstract"),
    *("keywords", "isbn", "issn", "url", "language", "type", "line"),
)


@dataclass(frozen=True, repr=False)
class ReadResult:
    """What reading a file gave, with every one of its lines accounted for.

    Attributes:
        records: the records in the order of the file, normalised when first looked at.
        repairs: what was wrong and read all the same: line, record (or empty), what was done.
        quarantined: lines that are in no record: line, start of the text, why.
        format: name of the format, found from the content.
        encoding: what the bytes were read as.
        n_lines: lines of the file: those in `raw` fields, `structure` and `quarantined` together.
        structure: lines without a value (blank lines, ends of records, headers between records).
        unknown_tags: tags that the format does not define, with how often they occur; kept in `raw`.
        source: name of the file.
    """

    records: tuple[Record, ...]
    repairs: tuple[Repair, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    format: str = ""
    encoding: str = ""
    n_lines: int = 0
    structure: int = 0
    unknown_tags: Mapping[str, int] = field(default_factory=dict)
    source: str = ""

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __repr__(self) -> str:
        return (
            f"ReadResult({self.source!r}: {len(self.records)} records, {len(self.repairs)} repairs, "
            f"{len(self.quarantined)} lines quarantined, {self.format}, {self.encoding})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a record with the normalised fields; several authors or keywords are joined by `; `.

        The columns are those `deduplicate` takes, and keywords, issn, url, language, type, line.
        """
        import pandas as pd

        rows = [_row(record) for record in self.records]
        frame = pd.DataFrame(rows, columns=list(_COLUMNS))
        return frame.astype({"year": "Int64", "line": "int64"})

    def summary(self) -> str:
        """Return a few lines for a reader: what was read, repaired, set aside, and which tags are unknown."""
        lines = [
            f"{self.source}: {len(self.records)} records from {self.n_lines} lines ({self.format}, {self.encoding})"
        ]
        lines += [f"  repaired, line {r.line}{_of(r.record_id)}: {r.what}" for r in self.repairs[:20]]
        lines += _more(len(self.repairs), "repairs")
        lines += [f"  set aside, line {q.line}: {q.text!r} ({q.why})" for q in self.quarantined[:20]]
        lines += _more(len(self.quarantined), "lines set aside")
        if self.unknown_tags:
            found = ", ".join(f"{tag} ({n})" for tag, n in self.unknown_tags.items())
            lines.append(f"  tags outside the format, kept: {found}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(r.record_id)}</td><td>{html.escape(r.cite())}</td></tr>" for r in self.records[:10]
        )
        head = "<tr><th>record</th><th>citation</th></tr>"
        return f"<p>{html.escape(repr(self))}</p><table>{head}{rows}</table>"


def _row(record: Record) -> list[object]:
    values = record.to_dict() | {"author": "; ".join(record.authors), "keywords": "; ".join(record.keywords)}
    return [values[name] for name in _COLUMNS]


def _of(record_id: str) -> str:
    return f" ({record_id})" if record_id else ""


def _more(n: int, what: str) -> list[str]:
    return [f"  and {n - 20} more {what}"] if n > 20 else []


def read_records(path: str | os.PathLike[str], prefix: str | None = None) -> ReadResult:
    """Read an export of a literature database.

    The format is found from the content, never from the name of the file. Nothing is dropped: what is wrong
    is repaired and listed, or set aside and listed.

    Arguments:
        path: the file.
        prefix: start of the record ids (`PREFIX:0001`); the name of the file when not given.

    Raises:
        MetareviewError: there is no such file, it is empty, or its format is not read; the message says so.
    """
    path = Path(path)
    prefix = _prefix(path, prefix)
    data = _bytes(path)
    if known := foreign_bytes(data):
        raise MetareviewError(f"{path} is {known.what}, not an export metareview can read", known.hint)
    text = decode(data)
    if not text.text.strip():
        raise MetareviewError(f"{path} is empty", _EMPTY)
    found = detect(text.text)
    if found is None:
        raise _unreadable(path, text)
    lines = text.lines
    parsed = found.read(lines)
    width = max(4, len(str(len(parsed.entries))))
    ids = [f"{prefix}:{i:0{width}d}" for i in range(1, len(parsed.entries) + 1)]
    return ReadResult(
        records=tuple(map(lazy_record, parsed.entries, ids)),
        repairs=_repairs(parsed, text, ids),
        quarantined=parsed.quarantined,
        format=found.name,
        encoding=text.encoding,
        n_lines=len(lines),
        structure=parsed.structure,
        unknown_tags=parsed.unknown_tags,
        source=path.name,
    )


def _prefix(path: Path, prefix: str | None) -> str:
    if prefix is None:
        return re.sub(r"[^\w]+", "-", path.stem.lower()).strip("-_") or "records"
    if not prefix or re.search(r"[\s:]", prefix):
        raise MetareviewError(
            f"{prefix!r} cannot start record ids", "Use letters, digits and hyphens, such as scopus-2026-11."
        )
    return prefix


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise MetareviewError(f"there is no file {path}", "Check the name and the folder.") from None
    except IsADirectoryError:
        raise MetareviewError(f"{path} is a folder, not an export", "Name one file in it.") from None
    except OSError as error:
        raise MetareviewError(f"{path} cannot be read: {error.strerror}", "Check its permissions.") from None
    if not data:
        raise MetareviewError(f"{path} is empty", _EMPTY)
    return data


def _unreadable(path: Path, text: Text) -> MetareviewError:
    known = foreign_text(text.text)
    readable = ", ".join(f.title for f in formats().values())
    if known:
        return MetareviewError(f"{path} is {known.what}; metareview reads {readable}", known.hint)
    first = next((line.strip()[:60] for line in text.lines if line.strip()), "")
    return MetareviewError(
        f"{path} is in no format metareview can read ({readable}); it begins with {first!r}",
        "Export the search again as RIS.",
    )


def _repairs(parsed: Parsed, text: Text, ids: list[str]) -> tuple[Repair, ...]:
    starts = [entry.line for entry in parsed.entries]
    found = sorted([*text.repairs, *parsed.repairs])
    return tuple(Repair(line, _record_at(line, starts, parsed.entries, ids), what) for line, what in found)


def _record_at(line: int, starts: list[int], entries: tuple[Entry, ...], ids: list[str]) -> str:
    at = bisect_right(starts, line) - 1
    return ids[at] if at >= 0 and line <= entries[at].last + 1 else ""  # the line after it is its end


def write_records(records: Iterable[Record], path: str | os.PathLike[str]) -> None:
    """Write records as RIS (UTF-8), such that reading the file gives the same records.

    The file appears whole or not at all: it is written beside its place and then moved there.

    Arguments:
        records: records or a ReadResult; those read from RIS keep every field as printed.
        path: where to; an existing file is replaced.

    Raises:
        MetareviewError: the file cannot be written.
    """
    path = Path(path)
    write = formats()["ris"].write
    assert write is not None
    text = write(records)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise MetareviewError(f"{path} cannot be written: {error.strerror}", "Check the folder.") from None
    finally:
        beside.unlink(missing_ok=True)


@cache
def reader_fingerprint() -> str:
    """Return a hash of the code that reads exports, so that records kept by another version are read anew."""
    here = Path(__file__).parent
    files = [here / "reading.py", here / "text.py", here / "records.py", *sorted((here / "formats").glob("*.py"))]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:16]
