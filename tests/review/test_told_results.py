"""Results are told at the level of their analysis, with the better side of the effects themselves, and their doubts."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from small_review import EFFECT_COLUMNS, EFFECTS, MARA, PROTOCOL, run, table

from metareview.errors import MetareviewError
from metareview.folder import ReviewFolder
from metareview.services import analyze, code, lessons, report, report_tables, retrieve
from metareview.services.report_tables import Table

Plan = Callable[[str, str], ReviewFolder]


@pytest.fixture
def plan(review: ReviewFolder) -> Plan:
    """The small review with words of its protocol changed."""

    def change(old: str, new: str) -> ReviewFolder:
        text = review.protocol_path.read_text(encoding="utf-8")
        assert old in text
        review.protocol_path.write_text(text.replace(old, new), encoding="utf-8")
        return review

    return change


def test_headings_name_no_level_that_the_rows_do_not_have(plan: Plan, tmp_path: Path) -> None:
    folder = plan("    subgroup: family\n", "    subgroup: family\n    level: 0.9\n")
    found: Table = report_tables.pooled(analyze.run(folder).values())
    heads = [head for _, head in found.columns]
    assert {"Level", "CI", "PI"} <= set(heads) and not [h for h in heads if "95" in h]
    assert {r["level"] for r in found.rows if r["analysis"].startswith("Recorded crime")} == {"90%"}
    assert {r["level"] for r in found.rows if r["analysis"] == "Wellbeing"} == {"95%"}
    out = tmp_path / "out"
    report.run(folder, out)
    with (out / "tables" / "pooled.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["level"] for row in csv.DictReader(stream)} == {"90%", "95%"}
    forest = (out / "figures" / "forest_crime.svg").read_text(encoding="utf-8")
    assert "90% CI" in forest and "95%" not in forest
    assert "(90% confidence interval" in (out / "lessons.md").read_text(encoding="utf-8")


def test_which_way_is_better_comes_from_the_effects_themselves(plan: Plan, tmp_path: Path) -> None:
    told = {f.key: f.sentence for f in lessons.run(plan("", "")).findings}
    assert "better side" in told["policing/crime"]
    turned = [e | {"direction": "higher_is_better"} for e in EFFECTS if e["outcome_domain"] == "crime"]
    folder = plan("- {name: crime, label: Recorded crime}", "- {name: crime, label: Recorded crime}")
    code.import_form(folder, table(tmp_path / "turned.csv", EFFECT_COLUMNS, turned), MARA)
    again = {f.key: f.sentence for f in lessons.run(folder).findings}
    assert again["policing/crime"] == told["policing/crime"].replace("better side", "worse side")


def test_two_studies_and_mixed_kinds_and_doubts_are_told_beside_a_finding(plan: Plan, tmp_path: Path) -> None:
    folder = plan("    - {name: locator, required: true}\n  lesson:", "    - {name: locator, required: true}\n"
                  "    - {name: kind, type: category, categories: [rate_ratio, odds_ratio]}\n"
                  "    - {name: doubt}\n  lesson:")  # fmt: skip
    plan("sensitivity:\n", "lessons: {effect_kind: kind, doubts: [doubt], programme: design}\nsensitivity:\n")
    more = {"lamps": {"kind": "rate_ratio", "doubt": "counts of one year"}, "harbour": {"kind": "odds_ratio"}}
    rows = [e | more.get(str(e["effect_id"]), {}) for e in EFFECTS]
    code.import_form(folder, table(tmp_path / "more.csv", (*EFFECT_COLUMNS, "kind", "doubt"), rows), MARA)
    found = {f.key: f for f in lessons.run(folder).findings}
    lighting = found["lighting/crime"]
    assert lighting.sentence.endswith("2 studies). Two studies are too few for a verdict.")
    assert lighting.kinds == ("odds ratio", "rate ratio")
    assert lighting.doubts == (
        "Two studies: the interval is the normal one, too narrow where effects truly differ.",
        "It mixes kinds of effects: odds ratio, rate ratio.",
        "Its 2 studies are of one programme.",
        "1 of its 2 effects is doubted in the coding.",
    )
    assert found["policing/crime"].doubts == ("One study only.",) and found["policing/crime"].kinds == ()
    out = tmp_path / "out"
    report.run(folder, out)
    text = (out / "lessons.md").read_text(encoding="utf-8")
    for doubt in lighting.doubts:
        assert doubt in text
    for effect in ("lamps", "harbour", "courts", "patrol"):
        assert effect in text


def test_lessons_work_without_analyses(review: ReviewFolder) -> None:
    start, end = PROTOCOL.index("analyses:\n"), PROTOCOL.index("sensitivity:\n  - {name")
    review.protocol_path.write_text(PROTOCOL[:start] + PROTOCOL[end:], encoding="utf-8")
    found = lessons.run(review)
    assert found.findings == () and [row.row_id for row in found.coded] == ["lesson1"]
    assert run("lessons", "--review", review.root).code == 0


def test_effects_of_studies_no_longer_included_are_left_out(review: ReviewFolder) -> None:
    report_of = next(r for r, study in _links(review).items() if study == "ferrari2016")
    retrieve.link(review, [(report_of, "another2016")], MARA)
    left = {x.effect_id: x.reason for x in analyze.run(review)["crime"].selection.left_out}
    assert left["harbour"] == "its study is not included in the review"
    assert "harbour" not in set(analyze.run(review)["crime"].selection.frame["effect_id"])


def _links(review: ReviewFolder) -> dict[str, str | None]:
    return {r.record.record_id: r.study for r in retrieve.reports(review)}


def test_analyses_select_by_what_was_computed(plan: Plan) -> None:
    folder = plan("where: {area_role: target}", "where: {area_role: target, measure: [RIRR, GEN], phi_source: assumed}")
    found = analyze.run(folder)["crime"]
    assert list(found.selection.frame["effect_id"]) == ["lamps", "harbour"]
    assert {x.reason for x in found.selection.left_out} >= {"phi_source is empty, not assumed"}


def test_phi_of_a_sensitivity_analysis_replaces_assumed_phi_only(plan: Plan) -> None:
    folder = plan("tau2: DL, test: z}", "tau2: DL, test: z}\n  - {name: poisson, phi: 1}")
    plan("sensitivity: [without_printed, dersimonian_laird]", "sensitivity: [poisson]")
    before = analyze.run(folder)["crime"].sensitivity["poisson"][0]
    assert before is not None
    plan("effects: {phi: 2,", "effects: {phi: 2, phi_source: given,")
    with_given = analyze.run(folder)["crime"]
    after = with_given.sensitivity["poisson"][0]
    assert after is not None and with_given.pooled is not None
    assert before.se < after.se == pytest.approx(with_given.pooled.se)


def test_subgroups_are_compared_with_one_tau2(review: ReviewFolder) -> None:
    found = analyze.run(review)["crime"].subgroups
    assert found is not None and found.QM_df == 2 and found.Q_between != found.QM
    ran = run("analyze", "crime", "--review", review.root)
    assert f"= {found.QM:.2f}" in ran.out + ran.err and f"{found.Q_between:.2f}" not in ran.out + ran.err
    (row, *_) = report_tables.between_groups(analyze.run(review).values()).rows
    assert (found.QM_df2, row["QM"], row["df"]) == (math.inf, f"χ² = {found.QM:.2f}", "2"), "no F without its second df"


def test_leave_one_out_tells_k_and_test(review: ReviewFolder) -> None:
    found = report_tables.leave_one_out(analyze.run(review).values())
    assert {"k", "test"} <= {key for key, _ in found.columns}
    assert [(row["k"], row["test"]) for row in found.rows] == [(3, "knha")] * 4


def test_leave_one_out_reads_as_the_tables_beside_it_and_keeps_its_precision_in_json(review: ReviewFolder) -> None:
    result = analyze.run(review)["crime"]
    row, *_ = report_tables.leave_one_out([result]).rows
    exact, *_ = result.to_dict()["leave_one_out"]
    assert result.leave_one_out is not None and exact == result.leave_one_out.to_dict("records")[0]
    assert row["analysis"] == result.label and row["estimate"] == f"{math.exp(exact['estimate']):.2f}"
    assert row["ci"] == f"{math.exp(exact['ci_low']):.2f} to {math.exp(exact['ci_high']):.2f}"


def test_a_protocol_changed_after_its_registration_is_told(plan: Plan, tmp_path: Path) -> None:
    folder = plan("phi: 2", "phi: 3")
    report.run(folder, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "The protocol was changed after that, and this report is made with a change that is not registered." in text


def test_adhoc_is_an_analysis_test(plan: Plan) -> None:
    folder = plan("    subgroup: family\n", "    subgroup: family\n    test: adhoc\n")
    found = analyze.run(folder)["crime"].pooled
    assert found is not None and found.test == "adhoc" and found.se >= found.wald_se * (1 - 1e-12)
    plan("test: adhoc", "test: adhock")
    with pytest.raises(MetareviewError, match="adhock"):
        analyze.run(folder)
