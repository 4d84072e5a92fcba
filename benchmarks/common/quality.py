"""How well groups of records match a truth: precision, recall and F1 over pairs of records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd


class Quality(NamedTuple):
    precision: float
    recall: float
    f1: float


def quality(frame: pd.DataFrame, clusters: Iterable[Iterable[str]]) -> Quality:
    """Compare groups with the truth in `work`; records without one (an empty `work`) do not count."""
    work = {r: w for r, w in zip(frame["record_id"], frame["work"], strict=True) if w}
    true = sum(_pairs(size) for size in Counter(work.values()).values())
    found = right = 0
    for cluster in clusters:
        works = Counter(work[r] for r in cluster if r in work)
        found += _pairs(works.total())
        right += sum(_pairs(size) for size in works.values())
    precision, recall = right / max(found, 1), right / max(true, 1)
    return Quality(precision, recall, 2 * precision * recall / max(precision + recall, 1e-9))


def _pairs(size: int) -> int:
    return size * (size - 1) // 2
