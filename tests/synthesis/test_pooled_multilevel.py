"""The mean of models of dependent effects told as a pooled estimate, and what the second engines say of every fit."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.synthesis.crosscheck import crosscheck_multilevel, failed
from metareview.synthesis.dependent.pooled import pooled_of

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference" / "pooled_multilevel.json").read_text(encoding="utf-8")
)
CASES = sorted(name for name in REFERENCE if name != "source")


def _fit(case: dict[str, Any]) -> Any:
    rho = case.get("rho")
    return mr.multilevel("yi ~ 1", pd.DataFrame(case["data"]), random="1 | study/effect", rho=rho, cluster="study")


@pytest.mark.parametrize("name", CASES)
def test_weights_and_prediction_are_those_of_metafor(name: str) -> None:
    case = REFERENCE[name]
    studies = len(set(case["data"]["study"]))
    found = pooled_of(_fit(case), studies, crosscheck=True)
    for key in ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "Q"):
        assert math.isclose(getattr(found, key), case[key], rel_tol=1e-6, abs_tol=1e-6), key
    np.testing.assert_allclose(found.weights, case["weights"], rtol=1e-5, atol=1e-5)
    assert math.isclose(found.weights.sum(), 100) and found.weights @ found.yi / 100 == pytest.approx(found.estimate)
    assert (found.k, found.studies, found.robust) == (len(case["data"]["yi"]), studies, "")
    assert set(found.crosscheck) == {"estimate", "se", "loglik", "score", "gain", "components"}
    assert failed(found.crosscheck, 1e-7) == []
    assert set(found.components) <= set(found.to_dict()["components"]) and "studies" in found.to_frame()


def test_a_robust_mean_has_its_own_error_and_degrees_of_freedom() -> None:
    frame = pd.DataFrame(REFERENCE["assink2016_che"]["data"])
    che = mr.che("yi ~ 1", frame, study="study")
    found = pooled_of(che, che.studies)
    assert (found.se, found.df, found.p) == (che.se[0], che.df[0], che.p_value[0])
    assert found.test == "CR2 by study, Satterthwaite" and found.model == "CHE (ρ = 0.6)" and found.clusters == 17
    half = (found.ci_high - found.ci_low) / 2
    spread = half / found.se * math.sqrt(found.se**2 + found.tau2)
    assert (found.pi_low, found.pi_high) == pytest.approx((found.estimate - spread, found.estimate + spread))
    assert "in 17 studies" in repr(found)


def test_variances_that_do_not_add_up_have_no_sum() -> None:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"study": np.repeat(np.arange(12), 2), "outcome": list("ab") * 12, "vi": 0.05})
    frame["yi"] = np.repeat(rng.normal(0, 0.5, 12), 2) + rng.normal(0, 0.3, 24)
    found = pooled_of(mr.multilevel("yi ~ 1", frame, random="outcome | study", struct="UN"), 12)
    assert math.isnan(found.tau2) and math.isnan(found.pi_low) and not math.isnan(found.ci_low)


@pytest.mark.parametrize("tau2", ["FE", "DL", "HE", "ML", "REML", "PM", "SJ", 0.03])
@pytest.mark.parametrize("test", ["knha", "adhoc", "z"])
def test_second_engines_agree_on_regressions_and_subgroups(tau2: str | float, test: str) -> None:
    rng = np.random.default_rng(7)
    frame = pd.DataFrame(
        {"year": rng.integers(1990, 2026, 24), "kind": list("abcabd") * 4, "vi": rng.uniform(0.01, 0.2, 24)}
    )
    frame["yi"] = 0.02 * (frame["year"] - 2000) + rng.normal(0, 0.3, 24)
    for formula in ("yi ~ year", "yi ~ year + kind", "yi ~ 0 + kind"):
        found = mr.regress(formula, frame, tau2=tau2, test=test, crosscheck=True).crosscheck
        assert {"estimate", "se", "wls_estimate", "wls_se"} <= set(found)
        assert ("tau2" in found) == (tau2 in ("FE", "DL", "HE", "ML", "REML"))
        assert failed(found, 1e-6) == [], found
    groups = mr.subgroups(frame["yi"], frame["vi"], frame["kind"], tau2=tau2, test=test, crosscheck=True)
    assert "wls_se" in groups.crosscheck and failed(groups.crosscheck, 1e-6) == []


def test_a_difference_would_be_seen() -> None:
    from dataclasses import replace

    from metareview.synthesis.crosscheck import crosscheck_regression

    frame = pd.DataFrame({"yi": [0.1, 0.5, 0.2, 0.9, 0.4], "vi": [0.02, 0.05, 0.03, 0.04, 0.1], "x": [1.0, 2, 3, 4, 5]})
    result = mr.regress("yi ~ x", frame)
    for change in ({"estimate": result.estimate + 0.01}, {"se": result.se * 1.01}, {"tau2": result.tau2 + 0.01}):
        assert failed(crosscheck_regression(replace(result, **change))) != []
    case = REFERENCE["konstantopoulos2011"]
    fit = _fit(case)
    assert failed(crosscheck_multilevel(replace(fit, se=fit.se * 1.01))) == ["se"]
