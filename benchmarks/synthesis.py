"""Fits and resampling beside metafor (Rscript, with clubSandwich) and PyMARE, in one run, on the same made-up tables.

Ours is what a user calls: `mr.pool` with its checks, Q-profile interval, I2 and prediction interval, and so on. For metafor the
plain `rma` is timed, and `rma` with `confint` beside it, which is what `mr.pool` gives. GOSH and bootstrap are timed in metafor
on 500 fits and scaled to all. The answers are compared: `differs_by`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from common.measure import run  # noqa: E402

DATA = HERE / ".data" / "synthesis"
PYMARE = HERE / ".envs" / "pymare" / "bin" / "python"
ENV = {
    "PYTHONPATH": os.pathsep.join([str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")]),
    "OPENBLAS_NUM_THREADS": "1",
}
REML = ("reml_13", "reml_200", "reml_4000")
DEPENDENT = ("levels_200", "levels_2000", "che_200", "che_2000")
ALONE = ("levels_20000", "levels_100000", "che_20000")
RESAMPLING = ("gosh_13", "gosh_16", "permutation_13", "bootstrap_10000")


def table(case: str) -> None:
    """Write the table of a case: independent effects, or four effects a study."""
    import numpy as np
    import pandas as pd

    kind, _, size = case.partition("_")
    k = {"permutation": 13, "bootstrap": 13}.get(kind, int(size))
    r = np.random.default_rng(20261124 + k)
    vi = np.round(r.uniform(0.01, 0.2, k), 6)
    study = np.arange(k) // 4
    between = (
        r.normal(0, 0.2, study.max() + 1)[study] + r.normal(0, 0.15, k)
        if kind in ("levels", "che")
        else r.normal(0, 0.3, k)
    )
    frame = pd.DataFrame({"study": study, "effect": np.arange(k), "vi": vi})
    frame["yi"] = np.round(0.15 + between + r.normal(0, np.sqrt(vi)), 8)
    frame.to_csv(DATA / f"{case}.csv", index=False)


def engine(name: str, cases: tuple[str, ...]) -> dict[str, Any]:
    """Run metareview, pymare or metafor on some cases."""
    python = sys.executable if name == "metareview" else str(PYMARE)
    if name == "metafor":
        rscript = shutil.which("Rscript")
        if rscript is None:
            sys.exit("Rscript with metafor and clubSandwich is missing: see CONTRIBUTING.md")
        return run([rscript, str(HERE / "common" / "run_synthesis.R"), "OUT", str(DATA), *cases]).answer
    if not Path(python).exists():
        sys.exit("PyMARE's environment is missing: run benchmarks/setup")
    env = ENV if name == "metareview" else {"OPENBLAS_NUM_THREADS": "1"}
    return run([python, str(HERE / "common" / "run_synthesis.py"), "OUT", name, str(DATA), *cases], env).answer


def measurements() -> Iterator[dict[str, Any]]:
    """Yield each comparison; a ratio above 1 says that ours is faster."""
    for case in (*REML, *DEPENDENT, *ALONE, *RESAMPLING):
        table(case)
    mine = engine("metareview", (*REML, *DEPENDENT, *ALONE, *RESAMPLING))
    metafor = engine("metafor", (*REML, *DEPENDENT, *RESAMPLING))
    other = engine("pymare", REML)
    for case in (*REML, *DEPENDENT, *RESAMPLING):
        here, there = mine[case], metafor[case]
        facts = {"name": case, "ratio_vs_metafor": round(there["seconds"] / here["seconds"], 1)}
        if there.get("with_interval"):
            facts["ratio_vs_metafor_with_interval"] = round(there["with_interval"] / here["seconds"], 1)
        if case in other:
            facts["ratio_vs_pymare"] = round(other[case]["seconds"] / here["seconds"], 1)
        if there["value"] is not None and case != "bootstrap_10000":
            facts["differs_by"] = abs(here["value"] - there["value"])
        yield facts | ({"metafor_fits_done": there["part"]} if "part" in there else {})
    for kind, sizes in (("levels", (2000, 20000, 100000)), ("che", (2000, 20000))):
        times = [mine[f"{kind}_{n}"]["seconds"] / n for n in sizes]
        yield {"name": f"{kind}_growth"} | {
            f"time_per_effect_{n}": round(t / times[0], 2) for n, t in zip(sizes, times, strict=True)
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a measurement")
    given = parser.parse_args()
    DATA.mkdir(parents=True, exist_ok=True)
    for facts in measurements():
        told = "  ".join(f"{k} {v}" for k, v in facts.items() if k != "name")
        print(json.dumps(facts) if given.json else f"{facts['name']:<18}{told}", flush=True)


if __name__ == "__main__":
    main()
