"""Figures of diagnostics: their marks are where the numbers are, no text overlaps or leaves the page, and bytes repeat."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import metareview as mr
from metareview.errors import MetareviewError
from metareview.report import figures
from metareview.report.figures.save import render

YI = np.array([-0.89, -1.59, -1.35, -1.44, -0.22, -0.79, -1.62, 0.01, -0.47, -1.37, -0.34, 0.45, -0.02])
VI = np.array([0.326, 0.195, 0.415, 0.020, 0.051, 0.007, 0.223, 0.004, 0.056, 0.073, 0.012, 0.533, 0.071])
NAMES = [f"Trial of a long name {n} et al 19{50 + n}" for n in range(13)]
CLUSTER = [f"area {n % 4}" for n in range(13)]


def result(k: int = 13, **how: Any) -> Any:
    return mr.pool(YI[:k], VI[:k], labels=NAMES[:k], **how)


def regression() -> Any:
    return mr.regress("yi ~ x", pd.DataFrame({"yi": YI, "vi": VI, "x": np.arange(13.0)}), labels=NAMES)


def sets() -> Any:
    return mr.gosh(result(9))


DRAWN: dict[str, Callable[[], Figure]] = {
    "influence": lambda: figures.influence(mr.influence(result()), title="Influence"),
    "influence of a regression": lambda: figures.influence(mr.influence(regression())),
    "influence of clusters": lambda: figures.influence(mr.influence(result(), cluster=CLUSTER)),
    "leave one out": lambda: figures.leave_out(mr.leave_one_out(YI, VI, NAMES), result=result(), xlabel="Risk ratio"),
    "leave a cluster out": lambda: figures.leave_out(mr.leave_one_cluster_out(result(), CLUSTER), transform="percent"),
    "cumulative": lambda: figures.leave_out(mr.cumulative(result(), VI), scale="linear", title="Cumulative"),
    "gosh": lambda: figures.gosh(sets(), title="GOSH"),
    "gosh of an effect": lambda: figures.gosh(sets(), highlight=NAMES[7], transform="percent"),
    "gosh of clusters": lambda: figures.gosh(sets(), clusters=sets().clusters(), scale="linear"),
    "baujat": lambda: figures.baujat(mr.baujat(result()), title="Baujat"),
    "radial": lambda: figures.radial(result(), xlabel="Risk ratio"),
    "radial in percent": lambda: figures.radial(result(tau2="FE"), scale="linear", transform="percent"),
    "radial of one": lambda: figures.radial(result(1)),
    "qq": lambda: figures.qq(mr.qq(result(), n=50, level=0.5)),
    "profile": lambda: figures.profile(mr.profile(result(), n=11), title="tau2"),
    "profile at 0": lambda: figures.profile(mr.profile(mr.pool([0.5, 0.6, 0.4], [0.2, 0.1, 0.3]), n=11)),
}


def texts(fig: Figure) -> list[Text]:
    return [t for t in fig.findobj(Text) if t.get_text() and t.get_visible()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", DRAWN)
def test_no_text_overlaps_or_leaves_the_page(name: str) -> None:
    fig = DRAWN[name]()
    fig.canvas.draw()
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts(fig)]
    page = fig.bbox
    for text, box in boxes:
        inside = box.x0 >= page.x0 and box.x1 <= page.x1 and box.y0 >= page.y0 and box.y1 <= page.y1
        assert inside, f"{text!r} leaves the page"
    for (a, one), (b, two) in combinations(boxes, 2):
        wide = min(one.x1, two.x1) - max(one.x0, two.x0)
        high = min(one.y1, two.y1) - max(one.y0, two.y0)
        assert wide <= 1 or high <= 2, f"{a!r} and {b!r} overlap"


@pytest.mark.parametrize("name", DRAWN)
def test_bytes_repeat(name: str) -> None:
    assert render(DRAWN[name](), "svg") == render(DRAWN[name](), "svg")


def marks(fig: Figure, prefix: str) -> list[Any]:
    found = [a for a in fig.findobj() if str(a.get_gid() or "").startswith(prefix)]
    return sorted(found, key=lambda a: int(str(a.get_gid()).rsplit("-", 1)[1]))


def middle(mark: Any) -> tuple[float, float]:
    box = mark.get_path().get_extents()
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2


@pytest.mark.parametrize(
    ("fig", "x", "y"),
    [
        (lambda: figures.baujat(mr.baujat(result())), lambda: mr.baujat(result())["heterogeneity"],
         lambda: mr.baujat(result())["influence"]),
        (lambda: figures.radial(result()), lambda: mr.radial(result())["precision"], lambda: mr.radial(result())["z"]),
        (lambda: figures.qq(mr.qq(result(), n=20)), lambda: mr.qq(result(), n=20).normal, lambda: mr.qq(result(), n=20).residual),
    ],
)  # fmt: skip
def test_points_lie_where_the_numbers_are(fig: Any, x: Any, y: Any) -> None:
    places = np.array([middle(m) for m in marks(fig(), "point-")])
    for got, values, way in ((places[:, 0], x(), 1), (places[:, 1], y(), -1)):
        assert len(got) == 13
        assert np.corrcoef(got, np.asarray(values, dtype=float))[0, 1] * way == pytest.approx(1.0, abs=1e-6)


def test_influence_panel_shows_every_effect_in_every_measure_and_colours_the_influential() -> None:
    found = mr.influence(mr.pool([*YI[:8], 6.0], [*VI[:8], 0.01], labels=[*NAMES[:8], "odd"]))
    assert found.influential[8]
    fig = figures.influence(found)
    assert len(marks(fig, "DFFITS-")) == 9
    assert [t.get_color() for t in texts(fig) if t.get_text() == "odd"] == ["#b3402f"]
    assert "influential: odd" in figures.registered()["influence"].alt_text(found)


def test_gosh_cells_hold_all_subsets_and_say_how_many() -> None:
    found = sets()
    fig = figures.gosh(found)
    assert len(marks(fig, "cell-")) > 50
    assert any("511 subsets (all)" in t.get_text() for t in texts(fig))


def test_alt_texts_are_plain_sentences() -> None:
    alt = {name: plot.alt_text for name, plot in figures.registered().items()}
    assert alt["influence"](mr.influence(result(), cluster=CLUSTER)).startswith("Influence panel of 4 clusters")
    assert "without each in turn: the ratio goes from 0." in alt["leave_out"](mr.leave_one_out(YI, VI))
    assert "%" in alt["leave_out"](mr.cumulative(result()), transform="percent")
    assert alt["gosh"](sets()).startswith("GOSH plot of 511 subsets of 9 effects: 95% of the pooled ratios lie from 0.")
    assert "stands out most" in alt["baujat"](mr.baujat(result()))
    assert alt["radial"](result()).startswith("Radial plot of 13 effects around a pooled ratio of 0.")
    assert "residuals" in alt["qq"](mr.qq(result(), n=20))
    assert alt["profile"](mr.profile(result(), n=5)).startswith("Profile likelihood of tau²: the estimate is 0.")


@pytest.mark.parametrize("name", ["influence", "leave_out", "gosh", "baujat", "radial", "qq", "profile"])
def test_what_a_figure_cannot_draw_is_told(name: str) -> None:
    with pytest.raises(MetareviewError):
        getattr(figures, name)(pd.DataFrame({"other": [1]}))


def test_gosh_shows_clusters_or_an_effect() -> None:
    with pytest.raises(MetareviewError, match="not both"):
        figures.gosh(sets(), clusters=sets().clusters(), highlight=NAMES[0])
    with pytest.raises(MetareviewError, match="There is no effect 'x'"):
        figures.gosh(sets(), highlight="x")
