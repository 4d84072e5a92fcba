"""Tables and documents of a report: what a record says is shown as text, whatever it says, at the level planned."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from metareview.report.documents import Picture, Section, write_document
from metareview.report.tables import Table, markdown_text, plain_text, table

HOSTILE = [
    "<script>alert(1)</script>",
    "Lamps | streets | 'quotes' & \"more\"",
    "[a link](javascript:alert(1)) and `code`",
    "![picture](http://example.org/x.png)",
    "two\nlines\r\nof <b>bold</b>",
    "turned \u202etxet\u202c round \u2066and\u2069 \u200eleft",
    "&lt;already&gt; \\| escaped",
]


class Tags(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        links = [value or "" for name, value in attrs if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attrs) and not any("javascript:" in link for link in links)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(html: str) -> Tags:
    found = Tags()
    found.feed(html)
    return found


def of_titles(*titles: str) -> Table:
    rows = [{"id": i, "title": title} for i, title in enumerate(titles)]
    return table("records", titles[0], [("id", "Id"), ("title", "Title")], rows, titles[-1])


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_stays_text_in_html(title: str) -> None:
    found = parsed(of_titles(title).to_html())
    assert set(found.tags) == {"div", "table", "caption", "thead", "tr", "th", "tbody", "td", "p"}
    assert found.text.count(plain_text(title)) == 3  # caption, cell and note


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_keeps_its_cell_in_markdown(title: str) -> None:
    lines = of_titles(title, "another").to_markdown().splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == 4, "one heading, one rule, two rows"
    for row in rows:
        bare = row.replace("\\\\", "")
        assert bare.count("|") - bare.count("\\|") == 3
    assert "<" not in "".join(lines) and "](" not in rows[2].replace("\\]", "").replace("\\[", "")


def test_signs_that_turn_the_text_round_are_dropped() -> None:
    assert plain_text(HOSTILE[5]) == markdown_text(HOSTILE[5]) == "turned txet round and left"
    assert plain_text("1\n 2") == "1 2" and plain_text("مرحبا é τ²") == "مرحبا é τ²"


def test_a_document_shows_hostile_text_as_text(tmp_path: Path) -> None:
    for n, title in enumerate(HOSTILE):
        section = Section(
            title, (title,), (title,), (of_titles(title),), (Picture("figures/f.svg", caption=title, alt=title),)
        )
        write_document(tmp_path / str(n), title, [title], [section])
        page = (tmp_path / f"{n}.html").read_text(encoding="utf-8")
        assert not {"script", "b"} & set(parsed(page).tags) and page.count("<img") == 1
        assert "\u202e" not in page + (tmp_path / f"{n}.md").read_text(encoding="utf-8")
