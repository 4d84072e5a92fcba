"""Published meta-regressions, to the digits printed, one test a source; figures that differ in the last digit are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from synthesis_cases import load

import metareview as mr

DATA = {name: pd.DataFrame(columns) for name, columns in load("regression_tests")["published"].items()}


def test_berkey_1995() -> None:
    """Statistics in Medicine 14, 395-411, p. 408: empirical Bayes (= Paule-Mandel) with smoothed variances.

    The article prints -0.6304 and, for the fixed model, -0.5950 and 0.0039: last digits that metafor does not confirm.
    """
    data = DATA["berkey1995"]
    empty = mr.pool(data["yi"], data["vi"], tau2="PM", test="z")
    assert (empty.estimate, empty.se, empty.tau2) == (
        pytest.approx(-0.5429, abs=5e-5), pytest.approx(0.1842, abs=5e-5), pytest.approx(0.268, abs=5e-4),
    )  # fmt: skip
    mixed = mr.regress("yi ~ I(ablat - 33.46)", data, tau2="PM", test="z")
    assert mixed.estimate == pytest.approx([-0.6303, -0.0268], abs=5e-5)
    assert mixed.se == pytest.approx([0.1591, 0.0110], abs=5e-5)
    assert mixed.tau2 == pytest.approx(0.157, abs=5e-4) and pytest.approx(41, abs=0.5) == mixed.R2
    risk = np.exp(mixed.predict({"ablat": [33.46, 42.0]}).estimate)
    assert risk == pytest.approx([0.53, 0.42], abs=5e-3)
    fixed = mr.regress("yi ~ I(ablat - 33.46)", data, tau2="FE", test="z")
    assert fixed.estimate == pytest.approx([-0.5949, -0.0282], abs=5e-5)
    assert fixed.se == pytest.approx([0.0696, 0.0040], abs=5e-5)


def test_raudenbush_2009() -> None:
    """In Cooper, Hedges & Valentine (eds.), ch. 16, p. 301, table 16.2, and p. 309, table 16.3 (Knapp-Hartung)."""
    data = DATA["raudenbush"]
    mixed = mr.regress("yi ~ weeks3", data.assign(weeks3=data["weeks"].clip(upper=3)), test="z")
    assert mixed.tau2 == pytest.approx(0.0, abs=5e-4) and pytest.approx(16.57, abs=5e-3) == mixed.QE
    assert mixed.estimate == pytest.approx([0.407, -0.157], abs=5e-4)
    assert mixed.statistic == pytest.approx([4.68, -4.39], abs=5e-3)
    printed = {
        "ML": (0.013, 0.078, 0.059),
        "REML": (0.019, 0.084, 0.062),
        "DL": (0.026, 0.089, 0.064),
        "HE": (0.080, 0.114, 0.071),
    }
    for method, figures in printed.items():
        got = mr.pool(data["yi"], data["vi"], tau2=method)
        assert (got.tau2, got.estimate, got.se) == pytest.approx(figures, abs=5e-4)


def test_van_houwelingen_2002() -> None:
    """Statistics in Medicine 21, 589-624, p. 597 and pp. 608-609: log odds ratios by ML, and on latitude."""
    data = DATA["vanhouwelingen2002"]
    empty = mr.pool(data["yi"], data["vi"], tau2="ML", test="z")
    assert empty.tau2 == pytest.approx(0.302, abs=5e-4)
    assert np.exp([empty.estimate, empty.ci_low, empty.ci_high]) == pytest.approx([0.476, 0.336, 0.675], abs=5e-4)
    mixed = mr.regress("yi ~ ablat", data, tau2="ML", test="z")
    assert mixed.estimate == pytest.approx([0.371, -0.033], abs=5e-4)
    assert mixed.se == pytest.approx([0.106, 0.003], abs=5e-4)
    assert mixed.tau2 == pytest.approx(0.004, abs=5e-4) and pytest.approx(98.7, abs=0.05) == mixed.R2
