"""metareview analyze."""

from __future__ import annotations

import click

from .common import folder_of, json_option, print_json, print_rows, review_option, say


@click.command()
@click.argument("names", nargs=-1)
@click.option("--plan", is_flag=True, help="Show which effects would enter and why others would not; pool nothing.")
@review_option
@json_option
def COMMAND(names: tuple[str, ...], plan: bool, review: str | None, as_json: bool) -> None:  # noqa: N802
    """Run the analyses that the protocol names (all, or NAMES), each checked by a second engine."""
    folder = folder_of(review)
    if plan:
        _plan(folder, names, as_json)
        return
    from ..report.numbers import fixed, p_value
    from ..services import report_tables
    from ..services.analyze import run

    results = run(folder, names)
    if as_json:
        print_json({name: r.to_dict() for name, r in results.items()})
        return
    pooled = report_tables.pooled(results.values())
    keys = (
        "analysis",
        "group",
        "k",
        "estimate",
        "ci",
        "wald",
        "pi",
        "tau2",
        "tau2_ci",
        "I2",
        "H2",
        "Q",
        "agreement",
    )
    heads = [head for key, head in pooled.columns if key in keys]
    print_rows(heads, [[row.get(key) for key in keys] for row in pooled.rows])
    for r in results.values():
        if r.subgroups is not None and r.subgroups.Q_between_df:
            s = r.subgroups
            click.echo(
                f"{r.analysis.label}: between groups Q = {fixed(s.Q_between)} ({s.Q_between_df}), p {p_value(s.Q_between_p)}"
            )
        for note in (*(r.pooled.warnings if r.pooled else ()), *r.notes):
            say(f"{r.analysis.name}: {note}")
    for name in ("sensitivity", "meta_regression"):
        table = _table(folder, name, list(results.values()))
        if table.rows:
            click.echo("")
            print_rows(
                [h for _, h in table.columns],
                [[row.get(k) for k, _ in table.columns] for row in table.rows],
                table.title,
            )


def _table(folder, name, results):  # type: ignore[no-untyped-def]
    from ..services import report_tables

    if name == "sensitivity":
        return report_tables.sensitivity(results, {s.name: s.label or s.name for s in folder.protocol.sensitivity})
    return report_tables.regressions(results)


def _plan(folder, names, as_json):  # type: ignore[no-untyped-def]
    from ..services.analyze import plan

    found = plan(folder, names)
    if as_json:
        print_json(
            {
                name: {
                    "effects": list(s.frame["effect_id"]),
                    "left_out": {x.effect_id: x.reason for x in s.left_out},
                }
                for name, s in found.items()
            }
        )
        return
    for name, s in found.items():
        click.echo(f"\n{name}: {len(s.frame)} effects")
        rows = [(i, "in", "") for i in s.frame["effect_id"]] + [(x.effect_id, "out", x.reason) for x in s.left_out]
        print_rows(["effect", "", "reason"], rows)
