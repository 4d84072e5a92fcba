"""Every back-transformation: its inverse, the ends of its range, metafor's, and the trap of the harmonic mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from metareview.effects.compute import effect_size
from metareview.effects.measure import Measure
from metareview.effects.registry import measures
from metareview.effects.transform import BACK, back_name, back_transform
from metareview.errors import MetareviewError
from metareview.synthesis.pooling import pool

FIXTURES = Path(__file__).parent / "reference" / "back"
TRAP = json.loads((FIXTURES / "trap.json").read_text("utf-8"))
METAFOR = [
    pytest.param(block, id=f"{block['measure']}-{i}")
    for i, block in enumerate(json.loads((FIXTURES / "transf.json").read_text("utf-8")))
]
RANGES = {
    "ratio": (1e-3, 50.0), "percent change": (-99.0, 400.0), "relative effect size": (1e-3, 50.0), "value": (-9.0, 9.0),
    "proportion": (0.001, 0.999), "rate": (1e-3, 40.0), "correlation": (-0.99, 0.99),
    "share of variance explained": (0.0, 0.999), "reliability": (-2.0, 0.99),
}  # fmt: skip


@pytest.mark.parametrize("block", METAFOR)
def test_back_transformation_agrees_with_metafor(block: dict[str, Any]) -> None:
    found = back_transform(block["measure"], block["yi"], n=block.get("n"), sizes=block.get("sizes"))
    np.testing.assert_allclose(found, np.array(block["value"], dtype=float), rtol=1e-10, atol=1e-10)
    assert block["version"] == "metafor 3.8.1"


@pytest.mark.parametrize("name", sorted(BACK))
def test_the_inverse_leads_back(name: str) -> None:
    back = BACK[name]

    @settings(max_examples=50, deadline=None)
    @given(st.floats(*RANGES[back.gives]), st.floats(1, 1000))
    def there_and_back(value: float, n: float) -> None:
        size = (np.array([n]),) if back.needs else ()
        yi = back.inverse(np.array([value]), *size)
        np.testing.assert_allclose(back.function(yi, *size), [value], rtol=1e-8, atol=1e-10)

    there_and_back()


@pytest.mark.parametrize("measure", [pytest.param(m, id=m.name) for m in measures().values() if m.scale != "reported"])
def test_every_measure_has_a_back_transformation_that_never_falls(measure: Measure) -> None:
    assert back_name(measure) in BACK
    shown = back_transform(measure, np.linspace(-4, 4, 801), n=12)
    assert np.all(np.isfinite(shown)) and np.all(np.diff(shown) >= -1e-12)
    assert np.isnan(back_transform(measure, np.nan, n=12))


COUNTS = {"xi": [0, 1, 7, 12], "ni": [12, 9, 300, 12]}
EVENTS = {"xi": [0, 1, 7, 1200], "ti": [12, 0.9, 300, 12]}


@pytest.mark.parametrize("measure", ["PR", "PLN", "PLO", "PRZ", "PAS", "PFT"])
def test_a_study_comes_back_as_its_proportion(measure: str) -> None:
    inside = [1, 2] if measure in ("PR", "PLN", "PLO", "PRZ") else [0, 1, 2, 3]
    data = {name: np.array(values)[inside] for name, values in COUNTS.items()}
    found = effect_size(measure, **data)
    np.testing.assert_allclose(back_transform(measure, found["yi"], n=data["ni"]), data["xi"] / data["ni"], atol=1e-12)


@pytest.mark.parametrize("measure", ["IR", "IRLN", "IRS", "IRFT"])
def test_a_study_comes_back_as_its_rate(measure: str) -> None:
    inside = [1, 2, 3] if measure in ("IR", "IRLN") else [0, 1, 2, 3]
    data = {name: np.array(values)[inside] for name, values in EVENTS.items()}
    found = effect_size(measure, **data)
    np.testing.assert_allclose(back_transform(measure, found["yi"], n=data["ti"]), data["xi"] / data["ti"], atol=1e-12)


def test_ends_of_intervals_beyond_the_range_become_its_ends() -> None:
    assert list(back_transform("PAS", [-0.1, 1.6])) == [0, 1]
    assert list(back_transform("PFT", [-0.3, 0.1, 1.5, 1.7], n=10)) == [0, 0, 1, 1]
    assert list(back_transform("IRS", [-0.1, 0.5])) == [0, 0.25]
    assert list(back_transform("IRFT", [-3, 0.1], n=10)) == [0, 0]
    assert back_transform("AHW", 1.4) == 1


def test_a_negative_reliability_comes_back_as_it_was() -> None:
    for measure in ("ARAW", "AHW", "ABT"):
        yi = effect_size(measure, ai=[-0.6, -3], mi=4, ni=30)["yi"]
        np.testing.assert_allclose(back_transform(measure, yi), [-0.6, -3], rtol=1e-12)


# Schwarzer, Chemaitelly, Abu-Raddad & Rücker (2019), Research Synthesis Methods 10: the kind of data they warn of,
# with numbers of our own (those on the page of PFT)
@pytest.mark.parametrize(("measure", "size"), [("PFT", "ni"), ("IRFT", "ti")])
def test_the_harmonic_mean_can_give_nothing_where_every_study_has_events(measure: str, size: str) -> None:
    told = TRAP[measure]
    sizes = np.array(TRAP["ni"], dtype=float)
    effects = effect_size(measure, xi=TRAP["xi"], **{size: sizes})
    pooled = pool(effects["yi"], effects["vi"], tau2="FE", test="z")
    assert pooled.estimate == pytest.approx(told["estimate"], rel=1e-10)
    assert back_transform(measure, pooled.estimate, sizes=sizes) == told["harmonic"] == 0
    np.testing.assert_allclose(back_transform(measure, pooled.estimate, n=told["n"]), told["value"], rtol=1e-8)
    apart = back_transform(measure, pooled.estimate, n=told["n"])
    assert apart[-1] > 1.5 * apart[0] > 0  # the same pooled value, read with other sizes
    fewer = back_transform(measure, pooled.estimate, sizes=sizes[:3])
    assert fewer > 0.0009  # two studies without weight decided
    logs = effect_size("PLO" if measure == "PFT" else "IRLN", xi=TRAP["xi"], **{size: sizes})
    steady = pool(logs["yi"], logs["vi"], tau2="FE", test="z")
    name = logs["measure"][0]
    assert back_transform(name, steady.estimate) == pytest.approx(np.sum(TRAP["xi"]) / sizes.sum(), rel=0.05)


# Röver & Friede (2022), Double arcsine transform not appropriate for meta-analysis: the order of proportions is lost
def test_double_arcsines_of_groups_of_different_size_are_not_in_the_order_of_their_proportions() -> None:
    none_of_ten, one_of_hundred = effect_size("PFT", xi=[0, 1], ni=[10, 100])["yi"]
    assert none_of_ten > one_of_hundred


# Printed on R-help on 16 December 2010 by metafor's author
def test_double_arcsines_as_printed() -> None:
    found = effect_size("PFT", xi=[0, 1, 12, 38, 40], ni=[10, 10, 20, 40, 40])
    np.testing.assert_allclose(found["yi"], [0.1531387, 0.3733940, 0.8813361, 1.3224900, 1.4923885], atol=5e-8)
    np.testing.assert_allclose(found["vi"], [0.02380952, 0.02380952, 0.01219512, 0.00617284, 0.00617284], atol=5e-9)
    back = back_transform("PFT", found["yi"], n=found["ni"])
    np.testing.assert_allclose(back, [0.00, 0.10, 0.60, 0.95, 1.00], atol=1e-12)


def test_ratios_percent_changes_and_the_relative_effect_size() -> None:
    yi = effect_size("RIRR", a=[50, 207, 178], b=[30, 110, 157], c=[60, 308, 150], d=[55, 318, 140])["yi"]
    res = back_transform("RIRR", yi, to="farrington_welsh_res")
    np.testing.assert_allclose(res, [1.5278, 1.9429, 1.0582], atol=5e-5)
    np.testing.assert_allclose(res * back_transform("RIRR", yi), 1.0)
    assert back_transform("RR", np.log(0.8), to="percent_change") == pytest.approx(-20)
    given = np.array([1.0, 2.0])
    unchanged = back_transform("MD", given)
    assert list(unchanged) == [1, 2] and unchanged is not given
    assert back_transform("GEN", 0.0, to="exp") == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"measure": "PFT", "yi": 0.2}, "takes n= or sizes=: PFT cannot be read without"),
        ({"measure": "PFT", "yi": 0.2, "n": 5, "sizes": [5]}, "not both"),
        ({"measure": "PFT", "yi": 0.2, "n": 0}, "n must be positive numbers: the sample size"),
        ({"measure": "IRFT", "yi": 0.2, "sizes": [4, np.nan]}, "sizes must be positive numbers: the exposure"),
        ({"measure": "IRFT", "yi": 0.2, "sizes": []}, "sizes must be positive"),
        ({"measure": "PFT", "yi": [0.2, 0.3], "n": [5, 6, 7]}, "2 effects and 3 values of n do not fit"),
        ({"measure": "GEN", "yi": 0.2}, "on the scale that was reported"),
        ({"measure": "PLO", "yi": 0.2, "to": "odds"}, "Unknown back-transformation 'odds'"),
        ({"measure": "PLQ", "yi": 0.2}, "no effect-size measure 'PLQ'"),
    ],
)
def test_what_cannot_be_back_transformed_is_refused(arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(MetareviewError) as caught:
        back_transform(**arguments)
    assert word in str(caught.value)
