"""SMDH: standardised mean difference with unequal variances in the two groups.

The difference of the means in units of the square root of the *average* variance, so that neither group's spread is taken
for the other's. Groups of different size and different SD make the pooled SD of SMD lean to the larger group; this does not.

**The variance.** Bonett (2009, as 2008) gives the variance of the uncorrected d, with n - 1 in its denominators. The
estimate reported here is g = J * d with J a constant, so its variance is J^2 times that, and this is what is computed.
metafor 3.8.1 has J^2 times Bonett's expression with g in the place of d, which corrects twice; its NEWS says the
variance was "slightly adjusted for consistency" in 4.6-0, so that later versions give other numbers again. In simulated
normal data (groups of 5 to 40, SDs in ratios to 1:3) the mean of Bonett's expression as printed was 0.97 to 1.20
times the true variance of g, J^2 times it 0.91 to 1.06 times. All agree when groups are large.

**Correction.** J has n1 + n2 - 2 degrees of freedom, as Bonett and metafor take it. With very unequal SDs a little bias
remains (0.04 at d = 0.5 with 20 and 5 people and SDs 1 and 2).
"""

from __future__ import annotations

import numpy as np

from metareview.effects import hedges, two_means
from metareview.effects.measure import Columns, Computed, Measure, Source

_FORMULAS = tuple(
    "df = n1i + n2i - 2; s = sqrt((sd1i^2 + sd2i^2)/2); d = (m1i - m2i) / s; "
    f"yi = {times}d; vi = {squared}(d^2*(sd1i^4/(n1i - 1) + sd2i^4/(n2i - 1))/(8*s^4) + "
    "(sd1i^2/(n1i - 1) + sd2i^2/(n2i - 1))/s^2)"
    for times, squared in zip(hedges.TIMES, hedges.SQUARED, strict=True)
)


def compute(columns: Columns) -> Computed:
    """g by the average variance, and its variance; arrays of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    square = (sd1**2 + sd2**2) / 2
    d = (m1 - m2) / np.sqrt(square)
    j = hedges.correction(n1 + n2 - 2, columns["correction"])
    spread = (sd1**4 / (n1 - 1) + sd2**4 / (n2 - 1)) / (8 * square**2)
    vi = j**2 * (d**2 * spread + (sd1**2 / (n1 - 1) + sd2**2 / (n2 - 1)) / square)
    return two_means.computed(columns, j * d, vi, _FORMULAS, columns["correction"])


MEASURE = Measure(
    name="SMDH",
    title="Standardised mean difference, unequal variances",
    family="two means",
    formula_id="SMDH.v1",
    formula=_FORMULAS[0],
    formula_of=two_means.by_row(_FORMULAS, "correction"),
    functions=two_means.FUNCTIONS,
    inputs=(*two_means.FULL_INPUTS, hedges.INPUT),
    scale="linear",
    orientation="Below 0: a lower mean in the treated group, in the root of the average variance.",
    source=Source(
        "Bonett (2009), Meta-analytic interval estimation for standardized and unstandardized mean differences, "
        "Psychological Methods 14",
        "variance of the estimator with the average variance as standardiser, times J^2",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.FULL_SWAP,
    prepare=two_means.prepare,
    check=two_means.check,
)
