"""Higgins & Thompson (2002), Statistics in Medicine 21, 1539-1558: H2 and I2, from Q and from tau2, with their intervals.

The intervals are those of metafor (its test of confint, 3.8.1) for the BCG trials; the article's own examples are not at
hand, so its definitions are held as identities. 4e-3: metafor was run there with its usual tolerance.
"""

from __future__ import annotations

import pytest
from synthesis_cases import load, names

from metareview.synthesis.pooling import pool


def test_intervals_of_the_bcg_trials() -> None:
    case = load("pool_bcg")
    r = pool(case["yi"], case["vi"], tau2="DL")
    assert (r.tau2, *r.tau2_ci) == pytest.approx((0.3088, 0.1197, 1.1115), abs=6e-5)
    assert (r.I2, *r.I2_ci) == pytest.approx((92.1173, 81.9177, 97.6781), abs=4e-3)
    assert (r.H2, *r.H2_ci) == pytest.approx((12.6861, 5.5303, 43.0680), abs=4e-3)


@pytest.mark.parametrize("name", names("univariate"))
def test_definitions(name: str) -> None:
    case = load(name)
    r = pool(case["yi"], case["vi"], tau2="DL", test="z")
    assert pytest.approx(r.Q / r.Q_df) == r.H2_Q and pytest.approx(max(0.0, 100 * (1 - 1 / r.H2_Q))) == r.I2_Q
    assert pytest.approx(100 * (1 - 1 / r.H2)) == r.I2  # and so for both bounds
    for bound in (0, 1):
        assert r.I2_ci[bound] == pytest.approx(100 * (1 - 1 / r.H2_ci[bound]))
    # with the method of moments both ways are one
    assert pytest.approx(r.I2_Q, abs=1e-9) == r.I2 and pytest.approx(max(1.0, r.H2_Q)) == r.H2
