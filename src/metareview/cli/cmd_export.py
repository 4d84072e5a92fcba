"""metareview export."""

from __future__ import annotations

from pathlib import Path

import click

from .common import folder_of, review_option


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", help="A format that can be written; by default that of the ending of OUT, else RIS."
)
@click.option(
    "--which",
    type=click.Choice(["all", "kept", "screened-in", "included"]),
    default="all",
    show_default=True,
    help="All that were imported, or those kept after deduplication, taken in on title, or included on full text.",
)
@click.option("--import", "of", default="", metavar="PREFIX", help="Only the records of one import.")
@review_option
def COMMAND(out: Path, format_: str | None, which: str, of: str, review: str | None) -> None:  # noqa: N802
    """Write records to the file OUT for another program; what came in as RIS goes out as it came in."""
    from ..report.numbers import plural
    from ..services.export import run

    records = run(folder_of(review), out, format_, which, of)  # type: ignore[arg-type]
    click.echo(f"{out}: {plural(len(records), 'record')}")
