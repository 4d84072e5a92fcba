"""GENQ, GENQM and every interval of tau2 against metafor 3.8.1 (reference/make_genq.R).

metafor takes the distribution of the generalised Q from another package, in whose place stands one of our own
(reference/stand_in_quadratic_form.R): the estimates and intervals are metafor's code, the distribution is held here
against the branch-cut integral in 40 digits. Tolerance: 1e-8 throughout, variances relative to themselves + 1e-2 mean vi.
"""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
from formulaic import model_matrix
from scipy.stats import chi2
from synthesis_cases import close, load, names

from metareview.synthesis.intervals import interval
from metareview.synthesis.intervals.base import Between
from metareview.synthesis.pooling import pool
from metareview.synthesis.regression import regress
from metareview.synthesis.tau2 import estimator, estimators

REFERENCE = load("genq")
SETS = {s["name"]: s for s in REFERENCE["sets"]}
LOWER_PEAK = ("univariate_magnitudes", "ML")  # as in test_univariate_grid.py: metafor ends at the lower of two peaks


def near(got: Any, expected: Any, vi: Any) -> None:
    assert got == pytest.approx(expected, rel=1e-8, abs=1e-10 * float(np.mean(vi)))


def check_interval(result: Any, expected: dict[str, Any]) -> None:
    near(result.tau2_ci, tuple(expected["tau2_ci"]), result.vi)
    close(result.I2_ci, expected["I2_ci"])
    close(result.H2_ci, expected["H2_ci"])


def check_fit(result: Any, fit: dict[str, Any]) -> None:
    for quantity, value in fit.items():
        if quantity != "test" and not (quantity.startswith("pi") and result.k < 3):
            close(getattr(result, quantity), value)


@pytest.mark.parametrize("name", SETS)
def test_generalised_moments_agree_with_metafor(name: str) -> None:
    case = load(name)
    yi, vi = case["yi"], case["vi"]
    choices = {"inverse": None, "equal": "equal", "numbers": np.resize([1, 2.5, 0.4, 3], len(yi))}
    for model in SETS[name]["models"]:
        same: dict[str, Any] = {"tau2": model["method"], "weights": choices[model["weights"]]}
        for fit in model["fits"]:
            result = pool(yi, vi, **same, test=fit["test"])
            check_fit(result, fit)
            near(result.tau2, model["tau2"], vi)
            near(result.tau2_se, model["tau2_se"], vi)
        check_interval(result, model["qp"])
        if model["method"] == "GENQ":
            check_interval(pool(yi, vi, **same, tau2_ci="genq"), model["genq"])
            check_interval(pool(yi, vi, **same, tau2_ci="genq", level=0.9), model["genq90"])
    moments, medians = (
        [[m[kind]["tau2_ci"] for kind in ("genq", "genq90")] for m in SETS[name]["models"] if m["method"] == method]
        for method in ("GENQ", "GENQM")
    )
    assert moments == medians  # metafor's own: they hang on the weights alone


@pytest.mark.parametrize("name", SETS)
def test_every_estimator_with_every_interval(name: str) -> None:
    case = load(name)
    model = SETS[name]["models"][0]
    assert model["weights"] == "inverse"
    own = {item["method"]: item for item in SETS[name]["intervals"]}
    for method in sorted(set(estimators()) - {"FE"}):
        for kind in ("qp", "genq") if len(case["yi"]) < 9 or method == "REML" else ("qp",):
            check_interval(pool(case["yi"], case["vi"], tau2=method, tau2_ci=kind), model[kind])
        if method in own:
            check_own_intervals(name, method, own[method])


def check_own_intervals(name: str, method: str, expected: dict[str, Any]) -> None:
    case = load(name)
    wald = pool(case["yi"], case["vi"], tau2=method, tau2_ci="wald")
    if "wald" in expected:
        check_interval(wald, expected["wald"])
    elif (name, method) != LOWER_PEAK:
        assert np.isnan(wald.tau2_ci).all() and (wald.tau2 == 0 or math.isnan(wald.tau2_se))
    if "pl" in expected:
        profile = pool(case["yi"], case["vi"], tau2=method, tau2_ci="pl")
        if (name, method) == LOWER_PEAK:  # the bound is lower where the likelihood is compared with its true maximum
            assert profile.tau2_ci[1] < 0.95 * expected["pl"]["tau2_ci"][1]
        else:
            check_interval(profile, expected["pl"])


@pytest.mark.parametrize("name", SETS)
def test_known_tau2_agrees_with_metafor(name: str) -> None:
    case = load(name)
    for fit in SETS[name]["known"]:
        check_fit(pool(case["yi"], case["vi"], tau2=float(np.mean(case["vi"])) / 2, test=fit["test"]), fit)


@pytest.mark.parametrize("name", SETS)
def test_floored_is_adhoc_and_no_interval_hangs_on_the_test(name: str) -> None:
    case = load(name)
    for method in estimators():
        adhoc = pool(case["yi"], case["vi"], tau2=method, test="adhoc").to_dict()
        assert repr(pool(case["yi"], case["vi"], tau2=method, test="floored").to_dict()) == repr(adhoc)
    few = [("DL", "genq")] if len(case["yi"]) < 9 else []
    for method, kind in [("REML", "pl"), ("REML", "wald"), ("DL", "qp"), *few]:
        found = [
            pool(case["yi"], case["vi"], tau2=method, tau2_ci=kind, test=t).tau2_ci
            for t in ("z", "t", "knha", "adhoc", "floored")
        ]
        assert len({repr(bounds) for bounds in found}) == 1


@pytest.mark.parametrize("case", REFERENCE["regressions"], ids=lambda c: c["name"])
def test_regressions_agree_with_metafor(case: dict[str, Any]) -> None:
    data = load(case["name"])["data"]
    for model in case["models"]:
        if model["weights"] != "inverse":  # a regression takes no weights, its estimator does
            continue
        r = regress(case["formula"], data, tau2=model["method"], tau2_ci="genq")
        near(r.tau2, model["tau2"], data["vi"])
        near(r.tau2_se, model["tau2_se"], data["vi"])
        check_interval(r, model["genq"])
        for fit in model["fits"]:
            r = regress(case["formula"], data, tau2=model["method"], test=fit["test"])
            for quantity in ("estimate", "se", "p_value", "QM", "QM_p"):
                close(getattr(r, quantity), fit[quantity])


@pytest.mark.parametrize("case", REFERENCE["regressions"], ids=lambda c: c["name"])
def test_equal_weights_with_moderators(case: dict[str, Any]) -> None:
    data = load(case["name"])["data"]
    yi, vi = np.array(data["yi"]), np.array(data["vi"])
    X, ones = np.asarray(model_matrix(case["formula"], pd.DataFrame(data)).rhs), np.ones(yi.size)
    for model in (m for m in case["models"] if m["weights"] == "equal"):
        found = estimator(model["method"])(yi, vi, X, ones)
        near(found.value, model["tau2"], vi)
        near(found.se, model["tau2_se"], vi)
        bounds = interval("genq")(Between(yi, vi, X, model["method"], found, 0.95, ones))
        near((bounds.low, bounds.high), tuple(model["genq"]["tau2_ci"]), vi)


def branch_cut(q: float, eigenvalues: list[float]) -> float:
    """Return P(sum of lambda chi2_1 > q) for distinct lambda: its Laplace inverse along the cuts of the negative axis,
    between 1 / (2 lambda) in pairs (the last to infinity), where the signs alternate.
    """
    with mpmath.workdps(40):
        lam = [mpmath.mpf(x) for x in sorted(eigenvalues, reverse=True)]
        total = mpmath.mpf(0)
        for j in range(0, len(lam), 2):
            pair = lam[j : j + 2]
            rest = lam[:j] + lam[j + 2 :]

            def integrand(t: mpmath.mpf, pair: list[Any] = pair, rest: list[Any] = rest) -> mpmath.mpf:
                a = 1 / (2 * pair[0])
                b = 1 / (2 * pair[-1])
                x = (a + b) / 2 + (b - a) / 2 * mpmath.sin(t) if len(pair) == 2 else a + t * t
                size = 2 * mpmath.sqrt(pair[0] * pair[1]) if len(pair) == 2 else mpmath.sqrt(pair[0] / 2)
                others = mpmath.sqrt(mpmath.fprod(abs(1 - 2 * x * other) for other in rest))
                return mpmath.exp(-x * q) / (x * size * others)

            ends = [-mpmath.pi / 2, 0, mpmath.pi / 2] if len(pair) == 2 else [0, 1 / mpmath.sqrt(q), mpmath.inf]
            total += (-1) ** (j // 2) * mpmath.quad(integrand, ends)
        return float(total / mpmath.pi)


@pytest.mark.parametrize("case", REFERENCE["distribution"], ids=lambda c: f"{len(c['lambda'])}-{c['q']:.4g}")
def test_the_distribution_that_stood_in(case: dict[str, Any]) -> None:
    lam = case["lambda"]
    exact = chi2.sf(case["q"], len(lam)) if len(set(lam)) == 1 else branch_cut(case["q"], lam)
    assert case["upper"] == pytest.approx(exact, abs=1e-12)


def test_the_grid_cannot_shrink() -> None:
    assert sorted(SETS) == names("univariate") and len(SETS) == 18
    assert REFERENCE["versions"]["metafor"] == "3.8.1" and "stand-in" in REFERENCE["versions"]["CompQuadForm"]
    tests = ["z", "t", "knha", "adhoc"]
    for name, s in SETS.items():
        few = tests[:1] if len(load(name)["yi"]) == 2 else tests
        found = {(m["method"], m["weights"]) for m in s["models"]}
        assert found == {(m, w) for m in ("GENQ", "GENQM") for w in ("inverse", "equal", "numbers")}
        assert all([f["test"] for f in m["fits"]] == few for m in s["models"]) and len(s["known"]) == len(few)
        assert {i["method"] for i in s["intervals"]} == set(estimators()) - {"FE", "GENQ", "GENQM"}
        assert {i["method"] for i in s["intervals"] if "pl" in i} == {"ML", "REML"}
    assert len(REFERENCE["regressions"]) == 3 and len(REFERENCE["distribution"]) == 35
