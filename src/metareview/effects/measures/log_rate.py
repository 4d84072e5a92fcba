"""IRLN: log of the incidence rate of one group.

The first choice for pooling rates: its exponential is the rate, in the unit of `ti`, and never below 0. Changing the unit
adds a constant to every effect and leaves the variances alone.

A group without events has no logarithm: by default 0.5 is added to its events, as metafor's `escalc` does. Counts of
crime vary more than Poisson counts: `phi` multiplies the variance.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import one_rate
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log rate and its quasi-Poisson variance; arrays of shape (k,)."""
    x, t, phi = (columns[name] for name in one_rate.NAMES)
    return Computed(np.log(x / t), phi / x)


MEASURE = Measure(
    name="IRLN",
    title="Log incidence rate",
    family="rate",
    formula_id="IRLN.v1",
    formula="yi = ln(xi/ti); vi = phi/xi",
    inputs=one_rate.INPUTS,
    scale="log",
    back="exp",
    positive="",
    orientation="Higher: more events per unit of exposure; there is no treated arm.",
    source=Source(
        "Rothman, Greenland & Lash (2008), Modern Epidemiology, 3rd edition",
        "chapter 14, large-sample variance of the log of a rate",
    ),
    compute=compute,
    cells=one_rate.CELLS,
)
