"""Bibliographic facts as RIS entries. A title or name that was not shown where we looked stands in square brackets."""

from __future__ import annotations

from pathlib import Path

Entry = list[tuple[str, str]]
ARMS = {"amendola2018bc": " [Baltimore County]", "amendola2018re": " [Redlands]"}


def study_record(r: dict[str, str]) -> Entry:
    pages = r["pages"].strip("-")
    start, _, end = pages.partition("-")
    title = _bracketed(r["title"]) + ARMS.get(r["study_id"], "")
    entry = [("TY", "JOUR" if r["volume"] or r["doi"] else "RPRT"), ("ID", r["study_id"]), ("TI", title)]
    entry += [("AU", a) for a in _authors(r["authors"])]
    entry += [
        ("PY", r["year"]),
        ("T2", r["journal"]),
        ("VL", r["volume"]),
        ("IS", r["issue"]),
        ("SP", start),
        ("EP", end),
    ]
    entry += [
        ("DO", r["doi"]),
        ("CY", r["city"]),
        ("N1", f"seen on {r['url_domain']}: {r['seen_in']}, {r['date_seen']}"),
    ]
    return entry


def left_out_record(r: dict[str, str], source: dict[str, str] | None) -> Entry:
    """A left-out evaluation; where the same work is also a source of lessons, its facts from there."""
    if source is not None:
        return source_record(source)
    entry = [("TY", "GEN"), ("ID", r["study"]), ("TI", r["title_or_label"]), ("PY", r["year"])]
    return [*entry, ("N1", f"seen on {r['url_domain']}")]


def source_record(r: dict[str, str]) -> Entry:
    kind = "JOUR" if r["doi"] else "RPRT"
    entry = [("TY", kind), ("ID", r["source_id"]), ("TI", _bracketed(r["title"]))]
    entry += [("AU", a) for a in _authors(r["authors"])]
    entry += [
        ("PY", r["year"]),
        ("T2" if r["doi"] else "PB", r["publisher_or_journal"]),
        ("DO", r["doi"]),
        ("LA", r["language"]),
    ]
    return [*entry, ("N1", f"seen on {r['url_domain']}: {r['seen_in']}")]


def write_ris(path: Path, entries: list[Entry]) -> Path:
    blocks = ["".join(f"{tag}  - {value}\n" for tag, value in entry if value) + "ER  - \n" for entry in entries]
    path.write_text("\n".join(blocks), encoding="utf-8", newline="\n")
    return path


def _authors(text: str) -> list[str]:
    found = []
    for name in (a.strip() for a in text.split(";")):
        if not name or name.startswith("(") or name == "et al.":
            continue
        last, _, initials = name.rpartition(" ")
        surname = last and initials.isupper() and len(initials) <= 5
        found.append(f"{last}, {'. '.join(initials)}." if surname else name)
    return found


def _bracketed(title: str) -> str:
    return f"[{title[1:-1]}]" if title.startswith("(") and title.endswith(")") else title
