"""metareview retrieve."""

from __future__ import annotations

from pathlib import Path

import click

from .common import as_option, folder_of, json_option, print_json, print_rows, review_option


@click.group(invoke_without_command=True)
@click.option(
    "--only",
    type=click.Choice(["waiting", "retrieved", "not-retrieved"]),
    default=None,
    help="List only these.",
)
@review_option
@json_option
@click.pass_context
def COMMAND(ctx: click.Context, only: str | None, review: str | None, as_json: bool) -> None:  # noqa: N802
    """List the reports sought, and record which texts were obtained."""
    if ctx.invoked_subcommand:
        return
    from ..services.retrieve import reports

    found = reports(folder_of(review), only or "")
    words = {None: "waiting", True: "retrieved", False: "not retrieved"}
    said = {r.record.record_id: "contradiction" if r.contradiction else words[r.retrieved] for r in found}
    if as_json:
        print_json(
            [
                {
                    "report": r.record.record_id,
                    "status": said[r.record.record_id],
                    "reason": r.contradiction or r.reason,
                    "study": r.study,
                }
                for r in found
            ]
        )
        return
    rows = [
        (r.record.record_id, said[r.record.record_id], r.contradiction or r.reason, r.study, r.record.cite())
        for r in found
    ]
    print_rows(["report", "status", "reason", "study", "citation"], rows, empty="no report is sought yet")


@COMMAND.command()
@click.argument("report")
@click.argument("outcome", type=click.Choice(["retrieved", "not-retrieved"]))
@click.option("--reason", default="", help="Why the text could not be obtained.")
@as_option
@review_option
def record(report: str, outcome: str, reason: str, by: str | None, review: str | None) -> None:
    """Record what became of a report sought."""
    from ..services.retrieve import close

    close(folder_of(review), [(report, outcome == "retrieved", reason)], by)
    click.echo(f"{report}: {outcome}")


@COMMAND.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@as_option
@review_option
def import_(file: Path, by: str | None, review: str | None) -> None:
    """Record the outcomes of a table: report, outcome (retrieved or not-retrieved), reason."""
    from ..report.numbers import plural
    from ..services.retrieve import close_from

    click.echo(f"{plural(close_from(folder_of(review), file, by), 'outcome')} recorded")
