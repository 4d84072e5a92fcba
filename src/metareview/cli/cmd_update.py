"""metareview update."""

from __future__ import annotations

import click

from .common import as_option, folder_of, json_option, print_json, print_rows, review_option


@click.group(invoke_without_command=True)
@review_option
@json_option
@click.pass_context
def COMMAND(ctx: click.Context, review: str | None, as_json: bool) -> None:  # noqa: N802
    """List the versions of a living review, and begin the next one."""
    if ctx.invoked_subcommand:
        return
    from ..services.versions import versions

    found = versions(folder_of(review))
    if as_json:
        print_json([vars(v) for v in found])
        return
    heads = ("version", "searches from", "exports", "records", "studies", "reports", "open", "begun by", "reason")
    rows = [(v.version, v.date, v.searches, v.records, v.studies, v.reports, v.open, v.by, v.reason) for v in found]
    print_rows(heads, rows)


@COMMAND.command()
@click.option("--date", required=True, help="Searches of this day and later belong to the new version.")
@click.option("--reason", required=True, help="Why the review is updated.")
@as_option
@review_option
def begin(date: str, reason: str, by: str | None, review: str | None) -> None:
    """Close the version as it stands and begin the next; searches of --DATE and later belong to it."""
    from ..report.numbers import plural
    from ..services.versions import begin as run
    from ..services.versions import versions

    folder = folder_of(review)
    new = run(folder, date, reason, by)
    old = versions(folder)[-2]
    reports = plural(old.reports, "report")
    left = f"; {plural(old.open, 'record')} left open, which version {new.version} takes up" if old.open else ""
    click.echo(f"version {old.version} is closed: {plural(old.studies, 'study', 'studies')} in {reports}{left}")
    here = f"; {plural(new.searches, 'export')} of it here already" if new.searches else ""
    click.echo(f"version {new.version} begins with searches from {new.date}{here}")


@COMMAND.command()
@click.option("--reason", required=True, help="Why the update is taken back.")
@as_option
@review_option
def withdraw(reason: str, by: str | None, review: str | None) -> None:
    """Take the last update back; every import and decision stays."""
    from ..services.versions import withdraw as run

    gone = run(folder_of(review), reason, by)
    click.echo(f"version {gone.version} is no version of its own any more; its searches belong to the one before")


@COMMAND.command()
@review_option
@json_option
def changes(review: str | None, as_json: bool) -> None:
    """List the records of the version before whose outcome is another now."""
    from ..services.versions import changed

    found = changed(folder_of(review))
    if as_json:
        print_json([dict(zip(("id", "then", "now", "citation"), row, strict=True)) for row in found])
        return
    print_rows(["id", "then", "now", "citation"], found, empty="every decision of the version before stands")
