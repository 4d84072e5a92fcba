"""metareview diagnose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import MetareviewError
from .common import folder_of, json_option, print_json, print_rows, review_option, say, workers_options
from .progress import progress_bars

if TYPE_CHECKING:
    from ..services.diagnose import Diagnosis

# Options that belong to some diagnostics; the service knows which.
OWN = (
    click.option("--by", metavar="VAR", help="The clusters: effects with one value of this variable (default: study)."),
    click.option("--order", metavar="VAR", help="cumulative: add effects in the order of this variable, or `publication_year`."),
    click.option("--subsets", type=click.IntRange(min=1), metavar="N", help="gosh: the most subsets (default 65,535)."),
    click.option("--clusters", type=click.Choice(["kmeans", "dbscan", "gmm"]), help="gosh: look for clusters of subsets."),
    click.option("--clouds", type=click.IntRange(min=1), metavar="N", help="kmeans, gmm: how many clusters (default 3)."),
    click.option("--eps", type=float, help="dbscan: how far a subset reaches, in SDs (default 0.15)."),
    click.option("--least", type=click.IntRange(min=1), metavar="N", help="dbscan: neighbours of a core (default 20)."),
    click.option("--highlight", metavar="EFFECT", help="gosh: colour the subsets with this effect."),
    click.option("--kind", type=click.Choice(["rstandard", "rstudent", "parametric", "nonparametric"]),
                 help="qq: which residuals (default rstandard); bootstrap: drawn from the model (default) or the effects."),
    click.option("--draws", type=click.IntRange(min=1), metavar="N", help="Samples, permutations or simulations."),
    click.option("--exact/--sampled", default=None, help="permutation_test: every rearrangement, or a sample of them."),
    click.option("--weights", type=click.Choice(["auto", "Rademacher", "Webb"]), help="wild_bootstrap: random weights."),
    click.option("--vcov", type=click.Choice(["CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"]),
                 help="Robust variance (robust: CR2; wild_bootstrap: CR0)."),
    click.option("--test", type=click.Choice(["Satterthwaite", "naive", "z"]), help="robust: degrees of freedom."),
    click.option("--component", metavar="NAME", help="profile: one variance of several, such as sigma2[study_id]."),
    click.option("--points", type=click.IntRange(min=2), metavar="N", help="profile: where to look (default 41)."),
    click.option("--level", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Level of intervals."),
    click.option("--seed", type=click.IntRange(min=0), help="Seed of what is drawn (default 1)."),
)  # fmt: skip


def own_options(function: Any) -> Any:
    """Add the options that belong to some diagnostics."""
    for option in reversed(OWN):
        function = option(function)
    return function


@click.command()
@click.argument("analysis", required=False)
@click.argument("method", required=False)
@click.option("--group", metavar="NAME", default="", help="Diagnose the pooled result of this subgroup.")
@click.option("--moderators", metavar="FORMULA", default="", help="Diagnose this planned meta-regression.")
@own_options
@workers_options
@click.option("--output", type=click.Path(path_type=Path), metavar="FOLDER", help="Write its tables and figures there.")
@review_option
@json_option
def COMMAND(  # noqa: N802
    analysis: str | None, method: str | None, group: str, moderators: str, workers: int, cluster: str | None,
    output: Path | None, review: str | None, as_json: bool, **own: Any,
) -> None:  # fmt: skip
    """Ask whether a planned ANALYSIS is one result, and whether one study makes it, by a METHOD.

    Without METHOD it lists those that apply, without ANALYSIS the analyses. Nothing is recorded.
    """
    folder = folder_of(review)
    given = {name: value for name, value in own.items() if value is not None}
    if not analysis or not method:
        _require_nothing_more(method or analysis, group or moderators, given, output)
        _list(folder, analysis, group, moderators, as_json)
        return
    from ..services import diagnose

    with progress_bars() as start:
        progress = start(f"diagnosing {analysis} by {method}")
        found = diagnose.run(
            folder, analysis, method, group=group, moderators=moderators, workers=workers, cluster=cluster, progress=progress,
            **given,
        )  # fmt: skip
    if as_json:
        print_json(found.to_dict())
    else:
        _show(found)
    for warning in found.warnings:
        say(f"  note on {analysis}: {warning}")
    if output is not None:
        say(f"{len(diagnose.save(folder, found, output))} files in {output}")


def _require_nothing_more(named: str | None, part: str, given: dict[str, Any], output: Path | None) -> None:
    options = [*given, *(["output"] if output else []), *(["group or --moderators"] if part and not named else [])]
    if options:
        what = "a METHOD" if named else "an ANALYSIS"
        raise MetareviewError(f"--{options[0]} belongs to {what}", "metareview diagnose ANALYSIS METHOD")


def _list(folder: Any, analysis: str | None, group: str, moderators: str, as_json: bool) -> None:
    from ..services import diagnose

    if analysis is None:
        found = diagnose.analyses(folder)
        heads = ["analysis", "k", "studies", "standing", "model", "groups", "moderators"]
        rows = [[_text(item[h]) for h in heads] for item in found]
    else:
        found = diagnose.applicable(folder, analysis, group=group, moderators=moderators)
        heads = ["method", "answers", "by", "options", "applies"]
        rows = [
            [m["method"], m["question"], m["by"], " ".join(f"--{o}" for o in m["options"]), _applies(m["why_not"])]
            for m in found
        ]
    if as_json:
        print_json(found)
    else:
        print_rows(heads, rows)


def _applies(why_not: str) -> str:
    return f"no: {why_not}" if why_not else "yes"


def _show(found: Diagnosis) -> None:
    click.secho(f"\n{found.title}", bold=True)
    click.echo(f"  {found.case.words}")
    for name, table in found.tables().items():
        if name in found.found.aside:
            continue
        columns = [(key, head) for key, head in table.columns if key != "analysis"]
        print_rows([head for _, head in columns], [[_text(row.get(key)) for key, _ in columns] for row in table.rows])
    for said in found.found.told:
        click.echo(f"  {said}")


def _text(value: Any) -> str:
    from ..report.numbers import MINUS, fixed, significant

    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        if value != value or abs(value) == float("inf"):
            return fixed(value)
        return f"{MINUS if value < 0 else ''}{significant(abs(value), 4)}"
    return "" if value is None else str(value)
