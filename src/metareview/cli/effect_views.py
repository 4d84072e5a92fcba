"""What `metareview effects` prints: one function a thing it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ..errors import MetareviewError
from .common import folder_of, print_json, print_rows, say

EFFECTS = ("effect_id", "study_id", "formula_id", "yi", "sei", "scale", "sense_applied", "method", "inputs", "note")
RESULT = ("yi", "vi", "sei", "scale", "method", "rule", "note")
KNOWN = ("name", "title", "formula_id", "formula", "inputs")
PAIR = ("effect_i", "effect_j", "correlation", "covariance", "method", "reason", "rule")
AVOIDED = ("effect_id", "ratio", "per_1000", "avoided_per_1000", "avoided_low", "avoided_high", "needed")


@dataclass(frozen=True)
class Shown:
    """How a table is shown: printed, as JSON, or written to a file."""

    as_json: bool
    output: Path | None

    def table(self, frame: Any, columns: tuple[str, ...], empty: str = "(none)", number: str = ".5f") -> None:
        """Show a frame: every column in JSON and files, `columns` in print, numbers in the format `number`."""
        if self.output is not None:
            from ..services.effect_tables import save

            save(frame, self.output)
            say(f"wrote {len(frame)} row{'s' if len(frame) != 1 else ''} to {self.output}")
        elif self.as_json:
            print_json(frame.to_dict("records"))
        else:
            rows = [
                [f"{v:{number}}" if isinstance(v, float) else v for v in row]
                for row in frame[list(columns)].itertuples(index=False)
            ]
            print_rows(columns, rows, empty=empty)


def option(name: str) -> str:
    """An option's name as it is typed."""
    return f"--{name.replace('_', '-')}"


def effects(review: str | None, measure: str | None, at_phi: bool, shown: Shown) -> None:
    """The effects of a review, or what other overdispersions make of them."""
    from ..services.effect_tables import AT_PHI, phi_table

    folder, frame = _effects(review, measure)
    empty = f"no effect is coded as {measure}" if measure else "no effect is coded yet"
    if at_phi:
        shown.table(phi_table(folder, frame), AT_PHI, empty)
    else:
        shown.table(frame, EFFECTS, empty)


def table(path: Path, measure: str, shown: Shown) -> None:
    """A measure for each row of a file."""
    from ..services.effect_tables import of_table

    frame = of_table(path, measure)
    first = frame.columns[0]
    shown.table(frame, (first, *(c for c in RESULT if c != first)))


def known(measures: bool, shown: Shown) -> None:
    """The measures, or the conversions."""
    from ..effects.registry import conversions_frame, measures_frame

    frame = measures_frame() if measures else conversions_frame()
    shown.table(frame, (*KNOWN, *(("orientation",) if measures else ("outputs", "method")), "source"))


def explanations(name: str, review: str | None, shown: Shown) -> None:
    """How effects were reached."""
    from ..services.effects import explain

    found = explain(folder_of(review), name)
    if shown.as_json:
        print_json([explanation.to_dict() | {"sense_applied": sense} for explanation, sense in found])
        return
    for number, (explanation, sense) in enumerate(found):
        click.echo("\n" * (number > 0) + explanation.text)
        if sense != 1:
            click.echo(f"The protocol turns this effect round: yi = {-explanation.yi:.10g} in every analysis.")
        click.echo(f"\n{explanation.latex}")


def dependent(
    what: str,
    review: str | None,
    measure: str | None,
    assumed: dict[str, Any],
    roles: dict[str, str | None],
    shown: Shown,
) -> None:
    """What is coded about dependence, or the covariances that follow from it."""
    from ..services import effect_tables

    folder = folder_of(review)
    try:
        if what == "dependence":
            frame = effect_tables.dependence(folder, roles)
            shown.table(frame, ("role", "column", "filled", "values", "meaning", "looked_for"))
            return
        found = effect_tables.covariance(folder, measure, roles, **assumed)
    except MetareviewError as error:
        raise MetareviewError(error.message, _as_options(error.hint), error.exit_code) from None
    empty = "no two effects depend on each other in what is coded; `metareview effects --dependence` shows what is"
    shown.table(found.to_frame(), PAIR, empty, number=".4g")
    say(f"{len(found.labels)} effects in {len(found.blocks)} independent groups, {len(found.pairs.i)} dependent pairs")
    for warning in found.warnings:
        say(f"warning: {warning}")


def absolute(review: str | None, measure: str | None, baseline: float | None, shown: Shown) -> None:
    """Ratios as crimes avoided."""
    from ..services.absolute import run_absolute

    folder, frame = _effects(review, measure)
    found = run_absolute(folder, frame, baseline)
    read = found[found["ratio"].notna()]
    columns = AVOIDED + (("cost_text",) if (read["cost_text"] != "").any() else ())
    whole = shown.as_json or shown.output is not None
    shown.table(found if whole else read, columns, "no effect has an absolute reading", number=".4g")
    for why, effects in found[found["ratio"].isna()].groupby("note", sort=False):
        say(f"{len(effects)} effect{'s' if len(effects) > 1 else ''} not read: {why}")


def phi(series: Path, method: str, shown: Shown) -> None:
    """Overdispersion of a count series, and what the series says against one phi."""
    from ..services.effect_tables import estimate_phi

    found, told = estimate_phi(series, method)
    if shown.as_json:
        print_json(found.to_dict() | {"diagnostics": told.to_dict()})
        return
    by = f"Pearson X2 {found.X2:.2f}, df {found.df}" if method == "quasi_poisson" else method.replace("_", " ")
    click.echo(f"phi = {found.phi:.4f} ({by}), phi_source: {found.phi_source}")
    click.echo(
        f"{found.places} places and {found.rows} rows used, {found.dropped} places dropped; code phi = {found.used:.4f}\n"
    )
    rows = [(name, _short(row.value), row.reading) for name, row in told.to_frame().iterrows()]
    print_rows(("diagnostic", "value", "what it tells"), [r for r in rows if r[1]])
    click.echo(f"\nworst place: {told.worst_place}; most influential: {told.most_influential}")
    for warning in told.warnings:
        click.echo(f"warning: {warning}")


def _effects(review: str | None, measure: str | None) -> tuple[Any, Any]:
    from ..services import effects as service

    folder = folder_of(review)
    frame = service.run(folder)
    return folder, service.only(frame, measure) if measure else frame


def _short(value: Any) -> str:
    return "" if value != value else f"{value:.4g}"


def _as_options(hint: str) -> str:
    """A hint of the library in the words of the command line."""
    hint = hint.replace("time=None", "`--role time=`").replace("nearest=True", "`--nearest`")
    return re.sub(r"\b(rho\w*|duplicates)=([\d.]*)", lambda m: f"`{f'{option(m[1])} {m[2]}'.strip()}`", hint)
