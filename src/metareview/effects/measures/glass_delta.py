"""SMD1: standardised mean difference by the control group's SD (Glass's delta).

For treatments that change the spread as well as the mean: the control's SD is what the outcome would have varied by. It
takes the two SDs to be equal in its variance; where they are not, use SMD1H. `sd1i` is not used. Exchanging the arms
does not flip the sign exactly, because the SD divided by changes.

**Variance.** LS (default), LS2 and UB as for SMD, with n2 - 1 degrees of freedom.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from metareview.effects import hedges, two_means
from metareview.effects.measure import Columns, Computed, Measure, Source

_NEEDS = ("m1i", "m2i", "sd2i")
_FORMULAS = tuple(
    f"df = n2i - 1; d = (m1i - m2i) / sd2i; yi = {hedges.TIMES[which]}d; {variance}"
    for which in range(len(hedges.CORRECTIONS))
    for variance in hedges.variance_steps(which, "n2i")
)


def compute(columns: Columns) -> Computed:
    """Glass's delta, corrected, and its variance; arrays of shape (k,)."""
    n1, n2 = columns["n1i"], columns["n2i"]
    d = (columns["m1i"] - columns["m2i"]) / columns["sd2i"]
    df = n2 - 1
    j = hedges.correction(df, columns["correction"])
    vi = hedges.variance(d, df, 1 / n1 + 1 / n2, n2, columns["vtype"], columns["correction"])
    return two_means.computed(columns, j * d, vi, _FORMULAS, 3 * columns["correction"] + columns["vtype"])


def formula_of(values: Mapping[str, float]) -> str:
    """The formula of a row, by its options."""
    return two_means.filled_formula(values, _FORMULAS[int(3 * values["correction"] + values["vtype"])])


MEASURE = Measure(
    name="SMD1",
    title="Standardised mean difference by the control's SD (Glass's delta)",
    family="two means",
    formula_id="SMD1.v1",
    formula=_FORMULAS[0],
    formula_of=formula_of,
    functions=two_means.FUNCTIONS,
    inputs=(
        *two_means.FULL_INPUTS,
        hedges.INPUT,
        two_means.option("vtype", "variance: LS large-sample, LS2 as Borenstein (2009), UB unbiased", hedges.VTYPES),
    ),
    scale="linear",
    orientation="Below 0: a lower mean in the treated group, in the control's standard deviation.",
    source=Source(
        "Hedges (1981), Distribution theory for Glass's estimator of effect size and related estimators, "
        "Journal of Educational Statistics 6",
        "Glass's estimator and its large-sample variance",
    ),
    compute=compute,
    prepare=partial(two_means.prepare, needs=_NEEDS),
    check=partial(two_means.check, needs=_NEEDS),
)
