"""Pooling against metafor with tightened convergence.

Tolerances. 1e-8 relative to max(|value|, 0.01): metafor's iterations stop at their own threshold, and the script
that made the values accepts them when their estimating equation is solved to 1e-10 (relative to tau2 + mean vi); 1e-8
leaves room for how that passes on to a weight, a bound or a p-value, and no room for a wrong formula.
"""

from __future__ import annotations

from typing import Any

import pytest
from synthesis_cases import BCG, close, fits, load, names

from metareview.synthesis import pymare_engine
from metareview.synthesis.crosscheck import TOLERANCE, failed
from metareview.synthesis.pooling import pool
from metareview.synthesis.tau2 import estimators

OLDER = {"DL", "FE", "HE", "ML", "PM", "REML", "SJ"}
NEWER = {
    "DL2",
    "EB",
    "GENQ",
    "GENQM",
    "HE2",
    "HS",
    "HSk",
    "PMM",
}  # with more tests and intervals: test_univariate_grid.py
QUANTITIES = "estimate se ci_low ci_high statistic p tau2 tau2_se tau2_ci I2 H2 Q Q_p weights pi_low pi_high"


@pytest.mark.parametrize(("name", "method", "test", "fit"), fits("pool"))
def test_pool_agrees_with_metafor(name: str, method: str, test: str, fit: dict[str, Any]) -> None:
    case = load(name)
    result = pool(case["yi"], case["vi"], tau2=method, test=test)
    assert result.method == method and result.test == test and result.converged
    checked = [quantity for quantity in QUANTITIES.split() if fit.get(quantity) is not None]
    assert len(checked) == (12 if method == "FE" else 16)
    for quantity in checked:
        close(getattr(result, quantity), fit[quantity])


@pytest.mark.parametrize("name", names("pool"))
@pytest.mark.parametrize("method", sorted(estimators()))
def test_second_engine_agrees(name: str, method: str) -> None:
    case = load(name)
    result = pool(case["yi"], case["vi"], tau2=method, crosscheck=True)
    expected = {"estimate", "se", "tau2"} if method in pymare_engine.METHODS else {"estimate", "se"}
    assert set(result.crosscheck) == expected
    assert failed(result.crosscheck) == []
    assert TOLERANCE == 1e-5


def test_the_grid_cannot_shrink() -> None:
    assert len(names("pool")) == 9
    assert sorted(estimators()) == sorted(OLDER | NEWER)
    for name in names("pool"):
        pairs = {(fit["method"], fit["test"]) for fit in load(name)["fits"]}
        assert pairs == {("FE", "z")} | {(m, t) for m in OLDER - {"FE"} for t in ("z", "knha")}


def test_bcg_values_in_print() -> None:
    """Viechtbauer (2010), J. Statistical Software 36(3): the BCG trials by REML, -0.7145 [-1.0669, -0.3622]."""
    result = pool(BCG["yi"], BCG["vi"], test="z")
    assert [round(x, 4) for x in (result.estimate, result.se, result.ci_low, result.ci_high)] == [
        -0.7145,
        0.1798,
        -1.0669,
        -0.3622,
    ]
    assert round(result.tau2, 4) == 0.3132 and round(result.I2, 2) == 92.22 and round(result.H2, 2) == 12.86
    assert round(result.Q, 4) == 152.2330 and result.Q_df == 12
