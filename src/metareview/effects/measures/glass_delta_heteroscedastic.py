"""SMD1H: standardised mean difference by the control group's SD, unequal variances.

Glass's delta as SMD1, with a variance that lets the SDs differ. Exchanging the arms does not flip the sign exactly.

**The variance.** Bonett (2008) gives that of the uncorrected d, with n - 1 in the denominators; g = J * d has J^2 times it,
which is computed. metafor 3.8.1 has n for n - 1 and g for d, without J^2; its NEWS says the variance was "slightly
adjusted for consistency" in 4.6-0. In simulated normal data (groups of 6 to 40) the mean of J^2 times Bonett's
expression was 0.90 to 1.06 times the true variance of g, that of metafor 3.8.1 0.96 to 1.22 times, and Bonett's
expression without J^2 1.03 to 1.50 times: with a small control group the correction is large and must enter the variance.
"""

from __future__ import annotations

from metareview.effects import hedges, two_means
from metareview.effects.measure import Columns, Computed, Measure, Source

_FORMULAS = tuple(
    f"df = n2i - 1; d = (m1i - m2i) / sd2i; yi = {times}d; "
    f"vi = {squared}(sd1i^2/(sd2i^2*(n1i - 1)) + 1/(n2i - 1) + d^2/(2*(n2i - 1)))"
    for times, squared in zip(hedges.TIMES, hedges.SQUARED, strict=True)
)


def compute(columns: Columns) -> Computed:
    """Glass's delta, corrected, and its variance with unequal SDs; arrays of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    d = (m1 - m2) / sd2
    j = hedges.correction(n2 - 1, columns["correction"])
    vi = j**2 * (sd1**2 / sd2**2 / (n1 - 1) + (1 + d**2 / 2) / (n2 - 1))
    return two_means.computed(columns, j * d, vi, _FORMULAS, columns["correction"])


MEASURE = Measure(
    name="SMD1H",
    title="Standardised mean difference by the control's SD, unequal variances",
    family="two means",
    formula_id="SMD1H.v1",
    formula=_FORMULAS[0],
    formula_of=two_means.by_row(_FORMULAS, "correction"),
    functions=two_means.FUNCTIONS,
    inputs=(*two_means.FULL_INPUTS, hedges.INPUT),
    scale="linear",
    orientation="Below 0: a lower mean in the treated group, in the control's standard deviation.",
    source=Source(
        "Bonett (2008), Confidence intervals for standardized linear contrasts of means, Psychological Methods 13",
        "variance of the estimator with one group's SD as standardiser, times J^2",
    ),
    compute=compute,
    prepare=two_means.prepare,
    check=two_means.check,
)
