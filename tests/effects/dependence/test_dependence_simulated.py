"""Exact formulas against simulation: covariances of 100,000 replications of one study, seeded.

The standard error of a simulated correlation is about 0.003, so 0.015 is five of them. Groups are large where the
formula is a large-sample one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import metareview as mr
from metareview.effects.measure import Floats

RUNS = 100_000
ALLOWED = 0.015


def simulated(effects: Floats) -> Floats:
    """Correlations of effects, shape (runs, effects), in the order of the upper triangle."""
    return np.corrcoef(effects, rowvar=False)[np.triu_indices(effects.shape[1], 1)]


def claimed(frame: pd.DataFrame, **given: Any) -> Floats:
    V = mr.sampling_covariance(frame, **given).to_matrix()
    root = np.sqrt(np.diag(V))
    return (V / root / root[:, None])[np.triu_indices(len(V), 1)]


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_three_treatments_and_one_control(measure: str) -> None:
    rng = np.random.default_rng(1)
    n, p = np.array([400, 200, 300, 250]), np.array([0.3, 0.5, 0.4, 0.45])
    events = rng.binomial(n, p, (RUNS, 4)).astype(float)
    rate = {"OR": np.log(events / (n - events)), "RR": np.log(events / n), "RD": events / n}[measure]
    cells = {"ai": (n * p)[:3], "n1i": n[:3], "ci": (n * p)[3], "n2i": n[3]}
    frame = mr.effect_size(
        measure, pd.DataFrame({"study_id": 1, "treated_id": list("abc"), "control_id": "z"}).assign(**cells)
    )
    np.testing.assert_allclose(claimed(frame), simulated(rate[:, :3] - rate[:, 3:]), atol=ALLOWED)


def test_standardised_differences_with_two_treatments_and_two_outcomes() -> None:
    # Group, outcome and person: the third case, another treatment and another outcome, is Pustejovsky's (2013) beside
    # the two of Gleser & Olkin. Means and standard deviations of normal outcomes are drawn from their own distributions.
    rng = np.random.default_rng(2)
    n, delta, r = np.array([60, 80, 70]), np.array([[0.8, 0.5], [0.3, 1.1], [0.0, 0.0]]), 0.6
    root = np.linalg.cholesky([[1, r], [r, 1]])
    means = np.array([rng.standard_normal((RUNS, 2)) @ root.T / np.sqrt(k) for k in n]) + delta[:, None]
    squares = np.array([wishart_diagonal(rng, k - 1, root) for k in n])
    effects, rows = [], []
    for group in (0, 1):
        df = n[group] + n[2] - 2
        sd = np.sqrt((squares[group] + squares[2]) / df)
        effects.append((means[group] - means[2]) / sd * (1 - 3 / (4 * df - 1)))
        rows += [{"treated_id": group, "outcome": o, "n1i": n[group], "m1i": delta[group, o]} for o in (0, 1)]
    frame = pd.DataFrame(rows).assign(study_id=1, control_id="z", n2i=n[2], m2i=0.0, sd1i=1.0, sd2i=1.0)
    found = claimed(mr.effect_size("SMD", frame), rho=r)
    np.testing.assert_allclose(found, simulated(np.concatenate(effects, axis=1)), atol=ALLOWED)


def wishart_diagonal(rng: np.random.Generator, df: int, root: Floats) -> Floats:
    """Sums of squares of two correlated outcomes, shape (runs, 2), by Bartlett's decomposition."""
    a, b = (np.sqrt(rng.chisquare(k, RUNS)) for k in (df, df - 1))
    c = rng.standard_normal(RUNS)
    return np.stack([(root[0, 0] * a) ** 2, (root[1, 0] * a + root[1, 1] * c) ** 2 + (root[1, 1] * b) ** 2], axis=1)


@pytest.mark.parametrize("measure", ["OR", "RR"])
def test_two_endpoints_with_events_in_the_same_people(measure: str) -> None:
    rng = np.random.default_rng(3)
    n = (500, 400)
    joint = np.array([[0.25, 0.15, 0.10, 0.50], [0.30, 0.10, 0.15, 0.45]])  # both, first only, second only, neither
    rates, rows = [], []
    for size, p in zip(n, joint, strict=True):
        cells = rng.multinomial(size, p, RUNS)
        x = np.stack([cells[:, 0] + cells[:, 1], cells[:, 0] + cells[:, 2]], axis=1)
        rates.append(np.log(x / (size - x)) if measure == "OR" else np.log(x / size))
        first, second = p[0] + p[1], p[0] + p[2]
        phi = (p[0] - first * second) / np.sqrt(first * (1 - first) * second * (1 - second))
        rows.append((size * np.array([first, second]), phi))
    frame = pd.DataFrame(
        {"ai": rows[0][0], "n1i": n[0], "ci": rows[1][0], "n2i": n[1], "outcome": ["x", "y"], "study_id": 1}
    )
    rho = (rows[0][1] + rows[1][1]) / 2  # 0.476 and 0.489: the mean stands for both
    np.testing.assert_allclose(
        claimed(mr.effect_size(measure, frame), rho=rho), simulated(rates[0] - rates[1]), atol=ALLOWED
    )


def overdispersed(rng: np.random.Generator, mean: Floats | float, phi: float) -> Floats:
    """Counts with variance phi times the mean (negative binomial), shape (runs, ...)."""
    mean = np.asarray(mean, dtype=float)
    shape = mean / (phi - 1)
    return rng.negative_binomial(shape, 1 / phi, (RUNS, *mean.shape)).astype(float)


def test_areas_with_one_control_area_and_overdispersion() -> None:
    rng = np.random.default_rng(4)
    before, after = overdispersed(rng, [400, 250, 500], 2), overdispersed(rng, [300, 240, 450], 2)
    change = np.log(after / before)
    frame = pd.DataFrame({"study_id": 1, "area_id": ["a", "b"], "control_id": "z", "a": [400, 250], "b": [300, 240]})
    effects = mr.effect_size("RIRR", frame.assign(c=500, d=450), phi=2)
    V = mr.sampling_covariance(effects)
    assert V.to_frame()["covariance"].item() == pytest.approx(2 * (1 / 500 + 1 / 450), rel=1e-12)
    np.testing.assert_allclose(claimed(effects), simulated(change[:, :2] - change[:, 2:]), atol=ALLOWED)


def test_two_follow_ups_share_the_counts_of_the_period_before() -> None:
    rng = np.random.default_rng(5)
    means = {"a": 400, "c": 500, "b": (300, 280), "d": (450, 470)}
    x = {name: rng.poisson(mean, (RUNS, np.size(mean))).astype(float) for name, mean in means.items()}
    effects = mr.effect_size("RIRR", pd.DataFrame({"study_id": 1, "time": [12, 24]} | means))
    covariance = mr.sampling_covariance(effects, rho_time=0).to_frame()["covariance"].item()
    assert covariance == pytest.approx(1 / 400 + 1 / 500, rel=1e-12)
    yi = np.log(x["b"] / x["a"]) - np.log(x["d"] / x["c"])
    np.testing.assert_allclose(claimed(effects, rho_time=0), simulated(yi), atol=ALLOWED)


def test_overlapping_areas_share_their_events() -> None:
    # 300 of the 400 events before, and about as large a share after, fall where both target areas are.
    rng = np.random.default_rng(6)
    common = rng.poisson((300, 225), (RUNS, 2))
    first, second = common + rng.poisson((100, 75), (RUNS, 2)), common + rng.poisson((300, 225), (RUNS, 2))
    controls = rng.poisson(((500, 450), (600, 540)), (RUNS, 2, 2))
    yi = np.stack(
        [
            np.log(t[:, 1] / t[:, 0]) - np.log(controls[:, k, 1] / controls[:, k, 0])
            for k, t in enumerate((first, second))
        ],
        axis=1,
    )
    frame = pd.DataFrame(
        {"study_id": 1, "area_id": ["a", "b"], "control_id": ["y", "z"], "a": [400, 600], "b": [300, 450]}
    )
    frame = frame.assign(c=[500, 600], d=[450, 540], overlap_id="centre", overlap_share=[0.75, 0.5])
    effects = mr.effect_size("RIRR", frame)
    V = mr.sampling_covariance(effects).to_frame()
    # phi * (events in common) / (events of one * events of the other), before and after
    assert V["covariance"].item() == pytest.approx(300 / (400 * 600) + 225 / (300 * 450), rel=1e-12)
    assert "overlapping areas" in V["reason"].item()
    np.testing.assert_allclose(claimed(effects), simulated(yi), atol=ALLOWED)


def test_an_area_inside_another() -> None:
    rng = np.random.default_rng(7)
    inside = rng.poisson((200, 160), (RUNS, 2))
    outer = inside + rng.poisson((800, 700), (RUNS, 2))
    yi = np.stack([np.log(inside[:, 1] / inside[:, 0]), np.log(outer[:, 1] / outer[:, 0])], axis=1)
    control = rng.poisson((900, 880), (RUNS, 2))
    frame = pd.DataFrame(
        {"study_id": 1, "area_id": ["in", "all"], "control_id": "z", "a": [200, 1000], "b": [160, 860]}
    )
    frame = frame.assign(c=900, d=880, overlap_id="in", overlap_share=[1, 360 / 1860])
    effects = mr.effect_size("RIRR", frame)
    np.testing.assert_allclose(
        claimed(effects), simulated(yi - np.log(control[:, 1] / control[:, 0])[:, None]), atol=ALLOWED
    )


def test_one_group_treated_here_and_control_there() -> None:
    rng = np.random.default_rng(8)
    events = rng.poisson((300, 200, 250), (RUNS, 3))
    rates = np.log(events)
    frame = pd.DataFrame(
        {"study_id": 1, "treated_id": ["a", "b"], "control_id": ["b", "c"], "x1": [300, 200], "x2": [200, 250]}
    )
    effects = mr.effect_size("IRR", frame.assign(t1=1, t2=1))
    found = claimed(effects)
    assert found[0] < -0.3
    np.testing.assert_allclose(found, simulated(rates[:, :2] - rates[:, 1:]), atol=ALLOWED)
