"""Bad input over the whole interface: every message names the study and the column.

`OF_KIND` needs no change for a new measure or conversion: each input of each is tried with the values its kind forbids,
in a reference case that is otherwise good. Relations between columns are one line each in `RELATIONS`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metareview.effects.compute import effect_size
from metareview.effects.convert import convert
from metareview.effects.inputs import KINDS
from metareview.effects.measure import Calculation, Conversion
from metareview.effects.registry import conversions, find_measure, measures
from metareview.errors import MetareviewError

HERE = Path(__file__).parent
LABEL = "Smith & Jones 2001"

OF_KIND: dict[str, list[Any]] = {
    "count": [-1, "many", np.inf],
    "size": [0, -5],
    "group": [1, "ten"],
    "exposure": [0, -1],
    "number": [np.inf, "-"],
    "sd": [0, -1],
    "se": [0, -0.1],
    "variance": [0, -0.1],
    "statistic": [-1],
    "p": [0, 1, "<0.05", "n.s."],
    "level": [0.95, 100],
    "df": [0],
    "phi": [0, -2],
    "flag": [2, "yes"],
    "choice": ["nonsense"],
    "correlation": [1.01, -1.2],
    "share": [1.1, -0.1],
    "icc": [1, -0.1],
    "alpha": [1],
    "positive": [0],
}


def run(calculation: Calculation, frame: pd.DataFrame, **options: Any) -> pd.DataFrame:
    call: Any = convert if isinstance(calculation, Conversion) else effect_size
    return call(calculation, data=frame, labels=[LABEL], **options)  # type: ignore[no-any-return]


def reference(calculation: Calculation) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Good cases of a measure or conversion, with the options they were made with."""
    folder = "reference_conversions" if isinstance(calculation, Conversion) else "reference"
    found = json.loads((HERE / folder / f"{calculation.name}.json").read_text("utf-8"))
    blocks = [found] if isinstance(found, dict) else found
    return [(case, dict(block.get("options") or {})) for block in blocks for case in block["cases"]]


def cells() -> list[Any]:
    """Every input of every measure and conversion with a good case that has it."""
    found = []
    for calculation in (*measures().values(), *conversions().values()):
        cases = reference(calculation)
        for entry in calculation.inputs:
            case, options = next(((c, o) for c, o in cases if c.get(entry.name) is not None), (None, None))
            if case is not None:
                good = {name: case[name] for name in calculation.input_names if case.get(name) is not None}
                found.append(pytest.param(calculation, entry, good, options, id=f"{calculation.name}-{entry.name}"))
    return found


CELLS = cells()


@pytest.mark.parametrize(("calculation", "entry", "good", "options"), CELLS)
def test_each_cell_refuses_what_its_kind_forbids(
    calculation: Calculation, entry: Any, good: dict[str, Any], options: dict[str, Any]
) -> None:
    run(calculation, pd.DataFrame([good]), **options)
    for value in OF_KIND[entry.kind]:
        with pytest.raises(MetareviewError) as caught:
            run(calculation, pd.DataFrame([good | {entry.name: value}], dtype=object), **options)
        assert f"row '{LABEL}', column '{entry.name}': " in str(caught.value), value
        assert str(value) in str(caught.value) or "is infinite" in str(caught.value)
    if entry.required:
        with pytest.raises(MetareviewError, match=f"row '{LABEL}', column '{entry.name}': is missing"):
            run(calculation, pd.DataFrame([good | {entry.name: None}], dtype=object), **options)


def test_every_kind_has_bad_values_and_most_inputs_are_tried() -> None:
    assert set(OF_KIND) == set(KINDS)
    inputs = sum(len(c.inputs) for c in (*measures().values(), *conversions().values()))
    assert len(CELLS) > 0.75 * inputs


TABLE = {"ai": 19, "bi": 27, "ci": 4, "di": 31}
COUNTS = {"a": 50, "b": 30, "c": 60, "d": 55}
MEANS = {"m1i": 5, "sd1i": 1, "n1i": 9, "m2i": 4, "sd2i": 1, "n2i": 9}
PRINTED = {"estimate": 0.8, "scale_reported": "ratio", "ci_low": 0.64, "ci_high": 1.0}
ARMS = {
    **{"estimate_t": 0.9, "ci_low_t": 0.8, "ci_high_t": 1.0, "estimate_c": 1.1, "ci_low_c": 1.0, "ci_high_c": 1.2},
    "scale_reported": "ratio",
}

# measure, good input, what is changed, the column named, words of the message
RELATIONS: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    *[(m, TABLE, {"bi": None, "n1i": 18}, "n1i", "18 is below the 19 events in ai") for m in ("OR", "RR", "RD")],
    *[(m, TABLE, {"n2i": 30}, "n2i", "30 is not ci plus di") for m in ("OR", "RR", "RD")],
    ("OR", TABLE, {"ai": 0, "ci": 0}, "ai", "is 0 and so is ci"),
    ("RIRR", COUNTS, {"a": 0, "b": 0}, "a", "is 0 and so is b"),
    ("RIRR", COUNTS, {"ta": 12, "tb": 12, "tc": 12}, "td", "is missing while another exposure is given"),
    ("ROM", MEANS, {"m2i": -4}, "m2i", "a ratio of means needs positive means"),
    ("GEN", PRINTED, {"ci_low": 1.0, "ci_high": 0.64}, "ci_low", "1 is above ci_high 0.64: the interval is reversed"),
    ("GEN", PRINTED, {"ci_high": None}, "ci_high", "is missing while ci_low is given"),
    ("GEN", PRINTED, {"estimate": 0.5}, "estimate", "0.5 lies outside its interval 0.64 to 1"),
    ("GEN", PRINTED, {"estimate": -100, "scale_reported": "percent_change"}, "estimate", "-100 is not above -100"),
    ("GEN", PRINTED, {"estimate": 0}, "estimate", "0 is not above 0, which a ratio must be"),
    # mixed orientation: a relative effect size (1.25) among relative incident rate ratios (0.64 to 1.0)
    ("GEN", PRINTED, {"estimate": 1.25}, "estimate", "1/estimate lies inside it: one of the two is control over"),
    (
        *("GEN", {"estimate": 0.2, "scale_reported": "log_ratio"}, {"ci_low": -0.45, "ci_high": -0.01}),
        *("estimate", "-estimate lies inside it: one of the two is control over (or minus) treated"),
    ),
    (
        *("GEN", {"estimate": 25, "scale_reported": "percent_change"}, {"ci_low": -36, "ci_high": -1}),
        *("estimate", "the inverse lies inside it"),
    ),
    ("GEN", PRINTED, {"t": 2.1}, "t", "2.1 has another sign than the effect"),
    ("GEN", PRINTED, {"z": 2.1}, "z", "2.1 has another sign than the effect"),
    ("GENDIFF", ARMS, {"ci_low_c": 1.3}, "ci_low_c", "1.3 is above ci_high_c 1.2: the interval is reversed"),
    ("GENDIFF", ARMS, {"estimate_c": 0.9}, "estimate_c", "1/estimate lies inside it"),
    ("GENDIFF", ARMS, {"estimate_t": -0.5}, "estimate_t", "-0.5 is not above 0"),
    ("GENDIFF", ARMS, {"ci_low_t": None}, "ci_low_t", "is missing, and so is se_t"),
]


@pytest.mark.parametrize(("measure", "good", "change", "column", "word"), RELATIONS)
def test_figures_that_contradict_each_other_are_refused(
    measure: str, good: dict[str, Any], change: dict[str, Any], column: str, word: str
) -> None:
    found = find_measure(measure)
    with pytest.raises(MetareviewError) as caught:
        run(found, pd.DataFrame([good | change], dtype=object))
    line = next(line for line in str(caught.value).splitlines() if f"column '{column}': " in line)
    assert line.startswith(f"  row '{LABEL}', ") and word in line


@pytest.mark.parametrize("good", [("OR", TABLE), ("RIRR", COUNTS), ("ROM", MEANS), ("GEN", PRINTED), ("GENDIFF", ARMS)])
def test_the_good_input_of_the_matrix_is_good(good: tuple[str, dict[str, Any]]) -> None:
    assert np.isfinite(run(find_measure(good[0]), pd.DataFrame([good[1]]))["yi"].iloc[0])


def test_one_bad_study_among_good_ones_is_the_only_one_named() -> None:
    frame = pd.DataFrame([PRINTED, PRINTED | {"estimate": 1.25}, PRINTED])
    with pytest.raises(MetareviewError) as caught:
        effect_size("GEN", data=frame, labels=["A", "B", "C"])
    assert "1 problem" in str(caught.value) and "row 'B', column 'estimate'" in str(caught.value)
    kept = effect_size("GEN", data=frame, labels=["A", "B", "C"], problems="nan")
    assert list(kept["yi"].notna()) == [True, False, True]
