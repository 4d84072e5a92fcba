"""What `sampling_covariance` gives: blocks, the pairs behind them, and what a reader should doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from metareview.effects.dependence.coding import Ints
from metareview.effects.measure import Floats, Texts


@dataclass(frozen=True, eq=False)
class Block:
    """The effects of one study (or sample) that may depend on each other.

    `positions`: rows of the frame of effects, in order, shape (m,). `matrix`: their covariances, shape (m, m).
    """

    name: str
    positions: Ints
    matrix: Floats


@dataclass(frozen=True, eq=False)
class Pairs:
    """Every pair of effects with a covariance: row positions i < j, the covariance, and why; shapes (pairs,)."""

    i: Ints
    j: Ints
    covariance: Floats
    reason: Texts
    rule: Texts
    method: Texts


@dataclass(frozen=True, eq=False)
class SamplingCovariance:
    """The sampling covariance matrix of n effects, as blocks.

    Attributes:
        blocks: one a study (or sample of it), in the order of its first effect; a study with one effect has a 1 x 1.
        labels: what effects are called, shape (n,). vi: their variances, shape (n,).
        pairs: every pair with a covariance other than 0.
        repaired: names of the blocks that were replaced by the nearest positive definite matrix.
        warnings: what a reader should doubt. columns: the column behind each role that was found.
    """

    blocks: tuple[Block, ...]
    labels: Texts
    vi: Floats
    pairs: Pairs
    repaired: tuple[str, ...]
    warnings: tuple[str, ...]
    columns: dict[str, str]

    def __repr__(self) -> str:
        largest = max((len(block.positions) for block in self.blocks), default=0)
        return (
            f"SamplingCovariance({len(self.labels)} effects, {len(self.blocks)} blocks, largest {largest}, "
            f"{len(self.pairs.i)} dependent pairs)"
        )

    def to_matrix(self) -> Floats:
        """The whole matrix, shape (n, n), in the order of the effects."""
        whole = np.zeros((len(self.labels), len(self.labels)))
        for block in self.blocks:
            whole[np.ix_(block.positions, block.positions)] = block.matrix
        return whole

    def to_frame(self) -> pd.DataFrame:
        """One row a dependent pair: effect_i, effect_j, correlation, covariance, method, reason, rule.

        `method` is "computed" where the covariance follows from what the studies report, "estimated" where it rests on
        an assumed correlation or on group sizes alone.
        """
        p = self.pairs
        return pd.DataFrame(
            {
                "effect_i": self.labels[p.i],
                "effect_j": self.labels[p.j],
                "correlation": p.covariance / np.sqrt(self.vi[p.i] * self.vi[p.j]),
                "covariance": p.covariance,
                "method": p.method,
                "reason": p.reason,
                "rule": p.rule,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything at full precision, as lists and texts."""
        return {
            "effects": [str(label) for label in self.labels],
            "vi": self.vi.tolist(),
            "pairs": self.to_frame().to_dict("records"),
            "blocks": len(self.blocks),
            "repaired": list(self.repaired),
            "warnings": list(self.warnings),
            "columns": dict(self.columns),
        }
