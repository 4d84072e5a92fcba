"""Pooled effects in plain words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from metareview.lessons.plain import change, in_words
from metareview.synthesis.pooling import pool
from metareview.synthesis.results import PooledResult

BASE = pool([-0.5, -0.4, -0.3, -0.2, -0.1], [0.01] * 5)


def result(
    estimate: float, low: float, high: float, k: int = 5, pi: tuple[float, float] = (math.nan, math.nan)
) -> PooledResult:
    return replace(BASE, estimate=estimate, ci_low=low, ci_high=high, pi_low=pi[0], pi_high=pi[1], k=k)


def test_a_ratio_is_told_as_a_percentage_change() -> None:
    found = result(math.log(0.8), math.log(0.7), math.log(0.9), pi=(math.log(0.5), math.log(1.25)))
    assert in_words(found, "Recorded crime", "log") == (
        "Recorded crime: −20% (95% confidence interval −30% to −10%; 5 studies). "
        "The whole interval is on the better side. "
        "The true effect in a comparable new area may lie anywhere from −50% to +25%."
    )


def test_a_difference_is_told_in_standard_deviations() -> None:
    found = result(0.25, 0.1, 0.4, k=3)
    assert in_words(found, "Perceived safety", "linear", "higher_is_better") == (
        "Perceived safety: 0.25 SD (95% confidence interval 0.10 SD to 0.40 SD; 3 studies). "
        "The whole interval is on the better side."
    )


@pytest.mark.parametrize(
    ("low", "high", "better", "verdict"),
    [
        (-0.4, -0.1, "lower_is_better", "The whole interval is on the better side."),
        (-0.4, -0.1, "higher_is_better", "The whole interval is on the worse side."),
        (0.1, 0.4, "lower_is_better", "The whole interval is on the worse side."),
        (0.1, 0.4, "higher_is_better", "The whole interval is on the better side."),
        (-0.4, 0.1, "lower_is_better", "The interval includes no change."),
        (-0.1, 0.4, "higher_is_better", "The interval includes no change."),
        (0.0, 0.4, "lower_is_better", "The interval includes no change."),
        (-0.4, 0.0, "higher_is_better", "The interval includes no change."),
    ],
)
@pytest.mark.parametrize("scale", ["log", "linear"])
def test_the_verdict_follows_the_interval_and_the_good_side(
    low: float, high: float, better: str, verdict: str, scale: str
) -> None:
    assert in_words(result((low + high) / 2, low, high), "Crime", scale, better).endswith(verdict)


@pytest.mark.parametrize(("effects", "who"), [([-0.5], "one study"), ([-0.5, -0.2], "2 studies")])
def test_one_or_two_studies_promise_nothing_for_a_new_area(effects: list[float], who: str) -> None:
    found = pool(effects, [0.01] * len(effects))
    text = in_words(found, "Crime", "log")
    assert f"; {who})" in text
    assert "new area" not in text
    assert change(found, "log")[2] == "–"


def test_five_studies_say_what_a_new_area_may_expect() -> None:
    text = in_words(BASE, "Crime", "log")
    estimate, interval, prediction = change(BASE, "log")
    assert text.startswith(f"Crime: {estimate} (95% confidence interval {interval}; 5 studies).")
    assert text.endswith(f"The true effect in a comparable new area may lie anywhere from {prediction}.")
    assert estimate == "−26%"
    assert "nan" not in text


def test_two_studies_get_no_verdict_and_a_prediction_needs_five_effects_that_differ() -> None:
    for low, high in ((-0.4, -0.1), (-0.4, 0.1)):
        text = in_words(result((low + high) / 2, low, high, k=2), "Crime", "log")
        assert text.endswith("Two studies are too few for a verdict.") and "interval is" not in text
    spread = (-0.9, 0.2)
    assert "new area" in in_words(result(-0.3, -0.5, -0.1, pi=spread), "Crime", "log")
    assert "new area" not in in_words(result(-0.3, -0.5, -0.1, k=4, pi=spread), "Crime", "log")
    alike = replace(result(-0.3, -0.5, -0.1, pi=spread), tau2=0.0)
    assert "new area" not in in_words(alike, "Crime", "log") and change(alike, "log")[2] == "–"


def test_the_level_is_the_one_of_the_result() -> None:
    assert "(90% confidence interval" in in_words(pool([-0.5, -0.4, -0.3], [0.01] * 3, level=0.9), "Crime", "log")
    assert "(99.5% confidence interval" in in_words(replace(BASE, level=0.995), "Crime", "log")


def test_no_change_has_no_sign_and_a_huge_ratio_is_not_a_percentage() -> None:
    text = in_words(result(0.0, -0.001, 0.001), "Crime", "log")
    assert text.startswith("Crime: 0% (95% confidence interval −0.1% to +0.1%; 5 studies).")
    huge = in_words(result(3.0, 0.1, 9.0), "Crime", "log")
    assert huge.startswith("Crime: ×20.1 (95% confidence interval +11% to ×8103.1; 5 studies).")
    assert in_words(result(math.log(3.4), 0.1, 9.0), "Crime", "log").startswith("Crime: ×3.4 ")
    assert in_words(result(math.log(2.9), 0.1, 9.0), "Crime", "log").startswith("Crime: +190% ")
    assert in_words(result(math.log(1.004), 0.001, 0.01), "Crime", "log").startswith("Crime: +0.4% ")
    assert change(result(0.0, -0.5, 0.5, pi=(-1.0, 1.0)), "linear") == (
        "0.00 SD",
        "−0.50 SD to 0.50 SD",
        "−1.00 SD to 1.00 SD",
    )
