"""Effect sizes of a million rows beside metafor's `escalc` (Rscript), in one run.

Both sides read the same made-up table first; what is timed is from the frame in memory to the frame with yi and vi. Ours
checks every cell and tells method, rule, orientation and notes beside each row. Their sums of yi and vi are compared too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from common.measure import run  # noqa: E402

DATA = HERE / ".data"
ENV = {"PYTHONPATH": os.pathsep.join([str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")])}
MEASURES = (
    "OR",
    "RR",
    "RD",
    "PETO",
    "AS",
    "PHI",
    "YUQ",
    "MD",
    "SMD",
    "SMDH",
    "ROM",
    "CVR",
    "IRR",
    "PLO",
    "PFT",
    "COR",
    "ZCOR",
)
OURS_ONLY = ("RIRR", "RES", "WDD", "GEN")


def table(rows: int) -> Path:
    """Return a table with the inputs of every measure, made once for a number of rows."""
    path = DATA / f"effects-{rows}.csv"
    if not path.exists():
        import numpy as np
        import pandas as pd

        r = np.random.default_rng(20261124)
        counts = {name: r.integers(1, 200, rows) for name in ("ai", "bi", "ci", "di", "a", "b", "c", "d", "x1", "x2")}
        sizes = {name: r.integers(10, 200, rows) for name in ("n1i", "n2i", "ni")}
        means = {name: np.round(r.uniform(5, 20, rows), 3) for name in ("m1i", "m2i", "t1", "t2")}
        spreads = {name: np.round(r.uniform(1, 5, rows), 3) for name in ("sd1i", "sd2i")}
        frame = pd.DataFrame(counts | sizes | means | spreads)
        frame["xi"] = np.minimum(frame["ni"] - 1, r.integers(1, 9, rows))
        frame["ri"] = np.round(r.uniform(-0.9, 0.9, rows), 4)
        frame["estimate"], frame["scale_reported"] = np.round(r.uniform(0.5, 2, rows), 3), "ratio"
        frame["ci_low"], frame["ci_high"] = np.round(frame["estimate"] * 0.8, 4), np.round(frame["estimate"] * 1.25, 4)
        frame.to_csv(path, index=False)
    return path


def ours(path: Path, measures: tuple[str, ...]) -> dict[str, Any]:
    columns = [sys.executable, str(HERE / "common" / "run_effects.py"), "OUT", str(path)]
    return run([*columns, *measures], ENV).answer


def peer(path: Path) -> dict[str, Any]:
    rscript = shutil.which("Rscript")
    if rscript is None:
        sys.exit("Rscript with metafor is missing: apt-get install r-base-core r-cran-metafor r-cran-jsonlite")
    return run([rscript, str(HERE / "common" / "run_effects.R"), "OUT", str(path), *MEASURES]).answer


def measurements(rows: int, repeats: int) -> Iterator[dict[str, Any]]:
    """Yield each measure's comparison; a ratio above 1 says that ours is faster."""
    path = table(rows)
    mine, theirs = [], []
    for _ in range(repeats):
        theirs.append(peer(path))
        mine.append(ours(path, MEASURES + OURS_ONLY))
    slowest = max(statistics.median(run[name]["seconds"] for run in mine) for name in MEASURES + OURS_ONLY)
    for name in MEASURES:
        here, there = (statistics.median(run[name]["seconds"] for run in runs) for runs in (mine, theirs))
        off = max(abs(mine[0][name][part] / theirs[0][name][part] - 1) for part in ("yi", "vi"))
        yield {
            "name": f"effects_{name}",
            "rows": rows,
            "ratio_vs_metafor": round(there / here, 2),
            "sums_differ_by": off,
        }
    for name in OURS_ONLY:
        share = statistics.median(run[name]["seconds"] for run in mine) / statistics.median(
            r["OR"]["seconds"] for r in mine
        )
        yield {"name": f"effects_{name}", "rows": rows, "time_relative_to_OR": round(share, 2)}
    yield {"name": "effects_slowest", "rows": rows, "seconds": round(slowest, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a measurement")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    DATA.mkdir(exist_ok=True)
    for facts in measurements(given.rows, given.repeats):
        told = "  ".join(f"{k} {v}" for k, v in facts.items() if k != "name")
        print(json.dumps(facts) if given.json else f"{facts['name']:<18}{told}", flush=True)


if __name__ == "__main__":
    main()
