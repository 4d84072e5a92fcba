"""Every measure against cases of an implementation that is not ours (`reference/make_reference.R`)."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.mathtext import MathTextParser

from metareview.effects.compute import effect_size, work_out
from metareview.effects.explain import row_formula, row_values
from metareview.effects.formula import evaluate, latex, steps, symbol, text
from metareview.effects.registry import find_measure, measures

REFERENCE = Path(__file__).parent / "reference"
BLOCKS = [
    pytest.param(block, id=f"{path.stem}-{i}")
    for path in sorted(REFERENCE.glob("*.json"))
    for i, block in enumerate(json.loads(path.read_text("utf-8")))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_measure_agrees_with_its_reference_cases(block: dict[str, Any]) -> None:
    cases = pd.DataFrame(block["cases"])
    inputs = cases.drop(columns=["yi", "vi"])
    found = effect_size(block["measure"], data=inputs, **(block["options"] or {}))
    np.testing.assert_allclose(found["yi"], cases["yi"], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found["vi"], cases["vi"], rtol=1e-10, atol=1e-14)
    assert block["source"] and block["version"]


# Their formulas differ by row and are not in the language yet.
NOT_READ = {"GEN", "GENDIFF"}


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.values[0]["measure"] not in NOT_READ])
def test_the_formula_that_is_shown_gives_what_is_computed(block: dict[str, Any]) -> None:
    measure = find_measure(block["measure"])
    cases = pd.DataFrame(block["cases"]).drop(columns=["yi", "vi"])
    work = work_out(measure, cases, **(block["options"] or {}))
    for row in range(len(cases)):
        values = row_values(measure, work, row)
        told = evaluate(row_formula(measure, values), values, measure.functions)
        assert told["yi"] == pytest.approx(work.computed.yi[row], rel=1e-9, abs=1e-12)
        assert told["vi"] == pytest.approx(work.computed.vi[row], rel=1e-9)
    for name, expression in steps(row_formula(measure, row_values(measure, work, 0))):
        MathTextParser("path").parse(f"${symbol(name)} = {latex(expression)}$")
        again = steps(f"{name} = {text(expression)}")[0][1]
        assert ast.dump(again) == ast.dump(expression)


def test_every_measure_has_at_least_four_reference_cases() -> None:
    counts: dict[str, int] = {}
    for param in BLOCKS:
        block = param.values[0]
        counts[block["measure"]] = counts.get(block["measure"], 0) + len(block["cases"])
    assert set(counts) == set(measures())
    assert min(counts.values()) >= 4


# Wheeler & Ratcliffe (2018), Crime Science 7:11, after a printed worked example with 50, 30, 60, 55.
@pytest.mark.parametrize(
    ("counts", "yi", "se", "se_phi2"),
    [
        ((50, 30, 60, 55), -0.4238142, 0.2970, 0.4200),
        ((207, 110, 308, 318), -0.66419, 0.14252, 0.20156),
        ((178, 157, 150, 140), -np.log(1.0582), 0.16061, 0.16061 * np.sqrt(2)),
    ],
)
def test_rirr_reproduces_published_examples(counts: tuple[int, ...], yi: float, se: float, se_phi2: float) -> None:
    a, b, c, d = counts
    plain = effect_size("RIRR", a=a, b=b, c=c, d=d).iloc[0]
    doubled = effect_size("RIRR", a=a, b=b, c=c, d=d, phi=2).iloc[0]
    assert plain["yi"] == pytest.approx(yi, abs=5e-5)
    assert plain["sei"] == pytest.approx(se, abs=5e-5)
    assert doubled["sei"] == pytest.approx(se_phi2, abs=5e-5)
    assert doubled["yi"] == plain["yi"]


def test_hedges_correction_is_exact_and_not_the_approximation() -> None:
    exact = effect_size("SMD", m1i=1, sd1i=1, n1i=2, m2i=0, sd2i=1, n2i=2).iloc[0]
    assert exact["yi"] == pytest.approx(0.5641895835477563, abs=1e-12)  # J(2) = 1 / sqrt(pi)
    assert abs(exact["yi"] - (1 - 3 / (4 * 2 - 1))) > 0.005
