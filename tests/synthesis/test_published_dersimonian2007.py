"""DerSimonian & Kacker (2007), Contemporary Clinical Trials 28, 105-114: the CLASP trials, Tables 3 and 4, pages 111-112.

The four digits are those of metafor's test of this analysis (3.8.1); the tables print two.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from metareview.synthesis.pooling import pool

# events and people, with aspirin and without
A, N1 = np.array([5, 5, 12, 69, 9, 313.0]), np.array([156, 303, 565, 1570, 103, 4659.0])
C, N2 = np.array([8, 17, 9, 94, 11, 352.0]), np.array([74, 303, 477, 1565, 105, 4650.0])
YI = np.log(A / (N1 - A) / (C / (N2 - C)))
VI = 1 / A + 1 / (N1 - A) + 1 / C + 1 / (N2 - C)


@pytest.mark.parametrize(
    ("method", "tau", "estimate", "se"),
    [
        ("PM", 0.3681, -0.3811, 0.2060),
        ("HE", 0.4410, -0.4035, 0.2327),
        ("DL", 0.2323, -0.3240, 0.1540),
        ("HE2", 0.3831, -0.3861, 0.2115),
        ("CA2", 0.3831, -0.3861, 0.2115),
        ("DL2", 0.3254, -0.3655, 0.1901),
        ("EB", 0.3681, -0.3811, 0.2060),
        ("ML", 0.0023, -0.1974, 0.0694),
        ("REML", 0.1843, -0.2980, 0.1343),
        ("HS", 0.1330, -0.2666, 0.1125),
        ("SJ", 0.4572, -0.4079, 0.2386),
    ],
)
def test_tables_3_and_4(method: str, tau: float, estimate: float, se: float) -> None:
    r = pool(YI, VI, tau2=method, test="z")
    # 6e-4: tau by ML is the root of a tau2 of 5e-6, which metafor's threshold leaves off in the fourth digit
    assert math.sqrt(r.tau2) == pytest.approx(tau, abs=6e-5 if method != "ML" else 2.4e-3)
    assert (r.estimate, r.se) == pytest.approx((estimate, se), abs=6e-5)
