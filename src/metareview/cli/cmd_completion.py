"""metareview completion."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def COMMAND(shell: str) -> None:  # noqa: N802
    """Print the completion script of a shell, such as: eval "$(metareview completion bash)"."""
    from click.shell_completion import get_completion_class

    from . import cli

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(cli, {}, "metareview", "_METAREVIEW_COMPLETE").source())
