"""How often intervals of pooled effects hold the truth; `--sets 50000` makes the table of docs/concepts.md.

Effects are normal around normal true effects; sampling variances are drawn anew for each set from .01 to .2, log-uniformly.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator

import numpy as np

from metareview.synthesis import inference
from metareview.synthesis.batch import fit_batch

SETTINGS = [(k, tau2) for tau2 in (0.0, 0.05, 0.2) for k in (3, 5, 10, 20, 50)]


def coverage(k: int, tau2: float, sets: int, seed: int) -> dict[str, float]:
    """Share of sets whose 95% intervals hold the mean effect, or a new true effect, by method (REML)."""
    r = np.random.default_rng([seed, k, int(1000 * tau2)])
    vi = np.exp(r.uniform(math.log(0.01), math.log(0.2), (sets, k)))
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
    se = fits.se("knha")[:, 0]
    for name, df in (("PI k-1", k - 1.0), ("PI k-2", k - 2.0), ("PI normal", math.inf)):
        half = inference.critical(0.95, df) * np.sqrt(se**2 + fits.tau2)
        found[name] = float(np.mean(np.abs(new - mean) <= half))
    return found


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
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--json", action="store_true", help="accepted, so that `make bench` can run every file alike")
    given = parser.parse_args()
    for line in lines(given.sets, given.seed):
        print(line, flush=True)


if __name__ == "__main__":
    main()
