"""The area measures against printed worked examples, and what they refuse."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from metareview.effects.compute import effect_size
from metareview.errors import MetareviewError
from metareview.protocol.models import Analysis, Protocol
from metareview.services.selection import better, select

ROWS = Path(os.environ.get("METAREVIEW_SHARED", Path(__file__).parents[3] / "shared")) / "reference" / "domain"
# Wheeler & Ratcliffe (2018), Crime Science 7:11
TARGET = {"a": 207, "b": 110, "c": 308, "d": 318}
BUFFER = {"a": 178, "b": 157, "c": 150, "d": 140}
BESIDE = {"e": 178, "f": 157, "g": 150, "h": 140}
WEIGHTS = {"ta": 1.2, "tb": 1.2, "tc": 0.9, "td": 0.9, "te": 1.5, "tf": 1.5, "tg": 1.6, "th": 1.6}


def one(measure: str, **inputs: Any) -> pd.Series:
    return effect_size(measure, **inputs).iloc[0]


def interval(effect: pd.Series) -> list[float]:
    half = 1.959963984540054 * effect["sei"]
    return [effect["yi"] - half, effect["yi"] + half]


@pytest.mark.parametrize(
    ("counts", "res", "se", "interval_", "interval_phi2"),
    [
        ({"a": 50, "b": 30, "c": 60, "d": 55}, 1.5278, 0.2970, None, None),
        (TARGET, 1.9429, 0.14252, (1.469, 2.569), (1.309, 2.884)),
        (BUFFER, 1.0582, 0.16061, (0.772, 1.450), None),
    ],
)
def test_res_is_as_printed_and_the_inverse_of_rirr(
    counts: dict[str, float], res: float, se: float, interval_: Any, interval_phi2: Any
) -> None:
    found, opposite = one("RES", **counts), one("RIRR", **counts)
    assert np.exp(found["yi"]) == pytest.approx(res, abs=5.1e-5)
    assert found["sei"] == pytest.approx(se, abs=5.1e-5 if res > 1.5 and interval_ is None else 5.1e-6)
    assert found["yi"] == -opposite["yi"] and found["vi"] == opposite["vi"]
    for told, phi in ((interval_, 1), (interval_phi2, 2)):
        if told is not None:
            np.testing.assert_allclose(np.exp(interval(one("RES", **counts, phi=phi))), told, atol=5.1e-4)


def test_res_from_the_percentages_of_stoke() -> None:
    # Painter & Farrington (1999): falls of 43% (target), 45% (adjacent) and 2% (control); HORS 251 prints 1.72
    of_100 = [np.exp(one("RES", a=100, b=100 - fall, c=100, d=98)["yi"]) for fall in (43, 45)]
    np.testing.assert_allclose(of_100, [1.719, 1.782], atol=5.1e-4)


def test_wdd_is_as_printed() -> None:
    local, beside = one("WDD", **TARGET), one("WDD", **BUFFER)
    total = one("WDD", **TARGET, **BESIDE)
    assert (local["yi"], beside["yi"], total["yi"]) == (-107, -11, -118)
    np.testing.assert_allclose([local["sei"], beside["sei"], total["sei"]], [30.708, 25, 39.598], atol=5.1e-4)
    assert total["vi"] == 1568 and total["yi"] / total["sei"] == pytest.approx(-2.98, abs=5.1e-3)
    np.testing.assert_allclose(interval(total), [-196, -40], atol=0.5)
    assert one("WDD", **TARGET, **BESIDE, phi=2)["vi"] == 2 * 1568


def test_wdd_with_weights_for_areas_and_windows_is_as_printed() -> None:
    found = one("WDD", **TARGET, **BESIDE, **WEIGHTS)
    assert found["yi"] == pytest.approx(-99.69444444, abs=5.1e-9)
    assert found["sei"] == pytest.approx(35.4280755, abs=5.1e-8)
    assert found["yi"] / found["sei"] == pytest.approx(-2.813995483, abs=5.1e-10)
    np.testing.assert_allclose(interval(found), [-169.1321965, -30.25669241], atol=5.1e-8)
    time = one("WDD", a=80, b=20, c=100, d=50, ta=2, tb=1, tc=2, td=1)
    assert (time["yi"], time["vi"]) == (-20, 115)


def test_wdq_and_total_net_effect_are_as_worked_out() -> None:
    six = {**TARGET, "e": 178, "f": 157}
    quotient, total = one("WDQ", **six), one("TNE", **six)
    assert quotient["yi"] == pytest.approx(0.2582, abs=5.1e-5)
    assert quotient["note"] == "diffusion of benefits, smaller than the gain in the target"
    assert total["yi"] == pytest.approx(130.5, abs=1e-9)


def test_worked_rows_of_the_shared_folder_are_those_pinned_here() -> None:
    if not (ROWS / "worked_examples.csv").exists():
        pytest.skip("shared reference folder is absent")
    rows = pd.read_csv(ROWS / "worked_examples.csv", index_col="id")["expected"]
    for row, words in {
        "res_blog": ["1.5278", "-0.4238142", "0.2970", "13.9642"],
        "wr2018_target": ["1.9429", ".14252", "1.469-2.569", "1.309-2.884"],
        "wr2018_buffer": ["1.0582", ".16061", ".772-1.450"],
        "wr2018_wdd": ["-107", "30.708", "-118", "39.598", "-196 -40"],
        "wr2018_weights": ["-99.69444444", "35.4280755", "-2.813995483", "-169.1321965", "-30.25669241"],
        "wdd_time": ["-20", "sqrt(115)"],
        "wr2018_wdq": [".2582", "-.32617", "-.08421", "GE 97", "TNE 130.5"],
        "stoke": ["1.719", "1.782"],
    }.items():
        assert [word for word in words if word not in rows[row]] == [], row
    assert one("WDD", a=50, b=30, c=60, d=55)["sei"] == pytest.approx(13.9642, abs=5.1e-5)


@pytest.mark.parametrize(
    ("measure", "inputs", "word"),
    [
        ("WDD", {**TARGET, "e": 5, "f": 6}, "column 'g': is missing"),
        ("WDD", {**TARGET, "ta": 2}, "column 'tb': is missing while another exposure"),
        ("WDD", {"a": 0, "b": 0, "c": 0, "d": 0}, "nothing can be said"),
        ("WDD", {**TARGET, "b": -1}, "-1 is negative"),
        ("WDQ", {"a": 50, "b": 50, "c": 60, "d": 50, "e": 5, "f": 6}, "not below 0: without a gain"),
        ("WDQ", {**TARGET, "d": 0, "e": 5, "f": 6}, "column 'd': is 0"),
        ("WDQ", {**TARGET, "e": 0, "f": 0}, "the buffer says nothing"),
        ("TNE", {**TARGET, "c": 0, "e": 5, "f": 6}, "column 'c': is 0"),
        ("TNE", {**TARGET, "e": 5, "f": 6, "g": 9}, "column 'h': is missing while g is given"),
        ("TNE", {"a": 0, "b": 0, "c": 9, "d": 8, "e": 0, "f": 0}, "nothing can be said"),
    ],
)
def test_counts_that_say_nothing_are_refused(measure: str, inputs: dict[str, float], word: str) -> None:
    with pytest.raises(MetareviewError, match=word):
        effect_size(measure, **inputs)


def test_doubts_are_told() -> None:
    twice = one("WDD", **TARGET, e=178, f=157, g=308, h=318)
    assert "its error is counted twice" in twice["note"]
    weak = one("WDQ", a=20, b=18, c=20, d=20, e=10, f=11)
    assert weak["note"].startswith("displacement, smaller than") and "not to be read" in weak["note"]


def test_a_shared_control_counts_once_when_the_areas_are_put_together() -> None:
    # target and buffer against one control: its error enters both, which exposures of 1/2 for the control give exactly
    together = one("WDD", a=207 + 178, b=110 + 157, c=308, d=318, ta=1, tb=1, tc=0.5, td=0.5)
    assert together["yi"] == (110 - 207) + (157 - 178) - 2 * (318 - 308)
    assert together["vi"] == 207 + 110 + 178 + 157 + 4 * (308 + 318)
    shared = one("TNE", **TARGET, e=178, f=157)
    own = one("TNE", **TARGET, e=178, f=157, g=308, h=318)
    assert shared["yi"] == pytest.approx(own["yi"]) and shared["vi"] > own["vi"]


ANALYSIS = Analysis.model_validate({"name": "crime", "label": "Crime", "scale": "log"})


def effects(*measures: str) -> pd.DataFrame:
    frame = pd.DataFrame({"measure": measures, "scale": "log", "study_included": True, "outcome_domain": "crime"})
    ids = [f"{m.lower()}_{i}" for i, m in enumerate(measures)]
    return frame.assign(effect_id=ids, study_id=ids)


def test_mixed_orientation_is_refused_by_name() -> None:
    with pytest.raises(MetareviewError, match="mixed orientation") as caught:
        select(effects("RIRR", "RES", "GEN"), ANALYSIS)
    assert "rirr_0 (RIRR)" in caught.value.message and "res_1 (RES)" in caught.value.message
    assert "inverted" in caught.value.hint
    assert len(select(effects("RES", "RES"), ANALYSIS).frame) == 2


def test_the_better_side_of_a_measure_of_less_is_the_other_one() -> None:
    protocol = Protocol.model_construct(outcomes=())
    assert better(effects("RES", "RES"), protocol) == "higher_is_better"
    assert better(effects("RIRR"), protocol) == better(pd.DataFrame(), protocol) == "lower_is_better"


def test_a_measure_that_is_never_pooled_is_refused_by_name() -> None:
    with pytest.raises(MetareviewError, match=r"never pooled: wdq_1 \(WDQ\)"):
        select(effects("RIRR", "WDQ"), ANALYSIS)
