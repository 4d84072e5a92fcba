"""By simulation (`benchmarks/simulate_effects.py`): vi is the variance of yi, and intervals hold the truth."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HARNESS = Path(__file__).parents[2] / "benchmarks" / "simulate_effects.py"


@pytest.fixture(scope="module")
def harness() -> ModuleType:
    spec = importlib.util.spec_from_file_location("simulate_effects", HARNESS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["simulate_effects"] = module
    spec.loader.exec_module(module)
    return module


CLOSED = ["RIRR", "RES", "RIRR, unequal exposures", "WDD", "WDD, displacement and weights", "TNE", "TNE, own control"]


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("phi", [1.0, 3.0])
def test_vi_is_the_variance_of_yi_and_the_interval_holds_the_truth(harness: ModuleType, name: str, phi: float) -> None:
    row = harness.run(name, harness.Scenario(100.0, phi), 8000)
    assert row.usable == 1
    assert row.variance_ratio == pytest.approx(1, abs=0.06)
    assert row.coverage == pytest.approx(0.95, abs=0.015)
    assert abs(row.bias) < 0.15 * row.sd


@pytest.mark.parametrize("name", ["WDD", "WDD, displacement and weights"])
def test_the_variance_of_wdd_is_right_with_small_and_zero_counts(harness: ModuleType, name: str) -> None:
    row = harness.run(name, harness.Scenario(2.0), 8000)
    assert row.variance_ratio == pytest.approx(1, abs=0.05)
    assert row.coverage == pytest.approx(0.95, abs=0.015)


@pytest.mark.parametrize("name", ["RIRR", "RES"])
def test_ratios_of_small_and_zero_counts_are_too_careful_rather_than_too_sure(harness: ModuleType, name: str) -> None:
    row = harness.run(name, harness.Scenario(2.0), 8000)
    assert row.usable < 1 and row.coverage > 0.97 and row.variance_ratio > 1


@pytest.mark.parametrize("name", ["RIRR", "WDD", "TNE"])
def test_overdispersion_left_out_makes_every_interval_too_sure(harness: ModuleType, name: str) -> None:
    row = harness.run(name, harness.Scenario(100.0, 3.0, 1.0), 8000)
    assert row.variance_ratio == pytest.approx(1 / 3, abs=0.03) and row.coverage < 0.8


def test_pairs_with_their_own_phi_hold_the_truth(harness: ModuleType) -> None:
    row = harness.run("8 pairs, MH, phi estimated", harness.Scenario(50.0, 3.0), 150)
    assert row.usable == 1 and row.coverage > 0.9 and abs(row.bias) < 0.05


def test_every_simulation_runs_and_prints_a_table(harness: ModuleType) -> None:
    for name in harness.SIMULATIONS:
        row = harness.run(name, harness.Scenario(30.0), 3)
        assert row.measure == name and row.studies == 3
    frame = harness.table(["WDD"], 50, 1)
    assert len(frame) == len(harness.SCENARIOS)
    assert harness.markdown(frame).count("\n| ") == len(frame) + 1
