"""metareview study."""

from __future__ import annotations

from pathlib import Path

import click

from .common import as_option, folder_of, json_option, print_json, print_rows, review_option


@click.group()
def COMMAND() -> None:  # noqa: N802
    """Link reports to the studies they tell of, and list the included studies."""


@COMMAND.command()
@click.argument("report")
@click.argument("study")
@as_option
@review_option
def link(report: str, study: str, by: str | None, review: str | None) -> None:
    """Say that REPORT tells of STUDY, such as `study link scopus-2026-11:0017 smith2019`."""
    from ..services.retrieve import link as run

    run(folder_of(review), [(report, study)], by)
    click.echo(f"{report} -> {study}")


@COMMAND.command(name="list")
@review_option
@json_option
def list_(review: str | None, as_json: bool) -> None:
    """List the included studies with their reports."""
    from ..services.state import load_state

    state = load_state(folder_of(review))
    studies = state.included_studies()
    if as_json:
        print_json([{"study": s, "reports": reports} for s, reports in studies.items()])
        return
    rows = [(s, ", ".join(reports), state.records[reports[0]].cite()) for s, reports in studies.items()]
    print_rows(["study", "reports", "citation"], rows, empty="no included report is linked to a study yet")


@COMMAND.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@as_option
@review_option
def import_(file: Path, by: str | None, review: str | None) -> None:
    """Link the reports of a table: report, study."""
    from ..report.numbers import plural
    from ..services.retrieve import link_from

    click.echo(f"{plural(link_from(folder_of(review), file, by), 'link')} recorded")
