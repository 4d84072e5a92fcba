"""What commands share: their options, and printing tables and JSON on stdout, talk on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ..folder import ReviewFolder, find_review

READABLE = 16  # characters of a column of text, below which it cannot be read
F = TypeVar("F", bound=Callable[..., Any])


def given_before(context: click.Context, param: click.Parameter, value: Any) -> Any:
    """Take the value given before the subcommand: `screen --stage fulltext record ...` means what it says."""
    name, above = str(param.name), context.parent
    given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
    return value if given or above is None or name not in above.params else above.params[name]


def review_option(function: F) -> F:
    """Add `--review DIR`, which is also accepted before the command."""
    return click.option(
        "--review",
        "review",
        metavar="DIR",
        callback=given_before,
        help="The review folder (default: at or above here).",
    )(function)


def json_option(function: F) -> F:
    """Add `--json`, for listings that a program reads."""
    return click.option("--json", "as_json", is_flag=True, callback=given_before, help="Print JSON.")(function)


def as_option(function: F) -> F:
    """Add `--as NAME`, the reviewer who decides."""
    return click.option(
        "--as",
        "by",
        metavar="NAME",
        callback=given_before,
        help="Who decides: a reviewer of the protocol (default: $METAREVIEW_AS, or the only one).",
    )(function)


def stage_option(function: F) -> F:
    """Add `--stage title|fulltext`."""
    return click.option(
        "--stage",
        type=click.Choice(["title", "fulltext"]),
        default="title",
        show_default=True,
        callback=given_before,
        help="Screening stage.",
    )(function)


def folder_of(review: str | None) -> ReviewFolder:
    """Return the review folder meant by `--review` here or before the command, or the one at or above here."""
    context = click.get_current_context(silent=True)
    return find_review(review or (context.find_root().obj if context else None))


def say(text: str) -> None:
    """Talk to the person, on stderr."""
    click.echo(text, err=True)


def workers_options(function: F) -> F:
    """Add `--workers N` and `--cluster dask://host:port`, which change who works and never the result."""
    add_workers = click.option(
        "--workers",
        type=click.IntRange(min=0),
        default=1,
        show_default=True,
        metavar="N",
        help="Processes that share the work; 0 takes every core.",
    )
    add_cluster = click.option("--cluster", metavar="dask://HOST:PORT", help="A Dask cluster that does the work.")
    return add_workers(add_cluster(function))


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout; numbers that JSON does not have become null."""
    click.echo(json.dumps(_plain(value), ensure_ascii=False, indent=2, default=str))


def print_rows(heads: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "", empty: str = "(none)") -> None:
    """Print a table on stdout; without a terminal it is as wide as its content."""
    if not rows:
        click.echo(empty)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=1000)
    table = Table(title=title or None, box=box.SIMPLE, title_justify="left", pad_edge=False)
    needed = 0
    for index, head in enumerate(heads):
        cells = [str(row[index]) for row in rows if row[index] is not None]
        whole = all(" " not in cell for cell in cells) and max(map(len, cells), default=0) <= 40
        table.add_column(Text(head), overflow="fold", no_wrap=whole)
        longest = max(map(len, (head, *cells)))
        needed += 3 + (longest if whole else min(longest, READABLE))
    console.width = max(console.width, needed)  # a terminal breaks the line then, and no id or text is lost
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n"))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if hasattr(value, "item"):
        return _plain(value.item())
    return value
