"""From the cells of a row to the normalised fields of a record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metareview.literature.formats import table_columns as c
from metareview.literature.formats import values as v
from metareview.literature.formats.table_header import Plan
from metareview.literature.formats.table_names import SPLITTERS
from metareview.tabular import FORMULA_STARTS

_WHOLE = re.compile(r"(\d+)\.0")


def normalise(plan: Plan, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the normalised fields of a record from its cells.

    Arguments:
        plan: which column is which field; pairs: column and value of each cell, as printed.
    """
    got: dict[str, list[str]] = {}
    for tag, value in pairs:
        got.setdefault(tag, []).append(value)
    if plan.dialect.literal:
        return _literal(plan, got)

    def cells(name: str) -> list[str]:
        tags = plan.columns.get(name, ())
        return [text for tag in tags for value in got.get(tag, ()) if (text := _clean(value, plan))]

    def first(name: str) -> str:
        return next((text for value in cells(name) if (text := v.plain(value))), "")

    record: dict[str, Any] = {name: first(name) for name in ("title", "journal", "abstract", "language")}
    record |= {name: _number(first(name)) for name in ("volume", "number")}
    record["authors"] = next((names for value in cells("authors") if (names := _names(value, plan))), ())
    record["year"] = v.year_of(cells("year"))
    start, end = _number(first("first_page")), _number(first("last_page"))
    pages = v.pages_of(first("pages"), "")
    record["pages"] = v.pages_of(*pages.split("-")) if pages.count("-") == 1 else pages or v.pages_of(start, end)
    record["pages"] = record["pages"] or v.article_number(first("article_number"))
    record["keywords"] = _words(cells("keywords"), plan)
    record["isbn"], record["issn"] = _serials([*cells("isbn"), *cells("issn")])
    record["url"] = next((line for value in cells("url") if (line := value.split("\n")[0].split("; ")[0].strip())), "")
    record["doi"] = _doi(cells("doi"), cells("url"))
    record["type"] = _type(first("type"))
    return record | {k: x for k, x in _from_citation(plan, cells("citation")).items() if not record[k]}


def _clean(value: str, plan: Plan) -> str:
    """Return a cell without the marks that spreadsheets need, and empty for a word that means missing."""
    text = value.strip()
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        text = text[2:-1].replace('""', '"')
    elif text.startswith("'") and text.lstrip("'")[:1] in ("=", "+", "-", "@") and not plan.dialect.system:
        text = text[1:]
    return "" if text.casefold() in c.MISSING else text


def _number(text: str) -> str:
    match = _WHOLE.fullmatch(text)
    return match[1] if match else text


def _names(value: str, plan: Plan) -> tuple[str, ...]:
    lines = (" ".join(v.plain(line).split()) for line in value.split("\n"))
    return SPLITTERS[plan.dialect.names]("\n".join(filter(None, lines)))


def _words(values: Sequence[str], plan: Plan) -> tuple[str, ...]:
    """Return the keywords of all columns that hold some, each once."""
    pattern = plan.dialect.words
    words: dict[str, None] = {}
    for value in values:
        parts = re.split(pattern, value)
        if len(parts) == 1 and plan.dialect.system in ("", "ASReview", "Rayyan") and value.count(",") > 1:
            parts = value.split(",")
        words.update(dict.fromkeys(filter(None, map(v.plain, parts))))
    return tuple(words)


def _serials(values: Sequence[str]) -> tuple[str, str]:
    """Return (isbn, issn); a spreadsheet takes the zeros at the start of an ISSN away, so they are put back."""
    return v.serials_of(
        value.zfill(8) if re.fullmatch(r"\d{6,7}[\dXx]?", value) else value for value in map(_number, values)
    )


def _doi(values: Sequence[str], addresses: Sequence[str]) -> str:
    found = [v.doi_of(value, address="://" in value and "?" in value) for value in values]
    found += [v.doi_of(value, address=True) for value in addresses]
    return next(filter(None, found), "")


def _type(printed: str) -> str:
    """Return the RIS code of a kind of document; of several (`Article; Proceedings Paper`) the first that has one."""
    kinds = re.split(r"[;,|]", printed)
    return next((c.TYPES[k] for kind in kinds if (k := c.key(kind)) in c.TYPES), printed)


def _from_citation(plan: Plan, values: Sequence[str]) -> dict[str, Any]:
    match = re.match(plan.dialect.citation, values[0][:2000]) if values and plan.dialect.citation else None
    found: dict[str, Any] = {k: text.strip() for k, text in match.groupdict().items() if text} if match else {}
    if "year" in found:
        found["year"] = v.year_of([found["year"]])
    if "pages" in found:
        found["pages"] = v.pages_of(found["pages"], "")
    return found


def _literal(plan: Plan, got: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the fields of a record of our own table, which are as they were."""

    def value(name: str) -> str:
        text = next(iter(got.get(name, ())), "")
        return text[1:] if text[:1] == "'" and text.lstrip("'").startswith(FORMULA_STARTS) else text

    split = SPLITTERS[plan.dialect.names]
    record: dict[str, Any] = {name: value(name) for name in c.FIELDS}
    record |= {name: split(record[name]) for name in ("authors", "keywords")}
    return record | {"year": v.year_of([record["year"]])}
