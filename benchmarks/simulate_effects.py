"""Effects by simulation: does the mean of vi match the variance of yi, and does the interval hold the truth?

Counts are drawn at a known effect, at small and larger means and with overdispersion (negative binomial with variance phi
times the mean), and go through the library as a reader's would. To add a measure, write a function that takes a
`Scenario`, a random generator and a number of studies and returns `Draws`, and register it with `@simulation(NAME)`.

    python benchmarks/simulate_effects.py [NAME ...] [--studies 20000] [--seed 1] [--markdown | --json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from metareview.effects.area.displacement import displacement
from metareview.effects.area.stratified import area_pairs
from metareview.effects.compute import effect_size
from metareview.effects.overdispersion import estimate_phi

Floats = NDArray[np.float64]
RATIO = 0.7
COURSE = 0.9


@dataclass(frozen=True)
class Scenario:
    """Mean count of a cell before, the variance of counts over their mean, and the phi that the analyst uses."""

    mean: float
    phi: float = 1.0
    phi_used: float | None = None

    @property
    def used(self) -> float:
        """The analyst's phi: the true one unless said."""
        return self.phi if self.phi_used is None else self.phi_used


@dataclass(frozen=True, eq=False)
class Draws:
    """Estimates and variances of n studies, nan where the study was refused, and the truth.

    `low` and `high` are the limits of the 95% interval; without them they are yi -/+ 1.96 sqrt(vi). `held` overrides both.
    """

    yi: Floats
    vi: Floats
    truth: float
    low: Floats | None = None
    high: Floats | None = None
    held: NDArray[np.bool_] | None = None


Simulate = Callable[[Scenario, np.random.Generator, int], Draws]
SIMULATIONS: dict[str, Simulate] = {}
STUDIES: dict[str, int] = {}
"""The most studies of the simulations that loop over them; the others are vectorised."""
SCENARIOS = (
    *(Scenario(mean) for mean in (2, 5, 20, 100)),
    *(Scenario(mean, 3.0) for mean in (5, 20, 100)),
    *(Scenario(mean, 3.0, 1.0) for mean in (20, 100)),
)


def simulation(name: str, at_most: int | None = None) -> Callable[[Simulate], Simulate]:
    """Register a simulation under a name; `at_most` studies where it is slow."""

    def register(function: Simulate) -> Simulate:
        SIMULATIONS[name] = function
        if at_most is not None:
            STUDIES[name] = at_most
        return function

    return register


def counts(rng: np.random.Generator, mean: Any, phi: float, shape: Any) -> Floats:
    """Counts with variance phi times their mean."""
    means = np.broadcast_to(np.asarray(mean, dtype=float), shape)
    if phi == 1:
        return rng.poisson(means).astype(float)
    return rng.negative_binomial(means / (phi - 1), 1 / phi).astype(float)


def cells(s: Scenario, rng: np.random.Generator, n: int, names: str = "abcd") -> dict[str, Floats]:
    """Counts by cell: the target is at `RATIO` of what its control's `COURSE` suggests, the buffer halfway there."""
    half = RATIO**0.5
    of = {
        "a": 1,
        "b": COURSE * RATIO,
        "c": 1.5,
        "d": 1.5 * COURSE,
        "e": 1,
        "f": COURSE * half,
        "g": 1.5,
        "h": 1.5 * COURSE,
    }
    return {name: counts(rng, s.mean * of[name], s.phi, n) for name in names}


def computed(measure: str, s: Scenario, truth: float, **inputs: Any) -> Draws:
    """Draws of a registered measure."""
    found = effect_size(measure, phi=s.used, problems="nan", **inputs)
    return Draws(found["yi"].to_numpy(), found["vi"].to_numpy(), truth)


@simulation("RIRR")
def rirr(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    return computed("RIRR", s, np.log(RATIO), **cells(s, rng, n))


@simulation("RES")
def res(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    return computed("RES", s, -np.log(RATIO), **cells(s, rng, n))


@simulation("RIRR, unequal exposures")
def rirr_exposed(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    at = {"a": (1, 2.0), "b": (COURSE * RATIO, 1.0), "c": (1, 1.0), "d": (COURSE, 3.0)}
    drawn = {name: counts(rng, s.mean * rate * t, s.phi, n) for name, (rate, t) in at.items()}
    return computed("RIRR", s, np.log(RATIO), **drawn, **{f"t{name}": t for name, (_, t) in at.items()})


@simulation("WDD")
def wdd(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    truth = s.mean * (COURSE * RATIO - 1 - 1.5 * (COURSE - 1))
    return computed("WDD", s, truth, **cells(s, rng, n))


@simulation("WDD, displacement and weights")
def wdd_weighted(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    weights = {f"t{name}": 1.5 if name in "cdgh" else 1.0 for name in "abcdefgh"}
    truth = s.mean * (COURSE * RATIO + COURSE * RATIO**0.5 - 2 - 2 * (COURSE - 1))
    return computed("WDD", s, truth, **cells(s, rng, n, "abcdefgh"), **weights)


@simulation("TNE")
def tne(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    truth = s.mean * COURSE * (2 - RATIO - RATIO**0.5)
    return computed("TNE", s, truth, **cells(s, rng, n, "abcdef"))


@simulation("TNE, own control")
def tne_own(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    truth = s.mean * COURSE * (2 - RATIO - RATIO**0.5)
    return computed("TNE", s, truth, **cells(s, rng, n, "abcdefgh"))


def _true_quotient() -> float:
    return (1 - RATIO**0.5) / (1 - RATIO)


@simulation("WDQ, delta method")
def wdq(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    return computed("WDQ", s, _true_quotient(), **cells(s, rng, n, "abcdef"))


@simulation("WDQ, Fieller", at_most=300)
def wdq_fieller(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    drawn = cells(s, rng, n, "abcdef")
    truth, held, yi, vi = _true_quotient(), [], [], []
    for a, b, c, d, e, f in zip(*(drawn[name] for name in "abcdef"), strict=True):
        found = displacement((a, b), (e, f), (c, d), phi=s.used)
        yi.append(found["WDQ"].estimate)
        vi.append(found["WDQ"].se ** 2)
        limits = found.wdq_interval
        inside = limits is not None and (limits.low <= truth <= limits.high)
        outside = limits is not None and (truth <= limits.low or truth >= limits.high)
        held.append(
            limits is not None and (limits.kind == "everything" or (inside if limits.kind == "bounded" else outside))
        )
    return Draws(np.array(yi), np.array(vi), truth, held=np.array(held))


@simulation("RIRR of target and buffer together", at_most=300)
def total_ratio(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
    drawn = cells(s, rng, n, "abcdef")
    rows = zip(*(drawn[name] for name in "abcdef"), strict=True)
    found = [displacement((a, b), (e, f), (c, d), phi=s.used)["RIRR_total"] for a, b, c, d, e, f in rows]
    truth = np.log((RATIO + RATIO**0.5) / 2)
    return Draws(np.array([r.estimate for r in found]), np.array([r.se**2 for r in found]), truth)


def _pairs(method: Any, k: int) -> Simulate:
    def simulate(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
        level = s.mean * rng.gamma(4, 0.25, (n, k))
        course = np.exp(rng.normal(0, 0.3, (n, k)))
        means = (level, level * course * RATIO, 1.5 * level, 1.5 * level * course)
        drawn = [counts(rng, mean, s.phi, (n, k)) for mean in means]
        rows = []
        for i in range(n):
            frame = pd.DataFrame({name: values[i] for name, values in zip("abcd", drawn, strict=True)})
            try:
                found = area_pairs(frame, method=method, phi=s.phi_used)
                rows.append((found.estimate, found.se**2, found.ci_low, found.ci_high))
            except Exception:  # refused: shown as not usable
                rows.append((np.nan,) * 4)
        yi, vi, low, high = np.array(rows).T
        return Draws(yi, vi, np.log(RATIO), low, high)

    return simulate


for _method in ("MH", "IV"):
    simulation(f"8 pairs, {_method}, phi estimated", at_most=300)(_pairs(_method, 8))


def _phi(method: Any) -> Simulate:
    def simulate(s: Scenario, rng: np.random.Generator, n: int) -> Draws:
        rows = [(i, t, int(t >= 6), i % 2) for i in range(20) for t in range(12)]
        frame = pd.DataFrame(rows, columns=["place", "period", "after", "treated"])
        effect = np.where(frame["after"], COURSE * np.where(frame["treated"], RATIO, 1.0), 1.0)
        found = []
        for _ in range(n):
            frame["count"] = counts(rng, s.mean * effect, s.phi, len(frame))
            found.append(estimate_phi(frame, method=method).phi)
        yi = np.array(found)
        return Draws(yi, np.full(n, np.nan), s.phi)

    return simulate


simulation("phi, quasi-Poisson, 20 places of 12 periods", at_most=200)(_phi("quasi_poisson"))
simulation("phi, negative binomial, 20 places of 12 periods", at_most=200)(_phi("negative_binomial"))


@dataclass(frozen=True)
class Row:
    """What came of one measure in one scenario; `variance_ratio` is mean vi over the variance of yi."""

    measure: str
    mean: float
    phi: float
    phi_used: float
    studies: int
    usable: float
    bias: float
    sd: float
    variance_ratio: float
    coverage: float


def run(name: str, scenario: Scenario, studies: int = 20_000, seed: int = 1) -> Row:
    """One measure in one scenario, over the studies that were not refused."""
    n = min(studies, STUDIES.get(name, studies))
    draws = SIMULATIONS[name](scenario, np.random.default_rng(seed), n)
    good = np.isfinite(draws.yi)
    yi, vi = draws.yi[good], draws.vi[good]
    half = stats.norm.isf(0.025) * np.sqrt(vi)
    low = yi - half if draws.low is None else draws.low[good]
    high = yi + half if draws.high is None else draws.high[good]
    held = (low <= draws.truth) & (draws.truth <= high) if draws.held is None else draws.held[good]
    known = bool(np.isfinite(vi).all())
    return Row(
        measure=name,
        mean=scenario.mean,
        phi=scenario.phi,
        phi_used=scenario.used,
        studies=n,
        usable=float(good.mean()),
        bias=float(yi.mean() - draws.truth),
        sd=float(yi.std(ddof=1)),
        variance_ratio=float(vi.mean() / yi.var(ddof=1)) if known else float("nan"),
        coverage=float(held.mean()) if known else float("nan"),
    )


def table(names: Sequence[str], studies: int, seed: int) -> pd.DataFrame:
    """All scenarios of some measures."""
    return pd.DataFrame([asdict(run(name, s, studies, seed)) for name in names for s in SCENARIOS])


def markdown(frame: pd.DataFrame) -> str:
    """A table a measure, for the documentation."""
    lines: list[str] = []
    for name, part in frame.groupby("measure", sort=False):
        lines += [
            "",
            f"**{name}**",
            "",
            "| mean count | phi | phi used | usable | bias | SD of yi | mean vi / var yi | coverage |",
        ]
        lines += ["|---|---|---|---|---|---|---|---|"]
        for row in part.itertuples():
            lines.append(
                f"| {row.mean:g} | {row.phi:g} | {row.phi_used:g} | {row.usable:.1%} | {row.bias:.3f} | {row.sd:.3f} "
                f"| {row.variance_ratio:.2f} | {row.coverage:.1%} |"
            )
    return "\n".join(lines[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(SIMULATIONS)}; all by default")
    parser.add_argument("--studies", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in SIMULATIONS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    rows: list[dict[str, Any]] = []
    for name in given.names or list(SIMULATIONS):
        frame = table([name], given.studies, given.seed)
        rows += frame.to_dict("records")
        if not given.json:
            print(markdown(frame) if given.markdown else frame.round(3).to_string(index=False), end="\n\n", flush=True)
    if given.json:
        print(json.dumps({"name": "simulate_effects", "rows": rows}))


if __name__ == "__main__":
    main()
