"""Multilevel models of data that cannot tell what is asked: a number that is right, or a word that says so."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from metareview.errors import MetareviewError
from metareview.synthesis.multilevel.model import multilevel
from metareview.synthesis.pooling import pool
from metareview.synthesis.robust.robust import robust


def made(seed: int, studies: int = 12, most: int = 4) -> pd.DataFrame:
    r = np.random.default_rng(seed)
    study = np.repeat(np.arange(studies), r.integers(1, most + 1, studies))
    vi = r.uniform(0.01, 0.2, study.size)
    yi = 0.2 + r.normal(0, 0.3, studies)[study] + r.normal(0, 0.2, study.size) + r.normal(0, np.sqrt(vi))
    outcome = np.array(["a", "b", "c"])[r.integers(0, 3, study.size)]
    return pd.DataFrame({"study": study, "effect": np.arange(study.size), "outcome": outcome, "yi": yi, "vi": vi})


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.floats(0.05, 20), st.floats(-5, 5))
def test_scale_shift_and_order_do_not_matter(seed: int, scale: float, shift: float) -> None:
    frame = made(seed)
    here = multilevel("yi ~ 1", frame, random="1 | study/effect")
    other = frame.assign(yi=scale * frame["yi"] + shift, vi=scale**2 * frame["vi"]).sample(frac=1, random_state=seed)
    there = multilevel("yi ~ 1", other, random="1 | study/effect")
    typical = float(np.mean(frame["vi"]))
    assert there.estimate[0] == pytest.approx(scale * here.estimate[0] + shift, rel=1e-7, abs=1e-7)
    for name, value in here.components.items():
        assert there.components[name] / scale**2 == pytest.approx(value, rel=1e-6, abs=1e-7 * typical)


def test_one_effect_a_study_is_the_random_effects_model() -> None:
    frame = made(3, 20, 1)
    levels = multilevel("yi ~ 1", frame, random="1 | study", test="z")
    plain = pool(frame["yi"], frame["vi"], test="z")
    assert levels.components["sigma2[study]"] == pytest.approx(plain.tau2, rel=1e-8)
    assert levels.estimate[0] == pytest.approx(plain.estimate, rel=1e-9)
    assert (levels.QE, levels.pi_low) == pytest.approx((plain.Q, plain.pi_low), rel=1e-8)


@pytest.mark.parametrize("structure", ["ID", "DIAG", "CS", "HCS", "UN"])
@pytest.mark.parametrize("formula", ["yi ~ 1", "yi ~ 0 + outcome"])
def test_few_studies_give_a_result_or_a_clear_word(structure: str, formula: str) -> None:
    for seed in range(12):
        frame = made(seed, 2 + seed % 5, 3)
        try:
            found = multilevel(formula, frame, random="outcome | study", struct=structure)
            told = robust(found, frame["study"])
        except MetareviewError as error:
            assert error.message.endswith((".", "'"))
            continue
        assert np.all(np.isfinite(found.estimate)) and np.all(np.isfinite(told.cov))
        if not found.converged:
            assert any("not use this result" in w for w in found.warnings)


def test_a_variance_that_the_data_cannot_tell_is_named() -> None:
    frame = pd.DataFrame(
        {"study": [1, 1, 2, 3, 4, 5], "outcome": list("abaaaa"), "yi": [0.1, 0.9, 0.4, 0.2, 0.3, 0.6], "vi": 0.05}
    )
    found = multilevel("yi ~ 0 + outcome", frame, random="outcome | study", struct="DIAG")
    assert not found.converged
    assert found.warnings[0].startswith("tau2[b] cannot be told from these effects")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"vi": 0.0}, "sampling variance must be a positive number"),
        ({"yi": np.nan}, "not a usable number"),
        ({"yi": np.inf}, "not a usable number"),
    ],
)
def test_impossible_rows_are_named(change: dict[str, float], word: str) -> None:
    frame = made(1)
    frame.loc[4, list(change)] = list(change.values())
    with pytest.raises(MetareviewError, match=word) as caught:
        multilevel("yi ~ 1", frame, random="1 | study/effect")
    assert "'5'" in caught.value.message


def test_usage_mistakes_are_told() -> None:
    frame = made(1)
    for arguments, word in (
        ({"random": "study/effect"}, "cannot be read"),
        ({"random": "1 | school"}, "no column school"),
        ({"random": "1 | study", "rho": 1.5}, "correlation of sampling errors"),
        ({"random": "1 | study", "method": "DL"}, "no method 'DL'"),
        ({"random": "outcome | study", "struct": "XX"}, "no structure 'XX'"),
        ({"random": "outcome | study", "struct": "AR"}, "needs numbers in outcome"),
        ({"random": "1 | study", "V": np.eye(3)}, "V has shape"),
        ({"random": "1 | study", "R": {"study": np.eye(2)}}, "no row and column"),
    ):
        with pytest.raises(MetareviewError, match=word):
            multilevel("yi ~ 1", frame, **arguments)  # type: ignore[arg-type]
    lost = multilevel(
        "yi ~ 1", frame.assign(study=frame["study"].where(frame["effect"] != 2)), random="1 | study/effect"
    )
    assert lost.excluded == (("3", "missing study"),)


def test_a_hundred_thousand_effects_fit() -> None:
    frame = made(5, 40_000)
    found = multilevel("yi ~ 1", frame, random="1 | study/effect")
    assert found.converged and found.estimate[0] == pytest.approx(0.2, abs=0.01)
    assert list(found.components.values()) == pytest.approx([0.09, 0.04], abs=0.005)
