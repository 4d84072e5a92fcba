"""Raudenbush & Bryk (1985), J. Educational Statistics 10, 75-98: teacher expectancy, pages 83-92 and Figure 2.

The pages print two or three digits; the four here are those of metafor's test of this analysis
(3.8.1), whose tau2 is loose, hence 1.2e-4.
"""

from __future__ import annotations

import numpy as np
import pytest
from synthesis_cases import load, numbers

from metareview.synthesis.blup import blup
from metareview.synthesis.pooling import pool
from metareview.synthesis.regression import regress

DATA = load("regress_raudenbush1985")["data"]
FIGURE_2 = numbers(
    "0.0543 0.1006 -0.0064 0.2144 0.1051 -0.0082 0.0174 -0.0293 0.1604 0.2485 0.1618 0.1102 0.0646 0.1105 "
    "-0.0288 0.0258 0.1905 0.0744 0.0248"
)
FIGURE_2_LOW = numbers(
    "-0.1324 -0.1033 -0.2228 -0.0533 -0.1622 -0.1737 -0.1481 -0.2689 -0.0543 0.0 -0.097 -0.1303 -0.192 -0.1463 "
    "-0.2405 -0.1906 -0.0076 -0.0808 -0.1954"
)


def test_random_effects() -> None:
    r = pool(DATA["yi"], DATA["vi"], test="z")
    assert (r.tau2, r.estimate) == pytest.approx((0.0188, 0.0837), abs=1.2e-4)
    assert pytest.approx(35.8295, abs=1.2e-4) == r.Q and r.statistic == pytest.approx(1.6208, abs=1.2e-4)
    b = blup(r)
    np.testing.assert_allclose(b.estimate, FIGURE_2, atol=1.2e-4)
    np.testing.assert_allclose(b.low, FIGURE_2_LOW, atol=1.2e-4)
    assert b.deviation[:3] == pytest.approx([-0.0294, 0.0169, -0.0901], abs=1.2e-4)
    assert b.deviation_high[:3] == pytest.approx([0.1599, 0.219, 0.1216], abs=1.2e-4)


def test_weeks_of_contact_explain_all() -> None:
    r = regress("yi ~ weeks", DATA, test="z")
    assert r.tau2 == pytest.approx(0.0, abs=1.2e-4) and r.estimate == pytest.approx([0.4072, -0.1572], abs=1.2e-4)
    assert pytest.approx(16.5708, abs=1.2e-4) == r.QE and r.statistic == pytest.approx([4.6782, -4.3884], abs=1.2e-4)
    b = blup(r)
    assert b.estimate[:4] == pytest.approx([0.0927, -0.0645, -0.0645, 0.4072], abs=1.2e-4)
    assert b.low[:4] == pytest.approx([0.0198, -0.1552, -0.1552, 0.2366], abs=1.2e-4)
    assert not b.deviation.any() and not b.deviation_se.any()
