"""metareview show."""

from __future__ import annotations

import click

from .common import folder_of, json_option, print_json, review_option
from .progress import progress_bars


@click.command()
@click.argument("name", metavar="ID")
@review_option
@json_option
def COMMAND(name: str, review: str | None, as_json: bool) -> None:  # noqa: N802
    """Walk a pooled number, effect, study, lesson, principle or record back to where it came from."""
    from ..services.show import run

    with progress_bars() as progress:
        facts = run(folder_of(review), name, progress)
    if as_json:
        print_json([{"what": k, "value": v} for k, v in facts])
        return
    width = max(len(k) for k, _ in facts)
    for key, value in facts:
        if value is not None and value != "" and value == value:  # an interval that does not exist is nan
            click.echo(f"{key:<{width}}  {value}")
