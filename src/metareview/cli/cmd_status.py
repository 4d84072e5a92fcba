"""metareview status."""

from __future__ import annotations

import click

from .common import folder_of, json_option, print_json, print_rows, review_option


@click.command()
@review_option
@json_option
def COMMAND(review: str | None, as_json: bool) -> None:  # noqa: N802
    """Tell where the review stands and what to do next."""
    from ..services.status import run

    folder = folder_of(review)
    steps = [s.to_dict() for s in run(folder)]
    if as_json:
        print_json(steps)
        return
    click.echo(f"{folder.protocol.title}\n{folder.root}\n")
    print_rows(["step", "done", "left", "next"], [list(s.values()) for s in steps])
    step = next((s for s in steps if s["next"]), None)
    click.echo(
        f"next: {step['next']}" if step else "nothing is left to do; `metareview verify` compares all with the lock"
    )
