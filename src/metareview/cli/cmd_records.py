"""metareview records."""

from __future__ import annotations

import click

from .common import folder_of, json_option, print_json, print_rows, review_option


@click.command()
@click.option("--search", default="", help="Full-text search, such as '\"hot spot\" AND polic*'.")
@click.option("--no-duplicates", is_flag=True, help="Leave out records that were merged into others.")
@review_option
@json_option
def COMMAND(search: str, no_duplicates: bool, review: str | None, as_json: bool) -> None:  # noqa: N802
    """List or search the records, with where each stands."""
    from ..services.records import listing

    found = listing(folder_of(review), search)
    if no_duplicates:
        found = [x for x in found if x.stands_for == x.record.record_id]
    if as_json:
        print_json([x.to_dict() for x in found])
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
