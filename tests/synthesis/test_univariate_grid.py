"""Every estimator, test and interval of tau2 against metafor with tightened convergence (reference/make_univariate.R).

Tolerances: 1e-8 relative to max(|value|, 0.01); 1e-6 for tau2 and what is its alone, where metafor's is checked against
the root of its own estimating equation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from synthesis_cases import close, load, names

from metareview.synthesis.blup import blup
from metareview.synthesis.fit_statistics import fit_statistics
from metareview.synthesis.pooling import pool
from metareview.synthesis.results import PooledResult
from metareview.synthesis.tau2 import estimators

SETS = names("univariate")
EXACT = "estimate se ci_low ci_high statistic p I2 H2 Q Q_p pi_low pi_high"
LOWER_PEAK = ("univariate_magnitudes", "ML")  # where metafor's iterations end at a lower peak, tau2 = 0
VARIANCE = "tau2 tau2_se tau2_ci I2_ci H2_ci"


def by_method() -> list[Any]:
    return [
        pytest.param(name, method, id=f"{name[11:]}-{method}")
        for name in SETS
        for method in sorted({f["method"] for f in load(name)["fits"]})
        if (name, method) != LOWER_PEAK
    ]


@pytest.mark.parametrize(("name", "method"), by_method())
def test_pool_agrees_with_metafor(name: str, method: str) -> None:
    case = load(name)
    for fit in (f for f in case["fits"] if f["method"] == method):
        result = pool(case["yi"], case["vi"], tau2=method, test=fit["test"])
        assert result.converged and result.method == method and result.test == fit["test"]
        for quantity in EXACT.split():
            if fit.get(quantity) is not None and not (quantity.startswith("pi") and result.k < 3):
                close(getattr(result, quantity), fit[quantity], 1e-8)
        for quantity in VARIANCE.split():
            if fit.get(quantity) is not None:
                close(getattr(result, quantity), fit[quantity], 1e-6)
        check_fit_statistics(result, fit)
        if "pl" in fit:
            close(pool(case["yi"], case["vi"], tau2=method, tau2_ci="pl").tau2_ci, fit["pl"], 1e-6)
        if "blup" in fit:
            found = blup(result).to_dict()
            for quantity, expected in fit["blup"].items():
                close(found[quantity], expected, 1e-7)


def test_the_highest_peak_is_found_where_metafor_ends_at_a_lower_one() -> None:
    case = load(LOWER_PEAK[0])
    lower = next(f for f in case["fits"] if f["method"] == "ML")
    result = pool(case["yi"], case["vi"], tau2="ML")
    assert lower["tau2"] == 0 and result.tau2 > 0
    assert fit_statistics(result).log_likelihood > lower["ml"][0] + 0.05


def check_fit_statistics(result: PooledResult, fit: dict[str, Any]) -> None:
    for likelihood in ("ML", "REML"):
        s = fit_statistics(result, likelihood=likelihood)
        close([s.log_likelihood, s.AIC, s.BIC, s.AICc], fit[likelihood.lower()])
    own = fit_statistics(result)
    assert own.likelihood == ("REML" if result.method == "REML" else "ML")
    if result.method in ("ML", "REML"):
        steep = own.gradient * (result.tau2 + float(np.mean(result.vi)))
        assert abs(steep) < 1e-7 if result.tau2 > 0 else steep <= 0


@pytest.mark.parametrize("name", [n for n in SETS if load(n)["weighted"]])
def test_weights_agree_with_metafor(name: str) -> None:
    case = load(name)
    k = len(case["yi"])
    choices = {"numbers": np.resize([1, 2.5, 0.4, 3], k), "equal": "equal"}
    for fit in case["weighted"]:
        result = pool(case["yi"], case["vi"], weights=choices[fit["name"]], tau2=fit["method"], test=fit["test"])
        assert result.weighting == "given"
        for quantity in ("estimate", "se", "ci_low", "ci_high", "p", "pi_low", "pi_high", "Q", "I2"):
            close(getattr(result, quantity), fit[quantity])
        close(result.tau2, fit["tau2"], 1e-6)
        if fit["tau2_se"] is not None:
            close(result.tau2_se, fit["tau2_se"], 1e-6)
        close(fit_statistics(result, likelihood="ML").log_likelihood, fit["ll_ml"])
        close(fit_statistics(result, likelihood="REML").log_likelihood, fit["ll_reml"])


def test_the_grid_cannot_shrink() -> None:
    assert len(SETS) == 18
    for name in SETS:
        case = load(name)
        tests = ("z",) if len(case["yi"]) == 2 else ("z", "t", "knha", "adhoc")
        expected = {(m, t) for m in set(estimators()) - {"FE", "GENQ", "GENQM"} for t in tests}
        assert expected <= {(f["method"], f["test"]) for f in case["fits"]}
        if len(case["yi"]) > 2:
            weighted = {(f["method"], f["test"], f["name"]) for f in case["weighted"]}
            assert weighted == {(m, t, n) for m in ("REML", "GENQ", "DL") for t in tests for n in ("numbers", "equal")}
