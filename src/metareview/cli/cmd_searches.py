"""metareview searches."""

from __future__ import annotations

from typing import Any

import click

from .common import folder_of, json_option, print_json, print_rows, review_option, say


@click.command()
@click.argument("name", required=False, metavar="[IMPORT]")
@review_option
@json_option
def COMMAND(name: str | None, review: str | None, as_json: bool) -> None:  # noqa: N802
    """List the searches, with hits against records read; or tell the report of one import, by its prefix or file."""
    from ..services import search_log

    folder = folder_of(review)
    if name is not None:
        _report(search_log.report(folder, name), as_json)
        return
    found = search_log.searches(folder)
    if as_json:
        print_json([s.to_dict() for s in found])
        return
    rows = [
        (
            s.name,
            s.source,
            s.date,
            len(s.exports),
            "" if s.hits is None else s.hits,
            s.records,
            s.finding,
            s.query,
            s.limits,
        )
        for s in found
    ]
    heads = ["search", "source", "date", "exports", "hits", "records", "check", "query", "limits"]
    print_rows(heads, rows, empty="no search yet")


def _report(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    repairs, aside, unknown = (told.pop(k) for k in ("repairs", "quarantined", "unknown_tags"))
    print_rows(["what", "value"], [(k, v) for k, v in told.items() if v not in ("", None, {})])
    if repairs:
        print_rows(["line", "record", "repair"], [(r["line"], r["record"], r["what"]) for r in repairs])
    if aside:
        rows = [(q["line"], q["last"], q["text"], q["why"]) for q in aside]
        print_rows(["line", "to", "quarantined text", "why"], rows)
    if unknown:
        click.echo("tags outside the format, kept: " + ", ".join(f"{tag} ({n})" for tag, n in unknown.items()))
    hidden = told["n_repaired"] + told["n_quarantined"] - len(repairs) - len(aside)
    if hidden:
        say(f"and {hidden} more, which the journal counts and does not list")
