"""The second engine of multilevel models: it agrees with every reference fit, and would see one that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.synthesis.crosscheck import checked_multilevel, failed
from metareview.synthesis.multilevel import second
from metareview.synthesis.multilevel.full_matrix import dense

SETS = json.loads((Path(__file__).parent / "reference" / "multilevel.json").read_text(encoding="utf-8"))["sets"]
CASES = [pytest.param(s, f, id=f"{s['name']}-{f['name']}") for s in SETS for f in s["fits"]]
QUANTITIES = {"estimate", "se", "loglik", "score", "gain", "components"}


def fitted(given: dict[str, Any], one: dict[str, Any], **more: Any) -> Any:
    R = one.get("R")
    known = {R["factor"]: pd.DataFrame(R["matrix"], index=R["levels"], columns=R["levels"])} if R else None
    return mr.multilevel(
        one["formula"], pd.DataFrame(given["data"]), V=np.array(given["V"]), random=one["random"], struct=one["struct"],
        method=one["method"], R=known, **more,
    )  # fmt: skip


@pytest.mark.parametrize(("given", "one"), CASES)
def test_the_second_engine_agrees_on_every_reference_fit(given: dict[str, Any], one: dict[str, Any]) -> None:
    model = fitted(given, one, crosscheck=True)
    assert set(model.crosscheck) == QUANTITIES and failed(model.crosscheck, 1e-6) == []
    assert model.to_dict()["crosscheck"] == model.crosscheck


@pytest.mark.parametrize("struct", ["ID", "DIAG", "CS", "HCS", "AR", "HAR", "CAR", "UN"])
def test_the_slope_of_the_dense_likelihood_is_that_of_its_values(struct: str) -> None:
    rng = np.random.default_rng(6)
    data = pd.DataFrame(
        {"study": np.repeat(range(8), 3), "time": [1, 2, 3] * 8, "yi": rng.normal(0, 0.5, 24), "vi": 0.04}
    )
    fit = mr.multilevel("yi ~ time", data, random=["time | study", "1 | study"], struct=struct)
    for restricted in (True, False):
        model = dense(fit.yi, fit.working.X, fit.V, fit.problem.terms, restricted)
        roots = rng.uniform(0.2, 0.6, sum(piece.size for piece in model.pieces))
        value, slope = model.slope(roots)
        assert value == model.loglik(roots)
        for a in range(roots.size):
            move = 1e-5 * np.eye(roots.size)[a]
            assert slope[a] == pytest.approx((model.loglik(roots + move) - model.loglik(roots - move)) / 2e-5, abs=1e-6)


def test_a_wrong_fit_would_be_seen() -> None:
    fit = fitted(SETS[0], SETS[0]["fits"][0])
    wrong = replace(fit, components={name: 1.2 * value for name, value in fit.components.items()})
    assert {"loglik", "score", "components"} <= set(failed(second.compare(wrong)))
    lower = replace(fit, loglik=fit.loglik - 1e-4)
    assert {"loglik", "gain"} <= set(failed(second.compare(lower)))
    assert "A second search found a log-likelihood higher by 0.0001" in checked_multilevel(lower).warnings[-1]


def test_components_that_were_given_are_held() -> None:
    given = {"sigma2[district]": 0.02}
    fit = fitted(SETS[0], SETS[0]["fits"][0], fixed=given, crosscheck=True)
    assert set(fit.crosscheck) == QUANTITIES and failed(fit.crosscheck, 1e-6) == []


def test_many_effects_are_not_estimated_twice_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "LARGEST", 20)
    fit = fitted(SETS[0], SETS[0]["fits"][0], crosscheck=True)
    assert set(fit.crosscheck) == {"estimate", "se"}
    assert fit.warnings[-1] == "More than 20 effects: no second engine estimated the variance components."


def test_components_that_cannot_be_told_apart_are_said_so() -> None:
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"a": range(20), "b": range(20), "yi": rng.normal(0, 0.5, 20), "vi": 0.04})
    fit = mr.multilevel("yi ~ 1", data, random=["1 | a", "1 | b"], crosscheck=True)
    assert "components" not in fit.crosscheck and failed(fit.crosscheck) == []
    assert any(w.startswith("The likelihood is flat") for w in fit.warnings)
