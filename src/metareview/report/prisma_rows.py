"""Flow counts as rows: for a CSV of the boxes, for the ids behind them, and for the PRISMA2020 R package."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from metareview.report.prisma import FlowCounts

_LANE_OF = {"dbr_excluded": "databases_registers", "other_excluded": "other_methods"}
_KIND_OF = {
    "database_results": "database",
    "register_results": "register",
    "website_results": "website",
    "organisation_results": "organisation",
    "citations_results": "citation",
}


@cache
def data_rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a CSV in this package's `data/`; lines beginning with # carry source and licence."""
    text = files("metareview.report").joinpath("data", name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def box_lines(counts: FlowCounts) -> list[dict[str, str]]:
    """Return the rows of `data/flow_boxes.csv` that this review shows, in the order of the diagram.

    Arguments:
        counts: decides on the updated-review boxes, the meta-analysis boxes, the other-methods lane, and on the
            lines that an update has only when it differs from its previous version by more than new studies.
    """
    shown = []
    for row in data_rows("flow_boxes.csv"):
        hidden = (
            (row["templates"] == "updated" and not counts.updated)
            or (row["templates"] == "extension" and not counts.synthesised)
            or (row["templates"] == "v2" and not counts.has_other_methods)
            or (row["templates"] == "differences" and not (counts.updated and counts.ids.get(row["r_key"])))
        )
        if not hidden:
            shown.append({**row, "line": _wording(row["line"], counts.updated)})
    return shown


def _wording(line: str, updated: bool) -> str:
    """Pick the new- or updated-review wording, and drop remarks on the template."""
    line = re.sub(r" \((not in|extension)[^)]*\)$", "", line)
    match = re.fullmatch(r"New: (.*) / Updated: (.*)", line)
    return match.group(2 if updated else 1) if match else line


def _lines(counts: FlowCounts, row: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return (line, ids) for one row of the boxes: itself, then its sources or reasons."""
    key = row["r_key"]
    if key in _LANE_OF:
        listed = counts.reasons.get(_LANE_OF[key], ())
        return [("Reports excluded", counts.of(key)), *listed]
    named = [(s.name, s.ids) for s in counts.sources if s.kind == _KIND_OF.get(key)]
    return [(row["line"], counts.of(key)), *named]


def to_rows(counts: FlowCounts) -> list[dict[str, str | int]]:
    """Return one row a line of the diagram: phase, lane, box, line, detail, unit, r_key, n.

    Arguments:
        counts: from `flow_counts`. A source or an exclusion reason is a row of its own with `detail` filled.
    """
    rows: list[dict[str, str | int]] = []
    for row in box_lines(counts):
        head = {key: row[key] for key in ("phase", "lane", "box")}
        lines = _lines(counts, row)
        for position, (text, ids) in enumerate(lines):
            line, detail = (text, "") if position == 0 else (lines[0][0], text)
            names = {"line": line, "detail": detail, "unit": row["unit"], "r_key": row["r_key"]}
            rows.append({**head, **names, "n": len(ids)})
    return rows


def to_id_rows(counts: FlowCounts) -> list[dict[str, str]]:
    """Return one row an id: r_key, detail (the exclusion reason, or empty), id."""
    rows = []
    for key in counts.ids:
        reason = {i: name for name, ids in counts.reasons.get(_LANE_OF.get(key, ""), ()) for i in ids}
        rows += [{"r_key": key, "detail": reason.get(ident, ""), "id": ident} for ident in counts.of(key)]
    return rows


def to_template_rows(counts: FlowCounts, labels: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """Return the 34 rows that the R package PRISMA2020 (1.1.4) reads by position, columns in its order.

    Arguments:
        counts: from `flow_counts`. labels: exclusion reason -> the words to print for it.

    A list is one cell "Reason, 3; Other reason, 1"; commas and semicolons in a name become "/".
    """
    return [{**row, "n": _template_cell(counts, row, labels or {})} for row in data_rows("flow_template.csv")]


def _template_cell(counts: FlowCounts, row: Mapping[str, str], labels: Mapping[str, str]) -> str:
    key = row["data"]
    if key in _LANE_OF:
        listed = counts.reasons.get(_LANE_OF[key], ())
        return _template_list([(labels.get(name, name), ids) for name, ids in listed]) or "0"
    if key.endswith("_specific_results"):
        kind = key.removesuffix("_specific_results")
        return _template_list([(s.name, s.ids) for s in counts.sources if s.kind == kind]) or "NA"
    return str(counts.n(key)) if key in counts.ids else row["n"]


def _template_list(entries: list[tuple[str, tuple[str, ...]]]) -> str:
    return "; ".join(f"{_plain(name)}, {len(ids)}" for name, ids in entries)


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\s*[,;]\s*", " / ", name)).strip(" /")
