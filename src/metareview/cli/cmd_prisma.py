"""metareview prisma."""

from __future__ import annotations

from pathlib import Path

import click

from .common import folder_of, json_option, print_json, print_rows, review_option, say


@click.group(invoke_without_command=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Also draw the diagram to OUT.svg, OUT.pdf, OUT.png and OUT.csv.",
)
@review_option
@json_option
@click.pass_context
def COMMAND(ctx: click.Context, out: Path | None, review: str | None, as_json: bool) -> None:  # noqa: N802
    """Count the PRISMA 2020 flow from events only, and check every identity; exit code 1 when one fails."""
    if ctx.invoked_subcommand:
        return
    from ..report.prisma import check, to_rows
    from ..services.prisma import run

    counts = run(folder_of(review))
    checks = check(counts)
    rows = to_rows(counts)
    if as_json:
        print_json({"counts": {k: counts.n(k) for k in counts.ids}, "checks": [vars(c) for c in checks]})
    else:
        print_rows(list(rows[0]), [list(r.values()) for r in rows])
        said = {True: "holds", False: "FAILS"}
        print_rows(
            ["id", "identity", "left", "right", "pending", "", "note"],
            [
                (
                    c.id,
                    c.rule,
                    c.left,
                    c.right,
                    c.pending,
                    said[c.holds] if c.severity == "error" or c.holds else "warns",
                    c.note,
                )
                for c in checks
            ],
        )
    if out is not None:
        from ..services.prisma import draw

        for path in draw(counts, out):
            say(f"wrote {path}")
    if any(not c.holds and c.severity == "error" for c in checks):
        ctx.exit(1)


@COMMAND.command()
@click.argument("box")
@review_option
@json_option
def ids(box: str, review: str | None, as_json: bool) -> None:
    """List the records, reports or studies behind BOX, such as `prisma ids dbr_excluded`."""
    from ..services.prisma import boxes, run
    from ..services.state import load_state

    folder = folder_of(review)
    state = load_state(folder)
    found = boxes(run(folder, state), state, box)
    if as_json:
        print_json([{"id": i, "citation": c} for i, c in found])
        return
    print_rows(["id", "citation"], found)
