"""Intervals of unstructured covariances of three levels: metafor (reference/make_unstructured.R), and a search by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import metareview as mr
from metareview.synthesis.multilevel.full_matrix import Dense, dense

FILE = Path(__file__).parent / "reference" / "unstructured.json"
FITS = json.loads(FILE.read_text(encoding="utf-8"))["fits"]
CHI2 = float(stats.chi2.ppf(0.95, 1))


def fitted(one: dict[str, Any]) -> Any:
    frame = pd.DataFrame(one["data"]).astype({one["factor"]: str})
    formula, random = f"yi ~ 0 + {one['factor']}", f"{one['factor']} | study"
    return mr.multilevel(formula, frame, V=np.array(one["V"]), random=random, struct="UN", method=one["method"])


@pytest.mark.parametrize("one", [pytest.param(f, id=f["name"]) for f in FITS])
def test_intervals_agree_with_metafor(one: dict[str, Any]) -> None:
    model = fitted(one)
    found = mr.component_intervals(model)
    table = found.to_frame().set_index("component")
    assert model.loglik == pytest.approx(one["loglik"], abs=2e-8) and found.left_out == ()
    for row in (r for r in one["rows"] if r["ci_low"] is not None):  # metafor fails on some correlations of four levels
        got = table.loc[row["component"]]
        np.testing.assert_allclose([got.ci_low, got.ci_high], [row["ci_low"], row["ci_high"]], rtol=1e-6, atol=1e-12)
        at_edge = row["ci_low"] in (0, -1) or row["ci_high"] == 1
        assert any(w.startswith(row["component"] + ": its interval reaches") for w in found.warnings) == at_edge
    q = len(fit_levels(model))
    for n, (statistic, p, plain) in enumerate(zip(found.statistic, found.p_value, found.p_plain, strict=True)):
        df = q if n < q else 1  # a variance takes its correlations with it
        less = 0.5 * stats.chi2.sf(statistic, df - 1) + 0.5 * stats.chi2.sf(statistic, df) if n < q else None
        np.testing.assert_allclose(plain, stats.chi2.sf(statistic, df), rtol=1e-10)
        np.testing.assert_allclose(p, plain if less is None else less, rtol=1e-10)


def fit_levels(model: Any) -> tuple[str, ...]:
    return tuple(model.problem.terms[0].levels)


def held_at(model: Dense, component: tuple[int, int], value: float, start: np.ndarray) -> float:
    """The largest dense log-likelihood with one variance or correlation held by a constraint: a search that knows no trick."""
    low = np.tril_indices(model.pieces[0].times.size)

    def told(roots: np.ndarray) -> float:
        G = model.pieces[0].between(roots)
        i, j = component
        return float(G[i, j] * model.unit**2 if i == j else G[i, j] / np.sqrt(G[i, i] * G[j, j]))

    best = -np.inf
    for first in (start, 0.8 * start + 0.1 * (low[0] == low[1])):
        found = optimize.minimize(
            lambda roots: tuple(-x for x in model.slope(roots)), first, jac=True, method="SLSQP",
            constraints={"type": "eq", "fun": lambda roots: told(roots) - value}, options={"maxiter": 500, "ftol": 1e-14},
        )  # fmt: skip
        if abs(told(found.x) - value) < 1e-8 * max(1.0, abs(value)):
            best = max(best, -float(found.fun))
    return best


@pytest.mark.parametrize("one", [pytest.param(f, id=f["name"]) for f in FITS])
def test_a_search_by_hand_finds_the_same_fall_at_every_end(one: dict[str, Any]) -> None:
    fit = fitted(one)
    model = dense(fit.yi, fit.working.X, fit.V, fit.problem.terms, fit.method == "REML")
    told = np.array(list(fit.components.values()))
    q = len(fit_levels(fit))
    start = model.pieces[0].roots(np.concatenate([told[:q] / model.unit**2, told[q:]]))
    found = mr.component_intervals(fit)
    which = [*((i, i) for i in range(q)), *((i, j) for i in range(q) for j in range(i))]
    for component, *ends in list(zip(which, found.ci_low, found.ci_high, strict=True))[:: 1 if fit.k < 30 else 4]:
        for end in ends:
            if abs(end) == 1.0:  # without the variance of a level every correlation of it is as good
                assert found.statistic[list(component)].min() < CHI2
                continue
            fall = 2 * (fit.loglik - held_at(model, component, max(end, 1e-5) if end == 0.0 else end, start))
            assert fall == pytest.approx(CHI2, abs=2e-5) if end else fall < CHI2, (component, end)


def three(rng: np.random.Generator, sd: tuple[float, float, float], studies: int = 14) -> pd.DataFrame:
    data = pd.DataFrame({"study": np.repeat(range(studies), 3), "outcome": list("abc") * studies, "vi": 0.05})
    common = rng.normal(0, 1, studies)[data["study"]]
    data["yi"] = common * np.tile(sd, studies) + rng.normal(0, 0.22, 3 * studies)
    return data


def test_intervals_do_not_depend_on_order_or_scale() -> None:
    data = three(np.random.default_rng(4), (0.5, 0.6, 0.4))
    data["yi"] += np.random.default_rng(5).normal(0, 0.3, len(data))
    other = data.sample(frac=1.0, random_state=1).replace({"outcome": {"a": "z"}})
    other = other.assign(yi=other["yi"] * 1e-3, vi=other["vi"] * 1e-6)
    one, two = (
        mr.component_intervals(mr.multilevel("yi ~ 0 + outcome", d, random="outcome | study", struct="UN")).to_frame()
        for d in (data, other)
    )
    two["component"] = [
        name.replace("[b,z]", "[z,b]").replace("[c,z]", "[z,c]").replace("z", "a") for name in two["component"]
    ]
    two = two.set_index("component").loc[one["component"]]
    units = np.where(one["component"].str.startswith("tau2"), 1e6, 1.0)
    for column in ("estimate", "ci_low", "ci_high"):
        np.testing.assert_allclose(one[column], two[column].to_numpy() * units, rtol=1e-6, atol=1e-9)


def test_a_level_without_variance_has_an_interval_from_0_and_no_correlations() -> None:
    data = three(np.random.default_rng(2), (0.6, 0.5, 0.0))
    data.loc[data["outcome"] == "c", "yi"] = 0.01
    model = mr.multilevel("yi ~ 0 + outcome", data, random="outcome | study", struct="UN")
    assert "tau2[c]" in model.singular
    found = mr.component_intervals(model)
    assert [name for name, _ in found.left_out] == ["rho[a,c]", "rho[b,c]"]
    row = found.to_frame().set_index("component").loc["tau2[c]"]
    assert row.ci_low == 0.0 and 0.0 < row.ci_high < 0.05 and row.statistic < 1e-6
    assert any(w.startswith("tau2[c]: its interval reaches 0") for w in found.warnings)


def test_a_correlation_of_one_is_named() -> None:
    data = three(np.random.default_rng(3), (0.6, 0.6, 0.6))
    model = mr.multilevel(
        "yi ~ 0 + outcome", data.assign(yi=data["yi"].round(6)), random="outcome | study", struct="UN"
    )
    found = mr.component_intervals(model)
    high = dict(zip(found.components, found.ci_high, strict=True))
    for name in (n for n in model.singular if n.startswith("rho")):
        assert high[name] == 1.0
        assert f"{name}: its interval reaches 1, the edge of what this correlation can be." in found.warnings
    assert any(n.startswith("rho") for n in model.singular)
