"""MD: raw difference of two means."""

from __future__ import annotations

from metareview.effects import two_means
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Difference of means and its variance with unequal standard deviations; arrays of shape (k,)."""
    m1, sd1, n1, m2, sd2, n2 = (columns[name] for name in two_means.NAMES)
    return Computed(m1 - m2, sd1**2 / n1 + sd2**2 / n2)


MEASURE = Measure(
    name="MD",
    title="Mean difference",
    family="two means",
    formula_id="MD.v1",
    formula="yi = m1i - m2i; vi = sd1i^2/n1i + sd2i^2/n2i",
    inputs=two_means.INPUTS,
    scale="linear",
    orientation="Below 0: a lower mean in the treated group, in the outcome's unit.",
    source=Source(
        "Borenstein (2009), Effect sizes for continuous data, in Cooper, Hedges & Valentine, "
        "The Handbook of Research Synthesis and Meta-Analysis, 2nd edition",
        "equation 12.5",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_means.SWAP,
)
