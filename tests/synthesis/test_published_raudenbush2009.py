"""Raudenbush (2009), in Cooper, Hedges & Valentine, ch. 16: Table 16.2 (page 301) and Table 16.3 (page 309)."""

from __future__ import annotations

import pytest
from synthesis_cases import load

from metareview.synthesis.blup import blup
from metareview.synthesis.inference import critical
from metareview.synthesis.pooling import pool
from metareview.synthesis.regression import regress

DATA = load("regress_raudenbush1985")["data"]
# method: tau2, mean; then se, statistic, low, high, conventional and by Knapp and Hartung
TABLE_16_3 = {
    "FE": (0.000, 0.060, (0.036, 1.655, -0.011, 0.132), (0.051, 1.173, -0.048, 0.168)),
    "ML": (0.013, 0.078, (0.047, 1.637, -0.015, 0.171), (0.059, 1.311, -0.047, 0.202)),
    "REML": (0.019, 0.084, (0.052, 1.621, -0.018, 0.185), (0.062, 1.359, -0.046, 0.213)),
    "DL": (0.026, 0.089, (0.056, 1.601, -0.020, 0.199), (0.064, 1.405, -0.044, 0.223)),
    "HE": (0.080, 0.114, (0.079, 1.443, -0.041, 0.270), (0.071, 1.608, -0.035, 0.264)),
}


@pytest.mark.parametrize("method", TABLE_16_3)
def test_table_16_3(method: str) -> None:
    tau2, mean, *rows = TABLE_16_3[method]
    # the chapter uses Knapp and Hartung's error for tau2 = 0 too, which is that of a known tau2
    for test, row in zip(("z", "knha"), rows, strict=True):
        r = pool(DATA["yi"], DATA["vi"], tau2=0.0 if (method, test) == ("FE", "knha") else method, test=test)
        assert (r.tau2, r.estimate) == pytest.approx((tau2, mean), abs=6e-4)
        assert (r.se, r.statistic, r.ci_low, r.ci_high) == pytest.approx(row, abs=6e-4)


def test_table_16_2() -> None:
    r = pool(DATA["yi"], DATA["vi"], test="z")
    assert (r.pi_low, r.pi_high) == pytest.approx((-0.204, 0.371), abs=6e-4)
    # the chapter prints -0.19 and 0.35: the spread of the true effects alone, without the error of the mean
    spread = critical(0.95, float("inf")) * r.tau2**0.5
    assert (r.estimate - spread, r.estimate + spread) == pytest.approx((-0.19, 0.35), abs=6e-3)
    b = blup(r).estimate
    assert (b.min(), b.max()) == pytest.approx((-0.03, 0.25), abs=6e-3)
    b = blup(regress("yi ~ weeks", DATA, test="z")).estimate
    assert (b.min(), b.max()) == pytest.approx((-0.06, 0.41), abs=6e-3)  # -0.07 in the chapter
