"""Where the effects of a part of the data stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metareview.synthesis.wls import Floats

Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Places:
    """g blocks of m places.

    Attributes:
        rows: the effect in each place, shape (g, m); 0 where `real` is False. real: which places hold an effect, (g, m).
    """

    rows: Codes
    real: NDArray[np.bool_]

    @property
    def pairs(self) -> Floats:
        """1 where both places hold an effect, shape (g, m, m)."""
        return (self.real[:, :, None] & self.real[:, None, :]).astype(np.float64)
