"""RD: risk difference of a 2x2 table.

The zero-cell rule applies to RD as it does to OR and RR (all four cells of a study with a zero get `add`),
which is what metafor's `escalc` does: it moves the difference slightly towards 0. A risk difference can be
computed with a zero cell as long as one arm has some variance, so `to="none"` is a sound choice for RD; a
study without events in both arms is a difference of 0 that only a correction gives a variance.
"""

from __future__ import annotations

from metareview.effects import two_by_two
from metareview.effects.measure import Columns, Computed, Measure, Source


def compute(columns: Columns) -> Computed:
    """Difference of the two risks and its variance; arrays of shape (k,)."""
    a, b, c, d = (columns[name] for name in two_by_two.CELLS)
    n1, n2 = a + b, c + d
    return Computed(a / n1 - c / n2, a * b / n1**3 + c * d / n2**3)


MEASURE = Measure(
    name="RD",
    title="Risk difference",
    family="two by two",
    formula_id="RD.v1",
    formula="n1i = ai + bi; n2i = ci + di; yi = ai/n1i - ci/n2i; vi = ai*bi/n1i^3 + ci*di/n2i^3",
    inputs=two_by_two.INPUTS,
    scale="linear",
    orientation="Below 0: a lower risk of the event in the treated group.",
    source=Source(
        "Fleiss & Berlin (2009), Effect sizes for dichotomous data, in Cooper, Hedges & Valentine, "
        "The Handbook of Research Synthesis and Meta-Analysis, 2nd edition",
        "chapter 13, difference between two probabilities",
    ),
    compute=compute,
    swap="negates",
    swap_inputs=two_by_two.SWAP,
    prepare=two_by_two.prepare,
    check=two_by_two.check,
    cells=two_by_two.CELLS,
    arms=two_by_two.ARMS,
)
