"""IRD: difference of two incidence rates.

Events per unit of exposure in the treated group minus those in the control group: what a policymaker counts ("three
burglaries fewer per thousand homes and year"). **The unit of the exposure is the unit of the effect**: bring every study
to the same one (person-years with person-years) before pooling, or the pooled number has no meaning. Base rates differ
between places, so differences vary more between studies than ratios do; consider `IRR` for pooling.

**Overdispersion.** `phi` multiplies the Poisson variance, as for `IRR`.

**Zeros.** A rate difference exists with a zero count, so nothing is added. metafor adds 0.5 to both counts of a study in
which one is zero; `to="only0"` gives its numbers. That shifts both rates up, the one with less exposure more, so that
with unequal exposures it makes a difference out of none. A study without any event has a variance of 0 and is refused:
`IRSD` gives it a variance without adding anything; with `to="only0"` its weight comes from the 0.5 alone.
"""

from __future__ import annotations

from metareview.effects import person_time
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Rate difference and its quasi-Poisson variance; arrays of shape (k,)."""
    x1, t1, x2, t2 = (columns[name] for name in person_time.NAMES)
    return Computed(x1 / t1 - x2 / t2, columns["phi"] * (x1 / t1**2 + x2 / t2**2))


MEASURE = Measure(
    name="IRD",
    title="Incidence rate difference",
    family="person-time",
    formula_id="IRD.v1",
    formula="yi = x1/t1 - x2/t2; vi = phi * (x1/t1^2 + x2/t2^2)",
    inputs=person_time.INPUTS,
    scale="linear",
    orientation="Below 0: a lower rate in the treated group (events per unit of exposure).",
    source=Source(
        "Rothman, Greenland & Lash (2008), Modern Epidemiology, 3rd edition",
        "chapter 14, large-sample variance of the rate difference",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=person_time.SWAP,
    cells=person_time.CELLS,
    zero_rule="none",
)
