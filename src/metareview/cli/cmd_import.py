"""metareview import."""

from __future__ import annotations

from pathlib import Path

import click

from .common import as_option, folder_of, json_option, print_json, review_option, say

SHOWN = 20


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--source", help="A source of the protocol.")
@click.option("--date", help="Date of the search, such as 2026-11-01.")
@click.option("--query", default="", help="The search as it was run.")
@click.option("--hits", type=int, help="How many hits the source counted.")
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
    hits: int | None,
    withdraw: str | None,
    reason: str,
    by: str | None,
    review: str | None,
    as_json: bool,
) -> None:
    """Bring in exports of a search, byte for byte, and account for every line."""
    from ..report.numbers import plural
    from ..services import imports
    from ..services.imports import Imported

    if withdraw is not None:
        gone = imports.withdraw(folder_of(review), withdraw, reason, by)
        if as_json:
            print_json({"withdrawn": gone.prefix, "file": gone.file, "records": gone.records})
        else:
            click.echo(f"{gone.file}: its {plural(gone.records, 'record')} ({gone.prefix}:NNNN) left the review")
        return
    missing = [name for name, value in (("FILES", files), ("--source", source), ("--date", date)) if not value]
    if missing or source is None or date is None:
        raise click.UsageError(f"Missing {', '.join(missing)}.")
    outcomes = imports.run(folder_of(review), files, source, date, query, hits, by)
    if as_json:
        print_json([_plain(o) for o in outcomes])
        return

    def show(o: Imported) -> None:
        r = o.result
        if not o.new:
            click.echo(f"{o.given}: imported before as {o.file}; nothing changed, also not its source, date and query")
            return
        click.echo(f"{o.given} -> {o.file}")
        click.echo(f"  {r.format}, {r.encoding}, {r.n_lines} lines; record ids {o.prefix}:NNNN")
        repairs, lines = plural(len(r.repairs), "repair"), plural(len(r.quarantined), "line")
        click.echo(f"  {plural(len(r.records), 'record')} read, {repairs}, {lines} quarantined")
        for repair in r.repairs[:SHOWN]:
            click.echo(f"  repaired line {repair.line}: {repair.what}")
        for line in r.quarantined[:SHOWN]:
            click.echo(f"  quarantined line {line.line}: {line.text!r} ({line.why})")
        hidden = max(0, len(r.repairs) - SHOWN) + max(0, len(r.quarantined) - SHOWN)
        if hidden:
            say(f"  and {hidden} more; --json lists all")
        if r.unknown_tags:
            tags = ", ".join(f"{tag} ({n})" for tag, n in r.unknown_tags.items())
            click.echo(f"  tags outside the format, kept: {tags}")

    for outcome in outcomes:
        show(outcome)
    read = sum(len(o.result.records) for o in outcomes)
    if hits is not None and hits != read:
        say(f"note: {hits} hits were counted and {read} records were read; is an export missing, or cut at a limit?")


def _plain(outcome: object) -> dict[str, object]:
    from ..services.imports import Imported

    assert isinstance(outcome, Imported)
    r = outcome.result
    return {
        "given": str(outcome.given),
        "file": outcome.file,
        "new": outcome.new,
        "prefix": outcome.prefix,
        "format": r.format,
        "encoding": r.encoding,
        "lines": r.n_lines,
        "records": len(r.records),
        "repaired": [{"line": x.line, "record": x.record_id, "what": x.what} for x in r.repairs],
        "quarantined": [{"line": x.line, "text": x.text, "why": x.why} for x in r.quarantined],
        "unknown_tags": dict(r.unknown_tags),
        "hits": outcome.hits,
    }
