"""metareview analyze."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import MetareviewError
from .analysis_rows import show_plan, show_result
from .common import folder_of, json_option, print_json, review_option, say
from .progress import progress_bars

if TYPE_CHECKING:
    from ..folder import ReviewFolder

ASKED = (
    click.option("--like", metavar="NAME", help="Start from an analysis of the protocol."),
    click.option("--outcome", multiple=True, help="Outcome to pool; may be repeated."),
    click.option("--measure", multiple=True, help="Measure to keep, such as RIRR; may be repeated."),
    click.option("--where", multiple=True, metavar="VAR=VALUE[,VALUE]", help="Keep effects with these values."),
    click.option("--where-not", multiple=True, metavar="VAR=VALUE[,VALUE]", help="Leave these out; `any`: filled in."),
    click.option(
        "--model", type=click.Choice(["random_effects", "multilevel", "che"]), help="How studies give effects."
    ),
    click.option("--rho", type=float, help="Correlation within a study, for che (default 0.6)."),
    click.option("--cluster", metavar="VAR", help="Robust tests by this variable (che: by study)."),
    click.option("--one-effect-per", metavar="VAR", help="Keep one effect for each value of this variable."),
    click.option("--tau2", metavar="NAME", help="Estimator of tau²; FE for equal effects."),
    click.option("--test", type=click.Choice(["knha", "adhoc", "t", "z"]), help="Test and interval."),
    click.option("--scale", type=click.Choice(["log", "linear"]), help="Scale of the effects (default log)."),
    click.option("--subgroup", metavar="VAR", help="Pool by this variable as well."),
    click.option("--moderators", multiple=True, metavar="FORMULA", help='Meta-regression, as in "year + design".'),
)


def asked_options(function: Any) -> Any:
    """Add the options that describe an unplanned analysis."""
    for option in reversed(ASKED):
        function = option(function)
    return function


@click.command()
@click.argument("names", nargs=-1)
@click.option("--plan", is_flag=True, help="Show what would run, on which effects, and why others are left out.")
@click.option("--post-hoc", metavar="LABEL", help="Run an analysis that the protocol does not name, marked post hoc.")
@asked_options
@click.option("--output", type=click.Path(path_type=Path), metavar="FOLDER", help="Write its tables and figures there.")
@review_option
@json_option
def COMMAND(  # noqa: N802
    names: tuple[str, ...], plan: bool, post_hoc: str | None, output: Path | None, review: str | None, as_json: bool,
    **asked: Any,
) -> None:  # fmt: skip
    """Run the analyses that the protocol names (all, or NAMES), each checked by a second engine."""
    folder = folder_of(review)
    given = {name: value for name, value in asked.items() if value not in (None, ())}
    if post_hoc is not None:
        if names:
            raise MetareviewError(
                "NAMES are those of planned analyses, and --post-hoc runs another", "Give one of them."
            )
        _post_hoc(folder, post_hoc, given, plan, output, as_json)
        return
    if given or output:
        told = ", ".join(f"--{name.replace('_', '-')}" for name in (*given, *(["output"] if output else [])))
        raise MetareviewError(f"{told} belongs to an unplanned analysis", "Say what it is for: --post-hoc LABEL.")
    labels = {s.name: s.label or s.name for s in folder.protocol.sensitivity}
    if plan:
        from ..services.plan import run as run_plan

        planned = run_plan(folder, names)
        if as_json:
            print_json({name: p.to_dict() for name, p in planned.items()})
        for p in () if as_json else planned.values():
            show_plan(p, labels)
        return
    from ..services.analyze import run

    with progress_bars() as progress:
        results = run(folder, names, progress=progress)
    if as_json:
        print_json({name: r.to_dict() for name, r in results.items()})
    for result in () if as_json else results.values():
        show_result(result, labels)


def _post_hoc(
    folder: ReviewFolder, label: str, given: dict[str, Any], plan: bool, output: Path | None, as_json: bool
) -> None:
    from ..services import post_hoc

    for name in ("where", "where_not"):
        if name in given:
            given[name] = dict(_filter(text) for text in given[name])
    analysis = post_hoc.build(folder.protocol, label, **given)
    labels = {s.name: s.label or s.name for s in folder.protocol.sensitivity}
    if plan:
        planned = post_hoc.plan(folder, analysis)
        if as_json:
            print_json({analysis.name: planned.to_dict()})
        else:
            show_plan(planned, labels)
        return
    with progress_bars() as progress:
        result = post_hoc.run(folder, analysis, progress)
    if as_json:
        print_json({analysis.name: result.to_dict()})
    else:
        show_result(result, labels)
    if output is not None:
        say(f"{len(post_hoc.save(folder, result, output))} files in {output}")
    say("Nothing was recorded. To keep it, add this to `analyses` of the protocol and register why:")
    say(post_hoc.entry(analysis).rstrip())


def _filter(text: str) -> tuple[str, Any]:
    """Return (variable, value or values) of `var=value[,value]`."""
    import yaml

    name, equals, values = text.partition("=")
    if not equals or not name.strip() or not values.strip():
        raise MetareviewError(f"`{text}` is no filter", "Write it as variable=value, or variable=value,value.")
    found = tuple(yaml.safe_load(value.strip()) for value in values.split(","))
    return name.strip(), found if len(found) > 1 else found[0]
