"""Load the reference values that metafor gave (see reference/make_reference.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "reference"


def load(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def names(prefix: str) -> list[str]:
    return sorted(path.stem for path in FOLDER.glob(f"{prefix}_*.json"))


def fits(prefix: str) -> list[Any]:
    return [(name, fit["method"], fit["test"], fit) for name in names(prefix) for fit in load(name)["fits"]]


BCG = load("pool_bcg")


def close(got: Any, expected: Any, tolerance: float = 1e-8) -> None:
    np.testing.assert_allclose(
        np.asarray(got, dtype=float) / np.maximum(np.abs(expected), 1e-2),
        np.asarray(expected, dtype=float) / np.maximum(np.abs(expected), 1e-2),
        rtol=0,
        atol=tolerance,
    )


def numbers(text: str) -> list[float]:
    """Return the numbers that a text holds, as papers print them in a row."""
    return [float(word) for word in text.split()]
