"""What every registered measure promises, whoever adds it."""

from __future__ import annotations

import re

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings

from metareview.effects import two_group_tests, two_means
from metareview.effects.compute import effect_size
from metareview.effects.inputs import KINDS
from metareview.effects.measure import Measure
from metareview.effects.registry import find_measure, measures, measures_frame
from metareview.errors import MetareviewError

ALL = [pytest.param(m, id=m.name) for m in measures().values()]
SWAPPING = [pytest.param(m, id=m.name) for m in measures().values() if m.swap]


def positive(high: float) -> st.SearchStrategy[float]:
    return st.floats(0.5, high, allow_nan=False)


VALUES: dict[str, st.SearchStrategy[float]] = {
    "count": positive(5000),
    "group": st.integers(3, 5000).map(float),
    "exposure": positive(1000),
    "number": positive(100),
    "sd": positive(50),
    "se": positive(5),
    "level": st.sampled_from([80.0, 90.0, 95.0, 99.0]),
    "phi": positive(10),
    "positive": positive(100),
    "statistic": st.floats(0, 1),
    "icc": st.floats(0, 0.9),
    "flag": st.just(1.0),
    "correlation": st.floats(-0.95, 0.95),
}
# Optional inputs that stand for others and would contradict them
INSTEAD = ("sd_change", "n_pre_", "n_post_")


STAND_INS = {
    entry
    for entry in (*two_means.FULL_INPUTS, *two_group_tests.INPUTS)
    if entry.name not in two_means.NAMES and entry.kind != "choice"
}


@st.composite
def inputs_of(draw: st.DrawFn, measure: Measure) -> dict[str, float | str]:
    """Possible input for a measure; a triple estimate, low, high of an arm is kept in order."""
    drawn: dict[str, float | str] = {}
    for entry in measure.inputs:
        if entry in STAND_INS:
            continue  # what stands in for means and SDs would only be set aside
        if entry.kind == "choice":
            drawn[entry.name] = draw(st.sampled_from(entry.choices))
        elif entry.kind != "size" and not entry.name.startswith(INSTEAD):  # totals beside cells would only repeat them
            drawn[entry.name] = draw(VALUES[entry.kind])
    if drawn.get("data_scale") == "geometric":
        drawn |= {name: 1 + float(drawn[name]) for name in ("sd1i", "sd2i")}
    for name in [name for name in drawn if name.startswith("estimate_")]:
        arm = name.removeprefix("estimate")
        drawn[f"ci_low{arm}"] = float(drawn[name]) * 0.9
        drawn[f"ci_high{arm}"] = float(drawn[name]) * 1.2
    for name in [name for name in drawn if name.startswith("size")]:  # clusters no larger than half their arm
        drawn[name] = max(1.0, min(float(drawn[name]), float(drawn[f"n{name[4:]}"]) / 2))
    return drawn


@pytest.mark.parametrize("measure", ALL)
def test_measure_says_what_it_is(measure: Measure) -> None:
    assert re.fullmatch(rf"{measure.name}\.v\d+", measure.formula_id)
    assert measure.orientation.endswith(".") and len(measure.orientation) > 20
    assert "\n" not in measure.formula and "yi =" in measure.formula and "vi =" in measure.formula
    assert len(measure.source.paper) > 10 and measure.source.equation
    assert measure.scale in ("log", "linear", "reported")
    assert all(entry.kind in KINDS and entry.description for entry in measure.inputs)
    assert set(measure.cells) <= set(measure.input_names)
    assert {name for pair in measure.swap_inputs for name in pair} <= set(measure.input_names)
    assert (measure.swap is None) == (not measure.swap_inputs)


@pytest.mark.parametrize("measure", SWAPPING)
def test_swapping_the_arms_negates_the_effect(measure: Measure) -> None:
    @settings(max_examples=40, deadline=None)
    @given(inputs_of(measure))
    def swapped(values: dict[str, float | str]) -> None:
        other = dict(values)
        for one, two in measure.swap_inputs:
            if one in values:
                other[one], other[two] = values[two], values[one]
        here, there = (effect_size(measure, problems="nan", **v).iloc[0] for v in (values, other))
        assume(np.isfinite(here["yi"]))
        assert there["yi"] == pytest.approx(-here["yi"], rel=1e-9, abs=1e-12)
        assert there["vi"] == pytest.approx(here["vi"], rel=1e-9)

    swapped()


@settings(max_examples=40, deadline=None)
@given(st.floats(0.01, 100), st.sampled_from(["ratio", "log_ratio", "percent_change", "difference"]))
def test_inverted_turns_a_reported_effect_round(value: float, scale: str) -> None:
    here, there = (
        effect_size("GEN", estimate=value, scale_reported=scale, se=0.3, inverted=flag).iloc[0] for flag in (0, 1)
    )
    assert there["yi"] == -here["yi"]
    assert there["vi"] == here["vi"] > 0


@pytest.mark.parametrize("measure", ALL)
def test_formula_is_the_same_for_one_row_and_many(measure: Measure) -> None:
    row = {
        entry.name: 0.5 if entry.kind == "alpha" else float(3 + i)
        for i, entry in enumerate(measure.inputs)
        if entry.kind != "choice"
    }
    columns = measure.fill({name: np.full(3, value) for name, value in row.items()})
    if "scale_reported" in columns:
        columns["scale_reported"] = np.full(3, 3.0)
    with np.errstate(all="ignore"):  # the values need not be possible
        many = measure.compute(measure.prepare(columns))
        one = measure.compute(measure.prepare({name: values[:1] for name, values in columns.items()}))
    assert many.yi.shape == many.vi.shape == (3,)
    np.testing.assert_array_equal(many.yi, np.repeat(one.yi, 3))


def test_the_registry_is_sorted_and_printed_as_a_table() -> None:
    frame = measures_frame()
    assert list(measures()) == sorted(measures()) == list(frame["name"])
    assert {"GEN", "GENDIFF", "IRR", "MD", "OR", "RD", "RIRR", "ROM", "RR", "SMD"} <= set(measures())
    assert list(frame.columns) == [
        *("name", "title", "family", "formula_id", "formula", "inputs", "scale", "orientation", "source")
    ]
    assert isinstance(frame, pd.DataFrame) and frame["formula_id"].is_unique
    assert frame.set_index("name").loc["IRR", "inputs"] == "x1, t1, x2, t2, [phi]"


def test_an_unknown_measure_names_the_close_ones() -> None:
    with pytest.raises(MetareviewError, match="no effect-size measure 'RIR'") as caught:
        find_measure("RIR")
    assert "RIRR" in caught.value.hint
    assert find_measure("rirr").name == "RIRR"
