"""Pooled effects in plain words: what changed, how sure the interval is, and what a new area may expect."""

from __future__ import annotations

import math

from ..report.numbers import fixed, signed_percent
from ..synthesis.dependent.pooled import DependentPooled
from ..synthesis.results import PooledResult

FEWEST_TO_PREDICT = 5


def in_words(result: PooledResult, outcome: str, scale: str, better: str = "lower_is_better") -> str:
    """Return one or two sentences on a pooled effect.

    Arguments:
        outcome: label of the outcome; scale: "log" (told as percentage change) or "linear" (as standardised difference).
        better: "lower_is_better" or "higher_is_better": which way is good for people.
    """
    level = f"{100 * result.level:g}%"
    what = f"{outcome}: {value(result.estimate, scale)}"
    if isinstance(result, DependentPooled):
        who = f"{result.k} effects in {result.studies} studies"
    else:
        who = "one study" if result.k == 1 else f"{result.k} studies"
    first = f"{what} ({level} confidence interval {_range(result.ci_low, result.ci_high, scale)}; {who}). "
    return first + _verdict(result, better) + _prediction(result, scale)


def change(result: PooledResult, scale: str) -> tuple[str, str, str]:
    """Return estimate, confidence interval and prediction interval as cells, on the plain scale."""
    prediction = _range(result.pi_low, result.pi_high, scale) if tells_prediction(result) else "–"
    return value(result.estimate, scale), _range(result.ci_low, result.ci_high, scale), prediction


def tells_prediction(result: PooledResult) -> bool:
    """Return whether a prediction interval says enough to be told.

    With fewer than five effects it covers too seldom, and with a between-study variance estimated as 0 it is no more than
    the confidence interval.
    """
    return result.k >= FEWEST_TO_PREDICT and result.tau2 > 0 and not math.isnan(result.pi_low)


def _verdict(result: PooledResult, better: str) -> str:
    if result.k == 2:
        return "Two studies are too few for a verdict."
    if math.isnan(result.ci_low):
        return "There is no interval."
    if result.ci_low <= 0 <= result.ci_high:
        return "The interval includes no change."
    good = (result.estimate < 0) == (better == "lower_is_better")
    return "The whole interval is on the better side." if good else "The whole interval is on the worse side."


def _prediction(result: PooledResult, scale: str) -> str:
    if not tells_prediction(result):
        return ""
    spread = _range(result.pi_low, result.pi_high, scale)
    return f" The true effect in a comparable new area may lie anywhere from {spread}."


def value(value: float, scale: str) -> str:
    """Return an effect on the plain scale: a percentage change for log ratios, SDs otherwise."""
    return signed_percent(value) if scale == "log" else f"{fixed(value, 2)} SD"


def _range(low: float, high: float, scale: str) -> str:
    return f"{value(low, scale)} to {value(high, scale)}"
