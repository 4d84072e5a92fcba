"""metareview dedupe."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from .common import (
    as_option,
    folder_of,
    json_option,
    print_json,
    print_rows,
    review_option,
    say,
    workers_options,
)
from .progress import progress_bars

if TYPE_CHECKING:
    from ..services.duplicates import Judging


@click.group(invoke_without_command=True)
@click.option("--strictness", type=click.Choice(["default", "doi", "exact"]), default="default", show_default=True)
@workers_options
@as_option
@review_option
@json_option
@click.pass_context
def COMMAND(  # noqa: N802
    ctx: click.Context,
    strictness: str,
    workers: int,
    cluster: str | None,
    by: str | None,
    review: str | None,
    as_json: bool,
) -> None:
    """Merge records of one work by named rules; unsure pairs wait for a person."""
    if ctx.invoked_subcommand:
        return
    from ..services.dedupe import run

    with progress_bars() as start:
        progress = start("deduplicating")
        outcome = run(folder_of(review), by, strictness, workers=workers, cluster=cluster, progress=progress)
    _print(outcome, as_json)


@COMMAND.command()
@click.option("--plain", is_flag=True, help="Ask line by line, without a screen; so it is where there is no terminal.")
@click.option("--reason", default="", help="Only pairs whose reason holds these words, such as preprint.")
@as_option
@review_option
@json_option
def review(plain: bool, reason: str, by: str | None, review: str | None, as_json: bool) -> None:
    """Judge the unsure pairs one by one, side by side on screen; each answer is on disk before the next pair is shown."""
    from ..services.duplicates import Judging

    session = Judging(folder_of(review), by, reason, reading=as_json)
    if as_json:
        print_json([{"a": p.a.to_dict(), "b": p.b.to_dict(), "why": p.why} for p in session.pairs])
    elif not session.pairs:
        click.echo("no pair waits for a judgement")
    else:
        _ask(session, plain or not _on_terminal())


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _ask(session: Judging, plain: bool) -> None:
    """Ask on screen or line by line; duplicates are found anew once at the end, however it ends."""
    from ..report.numbers import plural

    try:
        if plain:
            _answers(session)
        else:
            from ..tui.duplicates import DuplicatesApp

            DuplicatesApp(session).run()
    finally:
        _print(session.close(), False, set())
        same = sum(session.judged.values())
        said = f"{same} the same, {len(session.judged) - same} different"
        say(f"{plural(len(session.judged), 'pair')} of {len(session.pairs)} judged: {said}")


def _answers(session: Judging) -> None:
    for at, pair in enumerate(session.pairs):
        fields = ("title", "authors", "year", "journal", "volume", "number", "pages", "doi")
        rows = [(f, _text(getattr(pair.a, f)), _text(getattr(pair.b, f))) for f in fields]
        print_rows(["", *pair.ids], rows, f"pair {at + 1} of {len(session.pairs)}: {pair.why}")
        choice = click.Choice(list("sdlq"), case_sensitive=False)
        answer = click.prompt("same work? [s]ame, [d]ifferent, [l]ater, [q]uit", type=choice, show_choices=False)
        if answer == "q":
            break
        if answer != "l":
            session.judge(at, answer == "s")


@COMMAND.command()
@click.argument("a")
@click.argument("b")
@as_option
@review_option
@json_option
def merge(a: str, b: str, by: str | None, review: str | None, as_json: bool) -> None:
    """Decide that records A and B are one work."""
    from ..services.dedupe import judge

    _print(judge(folder_of(review), [(a, b, True)], by), as_json, {a, b})


@COMMAND.command()
@click.argument("a")
@click.argument("b")
@as_option
@review_option
@json_option
def split(a: str, b: str, by: str | None, review: str | None, as_json: bool) -> None:
    """Decide that records A and B are two works; a merge is undone, also after screening began."""
    from ..services.dedupe import judge

    _print(judge(folder_of(review), [(a, b, False)], by), as_json, {a, b})


@COMMAND.command()
@click.argument("record")
@as_option
@review_option
@json_option
def unmerge(record: str, by: str | None, review: str | None, as_json: bool) -> None:
    """Take RECORD out of its cluster whole; the others stay merged, also after screening began."""
    from ..services.duplicates import unmerge as run

    done = run(folder_of(review), record, by)
    for a, b in done.held:
        say(f"{a} and {b} were linked by {record} only; they are judged the same, so that they stay merged")
    _print(done.outcome, as_json, {record})


@COMMAND.command()
@click.argument("a")
@click.argument("b", required=False)
@as_option
@review_option
@json_option
def reopen(a: str, b: str | None, by: str | None, review: str | None, as_json: bool) -> None:
    """Take back what people judged of A and B, or of A and any other; the rules decide again, or the pair waits."""
    from ..services.duplicates import reopen as run

    outcome, pairs = run(folder_of(review), a, b, by)
    for first, second in pairs:
        say(f"the judgement on {first} and {second} was taken back")
    _print(outcome, as_json, {r for pair in pairs for r in pair})


@COMMAND.command(name="list")
@review_option
@json_option
def list_(review: str | None, as_json: bool) -> None:
    """List every merge with the rule that fired."""
    from ..services.state import load_state

    merges = load_state(folder_of(review)).literature.duplicates.merges
    if as_json:
        print_json([dict(m) for m in merges])
        return
    print_rows(["record", "record", "rule", "reason"], [(m["a"], m["b"], m["rule"], m["reason"]) for m in merges])


def _print(outcome: object, as_json: bool, about: set[str] | None = None) -> None:
    """Print an outcome; where it is about some records, of the merges only those in their clusters."""
    from ..report.numbers import plural
    from ..services.dedupe import Deduplicated

    assert isinstance(outcome, Deduplicated)
    found = outcome.duplicates
    if as_json:
        print_json(
            {"records": outcome.records, "kept": outcome.kept, "changed": outcome.changed, "clusters": found.clusters,
             "merges": [dict(m) for m in found.merges], "unsure": [dict(u) for u in found.unsure]}
        )  # fmt: skip
        return
    shown = {r for c in found.clusters if about is None or about.intersection(c) for r in c}
    if about is None or about:
        print_rows(
            ["record", "record", "rule", "reason"],
            [(m["a"], m["b"], m["rule"], m["reason"]) for m in found.merges if m["a"] in shown],
            empty="no duplicates" if about is None else "merged with no other record",
        )
    click.echo(f"{outcome.records} records, {outcome.records - outcome.kept} merged into others, {outcome.kept} kept")
    if not outcome.changed:
        say("nothing changed since the last run")
    if found.unsure:
        count = len(found.unsure)
        say(f"{plural(count, 'pair')} {'is' if count == 1 else 'are'} unsure: metareview dedupe review")


def _text(value: object) -> str:
    return "; ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
