"""How long correlated and hierarchical effects with CR2 take, by number of effects; and how often tests reject what is true.

The second part makes data sets in which a moderator of studies does nothing, sampling errors of a study correlate .8, and the
model assumes .6; a test at 5% should reject 5% of them. Times are processor seconds; `--json` gives one object of facts.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import pandas as pd

import metareview as mr

DESIGNS = ((6, 3), (10, 5), (10, 2), (20, 10), (20, 3), (40, 20), (40, 4))
TESTS = ("model", "CR0, normal", "CR1, t(J - 1)", "CR2, Satterthwaite", "wild bootstrap")


def many(n: int, seed: int = 1) -> pd.DataFrame:
    """About n effects, five a study on average, with two moderators."""
    rng = np.random.default_rng(seed)
    studies = n // 5
    study = np.repeat(np.arange(studies), rng.multinomial(n - studies, np.ones(studies) / studies) + 1)
    vi = rng.uniform(0.02, 0.2, n)
    x, z = rng.normal(size=n), rng.normal(size=studies)[study]
    yi = 0.3 + 0.1 * x + rng.normal(0, 0.3, studies)[study] + rng.normal(0, 0.2, n) + rng.normal(size=n) * np.sqrt(vi)
    return pd.DataFrame({"study": study, "yi": yi, "vi": vi, "x": x, "z": z})


def null(rng: np.random.Generator, studies: int, treated: int) -> pd.DataFrame:
    """Studies of 1 to 7 effects on one sample; z is 1 in the first `treated` studies and does nothing."""
    study = np.repeat(np.arange(studies), rng.integers(1, 8, studies))
    k = study.size
    vi = 4 / np.exp(rng.normal(3.6, 0.6, studies)).clip(12, 400)[study]
    errors = np.sqrt(vi) * (np.sqrt(0.8) * rng.normal(size=studies)[study] + np.sqrt(0.2) * rng.normal(size=k))
    yi = 0.2 + rng.normal(0, 0.2, studies)[study] + rng.normal(0, 0.1, k) + errors
    return pd.DataFrame({"study": study, "vi": vi, "z": (study < treated).astype(float), "yi": yi})


def seconds(n: int, runs: int = 5) -> float:
    """The least processor time of a fit with CR2."""
    data, found = many(n), []
    for _ in range(runs):
        start = time.process_time()
        mr.che("yi ~ x + z", data, study="study", bootstrap="never")
        found.append(time.process_time() - start)
    return min(found)


def sizes(studies: int, treated: int, sets: int) -> dict[str, float]:
    """The share of data sets in which each test rejects at 5%, and the median degrees of freedom."""
    rng = np.random.default_rng(studies * 100 + treated)
    rejected, df = np.zeros(len(TESTS)), []
    for _ in range(sets):
        data = null(rng, studies, treated)
        model = mr.che("yi ~ z", data, study="study", bootstrap="never").model
        cr2 = mr.robust(model, data["study"])
        p = (
            model.p_value[1],
            mr.robust(model, data["study"], vcov="CR0", test="z").p_value[1],
            mr.robust(model, data["study"], vcov="CR1", test="naive").p_value[1],
            cr2.p_value[1],
            mr.wild_bootstrap(model, data["study"], "z", replications=399).p_value,
        )
        rejected += np.array(p) <= 0.05
        df.append(cr2.df[1])
    return {"df": float(np.median(df))} | dict(zip(TESTS, (rejected / sets).tolist(), strict=True))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=100, help="data sets a design")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    times = {n: seconds(n) for n in (200, 2_000, 20_000)}
    found = {f"{j} studies, {t} with": sizes(j, t, chosen.sets) for j, t in DESIGNS}
    if chosen.json:
        print(json.dumps({"name": "dependent", "seconds": times, "sets": chosen.sets, "rejected": found}))
        return
    print(pd.Series(times, name="seconds").to_string())
    print(pd.DataFrame(found).T.round(3).to_string())


if __name__ == "__main__":
    main()
