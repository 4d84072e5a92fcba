"""Measures of one group: impossible input, what is done with zeros, and overdispersion."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metareview.effects.compute import effect_size
from metareview.effects.registry import measures, notes_on
from metareview.errors import MetareviewError

PROPORTIONS = ("PR", "PLN", "PLO", "PRZ", "PAS", "PFT")
RATES = ("IR", "IRLN", "IRS", "IRFT")
MEANS = ("MN", "SMN", "MNLN", "CVLN")
RELIABILITIES = ("ARAW", "AHW", "ABT")


def refused(measure: str, **inputs: Any) -> str:
    with pytest.raises(MetareviewError) as caught:
        effect_size(measure, **inputs)
    told = str(caught.value)
    kept = effect_size(measure, problems="nan", **inputs)
    assert np.isnan(kept["yi"].iloc[0]) and kept["note"].iloc[0].startswith("no effect: ")
    return told


@pytest.mark.parametrize("measure", PROPORTIONS)
@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"xi": 12, "ni": 10}, "column 'ni': 10 is below the 12 events in xi"),
        ({"xi": -1, "ni": 10}, "column 'xi': -1 is negative"),
        ({"xi": 3, "mi": -2}, "column 'mi': -2 is negative"),
        ({"xi": 0, "ni": 0}, "column 'ni': 0 is not above 0; a group has people in it"),
        ({"xi": 0, "mi": 0}, "column 'xi': is 0 and so is mi: the group has nobody in it"),
        ({"xi": 3, "mi": 4, "ni": 8}, "8 is not xi plus mi (3 + 4)"),
        ({"xi": 3}, "column 'ni': is missing, and so is mi"),
        ({"xi": None, "ni": 8}, "needs xi"),
        ({"xi": [np.nan], "ni": 8}, "column 'xi': is missing"),
        ({"xi": [np.inf], "ni": 8}, "column 'xi': is infinite"),
        ({"xi": ["four"], "ni": 8}, "'four' is not a number"),
    ],
)
def test_impossible_proportions_are_refused(measure: str, given: dict[str, Any], word: str) -> None:
    if "needs" in word:
        with pytest.raises(MetareviewError, match=word):
            effect_size(measure, **given)
    else:
        assert word in refused(measure, **given)


@pytest.mark.parametrize("measure", RATES)
@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"xi": 3, "ti": 0}, "column 'ti': 0 is not above 0; an exposure is positive"),
        ({"xi": -3, "ti": 5}, "column 'xi': -3 is negative"),
        ({"xi": 3, "ti": -5}, "column 'ti': -5 is not above 0"),
        ({"xi": 3, "ti": 5, "phi": 0}, "0 is not above 0; overdispersion is"),
    ],
)
def test_impossible_rates_are_refused(measure: str, given: dict[str, Any], word: str) -> None:
    assert word in refused(measure, **given)


@pytest.mark.parametrize("measure", MEANS)
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"sdi": 0}, "column 'sdi': 0 is not above 0; a standard deviation is positive"),
        ({"sdi": -1}, "column 'sdi': -1 is not above 0"),
        ({"ni": 1}, "column 'ni': 1 is below 2"),
        ({"mi": np.inf}, "column 'mi': is infinite"),
    ],
)
def test_impossible_means_of_one_group_are_refused(measure: str, change: dict[str, Any], word: str) -> None:
    assert word in refused(measure, **({"mi": 4, "sdi": 2, "ni": 9} | change))
    if "mi" not in change:
        assert word in refused("SDLN", **({"sdi": 2, "ni": 9} | change))


def test_means_without_a_logarithm_and_groups_without_a_correction_are_refused() -> None:
    for measure in ("MNLN", "CVLN"):
        for mean in (0, -2.5):
            assert f"column 'mi': {mean:g} is not above 0; the outcome needs" in refused(measure, mi=mean, sdi=1, ni=9)
    assert "column 'ni': 2 is below 3; a standardised mean" in refused("SMN", mi=4, sdi=2, ni=2)
    with pytest.raises(MetareviewError, match="SDLN has no input 'mi'"):
        effect_size("SDLN", mi=1, sdi=1, ni=9)


@pytest.mark.parametrize("measure", RELIABILITIES)
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"ai": 1}, "column 'ai': 1 is not below 1; a reliability is"),
        ({"ai": 83}, "column 'ai': 83 is not below 1"),
        ({"mi": 1}, "column 'mi': 1 is below 2; a scale has two items or more"),
        ({"ni": 2}, "column 'ni': 2 is below 3; the variance of a reliability"),
        ({"ni": 0}, "column 'ni': 0 is not above 0"),
    ],
)
def test_impossible_reliabilities_are_refused(measure: str, change: dict[str, Any], word: str) -> None:
    assert word in refused(measure, **({"ai": 0.8, "mi": 5, "ni": 40} | change))


@pytest.mark.parametrize("measure", ["PR", "PLN", "PLO", "PRZ", "IR", "IRLN"])
def test_a_group_without_events_is_corrected_alone_and_told(measure: str) -> None:
    size = {"ni" if measure in PROPORTIONS else "ti": [12, 20]}
    found = effect_size(measure, xi=[0, 7], to="only0", **size)
    assert list(found["note"]) == ["0.5 added to all cells because of a zero", ""]
    assert "column 'xi': is 0 and nothing is added" in refused(measure, xi=[0, 7], to="none", **size)


def test_a_group_with_nothing_but_events_is_corrected_as_one_without() -> None:
    for measure in ("PR", "PLN", "PLO", "PRZ"):
        assert effect_size(measure, xi=12, ni=12, to="only0")["note"][0].startswith("0.5 added")
        assert "column 'mi': is 0 and nothing is added" in refused(measure, xi=12, ni=12, to="none")
    low, high = effect_size("PLO", xi=[0, 12], ni=12)["yi"]
    assert low == -high


@pytest.mark.parametrize("measure", ["PAS", "PFT", "IRS", "IRFT"])
def test_what_exists_without_events_is_left_alone_unless_asked(measure: str) -> None:
    size = {"ni" if measure in PROPORTIONS else "ti": 12}
    found = effect_size(measure, xi=0, **size).iloc[0]
    asked = effect_size(measure, xi=0, to="only0", **size).iloc[0]
    assert found["note"] == "" and asked["note"].startswith("0.5 added")
    assert found["vi"] > 0 and found["yi"] < asked["yi"]


@pytest.mark.parametrize("measure", RATES)
def test_overdispersion_multiplies_the_variance_alone(measure: str) -> None:
    plain, spread = (effect_size(measure, xi=[4, 0], ti=[3, 9], phi=phi) for phi in (None, 2.5))
    np.testing.assert_allclose(spread["vi"], 2.5 * plain["vi"], rtol=1e-14)
    assert list(spread["yi"]) == list(plain["yi"]) and set(spread["phi_source"]) == {"given"}


def test_measures_of_one_group_have_no_arms_and_tell_their_traps() -> None:
    for name in (*PROPORTIONS, *RATES, *MEANS, "SDLN", *RELIABILITIES):
        measure = measures()[name]
        assert (measure.positive, measure.swap, measure.arms) == ("", None, ())
        assert len(notes_on(measure)) > 200
    assert all("harmonic mean" in notes_on(measures()[name]) for name in ("PFT", "IRFT"))
