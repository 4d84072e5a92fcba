"""metareview prisma."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .common import F, folder_of, given_before, json_option, print_json, print_rows, review_option, say

if TYPE_CHECKING:
    from ..report.prisma import IdentityCheck


def _version_option(function: F) -> F:
    """Add `--version N`, which is also accepted before the subcommand."""
    return click.option(
        "--version",
        type=int,
        metavar="N",
        callback=given_before,
        help="A version of the review as it was when it was closed (default: the one in the making).",
    )(function)


@click.group(invoke_without_command=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Also draw the diagram to OUT.svg, OUT.pdf, OUT.png and OUT.csv.",
)
@click.option("--identities", is_flag=True, help="List every identity, not only those pending or failing.")
@_version_option
@review_option
@json_option
@click.pass_context
def COMMAND(  # noqa: N802
    ctx: click.Context, out: Path | None, identities: bool, version: int | None, review: str | None, as_json: bool
) -> None:
    """Count the PRISMA 2020 flow from events only, and check every identity; exit code 1 when one fails."""
    if ctx.invoked_subcommand:
        return
    from ..report.prisma import check, to_rows
    from ..services.prisma import run

    counts = run(folder_of(review), version=version)
    checks = check(counts)
    rows = to_rows(counts)
    if as_json:
        print_json({"counts": {k: counts.n(k) for k in counts.ids}, "checks": [vars(c) for c in checks]})
    else:
        keys = ("lane", "line", "detail", "r_key", "n")
        print_rows(("lane", "box", "of which", "key", "n"), [[r[k] for k in keys] for r in rows])
        _show_identities(checks, identities)
    if out is not None:
        from ..services.prisma import draw

        for path in draw(counts, out):
            say(f"wrote {path}")
    if any(not c.holds and c.severity == "error" for c in checks):
        ctx.exit(1)


def _show_identities(checks: list[IdentityCheck], every: bool) -> None:
    click.echo(f"{sum(c.holds for c in checks)} of {len(checks)} identities hold")
    shown = [c for c in checks if every or c.pending or not c.holds]
    words = [("holds" if c.holds else "warns" if c.severity == "warn" else "FAILS") for c in shown]
    rows = [(c.id, word, c.left, c.right, c.pending, c.rule, c.note) for c, word in zip(shown, words, strict=True)]
    if rows:
        print_rows(["id", "", "left", "right", "pending", "identity", "note"], rows)


@COMMAND.command()
@click.argument("box")
@_version_option
@review_option
@json_option
def ids(box: str, version: int | None, review: str | None, as_json: bool) -> None:
    """List the records, reports or studies behind BOX, such as `prisma ids dbr_excluded`."""
    from ..services.prisma import boxes, run
    from ..services.state import load_state
    from ..services.versions import at

    folder = folder_of(review)
    folder = folder if version is None else at(folder, version)
    state = load_state(folder)
    found = boxes(run(folder, state), state, box)
    if as_json:
        print_json([{"id": i, "citation": c} for i, c in found])
        return
    print_rows(["id", "citation"], found)
