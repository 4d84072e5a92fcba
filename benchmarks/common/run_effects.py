"""Compute effect sizes of made-up rows with metareview: OUT, the number of rows, then measures; each timed, data excluded."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import metareview as mr


def rows(table: Path) -> pd.DataFrame:
    """Return the rows that both sides compute from."""
    return pd.read_csv(table)


def main() -> None:
    out, table, *measures = sys.argv[1:]
    frame = rows(Path(table))
    mr.effect_size("OR", frame.iloc[:10])  # loads the package
    answer: dict[str, object] = {}
    total = 0.0
    for name in measures:
        start = time.perf_counter()
        found = mr.effect_size(name, frame)
        spent = time.perf_counter() - start
        total += spent
        answer[name] = {"seconds": spent, "yi": float(np.sum(found["yi"])), "vi": float(np.sum(found["vi"]))}
    Path(out).write_text(json.dumps(answer | {"seconds": total}))


if __name__ == "__main__":
    main()
