"""IR: incidence rate of one group, untransformed.

Events per unit of exposure (person-years, months, street segments), in the unit of `ti`: rates can be pooled only when
every study has the same unit. Near 0 it misleads as `PR` does: few events give a small variance and so a large weight, and
an interval can pass 0. `IRLN` stays above 0.

A group without events has a variance of 0: by default 0.5 is added to its events, as metafor's `escalc` does. Counts of
crime vary more than Poisson counts: `phi` multiplies the variance.
"""

from __future__ import annotations

from metareview.effects import one_rate
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Rate and its quasi-Poisson variance; arrays of shape (k,)."""
    x, t, phi = (columns[name] for name in one_rate.NAMES)
    return Computed(x / t, phi * x / t**2)


MEASURE = Measure(
    name="IR",
    title="Incidence rate",
    family="rate",
    formula_id="IR.v1",
    formula="yi = xi/ti; vi = phi * xi/ti^2",
    inputs=one_rate.INPUTS,
    scale="linear",
    back="identity",
    positive="",
    orientation="Higher: more events per unit of exposure; there is no treated arm.",
    source=Source(
        "Rothman, Greenland & Lash (2008), Modern Epidemiology, 3rd edition",
        "chapter 14, a single incidence rate and its Poisson variance",
    ),
    compute=compute,
    cells=one_rate.CELLS,
)
