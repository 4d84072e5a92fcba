"""metareview effects."""

from __future__ import annotations

import click

from .common import folder_of, json_option, print_json, print_rows, review_option


@click.command()
@click.option(
    "--phi",
    "at_phi",
    is_flag=True,
    help="Show effects from before-after counts at overdispersion 1, 2 and 4.",
)
@click.option("--measures", is_flag=True, help="List the registered measures instead.")
@review_option
@json_option
def COMMAND(at_phi: bool, measures: bool, review: str | None, as_json: bool) -> None:  # noqa: N802
    """Compute yi and vi of every coded effect, with formula, orientation and the inputs used."""
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
