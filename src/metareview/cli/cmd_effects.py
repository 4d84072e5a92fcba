"""metareview effects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .common import folder_of, json_option, print_json, print_rows, review_option

RESULT = ("yi", "vi", "sei", "scale", "method", "rule", "note")


@click.command()
@click.option("--measure", metavar="NAME", help="Only the effects of this measure.")
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    help="With --measure: compute it for each row of a CSV or XLSX table instead, whose columns are called as its inputs.",
)
@click.option(
    "--explain",
    metavar="STUDY",
    help="Show how the effects of a study (or one effect) were reached: the formula with its numbers, in text and LaTeX.",
)
@click.option(
    "--phi",
    "at_phi",
    is_flag=True,
    help="Show effects from before-after counts at overdispersion 1, 2 and 4.",
)
@click.option(
    "--estimate-phi",
    "series",
    type=click.Path(path_type=Path),
    help="Estimate overdispersion from a count series instead: a table with place, after, treated, count (exposure).",
)
@click.option("--measures", is_flag=True, help="List the registered measures instead.")
@click.option("--conversions", is_flag=True, help="List the conversions from what papers report instead.")
@review_option
@json_option
def COMMAND(  # noqa: N802
    measure: str | None,
    table: Path | None,
    explain: str | None,
    at_phi: bool,
    series: Path | None,
    measures: bool,
    conversions: bool,
    review: str | None,
    as_json: bool,
) -> None:
    """Compute yi and vi of every coded effect, with formula, orientation and the inputs used."""
    _require_one(
        table=table, explain=explain, phi=at_phi, estimate_phi=series, measures=measures, conversions=conversions
    )
    if series is not None:
        _show_phi(series, as_json)
    elif measures or conversions:
        _show_known(measures, as_json)
    elif explain:
        _show_explanations(explain, review, as_json)
    elif table is not None:
        _show_table(table, measure, as_json)
    else:
        _show_effects(measure, at_phi, review, as_json)


def _require_one(**chosen: Any) -> None:
    named = [f"--{name.replace('_', '-')}" for name, value in chosen.items() if value]
    if len(named) > 1:
        raise click.UsageError(f"{' and '.join(named)} show different things; give one of them")


def _show_effects(measure: str | None, at_phi: bool, review: str | None, as_json: bool) -> None:
    from ..services import effects

    folder = folder_of(review)
    frame = effects.run(folder)
    if measure:
        frame = effects.only(frame, measure)
    if at_phi:
        frame = effects.phi_table(folder, frame)
        columns = list(frame.columns)
    else:
        columns = [
            "effect_id",
            "study_id",
            "formula_id",
            "yi",
            "sei",
            "scale",
            "sense_applied",
            "method",
            "inputs",
            "note",
        ]
    _show(
        frame, columns, as_json, empty="no effect is coded yet" if not measure else f"no effect is coded as {measure}"
    )


def _show_table(table: Path, measure: str | None, as_json: bool) -> None:
    from ..services.effects import of_table

    if not measure:
        raise click.UsageError("--table needs --measure NAME; `metareview effects --measures` lists them")
    frame = of_table(table, measure)
    _show(frame, [*frame.columns[:1], *(c for c in RESULT if c != frame.columns[0])], as_json)


def _show_known(measures: bool, as_json: bool) -> None:
    from ..effects.registry import conversions_frame, measures_frame

    frame = measures_frame() if measures else conversions_frame()
    last = ["orientation"] if measures else ["outputs", "method"]
    _show(frame, ["name", "title", "formula_id", "formula", "inputs", *last, "source"], as_json)


def _show_explanations(name: str, review: str | None, as_json: bool) -> None:
    from ..services.effects import explain

    found = explain(folder_of(review), name)
    if as_json:
        print_json([explanation.to_dict() | {"sense_applied": sense} for explanation, sense in found])
        return
    for number, (explanation, sense) in enumerate(found):
        click.echo("\n" * (number > 0) + explanation.text)
        if sense != 1:
            click.echo(f"The protocol turns this effect round: yi = {-explanation.yi:.10g} in every analysis.")
        click.echo(f"\n{explanation.latex}")


def _show(frame: Any, columns: list[str], as_json: bool, empty: str = "(none)") -> None:
    if as_json:
        print_json(frame.to_dict("records"))
        return
    rows = [[f"{v:.5f}" if isinstance(v, float) else v for v in row] for row in frame[columns].itertuples(index=False)]
    print_rows(columns, rows, empty=empty)


def _show_phi(series: Path, as_json: bool) -> None:
    from ..services.effects import estimate_phi

    found = estimate_phi(series)
    if as_json:
        print_json(found.to_dict())
        return
    click.echo(f"phi = {found.phi:.4f} (Pearson X2 {found.X2:.2f}, df {found.df}), phi_source: {found.phi_source}")
    click.echo(
        f"{found.places} places and {found.rows} rows used, {found.dropped} places dropped; code phi = {found.used:.4f}"
    )
