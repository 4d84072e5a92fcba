"""metareview lessons."""

from __future__ import annotations

import click

from .common import as_option, folder_of, json_option, print_json, print_rows, review_option, say
from .progress import progress_bars


@click.group(invoke_without_command=True)
@click.option("--coded", is_flag=True, help="List the coded lessons instead.")
@click.option("--practice", is_flag=True, help="List the principles of residents and professionals instead.")
@review_option
@json_option
@click.pass_context
def COMMAND(ctx: click.Context, coded: bool, practice: bool, review: str | None, as_json: bool) -> None:  # noqa: N802
    """Tell what was learned per approach and outcome, in plain terms."""
    if ctx.invoked_subcommand:
        return
    from ..services.analyze import marked
    from ..services.lessons import run

    with progress_bars() as progress:
        found = run(folder_of(review), progress=progress)
    if coded or practice:
        rows = found.coded if coded else found.practice
        if as_json:
            print_json([{"id": r.row_id, "study": r.study_id, **r.values} for r in rows])
            return
        print_rows(
            ["id", "study", "values"],
            [(r.row_id, r.study_id, "; ".join(f"{k}: {v}" for k, v in r.values.items())) for r in rows],
        )
        return
    findings = [f.to_dict() for f in found.findings]
    if as_json:
        print_json(findings)
        return
    keys = ("key", "k", "change", "ci", "pi", "designs", "certainty")
    listed = [[marked(f["key"], f["flag"]), *(f[k] for k in keys[1:])] for f in findings]
    print_rows(keys, listed, empty="no analysis by approach has effects yet")
    doubts: dict[str, list[str]] = {}
    for f in findings:
        for doubt in f["doubts"]:
            doubts.setdefault(doubt, []).append(f["key"])
    for doubt, of in doubts.items():
        say(f"note: {doubt} ({', '.join(of)})")


@COMMAND.command()
@click.argument("about")
@click.argument("certainty", type=click.Choice(["high", "moderate", "low", "very_low"]))
@click.option("--reason", required=True, help="Why, in a sentence.")
@as_option
@review_option
def judge(about: str, certainty: str, reason: str, by: str | None, review: str | None) -> None:
    """Judge the certainty of a finding (APPROACH/ANALYSIS) or a coded lesson; name and date are kept."""
    from ..services.lessons import judge as run

    done = run(folder_of(review), about, certainty, reason, by)
    click.echo(f"{about}: {done.certainty} ({done.by}, {done.date})")
