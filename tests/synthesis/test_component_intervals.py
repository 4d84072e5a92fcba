"""Intervals of variance components against metafor's profile likelihood (see reference/make_intervals.R), and their tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import metareview as mr
from metareview.errors import MetareviewError

HERE = Path(__file__).parent / "reference"
SETS = {s["name"]: s for s in json.loads((HERE / "multilevel.json").read_text(encoding="utf-8"))["sets"]}
FITS = json.loads((HERE / "intervals.json").read_text(encoding="utf-8"))["fits"]


def fitted(one: dict[str, Any]) -> Any:
    given = SETS[one["set"]]
    return mr.multilevel(
        one["formula"], pd.DataFrame(given["data"]), V=np.array(given["V"]), random=one["random"], struct=one["struct"],
        method=one["method"],
    )  # fmt: skip


@pytest.mark.parametrize("one", [pytest.param(f, id=f["name"]) for f in FITS if f["name"] != "berkey_hcs"])
def test_intervals_agree_with_metafor(one: dict[str, Any]) -> None:
    model = fitted(one)
    found = mr.component_intervals(model).to_frame().set_index("component")
    for row in one["rows"]:
        levels = model.problem.terms[0].levels
        got = found.loc[row["component"] if row["component"] in found.index else f"rho[{levels[0]},{levels[1]}]"]
        np.testing.assert_allclose([got.ci_low, got.ci_high], [row["ci_low"], row["ci_high"]], rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(got.estimate, row["estimate"], rtol=2e-6)
        if row["statistic"] is not None:
            np.testing.assert_allclose(got.statistic, row["statistic"], rtol=1e-8)
            half = 1.0 if "rho" in row["component"] else 0.5
            np.testing.assert_allclose(got.p, half * stats.chi2.sf(row["statistic"], 1), rtol=1e-7)


def test_a_component_that_was_given_has_no_interval_and_one_at_zero_has_no_lower_end() -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {"study": np.repeat(range(12), 3), "effect": range(36), "yi": rng.normal(0, 0.1, 36), "vi": 0.04}
    )
    model = mr.multilevel("yi ~ 1", data, random="1 | study/effect", fixed={"sigma2[study/effect]": 0.01})
    found = mr.component_intervals(model)
    assert found.components == ("sigma2[study]",)
    assert model.components["sigma2[study/effect]"] == 0.01
    assert found.estimate[0] == found.ci_low[0] == 0.0
    assert (found.statistic[0], found.p_value[0]) == (0.0, 1.0)
    assert 0.0 < found.ci_high[0] < 0.1
    assert found.warnings == ("sigma2[study]: its interval reaches 0, the edge of what a variance can be.",)
    sd = np.sqrt(found.ci_high[0])
    fall = [2 * (profile_with_known(data, 0.01, 0.0) - profile_with_known(data, 0.01, sd**2))]
    np.testing.assert_allclose(fall, stats.chi2.ppf(0.95, 1), rtol=1e-7)


def profile_with_known(data: pd.DataFrame, within: float, between: float) -> float:
    """The restricted log-likelihood of a mean of studies with both variances known, but for a constant."""
    study = data["study"].to_numpy()
    S = np.diag(data["vi"] + within) + between * (study[:, None] == study)
    W, y = np.linalg.inv(S), data["yi"].to_numpy()
    inner = W.sum()
    rest = y - W.sum(axis=0) @ y / inner
    return float(-0.5 * (np.linalg.slogdet(S)[1] + np.log(inner) + rest @ W @ rest))


def test_what_cannot_be_used_is_said() -> None:
    with pytest.raises(MetareviewError, match="multilevel model"):
        mr.component_intervals(mr.pool([0.1, 0.2, 0.3], [0.1, 0.1, 0.1]))  # type: ignore[arg-type]
