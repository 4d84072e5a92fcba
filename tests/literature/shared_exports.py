"""The real exports of the shared data folder, and what is said of each in its SOURCES.csv."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

import pytest

EXPORTS = Path(os.environ.get("METAREVIEW_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "ris"


@cache
def sources() -> tuple[dict[str, str], ...]:
    """Return a row for each export; where the folder is absent, the test is skipped."""
    if not (EXPORTS / "SOURCES.csv").exists():
        pytest.skip("shared data folder is absent")
    with (EXPORTS / "SOURCES.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
