"""PLN: log of the proportion of one group.

Its exponential is the proportion. Unlike the log odds it has no upper bound at a proportion of 1, so the upper end of an
interval can pass 1; it suits rare events, for which log proportion and log odds nearly agree. Where almost everybody has
the event the variance 1/x - 1/n goes to 0: take `PLO` there, or count those without the event instead.

A group without events has no logarithm, and one with nothing but events a variance of 0: by default 0.5 is added to both
cells of such a group, as metafor's `escalc` does.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_proportion
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log of the proportion and its large-sample variance; arrays of shape (k,)."""
    x, n = one_proportion.counts(columns)
    return Computed(np.log(x / n), columns["mi"] / (x * n))


MEASURE = Measure(
    name="PLN",
    title="Log proportion",
    family="proportion",
    formula_id="PLN.v1",
    formula="n = xi + mi; yi = ln(xi/n); vi = 1/xi - 1/n",
    inputs=one_proportion.INPUTS,
    scale="log",
    back="exp",
    positive="",
    orientation="Higher (nearer 0): a larger share of the group has the event; there is no treated arm.",
    source=Source(
        "Pettigrew, Gart & Thomas (1986), The bias and higher cumulants of the logarithm of a binomial variate, Biometrika 73",
        "pages 425-435, leading term of the variance",
    ),
    compute=compute,
    prepare=one_proportion.prepare,
    check=one_proportion.check,
    cells=one_proportion.CELLS,
)
