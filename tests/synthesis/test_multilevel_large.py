"""Large blocks: the same results in pieces and levels as written out, and as metafor (see reference/make_crossed.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from metareview.errors import MetareviewError
from metareview.synthesis.diagnostics.influence import influence
from metareview.synthesis.multilevel import layout, stacks
from metareview.synthesis.multilevel.intervals import component_intervals
from metareview.synthesis.multilevel.likelihood import at, score
from metareview.synthesis.multilevel.lowrank import LowRank
from metareview.synthesis.multilevel.model import multilevel
from metareview.synthesis.multilevel.results import MultilevelResult
from metareview.synthesis.robust.robust import robust

SETS = json.loads((Path(__file__).parent / "reference" / "crossed.json").read_text(encoding="utf-8"))["sets"]
CROSSED = ["1 | lab", "1 | outcome", "1 | id"]
NAMES = [f"s{i}" for i in range(9)]
RELATED = pd.DataFrame(0.5 ** np.abs(np.subtract.outer(range(9), range(9))), NAMES, NAMES)
MODELS: list[dict[str, Any]] = [
    {"random": CROSSED},
    {"random": CROSSED, "method": "ML"},
    {"random": CROSSED[:2]},
    {"random": ["1 | lab/pair/id", "1 | outcome"]},
    {"random": ["1 | lab/id"]},
    *({"random": ["arm | lab", "1 | outcome", "1 | id"], "struct": s} for s in ("CS", "HCS", "UN", "DIAG", "ID")),
    {"random": ["time | lab", "1 | outcome", "1 | id"], "struct": "AR"},
    {"random": ["arm | lab", "time | outcome"], "struct": ["CS", "DIAG"]},
    {"random": ["1 | species", "1 | outcome", "1 | id"], "R": {"species": RELATED}},
    {"random": CROSSED, "rho": 0.6, "cluster": "pair"},
    {"random": CROSSED, "fixed": {"sigma2[outcome]": 0.0}},
]


def made(
    seed: int = 0, n: int = 140, labs: int = 9, outcomes: int = 7, low: float = -2.0, high: float = -1.0
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    lab, outcome = rng.integers(labs, size=n), rng.integers(outcomes, size=n)
    vi, dose = 10 ** rng.uniform(low, high, n), rng.normal(size=n)
    yi = 0.3 + 0.1 * dose + rng.normal(0, 0.4, labs)[lab] + rng.normal(0, 0.3, outcomes)[outcome]
    yi += rng.normal(0, 0.3, n) + rng.normal(size=n) * np.sqrt(vi)
    number = np.arange(n)
    return pd.DataFrame(
        {"yi": yi, "vi": vi, "dose": dose, "lab": lab, "outcome": outcome, "id": number, "pair": number // 3, "time": number % 4,
         "arm": [f"arm{i % 3}" for i in number], "species": [f"s{i % 9}" for i in number]}
    )  # fmt: skip


def both(
    data: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, **model: Any
) -> tuple[MultilevelResult, MultilevelResult]:
    """The model with its blocks written out, and in pieces and levels."""
    monkeypatch.setattr(layout, "SMALL", 10**9)
    written = multilevel("yi ~ dose", data, **model)
    monkeypatch.setattr(layout, "SMALL", 4)
    pieces = multilevel("yi ~ dose", data, **model)
    assert not any(isinstance(part, LowRank) for part in written.problem.parts)
    assert any(isinstance(part, LowRank) for part in pieces.problem.parts)
    return written, pieces


def same(got: Any, expected: Any, tolerance: float = 1e-8) -> None:
    np.testing.assert_allclose(np.asarray(got), np.asarray(expected), rtol=tolerance, atol=tolerance)


def same_fit(one: MultilevelResult, other: MultilevelResult) -> None:
    assert one.converged and other.converged
    assert one.singular == other.singular
    for name in ("estimate", "cov", "loglik", "QE", "QM", "p_value"):
        same(getattr(one, name), getattr(other, name))
    same(list(one.components.values()), list(other.components.values()))


@pytest.mark.parametrize("model", MODELS, ids=lambda m: " + ".join(m["random"]) + str(m.get("struct", "")))
def test_pieces_and_levels_give_what_the_whole_block_gives(
    model: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    same_fit(*both(made(), monkeypatch, **model))


@pytest.mark.parametrize("model", [MODELS[0], MODELS[5]], ids=["intercepts", "compound symmetry"])
def test_components_at_zero_and_precise_effects(model: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    same_fit(*both(made(low=-9, high=-1), monkeypatch, **model))
    nothing = made()
    nothing["yi"] = 0.3 + 0.4 * np.random.default_rng(5).normal(size=len(nothing)) * np.sqrt(nothing["vi"])
    written, pieces = both(nothing, monkeypatch, **model)
    assert len(pieces.singular) >= 3
    same(pieces.estimate, written.estimate)
    same(pieces.loglik, written.loglik)


@pytest.mark.parametrize("fitted", SETS, ids=lambda s: f"{s['name']}-{s['method']}")
def test_crossed_model_agrees_with_metafor(fitted: dict[str, Any]) -> None:
    result = multilevel("yi ~ dose", pd.DataFrame(fitted["data"]), random=CROSSED, method=fitted["method"], test="z")
    assert isinstance(result.problem.parts[0], LowRank)
    for name in ("estimate", "se", "loglik", "QE"):
        same(getattr(result, name), fitted[name], 1e-6)
    same(list(result.components.values()), fitted["sigma2"], 1e-6)


def test_the_score_is_the_slope_of_the_likelihood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from the optimum, and with effects of G that are perfectly correlated (a singular Cholesky factor)."""
    monkeypatch.setattr(layout, "SMALL", 4)
    random = ["arm | lab", "1 | outcome", "1 | id"]
    problem = multilevel("yi ~ dose", made(n=60), random=random, struct="UN").problem
    assert isinstance(problem.parts[0], LowRank)
    for theta in ([0.3, 0.2, 0.4, 0.1, -0.2, 0.3, 0.05, 0.02], [0.3, 0.3, 0.0, 0.3, 0.0, 0.0, 0.05, 0.02]):
        point = np.array(theta)
        here = at(problem, point)
        assert here is not None
        slope = score(problem, here).gradient
        numeric = optimize.approx_fprime(point, lambda x: at(problem, x).loglik, 1e-6)  # type: ignore[union-attr]
        same(slope / np.abs(slope).max(), numeric / np.abs(slope).max(), 1e-4)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([1e-3, 1.0, 50.0]))
def test_order_and_scale_do_not_matter(seed: int, scale: float) -> None:
    data = made(seed, n=160)
    moved = data.assign(yi=scale * data["yi"], vi=scale**2 * data["vi"]).sample(frac=1.0, random_state=seed)
    one, other = (multilevel("yi ~ dose", d, random=CROSSED) for d in (data, moved))
    assert isinstance(one.problem.parts[0], LowRank)
    same(other.estimate / scale, one.estimate)
    same(np.array(list(other.components.values())) / scale**2, list(one.components.values()))


def test_influence_and_intervals_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(n=60, labs=3, outcomes=4)
    written, pieces = both(data, monkeypatch, random=CROSSED)
    one, other = (influence(m, cluster=data["lab"]) for m in (written, pieces))
    for name in ("rstudent", "X2", "cook", "dfbetas", "components_deleted", "Q_deleted"):
        same(getattr(other, name), getattr(one, name), 1e-7)
    first, second = component_intervals(written), component_intervals(pieces)
    same(second.ci_low, first.ci_low, 1e-7)
    same(second.ci_high, first.ci_high, 1e-7)
    for name in ("covariances", "weights"):
        same(getattr(pieces.working, name)[0], getattr(written.working, name)[0])
    same(pieces.working.WX, written.working.WX)


def test_a_large_nested_cluster_has_a_robust_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(n=200).assign(study=lambda d: np.where(d["id"] < 150, 0, d["pair"]))
    written, pieces = both(data, monkeypatch, random="1 | study/id")
    one, other = (robust(m, data["study"]) for m in (written, pieces))
    same(other.se, one.se)
    same(other.df, one.df)


def test_twenty_thousand_crossed_effects() -> None:
    data = made(n=20_000, labs=50, outcomes=40)
    result = multilevel("yi ~ dose", data, random=CROSSED)
    assert result.converged and not result.warnings
    assert abs(result.components["sigma2[id]"] - 0.09) < 0.01
    with pytest.raises(MetareviewError, match="20000 effects depend on each other"):
        result.working.covariances[0]
    with pytest.raises(MetareviewError, match="depend on each other in the model"):
        robust(result, data["lab"])


def test_a_block_that_cannot_be_made_small_is_refused_when_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "LARGEST", 150)
    with pytest.raises(MetareviewError, match="200 effects depend on each other in one block"):
        multilevel("yi ~ dose", made(n=200).assign(all=1), random="1 | lab", rho=0.5, cluster="all")


def test_a_singular_sampling_covariance_stays_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "SMALL", 4)
    data = made()
    V = np.diag(data["vi"].to_numpy())
    V[0, 1] = V[1, 0] = V[0, 0]
    V[1, 1] = V[0, 0]
    result = multilevel("yi ~ dose", data, V=V, random=CROSSED)
    assert result.converged
    assert not any(isinstance(part, LowRank) for part in result.problem.parts)
