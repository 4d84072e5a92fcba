"""metareview verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .common import folder_of, json_option, print_json, review_option, say
from .progress import progress_bars

if TYPE_CHECKING:
    from ..provenance.lockfile import Comparison


@click.command()
@review_option
@json_option
def COMMAND(review: str | None, as_json: bool) -> None:  # noqa: N802
    """Compare inputs, recomputed results and outputs with the lockfile; exit code 3 when something differs."""
    from ..services.provenance import verify

    with progress_bars() as progress:
        found = verify(folder_of(review), progress)
    show(found, as_json, "verified")


def show(comparison: Comparison, as_json: bool, word: str) -> None:
    """Print a comparison with the lockfile, and fail when something is not as locked."""
    from ..services.provenance import require_same

    if as_json:
        print_json({"compared": dict(comparison.compared), "differences": [vars(d) for d in comparison.differences]})
    for d in comparison.differences:
        if d.part == "versions":
            say(f"note: {d}")
    require_same(comparison)
    if not as_json:
        c = comparison.compared
        click.echo(f"{word}: {c['inputs']} inputs, {c['results']} results and {c['outputs']} outputs are as locked")
