"""Higgins & Thompson (2002), Statistics in Medicine 21, 1539-1558: H, I2 and their intervals, from Q and from tau2.

The five examples as printed are those that the R package heterometa (M. Dewey, CRAN; man/higgins.Rd) quotes from the
article; of one, the trials of sclerotherapy, the counts are at hand too (metadat 1.2.0, dat.pagliaro1992).
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthesis_cases import load, names

import metareview as mr
from metareview.errors import MetareviewError
from metareview.synthesis.pooling import pool
from metareview.synthesis.q_based import q_based

# Q and the number of trials; H with its interval; I2 with its interval
PRINTED = {
    "albumin": (14.4, 24, (1.00, 1.00, 1.34), (0, 0, 45)),
    # quoted as 1.64 and 20, both at odds with the row's own Q and upper I2: 1 - 1 / 1.64^2 is 63%, and (Q - df) / Q 29%
    "adjuvant chemotherapy": (14.1, 11, (1.19, 1.00, 1.69), (29, 0, 65)),
    "sclerotherapy": (81.5, 19, (2.13, 1.71, 2.64), (78, 66, 86)),
    "CDP-choline": (41.5, 7, (2.63, 1.90, 3.65), (86, 72, 92)),
    "gamma nail": (130.3, 3, (8.07, 6.08, 10.72), (98, 97, 99)),
}
# bleedings and patients: treated, controls (dat.pagliaro1992, trials 1, 2 and 10 to 26)
SCLEROTHERAPY = (
    "9 42 13 41  13 73 13 72  4 18 0 19  3 35 22 36  5 56 30 53  5 16 6 18  3 23 9 22  11 49 31 46  19 53 9 60  "
    "17 53 26 60  10 71 29 69  12 41 14 41  0 21 3 20  13 33 14 35  31 143 23 138  20 55 19 51  3 13 12 16  3 21 5 28  "
    "6 22 2 24"
)


@pytest.mark.parametrize("example", PRINTED)
def test_the_examples_as_printed(example: str) -> None:
    q, k, h, i2 = PRINTED[example]
    r = q_based(q, k - 1)
    # 0.006 and 0.51: printed to two decimals and to whole per cents, from a Q that is rounded as well
    assert (r.H, *r.H_ci) == pytest.approx(h, abs=0.006)
    assert (r.I2, *r.I2_ci) == pytest.approx(i2, abs=0.51)


def test_the_trials_of_sclerotherapy_from_their_counts() -> None:
    counts = [float(word) for word in SCLEROTHERAPY.split()]
    a, n1, c, n2 = (counts[i::4] for i in range(4))
    effects = [log_odds_ratio(*trial) for trial in zip(a, n1, c, n2, strict=True)]
    r = pool(*zip(*effects, strict=True), tau2="DL", test="z")
    assert (round(r.Q, 1), r.k) == PRINTED["sclerotherapy"][:2] and round(r.I2_Q) == round(r.I2) == 78
    assert round(math.sqrt(r.H2_Q), 2) == 2.13
    found = q_based(r.Q, r.Q_df)
    assert [round(x, 2) for x in found.H_ci] == [1.71, 2.64] and [round(x) for x in found.I2_ci] == [66, 86]
    assert pytest.approx(r.I2_Q, rel=1e-12) == found.I2 and found.Q_p == pytest.approx(r.Q_p, rel=1e-12)


def log_odds_ratio(a: float, n1: float, c: float, n2: float) -> tuple[float, float]:
    """Return it and its variance, each count plus 1/2 where one is 0."""
    cells = (a, n1 - a, c, n2 - c)
    w, x, y, z = (n + 0.5 for n in cells) if 0 in cells else cells
    return math.log(w * z / (x * y)), 1 / w + 1 / x + 1 / y + 1 / z


def test_intervals_of_the_bcg_trials() -> None:
    """Those of metafor (its test of confint, 3.8.1); 4e-3: run there with its usual tolerance."""
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
    assert pytest.approx(r.I2_Q, abs=1e-9) == mr.q_based(r.Q, r.Q_df).I2


@given(st.floats(0, 1e8), st.integers(2, 5000), st.floats(0.5, 0.99))
def test_the_interval_holds_the_estimate_and_widens_with_its_level(q: float, df: int, level: float) -> None:
    r, wider = q_based(q, df, level=level), q_based(q, df, level=0.995)
    assert 1 <= wider.H_ci[0] <= r.H_ci[0] <= r.H <= r.H_ci[1] <= wider.H_ci[1]
    assert 0 <= r.I2_ci[0] <= r.I2 <= r.I2_ci[1] <= 100


def test_what_has_no_interval_and_what_is_refused() -> None:
    two = q_based(1.5, 1)
    assert pytest.approx(math.sqrt(1.5)) == two.H and math.isnan(two.I2_ci[1]) and "Two effects" in two.warnings[0]
    assert q_based(9.0, 1).H_ci[1] > 3 and q_based(0.0, 5).I2 == 0
    assert "I2 78.0%" in repr(q_based(81.8, 18)) and "H_ci" in q_based(81.8, 18)._repr_html_()
    for q, df in ((-1.0, 3), (math.nan, 3), (math.inf, 3), (2.0, 0), (2.0, 1.5)):
        with pytest.raises(MetareviewError):
            q_based(q, df)
