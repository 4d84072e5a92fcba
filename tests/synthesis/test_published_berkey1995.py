"""Berkey, Hoaglin, Mosteller & Colditz (1995), Statistics in Medicine 14, 395-411: BCG and latitude, page 408."""

from __future__ import annotations

import numpy as np
import pytest

from metareview.synthesis.pooling import pool
from metareview.synthesis.regression import regress

# dat.bcg of metadat: with and without tuberculosis, vaccinated and not; absolute latitude
TPOS, TNEG, CPOS, CNEG, LATITUDE = np.array(
    [
        [4, 119, 11, 128, 44],
        [6, 300, 29, 274, 55],
        [3, 228, 11, 209, 42],
        [62, 13536, 248, 12619, 52],
        [33, 5036, 47, 5761, 13],
        [180, 1361, 372, 1079, 44],
        [8, 2537, 10, 619, 19],
        [505, 87886, 499, 87892, 13],
        [29, 7470, 45, 7232, 27],
        [17, 1699, 65, 1600, 42],
        [186, 50448, 141, 27197, 18],
        [5, 2493, 3, 2338, 33],
        [27, 16886, 29, 17825, 33.0],
    ]
).T
N1, N2 = TPOS + TNEG, CPOS + CNEG
YI = np.log(TPOS / N1 / (CPOS / N2))
VI = np.mean(TNEG / TPOS) / N1 + np.mean(CNEG / CPOS) / N2  # "smoothed" sampling variances
DATA = {"yi": YI, "vi": VI, "x": LATITUDE - 33.46}


def test_random_effects() -> None:
    r = pool(YI, VI, tau2="EB", test="z")
    assert (r.estimate, r.se) == pytest.approx((-0.5429, 0.1842), abs=6e-5)
    assert r.tau2 == pytest.approx(0.268, abs=6e-4)


def test_latitude() -> None:
    r = regress("yi ~ x", DATA, tau2="EB", test="z")
    assert r.estimate == pytest.approx([-0.6303, -0.0268], abs=1.1e-4)  # -0.6304 in the article
    assert r.se == pytest.approx([0.1591, 0.0110], abs=6e-5)
    assert r.tau2 == pytest.approx(0.157, abs=6e-4) and pytest.approx(41, abs=0.5) == r.R2
    fixed = regress("yi ~ x", DATA, tau2="FE", test="z")
    assert fixed.estimate == pytest.approx([-0.5949, -0.0282], abs=1.1e-4)  # -0.5950 in the article
    assert fixed.se == pytest.approx([0.0696, 0.0040], abs=1.1e-4)  # 0.0039 in the article
