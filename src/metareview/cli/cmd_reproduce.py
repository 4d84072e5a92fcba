"""metareview reproduce."""

from __future__ import annotations

import click

from .cmd_verify import show
from .common import folder_of, json_option, review_option
from .progress import progress_bars


@click.command()
@review_option
@json_option
def COMMAND(review: str | None, as_json: bool) -> None:  # noqa: N802
    """Rebuild everything in a clean folder from the inputs alone, and compare with the lockfile."""
    from ..services.provenance import reproduce

    with progress_bars() as progress:
        found = reproduce(folder_of(review), progress)
    show(found, as_json, "reproduced")
