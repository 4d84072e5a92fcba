"""metareview effects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..errors import MetareviewError
from . import effect_views as views
from .common import json_option, review_option

PATH = click.Path(path_type=Path)
# Options that belong to one of the things that are shown, and that thing's own option.
BELONGS = {
    "baseline": "absolute",
    "method": "estimate_phi",
    "nearest": "covariance",
    "rho": "covariance",
    "rho_within": "covariance",
    "rho_time": "covariance",
    "rho_study": "covariance",
    "duplicates": "covariance",
}


@click.command()
@click.option("--measure", metavar="NAME", help="Only the effects of this measure.")
@click.option(
    "--table",
    type=PATH,
    help="With --measure: compute it for each row of a CSV or XLSX table instead, whose columns are called as its inputs.",
)
@click.option(
    "--explain",
    metavar="STUDY",
    help="Show how the effects of a study (or one effect) were reached: the formula with its numbers, in text and LaTeX.",
)
@click.option("--phi", is_flag=True, help="Show effects from before-after counts at overdispersion 1, 2 and 4.")
@click.option(
    "--estimate-phi",
    type=PATH,
    help="Estimate overdispersion from a count series instead: a table with place, after, treated, count (period, "
    "exposure).",
)
@click.option(
    "--method",
    type=click.Choice(["quasi_poisson", "negative_binomial"]),
    help="With --estimate-phi: the model of the spread (default: quasi_poisson).",
)
@click.option(
    "--absolute", is_flag=True, help="Show ratios as crimes avoided per 1,000 residents a year, and their cost."
)
@click.option("--baseline", type=float, metavar="RATE", help="With --absolute: crimes a year per 1,000 residents.")
@click.option("--dependence", is_flag=True, help="Show what is coded about the dependence between effects.")
@click.option("--covariance", is_flag=True, help="Show the sampling covariances of effects that depend on each other.")
@click.option("--rho", metavar="R", help="With --covariance: correlation of two outcomes, a number or a variable.")
@click.option(
    "--rho-within", metavar="R", help="With --covariance: of two instruments for an outcome (default: --rho)."
)
@click.option("--rho-time", type=float, metavar="R", help="With --covariance: of two times one unit apart.")
@click.option(
    "--rho-study", type=float, metavar="R", help="With --covariance: of two effects of a study, for the rest."
)
@click.option("--duplicates", type=float, metavar="R", help="With --covariance: of effects coded alike in everything.")
@click.option("--nearest", is_flag=True, help="With --covariance: mend matrices that are not positive definite.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE=VARIABLE",
    help="With --covariance or --dependence: the variable of a role; ROLE= leaves the role out.",
)
@click.option("--measures", is_flag=True, help="List the registered measures instead.")
@click.option("--conversions", is_flag=True, help="List the conversions from what papers report instead.")
@click.option("--output", type=PATH, help="Write the table to a CSV or XLSX file, every column at full precision.")
@review_option
@json_option
def COMMAND(  # noqa: N802
    measure: str | None,
    roles: tuple[str, ...],
    output: Path | None,
    review: str | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Compute yi and vi of every coded effect, with formula, orientation and the inputs used."""
    what = _what(chosen, roles)
    shown = views.Shown(as_json, output)
    if output is not None and (what in ("explain", "estimate_phi") or as_json):
        raise click.UsageError(
            f"--output writes a table; {'--json' if as_json else views.option(what)} prints something else"
        )
    if what == "table" and not measure:
        raise click.UsageError("--table needs --measure NAME; `metareview effects --measures` lists them")
    if what == "estimate_phi":
        views.phi(chosen["estimate_phi"], chosen["method"] or "quasi_poisson", shown)
    elif what == "explain":
        views.explanations(chosen["explain"], review, shown)
    elif what == "table":
        views.table(chosen["table"], str(measure), shown)
    elif what in ("measures", "conversions"):
        views.known(what == "measures", shown)
    elif what in ("covariance", "dependence"):
        views.dependent(what, review, measure, _assumed(chosen), _roles(roles), shown)
    elif what == "absolute":
        views.absolute(review, measure, chosen["baseline"], shown)
    else:
        views.effects(review, measure, what == "phi", shown)


def _what(chosen: dict[str, Any], roles: tuple[str, ...]) -> str:
    """The one thing to show; "" for the effects themselves."""
    things = [name for name, value in chosen.items() if value and name not in BELONGS]
    if len(things) > 1:
        raise click.UsageError(f"{' and '.join(map(views.option, things))} show different things; give one of them")
    what = things[0] if things else ""
    for name, thing in BELONGS.items():
        if chosen[name] not in (None, False) and thing != what:
            raise click.UsageError(f"{views.option(name)} goes with {views.option(thing)}")
    if roles and what not in ("covariance", "dependence"):
        raise click.UsageError("--role goes with --covariance or --dependence")
    return what


def _assumed(chosen: dict[str, Any]) -> dict[str, Any]:
    """What `sampling_covariance` is to assume; a rho that is no number is a variable that holds it."""
    given = {
        name: chosen[name] for name, thing in BELONGS.items() if thing == "covariance" and chosen[name] is not None
    }
    for name in ("rho", "rho_within"):
        if name in given:
            try:
                given[name] = float(given[name])
            except ValueError:
                continue
    return given


def _roles(roles: tuple[str, ...]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for text in roles:
        role, equals, variable = text.partition("=")
        if not equals:
            raise MetareviewError(f"`{text}` is not ROLE=VARIABLE", "For example `--role treated=area_role`.")
        found[role.strip()] = variable.strip() or None
    return found
