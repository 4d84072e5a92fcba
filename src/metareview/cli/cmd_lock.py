"""metareview lock."""

from __future__ import annotations

import click

from .common import folder_of, review_option
from .progress import progress_bars


@click.command()
@review_option
def COMMAND(review: str | None) -> None:  # noqa: N802
    """Rebuild the outputs and pin inputs, versions, results and outputs in metareview.lock."""
    from ..services.provenance import lock

    folder = folder_of(review)
    with progress_bars() as progress:
        made = lock(folder, progress)
    click.echo(
        f"{folder.lock}: {len(made.inputs)} inputs, {len(made.results)} results, {len(made.outputs)} outputs pinned"
    )
