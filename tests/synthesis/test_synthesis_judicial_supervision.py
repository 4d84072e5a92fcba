"""22 real count-based evaluations with the design of this field: before and after, treated and control.

The ratio is of events per person, since some groups shrank between before and after; its variance is twice the Poisson
variance of the counts. Targets are printed to four digits, so they are met to half a unit of the last. A ratio above 1
is a benefit: fewer events after than before in the treated group, relative to the control group.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from metareview.synthesis.pooling import pool

SHARED = Path(os.environ.get("METAREVIEW_SHARED", Path(__file__).parents[2].parent / "shared"))
FILE = SHARED / "data" / "domain" / "judicial_supervision_rirr_k22.csv"


@pytest.fixture
def effects() -> tuple[np.ndarray, np.ndarray]:
    if not FILE.exists():
        pytest.skip("shared data folder is absent")
    d = pd.read_csv(FILE)
    counts = d[["a_treat_before", "b_treat_after", "c_cont_before", "d_cont_after"]].to_numpy(float)
    rates = d[["m_treat_before", "m_treat_after", "m_cont_before", "m_cont_after"]].to_numpy(float)
    return np.log(rates) @ [1.0, -1.0, -1.0, 1.0], 2.0 * np.sum(1.0 / counts, axis=1)


def test_equal_effects(effects: tuple[np.ndarray, np.ndarray]) -> None:
    r = pool(*effects, tau2="FE", test="z")
    assert np.exp(r.estimate) == pytest.approx(1.4833, abs=5e-5)
    assert pytest.approx(66.59, abs=5e-3) == r.Q and r.Q_df == 21 and pytest.approx(68.5, abs=0.05) == r.I2


def test_dersimonian_laird(effects: tuple[np.ndarray, np.ndarray]) -> None:
    r = pool(*effects, tau2="DL", test="z", crosscheck=True)
    assert np.exp([r.estimate, r.ci_low, r.ci_high]) == pytest.approx([1.5571, 1.2957, 1.8712], abs=5e-5)
    assert r.tau2 == pytest.approx(0.0994, abs=5e-5)


def test_restricted_maximum_likelihood_with_knapp_hartung(effects: tuple[np.ndarray, np.ndarray]) -> None:
    r = pool(*effects)
    assert np.exp([r.estimate, r.ci_low, r.ci_high]) == pytest.approx([1.5559, 1.2884, 1.8789], abs=5e-5)
    assert r.tau2 == pytest.approx(0.0959, abs=5e-5)
