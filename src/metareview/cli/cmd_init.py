"""metareview init."""

from __future__ import annotations

from pathlib import Path

import click

from .common import say


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
def COMMAND(directory: Path) -> None:  # noqa: N802
    """Lay out a review folder with a commented protocol."""
    from ..services.init import run

    folder = run(directory)
    click.echo(folder.protocol_path)
    say("Fill in the protocol, then: metareview protocol check && metareview protocol register --as NAME")
