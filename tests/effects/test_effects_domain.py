"""Published evaluations near the domain, from their printed figures to the pooled effects printed or computed elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from metareview.effects.compute import effect_size
from metareview.effects.transform import BACK
from metareview.synthesis.pooling import pool

SHARED = Path(os.environ.get("METAREVIEW_SHARED", Path(__file__).resolve().parents[2].parent / "shared"))


def shared(*parts: str) -> pd.DataFrame:
    path = SHARED.joinpath(*parts)
    if not path.is_file():
        pytest.skip("shared data folder is absent")
    return pd.read_csv(path)


def ratios(result: Any) -> tuple[float, float, float]:
    """The pooled ratio with its interval."""
    return tuple(np.exp([result.estimate, result.ci_low, result.ci_high]).tolist())


# Painter & Farrington (1999), abstract: changes in experimental, adjacent and control areas in percent.
@pytest.mark.parametrize(
    ("treated", "control", "res"),
    [
        *((-43, -2, 1.719), (-45, -2, 1.782)),  # incidence; HORS 251 prints 1.72
        *((-26, 12, 1.514), (-21, 12, 1.418)),  # prevalence
    ],
)
def test_stoke_on_trent_relative_effect_sizes(treated: float, control: float, res: float) -> None:
    ratio = BACK["percent_change"].inverse
    contrast = ratio(treated) - ratio(control)
    assert float(BACK["farrington_welsh_res"].function(contrast)) == pytest.approx(res, abs=5e-4)
    # the same through GENDIFF, whose yi does not depend on the standard errors
    found = effect_size(
        "GENDIFF", estimate_t=treated, estimate_c=control, se_t=5, se_c=5, scale_reported="percent_change"
    ).iloc[0]
    assert found["yi"] == pytest.approx(float(contrast), abs=1e-12)
    assert np.exp(-found["yi"]) == pytest.approx(res, abs=5e-4)


def test_scared_straight_odds_ratios_and_their_pools() -> None:
    frame = shared("data", "domain", "scared_straight_petrosino2013.csv")
    found = effect_size("OR", data=frame, labels="study", n1i="n1", n2i="n2")
    assert len(found) == 7
    first = found.iloc[0]
    half = stats.norm.ppf(0.975) * first["sei"]
    printed = np.exp([first["yi"], first["yi"] - half, first["yi"] + half])
    np.testing.assert_allclose(printed, [5.45, 1.65, 18.02], atol=5.1e-3)
    assert 2 * stats.norm.sf(first["yi"] / first["sei"]) == pytest.approx(0.0054, abs=5e-5)
    # and back: from the printed interval the tool finds the same standard error to the printed digits
    again = effect_size("GEN", estimate=5.45, ci_low=1.65, ci_high=18.02, scale_reported="ratio").iloc[0]
    assert (again["yi"], again["sei"]) == pytest.approx((first["yi"], first["sei"]), rel=2e-3)

    equal = pool(found["yi"], found["vi"], tau2="FE", test="z")
    assert ratios(equal) == pytest.approx((1.642, 1.162, 2.320), abs=5e-4)
    np.testing.assert_allclose(equal.I2, 29.2, atol=0.05)
    dl = pool(found["yi"], found["vi"], tau2="DL", test="z")
    assert ratios(dl) == pytest.approx((1.724, 1.134, 2.619), abs=5e-4)
    assert dl.tau2 == pytest.approx(0.0922, abs=5e-5)
    reml = pool(found["yi"], found["vi"], tau2="REML", test="z")
    assert ratios(reml) == pytest.approx((1.708, 1.143, 2.553), abs=5e-4)


def test_landenberger_odds_ratios_of_no_new_offence() -> None:
    frame = shared("data", "domain", "metadat_landenberger2005.csv")
    cells = {"ai": "n.cbt.non", "bi": "n.cbt.rec", "ci": "n.ctrl.non", "di": "n.ctrl.rec"}
    found = effect_size("OR", data=frame, labels="study", **cells)
    assert len(found) == 58 and set(found["note"]) == {""}
    reml = pool(found["yi"], found["vi"], tau2="REML", test="z")
    assert ratios(reml) == pytest.approx((1.5259, 1.3554, 1.7179), abs=5e-5)
    assert reml.tau2 == pytest.approx(0.1046, abs=5e-5)
    # turned round, offences: every log odds ratio changes its sign and nothing else
    offences = effect_size("OR", data=frame, ai="n.cbt.rec", bi="n.cbt.non", ci="n.ctrl.rec", di="n.ctrl.non")
    np.testing.assert_allclose(offences["yi"], -found["yi"])
    np.testing.assert_allclose(offences["vi"], found["vi"])


def test_judicial_supervision_pools() -> None:
    frame = shared("data", "domain", "judicial_supervision_rirr_k22.csv")
    counts = {"a": "a_treat_before", "b": "b_treat_after", "c": "c_cont_before", "d": "d_cont_after"}
    rates = {f"t{name}": frame[column] / frame["m" + column[1:]] for name, column in counts.items()}
    found = effect_size("RIRR", data=frame, labels="authors", phi=2, phi_source="assumed", **counts, **rates)
    yi, vi = -found["yi"], found["vi"]  # above 1 is benefit there
    equal = pool(yi, vi, tau2="FE", test="z")
    assert ratios(equal) == pytest.approx((1.4833, 1.3623, 1.6150), abs=5e-5)
    np.testing.assert_allclose([equal.Q, equal.I2], [66.5899, 68.46], atol=5e-3)
    # the published multiplicative model: the equal-effects variance times Q / df
    half = stats.norm.ppf(0.975) * equal.se * np.sqrt(equal.Q / 21)
    assert np.exp([equal.estimate - half, equal.estimate + half]) == pytest.approx((1.2747, 1.7259), abs=5e-5)
    dl = pool(yi, vi, tau2="DL", test="z")
    assert ratios(dl) == pytest.approx((1.5571, 1.2957, 1.8712), abs=5e-5)
    assert dl.tau2 == pytest.approx(0.0994, abs=5e-5)
    assert np.exp([dl.pi_low, dl.pi_high]) == pytest.approx((0.817, 2.967), abs=5e-4)
    reml = pool(yi, vi, tau2="REML", test="knha")
    assert ratios(reml) == pytest.approx((1.5559, 1.2884, 1.8789), abs=5e-5)
    assert reml.tau2 == pytest.approx(0.0959, abs=5e-5)
