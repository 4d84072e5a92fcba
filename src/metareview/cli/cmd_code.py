"""metareview code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .common import as_option, folder_of, json_option, print_json, print_rows, review_option, say

overwrite_option = click.option("--overwrite", is_flag=True, help="Write over FILE even if it may hold unsaved work.")
LEVEL = click.Choice(["study", "effect", "lesson", "practice"])


@click.group()
def COMMAND() -> None:  # noqa: N802
    """Code studies, effects, lessons and practice principles on forms made from the codebook."""


@COMMAND.command()
@click.argument("level", type=LEVEL)
@click.argument("file", type=click.Path(path_type=Path))
@overwrite_option
@as_option
@review_option
def form(level: str, file: Path, overwrite: bool, by: str | None, review: str | None) -> None:
    """Write the form of LEVEL to FILE (.csv or .xlsx), with what you coded filled in."""
    from ..services.code import form as run

    rows = run(folder_of(review), level, file, by, overwrite)  # type: ignore[arg-type]
    click.echo(f"{file}: form of level {level} with {rows} rows; fill it in and `metareview code import {file}`")


@COMMAND.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@as_option
@review_option
@json_option
def import_(file: Path, by: str | None, review: str | None, as_json: bool) -> None:
    """Check every cell of a filled form and take it in; any wrong cell stops the whole form."""
    from ..services.code import import_form

    done = import_form(folder_of(review), file, by)
    if as_json:
        print_json(vars(done))
        return
    click.echo(
        f"{file}: {done.rows} {done.level} rows: {done.new} new, {done.changed} changed, {done.unchanged} unchanged"
    )
    if done.form:
        say(f"kept as {done.form}")


@COMMAND.command()
@click.argument("level", type=LEVEL)
@click.argument("file", type=click.Path(path_type=Path))
@overwrite_option
@review_option
def export(level: str, file: Path, overwrite: bool, review: str | None) -> None:
    """Write what was coded at LEVEL to FILE (.csv or .xlsx)."""
    from ..services.code import export as run

    click.echo(f"{file}: {run(folder_of(review), level, file, overwrite)} {level} rows")  # type: ignore[arg-type]


@COMMAND.command(name="list")
@click.argument("level", type=LEVEL)
@review_option
@json_option
def list_(level: str, review: str | None, as_json: bool) -> None:
    """List what was coded at LEVEL."""
    from ..services.state import load_state

    rows = load_state(folder_of(review)).coding.rows[level].values()
    if as_json:
        print_json([vars(r) | {"values": dict(r.values)} for r in rows])
        return
    print_rows(
        ["id", "study", "coded by", "form", "row"],
        [(r.row_id, r.study_id, r.by, r.form, r.cell_row) for r in rows],
    )


@COMMAND.command()
@review_option
@json_option
def conflicts(review: str | None, as_json: bool) -> None:
    """List rows that coders coded differently; exit code 1 when there are any."""
    from ..services.code import conflicts as run

    found = run(folder_of(review))
    shown: list[dict[str, Any]] = [
        {
            "level": level,
            "id": row_id,
            "variable": v,
            "coded": [{"by": r.by, "value": r.values.get(v)} for r in rows],
        }
        for level, row_id, rows in found
        for v in dict.fromkeys(k for r in rows for k in r.values)
        if len({str(r.values.get(v)) for r in rows}) > 1
    ]
    if as_json:
        print_json(shown)
    else:
        lines = [(s["level"], s["id"], s["variable"], _who_coded_what(s["coded"])) for s in shown]
        print_rows(["level", "id", "variable", "coded"], lines, empty="no conflicts")
    if found:
        click.get_current_context().exit(1)


def _who_coded_what(coded: list[dict[str, Any]]) -> str:
    return "; ".join(f"{c['by']}: {'(empty)' if c['value'] is None else c['value']}" for c in coded)


@COMMAND.command()
@click.argument("level", type=LEVEL)
@click.argument("row_id", metavar="ID")
@click.option("--take", required=True, metavar="NAME", help="The coder whose row stands.")
@as_option
@review_option
def resolve(level: str, row_id: str, take: str, by: str | None, review: str | None) -> None:
    """Settle a row that two coders coded differently."""
    from ..services.code import resolve as run

    run(folder_of(review), level, row_id, take, by)  # type: ignore[arg-type]
    click.echo(f"{level} {row_id}: the row of {take} stands")


@COMMAND.command()
@click.argument("level", type=LEVEL)
@click.argument("row_id", metavar="ID")
@click.option("--reason", required=True, help="Why it is taken back.")
@as_option
@review_option
def withdraw(level: str, row_id: str, reason: str, by: str | None, review: str | None) -> None:
    """Take back one's own coding of a row; the journal keeps it, with the reason."""
    from ..services.code import withdraw as run

    run(folder_of(review), level, row_id, reason, by)  # type: ignore[arg-type]
    click.echo(f"{level} {row_id}: taken back")
