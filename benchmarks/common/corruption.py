"""What databases do to a record: case, abbreviations, initials, shortened pages, lost fields, remarks, misprints."""

from __future__ import annotations

import unicodedata
from random import Random

from common.wordlists import ABBREVIATED, STOP

Row = dict[str, str]


def corrupted(row: Row, rng: Random) -> Row:
    """Return the same publication as another database exports it."""
    new = dict(row)
    for change, share in _CHANGES:
        if rng.random() < share:
            change(new, rng)
    return new


def _capitals(row: Row, rng: Random) -> None:
    row["title"] = row["title"].upper() if rng.random() < 0.2 else row["title"].title()


def _full_stop(row: Row, rng: Random) -> None:
    row["title"] += "."


def _remark(row: Row, rng: Random) -> None:
    row["title"] += rng.choice((" [Review]", " [Review] [57 refs]", " [Article in German]", " (Abstract)"))


def _plain_letters(row: Row, rng: Random) -> None:
    for name in ("title", "author", "journal"):
        row[name] = unicodedata.normalize("NFKD", row[name]).encode("ascii", "ignore").decode()


def _hyphens(row: Row, rng: Random) -> None:
    row["title"] = row["title"].replace("-", rng.choice((" ", "")))


def _misprint(row: Row, rng: Random) -> None:
    text = row["title"]
    if len(text) > 30:
        at = rng.randrange(5, len(text) - 5)
        row["title"] = text[:at] + rng.choice(("", text[at] * 2, text[at + 1] + text[at])) + text[at + 1 :]


def _no_subtitle(row: Row, rng: Random) -> None:
    head, mark, _ = row["title"].partition(": ")
    row["title"] = head if mark and head.count(" ") > 3 else row["title"]


def _initials(row: Row, rng: Random) -> None:
    authors = [a.partition(", ") for a in row["author"].split("; ")]
    dot, comma = rng.choice(((".", ", "), ("", " "), (". ", ", ")))
    row["author"] = "; ".join(
        f"{last}{comma}{dot.join(w[0] for w in first.split())}{dot}".strip() if first else last
        for last, _, first in authors
    )


def _fewer_authors(row: Row, rng: Random) -> None:
    authors = row["author"].split("; ")
    row["author"] = "; ".join(authors[:6]) if len(authors) > 6 else row["author"]


def _abbreviate(row: Row, rng: Random) -> None:
    dot = rng.choice((".", ""))
    words = [w for w in row["journal"].split() if w not in STOP]
    row["journal"] = " ".join(ABBREVIATED[w] + dot if ABBREVIATED.get(w, w) != w else w for w in words)


def _short_pages(row: Row, rng: Random) -> None:
    first, mark, last = row["pages"].partition("-")
    if mark and len(first) == len(last) > 1 and first[0] == last[0]:
        row["pages"] = f"{first}-{last[1:]}"
    elif rng.random() < 0.3:
        row["pages"] = first


def _online_first(row: Row, rng: Random) -> None:
    row["volume"] = row["number"] = row["pages"] = ""
    if row["year"].isdigit() and rng.random() < 0.5:
        row["year"] = str(int(row["year"]) - 1)


def _lose(name: str):
    def change(row: Row, rng: Random) -> None:
        row[name] = ""

    return change


def _cut_abstract(row: Row, rng: Random) -> None:
    text = row["abstract"]
    row["abstract"] = text[: rng.randrange(250, 500)] if rng.random() < 0.3 else text and f"{text} (c) The authors."


_CHANGES = (
    (_capitals, 0.35), (_initials, 0.6), (_fewer_authors, 0.3), (_abbreviate, 0.45), (_short_pages, 0.35),
    (_plain_letters, 0.4), (_hyphens, 0.15), (_misprint, 0.06), (_no_subtitle, 0.04), (_full_stop, 0.25), (_remark, 0.05),
    (_online_first, 0.05), (_lose("doi"), 0.3), (_lose("abstract"), 0.25), (_lose("number"), 0.25),
    (_lose("pages"), 0.04), (_lose("isbn"), 0.2), (_cut_abstract, 0.3),
)  # fmt: skip
