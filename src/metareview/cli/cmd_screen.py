"""metareview screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .common import (
    as_option,
    folder_of,
    json_option,
    print_json,
    print_rows,
    review_option,
    say,
    stage_option,
)

if TYPE_CHECKING:
    from ..literature.records import Record
    from ..services.screen import Session

SHOWN = ("title", "authors", "year", "journal", "doi", "abstract", "keywords")
KEYS = "[i]nclude  [e]xclude  [m]aybe  [u]ndo  [q]uit"


@click.group(invoke_without_command=True)
@stage_option
@as_option
@review_option
@click.pass_context
def COMMAND(ctx: click.Context, stage: str, by: str | None, review: str | None) -> None:  # noqa: N802
    """Screen one record at a time; each decision is on disk before the next record is shown."""
    if ctx.invoked_subcommand:
        return
    from ..services.screen import Session

    session = Session(folder_of(review), stage, by)  # type: ignore[arg-type]
    total = session.waiting
    while (record := session.next()) is not None:
        _show(record, f"{total - session.waiting + 1} of {total}")
        _show_sources(session)
        if not _answer(session):
            break
    left = session.waiting
    say(f"{left} records wait for {session.person}" if left else f"nothing waits for {session.person} at {stage}")


def _show(record: Record, place: str) -> None:
    import textwrap

    click.echo("\n" + "─" * 78)
    click.secho(f"{record.record_id}  ({place})", dim=True)
    click.secho(textwrap.fill(record.title or "(no title)", 78), bold=True)
    who = "; ".join(record.authors[:6]) + (" and others" if len(record.authors) > 6 else "")
    click.echo(textwrap.fill(f"{who} ({record.year or 'n.d.'}). {record.journal} {record.doi}".strip(), 78))
    click.echo("\n" + textwrap.fill(record.abstract or "(no abstract)", 78))
    if record.keywords:
        click.secho(textwrap.fill("keywords: " + "; ".join(record.keywords), 78), dim=True)


def _show_sources(session: Session) -> None:
    """Name the copy behind each value that the record itself does not have."""
    import textwrap

    for field in session.borrowed():
        if field.name in SHOWN:
            where = "; ".join(str(g) for g in (field.given_by if field.rule == "united" else field.given_by[:1]))
            click.secho(textwrap.fill(f"{field.name}: from {where} ({field.why})", 78), dim=True)


def _answer(session: Session) -> bool:
    while True:
        answer = click.prompt(KEYS, prompt_suffix=" > ").strip().lower()[:1]
        if answer == "q":
            return False
        if answer == "u":
            if session.undo() is None:
                say("nothing to undo in this session")
                continue
            say("the last vote was taken back")
            return True
        if answer in ("i", "m"):
            session.vote({"i": "include", "m": "maybe"}[answer])
            return True
        if answer == "e":
            session.vote("exclude", _reason(session))
            return True
        say(f"`{answer}` is not a key: {KEYS}")


def _reason(session: Session) -> str:
    codes = session.folder.protocol.reason_codes(session.stage)
    for number, code in enumerate(codes, start=1):
        click.echo(f"  {number}  {session.folder.protocol.reason_label(code)}")
    optional = session.stage == "title"
    while True:
        answer = click.prompt(
            "reason" + (" (empty: none)" if optional else ""),
            default="" if optional else None,
            show_default=False,
        )
        if not answer:
            return ""
        if answer in codes:
            return str(answer)
        if answer.isdigit() and 1 <= int(answer) <= len(codes):
            return codes[int(answer) - 1]
        say(f"`{answer}` is not one of them")


@COMMAND.command()
@click.argument("record")
@click.argument("decision", type=click.Choice(["include", "exclude", "maybe"]))
@click.option("--reason", default="", help="An exclusion reason of the protocol; needed at full text.")
@click.option("--note", default="", help="A remark to keep with the vote.")
@stage_option
@as_option
@review_option
def record(record: str, decision: str, reason: str, note: str, stage: str, by: str | None, review: str | None) -> None:
    """Cast one vote on a record."""
    from ..services.screen import cast

    cast_now = cast(folder_of(review), stage, [(record, decision, reason, note)], by)  # type: ignore[arg-type]
    click.echo(f"{record}: {decision} at {stage} ({cast_now[0] if cast_now else 'this vote stands already'})")


@COMMAND.command()
@click.argument("record")
@stage_option
@as_option
@review_option
def undo(record: str, stage: str, by: str | None, review: str | None) -> None:
    """Take back one's own vote on a record."""
    from ..services.screen import undo as run

    run(folder_of(review), stage, record, by)  # type: ignore[arg-type]
    click.echo(f"{record}: vote at {stage} taken back")


@COMMAND.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@stage_option
@as_option
@review_option
def import_(file: Path, stage: str, by: str | None, review: str | None) -> None:
    """Cast the votes of a table: record, decision, reason, note, reviewer."""
    from ..services.screen import import_votes

    click.echo(f"{import_votes(folder_of(review), file, stage, by)} votes cast at {stage}")  # type: ignore[arg-type]


@COMMAND.command()
@click.option("--stage", type=click.Choice(["title", "fulltext"]), help="Only this stage.")
@review_option
@json_option
def conflicts(stage: str | None, review: str | None, as_json: bool) -> None:
    """List records whose votes disagree; exit code 1 when there are any."""
    from ..services.screen import conflicts as run

    found = run(folder_of(review), stage)  # type: ignore[arg-type]
    rows: list[dict[str, Any]] = [
        {
            "record": r.record_id, "stage": d.stage, "why": d.why, "citation": r.cite(),
            "votes": [f"{v.by}: {v.decision} {v.reason}".strip() for v in d.votes],
        }
        for r, d in found
    ]  # fmt: skip
    if as_json:
        print_json(rows)
    else:
        shown = [(r["record"], r["stage"], r["why"], "; ".join(r["votes"]), r["citation"]) for r in rows]
        print_rows(["record", "stage", "why", "votes", "citation"], shown, empty="no conflicts")
    if rows:
        click.get_current_context().exit(1)


@COMMAND.command()
@click.argument("record")
@click.argument("decision", type=click.Choice(["include", "exclude"]))
@click.option("--reason", default="", help="An exclusion reason of the protocol.")
@click.option("--note", default="", help="What was agreed.")
@stage_option
@as_option
@review_option
def resolve(record: str, decision: str, reason: str, note: str, stage: str, by: str | None, review: str | None) -> None:
    """Settle a conflict; the votes stay as they were cast."""
    from ..services.screen import resolve as run

    run(folder_of(review), stage, record, decision, reason, note, by)  # type: ignore[arg-type]
    click.echo(f"{record}: resolved as {decision} at {stage}")


@COMMAND.command()
@stage_option
@review_option
@json_option
def agreement(stage: str, review: str | None, as_json: bool) -> None:
    """Show Cohen's kappa, with its interval, of every two screeners' first votes."""
    from ..services.screen import agreement as run

    found = run(folder_of(review), stage)  # type: ignore[arg-type]
    if as_json:
        print_json(
            [{**vars(a), "table": [{"first": x, "second": y, "n": n} for (x, y), n in a.table.items()]} for a in found]
        )
        return
    rows = [
        (
            a.first,
            a.second,
            a.n,
            f"{100 * a.observed:.1f}%",
            _kappa(a.kappa),
            f"{_kappa(a.ci_low)} to {_kappa(a.ci_high)}",
        )
        for a in found
    ]
    print_rows(
        ["first", "second", "records", "equal", "kappa", "95% CI"],
        rows,
        empty="no record has two first votes yet",
    )


def _kappa(value: float) -> str:
    return "undefined" if value != value else f"{value:.3f}"
