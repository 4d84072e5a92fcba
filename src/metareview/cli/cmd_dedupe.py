"""metareview dedupe."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from .common import (
    as_option,
    folder_of,
    json_option,
    print_json,
    print_rows,
    progress_bar,
    review_option,
    say,
    workers_options,
)

if TYPE_CHECKING:
    from ..folder import ReviewFolder
    from ..literature.records import Record


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

    with progress_bar("deduplicating") as progress:
        outcome = run(folder_of(review), by, strictness, workers=workers, cluster=cluster, progress=progress)
    _print(outcome, as_json)


@COMMAND.command()
@as_option
@review_option
@json_option
def review(by: str | None, review: str | None, as_json: bool) -> None:
    """Judge the unsure pairs one by one, side by side."""
    from ..services.dedupe import unsure_pairs

    folder = folder_of(review)
    pairs = unsure_pairs(folder)
    if as_json:
        print_json([{"a": a.to_dict(), "b": b.to_dict(), "why": why} for a, b, why in pairs])
        return
    if not pairs:
        click.echo("no pair waits for a judgement")
        return
    _ask(folder, pairs, folder.person(by))


def _ask(folder: ReviewFolder, pairs: list[tuple[Record, Record, str]], person: str) -> None:
    """Ask pair by pair; each answer is on disk before the next pair, and duplicates are found anew once at the end."""
    from ..services.dedupe import record, run
    from ..services.state import load_state

    state = load_state(folder)
    strictness = str(state.literature.duplicates.settings.get("strictness", "default"))
    try:
        _answers(pairs, lambda a, b, same: record(folder, state, [(a, b, same)], person))
    finally:
        _print(run(folder, person, strictness), False)


def _answers(pairs: list[tuple[Record, Record, str]], judge: Callable[[str, str, bool], None]) -> None:
    for number, (a, b, why) in enumerate(pairs, start=1):
        fields = ("title", "authors", "year", "journal", "volume", "number", "pages", "doi")
        rows = [(f, _text(getattr(a, f)), _text(getattr(b, f))) for f in fields]
        print_rows(["", a.record_id, b.record_id], rows, f"pair {number} of {len(pairs)}: {why}")
        choice = click.Choice(list("sdlq"), case_sensitive=False)
        answer = click.prompt("same work? [s]ame, [d]ifferent, [l]ater, [q]uit", type=choice, show_choices=False)
        if answer == "q":
            break
        if answer != "l":
            judge(a.record_id, b.record_id, answer == "s")


@COMMAND.command()
@click.argument("a")
@click.argument("b")
@as_option
@review_option
@json_option
def merge(a: str, b: str, by: str | None, review: str | None, as_json: bool) -> None:
    """Decide that records A and B are one work."""
    from ..services.dedupe import judge

    _print(judge(folder_of(review), [(a, b, True)], by), as_json)


@COMMAND.command()
@click.argument("a")
@click.argument("b")
@as_option
@review_option
@json_option
def split(a: str, b: str, by: str | None, review: str | None, as_json: bool) -> None:
    """Decide that records A and B are two works; a merge is undone, also after screening began."""
    from ..services.dedupe import judge

    _print(judge(folder_of(review), [(a, b, False)], by), as_json)


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


def _print(outcome: object, as_json: bool) -> None:
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
    print_rows(
        ["record", "record", "rule", "reason"],
        [(m["a"], m["b"], m["rule"], m["reason"]) for m in found.merges],
        empty="no duplicates",
    )
    click.echo(f"{outcome.records} records, {outcome.records - outcome.kept} merged into others, {outcome.kept} kept")
    if not outcome.changed:
        say("nothing changed since the last run")
    if found.unsure:
        count = len(found.unsure)
        say(f"{plural(count, 'pair')} {'is' if count == 1 else 'are'} unsure: metareview dedupe review")


def _text(value: object) -> str:
    return "; ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
