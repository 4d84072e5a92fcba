"""metareview records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .common import folder_of, json_option, print_json, print_rows, review_option

if TYPE_CHECKING:
    from ..services.records import Listed


@click.command()
@click.option("--search", default="", help="Full-text search, such as '\"hot spot\" AND polic*'.")
@click.option("--no-duplicates", is_flag=True, help="Leave out records that were merged into others.")
@click.option("--merged", is_flag=True, help="One row a work, with the values that its copies give together.")
@review_option
@json_option
def COMMAND(search: str, no_duplicates: bool, merged: bool, review: str | None, as_json: bool) -> None:  # noqa: N802
    """List or search the records, with where each stands."""
    from ..services.records import listing

    found = listing(folder_of(review), search)
    if no_duplicates or merged:
        found = [x for x in found if x.stands_for == x.record.record_id]
    if as_json:
        print_json([_as_json(x, merged) for x in found])
        return
    if merged:
        _print_merged(found)
        return
    rows = [
        (
            x.record.record_id,
            x.record.cite(),
            "" if x.stands_for == x.record.record_id else x.stands_for,
            x.title_decision,
            x.fulltext_decision,
        )
        for x in found
    ]
    print_rows(["record", "citation", "duplicate of", "title", "full text"], rows, empty="no record")


def _as_json(item: Listed, merged: bool) -> dict[str, Any]:
    told = item.to_dict()
    if item.merged is None:
        return told
    return told | (item.merged.record.to_dict() if merged else {}) | {"merged": item.merged.to_dict()}


def _print_merged(found: list[Listed]) -> None:
    rows = []
    for item in found:
        m = item.merged
        rows.append(
            (
                item.record.record_id,
                (m.record if m else item.record).cite(),
                ", ".join(m.record_ids[1:]) if m else "",
                ", ".join(f"{f.name}: {f.given_by[0].record_id}" for f in m.borrowed if f.rule != "united")
                if m
                else "",
                ", ".join(f.name for f in m.fields if f.differences) if m else "",
            )
        )
    print_rows(["record", "citation", "other copies", "taken from these", "copies differ in"], rows, empty="no record")
