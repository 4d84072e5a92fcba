"""What was planned, what changed after registration, what nobody planned; and models of studies with several effects."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import yaml
from small_review import EFFECT_COLUMNS, EFFECTS, MARA, run, table

from metareview.errors import MetareviewError
from metareview.folder import ReviewFolder
from metareview.protocol.loading import check_protocol
from metareview.services import analyze, code, lessons, plan, post_hoc, protocol, report, standing
from metareview.services.analyze import AnalysisResult
from metareview.synthesis.dependent.pooled import DependentPooled

NEW = """\
  - name: lit
    label: Lighting alone
    outcome: [crime]
    where: {area_role: target, family: lighting}
"""
SEVERAL = (
    ("lamps_theft", "berg2014", {"a": 44, "b": 30, "c": 40, "d": 42}),
    ("harbour_theft", "ferrari2016", {"a": 31, "b": 22, "c": 33, "d": 35}),
    ("courts_theft", "oduya2017", {"a": 25, "b": 19, "c": 30, "d": 33}),
)


def change(folder: ReviewFolder, *pairs: tuple[str, str]) -> ReviewFolder:
    """Change words of the protocol."""
    text = folder.protocol_path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    folder.protocol_path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def several(review: ReviewFolder, tmp_path: Path) -> ReviewFolder:
    """The small review in which three studies give a second effect."""
    common = {"outcome_domain": "crime", "area_role": "target", "direction": "lower_is_better", "measure": "RIRR"}
    more = [{"effect_id": e, "study_id": s, "locator": "p. 40", **common, **cells} for e, s, cells in SEVERAL]
    code.import_form(review, table(tmp_path / "more.csv", EFFECT_COLUMNS, [*EFFECTS, *more]), MARA)
    return review


def stands(folder: ReviewFolder, name: str = "crime") -> str:
    return str(standing.of(folder)[name])


def test_an_analysis_as_registered_is_planned(review: ReviewFolder) -> None:
    assert stands(review) == "planned"
    change(
        review,
        ("label: Recorded crime\n    outcome", "label: Crime as recorded\n    outcome"),
        ("[crime]", "[ crime ]"),
    )
    assert stands(review) == "planned"  # words and layout are no change
    change(review, ("- name: crime\n", "- name: recorded\n"))
    assert stands(review, "recorded") == "planned"  # the same by another name


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("where: {area_role: target}", "where: {area_role: [target, adjacent]}", "post hoc change of where"),
        (
            "    subgroup: family\n",
            "    subgroup: family\n    tau2: DL\n    test: z\n",
            "post hoc change of tau2, test",
        ),
        (
            "    subgroup: family\n    moderators: [year]\n    sensitivity: [without_printed, dersimonian_laird]\n",
            "    subgroup: family\n    model: multilevel\n",
            "post hoc change of one_effect_per, model",
        ),
        ("effects: {phi: 2,", "effects: {phi: 3,", "post hoc change of effects.phi"),
        ("    subgroup: family\n", "    subgroup: family\n    tau2_ci: genq\n", "post hoc change of tau2_ci"),
        ("    subgroup: family\n", "    subgroup: family\n    tau2_ci: qp\n", "planned"),
    ],
)
def test_what_changed_after_registration_is_named(review: ReviewFolder, old: str, new: str, words: str) -> None:
    assert stands(change(review, (old, new))) == words


def test_parts_that_were_added_are_marked_and_the_rest_is_not(review: ReviewFolder) -> None:
    change(
        review,
        ("subgroup: family", "subgroup: design"),
        ("moderators: [year]", "moderators: [year, design]"),
        ("[without_printed, dersimonian_laird]", "[without_printed, dersimonian_laird, hedges]"),
        ("tau2: DL, test: z}", "tau2: DL}\n  - {name: hedges, tau2: HE}"),
    )
    found = standing.of(review)["crime"]
    assert found.flag == "" and found.parts == {
        "subgroup", "moderators design", "sensitivity dersimonian_laird", "sensitivity hedges",
    }  # fmt: skip
    result = analyze.run(review, ["crime"])["crime"]
    assert (result.flag, result.label) == ("", "Recorded crime")
    assert [result.formula(r) for r in result.regressions] == ["yi ~ year", "yi ~ design [post hoc]"]
    frame = result.to_frame()
    told = dict(zip(frame["part"] + " " + frame["name"], frame["flag"], strict=True))
    assert told["pooled all"] == told["sensitivity without_printed"] == ""
    assert told["sensitivity hedges"] == told["subgroup quasi_matched"] == "post hoc"
    ran = run("analyze", "crime", "--review", review.root)
    assert "hedges [post hoc]" in ran.out and "group [post hoc]" in ran.out and "yi ~ design [post hoc]" in ran.out
    assert "without printed effects [post hoc]" not in ran.out


def test_a_version_registered_before_the_first_effect_was_coded_is_the_plan(review: ReviewFolder) -> None:
    events = [e for e in review.events() if e.kind != "coding.coded"]
    coded = [e for e in review.events() if e.kind == "coding.coded"]
    change(review, ("analyses:\n", "analyses:\n" + NEW))
    assert stands(review, "lit") == "post hoc"
    protocol.register(review, MARA, "lighting matters")
    assert stands(review, "lit") == "post hoc"  # registered, and after the effects were known
    later = next(e for e in reversed(review.events()) if e.kind == "protocol.registered")
    first = [e for e in events if e != later]
    assert NEW not in str(standing.plan_text([*first, *coded, later]))
    assert NEW in str(standing.plan_text([*first, later, *coded]))
    assert standing.plan_text(coded) is None
    assert NEW in str(standing.plan_text([*coded, later]))  # registered late, and better than nothing


def test_without_a_registration_nothing_is_told_apart(review: ReviewFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "plan_text", lambda events: None)
    change(review, ("analyses:\n", "analyses:\n" + NEW))
    assert stands(review, "lit") == "in the protocol, which is not registered"


def test_post_hoc_stands_in_every_table_figure_and_document(review: ReviewFolder, tmp_path: Path) -> None:
    change(review, ("analyses:\n", "analyses:\n" + NEW.replace("lighting}", "lighting}\n    subgroup: family")))
    change(review, ("  - name: crime\n", "  - name: crime\n    level: 0.9\n"))
    out = tmp_path / "out"
    report.run(review, out)
    for name in ("pooled_apart", "between_groups", "left_out_effects", "findings"):
        for suffix in (".csv", ".md", ".html"):
            assert "post hoc" in (out / "tables" / f"{name}{suffix}").read_text(encoding="utf-8"), name
    for name in ("pooled", "sensitivity", "leave_one_out", "meta_regression"):
        assert "[post hoc change of level]" in (out / "tables" / f"{name}.csv").read_text(encoding="utf-8"), name
    assert "Lighting alone" not in (out / "tables" / "pooled.csv").read_text(encoding="utf-8")
    assert "Lighting alone [post hoc]" in (out / "figures" / "forest_lit.svg").read_text(encoding="utf-8")
    for name in ("forest_crime", "funnel_crime"):
        assert "[post hoc change of level]" in (out / "figures" / f"{name}.svg").read_text(encoding="utf-8")
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "Lighting alone (post hoc)" in text and "Wellbeing [post hoc" not in text
    assert any("Not as planned: post hoc." in f.doubts for f in lessons.run(review).findings)
    rows = run("lessons", "--review", review.root).out.splitlines()
    assert [row for row in rows if "/lit [post hoc]" in row] and not [row for row in rows if "wellbeing [" in row]
    assert "as planned" not in (out / "tables" / "sensitivity.csv").read_text(encoding="utf-8")
    shown = run("show", "lit", "--review", review.root)
    assert "named in" in shown.out and "post hoc" in shown.out


def test_an_unplanned_analysis_runs_and_records_nothing(review: ReviewFolder, tmp_path: Path) -> None:
    before, out = len(review.events()), tmp_path / "aside"
    given = ("analyze", "--post-hoc", "Lighting only!", "--like", "crime", "--where", "family=lighting", "--test", "z")
    ran = run(*given, "--output", out, "--review", review.root)
    assert ran.code == 0, ran.err
    assert "post_hoc_lighting_only: Lighting only! [post hoc]" in ran.out and "k = 2, REML, z, 95%" in ran.out
    assert "Nothing was recorded" in ran.err and len(review.events()) == before
    assert not (review.root / "outputs").exists() or not any((review.root / "outputs").iterdir())
    for name in ("pooled.csv", "pooled.md", "left_out_effects.html", "sensitivity.md"):
        assert "post hoc" in (out / "tables" / name).read_text(encoding="utf-8"), name
    svg = (out / "figures" / "forest_post_hoc_lighting_only.svg").read_text(encoding="utf-8")
    assert "Lighting only! [post hoc]" in svg
    again = run(*given, "--output", out, "--review", review.root, "--json")
    found = json.loads(again.out)["post_hoc_lighting_only"]
    assert (found["flag"], found["post_hoc"], found["pooled"]["k"]) == ("post hoc", ["post hoc"], 2)


def test_the_entry_it_prints_is_one_that_the_protocol_takes_and_marks(review: ReviewFolder) -> None:
    made = post_hoc.build(review.protocol, "Lighting only", "crime", where={"family": "lighting"}, model="che")
    entry = post_hoc.entry(made)
    assert yaml.safe_load(entry)[0]["name"] == "post_hoc_lighting_only"
    change(review, ("analyses:\n", "analyses:\n" + "".join(f"  {line}\n" for line in entry.splitlines())))
    assert check_protocol(review.protocol_text)[1] == []
    assert stands(review, "post_hoc_lighting_only") == "post hoc"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--post-hoc", "x", "--outcome", "crim"], "unknown outcome `crim`"),
        (["--post-hoc", "x", "--where", "famly=lighting"], "did you mean `family`"),
        (["--post-hoc", "x", "--where", "family"], "is no filter"),
        (["--post-hoc", "x", "--measure", "IRR"], "unknown measure `IRR`"),
        (["--post-hoc", "x", "--model", "che", "--tau2", "DL"], "fitted by REML or ML, not DL"),
        (["--post-hoc", "x", "--model", "che", "--test", "z"], "robust tests, and no `z`"),
        (["--post-hoc", "x", "--rho", "0.5"], "`rho` belongs to the model che"),
        (["--post-hoc", "x", "--cluster", "design"], "`cluster` belongs to the model multilevel or che"),
        (["--post-hoc", "x", "--tau2", "XX"], "there is no estimator `XX`"),
        (["--post-hoc", "x", "--tau2-ci", "XX"], "there is no interval of tau2 `XX`; known: genq, pl, qp, wald"),
        (["--post-hoc", "x", "--tau2", "DL", "--tau2-ci", "pl"], "profiles the likelihood of REML or ML"),
        (["--post-hoc", "!"], "needs a label"),
        (["--post-hoc", "x", "--like", "nothing"], "names no analysis `nothing`"),
        (["crime", "--post-hoc", "x"], "Give one of them"),
        (["--model", "che"], "--model belongs to an unplanned analysis"),
    ],
)
def test_what_cannot_be_asked_for_is_told(built: ReviewFolder, given: list[str], told: str) -> None:
    ran = run("analyze", *given, "--review", built.root)
    assert ran.code == 2 and told in ran.err, ran.err


def test_results_are_not_written_over_the_report_or_other_files(review: ReviewFolder, tmp_path: Path) -> None:
    result = post_hoc.run(review, post_hoc.build(review.protocol, "x", "crime"))
    with pytest.raises(MetareviewError, match="rebuilt by"):
        post_hoc.save(review, result, review.root / "outputs" / "mine")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "diary.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(MetareviewError, match="holds other files"):
        post_hoc.save(review, result, tmp_path / "notes")


def run_as(folder: ReviewFolder, **asked: object) -> AnalysisResult:
    return post_hoc.run(folder, post_hoc.build(folder.protocol, "try", "crime", **asked))


def test_correlated_effects_are_pooled_with_robust_tests(several: ReviewFolder) -> None:
    found = run_as(several, model="che", rho=0.5)
    p = found.pooled
    assert isinstance(p, DependentPooled) and (p.k, p.studies, p.clusters, p.rho) == (7, 4, 4, 0.5)
    assert p.test.startswith("CR2 by study_id") and math.isclose(sum(p.components.values()), p.tau2)
    assert set(p.crosscheck) == {"estimate", "se", "loglik", "score", "gain", "components"}
    assert max(p.crosscheck.values()) < 1e-6
    assert found.leave_one_out is not None and len(found.leave_one_out) == 4  # studies, not effects
    assert found.subgroups is not None and "policing" in found.subgroups.names
    assert any("greening was not pooled" in note for note in found.notes)
    assert found.to_dict()["pooled"]["components"] == p.components
    by_design = run_as(several, model="che", cluster="design")
    assert isinstance(by_design.pooled, DependentPooled) and by_design.pooled.test.startswith("CR2 by design")
    assert by_design.pooled.clusters == 2


def test_levels_without_robust_tests_have_those_of_the_model(several: ReviewFolder) -> None:
    p = run_as(several, model="multilevel").pooled
    assert isinstance(p, DependentPooled) and (p.test, p.robust, p.df) == ("t", "", 6)
    assert p.model == "multilevel (1 | study_id/effect_id)"
    crossed = run_as(several, model="multilevel", random=("1 | design", "1 | study_id")).pooled
    assert isinstance(crossed, DependentPooled) and set(crossed.components) == {"sigma2[design]", "sigma2[study_id]"}


def test_one_effect_a_study_needs_no_model_of_dependence(review: ReviewFolder) -> None:
    for model in ("che", "multilevel"):
        p = run_as(review, model=model, subgroup="").pooled
        planned = post_hoc.run(review, post_hoc.build(review.protocol, "planned", "crime")).pooled
        assert p is not None and planned is not None and not isinstance(p, DependentPooled)
        assert (p.estimate, p.ci_low) == (planned.estimate, planned.ci_low)
        assert p.warnings[0] == f"Every study gives one effect: this is a random-effects model, not {model}."


def test_one_study_is_not_pooled_with_itself(several: ReviewFolder) -> None:
    found = run_as(several, model="che", where={"family": "greening"}, subgroup="")
    assert found.pooled is None and "of one study (oduya2017)" in found.notes[0]
    assert run("analyze", "--post-hoc", "x", "--like", "crime", "--where", "family=greening", "--model", "che",
               "--review", several.root).code == 0  # fmt: skip


def test_models_of_the_protocol_reach_tables_figures_and_lessons(several: ReviewFolder, tmp_path: Path) -> None:
    change(several, ("    subgroup: family\n", "    subgroup: family\n    model: che\n"))
    change(several, ("[without_printed, dersimonian_laird]", "[without_printed, plain]"))
    change(several, ("tau2: DL, test: z}", "tau2: DL, test: z}\n  - {name: plain, model: random_effects, tau2: DL}"))
    result = analyze.run(several, ["crime"])["crime"]
    assert result.sensitivity["plain"][0] is not None and result.sensitivity["plain"][0].k == 4
    ran = run("analyze", "crime", "--review", several.root)
    assert "k = 7 (4 studies), CHE (ρ = 0.6), REML, CR2 by study_id" in ran.out and "statsmodels" in ran.out
    out = tmp_path / "out"
    report.run(several, out)
    svg = (out / "figures" / "forest_crime.svg").read_text(encoding="utf-8")
    assert "k = 7 in 4 studies" in svg and "CHE (ρ = 0.6)" in svg and "study_id" in svg
    assert "7 (4 studies)" in (out / "tables" / "pooled.csv").read_text(encoding="utf-8")
    assert "effects in 2 studies" in (out / "lessons.md").read_text(encoding="utf-8")


def test_a_plan_tells_the_model_the_dependence_and_the_standing(several: ReviewFolder) -> None:
    found = plan.run(several, ["crime"])["crime"]
    assert found.model == "random effects, REML, Knapp-Hartung, 95%" and str(found.standing) == "planned"
    assert found.dependence == (
        "one effect of each is taken where several are offered; 3 stand aside: berg2014, ferrari2016, oduya2017"
    )
    assert found.variants == {"without_printed": 3, "dersimonian_laird": 4}
    che = post_hoc.plan(several, post_hoc.build(several.protocol, "x", "crime", model="che", rho=0.4))
    assert che.model == "che (1 | study_id/effect_id, ρ = 0.4), REML, CR2 by study_id, Satterthwaite, 95%"
    assert che.dependence.startswith("6 effects of 3 studies that give several, modelled: berg2014 (2)")
    equal = post_hoc.build(several.protocol, "x", "crime", tau2="FE", one_effect_per="")
    assert post_hoc.plan(several, equal).dependence.startswith(
        "6 effects of 3 studies that give several, taken as indep"
    )
    told = run("analyze", "--plan", "crime", "--review", several.root).out
    for line in (
        "standing     planned",
        "model        random effects",
        "moderators   year",
        "without printed effects (3)",
    ):
        assert line in told
    out = run("analyze", "--plan", "--post-hoc", "x", "--measure", "GEN", "--json", "--review", several.root).out
    found_json = json.loads(out)["post_hoc_x"]
    assert found_json["standing"] == "post hoc" and found_json["effects"] == ["patrol"]
    assert "measure is RIRR, not GEN" in found_json["left_out"].values()


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("    model: che\n", "`dersimonian_laird`: the model che is fitted by REML or ML, not DL"),
        ("    model: multilevel\n    random: study_id\n", "`study_id` is no random effect"),
        ("    model: multilevel\n    random: 1 | stduy_id\n", "did you mean `study_id`?"),
        ("    random: 1 | study_id\n", "`random` belongs to the model multilevel, and this one is random_effects"),
        ("    measure: [RIR]\n", "unknown measure `RIR`; did you mean `RIRR`?"),
        ("    model: fixed\n", "Input should be 'random_effects', 'multilevel' or 'che'"),
    ],
)
def test_mistakes_in_a_model_are_told_with_their_line(built: ReviewFolder, keys: str, told: str) -> None:
    text = built.protocol_text.replace("    subgroup: family\n", "    subgroup: family\n" + keys, 1)
    mistakes = [str(m) for m in check_protocol(text)[1]]
    assert any(told in m and m.startswith("line ") for m in mistakes), mistakes
