"""PFT: Freeman-Tukey double arcsine of the proportion of one group.

The mean of the angles of x/(n + 1) and (x + 1)/(n + 1). It steadies the variance better than `PAS` in small groups, and a
group without events has a variance without anything added (give `to="only0"` to add all the same).

**The trap.** The same proportion has another double arcsine in a group of another size, so the way back needs n. For a
study that is its own n. A pooled value has none: Miller (1978) proposed the harmonic mean of the sample sizes, and that
is what programs take (`back_transform("PFT", estimate, sizes=...)`). The harmonic mean follows the *smallest* studies,
while the pooled value follows the *largest*. When sizes differ much the two do not belong together: five studies of
200000, 100000, 5000, 60 and 30 people with 200, 90, 12, 1 and 1 events, from 0.09% to 3.3%, pool (common effect) to a
double arcsine that comes back as **exactly 0%** with their harmonic mean of 100, as 0.06% with n = 1000, and as 0.10%
with the size of the largest study. Without the two studies of 60 and 30 people, which carry no weight, the harmonic mean
gives 0.10% too. A test of this package shows it.

Schwarzer, Chemaitelly, Abu-Raddad & Rücker (2019, Research Synthesis Methods 10, 476-483) found this in a real
meta-analysis and call such results seriously misleading; Röver & Friede (2022) show that the transform does not even
keep the order of proportions between groups of different size, and advise against it.

So: take `PLO` for pooling. If PFT must be used, because an earlier review did, show the pooled value back-transformed with
several sizes, and believe it only when they agree.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_proportion
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Double arcsine of the proportion and its variance; arrays of shape (k,)."""
    x, n = one_proportion.counts(columns)
    angles = np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))
    return Computed(angles / 2, 1 / (4 * n + 2))


MEASURE = Measure(
    name="PFT",
    title="Freeman-Tukey double arcsine proportion",
    family="proportion",
    formula_id="PFT.v1",
    formula="n = xi + mi; yi = (asin(sqrt(xi/(n + 1))) + asin(sqrt((xi + 1)/(n + 1))))/2; vi = 1/(4*n + 2)",
    inputs=one_proportion.INPUTS,
    scale="linear",
    back="freeman_tukey",
    positive="",
    orientation="Higher, in groups of one size: a larger share has the event; there is no treated arm.",
    source=Source(
        "Freeman & Tukey (1950), Transformations related to the angular and the square root, "
        "Annals of Mathematical Statistics 21",
        "pages 607-611, the averaged angular transformation for binomial counts",
    ),
    compute=compute,
    prepare=one_proportion.prepare,
    check=one_proportion.check,
    cells=one_proportion.CELLS,
    zero_rule="none",
)
