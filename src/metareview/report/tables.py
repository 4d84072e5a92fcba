"""A table once, and its three faces: CSV for machines, Markdown and HTML for people."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..tabular import write_bytes, write_csv
from .numbers import significant


@dataclass(frozen=True)
class Table:
    """A table of a report.

    Attributes:
        name: file stem; title: caption; columns: (key, heading) in order; rows: key -> value, text is shown as it is and
            numbers with 7 significant digits; notes: below the table.
    """

    name: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...] = ()

    def grid(self) -> list[list[Any]]:
        """Return the cells, row by row."""
        return [[significant(_blank(row.get(key))) for key, _ in self.columns] for row in self.rows]

    def to_markdown(self) -> str:
        """Return the table as GitHub Markdown, with its caption and notes."""
        heads = [head for _, head in self.columns]
        lines = [f"**{markdown_text(self.title)}**", "", _md_row(heads), _md_row(["---"] * len(heads))]
        lines += [_md_row(row) for row in self.grid()] or ["*(none)*"]
        lines += ["", *(f"*{markdown_text(note)}*" for note in self.notes)] if self.notes else []
        return "\n".join(lines) + "\n"

    def to_html(self) -> str:
        """Return the table as an HTML fragment, with its caption, column scopes and notes."""
        heads = "".join(f'<th scope="col">{html.escape(head)}</th>' for _, head in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(plain_text(cell))}</td>" for cell in row) + "</tr>\n"
            for row in self.grid()
        )
        none = f'<tr><td colspan="{len(self.columns)}">(none)</td></tr>\n'
        notes = "".join(f'<p class="note">{html.escape(plain_text(note))}</p>\n' for note in self.notes)
        return (
            f'<div class="table" id="{anchor(self.name)}">\n<table>\n<caption>{html.escape(plain_text(self.title))}</caption>\n'
            f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body or none}</tbody>\n</table>\n{notes}</div>\n"
        )

    def write(self, folder: Path) -> list[Path]:
        """Write the table as CSV, Markdown and HTML fragments into `folder`."""
        return [
            write_csv(folder / f"{self.name}.csv", [key for key, _ in self.columns], self.grid()),
            write_bytes(folder / f"{self.name}.md", self.to_markdown().encode()),
            write_bytes(folder / f"{self.name}.html", self.to_html().encode()),
        ]


def table(
    name: str, title: str, columns: Sequence[tuple[str, str]], rows: Iterable[Mapping[str, Any]], *notes: str
) -> Table:
    """Return a table; `rows` may be any mappings that have the keys of the columns."""
    return Table(name, title, tuple(columns), tuple(rows), tuple(n for n in notes if n))


def _blank(value: Any) -> Any:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(str(v) for v in value)
    return value


def _md_row(cells: Sequence[Any]) -> str:
    return "| " + " | ".join(_md_cell(cell) for cell in cells) + " |"


def _md_cell(cell: Any) -> str:
    return re.sub(r"([`*|\[\]])", r"\\\1", markdown_text(cell).replace("\\", "\\\\"))


def plain_text(value: Any) -> str:
    """Return a value as text on one line, without the signs that turn the direction of what follows."""
    return re.sub(r"\s*[\r\n]+\s*", " ", str(value)).translate(_DIRECTION)


def markdown_text(value: Any) -> str:
    """Return a value as Markdown text on one line, in which no HTML is read."""
    return plain_text(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def anchor(name: str) -> str:
    """Return a name as an id of HTML."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)


_DIRECTION = dict.fromkeys((*range(8234, 8239), *range(8294, 8298), 8206, 8207))
