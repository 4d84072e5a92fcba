"""Figures: what is drawn is what was pooled, nothing overlaps, and the same figure gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import itertools
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import metareview.report.figures as figures
from metareview.errors import MetareviewError
from metareview.report.figures.axis import effect_axis, limits
from metareview.report.figures.canvas import shorten, steady, style, text_width, wrap
from metareview.report.figures.flow import alt_text as flow_alt
from metareview.report.figures.flow import flow
from metareview.report.figures.forest import alt_text as forest_alt
from metareview.report.figures.forest import forest
from metareview.report.figures.funnel import alt_text as funnel_alt
from metareview.report.figures.funnel import funnel
from metareview.report.figures.save import render, save
from metareview.report.prisma import FlowCounts, FlowRecord, FlowReport, flow_counts
from metareview.synthesis.results import PooledResult
from metareview.synthesis.subgroups import subgroups as synthesis_subgroups

# Log risk ratios and variances of the BCG trials (Colditz et al. 1994, JAMA 271:698, table 1).
BCG_YI = [
    -0.8893,
    -1.5854,
    -1.3481,
    -1.4416,
    -0.2175,
    -0.7861,
    -1.6209,
    0.0120,
    -0.4694,
    -1.3713,
    -0.3394,
    0.4459,
    -0.0173,
]
BCG_VI = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
BCG = [
    "Aronson (1948)",
    "Ferguson & Simes (1949)",
    "Rosenthal (1960)",
    "Hart & Sutherland (1977)",
    "Frimodt-Møller (1973)",
]
BCG += [
    "Stein & Aronson (1953)",
    "Vandiviere (1973)",
    "TPT Madras (1980)",
    "Coetzee & Berjak (1968)",
    "Rosenthal (1961)",
]
BCG += ["Comstock (1974)", "Comstock & Webster (1969)", "Comstock (1976)"]


def pooled(yi: Any, vi: Any, labels: list[str], **changes: Any) -> PooledResult:
    """A result as the synthesis room would give it, with fixed-effect arithmetic: drawing is what is tested here."""
    y, v, k = np.asarray(yi, float), np.asarray(vi, float), len(yi)
    weights = 1 / v
    mean, se = float(np.sum(weights * y) / np.sum(weights)), float(np.sum(weights) ** -0.5)
    q = float(np.sum(weights * (y - mean) ** 2))
    nan = math.nan
    base = PooledResult(
        estimate=mean, se=se, ci_low=mean - 2 * se, ci_high=mean + 2 * se,
        wald_se=se, wald_ci_low=mean - 2 * se, wald_ci_high=mean + 2 * se,
        pi_low=mean - 1 if k > 2 else nan, pi_high=mean + 1 if k > 2 else nan,
        statistic=mean / se, p=0.02, df=k - 1 if k > 1 else math.inf,
        tau2=0.31 if k > 1 else nan, tau2_se=nan, tau2_ci=(0.1, 1.0),
        I2=92.1 if k > 1 else nan, H2=nan, Q=q if k > 1 else nan, Q_df=k - 1, Q_p=0.0004 if k > 1 else nan,
        k=k, yi=y, vi=v, weights=100 * weights / weights.sum(), labels=tuple(labels),
    )  # fmt: skip
    return replace(base, **changes)


def trials() -> PooledResult:
    return pooled(BCG_YI, BCG_VI, BCG)


def groups() -> list[tuple[str, PooledResult]]:
    spans = (("Random", range(5)), ("Alternate", range(5, 8)), ("Systematic", range(8, 13)))
    return [(n, pooled([BCG_YI[i] for i in s], [BCG_VI[i] for i in s], [BCG[i] for i in s])) for n, s in spans]


def many(k: int) -> PooledResult:
    i = np.arange(k)
    yi, vi = -0.2 + 0.5 * np.sin(i * 1.7), 0.01 + 0.12 * np.abs(np.cos(i * 0.9))
    long = "Ministry of Infrastructure and the Environment and Partners"
    return pooled(yi, vi, [f"{long} ({1980 + n % 40})" if n % 7 == 0 else f"Author {n} ({1980 + n % 40})" for n in i])


def gids(fig: Figure, start: str) -> list[Any]:
    return [a for a in fig.findobj() if str(getattr(a, "get_gid", lambda: "")() or "").startswith(start)]


def words(fig: Figure) -> list[str]:
    return [t.get_text() for t in fig.findobj(Text) if t.get_text()]


def assert_no_overlap(fig: Figure) -> None:
    """No two texts touch, and none leaves the page, measured by the renderer itself."""
    with mpl.rc_context(style()):
        fig.canvas.draw()
        texts = [t for t in fig.findobj(Text) if t.get_text() and t.get_visible()]
        boxes = [(t.get_text(), t.get_window_extent()) for t in texts]
    page = fig.bbox
    for text, box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1, text
    for (a, first), (b, second) in itertools.combinations(boxes, 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert across <= 0 or down <= 1, f"{a!r} overlaps {b!r}"


@pytest.mark.parametrize(
    ("k", "scale", "transform"),
    [
        *((k, "log", None) for k in (1, 2, 13, 60)),
        *((k, "log", "percent") for k in (1, 2, 13)),
        *((k, "linear", None) for k in (2, 13)),
    ],
)
def test_forest_draws_each_study_once_and_no_text_overlaps(k: int, scale: str, transform: str | None) -> None:
    result = many(k)
    fig = forest(
        result, scale=scale, transform=transform, title="A title of some length " * 5, xlabel="Incident rate ratio"
    )
    assert len(gids(fig, "square-")) == k
    assert len(gids(fig, "diamond-")) == 1
    assert bool(gids(fig, "prediction")) == (k > 2)
    assert_no_overlap(fig)


def test_forest_grows_with_its_studies() -> None:
    heights = [forest(many(k)).get_figheight() for k in (1, 13, 100)]
    assert heights[0] < heights[1] < heights[2]
    assert forest(many(1)).get_figwidth() < 14


def test_forest_with_subgroups_as_pairs_mapping_or_result() -> None:
    between = SimpleNamespace(overall=trials(), groups=dict(groups()), QM=2.1, QM_df=2, QM_df2=10, QM_p=0.12)
    where = [name for name, group in groups() for _ in group.labels]
    pooled_groups = synthesis_subgroups(BCG_YI, BCG_VI, where, labels=BCG)
    drawn = (
        forest(trials(), subgroups=groups()),
        forest(between),
        forest(pooled_groups),
        forest(trials(), subgroups=between),
    )
    for fig in drawn:
        assert len(gids(fig, "square-")) == 13
        assert len(gids(fig, "diamond-")) == 4
        assert {"Random", "Alternate", "Systematic", "Pooled effect (k = 13)"} <= set(words(fig))
        assert sum(text.startswith("Subtotal (k = ") for text in words(fig)) == 3
        assert_no_overlap(fig)
    assert "Subgroup differences: F(2, 10) = 2.10, p = 0.12; one τ² for all subgroups" in words(drawn[1])
    assert any(text.startswith("Subgroup differences: F(2, 10) = ") for text in words(drawn[2]))


def test_forest_says_what_was_pooled() -> None:
    columns = {"Country": [f"land {i}" for i in range(13)], "n": dict.fromkeys(BCG, "10")}
    fig = forest(trials(), columns=columns, xlabel="Risk ratio", favours=("fewer cases", "more cases"))
    text = words(fig)
    assert "0.41 [0.13, 1.26]" in text
    assert {"Country", "land 12", "Risk ratio [95% CI]", "Risk ratio (log scale)", "100.0%"} <= set(text)
    assert {"← fewer cases", "more cases →", "95% prediction interval", "Pooled effect (k = 13)"} <= set(text)
    notes = " ".join(t for t in text if t.startswith(("Heterogeneity", "Model")))
    for part in ("τ² = 0.310", "I² = 92%", "p < 0.001", "df = 12", "REML", "k = 13", "Knapp-Hartung", "t(12)"):
        assert part in notes
    assert text.count("10") == 13
    weights = [float(t[:-1]) for t in text if t.endswith("%") and t[0].isdigit() and "." in t]
    assert sum(weights) == pytest.approx(200, abs=0.5)


def test_squares_lie_at_the_effect_and_their_area_is_the_weight() -> None:
    fig = forest(trials())
    centres, areas = [], []
    for square in sorted(gids(fig, "square-"), key=lambda a: int(a.get_gid().split("-")[1])):
        centres.append(square.get_x() + square.get_width() / 2)
        areas.append(square.get_width() * square.get_height())
    slope, start = np.polyfit(BCG_YI, centres, 1)
    assert slope > 0
    assert np.allclose(centres, start + slope * np.array(BCG_YI), atol=1e-3)
    big = np.array(areas) > 3**2
    assert np.allclose(np.array(areas)[big] / max(areas), (trials().weights / trials().weights.max())[big], atol=1e-3)
    [null] = gids(fig, "no-effect")
    assert null.get_xdata()[0] == pytest.approx(start, abs=1e-3)
    [prediction] = [a for a in gids(fig, "prediction") if a.get_gid() == "prediction"]
    ends = start + slope * np.array([trials().pi_low, trials().pi_high])
    assert np.allclose(prediction.get_xdata(), ends, atol=1e-3)
    [diamond] = gids(fig, "diamond-")
    ends = start + slope * np.array([trials().ci_low, trials().ci_high])
    assert np.allclose([diamond.get_xy()[:, 0].min(), diamond.get_xy()[:, 0].max()], ends, atol=1e-3)


def test_one_giant_interval_is_cut_and_squashes_nothing() -> None:
    usual = pooled([-0.4, -0.2, -0.3, 0.1], [0.05, 0.02, 0.1, 0.04], list("abcd"))
    giant = pooled([-0.4, -0.2, -0.3, 0.1, 0.0], [0.05, 0.02, 0.1, 0.04, 30.0], list("abcde"))
    spans = []
    for result in (usual, giant):
        low, high = (gids(forest(result), f"square-{i}")[0].get_x() for i in (0, 3))
        spans.append(high - low)
    assert spans[1] > 0.6 * spans[0]
    assert {a.get_gid() for a in gids(forest(giant), "ci-4")} == {"ci-4", "ci-4-cut1", "ci-4-cut-1"}
    far = pooled([-0.4, -0.2, -0.3, 0.1, 9.0], [0.05, 0.02, 0.1, 0.04, 30.0], list("abcde"))
    assert len(gids(forest(far), "outside-")) == 1
    assert len(gids(forest(far), "square-")) == 4


def test_forest_sorts_within_groups_and_keeps_columns_with_their_study() -> None:
    fig = forest(
        trials(), labels=[f"S{i}" for i in range(13)], columns={"c": [f"C{i}" for i in range(13)]}, sort="effect"
    )
    spots = {t.get_text(): t.get_position()[1] for t in fig.findobj(Text)}
    assert all(spots[f"S{i}"] == spots[f"C{i}"] for i in range(13))
    order = sorted(range(13), key=lambda i: spots[f"S{i}"])
    assert order == list(np.argsort(BCG_YI))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sort": "year"}, "sorted by 'year'"),
        ({"labels": ["a"]}, "13 studies"),
        ({"columns": {"n": ["1"]}}, "column 'n'"),
        ({"scale": "cubic"}, "no scale 'cubic'"),
    ],
)
def test_forest_refuses_what_does_not_fit(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(MetareviewError, match=says):
        forest(trials(), **changes)


def test_dollar_signs_in_labels_are_only_letters() -> None:
    fig = forest(pooled([0.1, 0.2], [0.1, 0.1], ["Cost $5 vs $6", "x_1^2 & <b>"]))
    assert b"<svg" in render(fig)
    assert "Cost $5 vs $6" in words(fig)


def test_warnings_and_equal_effects_are_told() -> None:
    text = words(forest(pooled([0.1, 0.2], [0.1, 0.1], ["a", "b"], method="EE", warnings=("Read with care.",))))
    assert "Note: Read with care." in text
    assert any("equal effects, EE" in t for t in text)
    assert not any("τ²" in t for t in text)


def test_funnel_points_region_and_contours() -> None:
    fig = funnel(trials(), xlabel="Risk ratio")
    points = sorted(gids(fig, "point-"), key=lambda a: int(a.get_gid().split("-")[1]))
    assert len(points) == 13
    depth = [p.get_xy()[:, 1].mean() for p in points]
    assert list(np.argsort(depth)) == list(np.argsort(BCG_VI))
    assert len(gids(fig, "contour-")) == 0
    enhanced = funnel(trials(), contours=True)
    assert {a.get_gid() for a in gids(enhanced, "contour-")} == {"contour-0.01", "contour-0.05", "contour-0.1"}
    assert "0.01 < p ≤ 0.05" in words(enhanced)
    for drawn in (fig, enhanced, funnel(many(1)), funnel(many(60), scale="linear", title="T")):
        assert_no_overlap(drawn)


def counted(reasons: int, scale: int = 1, other: bool = False, **kwargs: Any) -> FlowCounts:
    records, reports = [], []
    for n in range(60 * scale):
        ident = f"r{n}"
        source = ("Scopus", "Web of Science Core Collection", "Transport Research International Documentation")[n % 3]
        base = FlowRecord(ident, "databases_registers", source, "database")
        if n % 5 == 1:
            records.append(replace(base, duplicate_of="r0"))
        elif n % 3:
            records.append(replace(base, title_decision="exclude", decided_by="automation" if n % 2 else "human"))
        else:
            records.append(replace(base, title_decision="include", decided_by="human", report_id=f"p{n}"))
            drawn = FlowReport(
                f"p{n}", "databases_registers", True, True, decision="exclude", reason=reason(n // 3 % reasons)
            )
            reports.append(drawn if n % 4 else replace(drawn, decision="include", reason="", study_id=f"s{n}"))
    if other:
        for n in range(6):
            kind = ("website", "organisation", "citation")[n % 3]
            records.append(FlowRecord(f"o{n}", "other_methods", f"Source {n}", kind, report_id=f"q{n // 2}"))  # type: ignore[arg-type]
        reports += [
            FlowReport(f"q{n}", "other_methods", True, True, decision="exclude", reason=reason(n)) for n in range(3)
        ]
    return flow_counts(records, reports, **kwargs)


def reason(n: int) -> str:
    return f"Reason {n} " + "about the comparison that was made and the period before " * (n % 3)


@pytest.mark.parametrize("reasons", [1, 12])
@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("previous", [None, {"old1": ["o1", "o2"], "old2": ["o3"]}])
@pytest.mark.parametrize("sources", [True, False])
def test_flow_boxes_fit_their_text(reasons: int, other: bool, previous: Any, sources: bool) -> None:
    counts = counted(reasons, 20 if reasons == 12 else 1, other, previous=previous)
    fig = flow(counts, sources=sources, title="Area-based approaches")
    assert_no_overlap(fig)
    names = {a.get_gid() for a in gids(fig, "box-")}
    assert ("box-other_sought" in names) == other
    assert {"box-previous", "box-total"} <= names if previous else "box-previous" not in names
    assert "box-meta_analysis" not in names
    with mpl.rc_context(style()):
        boxes = [a.get_window_extent() for a in gids(fig, "box-")]
        for text in fig.findobj(Text):
            place = text.get_window_extent()
            holder = [b for b in boxes if b.y0 < (place.y0 + place.y1) / 2 < b.y1 and b.x0 < place.x0 < b.x1]
            assert len(holder) <= 1
            assert all(place.x1 <= b.x1 and b.y0 <= place.y0 and place.y1 <= b.y1 for b in holder), text.get_text()
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)


def test_flow_says_official_words_counts_and_notes() -> None:
    fig = flow(counted(3, other=True, synthesised_studies=["s0"]), reason_labels={reason(0): "Wrong outcome"})
    text = " ".join(words(fig)).replace("\N{NO-BREAK SPACE}", " ")
    for part in (
        "Identification of studies via databases and registers",
        "Records removed before screening:",
        "Duplicate records removed (n = 12)",
        "Records marked as ineligible by automation tools (n = 0)",
        "Reports sought for retrieval (n = 16)",
        "Reports excluded:",
        "Wrong outcome (n = ",
        "Studies included in review (n = 4)",
        "Total studies included in meta-analysis (n = 1)",
        "Records excluded** (n = 32)",
        "** 16 excluded by a human and 16 by automation tools.",
        "3 of a report that is counted elsewhere",
        "BMJ 2021;372:n71 (CC BY 4.0)",
    ):
        assert part in text
    assert "do not add up" not in text
    updated = words(flow(counted(1, previous={"old": ["o"]})))
    assert "New studies included in review" in updated
    assert "Identification of new studies via databases and registers" in updated
    assert not any("previous version (n" in w or "No longer" in w for w in updated)


def test_flow_of_an_update_shows_what_it_carries_over_and_what_it_drops() -> None:
    base = FlowRecord("r1", "databases_registers", "S", "database", carried=True, title_decision="include")
    records = [
        replace(base, report_id="p"),
        FlowRecord("r2", "databases_registers", "S", "database", duplicate_of="r0"),
    ]
    reports = [FlowReport("p", "databases_registers", True, True, decision="include", study_id="old")]
    previous = {"old": ["o"], "gone": ["g"], "lost": ["l"]}
    fig = flow(flow_counts(records, reports, previous=previous, kept={"old": ["o"]}, earlier=["r0", "r1"]))
    assert_no_overlap(fig)
    text = " ".join(words(fig)).replace("\N{NO-BREAK SPACE}", " ")
    for part in (
        "Databases (n = 1) S (n = 1) Registers (n = 0) Left open or reopened from previous version (n = 1)",
        "Studies included in previous version of review (n = 3)",
        "Reports of new included studies (n = 1) of which reports of studies in previous version (n = 1)",
        "Total studies included in review (n = 1) Reports of total included studies (n = 2)",
        "No longer included, of the previous version: 2 studies and 2 reports.",
    ):
        assert part in text
    assert "do not add up" not in text


def test_flow_of_an_empty_unfinished_or_wrong_review() -> None:
    assert_no_overlap(flow(flow_counts([], [])))
    open_record = FlowRecord("r1", "databases_registers", "S", "database")
    assert "Work in progress; still open: 1 record to screen." in words(flow(flow_counts([open_record], [])))
    wrong = flow_counts([replace(open_record, removed="other", title_decision="exclude", decided_by="human")], [])
    assert "The counts do not add up: I1, I14 of the flow checks fail." in words(flow(wrong))


def test_alt_texts_are_plain_sentences() -> None:
    assert forest_alt(trials()).startswith("Forest plot of 13 studies: pooled ratio 0.")
    assert "in 3 subgroups" in forest_alt(trials(), subgroups=groups())
    assert "%" in forest_alt(trials(), transform="percent")
    assert forest_alt(many(1)).startswith("Forest plot of 1 study")
    assert funnel_alt(trials()).startswith("Funnel plot of 13 studies with standard errors from 0.0632 to 0.73")
    assert flow_alt(counted(1)).startswith("PRISMA 2020 flow diagram: 60 records from databases and registers; 48")


def test_the_package_is_walked_and_names_are_functions() -> None:
    plots = figures.registered()
    assert {"forest", "funnel", "flow"} <= set(plots)
    assert all(p.figure.title and p.figure.description.endswith(".") for p in plots.values())
    assert figures.forest is forest
    assert plots["forest"].draw is forest
    with pytest.raises(AttributeError):
        figures.nothing  # noqa: B018


def test_importing_the_package_loads_no_matplotlib() -> None:
    code = "import sys, metareview.report.figures as f; print('matplotlib' in sys.modules, callable(f.forest))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_bytes_are_the_same_in_two_processes(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import test_figures as t\n"
        "for name, fig in (('forest', t.forest(t.trials(), subgroups=t.groups())),\n"
        "                  ('flow', t.flow(t.counted(3, other=True))),\n"
        "                  ('funnel', t.funnel(t.trials(), contours=True))):\n"
        "    t.save(fig, Path(sys.argv[2]) / name)\n"
    )
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        args = [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path / seed)]
        subprocess.run(args, check=True, env=env)
    first = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((tmp_path / "1").iterdir())}
    again = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((tmp_path / "2").iterdir())}
    assert len(first) == 9
    assert first == again


def test_noise_in_the_last_digits_does_not_change_bytes() -> None:
    noise = 1 + 1e-13 * np.sin(np.arange(13))
    shaken = pooled(np.array(BCG_YI) * noise, np.array(BCG_VI) * noise, BCG)
    for draw in (forest, funnel):
        assert render(draw(trials()), "svg") == render(draw(shaken), "svg")


def test_saved_files_carry_fonts_and_no_dates(tmp_path: Path) -> None:
    paths = save(forest(trials()), tmp_path / "deep" / "my.forest")
    assert [p.name for p in paths] == ["my.forest.svg", "my.forest.pdf", "my.forest.png"]
    svg, pdf, png = (p.read_bytes() for p in paths)
    assert b"<text" not in svg
    assert b"dc:date" not in svg
    assert b"CreationDate" not in pdf
    assert b"FontFile2" in pdf
    assert b"Software" not in png
    assert sorted(p.name for p in (tmp_path / "deep").iterdir()) == sorted(p.name for p in paths)
    with pytest.raises(MetareviewError, match="no format 'gif'"):
        save(forest(trials()), tmp_path / "x", ("gif",))


def test_a_user_style_changes_nothing_and_is_left_alone() -> None:
    before = render(forest(trials()))
    with mpl.rc_context({"font.size": 20, "svg.fonttype": "none", "lines.linewidth": 7, "axes.facecolor": "red"}):
        assert render(forest(trials())) == before
        assert mpl.rcParams["font.size"] == 20


def test_texts_are_in_the_svg_when_letters_are_kept() -> None:
    fig = flow(counted(2))
    with mpl.rc_context({**style(), "svg.fonttype": "none"}):
        buffer = io.BytesIO()
        fig.savefig(buffer, format="svg")
    svg = buffer.getvalue().decode()
    assert "Reports assessed for eligibility" in svg
    assert "phase-screening" in svg


def test_measured_widths_are_those_of_the_renderer() -> None:
    fig = forest(many(13))
    with mpl.rc_context(style()):
        for text in fig.findobj(Text):
            if text.get_text() and not text.get_rotation():
                bold = text.get_fontweight() == "bold"
                drawn = text.get_window_extent().width * 72 / fig.dpi
                assert drawn <= text_width(text.get_text(), text.get_fontsize(), bold) + 0.6


def test_shorten_keeps_the_year_and_wrap_breaks_long_words() -> None:
    short = shorten("A very long list of authors and their institute (2015b)", 140)
    assert short.endswith("… (2015b)")
    assert text_width(short) <= 140
    assert shorten("Short (2015)", 140) == "Short (2015)"
    assert all(text_width(line) <= 60 for line in wrap("Supercalifragilistic expialidocious is a word", 60))
    assert wrap("", 50) == []


def test_steady_rounds_significantly_and_kills_noise() -> None:
    assert steady(0.123456789123) == 0.123456789
    assert steady(-1e-14) == 0.0
    assert np.array_equal(steady([1234567891.4, math.inf, 0.0]), [1234567890.0, math.inf, 0.0])
    assert math.isnan(steady(math.nan))


@pytest.mark.parametrize(
    ("scale", "transform", "low", "high", "labels"),
    [
        ("log", None, math.log(0.05), math.log(6), ["0.05", "0.1", "0.2", "0.5", "1", "2", "5"]),
        ("log", "percent", math.log(0.3), math.log(3), ["−50%", "0%", "+100%"]),
        ("linear", None, -1.2, 1.2, ["−1", "−0.5", "0", "0.5", "1"]),
    ],
)
def test_ticks_are_round_numbers(scale: str, transform: str | None, low: float, high: float, labels: list[str]) -> None:
    ticks = effect_axis(scale, transform).ticks(low, high, 250)
    shown = [label for _, label in ticks]
    assert set(labels) <= set(shown)
    assert [at for at, _ in ticks] == sorted(at for at, _ in ticks)


def test_numbers_shown() -> None:
    ratio, percent, plain = effect_axis("log", None), effect_axis("log", "percent"), effect_axis("linear", None)
    assert ratio.interval(math.log(0.37), math.log(1.17), 2) == "[0.37, 1.17]"
    assert ratio.number(-9.0, 2) == "<0.01"
    assert ratio.number(40.0, 2) == "2e17"
    assert percent.number(math.log(0.65), 0) == "−35"
    assert plain.number(-0.001, 2) == "0.00"
    assert plain.digits([0.5, -1.2, 0.3]) == 2
    assert plain.digits([0.004, -0.002, 0.003]) == 4
    assert percent.digits(np.log([0.6, 0.8])) == 0
    assert len(effect_axis("log", None).ticks(-40, 110, 250)) >= 3


def test_limits_show_the_null_only_when_it_is_near() -> None:
    points = np.array([5.0, 5.2, 5.1])
    low, _ = limits(points, points - 0.1, points + 0.1, [5.05, 5.15], [], 0.0)
    assert low > 4
    low, high = limits(points - 5, points - 5.1, points - 4.9, [0.05, 0.15], [], 0.0)
    assert low < 0 < high
