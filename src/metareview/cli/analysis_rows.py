"""An analysis as a terminal shows it: the pooled effect, its parts, and the plan behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from .common import print_rows, say

if TYPE_CHECKING:
    from ..services.analyze import AnalysisResult
    from ..services.fitting import Regression
    from ..services.plan import Planned
    from ..synthesis.results import PooledResult

HEADS = ("group", "k", "estimate", "CI", "PI", "τ²", "I²")
TESTS = {"knha": "Knapp-Hartung", "adhoc": "Knapp-Hartung, not narrower than z"}


def show_result(result: AnalysisResult, labels: Mapping[str, str]) -> None:
    """Print one analysis; `labels` are those of the sensitivity analyses."""
    from ..services.analyze import marked

    analysis, name = result.analysis, result.analysis.name
    click.secho(f"\n{name}: {marked(analysis.label, result.flag)}", bold=True)
    if result.pooled is not None:
        _pooled(result.pooled, analysis.scale)
    if result.subgroups is not None:
        _subgroups(result)
    rows = [_row(result.variant_label(v, labels), p, analysis.scale) for v, (p, _) in result.sensitivity.items()]
    if rows:
        print_rows(("sensitivity", *HEADS[1:]), rows)
    for regression in result.regressions:
        _coefficients(result.formula(regression), regression)
    _engines(result)
    for note in (*(result.pooled.warnings if result.pooled else ()), *result.notes):
        say(f"  note on {name}: {note}")


def _pooled(p: PooledResult, scale: str) -> None:
    from ..report.numbers import engine_of, largest_difference, model_words, pooled_cells

    c = pooled_cells(p, scale)
    test = TESTS.get(p.test, p.test)
    click.echo(
        f"  estimate             {c['estimate']} ({c['ci']}), p {c['p']}; k = {c['k']}, {model_words(p)}, {test}, {c['level']}"
    )
    click.echo(f"  Wald interval        {c['wald']}")
    click.echo(f"  prediction interval  {c['pi']}")
    by = "" if p.tau2_ci_method == "qp" else f", {c['tau2_ci_by']}"
    spread = f"τ² {c['tau2']}" + (f" ({c['tau2_ci']}{by})" if c["tau2_ci"] != "–" or p.k == 1 else "")
    click.echo(f"  heterogeneity        {spread}, I² {c['I2']}, H² {c['H2']}, Q {c['Q']}")
    if p.crosscheck:
        differs = f"{engine_of(p)} differs by at most {largest_difference(p.crosscheck):.1e}, relatively"
        click.echo(f"  second engine        {differs}")


def _subgroups(result: AnalysisResult) -> None:
    from ..report.numbers import fixed, p_value
    from ..services.analyze import marked, named_groups

    s = result.subgroups
    assert s is not None
    head = marked(HEADS[0], result.standing.of_part("subgroup"))
    print_rows((head, *HEADS[1:]), [_row(group, p, result.analysis.scale) for group, p in named_groups(s)])
    if s.QM_df:
        test = "chi2" if s.QM_df2 == float("inf") else "F"
        click.echo(
            f"  between groups (one τ²): {test} = {fixed(s.QM)}, df = {s.QM_df}, {s.QM_df2:.4g}, p {p_value(s.QM_p)}"
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
    return [name, c["k"], c["estimate"], c["ci"], c["pi"], c["tau2"].split(":")[0], c["I2"]]


def _coefficients(formula: str, r: Regression) -> None:
    from ..report.numbers import fixed, p_value, residual

    test = "chi2" if r.QM_df2 == float("inf") else "F"
    told = f"{test} = {fixed(r.QM)}, p {p_value(r.QM_p)}; k = {r.k}, {residual(r)}"
    click.echo(f"  meta-regression {formula}: {told}")
    shown = [
        (term, fixed(estimate, 3), f"{fixed(low, 3)} to {fixed(high, 3)}", p_value(p))
        for term, estimate, low, high, p in zip(r.terms, r.estimate, r.ci_low, r.ci_high, r.p_value, strict=True)
    ]
    print_rows(("term", "coefficient", "CI", "p"), shown)


def _engines(result: AnalysisResult) -> None:
    """Print the largest difference to the second engines over the fits beside the pooled one."""
    from ..report.numbers import largest_difference, plural
    from ..services.analyze import crosschecks

    found = [d for where, d in crosschecks(result) if d and where != "pooled"]
    if found:
        largest = max(map(largest_difference, found))
        fits = plural(len(found), "fit")
        click.echo(f"  second engines       differ by at most {largest:.1e}, relatively, in the {fits} beside it")


def show_plan(planned: Planned, labels: Mapping[str, str]) -> None:
    """Print what one analysis would do, on which effects, and why each of the others is left out."""
    from ..report.numbers import plural

    a, s = planned.analysis, planned.selection
    studies = plural(planned.studies, "study", "studies")
    click.secho(f"\n{a.name}: {plural(len(s.frame), 'effect')} of {studies}", bold=True)
    variants = [f"{planned.standing_of(n, labels)} ({k})" for n, k in planned.variants.items()]
    lines = {
        "standing": str(planned.standing),
        "model": planned.model,
        "subgroup": planned.part("subgroup", a.subgroup),
        "moderators": "; ".join(planned.part("moderators", m) for m in a.moderators),
        "sensitivity": "; ".join(variants),
        "dependence": planned.dependence,
    }
    for name, text in lines.items():
        if text:
            click.echo(f"  {name:<12} {text}")
    rows = [(i, "in", "") for i in s.frame["effect_id"]] + [(x.effect_id, "out", x.reason) for x in s.left_out]
    print_rows(["effect", "", "reason"], rows)
