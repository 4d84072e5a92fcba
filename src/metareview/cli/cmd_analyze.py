"""metareview analyze."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from .common import folder_of, json_option, print_json, print_rows, review_option, say

if TYPE_CHECKING:
    from ..services.analyze import AnalysisResult
    from ..services.selection import Selection
    from ..synthesis.results import PooledResult, RegressionResult

HEADS = ("group", "k", "estimate", "CI", "PI", "τ²", "I²")


@click.command()
@click.argument("names", nargs=-1)
@click.option("--plan", is_flag=True, help="Show which effects would enter and why others would not; pool nothing.")
@review_option
@json_option
def COMMAND(names: tuple[str, ...], plan: bool, review: str | None, as_json: bool) -> None:  # noqa: N802
    """Run the analyses that the protocol names (all, or NAMES), each checked by a second engine."""
    folder = folder_of(review)
    if plan:
        from ..services.analyze import plan as run_plan

        _show_plan(run_plan(folder, names), as_json)
        return
    from ..services.analyze import run

    results = run(folder, names)
    if as_json:
        print_json({name: r.to_dict() for name, r in results.items()})
        return
    labels = {s.name: s.label or s.name for s in folder.protocol.sensitivity}
    for name, result in results.items():
        _show(name, result, labels)


def _show(name: str, result: AnalysisResult, labels: Mapping[str, str]) -> None:
    analysis = result.analysis
    flag = f" [{analysis.flag}]" if analysis.flag else ""
    click.secho(f"\n{name}: {analysis.label}{flag}", bold=True)
    if result.pooled is not None:
        _pooled(result.pooled, analysis.scale)
    if result.subgroups is not None:
        _subgroups(result)
    rows = [_row(labels.get(v, v), p, analysis.scale) for v, (p, _) in result.sensitivity.items()]
    if rows:
        print_rows(("sensitivity", *HEADS[1:]), rows)
    for regression in result.regressions:
        _coefficients(regression)
    for note in (*(result.pooled.warnings if result.pooled else ()), *result.notes):
        say(f"  note on {name}: {note}")


def _pooled(p: PooledResult, scale: str) -> None:
    from ..report.numbers import largest_difference, pooled_cells

    c = pooled_cells(p, scale)
    test = {"knha": "Knapp-Hartung", "adhoc": "Knapp-Hartung, not narrower than z"}.get(p.test, p.test)
    click.echo(
        f"  estimate             {c['estimate']} ({c['ci']}), p {c['p']}; k = {p.k}, {p.method}, {test}, {c['level']}"
    )
    click.echo(f"  Wald interval        {c['wald']}")
    click.echo(f"  prediction interval  {c['pi']}")
    click.echo(f"  heterogeneity        τ² {c['tau2']} ({c['tau2_ci']}), I² {c['I2']}, H² {c['H2']}, Q {c['Q']}")
    if p.crosscheck:
        click.echo(
            f"  second engine        PyMARE differs by at most {largest_difference(p.crosscheck):.1e}, relatively"
        )


def _subgroups(result: AnalysisResult) -> None:
    from ..report.numbers import fixed, p_value
    from ..services.analyze import named_groups

    s = result.subgroups
    assert s is not None
    print_rows(HEADS, [_row(group, p, result.analysis.scale) for group, p in named_groups(s)])
    if s.QM_df:
        test = "chi2" if s.QM_df2 == float("inf") else "F"
        click.echo(
            f"  between groups (one τ²): {test} = {fixed(s.QM)}, df = {s.QM_df}, {s.QM_df2:g}, p {p_value(s.QM_p)}"
        )
    told: dict[str, list[str]] = {}
    for group, p in named_groups(s):
        for warning in p.warnings:
            told.setdefault(warning, []).append(group)
    for warning, groups in told.items():
        say(f"  note: {', '.join(groups)}: {warning}")


def _row(name: str, p: PooledResult | None, scale: str) -> list[str]:
    from ..report.numbers import pooled_cells

    if p is None:
        return [name, "0", *[""] * 5]
    c = pooled_cells(p, scale)
    return [name, c["k"], c["estimate"], c["ci"], c["pi"], c["tau2"], c["I2"]]


def _coefficients(r: RegressionResult) -> None:
    from ..report.numbers import fixed, p_value

    test = "chi2" if r.test == "z" else "F"
    told = f"{test} = {fixed(r.QM)}, p {p_value(r.QM_p)}; k = {r.k}, τ² {fixed(r.tau2, 4)}, R² {fixed(r.R2, 0)}%"
    click.echo(f"  meta-regression {r.formula}: {told}")
    shown = [
        (term, fixed(estimate, 3), f"{fixed(low, 3)} to {fixed(high, 3)}", p_value(p))
        for term, estimate, low, high, p in zip(r.terms, r.estimate, r.ci_low, r.ci_high, r.p_value, strict=True)
    ]
    print_rows(("term", "coefficient", "CI", "p"), shown)


def _show_plan(found: Mapping[str, Selection], as_json: bool) -> None:
    if as_json:
        effects = {name: list(s.frame["effect_id"]) for name, s in found.items()}
        left = {name: {x.effect_id: x.reason for x in s.left_out} for name, s in found.items()}
        print_json({name: {"effects": effects[name], "left_out": left[name]} for name in found})
        return
    for name, s in found.items():
        click.secho(f"\n{name}: {len(s.frame)} effects", bold=True)
        rows = [(i, "in", "") for i in s.frame["effect_id"]] + [(x.effect_id, "out", x.reason) for x in s.left_out]
        print_rows(["effect", "", "reason"], rows)
