"""Cohen's kappa beside its textbook tables, an independent standard error, and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from screening_cases import vote
from statsmodels.stats.inter_rater import cohens_kappa as peer

from metareview.screening.agreement import agreement, cohens_kappa
from metareview.screening.events import fold

Counts = list[list[int]]


def pairs(counts: Counts) -> list[tuple[str, str]]:
    names = "abcd"
    return [(names[i], names[j]) for i, row in enumerate(counts) for j, n in enumerate(row) for _ in range(n)]


def delta_se(counts: Counts) -> float:
    """The standard error by the delta method on the multinomial shares, from the gradient of kappa itself."""
    n = sum(map(sum, counts))
    p = np.array(counts, dtype=float) / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, chance = np.trace(p), float(rows @ columns)
    of_chance = columns[:, None] + rows[None, :]  # d chance / d p[i, j]
    gradient = (np.eye(len(p)) * (1 - chance) - (1 - observed) * of_chance) / (1 - chance) ** 2
    variance = float((p * gradient**2).sum() - (p * gradient).sum() ** 2)
    return math.sqrt(max(variance, 0.0) / n)


# Counts, share of agreement, and kappa as printed.
PUBLISHED = [
    # Cohen (1960), Educational and Psychological Measurement 20(1):37-46, table 2 (N = 200).
    ([[88, 14, 18], [10, 40, 10], [2, 6, 12]], 0.70, "0.492"),
    # Cohen (1960), table 1, as shares of 100.
    ([[25, 13, 12], [12, 2, 16], [3, 15, 2]], 0.29, "-0.09"),
    # Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, table 18.1 (N = 100).
    ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], 0.89, "0.68"),
    # The two-by-two examples with equal observed agreement that textbooks set side by side.
    ([[20, 5], [10, 15]], 0.70, "0.40"),
    ([[45, 15], [25, 15]], 0.60, "0.13"),
    ([[25, 35], [5, 35]], 0.60, "0.26"),
]


@pytest.mark.parametrize(("counts", "observed", "printed"), PUBLISHED)
def test_published_tables(counts: Counts, observed: float, printed: str) -> None:
    n, share, kappa, se = cohens_kappa(pairs(counts))
    assert n == sum(map(sum, counts))
    assert share == pytest.approx(observed, abs=1e-12)
    assert f"{kappa:.{len(printed.split('.')[1])}f}" == printed
    assert se == pytest.approx(delta_se(counts), rel=1e-12)
    other = peer(np.array(counts))
    assert (kappa, se) == pytest.approx((other.kappa, other.std_kappa), rel=1e-12)


sizes = st.integers(2, 4)
tables = sizes.flatmap(lambda k: st.lists(st.lists(st.integers(0, 12), min_size=k, max_size=k), min_size=k, max_size=k))


@settings(deadline=None)
@given(tables)
def test_any_table_agrees_with_the_delta_method(counts: Counts) -> None:
    n, observed, kappa, se = cohens_kappa(pairs(counts))
    p = np.array(counts, dtype=float)
    used = [c for c in range(len(counts)) if p[c].sum() + p[:, c].sum()]
    if n == 0 or (len(used) == 1):
        assert math.isnan(kappa)
        assert math.isnan(se)
        return
    kept = [[counts[i][j] for j in used] for i in used]
    assert se == pytest.approx(delta_se(kept), abs=1e-7)
    assert -1 - 1e-12 <= kappa <= observed + 1e-12 <= 1 + 2e-12
    flipped = cohens_kappa([(b, a) for a, b in pairs(counts)])
    assert flipped[1:] == pytest.approx((observed, kappa, se), abs=1e-7)


def test_where_kappa_is_not_defined_it_is_nan() -> None:
    assert cohens_kappa([])[0] == 0
    assert all(math.isnan(v) for v in cohens_kappa([])[1:])
    n, observed, kappa, se = cohens_kappa([("include", "include")] * 5)
    assert (n, observed) == (5, 1.0)
    assert math.isnan(kappa)
    assert math.isnan(se)


def test_full_and_no_agreement() -> None:
    assert cohens_kappa([("a", "a"), ("b", "b")])[1:] == (1.0, 1.0, 0.0)
    assert cohens_kappa([("a", "b"), ("b", "a")])[2] == pytest.approx(-1.0)
    assert cohens_kappa([("a", "b")])[1:3] == (0.0, 0.0)


def test_the_interval_is_the_normal_one_and_stays_below_one() -> None:
    events = []
    for i, (a, b) in enumerate(pairs([[20, 5], [10, 15]])):
        events += [vote("anna", 2 * i + 1, a, record=f"r{i}"), vote("bo", 2 * i + 2, b, record=f"r{i}")]
    found = agreement(fold(events), "title", "anna", "bo")
    half = 1.959963984540054 * found.se
    assert (found.ci_low, found.ci_high) == pytest.approx((0.4 - half, 0.4 + half))
    wide = agreement(fold(events), "title", "anna", "bo", level=0.99)
    assert wide.ci_low < found.ci_low < found.kappa < found.ci_high < wide.ci_high
    few = agreement(
        fold([e for e in events if e.data["record"] in ("r0", "r1", "r2", "r30", "r49")]), "title", "anna", "bo"
    )
    assert few.ci_high <= 1
    none = agreement(fold([]), "title", "anna", "bo")
    assert none.n == 0
    assert all(math.isnan(v) for v in (none.kappa, none.ci_low, none.ci_high))
