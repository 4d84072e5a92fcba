"""`metareview diagnose`: the library's diagnostics of planned analyses, their parts, and models of several effects a study."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_review import EFFECT_COLUMNS, EFFECTS, MARA, hashes, run, table
from test_post_hoc import SEVERAL, change
from test_progress import read

import metareview as mr
from metareview.errors import MetareviewError
from metareview.folder import ReviewFolder
from metareview.services import analyze, code, diagnose, fitting
from metareview.services.diagnose_methods import METHODS
from metareview.synthesis.diagnostics import gosh as subsets

Frame = Any


@pytest.fixture
def several(review: ReviewFolder, tmp_path: Path) -> ReviewFolder:
    """The small review in which three studies give a second effect, its analysis a model of correlated effects."""
    common = {"outcome_domain": "crime", "area_role": "target", "direction": "lower_is_better", "measure": "RIRR"}
    more = [{"effect_id": e, "study_id": s, "locator": "p. 40", **common, **cells} for e, s, cells in SEVERAL]
    code.import_form(review, table(tmp_path / "more.csv", EFFECT_COLUMNS, [*EFFECTS, *more]), MARA)
    che = ("    subgroup: family\n", "    subgroup: family\n    model: che\n    level: 0.9\n")
    return change(review, che, ("[without_printed, dersimonian_laird]", "[without_printed]"))


def told(folder: ReviewFolder, *words: Any) -> dict[str, Any]:
    """What the command prints as JSON."""
    ran = run("diagnose", "crime", *words, "--json", "--review", folder.root)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def same(rows: list[dict[str, Any]], frame: Frame) -> None:
    """Printed rows are those of a frame to the last bit; what is not a number is null."""
    wanted = json.loads(frame.to_json(orient="records", double_precision=15))
    assert [list(row) for row in rows] == [[str(k) for k in row] for row in wanted]
    for row, its in zip(rows, frame.to_dict("records"), strict=True):
        for value, own in zip(row.values(), its.values(), strict=True):
            assert value == own or (value is None and (own != own or abs(own) == float("inf")))


def sampled(p: Any, frame: Frame) -> dict[str, Frame]:
    return {"drivers": mr.gosh(p, subsets=9, seed=4).clusters("gmm", n=2, seed=4).to_frame()}


Case = tuple[tuple[str, ...], Callable[[Any, Frame], dict[str, Frame]]]
LIBRARY: dict[str, Case] = {
    "influence": ((), lambda p, f: {"influence": mr.influence(p).to_frame()}),
    "influence by": (
        ("--by", "family"),
        lambda p, f: {"influence": mr.influence(p, cluster=list(f["family"])).to_frame(),
                      "effects": mr.influence(p, cluster=list(f["family"])).effects},
    ),
    "leave_one_out": ((), lambda p, f: {"leave_one_out": mr.leave_one_out(p.yi, p.vi, p.labels)}),
    "leave-one-cluster-out": (
        ("--by", "family"), lambda p, f: {"leave_one_cluster_out": mr.leave_one_cluster_out(p, list(f["family"]))}
    ),
    "cumulative": ((), lambda p, f: {"cumulative": mr.cumulative(p)}),
    "gosh": (("--subsets", "9", "--seed", "4", "--clusters", "gmm", "--clouds", "2"), sampled),
    "baujat": ((), lambda p, f: {"baujat": mr.baujat(p)}),
    "radial": ((), lambda p, f: {"radial": mr.radial(p)}),
    "qq": (
        ("--kind", "rstudent", "--draws", "60", "--seed", "3", "--level", "0.9"),
        lambda p, f: {"qq": mr.qq(p, kind="rstudent", n=60, seed=3, level=0.9).to_frame()},
    ),
    "profile": (("--points", "7"), lambda p, f: {"curve_tau2": mr.profile(p, n=7).to_frame()}),
    "bootstrap": (
        ("--kind", "nonparametric", "--draws", "60"),
        lambda p, f: {"bootstrap": mr.bootstrap(p, kind="nonparametric", n=60).to_frame()},
    ),
    "permutation_test": (
        ("--sampled", "--draws", "30", "--seed", "2"),
        lambda p, f: {"permutation_test": mr.permutation_test(p, exact=False, permutations=30, seed=2).to_frame()},
    ),
    "wild_bootstrap": (
        ("--weights", "Webb", "--draws", "99", "--vcov", "CR2"),
        lambda p, f: {"wild_bootstrap": mr.wild_bootstrap(
            p, f["study_id"], "Intercept", weights="Webb", replications=99, vcov="CR2").to_frame()},
    ),
    "robust": (("--test", "naive"), lambda p, f: {"robust": mr.robust(p, f["study_id"], test="naive").to_frame()}),
}  # fmt: skip


@pytest.mark.parametrize("name", LIBRARY)
def test_the_figures_are_those_of_the_library(name: str, built: ReviewFolder) -> None:
    options, library = LIBRARY[name]
    found = told(built, name.split()[0], *options)
    main = analyze.run(built, ["crime"])["crime"]
    for table_name, frame in library(main.pooled, main.selection.frame).items():
        same(found["tables"][table_name], frame)
    assert found["method"] == name.split()[0].replace("-", "_") and found["model"].startswith("random effects, REML")
    assert next(iter(found["tables"])) == found["method"] and found["flag"] == ""


def test_every_method_is_tested_against_the_library() -> None:
    assert {name.split()[0].replace("-", "_") for name in LIBRARY} | {"prediction_interval"} == set(METHODS)


def test_prediction_intervals_stand_side_by_side(built: ReviewFolder) -> None:
    found = told(built, "prediction_interval", "--draws", "1000", "--seed", "5", "--level", "0.8")
    p = analyze.run(built, ["crime"])["crime"].pooled
    assert p is not None
    wanted = [
        mr.prediction_interval(p, m, level=0.8, draws=1000, seed=5) for m in ("k-p", "k-p-1", "normal", "bootstrap")
    ]
    rows = found["tables"]["prediction_interval"]
    assert [(r["method"], r["pi_low"], r["pi_high"]) for r in rows] == [(w.method, w.low, w.high) for w in wanted]


def test_every_subset_of_few_effects_is_told_by_quantiles(built: ReviewFolder) -> None:
    found = told(built, "gosh", "--highlight", "courts")
    p = analyze.run(built, ["crime"])["crime"].pooled
    sets = mr.gosh(p)
    rows = {row["quantile"]: row for row in found["tables"]["gosh"]}
    assert (rows["lowest"]["estimate"], rows["highest"]["k"]) == (sets.estimate.min(), 4)
    assert found["facts"] == {"subsets": 15, "exact": True, "seed": None}


def test_effects_come_in_by_any_variable(built: ReviewFolder) -> None:
    main = analyze.run(built, ["crime"])["crime"]
    found = told(built, "cumulative", "--order", "vi")["tables"]["cumulative"]
    wanted = mr.cumulative(main.pooled, list(main.selection.frame["vi"]))
    assert [row["added"] for row in found] == list(wanted["added"]) and found[0]["vi"] < found[-1]["vi"]
    assert [row["estimate"] for row in found] == list(wanted["estimate"])
    found = told(built, "cumulative", "--order", "publication_year")["tables"]["cumulative"]
    assert [(row["added"], row["publication_year"]) for row in found] == [
        ("lamps", 2014), ("harbour", 2016), ("courts", 2017), ("patrol", 2019),
    ]  # fmt: skip


def test_a_subgroup_and_a_meta_regression_are_diagnosed(built: ReviewFolder) -> None:
    main = analyze.run(built, ["crime"])["crime"]
    assert main.subgroups is not None
    group = dict(zip(main.subgroups.names, main.subgroups.groups, strict=True))["lighting"]
    found = told(built, "radial", "--group", "lighting")
    same(found["tables"]["radial"], mr.radial(group))
    assert (found["group"], found["warnings"]) == ("lighting", list(group.warnings))
    (regression,) = main.regressions
    found = told(built, "permutation-test", "--moderators", "year", "--exact")
    same(found["tables"]["permutation_test"], mr.permutation_test(regression, exact=True).to_frame())
    assert (found["facts"]["count"], found["moderators"]) == (24, "year")
    found = told(built, "wild_bootstrap", "--moderators", " year", "--draws", "99")
    assert [row["tested"] for row in found["tables"]["wild_bootstrap"]] == ["Intercept", "year"]
    assert any(line.startswith("joint test: F = ") for line in told(built, "robust", "--moderators", "year")["told"])
    shown = run("diagnose", "crime", "permutation_test", "--moderators", "year", "--review", built.root).out
    assert "Permutation test: Recorded crime, on year" in shown and "joint test: QM = " in shown


def test_models_of_dependent_effects_leave_out_whole_studies(several: ReviewFolder) -> None:
    main = analyze.run(several, ["crime"])["crime"]
    frame = main.selection.frame
    found = told(several, "leave_one_cluster_out")["tables"]["leave_one_cluster_out"]
    assert main.leave_one_out is not None and len(found) == 4 and [row["effects"] for row in found] == [2, 2, 2, 1]
    for row, wanted in zip(found, main.leave_one_out.to_dict("records"), strict=True):
        assert (row["omitted"], row["estimate"], row["ci_low"]) == tuple(
            wanted[n] for n in ("omitted", "estimate", "ci_low")
        )
    model = fitting.working_model(frame, main.analysis)
    same(
        told(several, "influence")["tables"]["influence"],
        mr.influence(model, cluster=list(frame["study_id"])).to_frame(),
    )
    same(told(several, "robust")["tables"]["robust"], mr.robust(model, frame["study_id"], level=0.9).to_frame())
    profiles = told(several, "profile", "--points", "3")["tables"]
    assert [row["component"] for row in profiles["profile"]] == list(model.components)
    one = told(several, "profile", "--points", "3", "--component", "sigma2[study_id]")["tables"]
    same(one["curve_sigma2[study_id]"], mr.profile(model, "sigma2[study_id]", n=3).to_frame())
    assert told(several, "influence", "--by", "design")["tables"]["influence"][0]["cluster"] == "quasi_matched"


def test_what_does_not_apply_says_why(several: ReviewFolder) -> None:
    ran = run("diagnose", "crime", "gosh", "--review", several.root)
    assert ran.code == 2 and "gosh does not apply to Recorded crime [post hoc change of" in ran.err
    assert (
        "it supposes independent effects, and che models studies that give several; use leave_one_cluster_out"
        in ran.err
    )
    assert "hint: These apply: influence, leave_one_cluster_out, profile, wild_bootstrap, robust." in ran.err
    ran = run("diagnose", "crime", "--json", "--review", several.root)
    found = {item["method"]: item for item in json.loads(ran.out)}
    assert set(found) == set(METHODS) and found["influence"]["by"] == "study_id"
    assert {name for name, item in found.items() if not item["why_not"]} == {
        "influence", "leave_one_cluster_out", "profile", "wild_bootstrap", "robust",
    }  # fmt: skip
    listed = run("diagnose", "crime", "--moderators", "year", "--review", several.root).out
    assert "no: it supposes independent effects" in listed and "no: it takes a pooled result" in listed
    alone = {m["method"]: m["why_not"] for m in diagnose.applicable(several, "wellbeing")}
    assert alone["radial"] == "it needs at least 2 effects, and there is 1" and "" not in alone.values()
    ran = run("diagnose", "wellbeing", "influence", "--review", several.root)
    assert "hint: No diagnostic applies to it." in ran.err


def test_other_estimators_have_fewer_diagnostics(review: ReviewFolder) -> None:
    change(review, ("    subgroup: family\n", "    tau2: FE\n"))
    why = {m["method"]: m["why_not"] for m in diagnose.applicable(review, "crime")}
    assert why["profile"] == "τ² by FE has no likelihood; it takes REML or ML"
    assert why["prediction_interval"] == "equal effects have no distribution to predict from"
    assert [name for name, reason in why.items() if reason] == ["profile", "prediction_interval"]


def test_analyses_are_listed_with_their_parts(built: ReviewFolder) -> None:
    ran = run("diagnose", "--review", built.root)
    assert ran.code == 0 and "lighting, greening, policing" in ran.out and "planned" in ran.out
    found = json.loads(run("diagnose", "--json", "--review", built.root).out)
    assert [(a["analysis"], a["k"], a["moderators"]) for a in found] == [("crime", 4, ["year"]), ("wellbeing", 1, [])]


def test_post_hoc_stands_in_the_heading_the_tables_and_the_figures(several: ReviewFolder, tmp_path: Path) -> None:
    out, mark = tmp_path / "out", "[post hoc change of "
    ran = run("diagnose", "crime", "influence", "--output", out, "--review", several.root)
    assert f"Influence, by study_id: Recorded crime {mark}" in ran.out and "9 files in" in ran.err
    for path in sorted((out / "tables").iterdir()):
        assert mark in path.read_text(encoding="utf-8"), path
    assert mark in (out / "figures" / "influence_crime.svg").read_text(encoding="utf-8")
    assert mark[1:] in told(several, "influence")["flag"]


def test_parts_that_nobody_planned_are_marked(review: ReviewFolder) -> None:
    change(review, ("subgroup: family", "subgroup: design"), ("moderators: [year]", "moderators: [year, design]"))
    assert told(review, "radial")["flag"] == ""
    assert told(review, "radial", "--group", "quasi_matched")["flag"] == "post hoc"
    assert told(review, "robust", "--moderators", "design")["flag"] == "post hoc"
    assert told(review, "robust", "--moderators", "year")["flag"] == ""


def test_outputs_stand_beside_each_other_and_nowhere_else(built: ReviewFolder, tmp_path: Path) -> None:
    before, out = hashes(built.root), tmp_path / "out"
    for words in (
        ("gosh", "--clusters", "kmeans", "--clouds", "2", "--seed", "7"), ("leave_one_out",), ("cumulative", "--order", "year"),
        ("bootstrap", "--draws", "50", "--moderators", "year"), ("profile", "--points", "5"), ("baujat",), ("radial",),
        ("qq", "--draws", "40"), ("influence", "--group", "lighting"),
    ):  # fmt: skip
        ran = run("diagnose", "crime", *words, "--output", out, "--review", built.root)
        assert ran.code == 0, ran.err
    figures = {p.stem for p in (out / "figures").iterdir()}
    assert figures == {
        "gosh_crime", "leave_one_out_crime", "cumulative_crime_by_year", "profile_crime", "baujat_crime", "radial_crime",
        "qq_crime", "influence_crime_lighting",
    }  # fmt: skip
    tables = {p.stem for p in (out / "tables").iterdir()}
    assert tables == figures | {
        "gosh_crime_clusters", "gosh_crime_drivers", "bootstrap_crime_on_year", "profile_crime_curve_tau2",
    }  # fmt: skip
    text = (out / "tables" / "gosh_crime.md").read_text(encoding="utf-8")
    assert "**GOSH: Recorded crime**" in text and "15 subsets of 4 effects (every one)" in text
    assert "Made by `metareview diagnose crime gosh --clusters kmeans --clouds 2 --seed 7`" in text
    row = (out / "tables" / "leave_one_out_crime.csv").read_text(encoding="utf-8").splitlines()[1].split(",")
    p = analyze.run(built, ["crime"])["crime"]
    assert p.leave_one_out is not None and row[1:3] == [
        "lamps",
        f"{2.718281828459045 ** p.leave_one_out['estimate'][0]:.2f}",
    ]
    assert "lighting" in (out / "figures" / "influence_crime_lighting.svg").read_text(encoding="utf-8")
    again = tmp_path / "again"
    run("diagnose", "crime", "gosh", "--clusters", "kmeans", "--clouds", "2", "--seed", "7", "--output", again,
        "--review", built.root)  # fmt: skip
    for path in again.rglob("*.*"):
        assert path.read_bytes() == (out / path.relative_to(again)).read_bytes()
    assert hashes(built.root) == before


def test_outputs_are_not_written_over_the_report_or_other_files(built: ReviewFolder, tmp_path: Path) -> None:
    found = diagnose.run(built, "crime", "baujat")
    with pytest.raises(MetareviewError, match="rebuilt by"):
        diagnose.save(built, found, built.root / "outputs" / "mine")
    (tmp_path / "diary.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(MetareviewError, match="holds other files"):
        diagnose.save(built, found, tmp_path)
    with pytest.raises(MetareviewError, match="holds other files"):
        diagnose.save(built, found, tmp_path / "diary.txt")


def test_any_worker_gives_the_same(built: ReviewFolder, several: ReviewFolder, cluster: str) -> None:
    words = ("bootstrap", "--draws", "600", "--seed", "8")
    alone = told(built, *words)
    assert told(built, *words, "--workers", "2") == alone
    assert told(built, *words, "--cluster", cluster) == alone
    studies = told(several, "leave_one_cluster_out")
    assert told(several, "leave_one_cluster_out", "--cluster", cluster) == studies


def test_progress_is_told_over_all_parts(several: ReviewFolder) -> None:
    said: list[tuple[int, int]] = []
    diagnose.run(several, "crime", "profile", points=3, progress=lambda *both: said.append(both))
    assert said == [(1, 4), (2, 4), (3, 4), (4, 4)]  # two variances, both at 0, which is one of two values
    said.clear()
    diagnose.run(several, "crime", "leave_one_cluster_out", progress=lambda *both: said.append(both))
    assert said == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_says_so_and_changes_nothing(
    workers: int, review: ReviewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hashes(review.root)
    with monkeypatch.context() as patch:
        patch.setattr(subsets, "_result", lambda *what: signal.raise_signal(signal.SIGINT))
        stopped = run("diagnose", "crime", "gosh", "--workers", workers, "--review", review.root)
    assert (stopped.code, stopped.out, stopped.err.strip()) == (130, "", "stopped; what was acknowledged is on disk")
    assert hashes(review.root) == before
    assert run("diagnose", "crime", "gosh", "--workers", workers, "--review", review.root).code == 0


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_a_bar_is_shown_on_a_terminal(built: ReviewFolder) -> None:
    ours, theirs = os.openpty()
    words = ["diagnose", "crime", "bootstrap", "--draws", "50", "--json", "--review", str(built.root)]
    process = subprocess.Popen(
        [sys.executable, "-m", "metareview", *words],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    bar = read(ours)
    out, _ = process.communicate(timeout=50)
    os.close(ours)
    assert process.returncode == 0 and b"diagnosing crime by bootstrap" in bar
    assert out.startswith(b"{") and b"diagnosing" not in out


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["crim", "gosh"], "names no analysis `crim`", "It names: crime, wellbeing."),
        (["crim"], "names no analysis `crim`", "It names: crime, wellbeing."),
        (["crime", "gosch"], "there is no diagnostic `gosch`", "There are: influence, leave_one_out,"),
        (["crime", "gosh", "--order", "year"], "--order goes with cumulative; not with gosh", "gosh takes: --subsets, --seed"),
        (["crime", "baujat", "--draws", "9"], "--draws goes with qq, bootstrap,", "baujat takes: none of its own."),
        (["crime", "cumulative", "--order", "yeer"], "no effect has a variable `yeer`", "There are: "),
        (["crime", "cumulative", "--order", "n1i"], "order has no value for", "Give one of each"),
        (["crime", "robust", "--by", "famly"], "no effect has a variable `famly`", "There are: "),
        (["crime", "gosh", "--group", "benches"], "crime has no subgroup `benches`", "There are: lighting, greening, policing."),
        (["wellbeing", "gosh", "--group", "x"], "wellbeing has no subgroup `x`", "`subgroup` in the protocol is empty"),
        (["crime", "robust", "--moderators", "vi"], "crime names no moderators `vi`", "It names: year."),
        (["wellbeing", "robust", "--moderators", "vi"], "wellbeing names no moderators", "Add `moderators`"),
        (["crime", "robust", "--moderators", "year", "--group", "lighting"], "takes the whole analysis", "Give one"),
        (["crime", "radial", "--moderators", "year"], "it takes a pooled result", "These apply: influence, gosh,"),
        (["crime", "gosh", "--highlight", "bench"], "crime has no effect `bench`", "It has: lamps,"),
        (["crime", "gosh", "--highlight", "lamps", "--clusters", "dbscan"], "colour the same figure", "Give one"),
        (["crime", "gosh", "--clouds", "2"], "say which clusters to look for", "Add --clusters"),
        (["crime", "qq", "--kind", "parametric"], "no residual 'parametric'", "rstandard, rstudent"),
        (["crime", "profile", "--component", "sigma2"], "no component 'sigma2'", "It is tau2"),
        (["crime", "bootstrap", "--workers", "2", "--cluster", "tcp://x"], "tcp://x", "dask://"),
        (["crime", "--draws", "5"], "--draws belongs to a METHOD", "ANALYSIS METHOD"),
        (["--output", "x"], "--output belongs to an ANALYSIS", "ANALYSIS METHOD"),
        (["--group", "x"], "--group or --moderators belongs to an ANALYSIS", "ANALYSIS METHOD"),
    ],
)  # fmt: skip
def test_what_cannot_be_diagnosed_is_told(built: ReviewFolder, words: list[str], message: str, hint: str) -> None:
    ran = run("diagnose", *words, "--review", built.root)
    assert (ran.code, ran.out) == (2, "")
    error, _, rest = ran.err.partition("hint: ")
    assert message in error and hint in rest, ran.err


def test_a_notebook_has_the_same(built: ReviewFolder) -> None:
    found = mr.open_review(built.root).diagnose("crime", "bootstrap", draws=50, group="lighting")
    assert list(found.to_frame()["term"]) == ["Intercept", "tau2"]
    assert repr(found).startswith(
        "Diagnosis(Bootstrap: Recorded crime: lighting; 95% intervals from 50 parametric samples"
    )
    assert "<caption>Bootstrap: Recorded crime: lighting</caption>" in found._repr_html_()
    assert found.command == "metareview diagnose crime bootstrap --group lighting --draws 50"
