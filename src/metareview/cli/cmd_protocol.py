"""metareview protocol."""

from __future__ import annotations

import click

from ..errors import MetareviewError
from .common import as_option, folder_of, json_option, print_json, print_rows, review_option, say


@click.group()
def COMMAND() -> None:  # noqa: N802
    """Check, show, register and amend the plan of the review."""


@COMMAND.command()
@review_option
@json_option
def check(review: str | None, as_json: bool) -> None:
    """Tell every mistake of the protocol at once, each with its line."""
    from ..report.numbers import plural
    from ..services.protocol import check as run

    folder = folder_of(review)
    mistakes = run(folder)
    if as_json:
        print_json([{"line": m.line, "where": m.where, "what": m.what} for m in mistakes])
    if mistakes:
        listed = "\n".join(f"  {m}" for m in mistakes)
        count = plural(len(mistakes), "mistake")
        raise MetareviewError(f"{folder.protocol_path} has {count}:\n{listed}", "Mend the lines named.")
    if not as_json:
        click.echo(f"{folder.protocol_path.relative_to(folder.root)}: no mistakes")


@COMMAND.command()
@review_option
@json_option
def show(review: str | None, as_json: bool) -> None:
    """Show the plan: question, sources, screening, analyses."""
    protocol = folder_of(review).protocol
    if as_json:
        print_json(protocol.model_dump())
        return
    click.echo(f"{protocol.title} (version {protocol.version})\n\n{protocol.question.text}\n")
    print_rows(["source", "title", "kind", "track"], [(s.name, s.title, s.kind, s.track) for s in protocol.sources])
    print_rows(
        ["exclusion reason", "label", "stages"],
        [(r.code, r.label, ", ".join(r.stages)) for r in protocol.exclusion_reasons],
    )
    votes = protocol.screening
    click.echo(f"votes needed: {votes.title.votes} on title and abstract, {votes.fulltext.votes} on full text")
    click.echo(f"reviewers: {', '.join(r.name for r in protocol.reviewers)}\n")
    rows = [(a.name, a.label, a.tau2, a.test, a.subgroup, ", ".join(a.sensitivity), a.flag) for a in protocol.analyses]
    print_rows(["analysis", "label", "tau2", "test", "subgroup", "sensitivity", "flag"], rows)


@COMMAND.command()
@as_option
@click.option("--reason", default="", help="Why the plan changed; needed for every registration after the first.")
@click.option("--date", help="Date of registration (default: today).")
@review_option
def register(review: str | None, by: str | None, reason: str, date: str | None) -> None:
    """Record the protocol's hash and date; a later registration is an amendment."""
    from ..services.protocol import register as run

    done = run(folder_of(review), by, reason, date)
    click.echo(f"version {done.version} registered on {done.date} by {done.person}, SHA-256 {done.sha256}")


@COMMAND.command()
@review_option
@json_option
def amendments(review: str | None, as_json: bool) -> None:
    """List what changed since the first registration, value by value (PRISMA 2020 item 24c)."""
    from ..services.protocol import list_amendments

    known, found = list_amendments(folder_of(review))
    if as_json:
        print_json(
            {
                "registrations": [{k: v for k, v in vars(r).items() if k != "text"} for r in known],
                "amendments": [{**vars(a), "changes": [vars(c) for c in a.changes]} for a in found],
            }
        )
        return
    if not known:
        say("The protocol was not registered yet: metareview protocol register")
        return
    click.echo(f"registered first on {known[0].date}, version {known[0].version}")
    for a in found:
        who = f"{a.date} by {a.person}: {a.reason}" if a.registered else "not registered yet"
        click.echo(f"\namendment {a.number} ({who})")
        rows = [(c.where, _short(c.before), _short(c.after)) for c in a.changes]
        print_rows(["where", "before", "after"], rows, empty="comments or layout only")
    if not found:
        click.echo("no amendments")


def _short(value: object) -> str:
    return "(absent)" if value is None else str(value)
