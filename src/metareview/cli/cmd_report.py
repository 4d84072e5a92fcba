"""metareview report."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import SAYS_NO, MetareviewError
from .common import folder_of, review_option, say
from .progress import progress_bars


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Where to write (default: the review's outputs/).")
@review_option
def COMMAND(out: Path | None, review: str | None) -> None:  # noqa: N802
    """Rebuild every output: tables, figures, flow diagram, report and lessons."""
    from ..report.numbers import plural
    from ..services.report import run

    folder = folder_of(review)
    with progress_bars() as progress:
        done = run(folder, out, progress)
    target = out or folder.outputs
    click.echo(f"{target}: {len(done.files)} files; read {target / 'report.html'} and {target / 'lessons.html'}")
    e = done.evidence
    held = sum(c.holds for c in e.checks)
    effects, analyses = plural(len(e.effects), "effect"), plural(len(e.results), "analysis", "analyses")
    say(f"{effects}, {analyses}, {held} of {len(e.checks)} PRISMA identities hold")
    if done.failed:
        raise MetareviewError(
            "the flow of records does not add up:\n" + "\n".join(f"  {f}" for f in done.failed),
            exit_code=SAYS_NO,
        )
