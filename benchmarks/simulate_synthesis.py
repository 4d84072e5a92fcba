"""How often intervals of pooled effects hold the truth.

`--sets 50000 --bootstrap-sets 20000` makes the tables of docs/concepts.md.

Effects are normal around normal true effects; sampling variances are drawn anew for each set from .01 to .2, log-uniformly.
In the second table, of the bootstrap prediction interval beside the others, tau2 is a multiple of the typical sampling
variance of each set, so that I2 is what it says.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from itertools import chain

import numpy as np

from metareview.synthesis import inference
from metareview.synthesis.batch import BatchFit, fit_batch
from metareview.synthesis.prediction_bootstrap import new_effects

SETTINGS = [(k, tau2) for tau2 in (0.0, 0.05, 0.2) for k in (3, 5, 10, 20, 50)]
PREDICTION = [(k, I2) for I2 in (25, 75) for k in (5, 10, 20)]
DRAWS = 4_000


def coverage(k: int, tau2: float, sets: int, seed: int) -> dict[str, float]:
    """Share of sets whose 95% intervals hold the mean effect, or a new true effect, by method (REML)."""
    r = np.random.default_rng([seed, k, int(1000 * tau2)])
    vi = variances(r, sets, k)
    yi = r.normal(0, math.sqrt(tau2), (sets, k)) + r.normal(0, np.sqrt(vi))
    new = r.normal(0, math.sqrt(tau2), sets)
    fits = fit_batch(yi, vi)
    mean = fits.beta[:, 0]
    found = {}
    for test, df in (("z", math.inf), ("knha", k - 1.0), ("adhoc", k - 1.0)):
        se = fits.se(test)[:, 0]
        crit = inference.critical(0.95, df)
        found[test] = float(np.mean(np.abs(mean) <= crit * se))
        found[f"{test}_width"] = float(np.mean(2 * crit * se))
    for name, half in half_widths(fits, k).items():
        found[name] = float(np.mean(np.abs(new - mean) <= half))
    return found


def variances(r: np.random.Generator, sets: int, k: int) -> np.ndarray:
    return np.exp(r.uniform(math.log(0.01), math.log(0.2), (sets, k)))


def half_widths(fits: BatchFit, k: int) -> dict[str, np.ndarray]:
    """Half the width of each set's prediction intervals, by reference distribution, each of shape (sets,)."""
    spread = np.sqrt(fits.se("knha")[:, 0] ** 2 + fits.tau2)
    distributions = {"PI k-1": k - 1.0, "PI k-2": k - 2.0, "PI normal": math.inf}
    return {name: inference.critical(0.95, df) * spread for name, df in distributions.items()}


def prediction(k: int, I2: float, sets: int, seed: int) -> dict[str, tuple[float, float]]:
    """Share of sets whose 95% prediction interval holds a new true effect, and its median width, by method (REML)."""
    child = np.random.SeedSequence([seed, k, int(I2)])
    r = np.random.default_rng(child)
    vi = variances(r, sets, k)
    w = 1.0 / vi
    typical = (k - 1) * w.sum(axis=1) / (w.sum(axis=1) ** 2 - np.sum(w**2, axis=1))
    tau = np.sqrt(I2 / (100.0 - I2) * typical)
    yi = tau[:, None] * r.standard_normal((sets, k)) + np.sqrt(vi) * r.standard_normal((sets, k))
    new = tau * r.standard_normal(sets)
    fits = fit_batch(yi, vi)
    ends = {name: (fits.beta[:, 0] - half, fits.beta[:, 0] + half) for name, half in half_widths(fits, k).items()}
    pieces = zip(yi, vi, child.spawn(sets), strict=True)
    drawn = np.array([np.quantile(new_effects((*piece, DRAWS)), (0.025, 0.975)) for piece in pieces])
    ends["bootstrap"] = drawn[:, 0], drawn[:, 1]
    return {
        name: (float(np.mean((low <= new) & (new <= high))), float(np.median(high - low)))
        for name, (low, high) in ends.items()
    }


def prediction_lines(sets: int, seed: int) -> Iterator[str]:
    """Yield the rows of a Markdown table, shares with their Monte Carlo standard errors."""
    names = ("bootstrap", "PI k-1", "PI k-2", "PI normal")
    heads = ("k", "I2", "bootstrap", "t(k-1)", "t(k-2)", "normal", "width bootstrap/t(k-1)")
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for k, I2 in PREDICTION:
        found = prediction(k, I2, sets, seed)
        told = [f"{100 * (p := found[n][0]):.1f}% ± {100 * math.sqrt(p * (1 - p) / sets):.1f}" for n in names]
        yield f"| {k} | {I2}% | {' | '.join(told)} | {found['bootstrap'][1] / found['PI k-1'][1]:.2f} |"


def lines(sets: int, seed: int) -> Iterator[str]:
    """Yield the rows of a Markdown table."""
    heads = ("k", "tau2", "Wald", "Knapp-Hartung", "floored", "width KH/Wald", "PI t(k-1)", "PI t(k-2)", "PI normal")
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for k, tau2 in SETTINGS:
        c = coverage(k, tau2, sets, seed)
        told = [f"{100 * c[name]:.1f}%" for name in ("z", "knha", "adhoc")]
        told += [f"{c['knha_width'] / c['z_width']:.2f}"]
        told += [f"{100 * c[name]:.1f}%" for name in ("PI k-1", "PI k-2", "PI normal")]
        yield f"| {k} | {tau2:g} | {' | '.join(told)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=20_000)
    parser.add_argument("--bootstrap-sets", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--json", action="store_true", help="accepted, so that `make bench` can run every file alike")
    given = parser.parse_args()
    for line in chain(lines(given.sets, given.seed), [""], prediction_lines(given.bootstrap_sets, given.seed)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
