"""metareview import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import as_option, folder_of, json_option, print_json, review_option, say

if TYPE_CHECKING:
    from ..services.imports import Imported

SHOWN = 20


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--source", help="A source of the protocol.")
@click.option("--date", help="Date of the search, such as 2026-11-01.")
@click.option("--query", default="", help="The search as it was run; @FILE reads it from a file.")
@click.option("--limits", default="", help="Limits set beside the query: years, languages, kinds of document.")
@click.option("--hits", type=int, multiple=True, help="How many hits the source counted: once, or once for each file.")
@click.option("--map", "columns", metavar="FIELD=COLUMN", multiple=True, help="Of a table: the column of a field.")
@click.option("--withdraw", metavar="IMPORT", help="Take an import back instead: its prefix, file or SHA-256.")
@click.option("--reason", default="", help="Why an import is taken back.")
@as_option
@review_option
@json_option
def COMMAND(  # noqa: N802
    files: tuple[Path, ...],
    source: str | None,
    date: str | None,
    query: str,
    limits: str,
    hits: tuple[int, ...],
    columns: tuple[str, ...],
    withdraw: str | None,
    reason: str,
    by: str | None,
    review: str | None,
    as_json: bool,
) -> None:
    """Bring in exports of a search, byte for byte, and account for every line."""
    from ..services import imports
    from .progress import progress_bars

    if withdraw is not None:
        _withdraw(review, withdraw, reason, by, as_json)
        return
    missing = [name for name, value in (("FILES", files), ("--source", source), ("--date", date)) if not value]
    if missing or source is None or date is None:
        raise click.UsageError(f"Missing {', '.join(missing)}.")
    with progress_bars() as progress:
        outcomes = imports.run(
            folder_of(review), files, source, date, _text(query), hits, by, limits, _mapping(columns), progress
        )
    if as_json:
        print_json([_plain(o) for o in outcomes])
        return
    for outcome in outcomes:
        _show(outcome)
    read = sum(o.result.n_records for o in outcomes)
    if hits and sum(hits) != read and all(o.new for o in outcomes):
        say(
            f"note: {sum(hits)} hits were counted and {read} records were read; is an export missing, or cut at a limit?"
        )


def _withdraw(review: str | None, name: str, reason: str, by: str | None, as_json: bool) -> None:
    from ..report.numbers import plural
    from ..services import imports

    gone = imports.withdraw(folder_of(review), name, reason, by)
    if as_json:
        print_json({"withdrawn": gone.prefix, "file": gone.file, "records": gone.records})
    else:
        click.echo(f"{gone.file}: its {plural(gone.records, 'record')} ({gone.prefix}:NNNN) left the review")


def _text(query: str) -> str:
    """Return a query as said, or the text of the file it names after `@`."""
    if not query.startswith("@"):
        return query
    try:
        return Path(query[1:]).read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"the query file {query[1:]} cannot be read: {error}") from None


def _mapping(columns: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for item in columns:
        field, sign, column = item.partition("=")
        if not (field and sign and column):
            raise click.BadParameter(f'--map {item}: say FIELD=COLUMN, such as title="Article title"')
        found[field.strip()] = column.strip()
    return found


def _show(o: Imported) -> None:
    from ..report.numbers import plural

    r = o.result
    if not o.new:
        click.echo(
            f"{o.given}: imported before as {o.file}; nothing changed, also not its source, date, query and columns"
        )
        return
    click.echo(f"{o.given} -> {o.file}")
    how = ", ".join(filter(None, (r.format, f"from {r.system}" if r.system else "", r.encoding)))
    click.echo(f"  {how}, {r.n_lines} lines; record ids {o.prefix}:NNNN")
    repairs = plural(len(r.repairs), "repair")
    lines = plural(sum(q.last - q.line + 1 for q in r.quarantined), "line")
    seen = f" of {r.n_seen} seen" if r.n_seen != r.n_records else ""
    click.echo(f"  {plural(r.n_records, 'record')} read{seen}, {repairs}, {lines} quarantined")
    if o.untitled:
        more = ", ..." if len(o.untitled) > 3 else ""
        say(f"note: {plural(len(o.untitled), 'record')} without a title: {', '.join(o.untitled[:3])}{more}")
    for repair in r.repairs[:SHOWN]:
        click.echo(f"  repaired line {repair.line}: {repair.what}")
    for line in r.quarantined[:SHOWN]:
        to = f" to {line.last}" if line.last > line.line else ""
        click.echo(f"  quarantined line {line.line}{to}: {line.text!r} ({line.why})")
    hidden = max(0, len(r.repairs) - SHOWN) + max(0, len(r.quarantined) - SHOWN)
    if hidden:
        say(f"  and {hidden} more; `metareview searches {o.prefix}` lists them")
    if r.unknown_tags:
        tags = ", ".join(f"{tag} ({n})" for tag, n in r.unknown_tags.items())
        click.echo(f"  tags outside the format, kept: {tags}")


def _plain(o: Imported) -> dict[str, Any]:
    report = o.result.report()
    report["repaired"] = report.pop("repairs")
    given = {"given": str(o.given), "file": o.file, "new": o.new, "prefix": o.prefix}
    return {**given, **report, "hits": o.hits, "untitled": list(o.untitled)}
