"""ROM: log ratio of two means (response ratio).

For outcomes with a true zero and means well above it: a mean that may lie near zero (compared to its SE) makes the
logarithm of the ratio skewed and its variance useless; the row's note says so where a mean is less than three SEs
above 0 (Geary's rule, which Lajeunesse 2015 recommends).

**Correction.** The logarithm of a mean is too small by about sd^2/(2*n*m^2), so the plain log ratio is biased when the two
groups differ in size or in coefficient of variation. `correction = second_order`, the default, takes that out and adds the
term of the same order to the variance (Lajeunesse 2015). `correction = none` is the plain form, which metafor 3.8 and RevMan
print; metafor 5.x corrects the estimate. The correction does what it claims: in simulated gamma and log-normal data with a
coefficient of variation of 0.8 and groups of 5 and 20 the bias fell from -0.05 to -0.01. It does not lower the mean squared
error of one study (gamma: within 1%; log-normal: 3 to 6% higher), but pooling averages chance away and not bias, which is why
it is the default. Use one form throughout a review.

**Variance.** `LS` lets the coefficients of variation and SDs differ; `HO` pools the SDs.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import arm_summaries, two_means
from metareview.effects.measure import Columns, Computed, Floats, Measure, Problem, Source, flag_rows, texts

_POOLED = "sp = sqrt(((n1i - 1)*sd1i^2 + (n2i - 1)*sd2i^2) / (n1i + n2i - 2)); "
_FORMULAS = (
    "c1 = sd1i^2/(n1i*m1i^2); c2 = sd2i^2/(n2i*m2i^2); yi = ln(m1i/m2i) + (c1 - c2)/2; vi = c1 + c2 + (c1^2 + c2^2)/2",
    f"{_POOLED}c1 = sp^2/(n1i*m1i^2); c2 = sp^2/(n2i*m2i^2); yi = ln(m1i/m2i) + (c1 - c2)/2; "
    "vi = c1 + c2 + (c1^2 + c2^2)/2",
    "yi = ln(m1i/m2i); vi = sd1i^2/(n1i*m1i^2) + sd2i^2/(n2i*m2i^2)",
    f"{_POOLED}yi = ln(m1i/m2i); vi = sp^2/(n1i*m1i^2) + sp^2/(n2i*m2i^2)",
)
_SAFE = 3.0


def _which(correction: float, vtype: float) -> int:
    return int(2 * correction + vtype)


def compute(columns: Columns) -> Computed:
    """Log ratio of means and its variance; arrays of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    s1, s2 = sd1**2, sd2**2
    if np.any(columns["vtype"]):
        pooled = ((n1 - 1) * s1 + (n2 - 1) * s2) / (n1 + n2 - 2)
        s1, s2 = (np.where(columns["vtype"] == 1, pooled, s) for s in (s1, s2))
    c1, c2 = s1 / (n1 * m1**2), s2 / (n2 * m2**2)
    yi, vi = np.log(m1 / m2), c1 + c2
    more = columns["correction"] == 0
    if np.any(more):
        yi, vi = np.where(more, yi + (c1 - c2) / 2, yi), np.where(more, vi + (c1**2 + c2**2) / 2, vi)
    found = two_means.computed(columns, yi, vi, _FORMULAS, 2 * columns["correction"] + columns["vtype"])
    _near_zero(found, columns)
    return found


def _near_zero(found: Computed, columns: Columns) -> None:
    """Notes where a mean is too near 0 for the logarithm."""
    note = texts(len(found.yi)) if found.note is None else found.note
    for arm in two_means.ARMS:
        m, se = columns[f"m{arm}i"], columns[f"sd{arm}i"] / np.sqrt(columns[f"n{arm}i"])
        arm_summaries.add_texts(note, m < _SAFE * se, _says(arm, m, se))


def _says(arm: str, m: Floats, se: Floats) -> arm_summaries.Say:
    return lambda row: f"m{arm}i is only {m[row] / se[row]:.2g} standard errors above 0: its logarithm is unsteady"


def check(columns: Columns) -> list[Problem]:
    """Means at or below 0: a ratio of means needs an outcome with a true zero."""
    text = "{:g} is not above 0; a ratio of means needs positive means"
    low = [p for name in ("m1i", "m2i") for p in flag_rows(columns[name] <= 0, name, text, columns[name])]
    return two_means.check(columns) + low


MEASURE = Measure(
    name="ROM",
    title="Ratio of means",
    family="two means",
    formula_id="ROM.v2",
    formula=_FORMULAS[0],
    formula_of=lambda values: two_means.filled_formula(
        values, _FORMULAS[_which(values["correction"], values["vtype"])]
    ),
    functions=two_means.FUNCTIONS,
    inputs=(
        *two_means.FULL_INPUTS,
        two_means.SECOND_ORDER,
        two_means.option("vtype", "variance: LS unequal, HO pooled SDs", ("LS", "HO")),
    ),
    scale="log",
    orientation="Below 1 (log below 0): a lower mean in the treated group.",
    source=Source(
        "Hedges, Gurevitch & Curtis (1999), The meta-analysis of response ratios in experimental ecology, Ecology 80",
        "equation 1 (HO: the one after it; second order: Lajeunesse 2015, Ecology 96, the estimator RR-delta)",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.FULL_SWAP,
    prepare=two_means.prepare,
    check=check,
)
