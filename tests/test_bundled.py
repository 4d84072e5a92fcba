"""The bundled review of area-based approaches, on a copy: its counts, effects, analyses and where each comes from."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from metareview.folder import ReviewFolder
from metareview.literature.reading import read_records
from metareview.report.prisma import FlowCounts, check
from metareview.services import analyze, effects, prisma, show, status
from metareview.services.analyze import AnalysisResult, named_groups
from metareview.services.state import ReviewState, load_state
from metareview.synthesis.crosscheck import failed
from metareview.synthesis.results import PooledResult

ROOT = Path(__file__).parents[1]
TOLERANCE = 6e-6  # recorded_yi and recorded_se are rounded to five decimals


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ReviewFolder:
    place = tmp_path_factory.mktemp("bundled")
    for name in ("protocols", "data"):
        shutil.copytree(ROOT / name, place / name)
    return ReviewFolder(place)


@pytest.fixture(scope="module")
def state(folder: ReviewFolder) -> ReviewState:
    return load_state(folder)


@pytest.fixture(scope="module")
def frame(folder: ReviewFolder, state: ReviewState) -> pd.DataFrame:
    return effects.run(folder, state)


@pytest.fixture(scope="module")
def results(folder: ReviewFolder, frame: pd.DataFrame) -> dict[str, AnalysisResult]:
    return analyze.run(folder, frame=frame)


@pytest.fixture(scope="module")
def counts(folder: ReviewFolder, state: ReviewState) -> FlowCounts:
    return prisma.run(folder, state)


def test_nothing_is_left_to_do_but_the_outputs(folder: ReviewFolder) -> None:
    assert [(s.name, s.left) for s in status.run(folder) if s.left and s.name != "outputs"] == []


def test_every_identity_of_the_flow_holds(counts: FlowCounts) -> None:
    checks = check(counts)
    assert len(checks) == 14 and [c.id for c in checks if not c.holds] == []


def test_exports_hold_as_many_records_as_their_log_says(
    folder: ReviewFolder, state: ReviewState, counts: FlowCounts
) -> None:
    with (folder.searches / "searches.csv").open(encoding="utf-8", newline="") as stream:
        log = {row["file"]: row for row in csv.DictReader(stream)}
    exports = sorted(p for p in folder.searches.iterdir() if p.suffix == ".ris")
    assert set(log) == {p.relative_to(folder.root).as_posix() for p in exports}
    for path in exports:
        row, read = log[path.relative_to(folder.root).as_posix()], read_records(path)
        assert (len(read), len(read.repairs), len(read.quarantined)) == tuple(
            int(row[name]) for name in ("records", "repaired", "quarantined")
        )
        assert path.read_text(encoding="utf-8").count("\nER  -") == int(row["records"])
    studies = sum(int(row["records"]) for row in log.values() if row["track"] == "studies")
    assert counts.n("database_results") == studies
    assert counts.n("records_screened") + counts.n("duplicates") == studies
    assert len(state.practice_records()) == len(state.records) - studies


def test_effects_computed_anew_are_those_recorded_when_the_facts_were_gathered(frame: pd.DataFrame) -> None:
    assert len(frame) == 126 and frame["effect_id"].is_unique
    assert frame[["recorded_yi", "recorded_se"]].notna().all().all()
    off_yi = (frame["yi_printed"] - frame["recorded_yi"]).abs()  # recorded before an effect is turned round
    off_se = (frame["sei"] - frame["recorded_se"]).abs()
    assert list(frame.loc[(off_yi > TOLERANCE) | (off_se > TOLERANCE), "effect_id"]) == []


def test_what_was_turned_round_is_what_removed_a_control(frame: pd.DataFrame) -> None:
    turned = frame["sense_applied"] == -1
    assert (frame.loc[turned, "yi"] == -frame.loc[turned, "yi_printed"]).all()
    assert (frame.loc[~turned, "yi"] == frame.loc[~turned, "yi_printed"]).all()
    assert frame.loc[turned, "sense_note"].notna().all()


def _pools(result: AnalysisResult) -> Iterator[tuple[str, PooledResult]]:
    if result.pooled is not None:
        yield "all", result.pooled
    yield from ((name, pooled) for name, (pooled, _) in result.sensitivity.items() if pooled is not None)
    if result.subgroups is not None:
        yield from named_groups(result.subgroups)


def test_every_planned_analysis_runs_and_a_second_engine_agrees(
    folder: ReviewFolder, results: dict[str, AnalysisResult]
) -> None:
    assert list(results) == [a.name for a in folder.protocol.analyses]
    for name, result in results.items():
        assert result.pooled is not None and result.pooled.converged, name
        assert set(result.sensitivity) == set(result.analysis.sensitivity)
        assert len(result.regressions) == len(result.analysis.moderators), result.notes
        for where, pooled in _pools(result):
            assert pooled.crosscheck is not None, f"{name}, {where} was not checked"
            assert failed(pooled.crosscheck, 1e-5) == [], f"{name}, {where}: {pooled.crosscheck}"
            assert pooled.k == 1 or {"estimate", "se"} <= set(pooled.crosscheck)
            assert math.isfinite(pooled.estimate) and pooled.ci_low < pooled.estimate < pooled.ci_high


def test_each_effect_offered_either_enters_or_is_left_out_for_a_reason(
    frame: pd.DataFrame, results: dict[str, AnalysisResult]
) -> None:
    for result in results.values():
        offered = set(frame.loc[frame["outcome_domain"].isin(result.analysis.outcome), "effect_id"])
        entered, left = set(result.selection.frame["effect_id"]), {x.effect_id for x in result.selection.left_out}
        assert entered | left == offered and not entered & left
        assert all(x.reason for x in result.selection.left_out)
        assert result.selection.frame["study_id"].is_unique


def test_main_analyses_hold_no_weak_design_no_held_out_and_no_adjacent_effect(
    results: dict[str, AnalysisResult],
) -> None:
    for name, result in results.items():
        chosen = result.selection.frame
        assert chosen["hold_out_of_main"].isna().all(), name
        if not result.analysis.flag:
            assert (chosen["sms_level"] >= 3).all() and (chosen["area_role"] == "target").all(), name
        if name.endswith("sms2"):
            assert (chosen["sms_level"] == 2).all()
        if name.startswith("displacement"):
            assert (chosen["area_role"] == "adjacent").all()


def test_log_ratios_and_mean_differences_are_never_pooled_together(results: dict[str, AnalysisResult]) -> None:
    for result in results.values():
        assert len(set(result.selection.frame["effect_scale"] == "smd")) <= 1
        assert set(result.selection.frame["scale"]) <= {result.analysis.scale}


def test_practice_knowledge_enters_no_number(
    state: ReviewState, frame: pd.DataFrame, counts: FlowCounts, results: dict[str, AnalysisResult]
) -> None:
    practice = state.coding.rows["practice"]
    records = set(state.practice_records())
    sources = {str(row.values["source_record"]) for row in practice.values()}
    behind = {r for study in frame["study_id"] for r in state.included_studies()[study]}
    assert practice and records and sources <= set(state.records)
    assert not (records | sources) & behind and not set(practice) & set(frame["effect_id"])
    assert not records & {i for ids in counts.ids.values() for i in ids}
    pooled = {s for r in results.values() for s in r.selection.frame["study_id"]}
    strands = {str(state.coding.rows["study"][s].values["strand"]) for s in pooled}
    assert strands == {"A"}


def test_every_coded_study_is_included_and_walks_back_to_a_line_of_an_export(
    folder: ReviewFolder, state: ReviewState
) -> None:
    included = state.included_studies()
    coded = state.coding.rows["study"]
    assert set(coded) == set(included)
    lines = {p.name: p.read_text(encoding="utf-8").splitlines() for p in folder.searches.glob("*.ris")}
    for study, reports in included.items():
        facts = show._study(folder, state, study)
        assert [value.split(": ")[0] for what, value in facts if what == "report"] == reports
        for report in reports:
            where = dict(show._record(state, report))
            name, _, line = where["export"].removeprefix("data/searches/").partition(" line ")
            entry = lines[name][int(line) - 1 :]
            assert entry[0].startswith("TY  - ") and where["study"] == study
            title = next(text[6:] for text in entry if text.startswith("TI  - "))
            assert title == state.records[report].title


def test_show_tells_the_same_for_one_of_each_kind(
    folder: ReviewFolder, state: ReviewState, frame: pd.DataFrame
) -> None:
    for level in ("effect", "lesson", "practice"):
        row = next(iter(state.coding.rows[level].values()))
        facts = dict(show.run(folder, row.row_id))
        file, _, at = facts["coded in"].split(",")[0].partition(" row ")
        with (folder.root / file).open(encoding="utf-8", newline="") as stream:
            cells = list(csv.reader(stream))[int(at) - 1]
        assert cells[0] == row.row_id
    first = frame.iloc[0]
    assert dict(show.run(folder, first["effect_id"]))["yi"] == first["yi"]


def test_every_lesson_and_effect_names_where_it_stands(state: ReviewState) -> None:
    for level in ("effect", "lesson", "practice"):
        assert all(row.values.get("locator") for row in state.coding.rows[level].values())
    assert all(row.study_id in state.included_studies() for row in state.coding.rows["lesson"].values())
