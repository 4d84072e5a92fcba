"""The committed outputs and lockfile are those of the committed inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from metareview.folder import ReviewFolder
from metareview.provenance.lockfile import Comparison
from metareview.services.provenance import verify

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return verify(ReviewFolder(ROOT))


def test_inputs_results_and_outputs_are_as_locked(comparison: Comparison) -> None:
    assert comparison.failures == ()
    assert comparison.compared["results"] > 3000 and comparison.compared["inputs"] == 9


def test_every_figure_is_there_in_three_formats_and_every_table_in_three() -> None:
    figures = {p.stem for p in (ROOT / "outputs" / "figures").iterdir()}
    assert {"prisma_flow", "forest_crime_any", "funnel_crime_any"} <= figures
    for folder, suffixes in (("figures", "svg pdf png"), ("tables", "csv md html")):
        stems = {p.stem for p in (ROOT / "outputs" / folder).iterdir()}
        for stem in stems:
            for suffix in suffixes.split():
                assert (ROOT / "outputs" / folder / f"{stem}.{suffix}").stat().st_size > 0


def test_the_report_says_plainly_what_it_is() -> None:
    for name in ("report.md", "report.html", "lessons.md", "lessons.html"):
        text = (ROOT / "outputs" / name).read_text(encoding="utf-8")
        assert "abstract-level evidence map with a real meta-analysis on it, not a full systematic review" in text
        assert "not from full texts" in text


def test_no_output_names_this_machine() -> None:
    for path in (ROOT / "outputs").rglob("*"):
        if path.suffix in (".md", ".html", ".csv", ".svg"):
            assert str(ROOT) not in path.read_text(encoding="utf-8"), path
