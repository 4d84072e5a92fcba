"""From SEs, intervals and medians to means and SDs: against R, closed forms, published values and simulation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metareview.effects import five_numbers
from metareview.effects.convert import convert
from metareview.effects.formula import evaluate
from metareview.effects.registry import find_conversion
from metareview.errors import MetareviewError

QE = json.loads((Path(__file__).parent / "reference_conversions/median_to_mean_sd_qe.json").read_text("utf-8"))
PARTS = {"quartiles": ("q1", "q3"), "range": ("minimum", "maximum"), "both": ("q1", "q3", "minimum", "maximum")}


def summaries(samples: np.ndarray, given: str) -> dict[str, np.ndarray | int]:
    quartiles = np.quantile(samples, [0.25, 0.5, 0.75], axis=1)
    all_five = dict(zip(five_numbers.NAMES, (samples.min(1), *quartiles, samples.max(1)), strict=True))
    return {name: all_five[name] for name in ("median", *PARTS[given])} | {"n": samples.shape[1]}


def test_quantile_estimation_agrees_with_fits_in_r() -> None:
    cases = pd.DataFrame(QE["cases"])
    found = convert("median_to_mean_sd_qe", data=cases[[*five_numbers.NAMES, "n"]])
    np.testing.assert_allclose(found["mean"], cases["mean"], rtol=2e-7)
    np.testing.assert_allclose(found["sd"], cases["sd"], rtol=2e-7)
    for rule, chosen in zip(found["rule"], cases["chosen"], strict=True):
        assert f", {chosen} fitted to" in rule
    assert {"normal", "log-normal", "gamma", "Weibull", "beta"} == set(cases["chosen"])


def test_quantile_estimation_agrees_with_the_published_example() -> None:
    # README of the R package estmeansd of McGrath and colleagues; its search stops at 1e-5 of the optimum.
    found = convert("median_to_mean_sd_qe", minimum=2, median=4, maximum=9, n=100).iloc[0]
    assert found["mean"] == pytest.approx(4.347284, abs=3e-5)
    assert found["sd"] == pytest.approx(1.502171, abs=3e-5)


@pytest.mark.parametrize("given", PARTS)
def test_luo_wan_and_shi_are_nearly_unbiased_for_normal_data(given: str) -> None:
    rng = np.random.default_rng(7)
    for n in (25, 101):
        found = convert("median_to_mean_sd_luo_wan", **summaries(rng.normal(50, 10, (20000, n)), given))
        assert found["mean"].mean() == pytest.approx(50, abs=0.1)
        assert found["sd"].mean() == pytest.approx(10, rel=0.03)
        assert set(found["method"]) == {"estimated"}


@pytest.mark.parametrize("given", PARTS)
def test_the_skewness_tests_have_their_level_and_find_skew(given: str) -> None:
    rng = np.random.default_rng(8)
    normal = convert("median_to_mean_sd_luo_wan", **summaries(rng.normal(0, 1, (20000, 41)), given))
    assert (normal["note"] != "").mean() == pytest.approx(0.05, abs=0.008)
    skewed = convert("median_to_mean_sd_luo_wan", **summaries(rng.lognormal(0, 1, (2000, 41)), given))
    assert (skewed["note"] != "").mean() > 0.3


def test_quantile_estimation_is_closer_for_skewed_data() -> None:
    samples = np.random.default_rng(9).lognormal(2.5, 0.8, (300, 100))
    told = summaries(samples, "quartiles")
    errors = [
        abs(convert(f"median_to_mean_sd_{way}", **told)["mean"].mean() - samples.mean()) for way in ("qe", "luo_wan")
    ]
    assert errors[0] < 0.3 * errors[1]


@pytest.mark.parametrize(
    "name", ["mean_se_to_sd", "mean_ci_to_sd", "median_to_mean_sd_luo_wan", "median_to_mean_sd_qe"]
)
def test_the_formula_of_each_conversion_gives_what_is_computed(name: str) -> None:
    conversion = find_conversion(name)
    numbers = {
        "se": 0.5,
        "ci_low": 4.0,
        "ci_high": 6.0,
        "minimum": 1,
        "q1": 3,
        "median": 5,
        "q3": 8,
        "maximum": 19,
        "n": 30,
    }
    options = [{"ci_quantile": "t"}, {"ci_quantile": "normal"}] if name == "mean_ci_to_sd" else [{}]
    drop = [(), ("minimum", "maximum"), ("q1", "q3")] if name.startswith("median") else [()]
    for option in options:
        for left_out in drop:
            inputs = {k: v for k, v in numbers.items() if k in conversion.input_names and k not in left_out}
            found = convert(name, **inputs, **option).iloc[0]
            values = dict.fromkeys(conversion.input_names, np.nan) | inputs | {"ci_level": 95.0}
            values["ci_quantile"] = float(option.get("ci_quantile") == "normal")
            formula = conversion.formula if conversion.formula_of is None else conversion.formula_of(values)
            told = evaluate(formula, values, conversion.functions)
            for output, _ in conversion.outputs:
                assert told[output] == pytest.approx(found[output], rel=1e-10)


def test_impossible_summaries_are_refused() -> None:
    for way in ("luo_wan", "qe"):
        with pytest.raises(MetareviewError, match="a median alone gives no SD"):
            convert(f"median_to_mean_sd_{way}", median=4, n=20)
        with pytest.raises(MetareviewError, match="5 is above median 4: the summary is out of order"):
            convert(f"median_to_mean_sd_{way}", q1=5, median=4, q3=9, n=20)
    with pytest.raises(MetareviewError, match="the interval is reversed"):
        convert("mean_ci_to_sd", ci_low=4, ci_high=2, n=20)
    with pytest.raises(MetareviewError, match="0 is not above 0; a standard error"):
        convert("mean_se_to_sd", se=0, n=20)
