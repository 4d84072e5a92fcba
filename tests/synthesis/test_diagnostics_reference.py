"""Diagnostics against metafor (see reference/make_diagnostics.R)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from synthesis_cases import close, load

from metareview.synthesis.diagnostics.baujat import baujat
from metareview.synthesis.diagnostics.gosh import gosh
from metareview.synthesis.diagnostics.influence import InfluenceResult, influence
from metareview.synthesis.diagnostics.leave_out import cumulative
from metareview.synthesis.diagnostics.profile import profile
from metareview.synthesis.diagnostics.qq import qq
from metareview.synthesis.diagnostics.radial import radial
from metareview.synthesis.influence import leave_one_out
from metareview.synthesis.pooling import pool
from metareview.synthesis.regression import regress

SETS = load("diagnostics")
IDS = [f"{c['name']}-{c['mods'] or 'mean'}-{c['method']}-{c['test']}" for c in SETS["influence"]]
CASES = [pytest.param(c, id=name) for c, name in zip(SETS["influence"], IDS, strict=True)]


def numbers(values: Any) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def fit(case: dict[str, Any]) -> Any:
    data = pd.DataFrame(case["data"])
    if case["mods"]:
        return regress(f"yi {case['mods']}", data, tau2=case["method"], test=case["test"])
    return pool(data["yi"], data["vi"], tau2=case["method"], test=case["test"])


@pytest.mark.parametrize("case", CASES)
def test_influence_agrees_with_metafor(case: dict[str, Any]) -> None:
    found = influence(fit(case))
    assert isinstance(found, InfluenceResult)
    for name in ("rstandard", "rstudent", "dffits", "cook", "cov_r", "tau2_deleted", "Q_deleted", "hat", "weight"):
        expected = numbers(case[name])
        close(getattr(found, name), expected)
    close(found.dfbetas, [numbers(row) for row in case["dfbetas"]])
    assert list(found.influential) == [bool(x) for x in case["influential"]]


@pytest.mark.parametrize("case", [c for c in CASES if "baujat" in c.values[0]])
def test_baujat_coordinates(case: dict[str, Any]) -> None:
    found = baujat(fit(case))
    close(found["heterogeneity"], numbers(case["baujat"]["x"]))
    close(found["influence"], numbers(case["baujat"]["y"]))


@pytest.mark.parametrize("case", [c for c in CASES if "radial" in c.values[0]])
def test_radial_coordinates(case: dict[str, Any]) -> None:
    found = radial(fit(case))
    close(found["precision"], case["radial"]["x"])
    close(found["z"], case["radial"]["z"])


@pytest.mark.parametrize("case", [c for c in CASES if "qq" in c.values[0]])
@pytest.mark.parametrize(("kind", "key"), [("rstandard", "qq"), ("rstudent", "qq_student")])
def test_quantiles(case: dict[str, Any], kind: str, key: str) -> None:
    found = qq(fit(case), kind=kind, n=20)
    close(found.normal, np.sort(case[key]["x"]))
    close(found.residual, np.sort(case[key]["y"]))


@pytest.mark.parametrize("case", [c for c in CASES if "profile" in c.values[0]])
def test_profile_likelihood_of_tau2(case: dict[str, Any]) -> None:
    close(profile(fit(case), values=case["profile"]["tau2"]).loglik, case["profile"]["loglik"])


@pytest.mark.parametrize("case", [c for c in CASES if "leave" in c.values[0]])
def test_leave_one_out(case: dict[str, Any]) -> None:
    found = leave_one_out(case["data"]["yi"], case["data"]["vi"], tau2=case["method"], test=case["test"])
    for name, expected in case["leave"].items():
        if name in found and expected:
            close(found[name], expected)


@pytest.mark.parametrize("case", SETS["cumulative"], ids=lambda c: c["method"])
def test_cumulative(case: dict[str, Any]) -> None:
    data = pd.DataFrame(SETS["influence"][0]["data"])
    result = pool(data["yi"], data["vi"], labels=data["trial"], tau2=case["method"], test="z")
    found = cumulative(result, data["year"])
    assert list(found["added"]) == case["order"]
    for name in ("estimate", "se", "ci_low", "ci_high", "p", "tau2", "Q", "Q_p"):
        close(found[name], case[name])


@pytest.mark.parametrize("case", SETS["gosh"], ids=lambda c: c["method"])
def test_gosh_of_all_subsets(case: dict[str, Any]) -> None:
    found = gosh(pool(case["yi"], case["vi"], tau2=case["method"], test="z"))
    code = 1 << np.arange(len(case["yi"]))
    order = np.argsort(np.array(case["members"], dtype=int) @ code)
    mine = np.argsort(found.members.astype(int) @ code)
    assert len(order) == len(mine) == 127
    assert np.array_equal(found.sizes[mine], np.array(case["k"])[order])
    for name in ("estimate", "Q", "I2", "H2", "tau2"):
        expected = np.array(case[name], dtype=float)[order]
        if name == "H2" and case["method"] == "DL":  # gosh() lets it fall below 1 here, rma() does not
            expected = np.maximum(expected, 1.0)
        close(getattr(found, name)[mine], expected)
