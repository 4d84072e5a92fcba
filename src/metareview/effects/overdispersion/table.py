"""`phi_table`: one relative incident rate ratio at several overdispersions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from metareview.effects.telling import check_level


def phi_table(
    a: float, b: float, c: float, d: float, phis: Sequence[float] = (1, 2, 4), level: float = 0.95
) -> pd.DataFrame:
    """What overdispersion does to one relative incident rate ratio.

    Arguments: a, b treated before and after; c, d control before and after, events; phis; level of the
        interval.

    Returns a frame indexed by phi: yi, sei, ci_low, ci_high (log scale), ratio, ratio_low, ratio_high.
    Raises MetareviewError for counts that RIRR cannot be computed from.
    """
    from metareview.effects.compute import effect_size

    check_level(level)
    values = np.asarray(phis, dtype=float)
    effect = effect_size("RIRR", a=a, b=b, c=c, d=d, phi=values)
    half = stats.norm.isf((1 - level) / 2) * effect["sei"]
    table = effect[["yi", "sei"]].assign(ci_low=effect["yi"] - half, ci_high=effect["yi"] + half)
    ratios = table[["yi", "ci_low", "ci_high"]].apply(np.exp).set_axis(["ratio", "ratio_low", "ratio_high"], axis=1)
    both = pd.concat([table, ratios], axis=1)
    both.index = pd.Index(values, name="phi")
    return both
