"""The search log (PRISMA-S): what was searched where, when and how, and whether all hits were read."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import MetareviewError
from ..folder import ReviewFolder
from ..literature.events import IMPORTED, Import, fold
from ..tabular import write_csv

LOG = "searches.csv"
LOG_COLUMNS = (
    "search", "file", "source", "kind", "track", "platform", "date", "query", "limits", "hits", "records", "repaired",
    "quarantined", "format", "system", "prefix", "sha256", "imported_by", "imported_at",
)  # fmt: skip


@dataclass(frozen=True)
class LoggedSearch:
    """One search, with every export of it.

    Attributes:
        hits: as the source counted them, None when not noted; records: read from its exports; exports: in order.
    """

    name: str
    source: str
    platform: str
    date: str
    query: str
    limits: str
    hits: int | None
    records: int
    exports: tuple[Import, ...]

    @property
    def finding(self) -> str:
        """What the check of hits against records says; empty when they agree."""
        if self.hits is None:
            return "hits not noted"
        if self.hits == self.records:
            return ""
        gap = abs(self.hits - self.records)
        return f"{gap} {'fewer' if self.records < self.hits else 'more'} records than hits"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        values = {k: getattr(self, k) for k in ("source", "platform", "date", "query", "limits", "hits", "records")}
        files = [{"file": i.file, "prefix": i.prefix, "records": i.records, "system": i.system} for i in self.exports]
        return {"search": self.name, **values, "finding": self.finding, "exports": files}


def searches(folder: ReviewFolder, imports: Sequence[Import] | None = None) -> list[LoggedSearch]:
    """Return every search in the order of the journal, its exports together."""
    imports = fold(folder.events()).imports if imports is None else imports
    parts: dict[str, list[Import]] = {}
    for i in imports:
        parts.setdefault(i.search, []).append(i)
    return [_search(folder, name, tuple(exports)) for name, exports in parts.items()]


def _search(folder: ReviewFolder, name: str, exports: tuple[Import, ...]) -> LoggedSearch:
    first = exports[0]
    source = folder.protocol.source(first.source)
    return LoggedSearch(
        name, first.source, source.platform if source else "", first.date, first.query, first.limits, first.hits,
        sum(i.records for i in exports), exports,
    )  # fmt: skip


def report(folder: ReviewFolder, name: str) -> dict[str, Any]:
    """Return the report of an import as the journal has it: its search, counts, repairs and quarantined lines.

    Arguments:
        name: the prefix of its record ids, or its file in the review.

    Raises:
        MetareviewError: there is no such import; those there are are named.
    """
    events = [e for e in folder.events() if e.kind == IMPORTED]
    found = [e for e in events if name in (e.data["prefix"], e.data["file"])]
    if not found:
        known = ", ".join(dict.fromkeys(str(e.data["prefix"]) for e in events)) or "none"
        raise MetareviewError(f"there is no import `{name}`; there are: {known}", "Name one of them.")
    data = dict(found[-1].data)
    listed = data.pop("report", {"repairs": [], "quarantined": [], "unknown_tags": {}})
    counts = {"n_repaired": data.pop("repaired"), "n_quarantined": data.pop("quarantined")}
    return {**data, "time": found[-1].time, **counts, **listed}


def search_day(date: str) -> str:
    """Return the day of a search as ISO writes it.

    Raises:
        MetareviewError: it is no date, or lies in the future.
    """
    try:
        day = datetime.date.fromisoformat(date)
    except ValueError:
        raise MetareviewError(f"--date {date} is not a date like 2026-11-24", "Give the day of the search.") from None
    if day > datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1):
        raise MetareviewError(f"--date {date} lies in the future", "Give the day of the search.")
    return day.isoformat()


def write_log(folder: ReviewFolder, imports: Sequence[Import] | None = None) -> Path:
    """Write `searches.csv`: one row an import of the journal."""
    imports = fold(folder.events()).imports if imports is None else imports
    platforms = {s.name: s.platform for s in folder.protocol.sources}
    rows = [
        (
            i.search, i.file, i.source, i.kind, i.track, platforms.get(i.source, ""), i.date, i.query, i.limits, i.hits,
            i.records, i.repaired, i.quarantined, i.format, i.system, i.prefix, i.sha256, i.by, i.time,
        )
        for i in imports
    ]  # fmt: skip
    return write_csv(folder.searches / LOG, LOG_COLUMNS, rows)
