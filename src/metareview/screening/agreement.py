"""Agreement between two screeners: Cohen's kappa with its interval, and the table behind it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

from .events import ScreeningState


@dataclass(frozen=True)
class Agreement:
    """Agreement of two people's first votes.

    Attributes:
        n: records both voted on; observed: share of equal votes; kappa: Cohen's kappa (nan when undefined).
        ci_low, ci_high: large-sample interval of kappa; table: (vote of first, vote of second) -> records.
    """

    first: str
    second: str
    stage: str
    n: int
    observed: float
    kappa: float
    se: float
    ci_low: float
    ci_high: float
    table: dict[tuple[str, str], int]


def cohens_kappa(pairs: Iterable[tuple[str, str]]) -> tuple[int, float, float, float]:
    """Return n, observed agreement, kappa and its standard error.

    The standard error is the large-sample one of Fleiss, Cohen and Everitt (1969), Psychological Bulletin 72(5):323-327,
    equation 13; kappa is nan when both raters used one and the same category throughout.
    """
    counts: dict[tuple[str, str], int] = {}
    for pair in pairs:
        counts[pair] = counts.get(pair, 0) + 1
    n = sum(counts.values())
    if n == 0:
        return 0, math.nan, math.nan, math.nan
    categories = sorted({c for pair in counts for c in pair})
    share = {(a, b): counts.get((a, b), 0) / n for a in categories for b in categories}
    row = {a: sum(share[a, b] for b in categories) for a in categories}
    column = {b: sum(share[a, b] for a in categories) for b in categories}
    observed = sum(share[c, c] for c in categories)
    chance = sum(row[c] * column[c] for c in categories)
    if math.isclose(chance, 1.0):
        return n, observed, math.nan, math.nan
    kappa = (observed - chance) / (1 - chance)
    diagonal = sum(share[c, c] * (1 - (row[c] + column[c]) * (1 - kappa)) ** 2 for c in categories)
    off = sum(share[a, b] * (column[a] + row[b]) ** 2 for a in categories for b in categories if a != b)
    variance = diagonal + (1 - kappa) ** 2 * off - (kappa - chance * (1 - kappa)) ** 2
    return n, observed, kappa, math.sqrt(max(variance, 0.0) / n) / (1 - chance)


def agreement(state: ScreeningState, stage: str, first: str, second: str, level: float = 0.95) -> Agreement:
    """Return the agreement of two people's first votes at a stage; later changes of mind do not count."""
    pairs = []
    table: dict[tuple[str, str], int] = {}
    for (voted_stage, _), votes in state.first_votes.items():
        if voted_stage == stage and first in votes and second in votes:
            pair = (votes[first].decision, votes[second].decision)
            pairs.append(pair)
            table[pair] = table.get(pair, 0) + 1
    n, observed, kappa, se = cohens_kappa(pairs)
    half = NormalDist().inv_cdf(0.5 + level / 2) * se
    return Agreement(first, second, stage, n, observed, kappa, se, kappa - half, min(kappa + half, 1.0), table)
