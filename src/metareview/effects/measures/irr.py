"""IRR: incidence rate ratio of two groups observed over an exposure.

Events per unit of exposure (person-years, residents, streets times months) in the treated group over those in the
control group. Both exposures must be in the same unit; which unit does not matter.

**Overdispersion.** The Poisson variance 1/x1 + 1/x2 takes events to be independent. Crimes are not: they come in
series, from few offenders, at few places. `phi` multiplies the variance; estimate it with `estimate_phi`.

**Zeros.** 0.5 to both counts of a study in which one is zero (`only0`), exposures left alone, as in metafor. A study
without any event is refused: it says nothing about the ratio (`IRD` and `IRSD` do take it).
Sweeting's treatment-arm correction is defined for people, not for exposures, and is not offered.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import person_time
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Log rate ratio and its quasi-Poisson variance; arrays of shape (k,)."""
    x1, t1, x2, t2 = (columns[name] for name in person_time.NAMES)
    return Computed(np.log(x1 / t1) - np.log(x2 / t2), columns["phi"] * (1 / x1 + 1 / x2))


MEASURE = Measure(
    name="IRR",
    title="Incidence rate ratio",
    family="person-time",
    formula_id="IRR.v1",
    formula="yi = ln((x1/t1) / (x2/t2)); vi = phi * (1/x1 + 1/x2)",
    inputs=person_time.INPUTS,
    scale="log",
    orientation="Below 1 (log below 0): a lower rate in the treated group.",
    source=Source(
        "Rothman, Greenland & Lash (2008), Modern Epidemiology, 3rd edition",
        "chapter 14, large-sample variance of the log rate ratio",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=person_time.SWAP,
    cells=person_time.CELLS,
    margins=(person_time.CELLS,),
)
