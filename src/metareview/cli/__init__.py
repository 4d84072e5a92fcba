"""The command line: one command a file, found by walking this package; each parses, calls one service, and renders."""

from __future__ import annotations

import importlib
import io
import pkgutil
import sys
import warnings
from typing import Any

import click

from ..errors import MetareviewError, MetareviewWarning

# What a review does first comes first in `--help`; commands of later files follow in alphabetical order.
ORDER = (
    "init", "protocol", "import", "searches", "dedupe", "screen", "retrieve", "study", "code", "effects", "analyze", "diagnose",
    "prisma", "lessons", "report", "update", "export", "status", "records", "show", "lock", "verify", "reproduce",
)  # fmt: skip


class LazyGroup(click.Group):
    """A group whose commands are the modules of this package that expose `COMMAND`; a module is loaded when named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, from the file names alone."""
        found = [m.name.removeprefix("cmd_") for m in pkgutil.iter_modules(__path__) if m.name.startswith("cmd_")]
        rank = {name: i for i, name in enumerate(ORDER)}
        return sorted(found, key=lambda name: (rank.get(name, len(rank)), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command; None lets click say that there is no such command, and which are close."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{__name__}.cmd_{cmd_name}").COMMAND
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Resolve a command, and suggest close names for a mistyped one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if close and "did you mean" not in error.message.lower():
                raise click.UsageError(f"{error.message} Did you mean `{close[0]}`?", ctx) from None
            raise


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="metareview")
@click.option(
    "--review",
    metavar="DIR",
    help="The review folder; by default the folder at or above the current one that holds protocols/.",
)
@click.pass_context
def cli(ctx: click.Context, review: str | None) -> None:
    """Systematic review and meta-analysis, from literature exports to lessons learned.

    Exit codes: 0 done, 1 the review says no (conflicts left, checks failed), 2 usage, 3 stale or failed verification.
    """
    ctx.obj = review


def main(args: list[str] | None = None) -> None:
    """Run the command line; the one place that turns errors into messages on stderr and exit codes."""
    warnings.showwarning = _tell
    warnings.simplefilter("once", MetareviewWarning)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console without τ shows a question mark, not a traceback
    try:
        code = cli.main(args=args, prog_name="metareview", standalone_mode=False)
    except MetareviewError as error:
        click.echo(f"error: {error.message}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; what was acknowledged is on disk", err=True)
        sys.exit(130)
    except SystemExit:
        sys.exit(0)  # click's answer to a closed pipe, and to nothing else: the reader had enough
    except OSError as error:
        click.echo(f"error: {error.filename or 'a file'}: {error.strerror or error}", err=True)
        click.echo("hint: check that the disk has room and that you may read and write there", err=True)
        sys.exit(2)
    sys.exit(code if isinstance(code, int) else 0)


_show_warning = warnings.showwarning


def _tell(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    if issubclass(category, MetareviewWarning):
        click.echo(f"warning: {message}", err=True)
    else:
        _show_warning(message, category, *where, **more)
