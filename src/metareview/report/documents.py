"""A report as one document, written as Markdown and as a page that works when opened from disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..tabular import write_bytes
from .tables import Table, anchor, markdown_text, plain_text


@dataclass(frozen=True)
class Picture:
    """A figure of a report: path relative to the document, caption, and a description for those who cannot see it."""

    path: str
    caption: str
    alt: str


@dataclass(frozen=True)
class Section:
    """A part of a report: paragraphs, bullets, tables and pictures, in this order."""

    title: str
    paragraphs: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    level: int = 2

    @property
    def anchor(self) -> str:
        """The fragment that links to the section."""
        return anchor(self.title.lower()).strip("-")


def write_document(stem: Path, title: str, lead: Sequence[str], sections: Sequence[Section]) -> list[Path]:
    """Write `stem`.md and `stem`.html; `lead` are the paragraphs before the first section."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("metareview.report", "templates"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = markdown_text
    environment.filters["plain"] = plain_text
    written = []
    for suffix in ("md", "html"):
        text = environment.get_template(f"document.{suffix}.j2").render(title=title, lead=lead, sections=sections)
        written.append(write_bytes(stem.with_suffix(f".{suffix}"), text.encode()))
    return written
