"""metareview effects."""

from __future__ import annotations

from pathlib import Path

import click

from .common import folder_of, json_option, print_json, print_rows, review_option


@click.command()
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
@review_option
@json_option
def COMMAND(at_phi: bool, series: Path | None, measures: bool, review: str | None, as_json: bool) -> None:  # noqa: N802
    """Compute yi and vi of every coded effect, with formula, orientation and the inputs used."""
    if series is not None:
        _show_phi(series, as_json)
        return
    if measures:
        from ..effects.registry import measures_frame

        frame = measures_frame()
        columns = ["name", "title", "formula_id", "formula", "inputs", "orientation", "source"]
    elif at_phi:
        from ..services.effects import phi_table

        frame = phi_table(folder_of(review))
        columns = list(frame.columns)
    else:
        from ..services.effects import run

        frame = run(folder_of(review))
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
    if as_json:
        print_json(frame.to_dict("records"))
        return
    rows = [[f"{v:.5f}" if isinstance(v, float) else v for v in row] for row in frame[columns].itertuples(index=False)]
    print_rows(columns, rows, empty="no effect is coded yet")


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
