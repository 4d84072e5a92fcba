"""Deduplicate a CSV with metareview and write what was found: `CSV OUT workers`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd


def main(csv: str, out: str, workers: int) -> None:
    from metareview.literature.dedupe.deduplicate import deduplicate

    frame = pd.read_csv(csv, dtype=str, keep_default_na=False)
    del frame["work"]
    start = time.perf_counter()
    result = deduplicate(frame, workers=workers)
    seconds = time.perf_counter() - start
    Path(out).write_text(json.dumps({"seconds": seconds, "clusters": result.clusters}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
