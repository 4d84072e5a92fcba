"""metareview verify."""

from __future__ import annotations

import click

from .common import folder_of, json_option, print_json, review_option, say


@click.command()
@review_option
@json_option
def COMMAND(review: str | None, as_json: bool) -> None:  # noqa: N802
    """Compare inputs, recomputed results and outputs with the lockfile; exit code 3 when something differs."""
    from ..services.provenance import require_same, verify

    show(verify(folder_of(review)), as_json, "verified", require_same)


def show(comparison, as_json, word, require_same):  # type: ignore[no-untyped-def]
    """Print a comparison with the lockfile, and fail when something is not as locked."""
    if as_json:
        print_json({"compared": dict(comparison.compared), "differences": [vars(d) for d in comparison.differences]})
    for d in comparison.differences:
        if d.part == "versions":
            say(f"note: {d}")
    require_same(comparison, word)
    if not as_json:
        c = comparison.compared
        click.echo(f"{word}: {c['inputs']} inputs, {c['results']} results and {c['outputs']} outputs are as locked")
