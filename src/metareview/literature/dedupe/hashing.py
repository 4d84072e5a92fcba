"""Text as 64-bit numbers that are the same on every machine, so that equal values can be found by sorting.

0 always stands for "no value".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Codes = NDArray[np.uint64]
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


def hash_of(values: Sequence[str]) -> Codes:
    """Return a hash of each text (SipHash with a fixed key); unlike texts may share one, equal texts always do."""
    column = np.array(values, dtype=object)
    found = pd.util.hash_array(column, categorize=False)
    return np.where(column == "", np.uint64(0), np.maximum(found, np.uint64(1)))


def code_of(values: Sequence[str]) -> Codes:
    """Return a code of each text: equal texts have one code, unlike texts never."""
    column = np.array(values, dtype=object)
    codes = pd.factorize(column)[0].astype(np.uint64) + np.uint64(1)
    return np.where(column == "", np.uint64(0), codes)


def mix(*columns: Codes) -> Codes:
    """Return one hash of several columns; 0 where one of them is 0."""
    found, known = np.zeros(len(columns[0]), dtype=np.uint64), np.ones(len(columns[0]), dtype=bool)
    for column in columns:
        found = (found ^ column) * _PRIME
        found ^= found >> _SHIFT
        known &= column != 0
    return np.where(known, np.maximum(found, np.uint64(1)), np.uint64(0))
