"""CVR: log ratio of two coefficients of variation.

The spread relative to the mean in the treated over that in the control, for outcomes with a true zero and positive means.
Mean and SD are taken as uncorrelated, as they are in normal data (Nakagawa and colleagues' term with their correlation is
left out, as in metafor).

**Correction.** The bias of the logarithm of the SDs is always taken out (Nakagawa 2015). The logarithm of a mean is biased as
well, by -sd^2/(2*n*m^2); `correction = second_order`, the default, takes that out too and adds the terms of the same order to
the variance (Senior and colleagues 2020, where the log CV ratio is VR minus the corrected ROM), for the reason told under
ROM. `correction = none` leaves the means alone: it is what metafor 3.8 prints and most published reviews have used; metafor
5.x corrects the estimate. Use one form throughout a review.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import two_means
from metareview.effects.measure import Columns, Computed, Measure, Problem, Source, flag_rows

_FORMULAS = (
    "c1 = sd1i/m1i; c2 = sd2i/m2i; "
    "yi = ln(c1/c2) + (1/(n1i - 1) - 1/(n2i - 1))/2 - (c1^2/n1i - c2^2/n2i)/2; "
    "vi = c1^2/n1i + c1^4/(2*n1i^2) + n1i/(2*(n1i - 1)^2) + c2^2/n2i + c2^4/(2*n2i^2) + n2i/(2*(n2i - 1)^2)",
    "c1 = sd1i/m1i; c2 = sd2i/m2i; yi = ln(c1/c2) + 1/(2*(n1i - 1)) - 1/(2*(n2i - 1)); "
    "vi = c1^2/n1i + 1/(2*(n1i - 1)) + c2^2/n2i + 1/(2*(n2i - 1))",
)


def compute(columns: Columns) -> Computed:
    """Log ratio of coefficients of variation, and its variance; arrays of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    a, b, u, v = 1 / (2 * (n1 - 1)), 1 / (2 * (n2 - 1)), sd1**2 / (n1 * m1**2), sd2**2 / (n2 * m2**2)
    yi, vi = np.log(sd1 / m1) - np.log(sd2 / m2) + a - b, u + a + v + b
    more = columns["correction"] == 0
    if np.any(more):
        second = u + u**2 / 2 + 2 * n1 * a**2 + v + v**2 / 2 + 2 * n2 * b**2
        yi, vi = np.where(more, yi - (u - v) / 2, yi), np.where(more, second, vi)
    return two_means.computed(columns, yi, vi, _FORMULAS, columns["correction"])


def check(columns: Columns) -> list[Problem]:
    """Means at or below 0: a coefficient of variation needs an outcome with a true zero."""
    text = "{:g} is not above 0; a coefficient of variation needs positive means"
    low = [p for name in ("m1i", "m2i") for p in flag_rows(columns[name] <= 0, name, text, columns[name])]
    return two_means.check(columns) + low


MEASURE = Measure(
    name="CVR",
    title="Ratio of coefficients of variation",
    family="two means",
    formula_id="CVR.v2",
    formula=_FORMULAS[0],
    formula_of=two_means.by_row(_FORMULAS, "correction"),
    functions=two_means.FUNCTIONS,
    inputs=(
        *two_means.FULL_INPUTS,
        two_means.SECOND_ORDER,
    ),
    scale="log",
    orientation="Below 1 (log below 0): less variation relative to the mean in the treated group.",
    source=Source(
        "Nakagawa, Poulin, Mengersen, Reinhold, Engqvist, Lagisz & Senior (2015), Meta-analysis of variation: ecological "
        "and evolutionary applications and beyond, Methods in Ecology and Evolution 6",
        "log coefficient of variation ratio; variance: equation 12 without the correlations (second order: Senior, "
        "Viechtbauer & Nakagawa 2020, Research Synthesis Methods 11)",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.FULL_SWAP,
    prepare=two_means.prepare,
    check=check,
)
