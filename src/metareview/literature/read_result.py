"""What reading a file gave: its records, and the account of its lines."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from metareview.literature.formats.format import Quarantined, Repair
from metareview.literature.formats.registry import formats, system_of
from metareview.literature.records import Record

if TYPE_CHECKING:
    import pandas as pd

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
        n_records: how many records were read, also where they are not kept in `records`; n_seen: with those that
            could not be read and are quarantined.
        n_lines: lines of the file: those in `raw` fields, `structure` and `quarantined` together.
        structure: lines without a value (blank lines, ends of records, headers between records).
        unknown_tags: tags that the format does not define, with how often they occur; kept in `raw`.
        source: name of the file; head: the beginning of its text.
    """

    records: tuple[Record, ...]
    repairs: tuple[Repair, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    format: str = ""
    encoding: str = ""
    n_records: int = 0
    n_seen: int = 0
    n_lines: int = 0
    structure: int = 0
    unknown_tags: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    head: str = field(default="", repr=False)

    @cached_property
    def system(self) -> str:
        """The system that wrote the file, told by its marks; empty where no mark tells."""
        return system_of(formats()[self.format], self.head) if self.format else ""

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __repr__(self) -> str:
        return (
            f"ReadResult({self.source!r}: {self.n_records} records, {len(self.repairs)} repairs, "
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
        how = ", ".join(filter(None, (self.format, self.system, self.encoding)))
        lines = [f"{self.source}: {self.n_records} records from {self.n_lines} lines ({how})"]
        lines += [f"  repaired, line {r.line}{_of(r.record_id)}: {r.what}" for r in self.repairs[:20]]
        lines += _more(len(self.repairs), "repairs")
        lines += [f"  set aside, line {q.line}: {q.text!r} ({q.why})" for q in self.quarantined[:20]]
        lines += _more(len(self.quarantined), "lines set aside")
        if self.unknown_tags:
            found = ", ".join(f"{tag} ({n})" for tag, n in self.unknown_tags.items())
            lines.append(f"  tags outside the format, kept: {found}")
        return "\n".join(lines)

    def report(self) -> dict[str, Any]:
        """Return the account of the file as JSON-ready values: what was seen, read, repaired, set aside, unknown."""
        return {
            "format": self.format,
            "system": self.system,
            "encoding": self.encoding,
            "lines": self.n_lines,
            "seen": self.n_seen,
            "records": self.n_records,
            "repairs": [{"line": r.line, "record": r.record_id, "what": r.what} for r in self.repairs],
            "quarantined": [q._asdict() for q in self.quarantined],
            "unknown_tags": dict(self.unknown_tags),
        }

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
