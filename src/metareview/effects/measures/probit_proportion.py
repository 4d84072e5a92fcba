"""PRZ: probit of the proportion of one group.

The standard normal quantile of the proportion, `z(p)` in the formula: where the event is crossing a threshold of
something normally distributed, it is the distance of the mean from that threshold in standard deviations. Its variance is
that of one group in the probit difference `PBIT`. The back-transformation is the normal distribution function, which
keeps results between 0 and 1, as for `PLO`.

A group without events, or with nothing but events, has no probit: by default 0.5 is added to both cells of such a group.
metafor 3.8.1 does not have this measure; the reference cases are its `PBIT` against a group of which half has the event
(probit 0), whose share of the variance is taken off.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from metareview.effects import one_proportion
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Probit of the proportion and its delta-method variance; arrays of shape (k,)."""
    x, n = one_proportion.counts(columns)
    yi = special.ndtri(x / n)
    return Computed(yi, 2 * np.pi * np.exp(yi**2) * x * (n - x) / n**3)


MEASURE = Measure(
    name="PRZ",
    title="Probit of a proportion",
    family="proportion",
    formula_id="PRZ.v1",
    formula="n = xi + mi; p = xi/n; yi = z(p); vi = 2*pi*p*(1 - p)*exp(yi^2)/n",
    inputs=one_proportion.INPUTS,
    scale="linear",
    back="probit",
    positive="",
    orientation="Above 0: more than half of the group has the event; there is no treated arm.",
    source=Source(
        "Sánchez-Meca, Marín-Martínez & Chacón-Moscoso (2003), Effect-size indices for dichotomized outcomes in "
        "meta-analysis, Psychological Methods 8",
        "variance of the probit difference, the term of one group",
    ),
    compute=compute,
    prepare=one_proportion.prepare,
    check=one_proportion.check,
    cells=one_proportion.CELLS,
)
