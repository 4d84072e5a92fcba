"""Fit models: OUT, `metareview` or `pymare`, a folder of tables, then cases; each timed, data excluded."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

REPEATS = {"reml_13": 200, "reml_200": 200, "reml_4000": 50}


def ours(case: str, frame: pd.DataFrame) -> Callable[[], Any]:
    """What metareview does for a case; its answer is compared with the peer's."""
    import metareview as mr

    y, v = frame["yi"].to_numpy(), frame["vi"].to_numpy()
    kind, _, size = case.partition("_")
    if kind == "reml":
        return lambda: mr.pool(y, v).estimate
    if kind == "levels":
        return lambda: mr.multilevel("yi ~ 1", frame, random="1 | study/effect").estimate[0]
    if kind == "che":
        return lambda: mr.robust(mr.multilevel("yi ~ 1", frame, random="1 | study/effect", rho=0.6), frame["study"]).se[
            0
        ]
    fitted = mr.pool(y, v)
    if kind == "gosh":
        return lambda: float(pd.Series(mr.gosh(fitted, subsets=2 ** int(size)).estimate).mean())
    if kind == "permutation":
        return lambda: float(mr.permutation_test(fitted, exact=True).p_value[0])
    return lambda: float(pd.Series(mr.bootstrap(fitted, n=int(size)).tau2).mean())


def pymare(case: str, frame: pd.DataFrame) -> Callable[[], Any]:
    """What PyMARE does for a case of REML; the estimator as PyMARE sets it up by default, with its interval."""
    from pymare import Dataset
    from pymare.estimators import VarianceBasedLikelihoodEstimator

    y, v = frame["yi"].to_numpy(), frame["vi"].to_numpy()

    def fit() -> float:
        summary = VarianceBasedLikelihoodEstimator(method="REML").fit_dataset(Dataset(y=y, v=v)).summary()
        return float(summary.to_df()["estimate"].iloc[0])

    return fit


def main() -> None:
    out, engine, folder, *cases = sys.argv[1:]
    make = ours if engine == "metareview" else pymare
    answer: dict[str, Any] = {}
    for case in cases:
        frame = pd.read_csv(Path(folder) / f"{case}.csv")
        fit = make(case, frame)
        if case.startswith(("reml", "levels", "che")):
            fit()  # what is loaded at first use
        times, value = [], 0.0
        for _ in range(REPEATS.get(case, 3)):
            start = time.perf_counter()
            value = fit()
            times.append(time.perf_counter() - start)
        answer[case] = {"seconds": sorted(times)[len(times) // 2], "value": float(value)}
    answer["seconds"] = sum(a["seconds"] for a in answer.values())
    Path(out).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
