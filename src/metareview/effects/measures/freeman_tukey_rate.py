"""IRFT: Freeman-Tukey transformed incidence rate of one group.

The mean of the square roots of the rate and of the rate with one event more. It steadies the variance better than `IRS`
when events are few, and a group without events has a variance without anything added (give `to="only0"` to add all the
same). Counts of crime vary more than Poisson counts: `phi` multiplies the variance.

**The trap** is that of `PFT`: the same rate has another value under another exposure, so the way back needs the exposure.
For a study that is its own `ti`; for a pooled value programs take the harmonic mean of the exposures
(`back_transform("IRFT", estimate, sizes=...)`), which follows the shortest exposures while the pooled value follows the
longest. When exposures differ much, the pooled rate that comes back depends on studies that carry no weight, and can be
exactly 0 though every study had events. Take `IRLN` for pooling; if IRFT must be used, show the pooled value with several
exposures and believe it only when they agree.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_rate
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Freeman-Tukey rate and its quasi-Poisson variance; arrays of shape (k,)."""
    x, t, phi = (columns[name] for name in one_rate.NAMES)
    return Computed((np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2, phi / (4 * t))


MEASURE = Measure(
    name="IRFT",
    title="Freeman-Tukey incidence rate",
    family="rate",
    formula_id="IRFT.v1",
    formula="yi = (sqrt(xi/ti) + sqrt((xi + 1)/ti))/2; vi = phi/(4*ti)",
    inputs=one_rate.INPUTS,
    scale="linear",
    back="freeman_tukey_rate",
    positive="",
    orientation="Higher, under one exposure: more events per unit of it; there is no treated arm.",
    source=Source(
        "Freeman & Tukey (1950), Transformations related to the angular and the square root, "
        "Annals of Mathematical Statistics 21",
        "pages 607-611, the averaged square-root transformation for Poisson counts",
    ),
    compute=compute,
    cells=one_rate.CELLS,
    zero_rule="none",
)
