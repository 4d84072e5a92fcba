"""MD: raw difference of two means.

In the outcome's own unit, so only for studies that used the same scale. `vtype = LS` (the default) lets the two groups
have different SDs; `HO` pools them, which is what a t test with equal variances does and is a little more precise where
the SDs are equal, and wrong where they are not and the groups differ in size.
"""

from __future__ import annotations

import numpy as np

from metareview.effects import two_means
from metareview.effects.measure import Columns, Computed, Measure, Source

_FORMULAS = (
    "yi = m1i - m2i; vi = sd1i^2/n1i + sd2i^2/n2i",
    "df = n1i + n2i - 2; sp = sqrt(((n1i - 1)*sd1i^2 + (n2i - 1)*sd2i^2) / df); yi = m1i - m2i; "
    "vi = sp^2 * (1/n1i + 1/n2i)",
)


def compute(columns: Columns) -> Computed:
    """Difference of means and its variance; arrays of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    vi = sd1**2 / n1 + sd2**2 / n2
    if np.any(columns["vtype"]):
        pooled = ((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2)
        vi = np.where(columns["vtype"] == 1, pooled * (1 / n1 + 1 / n2), vi)
    return two_means.computed(columns, m1 - m2, vi, _FORMULAS, columns["vtype"])


MEASURE = Measure(
    name="MD",
    title="Mean difference",
    family="two means",
    formula_id="MD.v1",
    formula=_FORMULAS[0],
    formula_of=two_means.by_row(_FORMULAS, "vtype"),
    functions=two_means.FUNCTIONS,
    inputs=(*two_means.FULL_INPUTS, two_means.option("vtype", "variance: LS unequal, HO pooled SDs", ("LS", "HO"))),
    scale="linear",
    orientation="Below 0: a lower mean in the treated group, in the outcome's unit.",
    source=Source(
        "Borenstein (2009), Effect sizes for continuous data, in Cooper, Hedges & Valentine, "
        "The Handbook of Research Synthesis and Meta-Analysis, 2nd edition",
        "equation 12.5; HO: equation 12.3",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.FULL_SWAP,
    prepare=two_means.prepare,
    check=two_means.check,
)
