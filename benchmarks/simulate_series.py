"""The models of a series or panel on counts with a known effect: bias, error and coverage, also with few events.

Each line of the table is one estimator in one setting: the mean estimate less the truth, the mean of vi over the
variance of the estimates (1 is right, below 1 too sure), and the share of 95% intervals that hold the truth.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "src"))

import joblib  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import metareview as mr  # noqa: E402

EFFECT = -0.3
Setting = dict[str, Any]


def noise(rng: np.random.Generator, shape: tuple[int, ...], base: float, phi: float, rho: float) -> np.ndarray:
    """Log-normal noise of mean 1 that makes Poisson counts of mean `base` vary phi times as much, AR(1) along time."""
    variance = math.log1p((phi - 1) / base)
    e = rng.normal(size=shape)
    for t in range(1, shape[-1]):
        e[..., t] = rho * e[..., t - 1] + math.sqrt(1 - rho**2) * e[..., t]
    return np.exp(math.sqrt(variance) * e - variance / 2)


def series(rng: np.random.Generator, n: int, base: float, phi: float, rho: float, shared: float = 0.0) -> pd.DataFrame:
    """A monthly series with season and trend that falls after two thirds; a control that shares part of the shocks."""
    t = np.arange(1, n + 1)
    shape = base * np.exp(0.003 * (t - n / 2) + 0.2 * np.sin(2 * np.pi * t / 12))
    own, other, common = noise(rng, (3, n), base, phi, rho)
    mixed = [common**shared * one ** (1 - shared) for one in (own, other)]
    treated = rng.poisson(shape * np.exp(EFFECT * (t > n * 2 // 3)) * mixed[0])
    return pd.DataFrame({"t": t, "y": treated, "control": rng.poisson(shape * mixed[1])})


def panel(
    rng: np.random.Generator, arms: tuple[int, int], periods: int, base: float, spread: float, starts: int = 1
) -> pd.DataFrame:
    """Areas of unequal size whose changes differ by `spread`; with several starts the effect grows to twice EFFECT."""
    areas = sum(arms)
    start = np.full(areas, np.inf)
    start[: arms[0]] = np.linspace(periods / 4, 3 * periods / 4, starts).round()[np.arange(arms[0]) % starts]
    start = np.where((starts == 1) & np.isfinite(start), periods // 2, start)
    period = np.arange(periods)
    on = period >= start[:, None]
    growth = np.where(
        starts > 1, np.where(on, 2 * (period - np.where(np.isfinite(start), start, 0)[:, None]) / periods, 0), 1
    )
    without = rng.gamma(3, base / 3, areas)[:, None] * np.exp(
        rng.normal(0, spread, areas)[:, None] * (period >= periods // 2)
    )
    treated = without * np.exp(EFFECT * growth * on)
    frame = pd.DataFrame({"area": np.repeat(np.arange(areas), periods), "period": np.tile(period, areas)})
    frame["start"] = np.where(np.isfinite(start), start, np.nan)[frame["area"]]
    frame["count"] = rng.poisson(treated).ravel()
    frame.attrs["truth"] = math.log(treated[on].sum() / without[on].sum())
    return frame


def donors(rng: np.random.Generator, count: int, periods: int, base: float, phi: float) -> pd.DataFrame:
    """Areas that follow two common factors; the first is the mean of four others, and falls after two thirds."""
    factors = rng.normal(0, 0.06, (2, periods)).cumsum(axis=1)
    loads, sizes = rng.uniform(0, 1, (count + 1, 2)), rng.uniform(0.6, 1.4, count + 1)
    loads[0], sizes[0] = loads[1:5].mean(axis=0), sizes[1:5].mean()
    mu = base * sizes[:, None] * np.exp(loads @ factors) * noise(rng, (count + 1, periods), base, phi, 0)
    mu[0, periods * 2 // 3 :] *= math.exp(EFFECT)
    frame = pd.DataFrame(
        {"area": np.repeat(np.arange(count + 1), periods), "period": np.tile(np.arange(periods), count + 1)}
    )
    return frame.assign(count=rng.poisson(mu).ravel())


def interrupted(rng: np.random.Generator, s: Setting) -> tuple[Any, float]:
    frame = series(rng, s["n"], s["base"], s["phi"], s["rho"], 0.5 if s.get("control") else 0.0)
    control = "control" if s.get("control") else None
    start = s["n"] * 2 // 3 + 1
    result = mr.interrupted_time_series(
        frame, count="y", time="t", start=start, season=1, errors=s["errors"], control=control
    )
    return result, EFFECT


def difference(rng: np.random.Generator, s: Setting) -> tuple[Any, float]:
    frame = panel(rng, s["arms"], 12, s["base"], s["spread"], s.get("starts", 1))
    result = mr.panel_did(
        frame, area="area", period="period", count="count", treated_from="start", errors=s.get("errors", "by_arm"),
        comparison=s.get("comparison", "two_way"),
    )  # fmt: skip
    return result, frame.attrs["truth"] if s.get("starts", 1) > 1 else EFFECT


def synthetic(rng: np.random.Generator, s: Setting) -> tuple[Any, float]:
    frame = donors(rng, s["donors"], s["n"], s["base"], s["phi"])
    start = s["n"] * 2 // 3
    result = mr.synthetic_control(
        frame, area="area", period="period", outcome="count", treated=0, start=start, gap="total"
    )
    return result, EFFECT


SERIES = ((24, 5, 1, 0.0), (24, 40, 2, 0.4), (48, 2, 1, 0.0), (48, 40, 2, 0.0), (48, 40, 4, 0.4), (120, 40, 4, 0.4))
PANELS = (((2, 10), 10, 0.3), ((4, 16), 1, 0.0), ((4, 16), 10, 0.3), ((15, 15), 1, 0.0), ((15, 15), 10, 0.3))
Run = Callable[[np.random.Generator, Setting], tuple[Any, float]]


def settings() -> Iterator[tuple[str, Run, Setting]]:
    """Every estimator with every setting it is tried in."""
    for n, base, phi, rho in (
        (24, 5, 1, 0.0),
        (24, 40, 2, 0.4),
        (48, 2, 1, 0.0),
        (48, 40, 2, 0.0),
        (48, 40, 4, 0.4),
        (120, 40, 4, 0.4),
    ):
        for errors in ("ar", "newey_west", "model"):
            yield "ITS", interrupted, {"n": n, "base": base, "phi": phi, "rho": rho, "errors": errors}
    for n, base, phi, rho in ((48, 5, 1, 0.0), (48, 40, 4, 0.4)):
        for errors in ("ar", "newey_west"):
            case = {"n": n, "base": base, "phi": phi, "rho": rho, "errors": errors}
            yield "controlled ITS", interrupted, case | {"control": True}
    for arms, base, spread in (
        ((2, 10), 10, 0.3),
        ((4, 16), 1, 0.0),
        ((4, 16), 10, 0.3),
        ((15, 15), 1, 0.0),
        ((15, 15), 10, 0.3),
    ):
        for errors in ("by_arm", "cr1"):
            yield "panel DiD", difference, {"arms": arms, "base": base, "spread": spread, "errors": errors}
    for comparison in ("two_way", "not_yet_treated"):
        case = {"arms": (18, 12), "base": 10, "spread": 0.0, "starts": 3, "comparison": comparison}
        yield "staggered panel DiD", difference, case
    for count, n, base, phi in ((12, 18, 10, 1), (20, 30, 40, 2)):
        yield "synthetic control", synthetic, {"donors": count, "n": n, "base": base, "phi": phi}


def row(name: str, run: Run, setting: Setting, repeats: int, seed: int) -> dict[str, Any]:
    """One line of the table."""
    rng = np.random.default_rng(seed)
    found, refused = [], 0
    for _ in range(repeats):
        try:
            r, truth = run(rng, setting)
        except mr.MetareviewError:
            refused += 1
            continue
        found.append((r.estimate - truth, r.se**2, r.ci_low < truth < r.ci_high))
    error, variance, covered = np.array(found, dtype=float).T
    return {
        "name": name,
        "setting": ", ".join(f"{k} {v}" for k, v in setting.items()),
        "bias": round(float(error.mean()), 3),
        "vi_over_variance": round(float(variance.mean() / error.var()), 2),
        "coverage": round(float(covered.mean()), 3),
        "k": len(found),
        "refused": refused,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20181105)
    options = parser.parse_args()
    began = time.perf_counter()
    jobs = [joblib.delayed(row)(*case, options.repeats, options.seed) for case in settings()]
    rows = joblib.Parallel(n_jobs=-1)(jobs)
    if options.json:
        print(json.dumps({"name": "simulate_series", "seconds": round(time.perf_counter() - began), "rows": rows}))
        return
    print("| estimator | setting | bias | mean vi / variance | coverage | k | refused |\n|---|---|---|---|---|---|---|")
    for r in rows:
        print("| " + " | ".join(str(value) for value in r.values()) + " |")


if __name__ == "__main__":
    main()
