"""Compute effect sizes of made-up rows with metareview: OUT, the number of rows, then measures; each timed, data excluded."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import metareview as mr
from metareview.effects.registry import find_measure


def rows(table: Path) -> pd.DataFrame:
    """Return the rows that both sides compute from."""
    return pd.read_csv(table)


def inputs(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of a measure; 2x2 tables by their four cells."""
    cells = {"ai", "bi", "ci", "di"}
    wanted = [entry.name for entry in find_measure(name).inputs]
    return (
        frame[[c for c in frame if c in cells]]
        if cells <= set(wanted)
        else frame[[c for c in frame if c in wanted and c not in cells]]
    )


def main() -> None:
    out, table, *measures = sys.argv[1:]
    frame = rows(Path(table))
    mr.effect_size("IRR", frame.iloc[:10])  # loads the package
    answer: dict[str, object] = {}
    total = 0.0
    for name in measures:
        given = inputs(name, frame)
        start = time.perf_counter()
        found = mr.effect_size(name, given)
        spent = time.perf_counter() - start
        total += spent
        answer[name] = {"seconds": spent, "yi": float(np.sum(found["yi"])), "vi": float(np.sum(found["vi"]))}
    Path(out).write_text(json.dumps(answer | {"seconds": total}))


if __name__ == "__main__":
    main()
